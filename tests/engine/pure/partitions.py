"""Rows of several systems and the keys that they share: match, until every row has its place."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from random import Random

from msgspec.structs import replace

from talk_sdk._engine.match import Candidate, Group, Join, New, Review, Row, Wait, decide

__all__ = ["REVIEWS", "Matched", "match_all"]

RANKS = (1, 2, 3)
REVIEWS = (
    "several records have this",
    "several records of this system have this",
    "another record of this system that has this",
    "several records of one system have this",
    "several records of its system have this",
    "something weaker than the",
    "this {key} is not unique in another system",
    "several records with this {key} differ in a stronger key",
)
"""How the reasons of reviews begin, or what they hold."""


@dataclass
class Matched:
    """Which rows are one record, which are asked about, which wait."""

    rows: dict[int, Row]
    members: dict[str, list[int]] = field(default_factory=dict)
    reviewed: set[int] = field(default_factory=set)
    waiting: set[int] = field(default_factory=set)
    reached: Counter[str] = field(default_factory=Counter)

    def partition(self) -> tuple[object, ...]:
        """Who is with whom, whatever the records are called."""
        groups = frozenset(frozenset(members) for members in self.members.values())
        return groups, frozenset(self.reviewed), frozenset(self.waiting)

    def forced(self, link: int, members: list[int], rank: int) -> bool:
        """Whether a row stands among others that all have another key of a rank.

        Not if a stronger key is what it shares with one of them.
        """
        own = self.rows[link].keys
        others = [self.rows[each].keys for each in members if each != link]
        there = {keys[rank] for keys in others if rank in keys}
        stronger = any(keys.get(r) == own[r] for keys in others for r in own if r < rank)
        return rank in own and bool(there) and own[rank] not in there and not stronger


def match_all(rng: Random, shuffle: Random, later: float = 0.5) -> Matched:
    """Rows that come in two runs, so many in the second; `shuffle` is only the order of rows."""
    sides = [("abcde"[n], "Item") for n in range(rng.randint(2, 5))]
    rows = [
        Row(
            link, rng.choice(sides),
            {rank: rng.choice("xyz") for rank in RANKS if rng.random() < 0.6},
            derived=rng.random() < 0.1,
        )
        for link in range(rng.randint(2, 9))
    ]  # fmt: skip
    moving = rng.random() < 0.1
    found = Matched({row.link: row for row in rows})
    first = {row.link for row in rows if rng.random() >= later}
    for part in (first, {row.link for row in rows} - first):
        _run(found, part, shuffle, moving=moving)
    return found


def _run(found: Matched, new: set[int], shuffle: Random, *, moving: bool) -> None:
    fresh = set(new)
    for rank in RANKS:
        for key in sorted({found.rows[n].keys[rank] for n in fresh if rank in found.rows[n].keys}):
            rows = [found.rows[n] for n in sorted(fresh) if found.rows[n].keys.get(rank) == key]
            shuffle.shuffle(rows)
            group = Group(rank, key, rows, _candidates(found, rank, key, moving=moving),
                          _lower(found, rank, rows))  # fmt: skip
            if rows:
                _carry_out(found, group, fresh)
    for link in sorted(fresh):
        found.members[f"g{link}"] = [link]


def _candidates(found: Matched, rank: int, key: str, *, moving: bool) -> list[Candidate]:
    return [
        replace(each, agrees=not (moving and rank == RANKS[-1]))
        for each in _goldens(found)
        if key in each.keys.get(rank, frozenset())
    ]


def _goldens(found: Matched) -> list[Candidate]:
    goldens = []
    for golden, members in sorted(found.members.items()):
        rows = [found.rows[link] for link in members]
        keys = {rank: frozenset(r.keys[rank] for r in rows if rank in r.keys) for rank in RANKS}
        kept = {rank: values for rank, values in keys.items() if values}
        goldens.append(Candidate(golden, frozenset(row.side for row in rows), kept))
    return goldens


def _lower(found: Matched, rank: int, rows: list[Row]) -> dict[int, list[Candidate]]:
    """What the rows match by lower keys, those left out that a higher key forbids (rule M2)."""
    return {
        row.link: [
            each
            for level, key in row.keys.items()
            if level > rank
            for each in _goldens(found)
            if key in each.keys.get(level, frozenset())
            and all(
                row.keys[high] in each.keys[high]
                for high in row.keys.keys() & each.keys.keys()
                if high < level
            )
        ]
        for row in rows
    }


def _carry_out(found: Matched, group: Group, fresh: set[int]) -> None:
    known = {c.golden for c in group.candidates}
    for decision in decide(group):
        fresh.difference_update(decision.links)
        match decision:
            case Join(golden, rows):
                found.members[golden] += rows
                found.reached[
                    "match: Join" if golden in known else "match: Join by a lower key"
                ] += 1
            case New(rows):
                found.members[f"g{min(rows)}"] = list(rows)
                found.reached["match: New"] += 1
            case Review(rows, reason):
                found.reviewed.update(rows)
                name = next(each for each in REVIEWS if each in reason)
                found.reached[f"match: {name}"] += 1
            case Wait(rows, _):
                found.waiting.update(rows)
                found.reached["match: Wait"] += 1
