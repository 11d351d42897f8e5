"""The store: one database per workspace, opened, locked, checked and written in transactions."""

from __future__ import annotations

import os
import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, inspect, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from talk_sdk._store import schema
from talk_sdk._store.engines import bare, engine_of, failure
from talk_sdk._store.locks import alone, take
from talk_sdk.errors import SafetyError, StoreError

__all__ = ["Store"]

_EPOCH = "SELECT epoch FROM lease"


class Store:
    """One workspace's state. One thread, the runner's, owns it.

    Raises:
        StoreError: it cannot be opened or written, or a newer version wrote it.
    """

    def __init__(self, url: str, *, workspace: str, durable: bool = True) -> None:
        """Open the store at an SQLAlchemy URL, and create its tables if it is new.

        Args:
            url: `sqlite:///path` or `postgresql://…`.
            workspace: the id that a new store gets.
            durable: whether a commit waits for the disk; only simulations say no.
        """
        self.url = url
        self.epoch = 0
        self._engine = engine_of(url, durable=durable)
        try:
            self._connection = self._engine.connect()
        except DBAPIError as error:
            raise failure(url, error) from error
        try:
            self._prepare(workspace)
            self.workspace = str(self.rows(select(schema.lease.c.workspace))[0][0])
        except DBAPIError as error:
            self.close()
            raise failure(url, error) from error
        except BaseException:
            self.close()
            raise

    def _prepare(self, workspace: str) -> None:
        with self.write() as connection:
            tables = set(inspect(connection).get_table_names())
        if not tables:
            self._create(workspace)
        elif not tables >= {"alembic_version", schema.lease.name}:
            raise StoreError(
                f"{bare(self.url)} holds tables that are not talk-sdk's; name another [store] url."
            )
        elif (found := self._revision()) != schema.REVISION:
            self._migrate(found)

    def _revision(self) -> str:
        return str(self.rows(text("SELECT version_num FROM alembic_version"))[0][0])

    def _create(self, workspace: str) -> None:
        with self.write() as connection:
            alone(connection)
            connection.execute(
                text(
                    "CREATE TABLE IF NOT EXISTS alembic_version"
                    " (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"
                )
            )
            if inspect(connection).has_table(schema.lease.name):
                return  # somebody else has been opening it too
            self._check_encoding(connection)
            schema.metadata.create_all(connection)
            connection.execute(
                text("INSERT INTO alembic_version VALUES (:v)"), {"v": schema.REVISION}
            )
            connection.execute(
                schema.lease.insert().values(id=1, workspace=workspace, epoch=0, owner="")
            )

    def _check_encoding(self, connection: Connection) -> None:
        if connection.dialect.name != "postgresql":
            return
        encoding = connection.scalar(text("SHOW server_encoding"))
        if encoding != "UTF8":
            raise StoreError(
                f"The database {bare(self.url)} keeps text as {encoding}, which not every name"
                " fits: create it with ENCODING 'UTF8', or name another [store] url."
            )

    def _migrate(self, found: str) -> None:
        from talk_sdk._store.migrations import upgrade  # Alembic is heavy and seldom needed

        upgrade(self._connection, found, bare(self.url))

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction; inside of another one, a savepoint.

        Raises:
            StoreError: the database failed; nothing of the transaction is stored.
            SafetyError: another run has taken over.
        """
        connection = self._connection
        if self.epoch and connection.invalidated:
            # Another session could write, but has not the lock that this run went with.
            raise StoreError(f"The connection to {bare(self.url)} was lost; run again.")
        try:
            if connection.in_transaction():
                with connection.begin_nested():
                    yield connection
            else:
                with connection.begin():
                    self._fence(connection)
                    yield connection
        except IntegrityError:
            raise  # a fault of ours, which nobody can mend at the database
        except DBAPIError as error:
            raise failure(self.url, error) from error

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
        if self.epoch:
            self._compare(connection.exec_driver_sql(_EPOCH).scalar())

    def _compare(self, epoch: int | None) -> None:
        if self.epoch and epoch != self.epoch:
            raise SafetyError(
                "Another run has taken over this workspace; this one stops before it writes."
            )

    def check_lease(self) -> None:
        """Make sure that this run still owns the workspace.

        Raises:
            SafetyError: another run has taken over.
            StoreError: the database cannot be asked.
        """
        if self._engine.dialect.name == "sqlite":
            self._look_at_lease()
        else:
            with self.write():
                pass

    def _look_at_lease(self) -> None:
        """The same without a transaction, which would take the file's lock before each send."""
        driver: Any = self._connection.connection.driver_connection
        try:
            found = driver.execute(_EPOCH).fetchone()
        except sqlite3.Error as error:
            raise failure(self.url, error) from error
        self._compare(found and found[0])

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
                epoch = connection.exec_driver_sql(_EPOCH).scalar()
            self.epoch = int(epoch or 0)
            # SQLite waits for another program's lock only where a transaction begins with it.
            self._connection.execution_options(begin="BEGIN IMMEDIATE")
            yield
        finally:
            self.epoch = 0
            self._connection.execution_options(begin="BEGIN")
            release()

    def _take(self) -> Callable[[], object]:
        try:
            release = take(self._connection, self.workspace)
        except (DBAPIError, OSError) as error:
            raise failure(self.url, error) from error
        if release is None:
            owner = self.rows(select(schema.lease.c.owner))[0][0]
            raise StoreError(
                f"Another run holds this workspace: {owner or 'unknown'}."
                " Wait until it ends, or stop it."
            )
        return release

    def close(self) -> None:
        """Close the connection; what was committed stays."""
        self._connection.close()
        self._engine.dispose()
