"""Match as a stage: brings groups of rows to `match.decide` and carries its decisions out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, Select, bindparam, literal_column, select, update

from talk_sdk._engine.claims import claims, sent_keys
from talk_sdk._engine.groups import groups_of, keyless, name_of
from talk_sdk._engine.match import Decision, Join, New, Review, Wait, decide
from talk_sdk._engine.refs import composite_keys, refers, unresolved
from talk_sdk._engine.run import Run
from talk_sdk._store import GoldenRow, LinkRow, goldens, items, journal, links
from talk_sdk._store import schema as db
from talk_sdk._store.statements import THESE, Chosen, Many, among, among_given
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
        waiting |= _half_read(run, connection, concept)
    ranks = sorted({r for bound, e in run.mapped(concept) for r in bound.mappings[e].keys})
    for rank in ranks:
        weak = keyless(run, concept, rank)
        if weak is not None and not weak:
            continue
        run.step("match")
        with run.store.write() as connection:
            waiting |= _rank(run, connection, concept, rank, waiting)
    with run.store.write() as connection:
        _rest(run, connection, concept, waiting)


def _waiting_for_refs(run: Run, concept: str) -> set[int]:
    """Rows whose references have no golden record wait; the others get their composite keys."""
    if not refers(concept):
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
            composite_keys(run, connection, concept, free)
            names = {(k.system, k.entity, k.ext): blocked[k.id] for k in page if k.id in blocked}
            items.park(connection, run.id, run.now(), names)
    return set(waiting)


def _twins_of_doubts(run: Run, connection: Connection, concept: str) -> set[int]:
    """Rows that could be what a doubted create made: they wait (rule M6)."""
    doubts = [i for i in journal.open_intents(connection) if i.kind == "create"]
    found: dict[int, str] = {}
    for intent in doubts:
        mapping = run.mapping(intent.system, intent.entity)
        if mapping is None or mapping.concept.name != concept:
            continue
        sent = sent_keys(intent)
        maybe = claims(run, connection, intent)
        rows = _new_of_side(connection, intent.system, intent.entity)
        keys = links.keys_of(connection, [link.id for link in rows])
        for link in rows:
            own = keys.get(link.id, {})
            if link.id in maybe or any(own.get(rank) == key for rank, key in sent.items()):
                found[link.id] = link.ext
                reason = "could be the record whose create was not answered"
                items.park(
                    connection, run.id, run.now(), {(link.system, link.entity, link.ext): reason}
                )
    return set(found)


def _half_read(run: Run, connection: Connection, concept: str) -> set[int]:
    """Rows of lists that were not read to their end: the rest may say whose key they have."""
    closed = [
        (bound.name, e) for bound, e in run.mapped(concept) if (bound.name, e) in run.left_out
    ]
    return {ident for place in closed for ident in connection.scalars(_new(*place))}


def _new(system: str, entity: str) -> Select[int]:
    return select(db.links.c.id).where(
        db.links.c.system == system, db.links.c.entity == entity, db.links.c.state == "new"
    )


def _new_of_side(connection: Connection, system: str, entity: str) -> list[LinkRow]:
    return list(links.by_id(connection, connection.scalars(_new(system, entity))).values())


def _rank(run: Run, connection: Connection, concept: str, rank: int, waiting: set[int]) -> set[int]:
    """Decide all groups of a rank; returns the rows that have to wait."""
    held: set[int] = set()
    after = ""
    while values := _values_page(connection, concept, rank, after):
        after = values[-1]
        groups, asked = groups_of(run, connection, concept, rank, values, waiting | held)
        decisions = [*asked, *(decision for group in groups for decision in decide(group))]
        held |= _carry_out(run, connection, concept, decisions, name_of(run, concept, rank))
    return held


def _values_page(connection: Connection, concept: str, rank: int, after: str) -> Sequence[str]:
    """The next keys of new rows: of the few that there mostly are, or along the index of keys."""
    keys, rows = db.keys, db.links
    new = rows.c.concept == concept, rows.c.state == "new", db.links_open
    some = connection.scalars(select(rows.c.id).where(*new).limit(links.CHUNK + 1)).all()
    query = select(keys.c.value).where(keys.c.rank == rank, keys.c.value > after)
    if len(some) <= links.CHUNK:
        query = query.where(among(keys.c.link, some))
    else:
        query = query.join(rows, rows.c.id == keys.c.link).where(keys.c.concept == concept, *new)
    return connection.scalars(query.distinct().order_by(keys.c.value).limit(links.CHUNK)).all()


_LINK = Many(
    update(db.links)
    .where(db.links.c.id == bindparam("b_id"))
    .values(golden=bindparam("b_golden"), state=literal_column("'live'")),
    ["b_id", "b_golden"],
)


_NAMED = Chosen(
    select(db.links.c.id, db.links.c.system, db.links.c.entity, db.links.c.ext).where(
        among_given(db.links.c.id, THESE)
    )
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
    goldens.soil(connection, {str(j["b_golden"]) for j in joined})
    _LINK.execute(connection, joined + _mint(run, connection, concept, fresh))
    return held


def _mint(
    run: Run, connection: Connection, concept: str, fresh: Sequence[tuple[int, ...]]
) -> list[dict[str, object]]:
    """A new golden record for each tuple of links, named after the first in talk.toml's order."""
    names: dict[int, tuple[int, str]] = {}
    ids = (ident for found in fresh for ident in found)
    for ident, system, entity, ext in _NAMED.rows(connection, ids):
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
            _LINK.execute(connection, _mint(run, connection, concept, alone))


def _review(run: Run, connection: Connection, ids: Iterable[int], reason: str) -> None:
    found = list(links.by_id(connection, ids).values())
    for link in found:
        link.state = "review"
        items.add_review(connection, link.system, link.entity, link.ext, "match", reason, run.now())
    links.update_links(connection, found)


def _park(run: Run, connection: Connection, ids: Iterable[int], reason: str) -> None:
    found = links.by_id(connection, ids).values()
    items.park(connection, run.id, run.now(), {(k.system, k.entity, k.ext): reason for k in found})
