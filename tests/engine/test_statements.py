"""How often the store is asked does not grow with the records that something happened to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
