"""Undo: what a run has changed reads as before it in all systems, unless it was edited since."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from talk_sdk.errors import ConfigError
from talk_sdk.reports import Report, Undo


def undo(bench: Any, run: str) -> Undo:
    """Undo a run, and make sure that nothing comes after it."""
    bench.clock.advance(90)
    with bench.runner() as runner:
        done: Undo = runner.undo(run, approve=True)
    assert bench.settle() == 0
    return done


def restored(done: Undo) -> list[tuple[str, Any, Any]]:
    return [(each.property, each.before, each.after) for each in done.restored]


def kept(done: Undo) -> list[tuple[str, str]]:
    return [(each.property, each.reason) for each in done.kept]


def names(bench: Any) -> list[str]:
    every = (bench.control(system).dump("customers") for system in bench.twins)
    return [row["name"] for rows in every for row in rows]


def edited(bench: Any, **fields: Any) -> Report:
    """An edit in the shop, carried on."""
    bench.control("shop").edit("customers", bench.here, fields)
    report: Report = bench.sync()
    return report


@pytest.fixture
def ola(bench: Any) -> Any:
    """A customer of both systems."""
    bench.here = bench.control("shop").create("customers", {"name": "Ola", "email": "ola@x.no"})
    bench.settle()
    (row,) = bench.control("erp").dump("customers")
    bench.there = str(row["customerId"])
    return bench


def test_an_edit_is_undone_in_every_system(make: Callable[..., Any]) -> None:
    three = {"shop": "customwebshop", "erp": "customerp", "outlet": "customwebshop"}
    bench = make(systems=three)
    bench.here = bench.control("shop").create("customers", {"name": "Ola", "email": "ola@x.no"})
    bench.settle()
    report = edited(bench, name="Kari", phone="22000001")
    assert names(bench) == ["Kari", "Kari", "Kari"]
    done = undo(bench, report.run)
    assert restored(done) == [("name", "Kari", "Ola"), ("phone", "+4722000001", None)]
    assert (done.undone.kind, done.undone.written, kept(done)) == ("sync", 2, [])
    assert names(bench) == ["Ola", "Ola", "Ola"]


def test_a_plan_of_it_tells_everything_and_writes_nothing(ola: Any) -> None:
    report = edited(ola, name="Kari")
    ola.clock.advance(90)
    ola.reset()
    with ola.runner() as runner:
        found = runner.plan_undo(report.run)
        assert found.plan is not None
        writes = [(o.system, o.kind, [c.after for c in o.changes]) for o in found.plan]
    assert writes == [("shop", "update", ["Ola"]), ("erp", "update", ["Ola"])]
    assert (restored(found), found.report) == ([("name", "Kari", "Ola")], None)
    assert ola.writes() == {"shop": 0, "erp": 0}
    assert (ola.settle(), names(ola)) == (0, ["Kari", "Kari"])


def test_an_edit_since_is_kept_and_named(ola: Any) -> None:
    report = edited(ola, name="Kari", note="ny")
    ola.control("erp").edit("customers", ola.there, {"name": "Anne"})
    done = undo(ola, report.run)
    assert restored(done) == [("notes", "ny", None)]
    assert kept(done) == [("name", "it was edited since, by erp")]
    assert names(ola) == ["Anne", "Anne"]


def test_a_repeat_changes_nothing_and_an_undo_is_undone(ola: Any) -> None:
    report = edited(ola, name="Kari")
    first = undo(ola, report.run)
    again = undo(ola, report.run)
    assert (restored(again), names(ola)) == ([], ["Ola", "Ola"])
    assert again.report is not None
    assert not again.report.written
    assert first.report is not None
    back = undo(ola, first.report.run)
    assert restored(back) == [("name", "Ola", "Kari")]
    assert names(ola) == ["Kari", "Kari"]


def test_the_settlement_of_a_conflict_is_undone(ola: Any) -> None:
    ola.control("shop").edit("customers", ola.here, {"name": "A"})
    ola.clock.advance(300)
    ola.control("erp").edit("customers", ola.there, {"name": "B"})
    report = ola.sync()
    assert (report.conflicts, names(ola)) == (1, ["B", "B"])
    assert restored(undo(ola, report.run)) == [("name", "B", "Ola")]
    assert names(ola) == ["Ola", "Ola"]


def test_a_count_goes_back_by_what_it_was_moved_by(bench: Any) -> None:
    shop = bench.control("shop")
    goods = shop.create("products", {"sku": "S-1", "title": "Stol", "stock_quantity": 10})
    bench.settle()
    shop.adjust("products", goods, "stock_quantity", 5)
    report = bench.sync()
    shop.adjust("products", goods, "stock_quantity", -2)
    done = undo(bench, report.run)
    assert restored(done) == [("stock", "13", "8")]
    assert shop.dump("products")[0]["stock_quantity"] == 8
    assert bench.control("erp").dump("products")[0]["onHand"] == 8
    assert restored(undo(bench, report.run)) == []
    assert done.report is not None
    assert restored(undo(bench, done.report.run)) == [("stock", "8", "13")]
    assert restored(undo(bench, report.run)) == [("stock", "13", "8")]


def test_what_waits_for_another_record_waits_on(ola: Any) -> None:
    report = edited(ola, name="Kari")
    ola.source["systems"]["erp"]["entities"] = {"Customer": {"create": False}}
    buyer = ola.control("shop").create("customers", {"name": "Per", "email": "per@x.no"})
    line = {"text": "Arbeid", "quantity": "1", "unit_price": "10.00"}
    ola.control("shop").create("orders", {"customer_id": buyer, "lines": [line]})
    ola.settle()
    before = ola.open()
    assert before == {"parked": 1}
    with ola.runner() as runner:
        assert runner.undo(report.run, approve=True).restored
    assert ola.open() == before


@pytest.fixture
def order(ola: Any) -> Any:
    """An order of both systems, with two lines."""
    shop = ola.control("shop")
    goods = [
        shop.create("products", {"sku": f"S-{n}", "title": title})
        for n, title in enumerate(("Stol", "Bord", "Lampe"))
    ]
    ola.lines = [
        {"product_id": each, "quantity": "1", "unit_price": "10.00", "text": each} for each in goods
    ]
    ola.order = shop.create("orders", {"customer_id": ola.here, "lines": ola.lines[:2]})
    ola.settle()
    return ola


def test_who_is_referred_to_is_named(order: Any) -> None:
    per = order.control("shop").create("customers", {"name": "Per", "email": "per@x.no"})
    order.control("shop").edit("orders", order.order, {"customer_id": per})
    names = (f"shop.Customer:{per}", f"shop.Customer:{order.here}")
    assert restored(undo(order, order.sync().run)) == [("customer", *names)]


def quantities(bench: Any) -> tuple[list[float], list[float]]:
    (there,) = bench.control("erp").dump("orders")
    here = bench.shop("orders", id=bench.order)
    return [float(x["quantity"]) for x in here["lines"]], [float(x["qty"]) for x in there["lines"]]


def test_a_line_that_was_deleted_is_there_again(order: Any) -> None:
    line = {**order.shop("orders", id=order.order)["lines"][0], "quantity": "3"}
    order.control("shop").edit("orders", order.order, {"lines": [line]})
    report = order.sync()
    assert quantities(order) == ([3], [3])
    done = undo(order, report.run)
    assert sorted(restored(done)) == [("existence", False, True), ("quantity", "3", "1")]
    assert quantities(order) == ([1, 1], [1, 1])
    assert done.report is not None
    undo(order, done.report.run)
    assert quantities(order) == ([3], [3])


def test_an_undo_that_was_undone_is_done_once_more_down_to_the_lines(order: Any) -> None:
    shop = order.control("shop")
    first, _ = order.shop("orders", id=order.order)["lines"]
    before = quantities(order)
    shop.edit("orders", order.order, {"lines": [{**first, "quantity": "3"}, order.lines[2]]})
    run = order.sync().run
    order.settle()
    after = quantities(order)
    done = undo(order, run)
    for _ in range(2):
        assert (quantities(order), kept(done)) == (before, [])
        assert done.report is not None
        again = undo(order, done.report.run)
        assert (quantities(order), kept(again)) == (after, [])
        done = undo(order, run)


@pytest.mark.parametrize("edited", [False, True])
def test_a_line_that_was_added_goes_unless_it_was_edited_since(order: Any, edited: bool) -> None:
    shop = order.control("shop")
    lines = order.shop("orders", id=order.order)["lines"]
    shop.edit("orders", order.order, {"lines": [*lines, order.lines[2]]})
    report = order.sync()
    assert quantities(order) == ([1, 1, 1], [1, 1, 1])
    if edited:
        *lines, last = order.shop("orders", id=order.order)["lines"]
        shop.edit("orders", order.order, {"lines": [*lines, {**last, "quantity": "5"}]})
        order.settle()
    done = undo(order, report.run)
    if edited:
        assert kept(done) == [("existence", "the line was edited since it was added")]
        assert quantities(order) == ([1, 1, 5], [1, 1, 5])
    else:
        assert restored(done) == [("existence", True, False)]
        assert quantities(order) == ([1, 1], [1, 1])


def test_what_was_created_or_deleted_stays_and_is_named(make: Callable[..., Any]) -> None:
    bench = make(settings={"erp": {"entities": {"Customer": {"on_delete": "archive"}}}})
    here = bench.control("shop").create("customers", {"name": "Ola", "email": "ola@x.no"})
    report = bench.sync()
    (row,) = bench.control("erp").dump("customers")
    done = undo(bench, report.run)
    assert kept(done) == [
        ("", f"it was created in erp as {row['customerId']}, and stays: delete it there by hand")
    ]
    assert (restored(done), len(names(bench))) == ([], 2)
    bench.control("shop").delete("customers", here)
    bench.clock.advance(25 * 3600)
    archived = bench.sync()
    done = undo(bench, archived.run)
    assert ("active", "it was archived in erp: put it to use again there") in kept(done)


def test_what_cannot_be_written_there_keeps_its_value_and_is_named(
    make: Callable[..., Any],
) -> None:
    bench = make(settings={"shop": {"entities": {"Customer": {"update": False}}}})
    bench.here = bench.control("shop").create("customers", {"name": "Ola", "email": "ola@x.no"})
    bench.settle()
    report = edited(bench, name="Kari")
    done = undo(bench, report.run)
    assert kept(done) == [("name", f"shop.Customer:{bench.here} keeps it: nothing writes it there")]
    assert names(bench) == ["Kari", "Ola"]


def test_runs_are_listed_and_named_by_how_their_ids_begin(ola: Any) -> None:
    report = edited(ola, name="Kari")
    with ola.runner() as runner:
        ran = runner.runs()
        assert (ran[0].id, ran[0].kind, ran[0].outcome, ran[0].written) == (
            report.run, "sync", "done", 1,
        )  # fmt: skip
        with pytest.raises(ConfigError, match="Several runs begin with 01"):
            runner.plan_undo(report.run[:2])
        with pytest.raises(ConfigError, match="There is no run nothing"):
            runner.undo("nothing")
        assert runner.plan_undo(report.run[:-1]).undone == ran[0]


def test_why_tells_of_an_undo(ola: Any) -> None:
    report = edited(ola, name="Kari")
    undo(ola, report.run)
    with ola.runner() as runner:
        (name,) = runner.why("shop", "Customer", ola.here, "name").properties
    assert (name.value, name.source) == ("Ola", "you")
    moment = next(m for m in name.moments if m.kind == "undo")
    assert (moment.before, moment.after, moment.words) == ("Kari", "Ola", f"undid run {report.run}")
