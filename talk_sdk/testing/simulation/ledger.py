"""Every edit of a user, as it was made; and what the engine looked at in between."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from talk_sdk.testing.simulation.dialects import UNSAID, WHOLE
from talk_sdk.testing.simulation.views import Seen, Twin, View

__all__ = ["EXISTS", "Event", "Key", "Ledger", "Moment"]

EXISTS = "existence"
Key = tuple[str, str, str]
"""Kind, tag, field."""


class Moment(NamedTuple):
    """When the engine did something: after which edit, and in which order of its own."""

    number: int
    turn: int


@dataclass
class Event:
    """A value that a user gave to a field, or that was there from the start (number 0).

    Attributes:
        value: what the own system made of it, neutral.
        before: what stood there, neutral.
        record: the record's id, in an order's line that of the order.
        erased: whether it was written over out of sight.
        decided: whether somebody said so who was asked which of two edits stands.
    """

    number: int
    time: float
    system: str
    record: str
    value: Any
    before: Any
    erased: bool = False
    decided: bool = False


@dataclass
class Ledger:
    """What users did, in true order. Seeds are events of number 0."""

    events: dict[Key, list[Event]] = field(default_factory=lambda: defaultdict(list))
    stock: dict[str, Any] = field(default_factory=dict)
    looks: dict[tuple[str, str, str], list[Moment]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """(system, kind, id) -> when the engine saw it as it was."""
    homes: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Tag -> systems in which it was seeded, or made by a user."""
    linked: int | None = None
    """The number at which the first run was through: what both had from the start is linked."""
    doubts: list[tuple[float, str | None, str | None]] = field(default_factory=list)
    """Time, system and collection of creates whose answer was lost; of a kill, none are known."""
    answered: list[tuple[float, str, str]] = field(default_factory=list)
    """Time, system and kind of creates that were answered."""
    runs: list[float] = field(default_factory=list)
    """When each run began."""
    merges: list[Moment] = field(default_factory=list)
    """When runs merged what they had read; what they merge after that is of few records."""
    writing: bool = False
    """Whether the run has begun to write."""
    touched: list[tuple[float, str, str, str]] = field(default_factory=list)
    """Time, system, collection and id of every change of a record, by users and by the engine."""
    doubles: dict[str, str] = field(default_factory=dict)
    """Tag of a customer that was made with the key of another one, of which a person is asked
    -> tag of that other."""
    asked: dict[str, tuple[float, str]] = field(default_factory=dict)
    """Tag -> the earliest moment that its question may be about, and in which system."""
    blind: set[str] = field(default_factory=set)
    """Systems that can prove nothing of a create whose answer was lost."""
    in_hand: dict[str, set[tuple[str, str]]] = field(default_factory=dict)
    """System -> kind and id of the records that are just being written and read back."""
    removed: set[tuple[str, str, str]] = field(default_factory=set)
    """System, kind and id of records that the engine has deleted."""
    approved: bool = True
    """Whether somebody has approved the deletions of this run."""
    number: int = 0
    turn: int = 0

    def tick(self) -> int:
        """The number of the next thing that happens."""
        self.number += 1
        return self.number

    def plant(self, twin: Twin) -> None:
        """Take down what is there at the start."""
        firsts: dict[str, str] = {}
        for seen in twin.view().every():
            self._new(0, 0.0, twin.name, seen)
            email = seen.values.get("email") if seen.kind == "customers" else None
            if email and firsts.setdefault(email, seen.tag) != seen.tag:
                self.doubles[seen.tag] = firsts[email]

    def log(self, time: float, twin: Twin, before: View, after: View) -> int:
        """Take down what a user changed; returns how many values."""
        number = self.tick()
        old = {(s.kind, s.id, s.tag): s for s in before.every()}
        new = {(s.kind, s.id, s.tag): s for s in after.every()}
        moved = 0
        for key, seen in new.items():
            was = old.get(key)
            if seen.kind != "lines" and (was is None or was.raw != seen.raw):
                self.touched.append((time, twin.name, seen.kind, seen.id))
            if was is None:
                self._new(number, time, twin.name, seen)
                moved += 1
                continue
            for name, value in seen.values.items():
                if value != was.values[name] and UNSAID not in {value, was.values[name]}:
                    self._add(number, time, twin.name, seen, (name, value, was.values[name]))
                    moved += 1
            if seen.stock != was.stock:
                self.stock[seen.tag] = self.stock.get(seen.tag, 0) + seen.stock - was.stock
                moved += 1
        for key in old.keys() - new.keys():
            self._add(number, time, twin.name, old[key], (EXISTS, False, True))
            moved += 1
        return moved

    def _new(self, number: int, time: float, system: str, seen: Seen) -> None:
        if seen.stock is not None:
            self.stock.setdefault(seen.tag, seen.stock)
        self.homes[seen.tag].add(system)
        for name, value in seen.values.items():
            self._add(number, time, system, seen, (name, value, None))
        self._add(number, time, system, seen, (EXISTS, True, False))

    def _add(
        self, number: int, time: float, system: str, seen: Seen, change: tuple[str, Any, Any]
    ) -> None:
        name, value, before = change
        event = Event(number, time, system, seen.id, value, before)
        self.events[seen.kind, seen.tag, name].append(event)

    def last(self, key: Key) -> Event | None:
        """The last edit of a field that was not written over unseen."""
        events = [event for event in self.events.get(key, []) if not event.erased]
        return events[-1] if events else None

    def deletion(self, kind: str, tag: str) -> Event | None:
        """The first deletion of a record by somebody, in any system."""
        events = self.events.get((kind, tag, EXISTS), [])
        return next((event for event in events if not event.value), None)

    def moment(self) -> Moment:
        """Now."""
        self.turn += 1
        return Moment(self.number, self.turn)

    def looked(self, system: str, part: str, id_: str, moment: Moment) -> None:
        """The engine was shown a record, or a part of one, as it was then."""
        self.looks[system, part, id_].append(moment)

    def erased(self, twin: Twin, view: View) -> int:
        """What people did since the last look, and is not there any more right after a write."""
        now = {(s.kind, s.tag): s.values for s in view.every()}
        gone = 0
        for (kind, tag, name), events in self.events.items():
            unseen = [e for e in events if e.system == twin.name and not (e.erased or e.decided)
                      and e.number > self._seen(twin, kind, name, e)]  # fmt: skip
            values = now.get((kind, tag))
            left = values is not None if name == EXISTS else (values or {}).get(name)
            if unseen and left not in {unseen[-1].value, UNSAID}:
                gone += len(unseen)
                for event in unseen:
                    event.erased = True
        return gone

    def _seen(self, twin: Twin, kind: str, name: str, event: Event) -> int:
        looks = self.looks[twin.name, twin.dialect.part(kind, name), event.record]
        return looks[-1].number if looks else -1

    def overwrote(self, system: str, kind: str, id_: str, names: frozenset[str]) -> int:
        """A record was written over blindly: what was done since the last look is gone.

        Args:
            system: where.
            kind: of the record; its lines are `lines` among the names.
            id_: the record.
            names: the fields that were written; `WHOLE` if it was replaced.
        """
        looks = self.looks[system, kind, id_]
        since = looks[-1].number if looks else -1
        gone = 0
        for (what, _, name), events in self.events.items():
            part = name if what == kind else "lines" if (what, kind) == ("lines", "orders") else ""
            if not part or (names != WHOLE and part not in names):
                continue
            for event in events:
                if event.decided:
                    continue
                if event.system == system and event.record == id_ and event.number > since:
                    gone += not event.erased
                    event.erased = True
        if names == WHOLE:
            # What was written is known to the writer.
            looks.append(self.moment())
        return gone
