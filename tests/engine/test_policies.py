"""Whose edit stands, what is created at all, and what is read again although nothing says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

PERSON = {"name": "Ola", "email": "ola@example.no"}


def linked(bench: Any) -> tuple[str, str]:
    """One customer in both systems: its ids in the shop and in the ERP."""
    ident = bench.control("shop").create("customers", PERSON)
    bench.settle()
    return ident, str(bench.erp("customers")["customerId"])


@pytest.mark.parametrize("preferred", ["shop", "erp"])
@pytest.mark.parametrize("later", ["shop", "erp"])
def test_the_preferred_system_wins_whoever_was_later(
    make: Callable[..., Any], preferred: str, later: str
) -> None:
    bench = make(config={"conflicts": {"customer.notes": {"prefer": [preferred]}}})
    shop, erp = linked(bench)
    edits = {
        "shop": lambda: bench.control("shop").edit("customers", shop, {"note": "from the shop"}),
        "erp": lambda: bench.control("erp").edit("customers", erp, {"remark": "from the erp"}),
    }
    edits["erp" if later == "shop" else "shop"]()
    bench.clock.advance(7200)
    edits[later]()
    bench.settle()
    assert bench.shop("customers")["note"] == f"from the {preferred}"
    assert bench.erp("customers")["remark"] == f"from the {preferred}"
    (reason,) = bench.conflicts()
    assert reason == f"notes: {preferred} wins: {preferred} is preferred"


def test_a_preference_is_of_its_property_alone(make: Callable[..., Any]) -> None:
    bench = make(config={"conflicts": {"customer.notes": {"prefer": ["erp"]}}})
    shop, erp = linked(bench)
    bench.control("erp").edit("customers", erp, {"remark": "e", "web": "https://e.example"})
    bench.clock.advance(7200)
    bench.control("shop").edit("customers", shop, {"note": "s", "website": "https://s.example"})
    bench.settle()
    assert bench.shop("customers")["note"] == "e"
    assert bench.erp("customers")["web"] == "https://s.example"


def test_a_preference_needs_a_conflict(make: Callable[..., Any]) -> None:
    """An edit of the other system that nobody contradicts travels like any."""
    bench = make(config={"conflicts": {"default": {"prefer": ["shop"]}}})
    _, erp = linked(bench)
    bench.control("erp").edit("customers", erp, {"remark": "alone"})
    bench.settle()
    assert bench.shop("customers")["note"] == "alone"
    assert bench.conflicts() == []


def test_lines_have_policies_too(make: Callable[..., Any]) -> None:
    bench = make(config={"conflicts": {"order.lines.quantity": {"prefer": ["erp"]}}})
    shop, _ = linked(bench)
    line = {"text": "Arbeid", "quantity": "1", "unit_price": "10.00"}
    ident = bench.control("shop").create("orders", {"customer_id": shop, "lines": [line]})
    bench.settle()
    there = bench.erp("orders")
    edited = [{**there["lines"][0], "qty": 5}]
    bench.control("erp").edit("orders", str(there["orderId"]), {"lines": edited})
    bench.clock.advance(7200)
    here = [{**bench.shop("orders")["lines"][0], "quantity": "9"}]
    bench.control("shop").edit("orders", ident, {"lines": here})
    bench.settle()
    assert bench.shop("orders")["lines"][0]["quantity"] == "5.000"


# --- full_sync ------------------------------------------------------------------------------------


def only_new(make: Callable[..., Any], *entities: str) -> Any:
    bench = make()
    off = {entity: {"full_sync": False} for entity in entities}
    bench.source["systems"]["erp"]["entities"] = off
    return bench


def test_without_full_sync_only_what_was_created_after_onboarding_is_created(
    make: Callable[..., Any],
) -> None:
    bench = only_new(make, "Customer")
    bench.control("shop").create("customers", {**PERSON, "name": "Old"})
    bench.settle()
    assert bench.control("erp").dump("customers") == []
    bench.control("shop").create("customers", {"name": "New", "email": "new@example.no"})
    bench.settle()
    assert [c["name"] for c in bench.control("erp").dump("customers")] == ["New"]


def test_a_skip_says_that_the_record_is_older(make: Callable[..., Any]) -> None:
    bench = only_new(make, "Customer")
    bench.control("shop").create("customers", PERSON)
    report = bench.sync()
    (skip,) = report.skips
    assert (skip.system, skip.reason) == ("erp", "it is older, and full_sync is off there")


def test_records_that_are_there_on_both_sides_are_matched_and_kept_in_sync_all_the_same(
    make: Callable[..., Any],
) -> None:
    bench = only_new(make, "Customer")
    ident = bench.control("shop").create("customers", PERSON)
    bench.control("erp").create("customers", {"customerType": "P", **PERSON})
    bench.settle()
    bench.control("shop").edit("customers", ident, {"note": "Hei"})
    bench.settle()
    assert bench.erp("customers")["remark"] == "Hei"


def test_what_a_new_record_refers_to_is_created_although_it_is_older(
    make: Callable[..., Any],
) -> None:
    bench = only_new(make, "Customer", "Order")
    shop = bench.control("shop")
    old = shop.create("customers", PERSON)
    shop.create("customers", {"name": "Never asked for", "email": "x@example.no"})
    shop.create("orders", {"customer_id": old, "lines": []})
    bench.settle()
    assert bench.control("erp").dump("orders") == []
    shop.create("orders", {"customer_id": old, "title": "New", "lines": []})
    bench.settle()
    assert [o["heading"] for o in bench.control("erp").dump("orders")] == ["New"]
    assert [c["name"] for c in bench.control("erp").dump("customers")] == ["Ola"]


def test_a_record_without_a_created_time_counts_as_older(make: Callable[..., Any]) -> None:
    bench = make()
    bench.source["systems"]["shop"]["entities"] = {"Product": {"full_sync": False}}
    bench.settle()
    bench.control("erp").create("products", {"articleNo": "A", "description": "Stol"})
    bench.settle()
    assert bench.control("shop").dump("products") == []


def test_full_sync_that_is_turned_on_later_brings_the_rest(make: Callable[..., Any]) -> None:
    bench = only_new(make, "Customer")
    bench.control("shop").create("customers", PERSON)
    bench.settle()
    del bench.source["systems"]["erp"]["entities"]
    bench.settle()
    assert len(bench.control("erp").dump("customers")) == 1


def test_a_clock_that_is_ahead_makes_no_record_new(make: Callable[..., Any]) -> None:
    bench = only_new(lambda: make(skews={"shop": 3600.0}), "Customer")
    bench.control("shop").create("customers", PERSON)
    bench.settle()
    assert bench.control("erp").dump("customers") == []
