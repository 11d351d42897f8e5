"""Golden records in the store: read and written by the page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import json
from sqlalchemy import Connection, Select, bindparam, func, insert, select, update

from talk_sdk._store.rows import GoldenRow
from talk_sdk._store.schema import golden, golden_dirty
from talk_sdk._store.statements import CHUNK, THESE, Chosen, Many, among_given, chunks
from talk_sdk._store.words import packed, unpacked

__all__ = [
    "by_id",
    "children_of",
    "clean",
    "dirty_page",
    "origins",
    "page",
    "save",
    "soil",
    "soil_all",
]


_NAMES = [c.name for c in golden.c]
_MOVING = ["position", "data", "revs", "prov", "state", "dirty"]
_INSERT = Many(insert(golden), _NAMES)
_UPDATE = Many(
    update(golden)
    .where(golden.c.id == bindparam("b_id"))
    .values({name: bindparam(name) for name in _MOVING}),
    ["b_id", *_MOVING],
)
_THESE = among_given(golden.c.id, THESE)
_BY_ID = Chosen(select(golden).where(_THESE))
_BY_PARENT = Chosen(
    select(golden)
    .where(among_given(golden.c.parent, THESE))
    .order_by(golden.c.parent, golden.c.position, golden.c.id)
)
_ORIGINS = Chosen(select(golden.c.id, golden.c.origin).where(_THESE))
_CLEAN = Chosen(update(golden).where(_THESE).values(dirty=0))
_SOIL = Chosen(update(golden).where(_THESE).values(dirty=1))
_DELETE = Chosen(
    update(golden).where(_THESE, golden.c.parent.is_(None)).values(state="deleted", dirty=1)
)
_REVIVE = Chosen(
    update(golden).where(_THESE, golden.c.state == "deleted").values(state="live", dirty=1)
)


def _row(record: Sequence[Any]) -> GoldenRow:
    ident, concept, origin, parent, position, data, revs, prov, state, dirty = record
    return GoldenRow(
        ident, concept, origin, parent, position, unpacked(data), json.decode(revs),
        json.decode(prov), state, bool(dirty),
    )  # fmt: skip


def _values(row: GoldenRow) -> dict[str, Any]:
    return {
        "id": row.id, "concept": row.concept, "origin": row.origin, "parent": row.parent,
        "position": row.position, "data": packed(row.data),
        "revs": json.encode(row.revs).decode(), "prov": json.encode(row.prov).decode(),
        "state": row.state, "dirty": int(row.dirty), "b_id": row.id,
    }  # fmt: skip


def by_id(connection: Connection, ids: Iterable[str]) -> dict[str, GoldenRow]:
    """The golden records with these ids."""
    return {row.id: row for row in map(_row, _BY_ID.rows(connection, ids))}


def children_of(connection: Connection, parents: Iterable[str]) -> dict[str, list[GoldenRow]]:
    """Parent → its lines, in their order; deleted ones included."""
    found: dict[str, list[GoldenRow]] = {}
    for record in _BY_PARENT.rows(connection, parents):
        row = _row(record)
        found.setdefault(str(row.parent), []).append(row)
    return found


def save(connection: Connection, rows: Iterable[GoldenRow]) -> None:
    """Insert the fresh ones, write the others."""
    for page in chunks(rows):
        _INSERT.execute(connection, [_values(row) for row in page if row.fresh])
        _UPDATE.execute(connection, [_values(row) for row in page if not row.fresh])
        for row in page:
            row.fresh = False


def dirty_page(connection: Connection, concept: str, after: str) -> list[GoldenRow]:
    """A page of golden records that plan has to look at, in order of id."""
    return _page(connection, _after(concept, after).where(golden_dirty))


def page(connection: Connection, concept: str, after: str) -> list[GoldenRow]:
    """A page of all golden records of a concept, lines excepted, in order of id."""
    return _page(connection, _after(concept, after))


def _after(concept: str, after: str) -> Select[Any]:
    return select(golden).where(
        golden.c.concept == concept, golden.c.id > after, golden.c.parent.is_(None)
    )


def _page(connection: Connection, query: Select[Any]) -> list[GoldenRow]:
    return [_row(each) for each in connection.execute(query.order_by(golden.c.id).limit(CHUNK))]


def count(connection: Connection, concept: str) -> int:
    """How many records of a concept there are, lines excepted."""
    query = select(func.count()).select_from(golden).where(golden.c.concept == concept)
    return connection.scalar(query.where(golden.c.parent.is_(None))) or 0


def clean(connection: Connection, ids: Iterable[str]) -> None:
    """Plan has nothing more to do for these."""
    _CLEAN.carry_out(connection, ids)


def soil(connection: Connection, ids: Iterable[str]) -> None:
    """Plan has to look at these."""
    _SOIL.carry_out(connection, ids)


def delete(connection: Connection, ids: Iterable[str]) -> None:
    """A system has them no more: plan decides what that means in the others."""
    _DELETE.carry_out(connection, ids)


def revive(connection: Connection, ids: Iterable[str]) -> None:
    """They are back in the system that had them no more."""
    _REVIVE.carry_out(connection, ids)


def soil_all(connection: Connection) -> None:
    """Plan has to look at everything: a rule has changed."""
    connection.execute(update(golden).where(golden.c.parent.is_(None)).values(dirty=1))


def origins(connection: Connection, ids: Iterable[str]) -> dict[str, str]:
    """Golden id → the name that people know it by."""
    return dict(_ORIGINS.rows(connection, ids))
