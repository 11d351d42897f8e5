"""What must be true at quiet, judged from the records alone.

The one thing that is asked of the engine is what it lists for people: conflicts and reviews.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from talk_sdk.reports import Status
from talk_sdk.testing.simulation.absences import Absences
from talk_sdk.testing.simulation.agreement import Agreement
from talk_sdk.testing.simulation.dialects import UNSAID
from talk_sdk.testing.simulation.excuses import Excuses
from talk_sdk.testing.simulation.fields import FIELDS, LINE_FIELDS
from talk_sdk.testing.simulation.ledger import EXISTS, Event, Key, Ledger
from talk_sdk.testing.simulation.origins import KINDS_OF_ENTITIES
from talk_sdk.testing.simulation.policies import Policies
from talk_sdk.testing.simulation.verdicts import Verdicts
from talk_sdk.testing.simulation.views import Seen, Twin, View

__all__ = ["Oracle"]

Group = dict[str, Seen]
"""System -> the record."""
Groups = Mapping[tuple[str, str], Group]


class Oracle:
    """Compares what the systems hold with what their users did."""

    def __init__(
        self,
        twins: Mapping[str, Twin],
        ledger: Ledger,
        store: Path,
        status: Status,
        skews: Mapping[str, float],
        policies: Policies,
    ) -> None:
        self._twins = twins
        self._ledger = ledger
        self._policies = policies
        self._status = status
        self._views: dict[str, View] = {name: twin.view() for name, twin in twins.items()}
        self._excuses = Excuses(twins, self._views, ledger, store, status, policies)
        self._agreement = Agreement(twins, ledger, self._excuses, policies)
        self._verdicts = Verdicts(ledger, skews, twins, policies)
        self._absences = Absences(twins, ledger, policies, self._excuses)
        self.counts = self._excuses.counts

    def judge(self) -> list[str]:
        """All violations; none if all is well."""
        found = [*self._waiting()]
        groups = self._groups()
        found += self._twice(groups)
        reviews = self._status.reviews
        asked = {self._excuses.tag_at(item) for item in reviews}
        doubles = {
            self._excuses.tag_at(item) for item in reviews if self._excuses.doubts.double(item)
        }
        found += self._verdicts.unasked(asked)
        found += self._verdicts.judge(self._excuses.conflicts)
        self.counts += self._verdicts.counts
        for (kind, tag), group in sorted(self._deleted(groups).items()):
            found += self._absences.judge(kind, tag, group)
        for (kind, tag), group in sorted(groups.items()):
            if self._absences.about(kind, tag):
                continue
            if tag not in doubles and not (kind == "lines" and self._excuses.mixed(tag)):
                found += self._missing(kind, tag, group)
        if found:
            return found
        for (kind, tag), group in sorted(groups.items()):
            if self._absences.about(kind, tag) and not self._absences.valued(kind, tag):
                continue
            found += self._record(kind, tag, self._free(kind, tag, group))
        return found

    # --- who is where -----------------------------------------------------------------------------

    def _waiting(self) -> Iterator[str]:
        status = self._status
        for what, listed in (("review", status.reviews), ("parked", status.parked),
                             ("dead letter", status.dead_letters),
                             ("gone", status.dead_links)):  # fmt: skip
            for item in listed:
                self.counts[what] += 1
                if what == "gone" and self._absences.gone(
                    item.system, KINDS_OF_ENTITIES.get(item.entity), item.id
                ):
                    continue
                if what == "dead letter" and self._excuses.doubts.refused(item):
                    continue
                if what in {"review", "parked"} and self._excuses.doubts.expected(item):
                    continue
                yield f"unexpected {what}: {item.system}.{item.entity}:{item.id}: {item.reason}"

    def _deleted(self, groups: Groups) -> Groups:
        """What somebody has deleted somewhere, with where it still is."""
        known = {(kind, tag) for kind, tag, name in self._ledger.events if name == EXISTS}
        return {place: groups.get(place, {}) for place in known
                if place[0] != "lines" and self._absences.about(*place)}  # fmt: skip

    def _groups(self) -> dict[tuple[str, str], Group]:
        groups: dict[tuple[str, str], Group] = defaultdict(dict)
        for name, view in self._views.items():
            for seen in view.every():
                if not _guest(seen):
                    groups[seen.kind, seen.tag][name] = seen
        return groups

    def _missing(self, kind: str, tag: str, group: Group) -> Iterator[str]:
        """Systems that have no such record, although nothing keeps it from them."""
        free = self._free(kind, tag, group)
        last = self._ledger.last((kind, tag, EXISTS))
        if last is not None and not last.value and not self._written(kind, free):
            return  # It was removed, and is where nothing is written.
        missing = sorted(self._twins.keys() - group.keys())
        for name in missing:
            if not free or self._excuses.doubts.held(name, kind, tag):
                continue
            if self._closed(name, kind, tag):
                self.counts["not written, as it is off"] += 1
                continue
            if self._lacking(name, kind, free):
                self.counts[f"cannot be in {name}"] += 1
                continue
            yield f"I2: {kind} {tag!r} is in {', '.join(sorted(group))} only"
            return

    def _written(self, kind: str, group: Group) -> Group:
        """The record in the systems in which such records are changed."""
        part = "lines" if kind == "orders" else kind
        return {
            name: seen for name, seen in group.items()
            if not self._policies.changes_none(name, kind)
            and not self._excuses.unwritten(part, name, seen.values.get("order", seen.tag))
        }  # fmt: skip

    def _closed(self, name: str, kind: str, tag: str) -> bool:
        """Whether no such record is made in a system; of a line, neither it nor its order."""
        if kind != "lines":
            return self._policies.makes_none(name, kind)
        if self._policies.changes_none(name, kind):
            return True
        orders = {seen.tag for seen in self._views[name].records["orders"]}
        own = {seen.values["order"] for view in self._views.values() for seen in view.every()
               if seen.kind == "lines" and seen.tag == tag}  # fmt: skip
        if any(self._excuses.unwritten(kind, name, order) for order in own):
            return True
        return self._policies.makes_none(name, kind) and not own & orders

    def _free(self, kind: str, tag: str, group: Group) -> Group:
        """The record in the systems in which it does not wait for a person."""
        return {name: seen for name, seen in group.items()
                if not self._excuses.doubts.held(name, kind, tag)}  # fmt: skip

    def _lacking(self, name: str, kind: str, group: Group) -> bool:
        """Whether a system takes no such record; of a line, no such order."""
        dialect = self._twins[name].dialect
        if ("orders" if kind == "lines" else kind) not in dialect.kinds:
            return True
        if kind != "lines":
            return any(dialect.lacks(kind, seen.values, [line.values for line in seen.lines])
                       for seen in group.values())  # fmt: skip
        orders = {seen.values["order"] for seen in group.values()}
        known = (seen for other in group for seen in self._views[other].records["orders"])
        return any(seen.tag in orders
                   and dialect.lacks(kind, seen.values, [line.values for line in seen.lines])
                   for seen in known)  # fmt: skip

    def _twice(self, groups: Groups) -> Iterator[str]:
        for name, view in self._views.items():
            count = Counter((seen.kind, seen.tag) for seen in view.every())
            for (kind, tag), times in sorted(count.items()):
                if times > 1:
                    yield f"I5: {kind} {tag!r} is {times} times in {name}"
        known = {(kind, tag) for kind, tag, _ in self._ledger.events}
        for kind, tag in sorted(groups.keys() - known):
            yield f"I4: nobody made {kind} {tag!r}"
        for kind, tag in sorted(known - groups.keys()):
            if self._absences.about(kind, tag):
                continue
            last = self._ledger.last((kind, tag, EXISTS))
            gone = kind == "lines" and (last is None or not last.value or self._excuses.mixed(tag))
            if not gone:
                yield f"I3: {kind} {tag!r} is gone"
            elif last is not None and not last.value:
                yield from self._outlived((kind, tag, EXISTS), last)

    def _outlived(self, key: Key, removal: Event) -> Iterator[str]:
        """A line that was edited after it had been removed elsewhere stays (rule G6)."""
        if self._excuses.lives_on(key[1]):
            return
        for (kind, tag, name), events in self._ledger.events.items():
            for event in events:
                if ((kind, tag) == key[:2] and name != EXISTS and not event.erased
                        and event.system != removal.system and event.number > removal.number
                        and not self._excuses.allow((kind, tag, name), event)
                        and not self._excuses.kept(key, event)):  # fmt: skip
                    yield f"G6: {kind} {tag!r} is gone, and {name} was edited after its removal"

    # --- values -----------------------------------------------------------------------------------

    def _record(self, kind: str, tag: str, group: Group) -> Iterator[str]:
        if not group or (kind == "lines" and self._excuses.mixed(tag)):
            return
        written = self._written(kind, group)
        whole = not self._absences.about(kind, tag)
        if kind == "products" and whole and not self._excuses.doubts.uncounted(tag):
            yield from self._counter(tag, written)
        for each in LINE_FIELDS if kind == "lines" else FIELDS[kind]:
            yield from self._agreement.judge(each, (kind, tag, each.name), group)
        for name in ("customer", "product", "order"):
            values = {seen.values[name] for seen in written.values() if name in seen.values}
            values -= {UNSAID}
            if len(values) > 1:
                yield f"I2: {kind} {tag!r}: {name} is {values}"
        if written and whole:
            yield from self._existence((kind, tag, EXISTS))
        if kind == "orders" and written and whole:
            yield from self._sequence(tag, written)

    def _counter(self, tag: str, group: Group) -> Iterator[str]:
        counted = {name: seen for name, seen in group.items() if seen.stock is not None}
        wanted = self._ledger.stock.get(tag, 0)
        found = {seen.stock for seen in counted.values()}
        if len(found) == 1 and found != {wanted} and self._excuses.first_counts(tag, *found):
            return
        for name, seen in counted.items():
            if seen.stock != wanted and self._twins[name].dialect.holds(wanted):
                yield f"counter: {tag!r} is {seen.stock} in {name}, and should be {wanted}"

    def _sequence(self, tag: str, group: Group) -> Iterator[str]:
        lists = [[line.tag for line in seen.lines] for name, seen in group.items()
                 if "lines" in self._twins[name].dialect.sides]  # fmt: skip
        if any(self._excuses.mixed(text) for text in lists[0]):
            return
        if any(others != lists[0] for others in lists[1:]):
            yield f"I2: orders {tag!r}: the lines stand in the order {lists}"

    def _existence(self, key: Key) -> Iterator[str]:
        last = self._ledger.last(key)
        if last is not None and not last.value and not self._excuses.allow(key, last):
            yield f"I3: {key[0]} {key[1]!r} was removed in {last.system} and is there"


def _guest(seen: Seen) -> bool:
    """A customer that was made of a guest order: where that was bought there is no such record."""
    return seen.kind == "customers" and seen.tag.startswith("untagged Guest deal-")
