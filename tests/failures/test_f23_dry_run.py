"""F23: the dry run writes, or lies.

A plan sends nothing that could change anything; it is the same when it is made again; and `sync`
does its operations, all of them and no others, with the values that it showed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture
def bench(make: Callable[..., Any]) -> Any:
    """Two systems that agree, and then creates, edits, a conflict and stock on both sides."""
    found = make("shop", "erp")
    shop, erp = found.control("shop"), found.control("erp")
    goods = shop.create("products", {"sku": "S-1", "title": "Stol", "price": "10.00"})
    for number in range(3):
        record = {"name": f"Kunde {number}", "email": f"k{number}@example.no"}
        buyer = shop.create("customers", record)
    line = {"product_id": goods, "quantity": "1", "unit_price": "10.00", "text": "Stol"}
    shop.create("orders", {"customer_id": buyer, "lines": [line]})
    found.quiet()
    found.clock.advance(3600)
    there = str(found.row("erp", name="Kunde 1")["customerId"])
    erp.edit("customers", there, {"remark": "fra regnskapet", "phone": "22334455"})
    shop.edit("customers", found.row("shop", name="Kunde 1")["id"], {"note": "fra butikken"})
    erp.adjust("products", str(found.row("erp", "products")["productId"]), "onHand", 5)
    shop.edit("products", goods, {"price": "12.50"})
    new = erp.create("customers", {"name": "Ny", "email": "ny@example.no"})
    erp.create("orders", {"customerId": int(new), "lines": [], "remark": "ny ordre"})
    (order,) = shop.dump("orders")
    shop.edit("orders", order["id"], {"lines": [{**order["lines"][0], "quantity": "3"}]})
    found.reset()
    return found


def shown(plan: Any) -> list[Any]:
    """What people see of a plan: new records have a name, and an id only when they are made."""
    return [(o.system, o.entity, o.kind, o.record, o.id, o.changes, o.reason) for o in plan]


def everything(bench: Any) -> dict[str, list[Any]]:
    kinds = ("customers", "products", "orders")
    return {system: [bench.rows(system, kind) for kind in kinds] for system in bench.twins}


def methods(bench: Any) -> list[str]:
    """What the systems are asked from now on."""
    asked: list[str] = []
    for faults in bench.faults.values():
        faults.on_request = lambda call: asked.append(call.method)
    return asked


def test_a_plan_sends_nothing_that_could_change_anything(bench: Any) -> None:
    asked = methods(bench)
    before = everything(bench)
    with bench.runner() as runner:
        assert len(runner.plan()) > 4
    assert set(asked) == {"GET"}
    assert bench.writes() == {"shop": 0, "erp": 0}
    assert everything(bench) == before


def test_a_plan_is_the_same_when_it_is_made_again(bench: Any) -> None:
    with bench.runner() as runner:
        first, again = runner.plan(), runner.plan()
        assert first.digest == again.digest
        assert shown(first) == shown(again)
    with bench.runner() as runner:
        assert runner.plan().digest == first.digest


def test_a_run_does_the_operations_of_the_plan_and_no_others(bench: Any) -> None:
    with bench.runner() as runner:
        plan = runner.plan()
        operations = list(plan)
        assert {each.kind for each in operations} == {"create", "update", "adjust"}
        assert dict(plan.counts) == {
            place: sum((o.system, o.entity, o.kind) == place for o in operations)
            for place in plan.counts
        }
        report = runner.sync(approve=True)
    done, shown_ones = Counter(report.written), Counter(plan.counts)
    assert not shown_ones - done
    # What systems number by themselves is carried on in the same run, and not known before.
    assert done - shown_ones == {("erp", "Order", "update"): 1}
    assert bench.quiet() == 0


def test_values_arrive_as_the_plan_showed_them(bench: Any) -> None:
    with bench.runner() as runner:
        planned = {
            (each.system, each.entity, change.property): change.after
            for each in runner.plan()
            for change in each.changes
            if each.kind == "update"
        }
        runner.sync(approve=True)
    assert planned["shop", "Customer", "phone"] == bench.row("shop", name="Kunde 1")["phone"]
    price = bench.row("erp", "products")["salesPriceMinor"]
    assert float(planned["erp", "Product", "unit_price"]) * 100 == float(price)
