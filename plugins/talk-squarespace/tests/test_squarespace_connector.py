"""The connector does over the twin of Squarespace what its entities declare."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta

import pytest
import talk_squarespace as hooks
from pydantic import ValidationError
from talk_squarespace.settings import SiteSettings

from talk_sdk.errors import (
    ConfigError,
    DeniedError,
    MappingError,
    RejectedError,
    SafetyError,
    UnavailableError,
)
from talk_sdk.mapping import compile_mapping
from talk_sdk.testing.faults import Fault

ENTITIES = ("Sesamproducts", "Order", "Customer")
FIRST = pytest.mark.parametrize("newest", [True, False], ids=["newest first", "oldest first"])


def kroner(value):
    return {"currency": "NOK", "value": value}


# --- what is declared -----------------------------------------------------------------------------


def test_import_of_the_hooks_is_light() -> None:
    heavy = "{'pydantic', 'httpx', 'msgspec', 'talk_sdk.mapping'}"
    code = f"import sys, talk_squarespace; assert not {heavy} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_setting_is_described() -> None:
    assert all(field.description for field in SiteSettings.model_fields.values())


@pytest.mark.parametrize(
    "wrong",
    [{"currency": "kr"}, {"time_zone": "Oslo"}, {"import_when": []}, {"import_when": ["draft"]},
     {"channel": "x" * 31}, {"tax_percent": 0}, {"products": "1.1"}],
)  # fmt: skip
def test_settings_that_cannot_be_are_refused(wrong) -> None:
    with pytest.raises(ValidationError):
        SiteSettings.model_validate({"api_key": "x", **wrong})


def test_entities_declare_what_the_api_can(site) -> None:
    found = {entity.name: entity for entity in hooks.talk_entities(site.settings)}
    assert tuple(found) == ENTITIES
    assert {name for name, e in found.items() if e.incremental} == {"Order", "Customer"}
    assert found["Sesamproducts"].adjust == {"stock"}
    assert found["Order"].idempotency == timedelta(hours=48)
    assert {e.marker for e in found.values()} == {None}
    assert found["Customer"].derived_from == "Order"


@pytest.mark.parametrize("settings", [{}, {"products": "v2", "tax_percent": 25}])
def test_every_record_of_a_world_validates_and_fits_its_table(open_site, world, settings) -> None:
    site = open_site(world=world, **settings)
    tables = {m.entity: compile_mapping(m) for m in hooks.talk_mappings(site.settings)}
    models = {e.name: e.model for e in hooks.talk_entities(site.settings)}
    found = {name: site.records(name) for name in ENTITIES[:2]} | {"Customer": site.customers()}
    for entity, records in found.items():
        assert records
        for record in records:
            models[entity].model_validate(record)
            tables[entity].inbound(record)
            tables[entity].lines(record)


# --- opening --------------------------------------------------------------------------------------


def test_site_is_told_by_its_id_and_a_wrong_key_is_a_sentence_without_the_key(open_site) -> None:
    assert open_site().session.account.name == "Nordlys"
    with pytest.raises(DeniedError, match=r"Check the credentials of site") as told:
        open_site(api_key="not-this-one")
    assert "not-this-one" not in told.value.message


def test_settings_of_another_store_say_what_to_write(open_site) -> None:
    with pytest.raises(ConfigError, match=r'currency = "NOK" and weight_unit = "KILOGRAM"'):
        open_site(currency="USD", weight_unit="POUND")


def test_key_that_dies_leaves_the_site_alone(site) -> None:
    site.product()
    site.faults(Fault(kind="expired_token"))
    with pytest.raises(DeniedError):
        site.pages("Sesamproducts")
    with pytest.raises(DeniedError):
        site.move("a/b", "1", "2")


# --- reading --------------------------------------------------------------------------------------


@FIRST
def test_products_come_from_all_pages_each_with_the_stock_of_its_inventory(
    open_site, newest
) -> None:
    site = open_site(switches={"newest_first": newest})
    for number in range(123):
        site.clock.advance(2)
        site.product(f"P{number}", f"S{number}")
    pages = site.pages("Sesamproducts")
    records = [r for page in pages for r in page.records]
    assert sorted(r["sku"] for r in records) == sorted(f"S{n}" for n in range(123))
    assert {r["stock"]["quantity"] for r in records} == {5}
    assert [page.complete for page in pages] == [False] * (len(pages) - 1) + [True]


@FIRST
@pytest.mark.parametrize("inclusive", [True, False])
def test_rows_of_one_moment_are_read_over_the_edges_of_pages(open_site, newest, inclusive) -> None:
    site = open_site(switches={"newest_first": newest, "inclusive": inclusive})
    for number in range(120):
        site.order(customerEmail=f"p{number}@x.no")
    site.clock.advance(60)
    site.order()
    assert len({r["id"] for r in site.records("Order")}) == 121


@FIRST
@pytest.mark.parametrize("spread", [0, 3])
def test_order_that_changes_while_pages_are_read_costs_no_other_one(
    open_site, newest, spread
) -> None:
    site = open_site(switches={"newest_first": newest, "page": 4.0})
    ids = []
    for _ in range(20):
        site.clock.advance(spread)
        ids.append(site.order())
    requests = 0

    def edit(call) -> None:
        nonlocal requests
        requests += call.path.endswith("/orders")
        if requests in {2, 4, 7}:
            site.clock.advance(5)
            site.control.edit("orders", ids[requests], {"fulfillmentStatus": "FULFILLED"})

    site.twin.app._store.faults.on_request = edit
    cursor = site.cursor()
    site.twin.app._store.faults.on_request = None
    requests = -99
    seen = {r["id"] for r in site.records("Order")}
    assert seen == set(ids)
    later = {r["id"]: r["fulfillmentStatus"] for r in site.records("Order", cursor)}
    full = {r["id"]: r["modifiedOn"] for r in site.records("Order")}
    # What the cursor has passed was either seen in the first read or comes now.
    assert all(id_ in later for id_, moment in full.items() if moment > cursor)


@FIRST
def test_orders_of_a_broken_first_read_are_all_there_though_pages_moved(open_site, newest) -> None:
    site = open_site(switches={"newest_first": newest, "page": 3.0})
    ids = []
    for _ in range(12):
        site.clock.advance(4)
        ids.append(site.order())
    site.twin.app._store.faults.on_request = lambda call: (
        site.clock.advance(3),
        call.path.endswith("/orders")
        and site.control.edit("orders", ids.pop(0), {"testmode": False}),
    )
    everything = set(ids)
    pages = site.pages("Order")
    site.twin.app._store.faults.on_request = None
    seen = {r["id"] for page in pages for r in page.records}
    seen |= {r["id"] for r in site.records("Order", pages[-1].cursor)}
    assert seen == everything


def test_incremental_read_has_what_changed_and_keeps_its_cursor_when_nothing_did(site) -> None:
    first = site.order()
    site.clock.advance(60)
    cursor = site.cursor()
    site.clock.advance(60)
    assert site.cursor(cursor) == cursor
    second = site.order()
    assert [r["id"] for r in site.records("Order", cursor)] in ([second], [second, first])
    assert site.cursor(cursor) > cursor


def test_orders_in_test_mode_are_none_and_those_not_paid_yet_are(site) -> None:
    site.order(testmode=True)
    id_ = site.order(paymentState="PARTIALLY_PAID")
    (record,) = site.records("Order")
    assert record["id"] == id_


@pytest.mark.parametrize("kind", ["malformed", "server_error"])
def test_page_that_is_broken_is_no_page(site, kind) -> None:
    site.product()
    site.faults(Fault(kind=kind, path="/products$"))
    with pytest.raises(UnavailableError):
        site.pages("Sesamproducts")


def test_half_page_loses_nothing(site) -> None:
    for number in range(9):
        site.clock.advance(5)
        site.product(f"P{number}", f"S{number}")
    site.faults(Fault(kind="short_page", path="/products$", times=1))
    assert len({r["id"] for r in site.records("Sesamproducts")}) == 9


def test_products_are_found_by_id_and_absence_is_proven(site) -> None:
    product, small, medium = site.product("Bluse", "S", "M")
    other, only = site.product()
    ids = [f"{product}/{small}", f"{other}/{only}", f"{product}/nobody", "65f0ffff/x"]
    assert set(site.get("Sesamproducts", *ids)) == set(ids[:2])
    assert set(site.get("Sesamproducts", f"{product}/{medium}")) == {f"{product}/{medium}"}
    order = site.order()
    assert set(site.get("Order", order, "65f0ffff")) == {order}
    with pytest.raises(RejectedError):
        site.get("Customer", "a@x.no")
    with pytest.raises(RejectedError):
        hooks.talk_find(site.session, "Order", "number", ["1"])


def test_variants_tell_themselves_apart_by_name_and_do_not_speak_for_what_is_shown(site) -> None:
    site.product("Bluse", "S", "M")
    site.product("Stol", "X")
    found = {r["sku"]: r for r in site.records("Sesamproducts")}
    assert {sku: r["name"] for sku, r in found.items()} == {
        "S": "Bluse [S]", "M": "Bluse [M]", "X": "Stol",
    }  # fmt: skip
    assert {sku for sku, r in found.items() if "isVisible" in r} == {"X"}


@pytest.mark.parametrize("shown", [True, False])
def test_stock_that_is_not_counted_is_not_said(open_site, shown) -> None:
    site = open_site(switches={"unlimited_quantity": shown})
    _, variant = site.product()
    site.control.edit("inventory", variant, {"isUnlimited": True})
    (record,) = site.records("Sesamproducts")
    assert "stock" not in record


@pytest.mark.parametrize("mirrors", [True, False])
def test_sale_price_counts_only_on_sale(open_site, mirrors) -> None:
    site = open_site(switches={"sale_mirrors": mirrors})
    site.product()
    (record,) = site.records("Sesamproducts")
    assert record["pricing"]["salePrice"] is None


def test_latest_order_speaks_for_who_bought_and_one_without_a_name_is_nobodys(site) -> None:
    site.order(customerEmail="A@x.no", billingAddress={"firstName": "Old"})
    site.clock.advance(60)
    site.order(customerEmail="a@X.no", billingAddress={"firstName": "New", "lastName": "Name"})
    site.order(customerEmail=None, billingAddress=None, shippingAddress=None)
    (customer,) = site.customers()
    assert (customer["key"], customer["name"]) == ("a@x.no", "New Name")
    assert "customer" not in site.records("Order")[0] or "customer" not in site.records("Order")[-1]


@pytest.mark.parametrize(
    ("tax", "settings", "price", "rate"),
    [("20.00", {}, "80.00000000", "25"), ("13.04", {}, "86.95652174", "15"),
     ("0.00", {}, "100.00", "0"), ("17.77", {}, None, None),
     ("20.00", {"tax_percent": 25}, "80.00000000", "25")],
)  # fmt: skip
def test_price_with_tax_is_net_by_the_rate_that_explains_the_orders_tax(
    open_site, tax, settings, price, rate
) -> None:
    site = open_site(**settings)
    line = {"lineItemType": "CUSTOM", "productName": "x", "unitPricePaid": kroner("100.00")}
    site.order(line, priceTaxInterpretation="INCLUSIVE", taxTotal=kroner(tax))
    (record,) = site.records("Order")
    (found,) = record["lineItems"]
    assert (found.get("unitPrice"), found.get("taxPercent")) == (price, rate)


def test_line_of_a_product_that_was_deleted_does_not_say_of_which(site) -> None:
    product, variant = site.product()
    site.order({"variantId": variant})
    assert site.records("Order")[0]["lineItems"][0]["product"] == f"{product}/{variant}"
    site.control.delete("products", product)
    site.session.client._known.clear()  # as a new run begins
    assert "product" not in site.records("Order")[0]["lineItems"][0]


def test_words_that_came_later_are_not_said(open_site) -> None:
    from talk_squarespace.orders import order_in

    raw = {"id": "1", "lineItems": [], "fulfillmentStatus": "ON_HOLD", "paymentState": "PARTIALLY"}
    found = order_in(raw, open_site().settings, set())
    assert not {"fulfillmentStatus", "paymentState"} & set(found)


# --- writing --------------------------------------------------------------------------------------


def _new(site, **body):
    sent = {"sku": "S-9", "name": "Stol", "pricing": {"basePrice": {"value": "10.00"}}, **body}
    return site.write("create", "Sesamproducts", body=sent)


def test_product_that_is_created_again_is_the_first_one(site) -> None:
    first, second = _new(site), _new(site)
    assert first.record["id"] == second.record["id"]
    assert len(site.control.dump("products")) == 1


def test_product_that_is_created_again_is_answered_as_it_was_made(site) -> None:
    first = _new(site)
    (product,) = site.control.dump("products")
    (variant,) = product["variants"]
    sale = {**variant["pricing"], "onSale": True, "salePrice": {"currency": "NOK", "value": "7.00"}}
    site.control.edit("products", product["id"], {
        "description": "<p>Ny</p>", "variants": [{**variant, "pricing": sale}],
    })  # fmt: skip
    again = _new(site)
    assert again.record["pricing"]["salePrice"] is None
    for name in ("description", "shippingMeasurements", "isVisible", "stock"):
        assert (again.record[name] or None) == (first.record[name] or None)


def test_product_goes_on_the_only_store_page_or_the_one_that_is_named(open_site) -> None:
    site = open_site()
    pages = site.twin.app._paths.match("/1.0/commerce/store_pages", "GET")[0].handler.__self__.site
    pages.pages.append({"id": "65f0aaaa", "title": "To", "isEnabled": True, "urlSlug": "to"})
    outcome = _new(site)
    assert (outcome.kind, "store_page" in outcome.reason) == ("refused", True)
    named = open_site(store_page="5d2f8a1c4b7e9f0011223344")
    assert _new(named).kind == "stored"


def test_service_of_v2_has_a_barcode_that_travels(open_site) -> None:
    site = open_site(products="v2")
    record = _new(site, gtin="7012345678901").record
    assert record["gtin"] == "7012345678901"
    changed = site.write("update", "Sesamproducts", id=record["id"], body={"gtin": "70123456"})
    assert changed.record["gtin"] == "70123456"
    refused = site.write("update", "Sesamproducts", id=record["id"], body={"gtin": None})
    assert refused.kind == "refused"


def test_product_and_variant_are_written_where_each_belongs_and_dimensions_stay(site) -> None:
    product, variant = site.product()
    box = {"unit": "CENTIMETER", "length": 1, "width": 2, "height": 3}
    both = {"weight": {"value": 2}, "dimensions": box}
    body = {"name": "Krakk", "sku": "K-1", "shippingMeasurements": both}
    outcome = site.write("update", "Sesamproducts", id=f"{product}/{variant}", body=body)
    assert (outcome.record["name"], outcome.record["sku"]) == ("Krakk", "K-1")
    measures = outcome.record["shippingMeasurements"]
    assert (measures["weight"]["unit"], measures["dimensions"]) == ("KILOGRAM", box)
    (whole,) = (e.whole for e in hooks.talk_entities(site.settings) if e.name == "Sesamproducts")
    assert whole == {"shippingMeasurements"}


def test_single_variant_is_not_hidden(site) -> None:
    product, small, _ = site.product("Bluse", "S", "M")
    body = {"isVisible": False}
    outcome = site.write("update", "Sesamproducts", id=f"{product}/{small}", body=body)
    assert (outcome.kind, "single variants" in outcome.reason) == ("refused", True)


@pytest.mark.parametrize("fault", ["drop_after", "timeout"])
def test_adjustment_that_is_sent_again_moves_the_stock_once(site, fault) -> None:
    product, variant = site.product()
    id_ = f"{product}/{variant}"
    site.faults(Fault(kind=fault, method="POST", times=1))
    assert site.move(id_, "5", "8").kind == "unknown"
    assert site.move(id_, "5", "8").record["stock"]["quantity"] == 8
    assert site.stock(variant) == 8


def test_stock_that_is_not_there_is_stale_and_one_that_is_not_counted_is_refused(site) -> None:
    product, variant = site.product()
    id_ = f"{product}/{variant}"
    assert site.move(id_, "9", "1").kind == "stale"
    assert site.move(id_, "5", "4.5", key="b").kind == "refused"
    site.control.edit("inventory", variant, {"isUnlimited": True})
    assert site.move(id_, "5", "6", key="c").kind == "refused"
    site.control.delete("products", product)
    assert site.move(id_, "5", "6", key="d").kind == "gone"
    gone = site.write("update", "Sesamproducts", id=id_, body={"sku": "X"})
    assert gone.kind == "gone"


def _import(site, **body):
    line = {"quantity": 1, "productName": "Gave", "unitPrice": "10"}
    sent = {"number": "A-1", "createdOn": "2026-10-01T00:00:00Z", "lineItems": [line],
            "fulfillmentStatus": "FULFILLED", **body}  # fmt: skip
    return site.write("create", "Order", body=sent, golden="g1")


def test_import_that_is_sent_again_is_the_first_one(site) -> None:
    site.faults(Fault(kind="drop_after", method="POST", times=1))
    assert _import(site).kind == "unknown"
    assert _import(site).record["number"] == "A-1"
    assert len(site.control.dump("orders")) == 1


def test_imported_order_is_nobodys_and_has_no_time_of_birth_and_no_number_but_its_own(site) -> None:
    record = _import(site, number=None).record
    assert not {"customer", "bornOn"} & set(record)
    assert record["number"] is None
    assert site.customers() == []


def test_order_is_fulfilled_once_and_nothing_else_of_it_changes(site) -> None:
    id_ = site.order()
    body = {"fulfillmentStatus": "FULFILLED"}
    assert site.write("update", "Order", id=id_, body=body).record["fulfilledOn"]
    before = site.requests("POST")
    assert site.write("update", "Order", id=id_, body=body).kind == "stored"
    assert site.requests("POST") == before
    assert site.write("update", "Order", id=id_, body={"lineItems": []}).kind == "refused"
    canceled = site.order(fulfillmentStatus="CANCELED")
    assert site.write("update", "Order", id=canceled, body=body).kind == "stale"


def test_a_variant_is_deleted_and_with_the_last_one_the_product(site) -> None:
    product, first, second = site.product("Stol", "S1", "S2")
    assert site.write("delete", "Sesamproducts", id=f"{product}/{first}").kind == "stored"
    assert [v["id"] for v in site.control.dump("products")[0]["variants"]] == [second]
    assert site.write("delete", "Sesamproducts", id=f"{product}/{first}").kind == "gone"
    assert site.write("delete", "Sesamproducts", id=f"{product}/{second}").kind == "stored"
    assert site.control.dump("products") == []
    assert site.write("delete", "Sesamproducts", id=f"{product}/{second}").kind == "gone"


def test_minute_of_silence_is_waited_for(open_site) -> None:
    site = open_site(switches={"per_minute": 3.0})
    before = site.clock.monotonic()
    site.pages("Sesamproducts")
    site.pages("Order")
    assert site.clock.monotonic() - before >= 60


def test_plan_writes_nothing(open_site) -> None:
    site = open_site(writes=False)
    with pytest.raises(SafetyError):
        _new(site)


def test_values_that_the_api_cannot_hold_are_sentences(site) -> None:
    tables = {m.entity: compile_mapping(m) for m in hooks.talk_mappings(site.settings)}
    for entity, name, value in (
        ("Sesamproducts", "number", "x" * 61), ("Sesamproducts", "stock", "-1"),
        ("Order", "status", "open"), ("Order", "status", "cancelled"), ("Order", "currency", "EUR"),
    ):  # fmt: skip
        with pytest.raises(MappingError):
            tables[entity].put(name, value, {})
    with pytest.raises(MappingError, match="whole pieces"):
        tables["Order"].children["lines"].mapping.put("quantity", "1.5", {})
