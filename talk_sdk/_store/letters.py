"""Dead letters as a person sees them: listed whole, tried again, discarded."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import json
from sqlalchemy import Connection, delete, select, update

from talk_sdk._store.items import moment
from talk_sdk._store.schema import dead_letters, golden, streams
from talk_sdk.reports import Failure

__all__ = ["discard", "listed", "retry", "retry_writes"]

_DIRECTIONS = {"in": "read", "out": "write"}


def listed(connection: Connection, records: Sequence[str] | None = None) -> list[Failure]:
    """What cannot be processed, oldest first; all of it, or what is about some records."""
    query = select(dead_letters).where(dead_letters.c.discarded == 0)
    found = [
        Failure(
            r.system, r.entity, r.record, _DIRECTIONS[r.direction], r.reason,
            None if r.raw is None else json.decode(r.raw), moment(r.first), moment(r.last), r.times,
        )
        for r in connection.execute(query.order_by(dead_letters.c.first))
    ]  # fmt: skip
    return found if records is None else [each for each in found if each.name in records]


def _where(found: Failure) -> list[object]:
    directions = {words: direction for direction, words in _DIRECTIONS.items()}
    return [
        dead_letters.c.system == found.system, dead_letters.c.entity == found.entity,
        dead_letters.c.record == found.record,
        dead_letters.c.direction == directions[found.direction],
    ]  # fmt: skip


def retry(connection: Connection, found: Failure) -> None:
    """Let the next run try it again: what was refused is sent, what was unfit is read."""
    if found.direction == "write":
        connection.execute(delete(dead_letters).where(*_where(found)))  # type: ignore[arg-type]
        soiled = update(golden).where(golden.c.origin == found.record, golden.c.parent.is_(None))
        connection.execute(soiled.values(dirty=1))
        return
    # Only a whole read shows a record that has not changed.
    place = streams.c.system == found.system, streams.c.entity == found.entity
    connection.execute(update(streams).where(*place).values(cursor=None))


def retry_writes(connection: Connection) -> None:
    """Try everything again that was refused: the rules by which it was written have changed."""
    connection.execute(delete(dead_letters).where(dead_letters.c.direction == "out"))


def discard(connection: Connection, found: Failure) -> None:
    """It is not listed any more, unless it fails for another reason or says something else."""
    query = update(dead_letters).where(*_where(found))  # type: ignore[arg-type]
    connection.execute(query.values(discarded=1))
