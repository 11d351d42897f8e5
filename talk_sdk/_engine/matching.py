"""Match as a stage: brings groups of rows to `match.decide` and carries its decisions out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import Connection, bindparam, select, update

from talk_sdk._engine.absorb import MARKER
from talk_sdk._engine.answers import contradicts, sent_keys
from talk_sdk._engine.match import Candidate, Decision, Group, Join, New, Review, Row, Wait, decide
from talk_sdk._engine.refs import known, translate, unresolved
from talk_sdk._engine.run import Run
from talk_sdk._store import GoldenRow, LinkRow, goldens, items, journal, links
from talk_sdk._store import schema as db
from talk_sdk.concepts import CONCEPTS

__all__ = ["match", "match_concept"]


def match(run: Run) -> None:
    """Give every new row a golden record, its own or one that exists, or a reason why not."""
    for concept in CONCEPTS:
        if run.mapped(concept):
            match_concept(run, concept)
    run.tell("matched")


def match_concept(run: Run, concept: str) -> None:
    waiting = _waiting_for_refs(run, concept)
    with run.store.write() as connection:
        waiting |= _twins_of_doubts(run, connection, concept)
    ranks = sorted({r for bound, e in run.mapped(concept) for r in bound.mappings[e].keys})
    for rank in ranks:
        weak = _keyless(run, concept, rank)
        if weak is not None and not weak:
            continue
        run.step("match")
        with run.store.write() as connection:
            waiting |= _rank(run, connection, concept, rank, waiting)
    with run.store.write() as connection:
        _rest(run, connection, concept, waiting)


def _waiting_for_refs(run: Run, concept: str) -> set[int]:
    """Rows whose references have no golden record wait; the others get their composite keys."""
    if not _has_refs(concept):
        return set()
    waiting: dict[int, str] = {}
    after = 0
    while True:
        with run.store.write() as connection:
            page = links.unlinked(connection, concept, after)
        if not page:
            break
        after = page[-1].id
        blocked, fetched = unresolved(run, page)
        for other in sorted(fetched, key=list(CONCEPTS).index):
            match_concept(run, other)
        if fetched:
            blocked, _ = unresolved(run, page)
        waiting.update(blocked)
        with run.store.write() as connection:
            free = [link for link in page if link.id not in blocked]
            _composite_keys(run, connection, concept, free)
            names = {(k.system, k.entity, k.ext): blocked[k.id] for k in page if k.id in blocked}
            items.park(connection, run.id, run.now(), names)
    return set(waiting)


def _has_refs(concept: str) -> bool:
    found = CONCEPTS[concept]
    return bool(found.refs) or any(child.refs for child in found.children.values())


def _composite_keys(
    run: Run, connection: Connection, concept: str, rows: Sequence[LinkRow]
) -> None:
    found = known(run, connection, rows)
    keys = links.keys_of(connection, [link.id for link in rows])
    for link in rows:
        mapping = run.mapping(link.system, link.entity)
        if mapping is None:
            continue
        values = translate(mapping, link.system, {**link.shadow, **link.pending}, found)
        for rank in mapping.keys:
            key = mapping.key_of(rank, values)
            if key is not None:
                keys.setdefault(link.id, {})[rank] = key
    links.put_keys(connection, concept, keys)


def _twins_of_doubts(run: Run, connection: Connection, concept: str) -> set[int]:
    """Rows that could be what a doubted create made: they wait (rule M6)."""
    doubts = [i for i in journal.open_intents(connection) if i.kind == "create"]
    found: dict[int, str] = {}
    for intent in doubts:
        mapping = run.mapping(intent.system, intent.entity)
        if mapping is None or mapping.concept.name != concept:
            continue
        rows = _new_of_side(connection, intent.system, intent.entity)
        keys = links.keys_of(connection, [link.id for link in rows])
        sent = sent_keys(intent)
        for link in rows:
            own = keys.get(link.id, {})
            slack = abs(run.skews.get(link.system, 0.0)) + 60.0
            late = link.created is None or link.created >= intent.sent - slack
            same = any(own.get(rank) == key for rank, key in sent.items())
            if same or (late and not contradicts(own, sent)):
                found[link.id] = link.ext
                reason = "could be the record whose create was not answered"
                items.park(
                    connection, run.id, run.now(), {(link.system, link.entity, link.ext): reason}
                )
    return set(found)


def _new_of_side(connection: Connection, system: str, entity: str) -> list[LinkRow]:
    query = select(db.links.c.id).where(
        db.links.c.system == system, db.links.c.entity == entity, db.links.c.state == "new"
    )
    return list(links.by_id(connection, connection.scalars(query)).values())


def _keyless(run: Run, concept: str, rank: int) -> frozenset[tuple[str, str]] | None:
    """Of a weak rank the sides that have no stronger key; None if the rank is not weak."""
    sides = []
    for bound, entity in run.mapped(concept):
        keys = bound.mappings[entity].keys
        if rank in keys and not CONCEPTS[concept].weak.issuperset(keys[rank]):
            return None
        if keys and min(keys) == rank:
            sides.append((bound.name, entity))
    return frozenset(sides)


def _rank(run: Run, connection: Connection, concept: str, rank: int, waiting: set[int]) -> set[int]:
    """Decide all groups of a rank; returns the rows that have to wait."""
    held: set[int] = set()
    after = ""
    while values := _values_page(connection, concept, rank, after):
        after = values[-1]
        groups = _groups(run, connection, concept, rank, values, waiting | held)
        decisions = [decision for group in groups for decision in decide(group)]
        held |= _carry_out(run, connection, concept, decisions, _name(run, concept, rank))
    return held


def _name(run: Run, concept: str, rank: int) -> str:
    """What the key of a rank is made of, for people: `email`, `customer and number`."""
    tables = [bound.mappings[entity].keys for bound, entity in run.mapped(concept)]
    names = next(keys[rank] for keys in tables if rank in keys)
    return " and ".join(name.replace("_", " ") for name in names)


def _values_page(connection: Connection, concept: str, rank: int, after: str) -> list[str]:
    keys, rows = db.keys, db.links
    query = (
        select(keys.c.value)
        .join(rows, rows.c.id == keys.c.link)
        .where(keys.c.concept == concept, keys.c.rank == rank, keys.c.value > after)
        .where(rows.c.state == "new")
        .distinct()
        .order_by(keys.c.value)
        .limit(links.CHUNK)
    )
    return list(connection.scalars(query))


def _groups(
    run: Run,
    connection: Connection,
    concept: str,
    rank: int,
    values: Sequence[str],
    waiting: set[int],
) -> list[Group]:
    rows, golden_ids, reviewed = _members(connection, concept, rank, values, waiting)
    keys = links.keys_of(connection, [row.link for found in rows.values() for row in found])
    weak = _keyless(run, concept, rank)
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
    groups = []
    for value, found in full.items():
        others = [candidates[g] for g in sorted(golden_ids.get(value, ()))]
        if value in reviewed and found:
            _review(
                run, connection, [row.link for row in found],
                f"another record with this {_name(run, concept, rank)} is in review",
            )  # fmt: skip
            continue
        groups.append(Group(rank, value, found, others, lower, weak))
    return groups


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
        if any(
            link.state == "live"
            and (link.pending.keys() & link.shadow.keys() | link.behind.keys()) & {*names}
            for link in rows
        )
    }


def _derived(run: Run, side: tuple[str, str]) -> bool:
    system, entity = side
    bound = run.systems.get(system)
    return bound is not None and bound.entities[entity].derived_from is not None


def _ranked(keys: Mapping[int, str]) -> dict[int, str]:
    return {rank: key for rank, key in keys.items() if rank > MARKER}


def _members(
    connection: Connection, concept: str, rank: int, values: Sequence[str], waiting: set[int]
) -> tuple[dict[str, list[Row]], dict[str, set[str]], set[str]]:
    keys, table = db.keys, db.links
    query = (
        select(
            keys.c.value, table.c.id, table.c.system, table.c.entity, table.c.golden, table.c.state
        )
        .join(table, table.c.id == keys.c.link)
        .where(keys.c.concept == concept, keys.c.rank == rank, keys.c.value.in_(values))
        .order_by(keys.c.value, table.c.id)
    )
    rows: dict[str, list[Row]] = {}
    golden_ids: dict[str, set[str]] = {}
    reviewed: set[str] = set()
    for value, ident, system, entity, golden, state in connection.execute(query):
        if state == "new" and ident not in waiting:
            rows.setdefault(value, []).append(Row(ident, (system, entity), {}))
        elif state == "review" and golden is None:
            reviewed.add(value)
        elif state == "live" and golden is not None:
            golden_ids.setdefault(value, set()).add(golden)
    return rows, golden_ids, reviewed


def _candidates(connection: Connection, ids: set[str], rank: int) -> dict[str, Candidate]:
    """The golden records with the sides and keys of their live links (rules M1, M3)."""
    table = db.links
    sides: dict[str, set[tuple[str, str]]] = {ident: set() for ident in ids}
    owner: dict[int, str] = {}
    for page in links.chunks(sorted(ids)):
        query = select(table.c.id, table.c.golden, table.c.system, table.c.entity).where(
            table.c.golden.in_(page), table.c.state == "live"
        )
        for ident, golden, system, entity in connection.execute(query):
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
        weak = _keyless(run, concept, level)
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


_LINK = (
    update(db.links)
    .where(db.links.c.id == bindparam("b_id"))
    .values(golden=bindparam("b_golden"), state="live")
)


def _carry_out(
    run: Run, connection: Connection, concept: str, decisions: Iterable[Decision], key: str
) -> set[int]:
    joined: list[dict[str, object]] = []
    fresh: list[tuple[int, ...]] = []
    held: set[int] = set()
    for decision in decisions:
        match decision:
            case Join(golden, found):
                joined += [{"b_id": ident, "b_golden": golden} for ident in found]
            case New(found):
                fresh.append(found)
            case Review(found, reason):
                _review(run, connection, found, reason.format(key=key))
            case Wait(found, reason):
                held.update(found)
                _park(run, connection, found, reason.format(key=key))
    joined += _mint(run, connection, concept, fresh)
    if joined:
        connection.execute(_LINK, joined)
        goldens.soil(connection, {str(j["b_golden"]) for j in joined})
    return held


def _mint(
    run: Run, connection: Connection, concept: str, fresh: Sequence[tuple[int, ...]]
) -> list[dict[str, object]]:
    """A new golden record for each tuple of links, named after the first in talk.toml's order."""
    table = db.links
    names: dict[int, tuple[int, str]] = {}
    for page in links.chunks([ident for found in fresh for ident in found]):
        query = select(table.c.id, table.c.system, table.c.entity, table.c.ext).where(
            table.c.id.in_(page)
        )
        for ident, system, entity, ext in connection.execute(query):
            names[ident] = (run.order(system), f"{system}.{entity}:{ext}")
    rows, joined = [], []
    for found in fresh:
        origin = min(names[ident] for ident in found)[1]
        row = GoldenRow(run.mint(), concept, origin, fresh=True)
        rows.append(row)
        joined += [{"b_id": ident, "b_golden": row.id} for ident in found]
    goldens.save(connection, rows)
    return joined


def _rest(run: Run, connection: Connection, concept: str, waiting: set[int]) -> None:
    """Rows that nothing matched are golden records of their own."""
    after = 0
    while page := links.unlinked(connection, concept, after):
        after = page[-1].id
        alone = [(link.id,) for link in page if link.id not in waiting]
        if alone:
            connection.execute(_LINK, _mint(run, connection, concept, alone))


def _review(run: Run, connection: Connection, ids: Iterable[int], reason: str) -> None:
    found = list(links.by_id(connection, ids).values())
    for link in found:
        link.state = "review"
        items.add_review(connection, link.system, link.entity, link.ext, "match", reason, run.now())
    links.update_links(connection, found)


def _park(run: Run, connection: Connection, ids: Iterable[int], reason: str) -> None:
    found = links.by_id(connection, ids).values()
    items.park(connection, run.id, run.now(), {(k.system, k.entity, k.ext): reason for k in found})
