"""F16: order lines doubled.

Lines have ids in the shop, and none in the ERP, which takes a list as a whole. However often an
order is written, and whichever line is edited, moved, added or taken away in which system, both
have the same lines in the same number, and the same total.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

Line = tuple[str, Decimal]


@pytest.fixture
def bench(pair: Any) -> Any:
    """An order of three products, one of them on two lines."""
    shop = pair.control("shop")
    buyer = shop.create("customers", {"name": "Ola", "email": "ola@example.no"})
    for number in range(4):
        record = {"sku": f"S-{number}", "title": f"Vare {number}", "price": "10.00"}
        shop.create("products", record)
    lines = [typed(pair, f"S-{number}", number + 1) for number in (0, 1, 2, 0)]
    shop.create("orders", {"customer_id": buyer, "lines": lines})
    pair.quiet()
    return pair


def typed(bench: Any, sku: str, quantity: int) -> dict[str, Any]:
    product = bench.row("shop", "products", sku=sku)["id"]
    return {"product_id": product, "quantity": str(quantity), "unit_price": "10.00", "text": sku}


def lines(bench: Any) -> tuple[list[Line], list[Line]]:
    (here,), (there,) = bench.rows("shop", "orders"), bench.rows("erp", "orders")
    assert Decimal(str(here["total"])) * 100 == Decimal(str(there["totalMinor"]))
    return (
        [(line["text"], Decimal(line["quantity"])) for line in here["lines"]],
        [(line["text"], Decimal(str(line["qty"]))) for line in there["lines"]],
    )


def change(bench: Any, system: str, new: list[dict[str, Any]], **fields: Any) -> None:
    (order,) = bench.rows(system, "orders")
    ident = str(order["id" if system == "shop" else "orderId"])
    bench.control(system).edit("orders", ident, {"lines": new, **fields})


def rows(bench: Any, system: str) -> list[dict[str, Any]]:
    (order,) = bench.rows(system, "orders")
    return [dict(line) for line in order["lines"]]


def test_an_order_that_is_written_three_times_has_its_lines_once(bench: Any) -> None:
    before = lines(bench)
    for turn in range(3):
        found = rows(bench, "erp")
        found[1]["vatPercent"] = 10 + turn
        change(bench, "erp", found)
        bench.quiet()
    here, there = lines(bench)
    assert (here, there) == before
    assert here == there


def test_a_quantity_a_line_less_and_two_swapped_are_the_same_everywhere(bench: Any) -> None:
    found = rows(bench, "erp")
    found[1]["qty"] = 7
    change(bench, "erp", found)
    bench.quiet()
    change(bench, "shop", rows(bench, "shop")[:-1])
    bench.quiet()
    first, second, third = rows(bench, "erp")
    change(bench, "erp", [third, second, first])
    bench.quiet()
    here, there = lines(bench)
    assert here == there
    assert [(text, int(quantity)) for text, quantity in here] == [
        ("S-2", 3),
        ("S-1", 7),
        ("S-0", 1),
    ]


def test_lines_typed_in_both_systems_at_once_are_all_there_once(bench: Any) -> None:
    change(bench, "shop", [*rows(bench, "shop"), typed(bench, "S-3", 8)])
    found = rows(bench, "erp")
    product = bench.row("erp", "products", articleNo="S-3")["productId"]
    more = {"productId": product, "qty": 9, "unitPriceMinor": 1000, "text": "fra regnskapet"}
    change(bench, "erp", [*found, more])
    bench.quiet()
    here, there = lines(bench)
    assert sorted(here) == sorted(there)
    assert len(here) == 6 or bench.status().conflicts


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_a_list_whose_answer_is_lost_is_there_once(bench: Any, kind: str) -> None:
    change(bench, "shop", [*rows(bench, "shop"), typed(bench, "S-3", 8)])
    bench.fault("erp", kind, method="PUT", path="orders", times=1)
    bench.sync()
    bench.well()
    bench.quiet()
    here, there = lines(bench)
    assert here == there
    assert [text for text, _ in here] == ["S-0", "S-1", "S-2", "S-0", "S-3"]
