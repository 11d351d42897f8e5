"""Orders and their lines: references both ways, lines with ids here and without there."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from talk_sdk._engine.kids import line_pairs
from talk_sdk._engine.looks import look_at
from talk_sdk.testing.faults import Fault, FaultKind


@pytest.fixture
def order(bench: Any) -> Any:
    """An order with three lines that both systems have."""
    shop = bench.control("shop")
    buyer = shop.create("customers", {"name": "Ola", "email": "ola@example.no"})
    goods = [
        shop.create("products", {"sku": f"SKU-{n}", "title": f"Vare {n}", "price": "10.00"})
        for n in range(4)
    ]
    lines = [line(goods[n], quantity=str(n + 1)) for n in range(3)]
    shop.create("orders", {"customer_id": buyer, "status": "open", "lines": lines})
    bench.goods = goods
    bench.settle()
    return bench


def line(product: str, **fields: Any) -> dict[str, Any]:
    return {"product_id": product, "quantity": "1", "unit_price": "10.00", "text": "x", **fields}


def shop_lines(bench: Any) -> list[tuple[str, Decimal | int]]:
    products = {p["id"]: p["sku"] for p in bench.control("shop").dump("products")}
    (order,) = bench.control("shop").dump("orders")
    return [(products[x["product_id"]], Decimal(x["quantity"])) for x in order["lines"]]


def erp_lines(bench: Any) -> list[tuple[str, Decimal | int]]:
    products = {p["productId"]: p["articleNo"] for p in bench.control("erp").dump("products")}
    (order,) = bench.control("erp").dump("orders")
    return [(products[x["productId"]], Decimal(str(x["qty"]))) for x in order["lines"]]


def edit_shop(bench: Any, lines: list[dict[str, Any]]) -> None:
    (order,) = bench.control("shop").dump("orders")
    bench.control("shop").edit("orders", order["id"], {"lines": lines})


def edit_erp(bench: Any, lines: list[dict[str, Any]]) -> None:
    (order,) = bench.control("erp").dump("orders")
    bench.control("erp").edit("orders", order["orderId"], {"lines": lines})


def rows(bench: Any, system: str) -> list[dict[str, Any]]:
    (order,) = bench.control(system).dump("orders")
    return [dict(x) for x in order["lines"]]


def test_an_order_brings_its_customer_and_products_along(order: Any) -> None:
    (there,) = order.control("erp").dump("orders")
    buyer = order.erp("customers", customerId=there["customerId"])
    assert buyer["email"] == "ola@example.no"
    assert erp_lines(order) == shop_lines(order)
    assert there["shopOrderNo"] == order.control("shop").dump("orders")[0]["number"]


def test_a_changed_line_reaches_the_other_system_and_no_other_line_is_lost(order: Any) -> None:
    lines = rows(order, "shop")
    lines[1]["quantity"] = "7"
    edit_shop(order, lines)
    order.settle()
    assert [q for _, q in erp_lines(order)] == [1, 7, 3]
    lines = rows(order, "erp")
    lines[2]["qty"] = 9
    edit_erp(order, lines)
    order.settle()
    assert [q for _, q in shop_lines(order)] == [1, 7, 9]


def test_lines_changed_in_both_systems_at_once_are_merged_one_by_one(order: Any) -> None:
    here, there = rows(order, "shop"), rows(order, "erp")
    here[0]["quantity"] = "5"
    there[2]["qty"] = 8
    edit_shop(order, here)
    edit_erp(order, there)
    order.settle()
    assert [q for _, q in shop_lines(order)] == [5, 2, 8]
    assert erp_lines(order) == shop_lines(order)
    assert order.conflicts() == []


@pytest.mark.parametrize("kind", ["server_error", "drop_after"])
def test_what_is_typed_in_a_line_while_a_write_of_it_is_in_doubt_is_not_lost(
    order: Any, kind: FaultKind
) -> None:
    lines = rows(order, "erp")
    lines[1]["qty"] = 7
    edit_erp(order, lines)
    order.faults["shop"].plan([Fault(kind=kind, method="PATCH", path="orders", times=9)])
    order.sync()
    order.faults["shop"].plan([])
    lines = rows(order, "shop")
    lines[1]["discount_percent"] = "81.5"
    edit_shop(order, lines)
    order.settle()
    assert [q for _, q in shop_lines(order)] == [1, 7, 3]
    assert [x["discountPercent"] or 0 for x in rows(order, "erp")] == [0, 81.5, 0]
    assert order.settle() == 0


def test_added_and_removed_lines_travel(order: Any) -> None:
    lines = rows(order, "shop")
    edit_shop(order, [lines[0], lines[2], line(order.goods[3], quantity="4")])
    order.settle()
    assert erp_lines(order) == [("SKU-0", 1), ("SKU-2", 3), ("SKU-3", 4)]
    edit_erp(order, rows(order, "erp")[1:])
    order.settle()
    assert shop_lines(order) == [("SKU-2", 3), ("SKU-3", 4)]


@pytest.mark.parametrize("system", ["shop", "erp"])
def test_swapped_lines_are_swapped_elsewhere(order: Any, system: str) -> None:
    lines = rows(order, system)
    edit = {"shop": edit_shop, "erp": edit_erp}[system]
    edit(order, [lines[2], lines[0], lines[1]])
    order.settle()
    assert [sku for sku, _ in shop_lines(order)] == ["SKU-2", "SKU-0", "SKU-1"]
    assert erp_lines(order) == shop_lines(order)


def test_the_same_product_twice_keeps_both_lines_apart(order: Any) -> None:
    lines = rows(order, "shop")
    edit_shop(order, [*lines, line(order.goods[0], quantity="10")])
    order.settle()
    there = rows(order, "erp")
    there[3]["qty"] = 11
    edit_erp(order, there)
    order.settle()
    assert shop_lines(order) == [("SKU-0", 1), ("SKU-1", 2), ("SKU-2", 3), ("SKU-0", 11)]


def test_a_line_edited_here_and_removed_there_stays_and_the_conflict_is_kept(order: Any) -> None:
    lines = rows(order, "shop")
    lines[1]["quantity"] = "20"
    edit_shop(order, lines)
    there = rows(order, "erp")
    edit_erp(order, [there[0], there[2]])
    order.settle()
    assert ("SKU-1", 20) in shop_lines(order)
    assert sorted(erp_lines(order)) == sorted(shop_lines(order))
    assert any("existence" in reason for reason in order.conflicts())


def test_a_line_without_product_keeps_its_text(order: Any) -> None:
    edit_shop(order, [*rows(order, "shop"), {"text": "Frakt", "quantity": "1", "unit_price": "49"}])
    order.settle()
    assert rows(order, "erp")[3]["text"] == "Frakt"
    assert order.settle() == 0


def test_an_order_of_a_guest_gives_the_erp_a_customer_and_the_shop_none(bench: Any) -> None:
    guest = {"name": "Gjest Gjestesen", "email": "Gjest@example.no", "phone": "22334455"}
    bench.control("shop").create("orders", {"guest": guest, "status": "open", "lines": []})
    bench.settle()
    (there,) = bench.control("erp").dump("orders")
    assert bench.erp("customers", customerId=there["customerId"])["name"] == "Gjest Gjestesen"
    assert bench.control("shop").dump("customers") == []
    assert bench.settle() == 0


def test_an_order_born_in_the_erp_gets_a_number_in_the_shop_that_the_erp_keeps(bench: Any) -> None:
    erp = bench.control("erp")
    buyer = erp.create("customers", {"name": "Kari", "email": "kari@example.no"})
    article = erp.create("products", {"description": "Bord", "articleNo": "B-1"})
    rows_ = [{"productId": int(article), "qty": 2, "unitPriceMinor": 5000, "text": "Bord"}]
    erp.create("orders", {"customerId": int(buyer), "state": 20, "lines": rows_})
    bench.settle()
    (here,) = bench.control("shop").dump("orders")
    (there,) = erp.dump("orders")
    assert here["number"] == there["shopOrderNo"]
    assert here["invoice_no"] == there["orderNo"]


def test_orders_that_both_systems_have_are_one(bench: Any) -> None:
    shop, erp = bench.control("shop"), bench.control("erp")
    here = shop.create("customers", {"name": "Ola", "email": "ola@example.no"})
    there = erp.create("customers", {"name": "Ola", "email": "OLA@example.no"})
    shop.create("orders", {"customer_id": here, "number": "S-77", "lines": []})
    erp.create("orders", {"customerId": int(there), "shopOrderNo": "S-77", "lines": []})
    bench.settle()
    assert len(shop.dump("orders")) == len(erp.dump("orders")) == 1
    assert len(shop.dump("customers")) == len(erp.dump("customers")) == 1


def test_a_lost_order_is_found_by_its_number_and_its_customer(order: Any) -> None:
    (there,) = order.control("erp").dump("orders")
    fields = {"customerId": there["customerId"], "shopOrderNo": "W-1", "lines": []}
    order.control("erp").create("orders", fields)
    order.faults["shop"].plan([Fault(kind="drop_after", method="POST", path="orders", times=1)])
    order.sync()
    order.settle()
    assert len(order.control("shop").dump("orders")) == 2
    assert order.open() == {}


def test_an_answered_line_that_names_no_product_is_the_one_that_stood_there() -> None:
    sent = [["a", 1, {"product": "p", "description": "Stol"}, {}],
            ["b", 2, {"product": "q", "description": "Bord"}, {}]]  # fmt: skip

    def answered(*products: str | None) -> list[Any]:
        return [[None, {"product": product, "description": "?"}] for product in products]

    assert line_pairs(sent, answered("p", None)) == [0, 1]
    assert line_pairs(sent, answered(None, None)) == [0, 1]
    assert line_pairs(sent, answered("p", "other")) is None
    assert line_pairs(sent, answered("p")) is None


def test_a_record_that_says_nothing_of_its_lines_has_no_list_that_waits(order: Any) -> None:
    with order.runner() as runner:
        bound = runner._bind(writes=False)["erp"]
    (raw,) = order.control("erp").dump("orders")
    found = look_at(bound, "Order", raw).children
    assert found is not None
    assert len(found["lines"]) == 3
    raw["lines"] = []
    assert look_at(bound, "Order", raw).children == {"lines": []}
    del raw["lines"]
    assert look_at(bound, "Order", raw).children is None


def test_a_line_edited_in_both_systems_while_its_order_is_in_doubt_gets_both_edits(
    make: Any,
) -> None:
    """The create is sent and not answered; one edit is merged before it is found."""
    bench = make(settings={"shop": {"idempotency_keys": False}})
    bench.control("shop").switch("idempotency", False)
    erp, shop = bench.control("erp"), bench.control("shop")
    buyer = erp.create("customers", {"name": "Ola", "email": "ola@example.no"})
    bench.settle()
    line = {"text": "Arbeid", "qty": 2, "unitPriceMinor": 1000}
    order = erp.create("orders", {"customerId": int(buyer), "shopOrderNo": "W-1", "lines": [line]})
    bench.faults["shop"].plan([Fault(kind="drop_after", method="POST", path="orders", times=1)])
    bench.sync()
    down = Fault(kind="server_error", path="orders", times=99)
    bench.faults["shop"].plan([down])
    (there,) = erp.dump("orders")[0]["lines"]
    erp.edit("orders", order, {"lines": [{**there, "qty": 7}]})
    bench.sync()
    bench.faults["shop"].plan([])
    (made,) = shop.dump("orders")
    (here,) = made["lines"]
    more = {"text": "Frakt", "quantity": "1", "unit_price": "5.00"}
    shop.edit("orders", made["id"], {"lines": [{**here, "discount_percent": "10"}, more]})
    bench.settle()
    (made,), (other,) = shop.dump("orders"), erp.dump("orders")
    assert [Decimal(each["quantity"]) for each in made["lines"]] == [7, 1]
    assert [Decimal(str(each["qty"])) for each in other["lines"]] == [7, 1]
    assert [Decimal(each["discount_percent"] or 0) for each in made["lines"]] == [10, 0]


def test_status_counts_the_records_that_are_there_and_no_lines(order: Any) -> None:
    everything = {("Customer", 1), ("Order", 1), ("Product", 4)}
    with order.runner() as runner:
        before = runner.status().links
    assert before == {(system, e): n for system in ("shop", "erp") for e, n in everything}

    order.control("shop").delete("products", order.goods[3])
    order.clock.advance(2 * 86400)  # deletions show when everything is read again
    order.settle()
    with order.runner() as runner:
        after = runner.status().links
    assert after == before | {("shop", "Product"): 3}
