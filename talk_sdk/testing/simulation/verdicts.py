"""Whether what the engine says of its decisions is true, and whether its questions last."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import msgspec

from talk_sdk.reports import Status
from talk_sdk.testing.clock import START
from talk_sdk.testing.simulation.doubts import of_a_system
from talk_sdk.testing.simulation.fields import FIELDS, LINE_FIELDS
from talk_sdk.testing.simulation.ledger import Event, Ledger
from talk_sdk.testing.simulation.policies import Policies
from talk_sdk.testing.simulation.views import Twin

__all__ = ["Listed", "Verdicts", "alike", "listed", "note_reviews", "system_of"]

_COARSE_S = 130.0
"""Beyond what the coarsest record time, the network and rounding account for."""
_FLOAT_S = 0.001
"""Seconds since 1970 are not exact; what happened at the same moment came before."""
_BEHIND_S = 20.0
"""What a question is about may be so much older than the run that asks it."""
_EXACT = {
    **{kind: {f.name for f in fields if f.exact} for kind, fields in FIELDS.items()},
    "lines": {field.name for field in LINE_FIELDS},
}
Named = Callable[[str], tuple[str, str | None]]


@dataclass(frozen=True)
class Listed:
    """A row of the conflict list; of a line, `tag` is its order's.

    `waits` is the system that keeps its own value till a person has said which stands.
    """

    kind: str
    tag: str | None
    name: str
    time: float
    values: Mapping[str, Any]
    decision: str
    waits: str | None = None

    def said_by(self, system: str) -> list[Any]:
        """The values that came from a system."""
        return [value for label, value in self.values.items() if system_of(label) == system]


def system_of(label: str) -> str:
    """The system in what the list calls `shop`, `shop.Guest` or `shop (later)`."""
    return label.partition(" ")[0].partition(".")[0]


def listed(store: Path, named: Named) -> list[Listed]:
    """The conflict list."""
    query = """
        SELECT c.origin, c.property, c.at, c."values", c.decision,
               CASE c.state WHEN 'open' THEN l.system END
        FROM conflicts c LEFT JOIN links l ON l.id = c.link ORDER BY c.id
    """
    with closing(sqlite3.connect(store)) as database:
        rows = database.execute(query).fetchall()
    found = []
    for origin, name, at, values, decision, waits in rows:
        kind, tag = named(origin)
        if name.startswith("lines."):
            kind, name = "lines", name.removeprefix("lines.")  # noqa: PLW2901
        time = at - START.timestamp() + _FLOAT_S
        said = msgspec.json.decode(values)
        found.append(Listed(kind, tag, name, time, said, decision, waits))
    return found


def note_reviews(status: Status, twins: Mapping[str, Twin], ledger: Ledger) -> None:
    """Take down about which of two customers with one address a person has been asked."""
    for item in status.reviews:
        if item.entity != "Customer" or of_a_system(item.id, twins):
            continue
        tag = twins[item.system].view().tag_of("customers", item.id)
        if tag in ledger.doubles:
            ledger.asked.setdefault(tag, (ledger.runs[-1] - _BEHIND_S, item.system))


class Verdicts:
    """Compares decisions with the true order of things."""

    def __init__(
        self,
        ledger: Ledger,
        skews: Mapping[str, float],
        twins: Mapping[str, Twin],
        policies: Policies,
    ) -> None:
        """Keep what is known of the truth."""
        self._ledger = ledger
        self._policies = policies
        self._untimed = {name for name, twin in twins.items() if not twin.dialect.timed_lines}
        self._skews = skews
        self.counts: Counter[str] = Counter()

    def judge(self, conflicts: list[Listed]) -> Iterator[str]:
        """Conflicts that were decided for the older edit, though it could be known (rule G4)."""
        for each in conflicts:
            winner, _, why = each.decision.partition(" wins: ")
            self.counts[f"decision: {_kind_of(why or each.decision)}"] += 1
            if why:
                yield from self._against_policy(each, winner, why)
            pair = self._sides(each, winner) if why else None
            if pair is None:
                continue
            won, lost = pair
            later = f"{lost.value!r} was typed {lost.time - won.time:+.1f} s after it"
            what = f"G4: {each.kind} {each.tag!r}: {each.name}: {each.decision}, and {later}"
            if why == "newest, by record time" and not self._touched(each, won):
                self.counts["judged: by record time"] += 1
                if lost.time > won.time:
                    yield what
            elif why.startswith("a tie") and not (
                self._touched(each, won) or self._touched(each, lost)
            ):
                self.counts["judged: a tie"] += 1
                if abs(lost.time - won.time) > self._tolerance() and self._timed(each):
                    yield f"{what}: no tie"

    def _against_policy(self, each: Listed, winner: str, why: str) -> Iterator[str]:
        """What was decided otherwise than the workspace is told."""
        rule = self._policies.rule(each.kind, each.name)
        what = f"policy: {each.kind} {each.tag!r}: {each.name}: {each.decision}, and it is {rule}"
        if why.startswith("a derived record"):
            return
        if isinstance(rule, str):
            if rule == "ask" or why.endswith(" is preferred"):
                yield what
            return
        places = {system: place for place, system in enumerate(rule)}
        systems = {label: system_of(label) for label in each.values}
        first = min(systems, key=lambda label: places.get(systems[label], len(rule)))
        best = places.get(systems[first])
        if best is not None and systems[winner] != systems[first]:
            yield what

    def _sides(self, each: Listed, winner: str) -> tuple[Event, Event] | None:
        """The winning and the losing edit; None if they are not known for certain."""
        if each.kind == "lines" and self._untimed & each.values.keys():
            return None
        losers = [name for name in each.values if name != winner]
        if len(losers) != 1 or each.name not in _EXACT[each.kind]:
            return None
        won = self._event(each, winner)
        lost = self._event(each, losers[0])
        return None if won is None or lost is None else (won, lost)

    def _event(self, each: Listed, system: str) -> Event | None:
        found = [
            event
            for (kind, tag, name), events in self._ledger.events.items()
            if kind == each.kind and name == each.name and (kind == "lines" or tag == each.tag)
            for event in events
            if event.system == system
            and event.time <= each.time
            and event.value is not None
            and alike(each.values[system], event.value, name)
        ]
        return found[0] if len(found) == 1 and found[0].number else None

    def _touched(self, each: Listed, event: Event) -> bool:
        """Whether the record was changed again, so that its time is not this edit's."""
        collection = "orders" if each.kind == "lines" else each.kind
        place = (event.system, collection, event.record)
        return any(
            event.time < time <= each.time and (system, kind, id_) == place
            for time, system, kind, id_ in self._ledger.touched
        )

    def _timed(self, each: Listed) -> bool:
        return each.kind != "products"

    def _tolerance(self) -> float:
        return _COARSE_S + 2 * sum(abs(skew) for skew in self._skews.values())

    def unasked(self, status_tags: set[str | None]) -> Iterator[str]:
        """Questions that went away although nobody answered them (rule M5)."""
        for tag, (since, system) in self._ledger.asked.items():
            self.counts["judged: a twin in review"] += 1
            moved = any(
                event.time >= since and event.system == system and event.before is not None
                for event in self._ledger.events["customers", tag, "email"]
            )
            if not moved and tag not in status_tags:
                yield f"M5: nobody is asked about {tag!r} any more"


def _kind_of(decision: str) -> str:
    """The decision without the names of systems."""
    if decision.endswith(" is preferred"):
        return "preferred"
    return "you took a value" if decision.startswith("you took the value of ") else decision


def alike(said: Any, value: Any, name: str) -> bool:
    """Whether a value of the conflict list is this neutral one."""
    if said is None or value is None:
        return said is value
    if isinstance(value, Decimal):
        try:
            return Decimal(str(said)) == value
        except InvalidOperation:
            return False
    if name.rpartition(".")[2] in {"phone", "mobile", "fax"}:
        return "".join(sign for sign in str(said) if sign.isdigit())[-8:] == str(value)
    return str(said).casefold() == str(value).casefold()
