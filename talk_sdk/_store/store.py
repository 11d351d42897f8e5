"""The store: one database per workspace, opened, locked, checked and written in transactions."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from sqlalchemy import Connection, Engine, create_engine, event, func, inspect, select, text
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from talk_sdk._store import schema
from talk_sdk.errors import SafetyError, StoreError

__all__ = ["Store"]


class Store:
    """One workspace's state. One thread, the runner's, owns it.

    Raises:
        StoreError: it cannot be opened or written, or a newer version wrote it.
    """

    def __init__(self, url: str, *, workspace: str, durable: bool = True) -> None:
        """Open the store at an SQLAlchemy URL, and create its tables if it is new.

        Args:
            url: `sqlite:///path` or `postgresql+psycopg://…`.
            workspace: the id that a new store gets.
            durable: whether a commit waits for the disk; only simulations say no.
        """
        self.url = url
        self._engine = self._open(url, durable)
        self._lock: FileLock | None = None
        self.epoch = 0
        try:
            self._connection = self._engine.connect()
            self._prepare(workspace)
        except (DBAPIError, OperationalError) as error:
            raise StoreError(_words(url, error)) from error
        with self.write() as connection:
            self.workspace: str = connection.scalars(select(schema.lease.c.workspace)).one()

    @staticmethod
    def _open(url: str, durable: bool) -> Engine:
        try:
            engine = create_engine(url)
        except (SQLAlchemyError, ModuleNotFoundError) as error:
            raise StoreError(
                f"[store] url {_bare(url)!r} cannot be used: {error}. Write"
                " sqlite:///talk.db, or postgresql+psycopg://… with the extra [postgres] installed."
            ) from error
        if engine.dialect.name == "sqlite":
            _sqlite(engine, "FULL" if durable else "OFF")
        return engine

    def _prepare(self, workspace: str) -> None:
        tables = inspect(self._connection).get_table_names()
        self._connection.rollback()
        if "alembic_version" in tables:
            found = self._connection.scalar(text("SELECT version_num FROM alembic_version"))
            self._connection.rollback()
            if found == schema.REVISION:
                return
            self._migrate(str(found))
            return
        if tables:
            raise StoreError(
                f"{_bare(self.url)} holds tables that are not talk-sdk's; name another [store] url."
            )
        with self.write() as connection:
            schema.metadata.create_all(connection)
            connection.execute(
                text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
            )
            connection.execute(
                text("INSERT INTO alembic_version VALUES (:v)"), {"v": schema.REVISION}
            )
            connection.execute(
                schema.lease.insert().values(id=1, workspace=workspace, epoch=0, owner="")
            )

    def _migrate(self, found: str) -> None:
        from talk_sdk._store.migrations import upgrade  # Alembic is heavy and seldom needed

        upgrade(self._connection, found, _bare(self.url))

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction; inside of another one, a savepoint."""
        connection = self._connection
        try:
            if connection.in_transaction():
                with connection.begin_nested():
                    yield connection
            else:
                with connection.begin():
                    self._fence(connection)
                    yield connection
        except OperationalError as error:
            raise StoreError(_words(self.url, error)) from error

    @contextmanager
    def rehearsal(self) -> Iterator[Connection]:
        """A transaction that never happened, whatever is written inside of it."""
        transaction = self._connection.begin()
        try:
            yield self._connection
        finally:
            transaction.rollback()

    def rows(self, query: Any, parameters: Any = None) -> list[Any]:
        """The rows of a query, read at once."""
        with self.write() as connection:
            return list(connection.execute(query, parameters or {}).all())

    def _fence(self, connection: Connection) -> None:
        if self.epoch and connection.scalar(select(schema.lease.c.epoch)) != self.epoch:
            raise SafetyError(
                "Another run has taken over this workspace; this one stops before it writes."
            )

    def check_lease(self) -> None:
        """Make sure that this run still owns the workspace.

        Raises:
            SafetyError: another run has taken over.
        """
        with self.write():
            pass

    @contextmanager
    def locked(self, what: str) -> Iterator[None]:
        """Own the workspace: one run at a time.

        Raises:
            StoreError: another run holds it; the message says who.
        """
        owner = f"{what} on {socket.gethostname()}, process {os.getpid()}"
        release = self._take()
        try:
            with self.write() as connection:
                connection.execute(
                    schema.lease.update().values(epoch=schema.lease.c.epoch + 1, owner=owner)
                )
                epoch = connection.scalar(select(schema.lease.c.epoch))
            self.epoch = int(epoch or 0)
            yield
        finally:
            self.epoch = 0
            release()

    def _take(self) -> Any:
        if self._engine.dialect.name == "sqlite":
            path = self._engine.url.database
            if not path or path == ":memory:":
                return lambda: None
            lock = FileLock(path + ".lock", timeout=0)
            try:
                lock.acquire()
            except Timeout:
                raise StoreError(self._taken()) from None
            except OSError as error:
                raise StoreError(_words(self.url, error)) from error
            return lock.release
        return self._advisory()

    def _advisory(self) -> Any:
        number = select(func.hashtext("talk-sdk:" + self.workspace)).scalar_subquery()
        session = self._engine.connect()
        taken = session.scalar(select(func.pg_try_advisory_lock(number)))
        session.commit()
        if not taken:
            session.close()
            raise StoreError(self._taken())

        def release() -> None:
            session.scalar(select(func.pg_advisory_unlock(number)))
            session.close()

        return release

    def _taken(self) -> str:
        owner = self.rows(select(schema.lease.c.owner))[0][0]
        return (
            f"Another run holds this workspace: {owner or 'unknown'}."
            " Wait until it ends, or stop it."
        )

    def close(self) -> None:
        """Close the connection; what was committed stays."""
        self._connection.close()
        self._engine.dispose()


def _sqlite(engine: Engine, synchronous: str) -> None:
    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        # The driver's own transaction handling commits before DDL and ignores savepoints.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL", f"synchronous={synchronous}", "temp_store=MEMORY",
            "cache_size=-16000", "busy_timeout=10000",
        ):  # fmt: skip
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")


def _bare(url: str) -> str:
    """The URL without a password."""
    head, at, tail = url.rpartition("@")
    if not at:
        return url
    scheme, _, user = head.partition("://")
    return f"{scheme}://{user.partition(':')[0]}@{tail}"


def _words(url: str, error: Exception) -> str:
    cause = str(getattr(error, "orig", None) or error).splitlines()[0]
    if not url.startswith("sqlite"):
        hint = "check that the server runs and that the URL in [store] is right"
    elif "not a database" in cause or "malformed" in cause:
        hint = "name another file in [store], or put a copy of the store in its place"
    else:
        folder = Path(url.removeprefix("sqlite:///")).parent
        hint = f"check that the folder {folder} exists and can be written"
    return f"The store {_bare(url)} cannot be used: {cause}; {hint}."
