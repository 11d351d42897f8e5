"""What must be true at quiet, judged from the records alone.

The one thing that is asked of the engine is what it lists for people: conflicts and reviews.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from talk_sdk.operations import Status
from talk_sdk.testing.simulation.excuses import Excuses
from talk_sdk.testing.simulation.ledger import EXISTS, Event, Key, Ledger
from talk_sdk.testing.simulation.rendering import FIELDS, LINE_FIELDS, Field
from talk_sdk.testing.simulation.verdicts import Verdicts
from talk_sdk.testing.simulation.views import Seen, Twin, View

__all__ = ["Oracle"]

Pair = dict[str, Seen]
"""System -> the record."""


class Oracle:
    """Compares what the systems hold with what their users did."""

    def __init__(
        self,
        twins: Mapping[str, Twin],
        ledger: Ledger,
        store: Path,
        status: Status,
        skews: Mapping[str, float],
    ) -> None:
        self._twins = twins
        self._ledger = ledger
        self._status = status
        self._views: dict[str, View] = {name: twin.view() for name, twin in twins.items()}
        self._excuses = Excuses(twins, self._views, ledger, store, status)
        self._verdicts = Verdicts(ledger, skews)
        self.counts = self._excuses.counts

    def judge(self) -> list[str]:
        """All violations; none if all is well."""
        found = [*self._waiting()]
        pairs = self._pairs()
        found += self._twice(pairs)
        reviews = self._status.reviews
        asked = {self._excuses.tag_at(item) for item in reviews}
        doubles = {self._excuses.tag_at(item) for item in reviews if self._excuses.double(item)}
        found += self._verdicts.unasked(asked)
        found += self._verdicts.judge(self._excuses.conflicts)
        self.counts += self._verdicts.counts
        for (kind, tag), pair in sorted(pairs.items()):
            alone = len(pair) == 1 and tag not in doubles
            if alone and not self._excuses.held(kind, tag):
                (name,) = pair
                found.append(f"I2: {kind} {tag!r} is in {name} only")
        if found:
            return found
        for (kind, tag), pair in sorted(pairs.items()):
            mixed = kind == "lines" and self._excuses.mixed(tag)
            if len(pair) == 1 or mixed or self._excuses.held(kind, tag):
                continue
            if kind == "products" and not self._excuses.uncounted(tag):
                found += self._counter(tag, pair)
            found += self._fields(kind, tag, pair)
            if kind == "orders":
                found += self._sequence(tag, pair)
        return found

    # --- who is where -----------------------------------------------------------------------------

    def _waiting(self) -> Iterator[str]:
        status = self._status
        for what, listed in (("review", status.reviews), ("parked", status.parked),
                             ("dead letter", status.dead_letters),
                             ("gone", status.dead_links)):  # fmt: skip
            for item in listed:
                self.counts[what] += 1
                if what in {"review", "parked"} and self._excuses.doubted(item):
                    continue
                yield f"unexpected {what}: {item.system}.{item.entity}:{item.id}: {item.reason}"

    def _pairs(self) -> dict[tuple[str, str], Pair]:
        pairs: dict[tuple[str, str], Pair] = defaultdict(dict)
        for name, view in self._views.items():
            for seen in view.every():
                if not self._guest(name, seen):
                    pairs[seen.kind, seen.tag][name] = seen
        return pairs

    def _guest(self, system: str, seen: Seen) -> bool:
        """A customer that was made of a guest order: the shop has no such record."""
        return (self._twins[system].connector == "customerp" and seen.kind == "customers"
                and seen.tag.startswith("untagged Guest deal-"))  # fmt: skip

    def _twice(self, pairs: Mapping[tuple[str, str], Pair]) -> Iterator[str]:
        for name, view in self._views.items():
            count = Counter((seen.kind, seen.tag) for seen in view.every())
            for (kind, tag), times in sorted(count.items()):
                if times > 1:
                    yield f"I5: {kind} {tag!r} is {times} times in {name}"
        known = {(kind, tag) for kind, tag, _ in self._ledger.events}
        for kind, tag in sorted(pairs.keys() - known):
            yield f"I4: nobody made {kind} {tag!r}"
        for kind, tag in sorted(known - pairs.keys()):
            last = self._last((kind, tag, EXISTS))
            gone = kind == "lines" and (last is None or not last.value or self._excuses.mixed(tag))
            if not gone:
                yield f"I3: {kind} {tag!r} is gone"
            elif last is not None and not last.value:
                yield from self._outlived((kind, tag, EXISTS), last)

    def _outlived(self, key: Key, removal: Event) -> Iterator[str]:
        """A line that was edited after it had been removed elsewhere stays (rule G6)."""
        for (kind, tag, name), events in self._ledger.events.items():
            for event in events:
                if ((kind, tag) == key[:2] and name != EXISTS and not event.erased
                        and event.system != removal.system and event.number > removal.number
                        and not self._excuses.allow((kind, tag, name), event)
                        and not self._excuses.kept(key, event)):  # fmt: skip
                    yield f"G6: {kind} {tag!r} is gone, and {name} was edited after its removal"

    # --- values -----------------------------------------------------------------------------------

    def _counter(self, tag: str, pair: Pair) -> Iterator[str]:
        wanted = self._ledger.stock[tag]
        for name, seen in pair.items():
            if seen.stock != wanted:
                yield f"counter: {tag!r} is {seen.stock} in {name}, and should be {wanted}"

    def _fields(self, kind: str, tag: str, pair: Pair) -> Iterator[str]:
        fields = LINE_FIELDS if kind == "lines" else FIELDS[kind]
        by = {self._twins[name].connector: seen for name, seen in pair.items()}
        for each in fields:
            yield from self._field(each, (kind, tag, each.name), by)
        for name in ("customer", "product", "order"):
            values = {seen.values.get(name) for seen in pair.values()}
            if len(values) > 1:
                yield f"I2: {kind} {tag!r}: {name} is {values}"
        yield from self._existence((kind, tag, EXISTS))

    def _sequence(self, tag: str, pair: Pair) -> Iterator[str]:
        lists = [[line.tag for line in seen.lines] for seen in pair.values()]
        if any(self._excuses.mixed(text) for text in lists[0]):
            return
        if any(others != lists[0] for others in lists[1:]):
            yield f"I2: orders {tag!r}: the lines stand in the order {lists}"

    def _existence(self, key: Key) -> Iterator[str]:
        last = self._last(key)
        if last is not None and not last.value and not self._excuses.allow(key, last):
            yield f"I3: {key[0]} {key[1]!r} was removed in {last.system} and is there"

    def _field(self, each: Field, key: Key, by: Mapping[str, Seen]) -> Iterator[str]:
        shop, erp = (by[name].values[each.name] for name in ("customwebshop", "customerp"))
        what = f"{key[0]} {key[1]!r}: {each.name}"
        if not each.agree(shop, erp):
            yield f"I2: {what} is {shop!r} in the shop and {erp!r} in the ERP"
            return
        events = [event for event in self._ledger.events[key] if not event.erased]
        matching = [event for event in events if self._stands(each, event, shop, erp)]
        if not events or (not matching and self._assigned(key, events)):
            return
        if not matching:
            yield (f"I4: {what} is {shop!r} in the shop and {erp!r} in the ERP, which nobody"
                   f" typed: {[(e.number, e.system, e.value) for e in events]}")  # fmt: skip
            return
        last = self._last(key)
        if last is not None and last not in matching and not self._excuses.allow(key, last):
            yield (f"I3: {what} is {shop!r}/{erp!r}, and the last edit is lost:"
                   f" {[(e.number, e.system, e.value) for e in events]}")  # fmt: skip

    def _assigned(self, key: Key, events: list[Event]) -> bool:
        """Whether a system gave a number to a record whose users left it out."""
        numbers = {("customers", "number"), ("orders", "number"), ("orders", "invoice_number")}
        return (key[0], key[2]) in numbers and not any(event.value for event in events)

    def _stands(self, each: Field, event: Event, shop: Any, erp: Any) -> bool:
        """Whether the final values are this event's."""
        if self._twins[event.system].connector == "customwebshop":
            return bool(event.value == shop and each.agree(event.value, erp))
        return bool(event.value == erp and each.agree(shop, event.value))

    def _last(self, key: Key) -> Event | None:
        events = [event for event in self._ledger.events.get(key, []) if not event.erased]
        return events[-1] if events else None
