"""F15: a reference that is missing, and records that come in the wrong order.

An order brings along the customer and the products that it refers to, whatever is read first. Where
one of these cannot be had, the order waits and says for which, and everything else goes on; as soon
as it can be had, the order goes as well.
"""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def bench(pair: Any) -> Any:
    """Two good orders, and one whose customer no other system can take."""
    shop = pair.control("shop")
    goods = shop.create("products", {"sku": "S-1", "title": "Stol", "price": "10.00"})
    line = {"product_id": goods, "quantity": "1", "unit_price": "10.00", "text": "Stol"}
    for name, currency in (("Ola", "NOK"), ("Vond", "kroner"), ("Kari", "NOK")):
        record = {"name": name, "email": f"{name.lower()}@example.no", "currency": currency}
        buyer = shop.create("customers", record)
        shop.create("orders", {"customer_id": buyer, "lines": [line], "note": name})
    return pair


def test_the_others_go_through_and_the_one_that_waits_says_for_what(bench: Any) -> None:
    bench.quiet()
    assert {row["remark"] for row in bench.rows("erp", "orders")} == {"Ola", "Kari"}
    assert {row["name"] for row in bench.rows("erp")} == {"Ola", "Kari"}
    bad = bench.row("shop", name="Vond")["id"]
    (parked,) = bench.status().parked
    assert (parked.system, parked.entity) == ("shop", "Order")
    assert parked.reason.startswith(f"waits for shop.Customer:{bad}")
    (letter,) = bench.status().dead_letters
    assert letter.id == bad


def test_it_goes_through_when_what_it_waits_for_is_put_right(bench: Any) -> None:
    bench.quiet()
    bad = bench.row("shop", name="Vond")["id"]
    bench.control("shop").edit("customers", bad, {"currency": "NOK"})
    bench.quiet()
    assert bench.status().open == {}
    order = bench.row("erp", "orders", remark="Vond")
    assert bench.row("erp", customerId=order["customerId"])["name"] == "Vond"


def test_what_the_other_system_refuses_holds_up_only_its_own_orders(bench: Any) -> None:
    """The ERP takes no second product with a number that another one has."""
    shop = bench.control("shop")
    bench.quiet()
    bench.fault("erp", "server_error", method="POST", path="products", status=422)
    goods = shop.create("products", {"sku": "S-2", "title": "Bord", "price": "20.00"})
    buyer = bench.row("shop", name="Ola")["id"]
    line = {"product_id": goods, "quantity": "1", "unit_price": "20.00", "text": "Bord"}
    shop.create("orders", {"customer_id": buyer, "lines": [line], "note": "Bord"})
    shop.create("orders", {"customer_id": buyer, "lines": [], "note": "Uten linjer"})
    bench.sync()
    bench.sync()
    notes = {row["remark"] for row in bench.rows("erp", "orders")}
    assert "Uten linjer" in notes
    assert "Bord" not in notes
    waiting = [each.reason for each in bench.status().parked if each.system == "erp"]
    assert [reason.partition(",")[0] for reason in waiting] == [f"waits for shop.Product:{goods}"]


def test_an_order_that_is_read_before_its_customer_does_not_wait_for_another_run(
    pair: Any,
) -> None:
    """The list of customers was read before the customer was there; the order came after."""
    shop = pair.control("shop")
    pair.sync()
    asked: set[str] = set()

    def hook(call: Any) -> None:
        asked.add(call.path.rpartition("/")[2])
        if call.path.endswith("/orders") and not shop.dump("orders"):
            buyer = shop.create("customers", {"name": "Sen", "email": "sen@example.no"})
            shop.create("orders", {"customer_id": buyer, "lines": [], "note": "rask"})

    pair.faults["shop"].on_request = hook
    pair.sync()
    assert pair.row("erp", "orders", remark="rask")
    assert pair.row("erp", name="Sen")
