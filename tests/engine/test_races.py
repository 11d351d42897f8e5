"""Edits that are typed while a run is under way: merged first, never written over, never hidden."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from talk_sdk.testing.faults import Fault


def meanwhile(bench: Any, name: str, act: Callable[[], Any]) -> None:
    """A run in which something happens when it comes to a step for the first time."""
    done: list[str] = []

    def step(passed: str) -> None:
        if passed == name and not done:
            done.append(passed)
            act()

    bench.sync(step=step)
    assert done


@pytest.fixture
def customer(bench: Any) -> tuple[str, str]:
    """A customer that both systems have: ids in the shop and in the ERP."""
    here = bench.control("shop").create("customers", {"name": "Ola", "email": "o@example.no"})
    bench.settle()
    return here, str(bench.erp("customers")["customerId"])


@pytest.fixture
def order(bench: Any, customer: tuple[str, str]) -> tuple[str, str]:
    """An order, which has no version in the ERP."""
    here = bench.control("shop").create("orders", {"customer_id": customer[0], "lines": []})
    bench.settle()
    return here, str(bench.erp("orders")["orderId"])


def test_what_is_edited_right_before_a_write_is_not_written_over(
    bench: Any, order: tuple[str, str]
) -> None:
    here, there = order
    shop, erp = bench.control("shop"), bench.control("erp")
    shop.edit("orders", here, {"note": "fra butikken"})
    meanwhile(bench, "plan", lambda: erp.edit("orders", there, {"remark": "fra regnskapet"}))
    assert bench.erp("orders")["remark"] == "fra regnskapet"
    bench.settle()
    assert bench.shop("orders")["note"] == bench.erp("orders")["remark"] == "fra regnskapet"
    assert [reason.partition(":")[0] for reason in bench.conflicts()] == ["notes"]


def test_an_edit_of_something_else_is_not_hidden_by_the_answer_to_a_write(
    bench: Any, order: tuple[str, str]
) -> None:
    here, there = order
    bench.control("shop").edit("orders", here, {"note": "fra butikken"})
    edit = {"yourReference": "Kari i regnskapet"}
    meanwhile(bench, "plan", lambda: bench.control("erp").edit("orders", there, edit))
    bench.settle()
    assert bench.shop("orders")["customer_reference"] == "Kari i regnskapet"
    assert bench.erp("orders")["remark"] == "fra butikken"
    assert bench.conflicts() == []


def test_a_write_that_a_newer_version_refuses_is_merged_by_the_next_run(
    bench: Any, customer: tuple[str, str]
) -> None:
    here, there = customer
    bench.control("erp").edit("customers", there, {"remark": "fra regnskapet"})
    bench.clock.advance(600)
    edit = {"note": "fra butikken"}
    meanwhile(bench, "plan", lambda: bench.control("shop").edit("customers", here, edit))
    assert bench.shop("customers")["note"] == "fra butikken"
    bench.settle()
    assert bench.erp("customers")["remark"] == "fra butikken"
    assert [reason.partition(":")[0] for reason in bench.conflicts()] == ["notes"]


def test_a_sale_that_nobody_has_seen_is_counted_though_the_stock_is_written(bench: Any) -> None:
    shop, erp = bench.control("shop"), bench.control("erp")
    here = shop.create("products", {"sku": "S-1", "title": "Stol", "stock_quantity": 10})
    bench.settle()
    there = str(bench.erp("products")["productId"])
    erp.adjust("products", there, "onHand", 5)
    meanwhile(bench, "plan", lambda: shop.adjust("products", here, "stock_quantity", -2))
    bench.settle()
    assert int(bench.shop("products")["stock_quantity"]) == 13
    assert int(bench.erp("products")["onHand"]) == 13


def test_a_list_that_changes_right_before_it_is_written_is_merged_first(
    bench: Any, customer: tuple[str, str]
) -> None:
    """The ERP takes a list as a whole, and its orders have no version."""
    shop, erp = bench.control("shop"), bench.control("erp")
    line = {"quantity": "1", "unit_price": "10.00"}
    lines = [{**line, "text": "Frakt"}, {**line, "text": "Montering"}]
    here = shop.create("orders", {"customer_id": customer[0], "lines": lines})
    bench.settle()
    there = bench.erp("orders")
    first, second = bench.shop("orders")["lines"]
    shop.edit("orders", here, {"lines": [{**first, "quantity": "5"}, second]})
    edit = {"lines": [there["lines"][0], {**there["lines"][1], "qty": 7}]}
    meanwhile(bench, "plan", lambda: erp.edit("orders", str(there["orderId"]), edit))
    bench.settle()
    assert [int(float(row["quantity"])) for row in bench.shop("orders")["lines"]] == [5, 7]
    assert [int(row["qty"]) for row in bench.erp("orders")["lines"]] == [5, 7]


def test_what_is_in_doubt_is_not_merged_before_it_is_settled(
    bench: Any, order: tuple[str, str]
) -> None:
    """An edit came in right before a write whose answer was lost; then the ERP is not there."""
    here, there = order
    shop, erp = bench.control("shop"), bench.control("erp")
    shop.edit("orders", here, {"note": "fra butikken"})
    bench.faults["erp"].plan([Fault(kind="drop_after", method="PUT", path="orders", times=1)])
    edit = {"yourReference": "Kari i regnskapet"}
    meanwhile(bench, "plan", lambda: erp.edit("orders", there, edit))
    bench.faults["erp"].plan([Fault(kind="server_error", path="orders")])
    bench.sync()
    assert bench.shop("orders")["customer_reference"] is None
    bench.faults["erp"].plan([])
    bench.settle()
    assert bench.shop("orders")["customer_reference"] == "Kari i regnskapet"
    assert bench.erp("orders")["remark"] == "fra butikken"
    assert bench.conflicts() == []


def test_a_record_that_got_the_id_of_the_one_that_was_meant_is_not_taken_for_it(
    bench: Any, customer: tuple[str, str]
) -> None:
    """The shop knows no versions: the write meets another record, and its answer shows which."""
    here, there = customer
    shop = bench.control("shop")
    bench.faults["shop"].switch("versions", False)

    def hand_on() -> None:
        bench.clock.advance(60)
        shop.delete("customers", here)
        shop.recycle("customers", here)
        assert shop.create("customers", {"name": "Ny", "email": "ny@example.no"}) == here

    bench.control("erp").edit("customers", there, {"phone": "22000001"})
    meanwhile(bench, "plan", hand_on)
    bench.clock.advance(90_000)
    bench.settle()
    assert {row["name"] for row in bench.control("erp").dump("customers")} == {"Ola", "Ny"}
    assert bench.erp("customers", customerId=there)["name"] == "Ola"
