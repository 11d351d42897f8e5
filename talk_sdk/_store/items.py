"""What waits for somebody or something: parked, dead letters, conflicts, reviews, drift."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from json import dumps
from typing import Any

from msgspec import json
from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from talk_sdk._store.schema import (
    conflicts,
    dead_letters,
    drift,
    links,
    links_open,
    parked,
    reviews,
)
from talk_sdk._store.statements import THESE, Chosen, Many, among_given
from talk_sdk.operations import Drift
from talk_sdk.reports import Item, Review

__all__ = [
    "add_conflicts",
    "add_drift",
    "add_review",
    "bury",
    "clear_dead",
    "close_review",
    "close_reviews",
    "dead",
    "dead_of",
    "drift_of",
    "drifts_of",
    "held_up",
    "listed_conflicts",
    "listed_dead",
    "listed_dead_links",
    "listed_parked",
    "listed_reviews",
    "moment",
    "open_reviews",
    "park",
    "rebase_dead",
    "unpark",
    "unpark_stale",
]


_PARKED = (
    parked.c.system == bindparam("system"),
    parked.c.entity == bindparam("entity"),
    among_given(parked.c.record, THESE),
)
_PARKED_SINCE = Chosen(select(parked.c.record, parked.c.since).where(*_PARKED))
_UNPARK = Chosen(delete(parked).where(*_PARKED))
_PARK = Many(insert(parked), [c.name for c in parked.c])


def park(
    connection: Connection, run: str, at: float, found: Mapping[tuple[str, str, str], str]
) -> None:
    """(system, entity, record) → why it waits. A record that waits on keeps its `since`."""
    for (system, entity), records in _by_place(found).items():
        place = {"system": system, "entity": entity}
        since = dict(_PARKED_SINCE.rows(connection, records, **place))
        _UNPARK.carry_out(connection, records, **place)
        _PARK.execute(
            connection,
            [
                {**place, "record": record, "run": run, "reason": found[system, entity, record],
                 "since": since.get(record, at)}
                for record in records
            ],
        )  # fmt: skip


_HELD_UP = Chosen(
    select(parked.c.system, parked.c.entity, parked.c.record).where(
        among_given(parked.c.record, THESE)
    )
)
_REFUSED = Chosen(
    select(dead_letters.c.system, dead_letters.c.entity, dead_letters.c.record).where(
        among_given(dead_letters.c.record, THESE), dead_letters.c.direction == "out"
    )
)


def held_up(connection: Connection, records: Iterable[str]) -> set[tuple[str, str, str]]:
    """(system, entity, record) of those that are parked there, or were refused."""
    these = list(records)
    return {
        (system, entity, record)
        for query in (_HELD_UP, _REFUSED)
        for system, entity, record in query.rows(connection, these)
    }


def unpark_stale(connection: Connection, run: str, left_out: Iterable[tuple[str, str]]) -> None:
    """What was not parked again in this run waits no longer, unless it was not looked at."""
    skip = set(left_out)
    query = select(parked.c.system, parked.c.entity, parked.c.record).where(parked.c.run != run)
    for system, entity, record in connection.execute(query).all():
        if (system, entity) not in skip:
            connection.execute(delete(parked).where(*_at(parked, system, entity, record)))


def unpark(connection: Connection, found: Iterable[tuple[str, str, str]]) -> None:
    """These wait no longer."""
    for (system, entity), records in _by_place(found).items():
        _UNPARK.carry_out(connection, records, system=system, entity=entity)


def _by_place(
    found: Iterable[tuple[str, str, str]],
) -> dict[tuple[str, str], list[str]]:
    by_place: dict[tuple[str, str], list[str]] = {}
    for system, entity, record in found:
        by_place.setdefault((system, entity), []).append(record)
    return by_place


def _at(table: Any, system: str, entity: str, record: str) -> list[Any]:
    return [table.c.system == system, table.c.entity == entity, table.c.record == record]


def bury(
    connection: Connection,
    at: float,
    direction: str,
    found: Mapping[tuple[str, str, str], tuple[str, Any, str]],
) -> None:
    """(system, entity, record) → (reason, raw, basis): cannot be processed as it is.

    `basis` says of what the failure is one: the same basis need not be tried again.
    """
    for (system, entity, record), (reason, raw, basis) in found.items():
        where = [*_at(dead_letters, system, entity, record), dead_letters.c.direction == direction]
        values = {"reason": reason, "last": at, "basis": basis,
                  "raw": None if raw is None else _written(raw)}  # fmt: skip
        other = (dead_letters.c.reason != reason) | (dead_letters.c.basis != basis)
        connection.execute(update(dead_letters).where(*where, other).values(discarded=0))
        done = connection.execute(
            update(dead_letters).where(*where).values(times=dead_letters.c.times + 1, **values)
        )
        if done.rowcount == 0:
            connection.execute(
                insert(dead_letters).values(
                    system=system, entity=entity, record=record, direction=direction,
                    first=at, times=1, **values,
                )
            )  # fmt: skip


def _written(raw: Any) -> str:
    try:
        return json.encode(raw).decode()
    except UnicodeEncodeError:  # half a character: escaped, as it came
        return dumps(raw, default=str)


_DEAD = select(
    dead_letters.c.system, dead_letters.c.entity, dead_letters.c.record, dead_letters.c.basis
).where(dead_letters.c.direction == bindparam("direction"))
_THESE_DEAD = (
    dead_letters.c.system == bindparam("system"),
    dead_letters.c.entity == bindparam("entity"),
    dead_letters.c.direction == bindparam("direction"),
    among_given(dead_letters.c.record, THESE),
)
_DEAD_OF = Chosen(select(dead_letters.c.record, dead_letters.c.basis).where(*_THESE_DEAD))
_CLEAR_DEAD = Chosen(delete(dead_letters).where(*_THESE_DEAD))


def dead(
    connection: Connection, direction: str, places: Iterable[tuple[str, str, str]] | None = None
) -> dict[tuple[str, str, str], str]:
    """(system, entity, record) → basis, of all or of some records."""
    if places is None:
        rows = connection.execute(_DEAD, {"direction": direction}).all()
        return {(system, entity, record): basis for system, entity, record, basis in rows}
    found: dict[tuple[str, str, str], str] = {}
    for (system, entity), records in _by_place(places).items():
        found |= dead_of(connection, direction, system, entity, records)
    return found


def dead_of(
    connection: Connection, direction: str, system: str, entity: str, records: Iterable[str]
) -> dict[tuple[str, str, str], str]:
    """The same, of some records of one entity."""
    place = {"direction": direction, "system": system, "entity": entity}
    rows = _DEAD_OF.rows(connection, records, **place)
    return {(system, entity, record): basis for record, basis in rows}


def rebase_dead(connection: Connection, found: Mapping[tuple[str, str, str], str]) -> None:
    """(system, entity, record) → the basis that is left of what was refused there."""
    for place, basis in found.items():
        where = [*_at(dead_letters, *place), dead_letters.c.direction == "out"]
        connection.execute(update(dead_letters).where(*where).values(basis=basis))


def clear_dead(
    connection: Connection, direction: str, found: Iterable[tuple[str, str, str]]
) -> None:
    """These went through after all."""
    for (system, entity), records in _by_place(found).items():
        place = {"direction": direction, "system": system, "entity": entity}
        _CLEAR_DEAD.carry_out(connection, records, **place)


def add_conflicts(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Record conflicts: run, golden, origin, property, at, values, decision."""
    if rows:
        connection.execute(
            insert(conflicts),
            [{**row, "values": json.encode(row["values"]).decode()} for row in rows],
        )


def add_review(
    connection: Connection,
    system: str,
    entity: str,
    record: str,
    kind: str,
    reason: str,
    at: float,
    data: Any = None,
) -> None:
    """Ask a person, once per record and kind."""
    where = [*_at(reviews, system, entity, record), reviews.c.kind == kind,
             reviews.c.state == "open"]  # fmt: skip
    if connection.scalar(select(func.count()).select_from(reviews).where(*where)):
        return
    connection.execute(
        insert(reviews).values(
            system=system, entity=entity, record=record, kind=kind, reason=reason, since=at,
            data=json.encode(data or {}).decode(),
        )
    )  # fmt: skip


def close_reviews(connection: Connection, kind: str, found: Iterable[tuple[str, str, str]]) -> None:
    """The question has answered itself."""
    for system, entity, record in found:
        connection.execute(
            update(reviews)
            .where(*_at(reviews, system, entity, record), reviews.c.kind == kind)
            .values(state="closed")
        )


def close_review(connection: Connection, ident: int) -> None:
    """A person has answered."""
    connection.execute(update(reviews).where(reviews.c.id == ident).values(state="closed"))


def open_reviews(connection: Connection, ids: Iterable[int] | None = None) -> list[Review]:
    """The questions to a person, or those of some ids, oldest first."""
    query = select(reviews).where(reviews.c.state == "open").order_by(reviews.c.id)
    if ids is not None:
        query = query.where(reviews.c.id.in_(list(ids)))
    return [
        Review(r.id, r.kind, r.system, r.entity, r.record, r.reason, moment(r.since),
               json.decode(r.data))
        for r in connection.execute(query)
    ]  # fmt: skip


_DRIFTS_OF = Chosen(
    select(drift.c.system, drift.c.entity, drift.c.golden, drift.c.property, drift.c.reason).where(
        among_given(drift.c.golden, THESE)
    )
)


def add_drift(connection: Connection, at: float, found: Iterable[tuple[str, Drift]]) -> list[Drift]:
    """(golden id, drift): remember what a system cannot hold; returns what was not known yet."""
    said = {(d.system, d.entity, golden, d.property): d for golden, d in found}
    known: dict[tuple[str, str, str, str], str] = {}
    for place, reason in drifts_of(
        connection, sorted({golden for _, _, golden, _ in said})
    ).items():
        golden, system, entity, name = place
        known[system, entity, golden, name] = reason
    fresh = {place: item for place, item in said.items() if known.get(place) != item.reason}
    for place in fresh.keys() & known.keys():
        system, entity, golden, name = place
        where = drift.c.system == system, drift.c.entity == entity, drift.c.golden == golden
        connection.execute(delete(drift).where(*where, drift.c.property == name))
    rows = [
        {"system": system, "entity": entity, "golden": golden, "property": name,
         "reason": item.reason, "since": at}
        for (system, entity, golden, name), item in fresh.items()
    ]  # fmt: skip
    if rows:
        connection.execute(insert(drift), rows)
    return list(fresh.values())


def drifts_of(connection: Connection, ids: Iterable[str]) -> dict[tuple[str, str, str, str], str]:
    """(golden id, system, entity, property) → what is known to stay different there, and why."""
    rows = _DRIFTS_OF.rows(connection, ids)
    return {(golden, system, entity, name): reason for system, entity, golden, name, reason in rows}


def drift_of(connection: Connection, golden: str) -> dict[tuple[str, str, str], str]:
    """(system, entity, property) → why a system cannot hold what a record says."""
    query = select(drift).where(drift.c.golden == golden)
    return {(r.system, r.entity, r.property): r.reason for r in connection.execute(query)}


def moment(seconds: float) -> datetime:
    """Seconds since 1970 as a time."""
    return datetime.fromtimestamp(seconds, UTC)


def listed_parked(connection: Connection) -> list[Item]:
    """What waits for another record."""
    query = select(parked).order_by(parked.c.since)
    return [
        Item(r.system, r.entity, r.record, r.reason, moment(r.since))
        for r in connection.execute(query)
    ]


def listed_dead(connection: Connection) -> list[Item]:
    """What could not be processed."""
    query = select(dead_letters).where(dead_letters.c.discarded == 0)
    query = query.order_by(dead_letters.c.first)
    return [
        Item(r.system, r.entity, r.record, r.reason, moment(r.first))
        for r in connection.execute(query)
    ]


def listed_reviews(connection: Connection) -> list[Item]:
    """What a person has to decide."""
    query = select(reviews).where(reviews.c.state == "open").order_by(reviews.c.since)
    return [
        Item(r.system, r.entity, r.record, f"{r.kind}: {r.reason}", moment(r.since))
        for r in connection.execute(query)
    ]


def listed_conflicts(connection: Connection, most: int = 100) -> list[Item]:
    """The newest conflicts, settled ones too."""
    query = select(conflicts).order_by(conflicts.c.id.desc()).limit(most)
    found = []
    for r in connection.execute(query):
        system, _, rest = r.origin.partition(".")
        entity, _, ext = rest.partition(":")
        found.append(Item(system, entity, ext, f"{r.property}: {r.decision}", moment(r.at)))
    return found


def listed_dead_links(connection: Connection) -> list[Item]:
    """Records that are gone from their system."""
    columns = links.c.id, links.c.system, links.c.entity, links.c.ext, links.c.seen
    query = select(*columns).where(links.c.state == "dead", links_open, links.c.parent.is_(None))
    reason = "the record is gone from its system"
    return [
        # One whose id another record has now is kept under an id of its own.
        Item(system, entity, ext.removesuffix(f"~{ident}"), reason, moment(seen))
        for ident, system, entity, ext, seen in connection.execute(query)
    ]
