"""Reconcile: what a full compare finds, how much a repair may do, and what it leaves alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from talk_sdk.reports import Reconciliation
from talk_sdk.testing.faults import Fault
from talk_sdk.testing.world import awkward_world

HOUR = 3600.0


def reconcile(bench: Any, **parts: Any) -> Reconciliation:
    bench.clock.advance(90)
    bench.reset()
    with bench.runner() as runner:
        found: Reconciliation = runner.reconcile(**parts)
    return found


def told(found: Reconciliation) -> list[tuple[str, str, str]]:
    return sorted((d.kind, f"{d.system}.{d.entity}", d.property) for d in found.divergences)


def damage(bench: Any, statement: str) -> None:
    engine = create_engine(bench.source["store"]["url"])
    with engine.begin() as connection:
        assert connection.execute(text(statement)).rowcount
    engine.dispose()


def many(bench: Any, count: int = 4) -> list[str]:
    """Customers of both systems; a later one has moved the cursors past them."""
    shop = bench.control("shop")
    found = [
        shop.create("customers", {"name": f"K {n}", "email": f"k{n}@x.no"}) for n in range(count)
    ]
    bench.settle()
    bench.clock.advance(HOUR)
    shop.create("customers", {"name": "Sist", "email": "sist@x.no"})
    bench.settle()
    return found


def remarks(bench: Any) -> set[str]:
    return {row["remark"] for row in bench.control("erp").dump("customers") if row["remark"]}


def test_a_compare_writes_nothing_and_the_next_sync_goes_on_as_if_there_had_been_none(
    bench: Any,
) -> None:
    first, *_ = many(bench)
    bench.control("shop").tamper("customers", first, {"note": "stille"})
    damage(bench, "UPDATE golden SET data = replace(data, 'K 1', 'K X')")
    with bench.runner() as runner:
        bench.clock.advance(90)
        bench.reset()
        found = runner.reconcile()
        assert found.plan is not None
        planned = [(o.system, o.kind, o.changes[0].after) for o in found.plan]
    assert planned == [("erp", "update", "stille")]
    assert told(found) == [
        ("different", "shop.Customer", "name"), ("missed", "shop.Customer", "notes"),
    ]  # fmt: skip
    assert (found.outcome, found.repaired, found.report) == ("open", 0, None)
    assert found.compared == {
        (system, entity): 5 if entity == "Customer" else 0
        for system in ("shop", "erp") for entity in ("Customer", "Product", "Order")
    }  # fmt: skip
    assert bench.writes() == {"shop": 0, "erp": 0}
    assert (bench.settle(), remarks(bench)) == (0, set())


def test_too_many_are_repaired_only_when_they_are_approved(make: Callable[..., Any]) -> None:
    bench = make(config={"brakes": {"repairs": 2, "repairs_percent": 0}})
    for number, ident in enumerate(many(bench)[:3]):
        bench.control("shop").tamper("customers", ident, {"note": f"nr. {number}"})
    for approved in (0, 2):
        found = reconcile(bench, repair=True, approve_repairs=approved)
        assert (found.outcome, found.repaired, bench.writes()["erp"]) == ("stopped", 0, 0)
        assert "3 of 5 customer records differ, and without approval 2" in found.problems[0]
    assert bench.settle() == 0
    found = reconcile(bench, repair=True, approve_repairs=3)
    assert (found.outcome, found.repaired) == ("done", 3)
    assert remarks(bench) == {"nr. 0", "nr. 1", "nr. 2"}


@pytest.mark.parametrize("nth", [None, 2], ids=["at once", "in the full read"])
def test_what_could_not_be_read_to_its_end_is_not_compared(bench: Any, nth: int | None) -> None:
    first, *_ = many(bench)
    bench.control("shop").tamper("customers", first, {"note": "stille"})
    bench.faults["shop"].plan([Fault(kind="malformed", path="/customers", nth=nth)])
    found = reconcile(bench, repair=True)
    assert (found.outcome, told(found), found.repaired) == ("stopped", [], 0)
    assert ("shop", "Customer") not in found.compared
    assert ("erp", "Customer") in found.compared
    bench.faults["shop"].plan([])
    assert told(reconcile(bench)) == [("missed", "shop.Customer", "notes")]


def test_what_a_sync_sees_by_itself_is_no_divergence(bench: Any) -> None:
    first, *_ = many(bench)
    bench.control("shop").edit("customers", first, {"note": "nettopp"})
    bench.control("erp").create("customers", {"name": "Ny", "email": "ny@x.no"})
    found = reconcile(bench)
    assert (found.outcome, found.counts) == ("done", {})
    found = reconcile(bench, repair=True)
    assert (found.outcome, found.counts, remarks(bench)) == ("done", {}, {"nettopp"})
    assert bench.settle() == 0


def test_what_waits_for_a_person_is_no_divergence(make: Callable[..., Any]) -> None:
    bench = make(config={"conflicts": {"default": "ask"}})
    first, *_ = many(bench)
    there = bench.erp("customers", name="K 0")["customerId"]
    bench.control("shop").edit("customers", first, {"note": "A"})
    bench.control("erp").edit("customers", there, {"remark": "B"})
    bench.sync()
    assert bench.open() == {"conflicts": 1}
    found = reconcile(bench, repair=True)
    assert (found.outcome, found.counts) == ("done", {})
    assert bench.shop("customers", name="K 0")["note"] == "A"
    assert remarks(bench) == {"B"}


def test_a_deletion_that_no_read_has_shown_is_found(make: Callable[..., Any]) -> None:
    bench = make(settings={"erp": {"entities": {"Customer": {"on_delete": "archive"}}}})
    first, *_ = many(bench)
    bench.control("shop").delete("customers", first)
    assert bench.settle() == 0
    found = reconcile(bench)
    assert told(found) == [("gone", "shop.Customer", "")]
    assert reconcile(bench, repair=True).repaired == 1
    assert bench.erp("customers", name="K 0")["blocked"] is True
    again = reconcile(bench, repair=True)
    assert (again.outcome, again.counts, bench.settle()) == ("done", {}, 0)


@pytest.fixture
def order(bench: Any) -> Any:
    """An order of both systems, with a line; a later one has moved the cursors past it."""
    shop = bench.control("shop")
    buyer = shop.create("customers", {"name": "Ola", "email": "ola@x.no"})
    goods = shop.create("products", {"sku": "S-1", "title": "Stol"})
    line = {"product_id": goods, "quantity": "2", "unit_price": "10.00", "text": "Stol"}
    bench.order = shop.create("orders", {"customer_id": buyer, "lines": [line]})
    bench.settle()
    bench.clock.advance(HOUR)
    shop.create("orders", {"customer_id": buyer, "lines": [{**line, "text": "Krakk"}]})
    bench.settle()
    assert reconcile(bench).counts == {}
    return bench


def test_a_line_that_was_changed_unseen_is_found_and_carried_on(order: Any) -> None:
    here = order.shop("orders", id=order.order)
    order.control("shop").tamper(
        "orders", order.order, {"lines": [{**here["lines"][0], "quantity": "7"}]}
    )
    assert order.settle() == 0
    assert told(reconcile(order, repair=True)) == [("missed", "shop.Order", "lines")]
    quantities = {line["qty"] for o in order.control("erp").dump("orders") for line in o["lines"]}
    assert {str(each) for each in quantities} == {"2", "7"}
    assert (order.settle(), reconcile(order).counts) == (0, {})


def test_a_damaged_line_of_ours_is_put_right(order: Any) -> None:
    damage(order, "UPDATE golden SET data = replace(data, 'Krakk', 'Krykke')")
    found = reconcile(order, repair=True)
    assert told(found) == [("different", "shop.Order.lines", "description")]
    assert (found.outcome, order.writes()) == ("done", {"shop": 0, "erp": 0})
    damage(order, "UPDATE golden SET state = 'deleted' WHERE data LIKE '%Krakk%'")
    found = reconcile(order, repair=True)
    assert {kind for kind, _, _ in told(found)} == {"different"}
    assert (reconcile(order).counts, order.settle()) == ({}, 0)


def test_a_first_write_has_to_be_approved_by_a_repair_too(bench: Any) -> None:
    bench.control("shop").create("customers", {"name": "Ola", "email": "ola@x.no"})
    found = reconcile(bench, repair=True)
    assert "has to be approved" in found.problems[0]
    assert bench.writes() == {"shop": 0, "erp": 0}
    found = reconcile(bench, repair=True, approve=True)
    assert (found.outcome, bench.writes()["erp"]) == ("done", 1)


def test_why_tells_that_a_compare_has_found_it(bench: Any) -> None:
    first, *_ = many(bench)
    bench.control("shop").tamper("customers", first, {"note": "stille"})
    reconcile(bench, repair=True)
    with bench.runner() as runner:
        (notes,) = runner.why("shop", "Customer", first, "notes").properties
    assert [(m.kind, m.system, m.after) for m in notes.moments] == [
        ("reconcile", "shop", "stille"), ("merge", "shop", "stille"), ("write", "erp", "stille"),
    ]  # fmt: skip


def test_accounts_as_they_really_are_do_not_differ_once_they_are_quiet(
    make: Callable[..., Any],
) -> None:
    bench = make(world=awkward_world(3, 40, 20, 40))
    bench.settle()
    found = reconcile(bench, repair=True)
    assert (found.outcome, found.counts, bench.writes()) == ("done", {}, {"shop": 0, "erp": 0})
    assert sum(found.compared.values()) > 100


def test_lines_that_wait_with_their_order_are_no_divergence(bench: Any) -> None:
    line = {"text": "Arbeid", "quantity": "1", "unit_price": "10.00"}
    shop = bench.control("shop")
    ola = shop.create("customers", {"name": "Ola", "email": "ola@x.no"})
    order = shop.create("orders", {"customer_id": ola, "lines": [line]})
    bench.settle()
    bench.source["systems"]["erp"]["entities"] = {"Customer": {"create": False}}
    buyer = shop.create("customers", {"name": "Per", "email": "per@x.no"})
    shop.edit("orders", order, {"customer_id": buyer, "lines": [line, {**line, "text": "Mer"}]})
    bench.settle()
    assert bench.open() == {"parked": 1}
    assert told(reconcile(bench)) == []


def test_who_is_referred_to_is_named(bench: Any) -> None:
    ids = many(bench, 2)
    line = {"text": "Arbeid", "quantity": "1", "unit_price": "10.00"}
    for ident in ids:
        bench.control("shop").create("orders", {"customer_id": ident, "lines": [line]})
    bench.settle()
    first = "(SELECT id FROM golden WHERE origin = 'shop.Customer:%s')"
    a, b = (first % ident for ident in ids)
    damage(bench, f"UPDATE golden SET data = replace(data, {a}, {b}) WHERE concept = 'order'")
    (found,) = reconcile(bench).divergences
    names = tuple(f"shop.Customer:{ident}" for ident in reversed(ids))
    assert (found.property, found.ours, found.theirs) == ("customer", *names)
