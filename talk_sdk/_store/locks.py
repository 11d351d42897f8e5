"""One run at a time: the lock of a workspace, which its owner's death gives back."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from filelock import FileLock, Timeout
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import DBAPIError

__all__ = ["alone", "take"]


def take(connection: Connection, workspace: str) -> Callable[[], object] | None:
    """Take the lock of a workspace; returns how to give it back, None if somebody has it.

    Raises:
        OSError: the lock file of a SQLite store cannot be made.
        DBAPIError: the database failed.
    """
    if connection.dialect.name == "sqlite":
        return _file(connection.engine.url.database)
    return _advisory(connection, workspace)


def _file(path: str | None) -> Callable[[], object] | None:
    if not path or path == ":memory:":
        return lambda: None
    lock = FileLock(path + ".lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        return None
    return lock.release


def _advisory(connection: Connection, workspace: str) -> Callable[[], object] | None:
    """A lock of the very session that writes: who has lost it cannot write any more."""
    number = select(func.hashtext("talk-sdk:" + workspace)).scalar_subquery()
    with connection.begin():
        taken = connection.scalar(select(func.pg_try_advisory_lock(number)))

    def release() -> None:
        if connection.invalidated:
            return  # the session has taken its lock with it
        with suppress(DBAPIError), connection.begin():
            connection.scalar(select(func.pg_advisory_unlock(number)))

    return release if taken else None


def alone(connection: Connection) -> None:
    """Let nobody else make or migrate the tables until the end of this transaction."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtext("talk-sdk"))))
