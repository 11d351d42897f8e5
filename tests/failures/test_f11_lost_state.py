"""F11: a lost cursor, a backup that was put back, a system that was made anew.

Our store is lost, or restored from an hour ago; theirs is restored from an hour ago, or empty. Each
ends without a duplicate and without a deletion elsewhere: everything is read and matched again, and
what a system does not have any more is shown, not made anew and not deleted in the others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from talk_sdk.operations import Simulator
from talk_sdk.testing.neutral import World

DAY = 25 * 3600.0
FILES = ("talk.db", "talk.db-wal", "talk.db-shm")


def people(bench: Any, first: int, count: int) -> None:
    for number in range(first, first + count):
        record = {"name": f"Kunde {number}", "email": f"k{number}@example.no"}
        bench.control("shop").create("customers", record)


def empty(bench: Any, system: str, connector: str) -> None:
    """The same account, with nothing in it."""
    before = bench.twins[system]
    fresh = bench.plugins.connectors[connector].hooks.talk_simulator(
        world=World((), (), ()), clock=bench.clock.offset(0.0), faults=bench.faults[system]
    )
    bench.twins[system] = Simulator(fresh.app, before.settings, fresh.control)


def test_our_store_is_lost(pair: Any, tmp_path: Path) -> None:
    people(pair, 0, 3)
    pair.quiet()
    for name in FILES:
        (tmp_path / name).unlink(missing_ok=True)
    pair.quiet_for_good()
    assert pair.counts() == {"shop": 3, "erp": 3}
    assert not pair.status().conflicts


def test_our_store_is_restored_from_before_creates_edits_and_deletions(
    make: Callable[..., Any], tmp_path: Path, follow: Mapping[str, Any]
) -> None:
    bench = make("shop", "outlet", settings={"outlet": follow})
    people(bench, 0, 3)
    bench.quiet()
    before = {name: (tmp_path / name).read_bytes() for name in FILES if (tmp_path / name).exists()}
    people(bench, 3, 2)
    bench.control("shop").edit("customers", bench.row("shop", name="Kunde 0")["id"], {"note": "ny"})
    bench.control("shop").delete("customers", bench.row("shop", name="Kunde 1")["id"])
    bench.sync(after=DAY)
    bench.quiet_for_good()
    assert bench.counts() == {"shop": 4, "outlet": 4}
    for name in FILES:
        (tmp_path / name).unlink(missing_ok=True)
    for name, content in before.items():
        (tmp_path / name).write_bytes(content)
    bench.sync(after=DAY)
    bench.quiet_for_good()
    for system in ("shop", "outlet"):
        names = sorted(row["name"] for row in bench.rows(system))
        assert names == ["Kunde 0", "Kunde 2", "Kunde 3", "Kunde 4"], system
        assert bench.row(system, name="Kunde 0")["note"] == "ny"


@pytest.mark.parametrize("on_delete", ["ignore", "delete"])
def test_their_store_is_empty_all_of_a_sudden(
    make: Callable[..., Any], follow: Mapping[str, Any], on_delete: str
) -> None:
    settings = {"shop": follow} if on_delete == "delete" else {}
    bench = make("shop", "erp", settings=settings)
    people(bench, 0, 12)
    bench.quiet()
    empty(bench, "erp", "customerp")
    bench.clock.advance(DAY)
    with bench.runner() as runner:
        plan = runner.plan()
        said = [*(skip.reason for skip in plan.skips), *plan.problems]
    report = bench.sync(after=DAY)
    assert bench.counts() == {"shop": 12, "erp": 0}
    if on_delete == "delete":
        assert report.problems[0].startswith("12 of 12 customer records would be deleted")
    else:
        assert set(said) == {"it was deleted there and is not made anew"}
    assert len(bench.status().dead_links) == 12


def test_their_store_is_restored_from_before_our_creates(make: Callable[..., Any]) -> None:
    """What was created there since is gone, and its id is given to the next record."""
    bench = make("shop", "outlet")
    people(bench, 0, 3)
    bench.quiet()
    gone = bench.row("outlet", name="Kunde 2")["id"]
    outlet = bench.control("outlet")
    outlet.delete("customers", gone)
    outlet.recycle("customers", gone)
    bench.clock.advance(3600)
    assert outlet.create("customers", {"name": "Ny", "email": "ny@example.no"}) == gone
    bench.sync(after=DAY)
    bench.quiet_for_good()
    names = {"Kunde 0", "Kunde 1", "Kunde 2", "Ny"}
    assert {row["name"] for row in bench.rows("shop")} == names
    assert {row["name"] for row in bench.rows("outlet")} == names - {"Kunde 2"}


def test_their_store_is_restored_from_before_edits_of_records_that_are_there(
    make: Callable[..., Any],
) -> None:
    """An older state that was put back is nobody's edit: what is newer elsewhere is written again.

    What somebody has typed since is, as always.
    """
    bench = make("shop", "outlet", "erp")
    people(bench, 0, 3)
    shop, outlet = bench.control("shop"), bench.control("outlet")
    goods = shop.create("products", {"sku": "S-1", "title": "Stol", "price": "10.00"})
    lines = [{"product_id": goods, "quantity": "1", "unit_price": "10.00", "text": "Stol"}]
    buyer = bench.row("shop", name="Kunde 0")["id"]
    order = shop.create("orders", {"customer_id": buyer, "lines": lines, "note": "old"})
    bench.quiet()
    outlet.keep()
    bench.clock.advance(3600)
    shop.edit("customers", buyer, {"note": "newer than the backup"})
    (line,) = bench.row("shop", "orders")["lines"]
    shop.edit("orders", order, {"note": "newer", "lines": [{**line, "quantity": "7"}]})
    bench.quiet()
    outlet.go_back()
    typed = bench.row("outlet", name="Kunde 1")["id"]
    outlet.edit("customers", typed, {"note": "typed after the restore"})
    bench.sync(after=DAY)
    bench.quiet_for_good()
    for system, note in (("shop", "note"), ("outlet", "note"), ("erp", "remark")):
        notes = {row["name"]: row[note] for row in bench.rows(system)}
        assert notes["Kunde 0"] == "newer than the backup", system
        assert notes["Kunde 1"] == "typed after the restore", system
        (deal,) = bench.rows(system, "orders")
        assert deal[note] == "newer", system
        quantities = [float(each.get("quantity") or each.get("qty")) for each in deal["lines"]]
        assert quantities == [7.0], system


def test_their_store_is_restored_from_before_edits_of_a_record_at_rest(
    make: Callable[..., Any],
) -> None:
    """Nobody else has seen them, so they are gone: what the record says is what it said then."""
    flow = {"from": "shop.Customer", "to": "outlet.Customer", "filter": "website != 'closed'"}
    bench = make("shop", "outlet", config={"dataflow": [flow]})
    people(bench, 0, 1)
    bench.quiet()
    shop = bench.control("shop")
    shop.keep()
    bench.clock.advance(3600)
    shop.edit("customers", bench.row("shop")["id"], {"website": "closed", "note": "at rest"})
    bench.quiet()
    shop.go_back()
    bench.sync(after=DAY)
    bench.quiet_for_good()
    assert [bench.row(system)["note"] for system in bench.twins] == [None, None]
    assert bench.status().dormant == {}
    with bench.runner() as runner:
        assert runner.reconcile().counts == {}
