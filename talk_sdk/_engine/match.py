"""Match: which unlinked rows are the same real-world thing. Pure functions over groups of rows.

A group is what one key of one rank brings together: unlinked rows, and golden records that
have the key themselves or through a live link. The rules M1 to M4 are decided here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

__all__ = ["Candidate", "Decision", "Group", "Join", "New", "Review", "Row", "Wait", "decide"]

Side = tuple[str, str]


class Row(msgspec.Struct, frozen=True):
    """An unlinked row: its side (system, entity) and its keys by rank.

    A `derived` row (a guest's details in an order) never makes a key ambiguous for others.
    """

    link: int
    side: Side
    keys: Mapping[int, str]
    derived: bool = False


class Candidate(msgspec.Struct, frozen=True):
    """A golden record that has the group's key.

    `sides` are those where it has a live link. `keys` are, by rank, all keys that its links
    have right now; `agrees` tells whether they agree about the group's rank (rule M3).
    """

    golden: str
    sides: frozenset[Side]
    keys: Mapping[int, frozenset[str]]
    agrees: bool = True


class Group(msgspec.Struct, frozen=True):
    """Everything that has one key of one rank.

    Of a weak key, `sides` are those that have no stronger one: it counts only where one of
    them takes part. `lower` are the golden records that a row would match by a lower rank,
    those that a higher key forbids left out (rule M2).
    """

    rank: int
    key: str
    rows: Sequence[Row]
    candidates: Sequence[Candidate]
    lower: Mapping[int, Sequence[Candidate]] = {}
    sides: frozenset[Side] | None = None


class Join(msgspec.Struct, frozen=True):
    """The rows are records of a golden record that exists."""

    golden: str
    links: tuple[int, ...]


class New(msgspec.Struct, frozen=True):
    """The rows, of different sides, are one new golden record."""

    links: tuple[int, ...]


class Review(msgspec.Struct, frozen=True):
    """A person has to say what the rows are. `{key}` in the reason stands for the key's name."""

    links: tuple[int, ...]
    reason: str


class Wait(msgspec.Struct, frozen=True):
    """The rows cannot be decided in this run. `{key}` in the reason as in `Review`."""

    links: tuple[int, ...]
    reason: str


Decision = Join | New | Review | Wait


def decide(group: Group) -> list[Decision]:
    """What the rows of a group are. Rows that no decision names go on to the next rank."""
    decisions: list[Decision] = []
    if group.sides is not None and not group.sides & _present(group):
        return decisions
    for rows, candidates in _by_higher_keys(group, decisions):
        _decide_part(group, rows, candidates, decisions)
    return decisions


def _present(group: Group) -> set[Side]:
    return {row.side for row in group.rows} | {s for c in group.candidates for s in c.sides}


def _by_higher_keys(
    group: Group, decisions: list[Decision]
) -> list[tuple[list[Row], list[Candidate]]]:
    """The group in parts that do not contradict each other by a higher key (rule M4)."""
    ranks = sorted({rank for row in group.rows for rank in row.keys if rank < group.rank} | {
        rank for c in group.candidates for rank in c.keys if rank < group.rank
    })  # fmt: skip
    parts = [(list(group.rows), list(group.candidates))]
    for rank in ranks:
        parts = [piece for part in parts for piece in _split(rank, *part, decisions)]
    return parts


def _split(
    rank: int, rows: list[Row], candidates: list[Candidate], decisions: list[Decision]
) -> list[tuple[list[Row], list[Candidate]]]:
    values = {row.keys[rank] for row in rows if rank in row.keys}
    for candidate in candidates:
        values |= candidate.keys.get(rank, frozenset())
    if len(values) < 2:  # noqa: PLR2004 - one value contradicts nothing
        return [(rows, candidates)]
    without = tuple(row.link for row in rows if rank not in row.keys)
    if without:
        decisions.append(
            Review(
                without,
                "several records with this {key} differ in a stronger key that this one lacks",
            )
        )
    return [
        (
            [row for row in rows if row.keys.get(rank) == value],
            [c for c in candidates if value in c.keys.get(rank, frozenset())],
        )
        for value in sorted(values)
    ]


def _decide_part(
    group: Group, rows: list[Row], candidates: list[Candidate], decisions: list[Decision]
) -> None:
    if not rows:
        return
    everyone = tuple(row.link for row in rows)
    if any(not c.agrees for c in candidates):
        decisions.append(Wait(everyone, "the {key} is just changing at a record that has it"))
        return
    own = [row for row in rows if not row.derived]
    several = len({row.side for row in own}) < len(own)
    if several and len(own) < len(rows):
        guests = tuple(row.link for row in rows if row.derived)
        decisions.append(Review(guests, "several records of its system have this {key}"))
        _decide_part(group, own, candidates, decisions)
        return
    sides: dict[Side, int] = {}
    for row in rows:
        sides[row.side] = sides.get(row.side, 0) + 1
    taken = {side for c in candidates for side in c.sides}
    if len(candidates) > 1:
        decisions.append(Review(everyone, "several records have this {key}"))
    elif len(candidates) == 1:
        _join(rows, candidates[0], sides, taken, decisions)
    elif len(sides) > 1:
        _found(group, rows, sides, decisions)
    # Rows of one side alone, with nothing elsewhere that has their key: no match by it.


def _join(
    rows: list[Row],
    candidate: Candidate,
    sides: Mapping[Side, int],
    taken: set[Side],
    decisions: list[Decision],
) -> None:
    several = tuple(row.link for row in rows if sides[row.side] > 1)
    twins = tuple(row.link for row in rows if row.side in taken and sides[row.side] == 1)
    if several:
        decisions.append(Review(several, "several records of this system have this {key}"))
    if twins:
        decisions.append(
            Review(twins, "another record of this system that has this {key} is linked already")
        )
    # The key is ambiguous on one side; the others may still be told apart.
    if not twins and not several:
        decisions.append(Join(candidate.golden, tuple(row.link for row in rows)))
        return
    rest = tuple(row.link for row in rows if row.link not in {*several, *twins})
    if rest:
        decisions.append(Review(rest, "this {key} is not unique in another system"))


def _found(
    group: Group, rows: list[Row], sides: Mapping[Side, int], decisions: list[Decision]
) -> None:
    everyone = tuple(row.link for row in rows)
    if any(count > 1 for count in sides.values()):
        decisions.append(Review(everyone, "several records of one system have this {key}"))
        return
    lower = {c.golden: c for row in rows for c in group.lower.get(row.link, ())}
    if not lower:
        decisions.append(New(everyone))
        return
    candidate = next(iter(lower.values()))
    if len(lower) > 1 or sides.keys() & candidate.sides or _contradict(rows, candidate):
        decisions.append(
            Review(everyone, "something weaker than the {key} belongs to another record")
        )
    else:
        decisions.append(Join(candidate.golden, everyone))


def _contradict(rows: Sequence[Row], candidate: Candidate) -> bool:
    """Whether a row differs in a key that is stronger than any that it or another one shares."""
    shared = min(
        rank
        for row in rows
        for rank, key in row.keys.items()
        if key in candidate.keys.get(rank, frozenset())
    )
    return any(
        rank < shared and rank in candidate.keys and key not in candidate.keys[rank]
        for row in rows
        for rank, key in row.keys.items()
    )
