"""The tally of a full compare: what differs, counted, the first of it listed, and what to mend."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy import Connection

from talk_sdk._config import Brakes
from talk_sdk._store import goldens
from talk_sdk.concepts import CONCEPTS
from talk_sdk.operations import Scalar
from talk_sdk.reports import Divergence

__all__ = ["Limit", "Place", "Tally", "limits_of"]

Place = tuple[str, str]
"""System and entity."""

Says = Mapping[str, tuple[Scalar, Scalar]]
"""Property → what a system said when it was last read, and what it says."""

_LISTED = 1000  # divergences that are kept; the rest is counted


class Limit(msgspec.Struct, frozen=True):
    """How many records of a concept may be repaired, of how many."""

    most: int
    known: int


def limits_of(connection: Connection, brakes: Brakes, approved: int) -> dict[str, Limit]:
    """The limit of each concept: what is usual, or what a person has approved."""
    found = {}
    for concept in CONCEPTS:
        known = goldens.count(connection, concept)
        usual = max(brakes.repairs, int(known * brakes.repairs_percent / 100))
        found[concept] = Limit(max(usual, approved), known)
    return found


class Tally(msgspec.Struct):
    """What differs.

    `reread` are records whose values are to be taken in, by place and id, and `goldens` those of
    which a system or our own copy is to be corrected, by concept. `reverted` are records that are
    to be written once more. None of them is kept of a concept of which too many differ, so that
    memory stays flat.
    """

    limits: Mapping[str, Limit]
    compared: Counter[Place] = msgspec.field(default_factory=Counter)
    counts: Counter[tuple[str, str, str, str]] = msgspec.field(default_factory=Counter)
    listed: list[Divergence] = msgspec.field(default_factory=list)
    reread: dict[Place, dict[str, Says]] = msgspec.field(default_factory=dict)
    reverted: dict[Place, dict[str, Says]] = msgspec.field(default_factory=dict)
    goldens: dict[str, list[str]] = msgspec.field(default_factory=dict)
    _records: Counter[tuple[str, Place | None]] = msgspec.field(default_factory=Counter)

    def records(self, concept: str) -> int:
        """How many records of a concept differ."""
        return sum(count for (of, _), count in self._records.items() if of == concept)

    def differing(self) -> int:
        """How many records differ."""
        return sum(self._records.values())

    def over(self, concept: str) -> bool:
        """Whether more of a concept differs than may be repaired."""
        return self.records(concept) > self.limits[concept].most

    def unread(self, concept: str, place: Place, ext: str, said: Sequence[Divergence]) -> None:
        """A record says what no read has shown: it is to be read by its id."""
        self._count(concept, place, said)
        if self.over(concept):
            self._forget(concept)
        else:
            self.reread.setdefault(place, {})[ext] = _says(said)

    def older(self, concept: str, place: Place, ext: str, said: Sequence[Divergence]) -> None:
        """A record stands in an older state than it was in before."""
        self._count(concept, place, said)
        if self.over(concept):
            self._forget(concept)
        else:
            self.reverted.setdefault(place, {})[ext] = _says(said)

    def different(self, concept: str, golden: str, said: Sequence[Divergence]) -> None:
        """A record is said otherwise somewhere than the golden one says it."""
        self._count(concept, None, said)
        if self.over(concept):
            self._forget(concept)
        else:
            self.goldens.setdefault(concept, []).append(golden)

    def _count(self, concept: str, place: Place | None, said: Sequence[Divergence]) -> None:
        self._records[concept, place] += 1
        for each in said:
            self.counts[each.system, each.entity, each.property, each.kind] += 1
        self.listed += said[: max(0, _LISTED - len(self.listed))]

    def _forget(self, concept: str) -> None:
        self.goldens.pop(concept, None)
        for place in [place for of, place in self._records if of == concept and place]:
            self.reread.pop(place, None)
            self.reverted.pop(place, None)

    def leave_out(self, place: Place) -> None:
        """What was compared of an entity counts for nothing: it was not read to its end."""
        self.compared.pop(place, None)
        self.reread.pop(place, None)
        self.reverted.pop(place, None)
        self.listed = [each for each in self.listed if (each.system, each.entity) != place]
        for key in [key for key in self.counts if key[:2] == place]:
            del self.counts[key]
        for record in [record for record in self._records if record[1] == place]:
            del self._records[record]

    def braked(self) -> list[str]:
        """What there is to say of concepts of which nothing is repaired."""
        return [
            f"{self.records(concept)} of {limit.known} {concept} records differ, and without"
            f" approval {limit.most} at most are repaired: no {concept} is. `talk reconcile` lists"
            " them; if they are to be repaired, run `talk reconcile --repair --approve-repairs"
            f" {self.records(concept)}`."
            for concept, limit in self.limits.items()
            if self.over(concept)
        ]


def _says(said: Sequence[Divergence]) -> Says:
    return {each.property: (each.ours, each.theirs) for each in said if each.property}
