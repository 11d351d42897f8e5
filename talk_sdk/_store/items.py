"""What waits for somebody or something: parked, dead letters, conflicts, reviews, drift."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from json import dumps
from typing import Any

from msgspec import json
from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from talk_sdk._store.links import chunks
from talk_sdk._store.schema import (
    conflicts,
    dead_letters,
    drift,
    links,
    links_open,
    parked,
    reviews,
)
from talk_sdk._store.statements import among, among_given
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


def park(
    connection: Connection, run: str, at: float, found: Mapping[tuple[str, str, str], str]
) -> None:
    """(system, entity, record) → why it waits. A record that waits on keeps its `since`."""
    for (system, entity), records in _by_place(found).items():
        since: dict[str, float] = {}
        place = parked.c.system == system, parked.c.entity == entity
        for page in chunks(records):
            query = select(parked.c.record, parked.c.since).where(
                *place, among(parked.c.record, page)
            )
            since.update((r.record, r.since) for r in connection.execute(query))
            connection.execute(delete(parked).where(*place, among(parked.c.record, page)))
        connection.execute(
            insert(parked),
            [
                {"system": system, "entity": entity, "record": record, "run": run,
                 "reason": found[system, entity, record], "since": since.get(record, at)}
                for record in records
            ],
        )  # fmt: skip


def held_up(connection: Connection, records: Iterable[str]) -> set[tuple[str, str, str]]:
    """(system, entity, record) of those that are parked there, or were refused."""
    found: set[tuple[str, str, str]] = set()
    for page in chunks(records):
        for table, which in ((parked, ()), (dead_letters, (dead_letters.c.direction == "out",))):
            query = select(table.c.system, table.c.entity, table.c.record)
            rows = connection.execute(query.where(among(table.c.record, page), *which))
            found.update((r.system, r.entity, r.record) for r in rows)
    return found


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
        for page in chunks(records):
            connection.execute(
                delete(parked).where(
                    parked.c.system == system,
                    parked.c.entity == entity,
                    among(parked.c.record, page),
                )
            )


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
_DEAD_OF = _DEAD.where(
    dead_letters.c.system == bindparam("system"),
    dead_letters.c.entity == bindparam("entity"),
    among_given(dead_letters.c.record, "records"),
)


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
    found: dict[tuple[str, str, str], str] = {}
    for page in chunks(records):
        place = {"direction": direction, "system": system, "entity": entity, "records": page}
        for _, _, record, basis in connection.execute(_DEAD_OF, place).all():
            found[system, entity, record] = basis
    return found


def rebase_dead(connection: Connection, found: Mapping[tuple[str, str, str], str]) -> None:
    """(system, entity, record) → the basis that is left of what was refused there."""
    for place, basis in found.items():
        where = [*_at(dead_letters, *place), dead_letters.c.direction == "out"]
        connection.execute(update(dead_letters).where(*where).values(basis=basis))


def clear_dead(
    connection: Connection, direction: str, found: Iterable[tuple[str, str, str]]
) -> None:
    """These went through after all."""
    table = dead_letters
    for (system, entity), records in _by_place(found).items():
        for page in chunks(records):
            connection.execute(
                delete(table).where(
                    table.c.system == system,
                    table.c.entity == entity,
                    among(table.c.record, page),
                    table.c.direction == direction,
                )
            )


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


def add_drift(connection: Connection, at: float, found: Iterable[tuple[str, Drift]]) -> list[Drift]:
    """(golden id, drift): remember what a system cannot hold; returns what was not known yet."""
    said = {(d.system, d.entity, golden, d.property): d for golden, d in found}
    known: dict[tuple[str, str, str, str], str] = {}
    for page in chunks(sorted({golden for _, _, golden, _ in said})):
        for r in connection.execute(select(drift).where(among(drift.c.golden, page))):
            known[r.system, r.entity, r.golden, r.property] = r.reason
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
    found: dict[tuple[str, str, str, str], str] = {}
    for page in chunks(ids):
        for r in connection.execute(select(drift).where(among(drift.c.golden, page))):
            found[r.golden, r.system, r.entity, r.property] = r.reason
    return found


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
