"""An engine for the URL of a store: what each database has to be told, and how it fails."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from talk_sdk.errors import StoreError

__all__ = ["bare", "engine_of", "failure"]

_SQLITE_HINTS = {
    "BUSY": "another program has {file} locked: end it, then run again",
    "CORRUPT": "name another file in [store], or put a copy of the store in its place",
    "FULL": "make room on the disk of {folder}, then run again; what was stored is there",
    "IOERR": "the disk of {folder} is full or fails: run again when that is mended",
    "NOTADB": "name another file in [store], or put a copy of the store in its place",
}
_PATIENCE_S = 10.0
_SQLITE_HINT = "check that the folder {folder} exists and can be written"

_POSTGRES_RIGHTS = "let the user of the URL in [store] create tables there and write them"
_POSTGRES_HINTS = {
    "25006": "name a server in [store] that can be written",
    "3F000": _POSTGRES_RIGHTS,
    "42501": _POSTGRES_RIGHTS,
    "53100": "make room on the server's disk, then run again; what was stored is there",
    "55P03": "another program holds it: end it, then run again",
}
_POSTGRES_HINT = "check that the server runs and that the URL in [store] is right"
_POSTGRES_LOST = "run again when the server can be reached; what was stored is there"

# In seconds. A server or a machine that is gone is known to be after a minute, not after hours,
# so that the lock of a run that went with its machine is not held for ever.
_POSTGRES_PATIENCE = {
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
}
# A server may be set to end sessions that think: a run does, between two pages.
_POSTGRES_SESSION = """
    SET lock_timeout = '10s'; SET statement_timeout = 0;
    SET idle_in_transaction_session_timeout = 0; SET idle_session_timeout = 0;
    SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3;
"""


def engine_of(url: str, *, durable: bool) -> Engine:
    """The engine of a store.

    Args:
        url: `sqlite:///path` or `postgresql://…`.
        durable: whether a commit waits for the disk; for PostgreSQL its server decides.

    Raises:
        StoreError: there is no such kind of database, or its driver is missing.
    """
    try:
        where = make_url(url)
        if where.get_backend_name() == "postgresql":
            return _postgres(where)
        engine = create_engine(where)
    except ImportError as error:
        raise StoreError(
            f"[store] url {bare(url)!r} cannot be used: {error}; install talk-sdk with the extra"
            " [postgres]."
        ) from error
    except (SQLAlchemyError, ValueError) as error:
        raise StoreError(
            f"[store] url {bare(url)!r} cannot be used: {error}. Write"
            " sqlite:///talk.db, or postgresql://… with the extra [postgres] installed."
        ) from error
    _sqlite(engine, "FULL" if durable else "OFF")
    return engine


def _postgres(where: URL) -> Engine:
    patience = {name: s for name, s in _POSTGRES_PATIENCE.items() if name not in where.query}
    engine = create_engine(where, connect_args=patience, isolation_level="READ COMMITTED")

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.execute(_POSTGRES_SESSION)
        connection.commit()

    return engine


def _sqlite(engine: Engine, synchronous: str) -> None:
    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        # The driver's own transaction handling commits before DDL and ignores savepoints.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={_PATIENCE_S * 1000:.0f}")
        _write_ahead(cursor)
        for pragma in (f"synchronous={synchronous}", "temp_store=MEMORY", "cache_size=-8000"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))


def _write_ahead(cursor: Any) -> None:
    """Change the journal; unlike all else that takes a lock, SQLite waits for none to do so."""
    until = monotonic() + _PATIENCE_S
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if monotonic() > until:
                raise
            sleep(0.05)
        else:
            return


def bare(url: str) -> str:
    """The URL without a password, and without the options that may hold one."""
    head, at, tail = url.rpartition("@")
    shown = url
    if at:
        scheme, _, user = head.partition("://")
        shown = f"{scheme}://{user.partition(':')[0]}@{tail}"
    return shown if url.startswith("sqlite") else shown.partition("?")[0]


def failure(url: str, error: Exception) -> StoreError:
    """What a database raised, as a sentence with the way out."""
    error = _first(error)
    cause = str(getattr(error, "orig", None) or error).splitlines()[0].rstrip(".")
    return StoreError(f"The store {bare(url)} cannot be used: {cause}; {_hint(url, error)}.")


def _first(error: Exception) -> Exception:
    """What failed first: to give back what is broken fails as well, and says less."""
    first, cause = error, error.__context__
    while cause is not None:
        if isinstance(cause, DBAPIError):
            first = cause
        cause = cause.__context__
    return first


def _hint(url: str, error: Exception) -> str:
    orig = getattr(error, "orig", error)
    if not url.startswith("sqlite"):
        lost = isinstance(error, DBAPIError) and error.connection_invalidated
        other = _POSTGRES_LOST if lost else _POSTGRES_HINT
        return _POSTGRES_HINTS.get(getattr(orig, "sqlstate", None) or "", other)
    file = Path(url.removeprefix("sqlite:///"))
    kind = getattr(orig, "sqlite_errorname", "").split("_")[1:2]
    hint = _SQLITE_HINTS.get("".join(kind), _SQLITE_HINT)
    return hint.format(file=file.name, folder=file.parent)
