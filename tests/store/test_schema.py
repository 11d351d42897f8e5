"""The tables: made fresh or migrated they are the same; an up-to-date store needs no Alembic."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import xxhash
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, create_mock_engine, inspect

from talk_sdk._store import Store, journal, links, migrations, schema, words
from talk_sdk.concepts import CONCEPTS
from talk_sdk.errors import StoreError


def configuration(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes["connection"] = connection
    return config


@contextmanager
def connected(database: Any) -> Iterator[Connection]:
    engine = create_engine(database.url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def migrate(database: Any, revision: str = "head") -> None:
    """What `alembic upgrade` makes of an empty database."""
    with connected(database) as connection:
        command.upgrade(configuration(connection), revision)
        connection.commit()


def make(database: Any) -> None:
    """A database as the store makes it."""
    Store(database.url, workspace="w").close()


def where(index: Any) -> list[str]:
    return [str(text) for name, text in index.get("dialect_options", {}).items() if "where" in name]


def seen(connection: Connection) -> dict[str, Any]:
    """Tables, columns, keys and indexes, as the database tells them."""
    found = inspect(connection)
    tables = [name for name in found.get_table_names() if name != "alembic_version"]
    return {
        name: (
            [
                (c["name"], repr(c["type"]), c["nullable"], c["default"])
                for c in found.get_columns(name)
            ],
            found.get_pk_constraint(name)["constrained_columns"],
            found.get_unique_constraints(name),
            [
                (i["name"], i["column_names"], i["unique"], where(i))
                for i in found.get_indexes(name)
            ],
        )
        for name in tables
    }


def test_the_migrations_make_the_tables_that_a_new_store_has(database: Any) -> None:
    make(database)
    with connected(database) as connection:
        tables = seen(connection)
    database.lose()
    migrate(database)

    assert sorted(tables) == sorted(schema.metadata.tables)
    with connected(database) as connection:
        assert seen(connection) == tables


def test_alembic_finds_nothing_to_do_between_the_migrations_and_the_schema(database: Any) -> None:
    def own(_object: Any, name: str | None, kind: str, *_: Any) -> bool:
        return (kind, name) != ("table", "alembic_version")

    migrate(database)
    with connected(database) as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "include_object": own}
        )
        assert compare_metadata(context, schema.metadata) == []


def test_the_newest_migration_is_the_revision_that_a_new_store_gets(database: Any) -> None:
    make(database)
    assert ScriptDirectory.from_config(configuration()).get_current_head() == schema.REVISION
    with connected(database) as connection:
        assert MigrationContext.configure(connection).get_current_revision() == schema.REVISION


def test_a_store_of_an_older_version_is_brought_up_to_date_and_keeps_what_it_knows(
    database: Any,
) -> None:
    migrate(database, "0001")
    database.run("INSERT INTO lease (id, workspace, epoch, owner) VALUES (1, 'old', 7, 'me')")
    database.run("INSERT INTO streams (system, entity, cursor) VALUES ('shop', 'Customer', 'c7')")

    store = Store(database.url, workspace="new")
    assert store.workspace == "old"
    with store.write() as connection:
        stream = journal.stream(connection, "shop", "Customer")
    assert (stream.cursor, stream.onboarded) == ("c7", None)
    store.close()
    with connected(database) as connection:
        assert MigrationContext.configure(connection).get_current_revision() == schema.REVISION


NAMED = """{"name":"A","billing_address.line1":null}', '{"name":"B","ours.own":7}"""
NUMBERED = """{"0":"A","14":null}', '{"0":"B","ours.own":7}"""


@pytest.mark.parametrize("written", [NAMED, NUMBERED])
def test_records_of_an_older_version_are_read_and_packed_when_they_are_written(
    database: Any, written: str
) -> None:
    migrate(database, "0006")
    database.run("INSERT INTO lease (id, workspace, epoch, owner) VALUES (1, 'old', 7, 'me')")
    for ident in (1, 2):
        database.run(
            "INSERT INTO links (id, system, entity, ext, concept, state, shadow, pending) VALUES"
            f" ({ident}, 'shop', 'Customer', '{ident}', 'customer', 'new',"
            f" '{written}')"
        )
        database.run(f"INSERT INTO keys VALUES ({ident}, 2, 'customer', 'a@x.no')")

    store = Store(database.url, workspace="new")
    with store.write() as connection:
        before = links.by_id(connection, [1, 2])
        links.update_links(connection, [before[1]])
        after = links.by_id(connection, [1, 2])
        keys = links.keys_of(connection, [1, 2])
    store.close()

    assert before == after
    assert (after[1].shadow, after[1].pending) == (
        {"name": "A", "billing_address.line1": None},
        {"name": "B", "ours.own": 7},
    )
    assert keys == {1: {2: "a@x.no"}, 2: {2: "a@x.no"}}
    assert database.dump().count(written.partition("'")[0]) == 1


def test_every_property_has_a_code_of_its_own_for_ever() -> None:
    kinds = [kind for one in CONCEPTS.values() for kind in (one, *one.children.values())]
    assert {name for kind in kinds for name in kind.properties} <= {*words.WORDS}
    assert len(words.WORDS) == len({*words.WORDS})
    assert len(words.WORDS) <= len(words.CODES) == len({*words.CODES})
    # Stores hold the codes: this first part of the lists is never to change.
    assert "".join(words.CODES) == (
        "0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz{|}~"
    )
    assert xxhash.xxh3_64_hexdigest(repr(words.WORDS[:55]).encode()) == "6c7a0f50b500bdae"


def test_what_postgresql_is_told_is_the_same_by_both_ways(capsys: Any) -> None:
    """Without a server: the statements themselves, of which only the order may differ."""
    made: list[str] = []
    engine: Any = create_mock_engine(
        "postgresql+psycopg://",
        lambda sql, *_, **__: made.append(str(sql.compile(dialect=engine.dialect))),
    )
    schema.metadata.create_all(engine, checkfirst=False)
    told = StringIO()
    context = MigrationContext.configure(
        dialect_name="postgresql", opts={"as_sql": True, "output_buffer": told}
    )
    scripts = [*ScriptDirectory.from_config(configuration()).walk_revisions()]
    with Operations.context(context):
        for script in reversed(scripts):
            script.module.upgrade()
    parts = [" ".join(part.split()) for part in told.getvalue().split(";") if part.strip()]
    told_to = [part for part in parts if not part.startswith("UPDATE ")]  # of rows, not of tables
    assert folded(told_to) == {" ".join(part.split()) for part in made}


def folded(statements: list[str]) -> set[str]:
    """The statements with each added column at the end of the columns of its table."""
    tables: dict[str, str] = {}
    others = set()
    for statement in statements:
        words = statement.split()
        if words[:2] == ["CREATE", "TABLE"]:
            tables[words[2]] = statement
        elif words[:2] == ["ALTER", "TABLE"] and words[3:5] == ["ADD", "COLUMN"]:
            columns, key, rest = tables[words[2]].partition(", PRIMARY KEY")
            tables[words[2]] = f"{columns}, {' '.join(words[5:])}{key}{rest}"
        else:
            others.add(statement)
    return others | {*tables.values()}


def test_opening_an_up_to_date_store_loads_no_alembic(database: Any) -> None:
    code = """
import sys
from talk_sdk._store import Store
for _ in range(2):
    Store(sys.argv[1], workspace="w").close()
assert "alembic" not in sys.modules
"""
    done = subprocess.run(
        [sys.executable, "-c", code, database.url], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_newer_store_is_refused_in_one_sentence_and_not_touched(database: Any) -> None:
    make(database)
    database.run("UPDATE alembic_version SET version_num = '9999'")
    before = database.dump()

    with pytest.raises(StoreError) as refused:
        Store(database.url, workspace="w")
    assert "was written by a newer talk-sdk (revision 9999)" in refused.value.message
    assert "\n" not in refused.value.message
    assert database.dump() == before


@pytest.mark.parametrize("table", ["theirs", "alembic_version"])
def test_a_database_of_somebody_else_is_refused_and_not_touched(database: Any, table: str) -> None:
    database.run(f"CREATE TABLE {table} (version_num text)")
    database.run(f"INSERT INTO {table} VALUES ('8c6f1e0d2b7a')")

    with pytest.raises(StoreError, match="holds tables that are not talk-sdk's"):
        Store(database.url, workspace="w")
    with connected(database) as connection:
        assert inspect(connection).get_table_names() == [table]
    assert "8c6f1e0d2b7a" in database.dump()


def test_two_that_open_a_new_store_at_once_make_it_once(database: Any) -> None:
    def opened(name: str) -> str:
        store = Store(database.url, workspace=name)
        store.close()
        return store.workspace

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(opened, ["a", "b", "c", "d"]))
    assert len(set(found)) == 1


@pytest.mark.parametrize("place", ["missing/talk.db", "file/talk.db"])
def test_a_folder_that_is_none_is_named(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StoreError) as refused:
        Store(f"sqlite:///{tmp_path / place}", workspace="w")
    assert str((tmp_path / place).parent) in refused.value.message


def test_a_file_that_is_no_database_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "talk.db"
    path.write_text("a letter, and a long one: " * 100)

    with pytest.raises(StoreError, match="file is not a database"):
        Store(f"sqlite:///{path}", workspace="w")
    assert path.read_text().startswith("a letter")


def test_a_password_in_the_url_is_in_no_message() -> None:
    with pytest.raises(StoreError) as refused:
        Store("postgresql+nothing://me:hush@127.0.0.1:1/talk", workspace="w")
    assert "hush" not in refused.value.message
    assert "postgresql+nothing://me@127.0.0.1:1/talk" in refused.value.message
