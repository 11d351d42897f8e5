"""Conflicts: those that a rule has settled, and those that a person is asked about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import json
from sqlalchemy import Connection, func, insert, select, update

from talk_sdk._store.items import moment
from talk_sdk._store.schema import conflicts, golden, links
from talk_sdk.reports import Conflict

__all__ = ["about", "ask", "close", "close_let_go", "listed", "waiting"]

_OPEN = conflicts.c.state == "open"


def ask(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Ask a person which of two values stands; a question that is open already is renewed."""
    for row in rows:
        values = {"values": json.encode(row["values"]).decode(), "decision": row["decision"]}
        same = _OPEN, conflicts.c.link == row["link"], conflicts.c.property == row["property"]
        if not connection.execute(update(conflicts).where(*same).values(**values)).rowcount:
            connection.execute(insert(conflicts).values(**{**row, **values, "state": "open"}))


def close(connection: Connection, ident: int, decision: str) -> None:
    """It is settled."""
    query = update(conflicts).where(conflicts.c.id == ident)
    connection.execute(query.values(state="settled", decision=decision))


def close_let_go(connection: Connection) -> None:
    """What the systems have come to agree about is no question any more."""
    query = select(conflicts.c.id, conflicts.c.property, links.c.held).where(_OPEN)
    joined = query.outerjoin_from(conflicts, links, links.c.id == conflicts.c.link)
    for ident, name, held in connection.execute(joined).all():
        if name not in json.decode(held or "{}"):
            close(connection, ident, "settled by itself: the values became one")


def about(connection: Connection, ident: int) -> tuple[str, str, int | None]:
    """Golden record, property, and the link whose edit waits."""
    query = select(conflicts.c.golden, conflicts.c.property, conflicts.c.link)
    row = connection.execute(query.where(conflicts.c.id == ident)).one()
    return row.golden, row.property, row.link


def waiting(connection: Connection) -> int:
    """How many wait for a person."""
    return len(connection.execute(select(conflicts.c.id).where(_OPEN)).all())


def listed(
    connection: Connection, ids: Iterable[int] | None = None, *, most: int | None = None
) -> list[Conflict]:
    """Conflicts, the open ones first, then the newest; all of these ids, or so many."""
    parent = golden.alias()
    whose = func.coalesce(parent.c.concept, golden.c.concept, "").label("concept")
    joined = conflicts.outerjoin(golden, golden.c.id == conflicts.c.golden)
    joined = joined.outerjoin(parent, parent.c.id == golden.c.parent)
    query = select(conflicts, conflicts.c["values"].label("said"), whose).select_from(joined)
    query = query.order_by(conflicts.c.state, conflicts.c.id.desc())
    if ids is not None:
        query = query.where(conflicts.c.id.in_(list(ids)))
    if most is not None:
        query = query.limit(most)
    return [
        Conflict(
            r.id, r.origin, r.property, json.decode(r.said),
            r.decision, moment(r.at), r.state == "open", _name(r),
        )
        for r in connection.execute(query)
    ]  # fmt: skip


def _name(row: Any) -> str:
    """`customer.email`; of a line, whose record is `shop.Order:7/lines`, `order.lines.quantity`."""
    _, found, children = row.origin.partition("/")
    return f"{row.concept}.{children}.{row.property}" if found else f"{row.concept}.{row.property}"
