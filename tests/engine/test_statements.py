"""How often the store is asked does not grow with the records that something happened to."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Literal

import pytest
from sqlalchemy import Engine, event

DAY = 25 * 3600.0
FEW, MANY = 10, 110


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements that are sent to a store meanwhile."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield sent
    event.remove(Engine, "before_cursor_execute", note)


def restored(bench: Any, ids: list[str]) -> None:
    """The shop is put back to a backup from before all its customers were edited."""
    shop = bench.control("shop")
    shop.keep()
    for ident in ids:
        shop.edit("customers", ident, {"note": "newer"})
    bench.settle()
    shop.go_back()


def merged(bench: Any, ids: list[str]) -> None:
    """Half of the customers were merged into the others, and are two in the ERP still."""
    for one, other in zip(ids[::2], ids[1::2], strict=True):
        bench.control("shop").merge("customers", one, other)
    bench.clock.advance(DAY)
    bench.sync()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("happen", "what"), [(restored, "plan"), (merged, "sync")])
def test_the_store_is_asked_as_often_for_many_records_as_for_few(
    make: Callable[..., Any],
    tmp_path: Path,
    happen: Callable[[Any, list[str]], None],
    what: Literal["plan", "sync"],
) -> None:
    asked = []
    for count in (FEW, MANY):
        bench = make()
        bench.source["store"] = {"url": f"sqlite:///{tmp_path / f'{count}.db'}"}
        ids = [
            bench.control("shop").create("customers", {"name": f"K {n}", "email": f"k{n}@x.no"})
            for n in range(count)
        ]
        bench.settle()
        happen(bench, ids)
        bench.clock.advance(DAY)
        with bench.runner() as runner, counted() as sent:
            getattr(runner, what)()
        asked.append(len(sent))
    few, many = asked
    assert many - few < (MANY - FEW) / 2


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_run_that_finds_an_edit_looks_through_no_table_of_records(
    bench: Any, database: Any
) -> None:
    shop = bench.control("shop")
    ids = [shop.create("customers", {"name": f"K {n}", "email": f"k{n}@x.no"}) for n in range(3)]
    bench.settle()
    shop.edit("customers", ids[1], {"note": "newer"})
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith("SELECT"):
            asked.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", note)
    bench.sync()
    event.remove(Engine, "before_cursor_execute", note)
    assert bench.erp("customers", remark="newer")

    scans = set()
    with closing(sqlite3.connect(database.path)) as store:
        for statement, parameters in asked:
            for *_, step in store.execute(f"EXPLAIN QUERY PLAN {statement}", parameters):
                if re.match("SCAN (links|golden|keys)(?! USING INDEX (links|golden)_)", step):
                    scans.add(" ".join(statement.split()))
    assert not scans
