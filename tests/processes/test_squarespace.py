"""Squarespace and a shop over real HTTP: every pair, in every direction that the API allows."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from talk_sdk import Runner
from talk_sdk.reports import Report
from talk_sdk.testing.neutral import World
from talk_sdk.testing.serve import SimulatorProcess
from talk_sdk.testing.workbench import Workbench
from talk_sdk.testing.world import awkward_world

CONNECTORS = {"shop": "customwebshop", "erp": "customerp", "books": "wave", "crm": "webcrm",
              "site": "squarespace"}  # fmt: skip
EMPTY = {"parties": 0, "items": 0, "deals": 0}
STORE_PAGE = "5d2f8a1c4b7e9f0011223344"


def kroner(value: str) -> dict[str, str]:
    return {"currency": "NOK", "value": value}


class Two:
    """Two servers and a workspace."""

    def __init__(self, folder: Path, servers: dict[str, SimulatorProcess]) -> None:
        self.folder = folder
        self.shop, self.site = servers["shop"].control, servers["site"].control
        self.systems: dict[str, dict[str, Any]] = {
            "shop": {"connector": "customwebshop", **servers["shop"].settings,
                     "base_url": servers["shop"].base_url + "/api"},
            "site": {"connector": "squarespace", **servers["site"].settings,
                     "base_url": servers["site"].base_url},
        }  # fmt: skip

    @property
    def source(self) -> dict[str, Any]:
        return {"systems": self.systems, "store": {"url": f"sqlite:///{self.folder / 'talk.db'}"}}

    def sync(self) -> Report:
        self.shop.reset_counters()
        self.site.reset_counters()
        with Runner.from_config(self.source) as runner:
            return runner.sync(approve=True)

    def settle(self) -> Report:
        """Run until nothing is written; the servers count."""
        for _ in range(5):
            report = self.sync()
            assert report.problems == ()
            if not (self.shop.counters()["effects"] or self.site.counters()["effects"]):
                return report
        raise AssertionError("still writing")

    def one(self, control: Any, collection: str) -> dict[str, Any]:
        (row,) = control.dump(collection)
        return dict(row)

    def edit(self, control: Any, collection: str, **changes: Any) -> None:
        control.edit(collection, self.one(control, collection)["id"], changes)

    def variant(self) -> dict[str, Any]:
        (found,) = self.one(self.site, "products")["variants"]
        return dict(found)

    def edit_variant(self, **changes: Any) -> None:
        self.edit(self.site, "products", variants=[{**self.variant(), **changes}])

    def sell(self, **more: Any) -> None:
        """A shopper buys two of the only product, and a service."""
        who = {"firstName": "Åse", "lastName": "Lund", "address1": "Storgata 1", "city": "Oslo",
               "postalCode": "0155", "countryCode": "NO", "phone": "+47 22 33 44 55"}  # fmt: skip
        price = self.variant()["pricing"]["basePrice"]
        self.site.create("orders", {
            "customerEmail": "aase@example.no", "billingAddress": who, "shippingAddress": who,
            "lineItems": [
                {"variantId": self.variant()["id"], "quantity": 2, "unitPricePaid": price},
                {"lineItemType": "CUSTOM", "productName": "Innpakking", "quantity": 1,
                 "unitPricePaid": kroner("10.00")},
            ], **more,
        })  # fmt: skip


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Two]:
    with (
        SimulatorProcess("customwebshop", sizes=EMPTY) as shop,
        SimulatorProcess("squarespace", sizes=EMPTY) as site,
    ):
        # Waiting for a minute to pass is tested where the clock is virtual.
        site.control.switch("per_minute", 10_000)
        yield Two(tmp_path, {"shop": shop, "site": site})


def make_in_shop(two: Two) -> None:
    two.shop.create("products", {"sku": "S-1", "title": "Stol", "price": "12.50",
                                 "stock_quantity": 9, "description": "God & billig.\nTåler < 1 l",
                                 "weight_kg": "1.250"})  # fmt: skip


def make_on_site(two: Two) -> None:
    stock = {"quantity": 9, "unlimited": False}
    measures = {"weight": {"unit": "KILOGRAM", "value": 1.25}}
    two.site.create("products", {
        "type": "PHYSICAL", "storePageId": STORE_PAGE, "name": "Stol", "isVisible": True,
        "description": "<p>God &amp; billig.<br>Tåler &lt; 1 l</p>",
        "variants": [{"sku": "S-1", "pricing": {"basePrice": kroner("12.50")}, "stock": stock,
                      "shippingMeasurements": measures}],
    })  # fmt: skip


MAKERS = {"shop": make_in_shop, "site": make_on_site}
EITHER = pytest.mark.parametrize("origin", MAKERS)


@EITHER
def test_product_arrives_once_with_its_stock_and_nothing_comes_back(two: Two, origin: str) -> None:
    MAKERS[origin](two)
    assert two.settle().open == {}
    sold, item = two.one(two.shop, "products"), two.one(two.site, "products")
    assert (sold["title"], sold["price"], sold["sku"], sold["stock_quantity"]) == (
        "Stol", "12.50", "S-1", 9,
    )  # fmt: skip
    assert sold["description"] == "God & billig.\nTåler < 1 l"
    assert sold["weight_kg"] == "1.250"
    assert (item["name"], item["isVisible"]) == ("Stol", True)
    assert two.variant()["pricing"]["basePrice"] == kroner("12.50")
    assert two.variant()["shippingMeasurements"]["weight"]["value"] == 1.25
    assert two.one(two.site, "inventory")["quantity"] == 9
    assert "&amp;" in item["description"]
    assert "&lt; 1 l" in item["description"]


@EITHER
def test_every_property_of_a_product_travels(two: Two, origin: str) -> None:
    make_in_shop(two)
    two.settle()
    if origin == "shop":
        two.edit(two.shop, "products", sku="K-9", title="Krakk", description="Ny\n\ntekst",
                 price="99.50", sale_price="79.50", weight_kg="2.500", published=False)  # fmt: skip
        two.shop.adjust("products", two.one(two.shop, "products")["id"], "stock_quantity", -4)
    else:
        two.edit(two.site, "products", name="Krakk", description="<p>Ny</p><p>tekst</p>",
                 isVisible=False)  # fmt: skip
        prices = {"basePrice": kroner("99.50"), "salePrice": kroner("79.50"), "onSale": True}
        weight = {"weight": {"unit": "KILOGRAM", "value": 2.5}}
        two.edit_variant(sku="K-9", pricing=prices, shippingMeasurements=weight)
        two.site.adjust("inventory", two.variant()["id"], "quantity", -4)
    assert two.settle().open == {}
    sold, item = two.one(two.shop, "products"), two.one(two.site, "products")
    names = ("sku", "title", "description", "price", "sale_price", "stock_quantity", "weight_kg",
             "published")  # fmt: skip
    assert tuple(sold[name] for name in names) == (
        "K-9", "Krakk", "Ny\n\ntekst", "99.50", "79.50", 5, "2.500", False,
    )  # fmt: skip
    variant = two.variant()
    assert (variant["sku"], item["name"], item["isVisible"]) == ("K-9", "Krakk", False)
    assert variant["pricing"] == {
        "basePrice": kroner("99.50"), "salePrice": kroner("79.50"), "onSale": True,
    }  # fmt: skip
    assert variant["shippingMeasurements"]["weight"]["value"] == 2.5
    assert two.one(two.site, "inventory")["quantity"] == 5
    assert item["description"] == "<p>Ny</p><p>tekst</p>"


def test_description_that_was_only_written_otherwise_is_no_edit(two: Two) -> None:
    make_in_shop(two)
    two.settle()
    html = "<p><strong>God</strong> &amp; billig.<br/>Tåler &lt; 1 l</p>"
    two.edit(two.site, "products", description=html)
    two.settle()
    assert two.one(two.shop, "products")["description"] == "God & billig.\nTåler < 1 l"
    assert two.one(two.site, "products")["description"] == html


def test_order_of_the_site_comes_to_the_shop_with_who_bought(two: Two) -> None:
    make_on_site(two)
    two.sell(shippingTotal=kroner("49.00"))
    assert two.settle().open == {}
    buyer, order = two.one(two.shop, "customers"), two.one(two.shop, "orders")
    assert (buyer["name"], buyer["email"], buyer["first_name"], buyer["phone"]) == (
        "Åse Lund", "aase@example.no", "Åse", "+4722334455",
    )  # fmt: skip
    assert buyer["billing"]["city"] == order["billing"]["city"] == "Oslo"
    assert (order["customer_id"], order["currency"], order["status"]) == (
        buyer["id"], "NOK", "open",
    )  # fmt: skip
    assert order["number"] == f"SQ-{two.one(two.site, 'orders')['orderNumber']}"
    assert order["shipping_price"] == "49.00"
    assert [(x["text"], x["sku"], x["quantity"], x["unit_price"]) for x in order["lines"]] == [
        ("Stol", "S-1", "2.000", "12.50"), ("Innpakking", None, "1.000", "10.00"),
    ]  # fmt: skip
    assert order["lines"][0]["product_id"] == two.one(two.shop, "products")["id"]
    assert two.one(two.shop, "products")["stock_quantity"] == 7
    # The shop closes it: it is fulfilled on the site. What happens there comes back.
    two.edit(two.shop, "orders", status="completed")
    two.settle()
    assert two.one(two.site, "orders")["fulfillmentStatus"] == "FULFILLED"
    two.edit(two.site, "orders", fulfillmentStatus="CANCELED")
    two.settle()
    assert two.one(two.shop, "orders")["status"] == "cancelled"


def shop_order(two: Two, **more: Any) -> None:
    make_in_shop(two)
    who = {"name": "Åse AS", "email": "aase@example.no", "is_company": True}
    line = {"product_id": two.one(two.shop, "products")["id"], "text": "Stol", "quantity": "2",
            "unit_price": "12.50", "discount_percent": "10", "vat_rate": "25"}  # fmt: skip
    two.shop.create("orders", {
        "customer_id": two.shop.create("customers", who), "currency": "NOK", "status": "completed",
        "order_date": "2026-10-01", "discount_percent": "20", "shipping_price": "49",
        "shipping": {"name": "Åse Lund", "phone": "+4722334455", "city": "Bodø", "country": "NO"},
        "lines": [line, {"text": "Frakt", "quantity": "1", "unit_price": "5", "vat_rate": "25"}],
        **more,
    })  # fmt: skip


@pytest.mark.parametrize("tax", [None, 25])
def test_order_of_the_shop_is_imported_with_amounts_that_are_the_same(
    two: Two, tax: int | None
) -> None:
    if tax is not None:
        two.systems["site"]["tax_percent"] = tax
    shop_order(two)
    assert two.settle().open == {}
    bought, order = two.one(two.shop, "orders"), two.one(two.site, "orders")
    assert order["externalOrderReference"] == bought["number"]
    assert order["createdOn"] == "2026-09-30T22:00:00Z"
    assert (order["channelName"], order["fulfillmentStatus"]) == ("talk", "FULFILLED")
    paid = [line["unitPricePaid"]["value"] for line in order["lineItems"]]
    assert paid == (["11.25", "5.00"] if tax is None else ["14.06", "6.25"])
    assert [line["productName"] for line in order["lineItems"]] == ["Stol", "Frakt"]
    assert order["lineItems"][0]["variantId"] == two.variant()["id"]
    # 27.50 less 20 % is 22.00; the tax on it is 5.50
    assert order["discountTotal"]["value"] == ("5.50" if tax is None else "6.87")
    assert order["taxTotal"]["value"] == "5.50"
    assert order["shippingTotal"]["value"] == ("49.00" if tax is None else "61.25")
    assert order["grandTotal"]["value"] == ("76.50" if tax is None else "88.75")
    assert order["shippingAddress"]["firstName"] == "Åse"
    assert order["shippingAddress"]["city"] == "Bodø"
    assert len(two.shop.dump("customers")) == 1
    assert two.shop.dump("products")[0]["stock_quantity"] == two.one(
        two.site, "inventory"
    )["quantity"]  # fmt: skip


@pytest.mark.parametrize(("change", "name"), [({"currency": "EUR"}, "currency"),
                                              ({"status": "open"}, "status")])  # fmt: skip
def test_order_that_has_no_place_there_is_drift_and_stays_out(
    two: Two, change: dict[str, Any], name: str
) -> None:
    shop_order(two, **change)
    with Runner.from_config(two.source) as runner:
        assert [d.property for d in runner.plan().drift if d.system == "site"] == [name]
    two.settle()
    assert two.site.dump("orders") == []


def test_what_is_edited_in_an_imported_order_is_said_and_not_written(two: Two) -> None:
    shop_order(two)
    two.settle()
    order = two.one(two.shop, "orders")
    two.edit(two.shop, "orders", order_date="2026-10-02",
             lines=[{**order["lines"][0], "quantity": "3"}, order["lines"][1]])  # fmt: skip
    report = two.sync()
    assert [d.property for d in report.drift] == ["date", "lines"]
    for _ in range(2):
        assert two.sync().drift == ()
    assert two.site.counters()["effects"] == {}
    with Runner.from_config(two.source) as runner:
        assert runner.status().open == {}


def test_order_of_a_product_that_was_deleted_comes_without_it(two: Two) -> None:
    make_on_site(two)
    two.sell()
    two.site.delete("products", two.one(two.site, "products")["id"])
    assert two.settle().open == {}
    assert [x["text"] for x in two.one(two.shop, "orders")["lines"]] == ["Stol", "Innpakking"]


def test_product_without_a_number_waits_and_says_for_what(two: Two) -> None:
    two.shop.create("products", {"title": "Stol", "price": "12.50"})
    two.settle()
    with Runner.from_config(two.source) as runner:
        (waiting,) = runner.status().parked
    assert "wants a SKU" in waiting.reason


def test_a_plan_writes_nothing_and_is_what_a_sync_then_does(two: Two) -> None:
    shop_order(two)
    with Runner.from_config(two.source) as runner:
        planned = [(o.entity, o.kind) for o in runner.plan() if o.system == "site"]
    assert two.site.counters()["effects"] == {}
    assert planned == [("Sesamproducts", "create"), ("Order", "create")]
    two.settle()


@pytest.mark.parametrize(
    "names", [("site", "shop"), ("site", "erp"), ("shop", "site", "crm"),
              ("shop", "erp", "books", "site")], ids="-".join,
)  # fmt: skip
def test_a_world_of_awkward_records_is_quiet_and_without_doubles(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    systems = {name: CONNECTORS[name] for name in names}
    world = awkward_world(5, 25, 25, 25, systems=tuple(systems.values()))
    bench = Workbench(tmp_path, world, systems)
    for _ in range(5):
        bench.clock.advance(90)
        bench.reset()
        with bench.runner() as runner:
            report = runner.sync(approve=True)
        assert report.problems == ()
        if not any(bench.writes().values()):
            break
    assert not any(bench.writes().values())
    skus = [v["sku"].casefold() for p in bench.control("site").dump("products")
            for v in p["variants"]]  # fmt: skip
    # Of what Wave alone has nobody knows a number.
    numbered = {i.sku.casefold() for i in world.items if i.sku and i.systems - {"wave"}}
    assert len(skus) == len(set(skus)) == len(numbered)


def test_order_is_imported_with_the_number_that_the_shop_gives_it_in_the_same_run(
    tmp_path: Path,
) -> None:
    systems = {name: CONNECTORS[name] for name in ("erp", "site", "shop")}
    bench = Workbench(tmp_path, World((), (), ()), systems)
    erp = bench.control("erp")
    buyer = erp.create("customers", {"name": "Åse AS", "email": "aase@example.no"})
    line = {"text": "Stol", "qty": 2, "unitPriceMinor": 1250}
    erp.create("orders", {"customerId": int(buyer), "state": 30, "orderDate": "2026-10-01",
                          "currencyCode": "NOK", "lines": [line]})  # fmt: skip
    with bench.runner() as runner:
        assert runner.sync(approve=True).problems == ()
    (order,), (imported,) = (bench.control(name).dump("orders") for name in ("shop", "site"))
    assert imported["externalOrderReference"] == order["number"]


def test_orders_that_a_world_has_on_the_site_and_elsewhere_are_not_on_the_site_unknown_to_it(
    tmp_path: Path,
) -> None:
    systems = {name: CONNECTORS[name] for name in ("shop", "site")}
    world = awkward_world(5, 25, 25, 60, systems=tuple(systems.values()))
    shared = {deal.identity for deal in world.deals if len(deal.systems) > 1}
    bench = Workbench(tmp_path, world, systems)
    seeded = set(bench.control("site").identities("orders").values())
    assert shared
    assert seeded
    assert not shared & seeded


@pytest.mark.parametrize("path", ["/products$", "/orders$"])
def test_a_run_that_is_killed_between_effect_and_answer_leaves_one_of_each(
    two: Two, path: str
) -> None:
    shop_order(two)
    (two.folder / "talk.toml").write_text(
        "\n".join(
            line
            for name, settings in two.systems.items()
            for line in (f"[systems.{name}]", *(f"{k} = {json.dumps(v)}"
                                                for k, v in settings.items()))
        ),
        encoding="utf-8",
    )  # fmt: skip
    two.site.faults([{"kind": "timeout", "method": "POST", "path": path, "seconds": 20}])
    command = [sys.executable, "-m", "talk_sdk", "-c", str(two.folder / "talk.toml")]
    process = subprocess.Popen([*command, "sync", "--yes"], stdin=subprocess.DEVNULL)
    wait_for(lambda: effects(two.site.counters()["effects"], path))
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    two.site.faults([])
    for _ in range(2):
        subprocess.run([*command, "sync", "--yes"], stdin=subprocess.DEVNULL, check=False,
                       capture_output=True)  # fmt: skip
    assert two.one(two.site, "products")["name"] == "Stol"
    assert two.one(two.site, "orders")["channel"] == "external"


def effects(found: Mapping[str, Mapping[str, int]], path: str) -> int:
    return found.get(path.strip("/$"), {}).get("create", 0)


def wait_for(ready: Any) -> None:
    until = time.monotonic() + 60
    while not ready():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.02)
