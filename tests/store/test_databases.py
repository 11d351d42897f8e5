"""What can be wrong with a server or a database, and what may differ between two of them."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from threading import Timer
from typing import Any

import pytest
from sqlalchemy import insert, select

from talk_sdk._store import Store, schema
from talk_sdk.errors import StoreError

WITHOUT_DRIVER = """
import sys
sys.modules["psycopg"] = None
from talk_sdk._store import Store
from talk_sdk.errors import StoreError
try:
    Store(sys.argv[1], workspace="w")
except StoreError as error:
    print(error.message)
"""


def refusal(url: str) -> str:
    """Why a store cannot be opened."""
    with pytest.raises(StoreError) as refused:
        Store(url, workspace="w")
    assert "\n" not in refused.value.message
    return refused.value.message


def test_a_driver_that_is_missing_is_one_sentence_with_the_extra() -> None:
    url = "postgresql://me:hush@127.0.0.1:1/talk"
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_DRIVER, url], capture_output=True, text=True, check=True
    )
    (said,) = done.stdout.splitlines()
    assert "postgresql://me@127.0.0.1:1/talk" in said
    assert said.endswith("install talk-sdk with the extra [postgres].")
    assert "hush" not in said


def test_a_server_that_does_not_answer_is_named() -> None:
    said = refusal("postgresql://me:hush@127.0.0.1:1/talk?password=hush2")
    assert "The store postgresql://me@127.0.0.1:1/talk cannot be used" in said
    assert "Connection refused" in said
    assert "check that the server runs and that the URL in [store] is right" in said
    assert "hush" not in said


@pytest.mark.parametrize("wrong", ["talk:hush", "hush:hush"])
def test_a_wrong_password_is_told_and_not_printed(postgres_database: Any, wrong: str) -> None:
    scheme, _, where = postgres_database.url.partition("://")
    said = refusal(f"{scheme}://{wrong}@{where.rpartition('@')[2]}")
    assert "password authentication failed" in said
    assert ":hush" not in said


def test_a_database_that_is_not_there_is_named(postgres_server: Any) -> None:
    assert 'database "nowhere" does not exist' in refusal(postgres_server.url("nowhere"))


def test_a_user_who_may_not_make_tables_is_told_so(postgres_database: Any) -> None:
    postgres_database.run("CREATE ROLE guest LOGIN PASSWORD 'guest'")
    where = postgres_database.url.rpartition("@")[2]
    try:
        said = refusal(f"postgresql://guest:guest@{where}")
    finally:
        postgres_database.run("DROP ROLE guest")
    assert "permission denied for schema public; let the user of the URL" in said


def test_a_database_that_cannot_hold_every_name_is_refused(postgres_server: Any) -> None:
    postgres_server.run("CREATE DATABASE narrow ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    try:
        said = refusal(postgres_server.url("narrow"))
    finally:
        postgres_server.drop("narrow")
    assert "keeps text as LATIN1" in said
    assert "ENCODING 'UTF8'" in said


def test_a_server_that_ends_idle_sessions_and_long_statements_ends_no_run(
    postgres_database: Any,
) -> None:
    name = postgres_database.name
    for setting in ("idle_in_transaction_session_timeout", "idle_session_timeout",
                    "statement_timeout"):  # fmt: skip
        postgres_database.run(f"ALTER DATABASE {name} SET {setting} = '50ms'")
    try:
        store = Store(postgres_database.url, workspace="w")
        with store.locked("talk sync"):
            time.sleep(0.2)
            with store.write() as connection:
                time.sleep(0.2)
                connection.exec_driver_sql("SELECT pg_sleep(0.2)")
        store.close()
    finally:
        postgres_database.run(f"ALTER DATABASE {name} RESET ALL")


def test_a_transaction_reads_what_is_committed_whatever_the_database_is_set_to(
    postgres_database: Any,
) -> None:
    """A snapshot would hide from the fence that another run has taken over."""
    name = postgres_database.name
    postgres_database.run(
        f"ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'"
    )
    try:
        store = Store(postgres_database.url, workspace="w")
        with store.write() as connection:
            connection.execute(select(schema.lease)).all()
            postgres_database.run("UPDATE lease SET epoch = 5")
            assert connection.scalar(select(schema.lease.c.epoch)) == 5
        store.close()
    finally:
        postgres_database.run(f"ALTER DATABASE {name} RESET ALL")


def test_a_run_whose_session_was_ended_says_so_and_does_not_go_on_by_another_one(
    postgres_database: Any,
) -> None:
    store = Store(postgres_database.url, workspace="w")

    def cut_short() -> None:
        with store.write(), store.write() as connection:
            connection.execute(schema.lease.update().values(rules="half"))
            postgres_database.break_lock()
            connection.execute(schema.lease.update().values(rules="whole"))

    with store.locked("talk sync"):
        with pytest.raises(StoreError, match="run again when the server"):
            cut_short()
        with pytest.raises(StoreError, match="was lost; run again"):
            store.check_lease()
    store.close()
    assert postgres_database.server.run("SELECT rules FROM lease", postgres_database.name) == [
        ("",)
    ]


def test_a_store_that_another_program_locks_for_a_moment_is_waited_for(sqlite_file: Any) -> None:
    store = Store(sqlite_file.url, workspace="w")
    other = sqlite3.connect(sqlite_file.path, isolation_level=None, check_same_thread=False)
    with store.locked("talk sync"):
        other.execute("BEGIN EXCLUSIVE")
        end = Timer(0.5, other.execute, ["ROLLBACK"])
        end.start()
        with store.write() as connection:
            assert connection.scalar(select(schema.lease.c.epoch)) == 1
            connection.execute(schema.lease.update().values(rules="written"))
        end.join()
    store.close()
    other.close()
    assert "written" in sqlite_file.dump()


@pytest.mark.parametrize("size", [1, 40], ids=["a statement", "the transaction"])
def test_a_disk_without_room_is_named_and_nothing_is_half_stored(
    sqlite_file: Any, size: int
) -> None:
    """What does not fit in memory any more takes the whole transaction with its savepoints."""
    store = Store(sqlite_file.url, workspace="w")

    def fill() -> None:
        with store.write(), store.write() as connection:
            connection.execute(schema.lease.update().values(rules="half"))
            for _ in range(size):
                rows = [{"run": "r", "golden": "g", "at": 0.0, "kind": "x", "moves": "y" * 2**20}]
                connection.execute(insert(schema.history), rows)

    with store.locked("talk sync"):
        with store.write() as connection:
            connection.exec_driver_sql(f"PRAGMA max_page_count = {size * 200}")
        for _ in range(2):
            with pytest.raises(StoreError, match="is full; make room on the disk of"):
                fill()
        assert store.rows(select(schema.lease.c.rules)) == [("",)]
    store.close()


def test_ids_are_ordered_and_told_apart_byte_by_byte(database: Any) -> None:
    """Case, accents and their forms are one letter to some collations, and never to us."""
    ids = ["B", "a", "b", "Å", "A\N{COMBINING RING ABOVE}", "å", "ß", "ss", "a-b", "a b", "10", "9"]
    store = Store(database.url, workspace="w")
    with store.write() as connection:
        rows = [{"system": "shop", "entity": "Customer", "record": i} for i in ids]
        connection.execute(insert(schema.parked).values(reason="", since=0.0, run="r"), rows)
    table = schema.parked.c.record
    found = [row.record for row in store.rows(select(table).order_by(table))]
    assert found == sorted(ids, key=lambda ident: ident.encode())
    assert store.rows(select(table).where(table > "a", table < "b").order_by(table)) == [
        ("a b",), ("a-b",)
    ]  # fmt: skip
    store.close()


def test_times_come_back_as_they_were(database: Any) -> None:
    times = [0.1, 1764237218.123457, 2**53 - 1.0, -62135596800.000001]
    store = Store(database.url, workspace="w")
    with store.write() as connection:
        rows = [{"id": str(n), "kind": "sync", "started": t} for n, t in enumerate(times)]
        connection.execute(insert(schema.runs), rows)
    found = [row.started for row in store.rows(select(schema.runs).order_by(schema.runs.c.id))]
    assert found == times
    store.close()
