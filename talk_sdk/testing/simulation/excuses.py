"""What the oracle lets pass, and why: each case as narrow as the rules have it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from math import inf
from pathlib import Path
from typing import Any

from talk_sdk.reports import Item, Status
from talk_sdk.testing.simulation.doubts import Doubts, of_a_system
from talk_sdk.testing.simulation.fields import FIELDS
from talk_sdk.testing.simulation.ledger import EXISTS, Event, Key, Ledger, Moment
from talk_sdk.testing.simulation.origins import named
from talk_sdk.testing.simulation.policies import Policies
from talk_sdk.testing.simulation.turns import REGIONS
from talk_sdk.testing.simulation.verdicts import Listed, alike, listed
from talk_sdk.testing.simulation.views import Seen, Twin, View

__all__ = ["Excuses"]

_ByField = dict[tuple[str, str], list[Listed]]


class Excuses:
    """Knows what the engine has listed for people, and in which cases a list is enough."""

    def __init__(
        self,
        twins: Mapping[str, Twin],
        views: Mapping[str, View],
        ledger: Ledger,
        store: Path,
        status: Status,
        policies: Policies,
    ) -> None:
        self._twins = twins
        self._views = views
        self._ledger = ledger
        self.conflicts = listed(store, self._named)
        self._conflicts: _ByField = defaultdict(list)
        for each in self.conflicts:
            self._conflicts[each.kind, each.name].append(each)
        self.counts: Counter[str] = Counter({"conflicts listed": len(self.conflicts)})
        self.doubts = Doubts(twins, views, ledger, status, self.tag_at, policies)

    # --- edits that are not there -----------------------------------------------------------------

    def allow(self, key: Key, event: Event) -> bool:
        """Whether the last edit of a field may be missing from the final values."""
        if event.number == 0:
            return True
        if event.decided:
            return self._decided_again(key, event)
        cases: tuple[tuple[str, Callable[[Key, Event], bool]], ...] = (
            ("lost, but listed as a conflict", self._in_conflicts),
            ("excused: two lines of one product, listed", self._mixed_line),
            ("excused: line removed later, see its existence", self._removed_later),
            ("excused: empty at first linking", self._empty_at_linking),
            ("excused: changed and changed back unseen", self._flip),
            ("excused: changed and changed back before a merge", self._flip_unmerged),
            ("excused: put back while a write was in doubt", self._put_back),
            ("excused: edited while a create with defaults was in doubt", self._defaulted),
            ("excused: said what another had just taken back unseen", self._converged),
        )
        for name, case in cases:
            if case(key, event):
                self.counts[name] += 1
                return True
        return False

    def mixed(self, tag: str) -> bool:
        """Whether two new lines of one product were taken for one, which the list then says."""
        texts = self._conflicts.get(("lines", "description"), [])
        return any(tag in each.values.values() for each in texts)

    def _mixed_line(self, key: Key, _event: Event) -> bool:
        return key[0] == "lines" and self.mixed(key[1])

    def _removed_later(self, key: Key, event: Event) -> bool:
        """The line was removed by the same hands: then only its existence is in question."""
        existence = self._ledger.events.get((key[0], key[1], EXISTS), [])
        return key[2] != EXISTS and any(
            not e.value and e.system == event.system and e.number > event.number and not e.erased
            for e in existence
        )

    def _empty_at_linking(self, key: Key, event: Event) -> bool:
        """A value beats an empty one where two records meet for the first time (rule G5)."""
        empty = event.value is None or (key[2] == EXISTS and not event.value)
        linked = self._ledger.linked
        shared = len(self._ledger.homes[key[1]]) > 1
        return empty and shared and (linked is None or event.number <= linked)

    def _flip(self, key: Key, event: Event) -> bool:
        """Changed and changed back before anybody looked: nothing had happened."""
        looks = self._looks(key, event)
        return any(
            not any(earlier.number <= look.number < event.number for look in looks)
            for earlier in self._undone(key, event)
        )

    def _flip_unmerged(self, key: Key, event: Event) -> bool:
        """The same though somebody looked: what is not merged yet is no edit any more (rule C3)."""
        looks = self._looks(key, event)
        return any(
            not any(
                look.turn < merge.turn and merge.number < event.number
                for look in looks
                if earlier.number <= look.number < event.number
                for merge in self._ledger.merges
            )
            for earlier in self._undone(key, event)
        )

    def _undone(self, key: Key, event: Event) -> Iterator[Event]:
        """Edits of the same system before which stood what this one put back."""
        own = [e for e in self._ledger.events[key] if e.system == event.system]
        return (earlier for earlier in own[: own.index(event)] if earlier.before == event.value)

    def _looks(self, key: Key, event: Event) -> list[Moment]:
        part = self._twins[event.system].dialect.part(key[0], key[2])
        return self._ledger.looks.get((event.system, part, event.record), [])

    def _put_back(self, key: Key, event: Event) -> bool:
        """What a doubted write changed was put back: that reads as if it had not happened (D1)."""
        own = [e for e in self._ledger.events[key] if e.system == event.system]
        earlier = own[: own.index(event)]
        removed = not earlier and key[2] == EXISTS and not event.value
        if not removed and (not earlier or earlier[-1].value != event.value):
            return False
        since = self._ledger.events[key][0].time if removed else earlier[-1].time
        return any(
            where in {None, event.system} and since <= at <= event.time
            for at, where, _ in self._ledger.doubts
        )

    def _defaulted(self, key: Key, event: Event) -> bool:
        """After a create in doubt nobody can tell a default from an edit (rule D5)."""
        kind, _, name = key
        twin = self._twins[event.system]
        fields = {each.name: each for each in FIELDS.get(kind, ())}
        if name not in fields:
            return False
        side = fields[name].side(twin.connector)
        killed = self._before_kill(event.time)
        seen = any(look.number < event.number for look in self._looks(key, event)) and not killed
        until = inf if killed else event.time
        declared = side.lags is not None or name in twin.dialect.filled
        return declared and not seen and self.born_in_doubt(event.system, key, until)

    def _before_kill(self, time: float) -> bool:
        """Whether the process died in the run of this time: what it was shown then is lost."""
        kills = (at for at, where, _ in self._ledger.doubts if where is None)
        run = max((r for r in self._ledger.runs if r <= time), default=0.0)
        return any(max(r for r in self._ledger.runs if r <= at) == run for at in kills)

    def born_in_doubt(self, system: str, key: Key, until: float = inf) -> bool:
        """Whether the engine made a record there, and an answer to a create was lost by then."""
        return system not in self._ledger.homes[key[1]] and any(
            where in {None, system} and what in {None, key[0]} and at <= until
            for at, where, what in self._ledger.doubts
        )

    def first_counts(self, tag: str, said: Decimal) -> bool:
        """Whether a product had no stock anywhere, till systems said theirs, each a first one.

        Two that differ are listed; of as many as say the same, one counts.
        """
        stockless = all("stock" not in self._twins[name].dialect.places["products"]
                        for name in self._ledger.homes[tag])  # fmt: skip
        listed = any(each.tag == tag for each in self._conflicts.get(("products", "stock"), []))
        wanted = self._ledger.stock.get(tag, 0)
        same = any(said * times == wanted for times in range(2, len(self._twins) + 1))
        found = stockless and (listed or same)
        self.counts["excused: two first stocks"] += found
        return found

    def _converged(self, key: Key, event: Event) -> bool:
        """What is said a second time is no other value; what is taken back is seen later."""
        before = [e for e in self._ledger.events[key] if e.number < event.number]
        for name in {e.system for e in before} - {event.system}:
            own = [e for e in before if e.system == name]
            said = any(_meant(e.value) == _meant(event.value) for e in own[:-1])
            if said and _meant(own[-1].value) != _meant(event.value) and not any(
                own[-1].number <= look.number < event.number for look in self._looks(key, own[-1])
            ):  # fmt: skip
                return True
        return False

    # --- lines that stand in the place of others --------------------------------------------------

    def inherited(self, key: Key) -> list[Event]:
        """What was done to lines in whose place this one was put, so that they are one (G6)."""
        kind, tag, name = key
        found = []
        for old, new in self._successions():
            if kind == "lines" and new == tag:
                found += self._ledger.events[kind, old, name]
        return found

    def lives_on(self, tag: str) -> bool:
        """Whether another line was put in the place of this one, which was removed."""
        return any(old == tag for old, _ in self._successions())

    def _successions(self) -> list[tuple[str, str]]:
        """Lines that were removed, each with one of its product that was put into that order.

        Only where lines have no ids: there nobody can tell this from a change of the old line.
        """
        events = self._ledger.events
        lines = [(tag, found) for (kind, tag, name), found in events.items()
                 if kind == "lines" and name == EXISTS]  # fmt: skip
        removed = [(tag, e) for tag, found in lines for e in found
                   if not e.value and not self._twins[e.system].dialect.line_ids]  # fmt: skip
        made = [(tag, e) for tag, found in lines for e in found if e.value and e.number]
        return [
            (old, new)
            for old, gone in removed
            for new, put in made
            if old != new
            and (put.system, put.record) == (gone.system, gone.record)
            and put.number >= gone.number
            and self._product(old) in {self._product(new)} - {None}
        ]

    def _product(self, tag: str) -> Any:
        return self._ledger.events["lines", tag, "product"][0].value

    # --- what is listed for people ----------------------------------------------------------------

    def kept(self, key: Key, event: Event) -> bool:
        """Whether the conflict list says of a line's order that its existence was in question."""
        return self._in_conflicts((key[0], key[1], EXISTS), event)

    def _in_conflicts(self, key: Key, event: Event) -> bool:
        kind, tag, name = key
        if kind == "lines":
            tag = self._views[event.system].tag_of("orders", event.record) or tag
        return any(
            each.tag in {None, tag}
            and (name == EXISTS or any(alike(v, event.value, name) for v in each.values.values()))
            for each in self._conflicts.get((kind, name), [])
        )

    def asked(self, key: Key, system: str, seen: Seen) -> bool:
        """Whether a person is asked about what a system says, so that it stays till then."""
        tag = seen.values["order"] if key[0] == "lines" else key[1]
        found = any(
            each.waits == system and each.tag == tag
            and any(alike(value, seen.values[key[2]], key[2]) for value in each.said_by(system))
            for each in self._conflicts.get((key[0], key[2]), [])
        )  # fmt: skip
        self.counts["judged: a value that waits for a person"] += found
        return found

    def unwritten(self, kind: str, system: str, order: str | None) -> bool:
        """Whether nothing of a list is written in a system, as an edit in it waits for a person.

        For a list is written as a whole.
        """
        return kind == "lines" and any(
            each.kind == "lines" and each.waits == system and each.tag == order
            for each in self.conflicts
        )  # fmt: skip

    def _decided_again(self, key: Key, event: Event) -> bool:
        """What a person said met an edit that was not known then, and the list says so."""
        kind, tag, name = key
        if kind == "lines":
            tag = self._views[event.system].tag_of("orders", event.record) or tag
        return any(
            each.tag in {None, tag} and each.time >= event.time
            and any(alike(value, event.value, name) for value in each.values.values())
            for each in self._conflicts.get((kind, name), [])
        )  # fmt: skip

    def tag_at(self, item: Item) -> str | None:
        """The tag of a listed record: by its own id, or by its origin's name."""
        if of_a_system(item.id, self._twins):
            return self._named(item.id)[1]
        return self._named(f"{item.system}.{item.entity}:{item.id}")[1]

    def _named(self, origin: str) -> tuple[str, str | None]:
        """The kind and the tag; no tag where the id has been given to another record since."""
        kind, tag = named(origin, self._views)
        system, id_ = origin.partition(".")[0], origin.partition(":")[2]
        again = any(
            event.system == system and event.record == id_ and not event.value and name == EXISTS
            for (own, _, name), events in self._ledger.events.items()
            for event in events
            if own == kind
        )
        return kind, None if again else tag


_CODES = {name: code for names in REGIONS.values() for code, name in names.items()}


def _meant(value: Any) -> Any:
    """A value; of a subdivision that has a code, its code, by which others may say it."""
    return _CODES.get(value, value) if isinstance(value, str) else value
