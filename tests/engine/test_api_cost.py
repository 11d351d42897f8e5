"""What runs cost at the APIs: exactly so many requests, and in their bodies what has changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

CUSTOMERS = 30
LOOK = {
    "shop": {"GET shop": 1, "GET customers": 1, "GET products": 1, "GET orders": 1},
    "erp": {"GET company": 1, "GET customers": 1, "GET products": 1, "GET orders": 1},
    # Archived products are a listing of their own.
    "books": {"GET accounts": 1, "GET customers": 1, "GET products": 2, "GET invoices": 1},
}
"""Who they are, and a page of each entity: less cannot tell whether anything has changed."""


class Wire:
    """What goes over the wire: requests counted by method and collection, bodies of writes."""

    def __init__(self, bench: Any) -> None:
        self._bench = bench
        self.bodies: dict[str, list[Any]] = {}
        for name, faults in bench.faults.items():
            faults.on_request = lambda call, name=name: self._note(name, call)

    def _note(self, system: str, call: Any) -> None:
        if call.method != "GET":
            self.bodies.setdefault(system, []).append(call.json())

    def run(self) -> dict[str, dict[str, int]]:
        """One run: per system, the requests that it took."""
        self.bodies.clear()
        self._bench.reset()
        assert not self._bench.sync().problems
        return {
            name: {
                f"{method} {collection}": count
                for method, counts in self._bench.control(name).counters()["requests"].items()
                for collection, count in counts.items()
            }
            for name in self._bench.twins
        }


def beyond(asked: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
    """The requests beside those that look whether anything has changed."""
    rest = {}
    for system, counts in asked.items():
        left = {what: n - LOOK[system].get(what, 0) for what, n in counts.items()}
        assert not LOOK[system].keys() - counts.keys()
        rest[system] = {what: n for what, n in left.items() if n}
    return {system: counts for system, counts in rest.items() if counts}


@pytest.fixture
def three(make: Callable[..., Any]) -> Any:
    """A shop with customers, a product and an order; an ERP and books that have nothing yet."""
    bench = make(
        systems={"shop": "customwebshop", "erp": "customerp", "books": "wave"},
    )
    shop = bench.control("shop")
    ids = [
        shop.create("customers", {"name": f"Kunde {i}", "email": f"kunde{i}@example.no"})
        for i in range(CUSTOMERS)
    ]
    chair = shop.create("products", {"sku": "S-1", "title": "Stol", "price": "10.00"})
    lines = [
        {"product_id": chair, "quantity": "1", "unit_price": "10.00"},
        {"text": "Frakt", "quantity": "1", "unit_price": "5.00"},
    ]
    shop.create("orders", {"customer_id": ids[0], "lines": lines})
    return bench


def test_a_first_run_writes_each_record_once_and_reads_none_of_them_back(three: Any) -> None:
    cost = beyond(Wire(three).run())
    made = {"POST customers": CUSTOMERS, "POST products": 1}
    assert cost["erp"] == {**made, "POST orders": 1}
    # What the ERP numbers goes back to the shop. The books' active products are listed again
    # after the archived ones, so that none is missed that changes sides meanwhile.
    assert cost["shop"] == {"PATCH customers": CUSTOMERS, "PATCH orders": 1}
    assert cost["books"] == {**made, "POST invoices": 1, "GET products": 1}


def test_an_idle_run_asks_once_per_listing_and_writes_nothing(three: Any) -> None:
    wire = Wire(three)
    wire.run()
    for pause in (0, 0, 3600):
        three.clock.advance(pause)
        assert beyond(wire.run()) == {}


def test_an_edited_property_costs_one_write_where_there_is_a_version_or_a_look_before(
    three: Any,
) -> None:
    wire = Wire(three)
    wire.run()
    three.clock.advance(600)
    customer = three.control("shop").dump("customers")[3]["id"]
    three.control("shop").edit("customers", customer, {"phone": "+4722000009"})
    cost = beyond(wire.run())
    # The ERP takes whole records, and the books have no versions: both are looked at first.
    assert cost == {
        "erp": {"GET customers": 1, "PUT customers": 1},
        "books": {"GET customers": 1, "PATCH customers": 1},
    }
    (sent,) = wire.bodies["books"]
    assert sent["variables"]["input"].keys() == {"id", "phone"}
    assert beyond(wire.run()) == {}


def test_a_write_with_a_version_carries_what_has_changed_and_looks_at_nothing(three: Any) -> None:
    wire = Wire(three)
    wire.run()
    three.clock.advance(600)
    there = three.control("erp").dump("customers")[3]["customerId"]
    three.control("erp").edit("customers", str(there), {"phone": "+4722000009"})
    cost = beyond(wire.run())
    assert cost["shop"] == {"PATCH customers": 1}
    assert wire.bodies["shop"] == [{"phone": "+4722000009"}]


def test_an_edited_line_costs_one_write_of_its_order(three: Any) -> None:
    wire = Wire(three)
    wire.run()
    three.clock.advance(600)
    order = three.control("shop").dump("orders")[0]
    lines = [{**order["lines"][0], "quantity": "7"}, order["lines"][1]]
    three.control("shop").edit("orders", order["id"], {"lines": lines})
    cost = beyond(wire.run())
    assert cost == {
        "erp": {"GET orders": 1, "PUT orders": 1},
        "books": {"GET invoices": 1, "PATCH invoices": 1},
    }
    (sent,) = wire.bodies["books"]
    assert sent["variables"]["input"].keys() == {"id", "items"}
    assert beyond(wire.run()) == {}


def test_few_changes_among_many_are_all_that_is_read(three: Any) -> None:
    wire, shop = Wire(three), three.control("shop")
    wire.run()
    first, *others = [row["id"] for row in shop.dump("customers")]
    three.clock.advance(600)
    shop.edit("customers", first, {"note": "Den siste som er kjent"})
    wire.run()
    three.clock.advance(600)
    for customer in others[:7]:
        shop.edit("customers", customer, {"note": f"Notat {customer}"})
    # A cursor is inclusive: what was changed last before is read once more.
    assert three.sync().read["shop", "Customer"] == 1 + 7
