"""Why a record says what it says, told from stored history."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from talk_sdk.errors import ConfigError
from talk_sdk.reports import Said, Why

LONG = "Østlandske Håndverksbedrifters Innkjøpssamvirke og Lager AS"


def why(bench: Any, system: str, entity: str, ident: str, name: str | None = None) -> Why:
    with bench.runner() as runner:
        found: Why = runner.why(system, entity, ident, name)
    return found


def one(bench: Any, *where: str) -> Said:
    (found,) = why(bench, *where).properties
    return found


@pytest.fixture
def ola(bench: Any) -> Any:
    """A customer of the shop that the ERP has, too."""
    record = {"name": "Ola", "email": "ola@example.no", "phone": "22000001"}
    bench.here = bench.control("shop").create("customers", record)
    bench.settle()
    (row,) = bench.control("erp").dump("customers")
    bench.there = str(row["customerId"])
    return bench


def test_a_value_is_told_with_who_typed_it_what_it_replaced_and_where_it_went(ola: Any) -> None:
    ola.control("erp").edit("customers", ola.there, {"name": "Kari"})
    ola.settle()
    found = why(ola, "shop", "Customer", ola.here, "name")
    assert (found.record, found.state) == (f"shop.Customer:{ola.here}", "linked")
    (name,) = found.properties
    assert (name.value, name.source) == ("Kari", "erp")
    assert [(m.kind, m.system, m.before, m.after, m.words) for m in name.moments] == [
        ("merge", "erp", "Ola", "Kari", "edited"),
        ("write", "shop", "Ola", "Kari", "written"),
    ]
    assert {(p.system, p.value, p.why) for p in name.places} == {
        ("shop", "Kari", "up to date"), ("erp", "Kari", "up to date"),
    }  # fmt: skip


def test_what_a_system_made_of_a_value_is_told(ola: Any) -> None:
    ola.control("shop").edit("customers", ola.here, {"name": LONG})
    ola.settle()
    said = one(ola, "erp", "Customer", ola.there, "name")
    assert said.value == LONG
    assert said.moments[-1].words == f"written, returned as {LONG[:50].rstrip()!r}"
    assert {p.system: p.value for p in said.places}["erp"] == LONG[:50].rstrip()


def test_a_conflict_and_a_persons_choice_are_told(make: Callable[..., Any]) -> None:
    bench = make(config={"conflicts": {"default": "ask"}})
    here = bench.control("shop").create("customers", {"name": "Ola", "email": "ola@example.no"})
    bench.settle()
    (row,) = bench.control("erp").dump("customers")
    bench.control("shop").edit("customers", here, {"name": "A"})
    bench.control("erp").edit("customers", row["customerId"], {"name": "B"})
    bench.sync()
    said = one(bench, "shop", "Customer", here, "name")
    assert {p.system: p.why for p in said.places}["erp"].startswith("two edits of it")
    with bench.runner() as runner:
        runner.inbox.settle([c.id for c in runner.inbox.conflicts() if c.open], take_from="erp")
    said = one(bench, "shop", "Customer", here, "name")
    assert (said.value, said.source, said.moments[-1].kind) == ("B", "you", "decision")
    assert {p.system: p.why for p in said.places}["shop"] == "written by the next sync"


def test_what_is_not_there_and_why_is_told(make: Callable[..., Any]) -> None:
    off = {"erp": {"entities": {"Customer": {"create": False}}}}
    bench = make(settings=off)
    here = bench.control("shop").create("customers", {"name": "Ola", "email": "ola@example.no"})
    bench.sync()
    said = one(bench, "shop", "Customer", here, "email")
    assert [(p.system, p.why) for p in said.places] == [
        ("shop", "up to date"), ("erp", "create is off for erp.Customer"),
    ]  # fmt: skip


def test_lines_are_told_by_their_place(ola: Any) -> None:
    goods = ola.control("shop").create("products", {"sku": "S-1", "title": "Stol"})
    line = {"product_id": goods, "quantity": "1", "unit_price": "10.00", "text": "Stol"}
    order = ola.control("shop").create("orders", {"customer_id": ola.here, "lines": [line]})
    ola.settle()
    (there,) = ola.control("erp").dump("orders")
    ola.control("erp").edit(
        "orders", there["orderId"], {"lines": [{**there["lines"][0], "qty": 7}]}
    )
    ola.settle()
    said = one(ola, "shop", "Order", order, "lines[1].quantity")
    assert (said.value, said.source, [m.after for m in said.moments]) == ("7", "erp", ["7"])


@pytest.mark.parametrize(
    ("where", "says"),
    [
        (("books", "Customer", "1"), "There is no system books: known are shop, erp"),
        (("shop", "Kunde", "1"), "shop has no Kunde: known are"),
        (("shop", "Customer", "999"), "No run has seen shop.Customer:999"),
    ],
)
def test_what_is_unknown_is_named_with_what_is_known(
    ola: Any, where: tuple[str, str, str], says: str
) -> None:
    with pytest.raises(ConfigError, match=says):
        why(ola, *where)
    with pytest.raises(ConfigError, match="has no property farge: known are"):
        why(ola, "shop", "Customer", ola.here, "farge")


def test_a_deleted_record_and_one_that_nobody_could_place_say_so(ola: Any) -> None:
    ola.control("shop").create("customers", {"name": "Per", "email": "ola@example.no"})
    ola.sync()
    (asked,) = [r for r in ola.control("shop").dump("customers") if r["name"] == "Per"]
    assert "not linked: match: another record" in why(ola, "shop", "Customer", asked["id"]).state
    ola.control("erp").delete("customers", ola.there)
    ola.sync()
    assert why(ola, "shop", "Customer", ola.here).state.startswith("deleted: erp.Customer:")


def test_references_are_told_by_the_names_of_the_records(ola: Any) -> None:
    shop = ola.control("shop")
    chair = shop.create("products", {"sku": "S-1", "title": "Stol", "price": "10.00"})
    line = {"product_id": chair, "quantity": "1", "unit_price": "10.00"}
    order = shop.create("orders", {"customer_id": ola.here, "lines": [line]})
    ola.settle()
    buyer = one(ola, "shop", "Order", order, "customer")
    name = f"shop.Customer:{ola.here}"
    assert buyer.value == name
    assert {p.system: p.value for p in buyer.places} == {
        "shop": f"Customer:{ola.here}", "erp": f"Customer:{ola.there}",
    }  # fmt: skip
    (product,) = why(ola, "shop", "Order", order, "lines[1].product").properties
    assert product.value == f"shop.Product:{chair}"
    other = shop.create("customers", {"name": "Kari", "email": "kari@example.no"})
    shop.edit("orders", order, {"customer_id": other})
    ola.settle()
    moved = one(ola, "shop", "Order", order, "customer")
    assert moved.value == f"shop.Customer:{other}"
    assert [(m.before, m.after) for m in moved.moments if m.kind == "merge"][-1] == (
        name, f"shop.Customer:{other}",
    )  # fmt: skip
