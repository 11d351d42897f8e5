"""Groups: what the keys of a rank bring together, as the store has it; what match decides on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

from msgspec.structs import replace
from sqlalchemy import Connection, bindparam, select

from talk_sdk._engine.looks import MARKER
from talk_sdk._engine.match import Candidate, Group, Review, Row
from talk_sdk._engine.run import Run
from talk_sdk._store import LinkRow, links
from talk_sdk._store import schema as db
from talk_sdk._store.statements import THESE, Chosen, among_given
from talk_sdk.concepts import CONCEPTS

__all__ = ["groups_of", "keyless", "name_of"]


_ROW, _KEY = db.links.c, db.keys.c
_WITH_KEY = Chosen(
    select(_KEY.value, _ROW.id, _ROW.system, _ROW.entity, _ROW.golden, _ROW.state)
    .join(db.links, _ROW.id == _KEY.link)
    .where(
        _KEY.concept == bindparam("concept"),
        _KEY.rank == bindparam("rank"),
        among_given(_KEY.value, THESE),
    )
    .order_by(_KEY.value, _ROW.id)
)
_LINKS_OF = Chosen(
    select(_ROW.id, _ROW.golden, _ROW.system, _ROW.entity, _ROW.state).where(
        among_given(_ROW.golden, THESE)
    )
)


def groups_of(
    run: Run,
    connection: Connection,
    concept: str,
    rank: int,
    values: Sequence[str],
    waiting: set[int],
) -> tuple[list[Group], list[Review]]:
    """The groups that some keys of a rank make; and rows that wait with one in review."""
    rows, golden_ids, reviewed = _members(connection, concept, rank, values, waiting)
    keys = links.keys_of(connection, [row.link for found in rows.values() for row in found])
    weak = keyless(run, concept, rank)
    candidates = _candidates(connection, {g for found in golden_ids.values() for g in found}, rank)
    if weak is not None:
        moving = _moving(connection, list(candidates), run, concept, rank)
        candidates = {
            g: replace(c, agrees=c.agrees or g not in moving) for g, c in candidates.items()
        }
    full = {
        value: [
            Row(r.link, r.side, _ranked(keys.get(r.link, {})), _derived(run, r.side)) for r in found
        ]
        for value, found in rows.items()
    }
    lower = _lower(run, connection, concept, rank, full, golden_ids)
    groups: list[Group] = []
    held: list[Review] = []
    for value, found in full.items():
        others = [candidates[g] for g in sorted(golden_ids.get(value, ()))]
        if value in reviewed and found:
            held.append(
                Review(
                    tuple(row.link for row in found),
                    "another record with this {key} is in review",
                )
            )
            continue
        groups.append(Group(rank, value, found, others, lower, weak))
    return groups, held


def _moving(
    connection: Connection, ids: Sequence[str], run: Run, concept: str, rank: int
) -> set[str]:
    """Golden records whose weak key is just being edited (rule M3).

    That the links' own forms of it differ proves nothing here: one system cuts names shorter
    than another.
    """
    names = next(b.mappings[e].keys[rank] for b, e in run.mapped(concept)
                 if rank in b.mappings[e].keys)  # fmt: skip
    return {
        golden
        for page in links.chunks(sorted(ids))
        for golden, rows in links.by_golden(connection, page).items()
        if any(link.state == "live" and _edited(run, link) & {*names} for link in rows)
    }


def _edited(run: Run, link: LinkRow) -> AbstractSet[str]:
    """What the system's users have edited, and what is on its way there: only that will move."""
    bound, mapping = run.systems.get(link.system), run.mapping(link.system, link.entity)
    read = link.pending.keys() & link.shadow.keys()
    if bound is None or mapping is None or not bound.updates(link.entity):
        return read
    return read | link.behind.keys() & mapping.writable


def _derived(run: Run, side: tuple[str, str]) -> bool:
    system, entity = side
    bound = run.systems.get(system)
    return bound is not None and bound.entities[entity].derived_from is not None


def _ranked(keys: Mapping[int, str]) -> dict[int, str]:
    return {rank: key for rank, key in keys.items() if rank > MARKER}


def _members(
    connection: Connection, concept: str, rank: int, values: Sequence[str], waiting: set[int]
) -> tuple[dict[str, list[Row]], dict[str, set[str]], set[str]]:
    rows: dict[str, list[Row]] = {}
    golden_ids: dict[str, set[str]] = {}
    reviewed: set[str] = set()
    found = _WITH_KEY.rows(connection, values, concept=concept, rank=rank)
    for value, ident, system, entity, golden, state in found:
        if state == "new" and ident not in waiting:
            rows.setdefault(value, []).append(Row(ident, (system, entity), {}))
        elif state == "review" and golden is None:
            reviewed.add(value)
        elif state == "live" and golden is not None:
            golden_ids.setdefault(value, set()).add(golden)
    return rows, golden_ids, reviewed


def _candidates(connection: Connection, ids: set[str], rank: int) -> dict[str, Candidate]:
    """The golden records with the sides and keys of their live links (rules M1, M3)."""
    sides: dict[str, set[tuple[str, str]]] = {ident: set() for ident in ids}
    owner: dict[int, str] = {}
    for ident, golden, system, entity, state in _LINKS_OF.rows(connection, sorted(ids)):
        if state in {"live", "dormant"}:
            sides[golden].add((system, entity))
            owner[ident] = golden
    keys: dict[str, dict[int, set[str]]] = {ident: {} for ident in ids}
    for ident, found in links.keys_of(connection, owner).items():
        for level, value in _ranked(found).items():
            keys[owner[ident]].setdefault(level, set()).add(value)
    return {
        ident: Candidate(
            ident,
            frozenset(sides[ident]),
            {level: frozenset(found) for level, found in keys[ident].items()},
            len(keys[ident].get(rank, ())) <= 1,
        )
        for ident in ids
    }


def _lower(
    run: Run,
    connection: Connection,
    concept: str,
    rank: int,
    rows: Mapping[str, Sequence[Row]],
    golden_ids: Mapping[str, set[str]],
) -> dict[int, list[Candidate]]:
    """What the rows that would be a new record match by lower keys (rule M2)."""
    founders = [r for value, found in rows.items() if not golden_ids.get(value) for r in found
                if len(found) > 1]  # fmt: skip
    wanted: dict[int, dict[str, list[Row]]] = {}
    for row in founders:
        for level, key in row.keys.items():
            if level > rank:
                wanted.setdefault(level, {}).setdefault(key, []).append(row)
    lower: dict[int, list[Candidate]] = {}
    for level, by_key in wanted.items():
        weak = keyless(run, concept, level)
        for page in links.chunks(sorted(by_key)):
            _, found, _ = _members(connection, concept, level, page, set())
            known_ones = _candidates(connection, {g for ids in found.values() for g in ids}, level)
            for key, ids in found.items():
                for row in by_key[key]:
                    lower.setdefault(row.link, []).extend(
                        known_ones[g]
                        for g in ids
                        if _allowed(row, known_ones[g], level) and _counts(row, known_ones[g], weak)
                    )
    return lower


def _counts(row: Row, candidate: Candidate, weak: frozenset[tuple[str, str]] | None) -> bool:
    """Whether a weak key says something of these two."""
    if weak is None:
        return True
    return bool(weak & {row.side, *candidate.sides}) and row.side not in candidate.sides


def _allowed(row: Row, candidate: Candidate, level: int) -> bool:
    """A higher key that both have and that differs forbids the match."""
    return all(
        row.keys[rank] in candidate.keys[rank]
        for rank in row.keys.keys() & candidate.keys.keys()
        if rank < level
    )


def keyless(run: Run, concept: str, rank: int) -> frozenset[tuple[str, str]] | None:
    """Of a weak rank the sides that have no stronger key; None if the rank is not weak."""
    sides = []
    for bound, entity in run.mapped(concept):
        keys = bound.mappings[entity].keys
        if rank in keys and not CONCEPTS[concept].weak.issuperset(keys[rank]):
            return None
        if keys and min(keys) == rank:
            sides.append((bound.name, entity))
    return frozenset(sides)


def name_of(run: Run, concept: str, rank: int) -> str:
    """What the key of a rank is made of, for people: `email`, `customer and number`."""
    tables = [bound.mappings[entity].keys for bound, entity in run.mapped(concept)]
    names = next(keys[rank] for keys in tables if rank in keys)
    return " and ".join(name.replace("_", " ") for name in names)
