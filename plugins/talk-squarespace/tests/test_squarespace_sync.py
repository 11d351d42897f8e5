"""Two Squarespace sites, kept in sync by the real runner."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from talk_sdk.reports import Report
from talk_sdk.testing.faults import Fault
from talk_sdk.testing.neutral import World
from talk_sdk.testing.workbench import Workbench

SYSTEMS = {"ours": "squarespace", "theirs": "squarespace"}
STORE_PAGE = "5d2f8a1c4b7e9f0011223344"
OTHER_WAY = {
    "newest_first": False, "inclusive": True, "cursor_at_end": False, "stock_touches": True,
    "unlimited_quantity": False, "sale_mirrors": True, "null_lists": False,
    "rewrites_html": False, "measurements_whole": False, "slug_in_use": True,
    "subtotal_checked": False, "shipments_needed": False,
}  # fmt: skip
BOTH = pytest.mark.parametrize("switches", [{}, OTHER_WAY], ids=["strict", "other way"])
EITHER = pytest.mark.parametrize("system", SYSTEMS)


def kroner(value: str) -> dict[str, str]:
    return {"currency": "NOK", "value": value}


def variant(sku: str, price: str = "100.00", quantity: int = 5, **more: Any) -> dict[str, Any]:
    return {"sku": sku, "pricing": {"basePrice": kroner(price)}, "stock": {"quantity": quantity},
            **more}  # fmt: skip


class Bench(Workbench):
    """Two sites, and the few words that these tests need."""

    def sync(self) -> Report:
        self.clock.advance(90)
        self.reset()
        with self.runner() as runner:
            return runner.sync(approve=True)

    def settle(self) -> Report:
        """Run until a run writes nothing."""
        for _ in range(6):
            report = self.sync()
            if not any(self.writes().values()):
                assert report.problems == ()
                return report
        raise AssertionError(f"still writing: {self.writes()}")

    def product(self, system: str, *variants: dict[str, Any], **more: Any) -> str:
        names = sorted({name for each in variants for name in each.get("attributes") or {}})
        values = {"type": "PHYSICAL", "storePageId": STORE_PAGE, "name": "Stol",
                  "isVisible": True, "variantAttributes": names,
                  "variants": [*variants] or [variant("S-1")]}  # fmt: skip
        return self.control(system).create("products", {**values, **more})

    def order(self, system: str, *lines: dict[str, Any], **more: Any) -> str:
        rows = [{"quantity": 2, "unitPricePaid": kroner("100.00"), **line} for line in lines]
        who = {"firstName": "Åse", "lastName": "Lund", "countryCode": "NO", "city": "Oslo"}
        return self.control(system).create("orders", {
            "customerEmail": "aase@example.no", "billingAddress": who, "shippingAddress": who,
            "lineItems": rows, "fulfillmentStatus": "FULFILLED", **more,
        })  # fmt: skip

    def only(self, system: str, collection: str) -> dict[str, Any]:
        (row,) = self.control(system).dump(collection)
        return row

    def products(self, system: str) -> list[tuple[Any, ...]]:
        """What products say: name, text, visible, sku, price, stock."""
        stocks = {r["variantId"]: r for r in self.control(system).dump("inventory")}
        return sorted(
            (p["name"], p["description"], p["isVisible"], v["sku"],
             v["pricing"]["basePrice"]["value"], stocks[v["id"]]["quantity"])
            for p in self.control(system).dump("products") for v in p["variants"]
        )  # fmt: skip

    def edit(self, system: str, **changes: Any) -> None:
        """Change the only product."""
        self.control(system).edit("products", self.only(system, "products")["id"], changes)

    def edit_variant(self, system: str, **changes: Any) -> None:
        (before,) = self.only(system, "products")["variants"]
        self.edit(system, variants=[{**before, **changes}])

    def move(self, system: str, delta: int) -> None:
        id_ = self.only(system, "inventory")["variantId"]
        self.control(system).adjust("inventory", id_, "quantity", delta)

    def open(self) -> dict[str, int]:
        with self.runner() as runner:
            return dict(runner.status().open)


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Bench]:
    """Opens a bench; the switches are those of both sites, the settings by system."""
    made: list[Bench] = []

    def build(switches: dict[str, Any] | None = None, **settings: Any) -> Bench:
        folder = tmp_path / str(len(made))
        folder.mkdir()
        bench = Bench(folder, World((), (), ()), SYSTEMS, settings=settings)
        for faults in bench.faults.values():
            for name, value in (switches or {}).items():
                faults.switch(name, value)
        made.append(bench)
        return bench

    return build


@BOTH
def test_products_and_orders_arrive_once_and_then_nothing_is_written(make, switches) -> None:
    bench = make(switches)
    bench.product("ours", description="<p>God &amp; billig<br>Tåler vann</p>")
    item = bench.only("ours", "products")["variants"][0]["id"]
    bench.order("ours", {"variantId": item},
                {"lineItemType": "CUSTOM", "productName": "Innpakking", "quantity": 1})  # fmt: skip
    bench.settle()
    assert bench.open() == {}
    assert [row[3:] for row in bench.products("theirs")] == [("S-1", "100.00", 3)]
    assert bench.only("theirs", "products")["isVisible"] is True
    order = bench.only("theirs", "orders")
    ours = bench.only("ours", "orders")
    assert order["externalOrderReference"] == f"SQ-{ours['orderNumber']}"
    assert (order["channel"], order["fulfillmentStatus"]) == ("external", "FULFILLED")
    assert [(x["productName"], x["quantity"], x["unitPricePaid"]["value"])
            for x in order["lineItems"]] == [("Stol", 2, "100.00"),
                                             ("Innpakking", 1, "100.00")]  # fmt: skip
    assert order["lineItems"][0]["variantId"] is not None
    assert order["grandTotal"] == ours["grandTotal"]


@BOTH
@EITHER
def test_edits_of_a_product_travel_from_either_and_never_come_back(make, system, switches) -> None:
    bench = make(switches)
    bench.product("ours")
    bench.settle()
    other = next(name for name in SYSTEMS if name != system)
    bench.edit(system, name="Krakk", description="<p>Ny <b>tekst</b></p>", isVisible=False)
    bench.edit_variant(
        system, sku="S-2", pricing={"basePrice": kroner("79.90"), "salePrice": kroner("59.90"),
                                    "onSale": True},
        shippingMeasurements={"weight": {"unit": "KILOGRAM", "value": 1.25}},
    )  # fmt: skip
    bench.move(system, -2)
    bench.settle()
    assert bench.open() == {}
    (row,) = bench.products(other)
    assert (row[0], row[2:]) == ("Krakk", (False, "S-2", "79.90", 3))
    assert "Ny tekst" in row[1]
    (item,) = bench.only(other, "products")["variants"]
    assert item["pricing"]["salePrice"]["value"] == "59.90"
    assert item["shippingMeasurements"]["weight"]["value"] == 1.25
    bench.edit_variant(system, pricing={"basePrice": kroner("79.90"), "onSale": False})
    bench.settle()
    assert bench.only(other, "products")["variants"][0]["pricing"]["onSale"] is False


@BOTH
def test_sales_in_both_shops_between_two_runs_are_both_counted(make, switches) -> None:
    bench = make(switches)
    bench.product("ours", variant("S-1", quantity=50))
    bench.settle()
    bench.move("ours", -3)
    bench.move("theirs", -4)
    bench.settle()
    assert bench.products("ours")[0][5] == bench.products("theirs")[0][5] == 43


def test_sale_in_the_moment_of_an_adjustment_is_not_overwritten(make) -> None:
    bench = make()
    bench.product("ours", variant("S-1", quantity=50))
    bench.settle()
    bench.move("ours", -3)

    def sell(call: Any) -> None:
        if call.path.endswith("/adjustments"):
            bench.faults["theirs"].on_request = None
            bench.move("theirs", -4)

    bench.faults["theirs"].on_request = sell
    bench.settle()
    assert bench.products("ours")[0][5] == bench.products("theirs")[0][5] == 43


def test_variants_are_products_of_their_own_elsewhere_and_share_what_is_their_products(
    make,
) -> None:
    bench = make()
    sizes = [variant(n, attributes={"Size": n}) for n in ("S", "M")]
    bench.product("ours", *sizes, name="Bluse", description="<p>Ull</p>")
    bench.settle()
    assert bench.open() == {}
    assert [(row[0], row[3]) for row in bench.products("theirs")] == [
        ("Bluse [M]", "M"), ("Bluse [S]", "S"),
    ]  # fmt: skip
    theirs = {p["name"]: p["id"] for p in bench.control("theirs").dump("products")}
    bench.control("theirs").edit("products", theirs["Bluse [S]"], {"name": "Genser [S]"})
    bench.settle()
    assert bench.only("ours", "products")["name"] == "Genser"
    assert {p["name"] for p in bench.control("theirs").dump("products")} == {
        "Genser [S]", "Genser [M]",
    }  # fmt: skip


def test_one_variant_cannot_be_renamed_away_from_its_sisters_and_the_rest_goes_on(make) -> None:
    bench = make()
    bench.product("ours", *[variant(n, attributes={"Size": n}) for n in ("S", "M")], name="Bluse")
    bench.settle()
    row = next(p for p in bench.control("theirs").dump("products") if p["name"] == "Bluse [S]")
    item = {**row["variants"][0], "pricing": {"basePrice": kroner("70.00")}}
    bench.control("theirs").edit("products", row["id"], {"name": "Liten", "variants": [item]})
    for _ in range(3):
        bench.sync()
    found = bench.only("ours", "products")
    assert found["name"] == "Bluse"
    assert {v["sku"]: v["pricing"]["basePrice"]["value"] for v in found["variants"]} == {
        "S": "70.00", "M": "100.00",
    }  # fmt: skip
    with bench.runner() as runner:
        (letter,) = runner.status().dead_letters
    assert "has to end with [S]" in letter.reason
    assert not any(bench.writes().values())


def test_unlimited_stock_is_neither_read_nor_written(make) -> None:
    bench = make()
    bench.product("ours", variant("S-1", quantity=7))
    bench.product("theirs", {**variant("S-1"), "stock": {"quantity": 0, "unlimited": True}})
    bench.settle()
    bench.move("ours", -2)
    bench.settle()
    assert bench.only("theirs", "inventory")["isUnlimited"] is True
    assert bench.open() == {}


def test_two_products_with_one_sku_are_a_question_and_not_one_product(make) -> None:
    bench = make()
    for name in ("Stol", "Krakk"):
        bench.product("ours", name=name)
    bench.product("theirs", name="Stol")
    bench.settle()
    assert bench.open()["reviews"] >= 1
    assert [len(bench.control(s).dump("products")) for s in SYSTEMS] == [2, 1]


def test_deletion_of_a_product_is_seen_and_nothing_is_made_anew(make) -> None:
    bench = make()
    bench.product("ours")
    bench.settle()
    bench.control("theirs").delete("products", bench.only("theirs", "products")["id"])
    bench.settle()
    with bench.runner() as runner:
        assert len(runner.status().dead_links) == 1
    assert bench.control("theirs").dump("products") == []


def test_order_is_imported_when_it_is_final_and_not_before(make) -> None:
    bench = make()
    id_ = bench.order("ours", {"lineItemType": "CUSTOM", "productName": "Gave"},
                      fulfillmentStatus="PENDING")  # fmt: skip
    report = bench.sync()
    assert [d.property for d in report.drift] == ["status"]
    assert bench.control("theirs").dump("orders") == []
    bench.control("ours").edit("orders", id_, {"fulfillmentStatus": "FULFILLED"})
    bench.settle()
    assert bench.only("theirs", "orders")["fulfillmentStatus"] == "FULFILLED"
    bench.control("ours").edit("orders", id_, {"fulfillmentStatus": "CANCELED"})
    assert [d.property for d in bench.sync().drift] == ["status"]
    assert bench.only("theirs", "orders")["fulfillmentStatus"] == "FULFILLED"


def test_open_order_that_was_imported_is_fulfilled_once(make) -> None:
    bench = make(theirs={"import_when": ["open", "closed"]})
    id_ = bench.order("ours", {"lineItemType": "CUSTOM", "productName": "Gave"},
                      fulfillmentStatus="PENDING")  # fmt: skip
    bench.settle()
    assert bench.only("theirs", "orders")["fulfillmentStatus"] == "PENDING"
    bench.control("ours").edit("orders", id_, {"fulfillmentStatus": "FULFILLED"})
    bench.faults["theirs"].plan([Fault(kind="drop_after", path="fulfillments$", times=1)])
    bench.sync()
    bench.settle()
    assert bench.only("theirs", "orders")["fulfillmentStatus"] == "FULFILLED"
    assert bench.open() == {}


class Cut:
    """Cuts a site off at its nth write, before or after the effect; then nothing gets through."""

    def __init__(self, bench: Bench, nth: int, *, after: bool) -> None:
        self.faults = bench.faults["theirs"]
        self.nth, self.after = nth, after
        self.writes, self.dead = 0, False
        self.faults.on_request = self._look

    def _look(self, call: Any) -> None:
        if self.dead:
            self.faults.plan([Fault(kind="drop_before")])
        elif call.method != "GET":
            self.writes += 1
            if self.writes == self.nth:
                self.dead = True
                kind: Any = "drop_after" if self.after else "drop_before"
                self.faults.plan([Fault(kind=kind)])

    def mend(self) -> None:
        self.faults.on_request = None
        self.faults.plan([])


@BOTH
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("nth", [1, 2, 3])
def test_creates_that_are_cut_at_any_request_are_made_once(make, nth, after, switches) -> None:
    bench = make(switches)
    bench.product("ours")
    bench.product("ours", variant("B-1", "7.25", 9), name="Bord")
    item = bench.control("ours").dump("products")[0]["variants"][0]["id"]
    bench.order("ours", {"variantId": item})
    cut = Cut(bench, nth, after=after)
    bench.sync()
    assert cut.dead
    cut.mend()
    bench.settle()
    assert [row[3:] for row in bench.products("theirs")] == [
        row[3:] for row in bench.products("ours")
    ]
    assert len(bench.control("theirs").dump("orders")) == 1
    assert bench.open() == {}


@BOTH
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("nth", [1, 2, 3])
def test_updates_that_are_cut_at_any_request_lose_nothing(make, nth, after, switches) -> None:
    bench = make(switches)
    bench.product("ours")
    bench.settle()
    bench.edit("ours", name="Krakk")
    bench.edit_variant("ours", pricing={"basePrice": kroner("79.90")})
    bench.move("ours", -2)
    cut = Cut(bench, nth, after=after)
    bench.sync()
    assert cut.dead
    cut.mend()
    bench.settle()
    (row,) = bench.products("theirs")
    assert (row[0], *row[4:]) == ("Krakk", "79.90", 3)
    assert bench.open() == {}


def test_create_that_is_sent_again_after_its_sku_was_changed_finds_its_slug_and_no_edit_is_lost(
    make,
) -> None:
    bench = make()
    bench.product("ours")
    bench.faults["theirs"].plan([Fault(kind="drop_after", method="POST", path="products$",
                                       times=1)])  # fmt: skip
    bench.sync()
    made = bench.only("theirs", "products")
    item = {**made["variants"][0], "sku": "ANNET", "pricing": {"basePrice": kroner("70.00")}}
    bench.control("theirs").edit("products", made["id"], {"variants": [item]})
    bench.move("theirs", -2)
    bench.settle()
    # And what was typed and sold since is not taken for what was answered.
    for system in SYSTEMS:
        assert [row[3:] for row in bench.products(system)] == [("ANNET", "70.00", 3)]


def test_work_over_the_limit_of_requests_takes_longer_and_gets_done(make) -> None:
    bench = make({"per_minute": 8.0})
    for number in range(5):
        bench.product("ours", variant(f"S-{number}"), name=f"P{number}")
    bench.settle()
    assert len(bench.control("theirs").dump("products")) == 5


def test_imports_over_the_hours_limit_are_made_later_once(make) -> None:
    bench = make({"imports_per_hour": 2.0})
    for number in range(5):
        bench.order("ours", {"lineItemType": "CUSTOM", "productName": f"Gave {number}"})
    for _ in range(4):
        bench.sync()
        bench.clock.advance(3600)
    bench.settle()
    assert len(bench.control("theirs").dump("orders")) == 5
    assert bench.open() == {}


def test_prices_with_tax_and_without_are_one_price(make) -> None:
    bench = make(theirs={"tax_percent": 25})
    bench.product("ours", variant("S-1", "79.93"))
    bench.settle()
    assert bench.products("theirs")[0][4] == "99.91"
    assert bench.products("ours")[0][4] == "79.93"
    bench.edit_variant("theirs", pricing={"basePrice": kroner("125.00")})
    bench.settle()
    assert bench.products("ours")[0][4] == "100.00"


def test_an_order_without_a_line_waits_for_one(make) -> None:
    bench = make()
    bench.order("ours")
    bench.settle()
    assert bench.control("theirs").dump("orders") == []
    assert bench.open() == {"parked": 1}
    line = {"lineItemType": "CUSTOM", "productName": "Gave", "quantity": 1,
            "unitPricePaid": kroner("10.00")}  # fmt: skip
    ours = bench.only("ours", "orders")
    bench.control("ours").edit("orders", ours["id"], {"lineItems": [line]})
    bench.settle()
    assert [x["productName"] for x in bench.only("theirs", "orders")["lineItems"]] == ["Gave"]
    assert bench.open() == {}


def test_lines_that_change_after_an_import_are_said_once_and_nobody_is_asked(make) -> None:
    bench = make()
    bench.product("ours")
    item = bench.only("ours", "products")["variants"][0]["id"]
    bench.order("ours", {"variantId": item})
    bench.settle()
    imported = bench.only("theirs", "orders")
    order = bench.only("ours", "orders")
    lines = [{**order["lineItems"][0], "quantity": 3}]
    bench.control("ours").edit("orders", order["id"], {"lineItems": lines})
    said = [[(d.system, d.property) for d in bench.sync().drift] for _ in range(3)]
    assert said == [[("theirs", "lines")], [], []]
    assert bench.only("theirs", "orders") == imported
    assert bench.open() == {}
