"""People who delete records, and systems that give an id away again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random

from talk_sdk.testing.simulation.ledger import Ledger
from talk_sdk.testing.simulation.views import Seen, Twin, View

__all__ = ["Deleting"]


class Deleting:
    """Draws deletions of records that nothing refers to, in no system."""

    def __init__(self, rng: Random, twins: Mapping[str, Twin], ledger: Ledger) -> None:
        """Take what is known of the truth."""
        self._rng = rng
        self._twins = twins
        self._ledger = ledger
        self._gone: list[tuple[str, str, str]] = []

    def delete(self, twin: Twin, view: View) -> bool:
        """A record, for good."""
        kinds = sorted(twin.dialect.deletes)
        if not kinds or self._ledger.linked is None:
            return False
        kind = self._rng.choice(kinds)
        needed = self._needed(kind)
        free = [seen for seen in view.records[kind]
                if not seen.tag.startswith("untagged") and seen.tag not in needed]  # fmt: skip
        if not free:
            return False
        seen = self._rng.choice(free)
        twin.control.delete(twin.dialect.places[kind]["in"], seen.id)
        self._gone.append((twin.name, kind, seen.id))
        return True

    def give_again(self, twin: Twin, create: Mapping[str, Callable[[], bool]]) -> bool:
        """The id of a deleted record, to a new one."""
        found = [place for place in self._gone if place[0] == twin.name and place[1] in create]
        if not found or not twin.dialect.dated:
            return False
        place = self._rng.choice(found)
        self._gone.remove(place)
        _, kind, id_ = place
        twin.control.recycle(twin.dialect.places[kind]["in"], id_)
        return create[kind]()

    def _needed(self, kind: str) -> set[str | None]:
        """Tags of what something refers to, and of customers that are hard to tell apart."""
        found: set[str | None] = set(self._ledger.doubles)
        found |= set(self._ledger.doubles.values())
        for twin in self._twins.values():
            view = twin.view()
            found |= {seen.values.get("customer") for seen in view.records["orders"]}
            found |= {line.values["product"] for line in view.every() if line.kind == "lines"}
            if kind == "customers":
                found |= _alike(view.records[kind])
        return found


def _alike(customers: list[Seen]) -> set[str | None]:
    emails = [seen.values.get("email") for seen in customers]
    return {seen.tag for seen in customers if emails.count(seen.values.get("email")) > 1}
