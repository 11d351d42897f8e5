"""The twin of Squarespace alone, in raw HTTP: each of the facts that the connector rests on."""

from __future__ import annotations

from typing import Any

import pytest

from talk_sdk.testing.faults import Fault

ORDERS, STOCK = "/1.0/commerce/orders", "/1.0/commerce/inventory"
ADJUST = f"{STOCK}/adjustments"
PRODUCTS = "/1.0/commerce/products"
PAGE = "5d2f8a1c4b7e9f0011223344"
ALWAYS = {"modifiedAfter": "2000-01-01T00:00:00Z", "modifiedBefore": "2100-01-01T00:00:00Z"}


def kroner(value: str) -> dict[str, str]:
    return {"currency": "NOK", "value": value}


def product(**more: Any) -> dict[str, Any]:
    variant = {"sku": "S-1", "pricing": {"basePrice": kroner("100.00")}, "stock": {"quantity": 5}}
    return {"type": "PHYSICAL", "storePageId": PAGE, "name": "Stol", "variants": [variant], **more}


def order(*lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    rows = [{"lineItemType": "CUSTOM", "title": "Gave", "quantity": 2,
             "unitPricePaid": kroner("10.00")}]  # fmt: skip
    return {
        "channelName": "talk", "externalOrderReference": "S-1", "fulfillments": [],
        "createdOn": "2026-10-01T10:00:00Z", "priceTaxInterpretation": "EXCLUSIVE",
        "lineItems": [*lines] or rows, "subtotal": kroner("20.00"), "grandTotal": kroner("20.00"),
        **more,
    }  # fmt: skip


def said(answer: Any) -> tuple[int, str, Any]:
    body = answer.json()
    assert set(body) == {"type", "subtype", "message", "details", "contextId"}
    return answer.status_code, body["type"], body["subtype"]


# --- auth, errors, limits -------------------------------------------------------------------------


def test_wrong_key_is_401_and_no_user_agent_is_refused_by_the_gateway(api) -> None:
    wrong = api.http.get(ORDERS, headers={"Authorization": "Bearer x"})
    assert said(wrong) == (401, "AUTHORIZATION_ERROR", None)
    nobody = api.http.get(ORDERS, headers={"User-Agent": ""})
    assert nobody.headers["Content-Type"] == "application/problem+json"
    assert (nobody.status_code, nobody.json()["title"]) == (400, "Bad Request")


def test_over_300_requests_a_minute_nothing_is_answered_for_a_minute_and_no_header_says_so(
    open_api,
) -> None:
    api = open_api(per_minute=3.0)
    assert [api.http.get(STOCK).status_code for _ in range(5)] == [200, 200, 200, 429, 429]
    refused = api.http.get(STOCK)
    assert said(refused) == (429, "TOO_MANY_REQUESTS", None)
    assert "Retry-After" not in refused.headers
    api.clock.advance(59)
    assert api.http.get(STOCK).status_code == 429
    api.clock.advance(2)
    assert api.http.get(STOCK).status_code == 200


def test_site_tells_its_currency_and_its_measures(api) -> None:
    found = api.get("/1.0/authorization/website")
    assert (found["currency"], found["measurementStandard"]) == ("NOK", "METRIC")
    assert api.get("/1.0/commerce/store_pages")["storePages"][0]["id"] == PAGE


# --- paging ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("newest", "first"), [(True, "P119"), (False, "P0")])
def test_pages_hold_fifty_and_a_cursor_carries_the_filter(open_api, newest, first) -> None:
    api = open_api(newest_first=newest, per_minute=9999.0)
    for number in range(120):
        api.clock.advance(1)
        api.product(f"P{number}", f"S{number}")
    page, names, sizes = api.get(PRODUCTS, **ALWAYS), [], []
    while True:
        names += [row["name"] for row in page["products"]]
        sizes.append(len(page["products"]))
        if not page["pagination"]["hasNextPage"]:
            break
        page = api.get(PRODUCTS, cursor=page["pagination"]["nextPageCursor"])
    assert (sizes, names[0], len(set(names))) == ([50, 50, 20], first, 120)
    assert page["pagination"]["nextPageCursor"] is not None  # at the end, too


def test_what_changes_between_two_pages_moves_a_row_over_their_edge(open_api) -> None:
    api = open_api(newest_first=False, page=2.0)
    ids = []
    for number in range(4):
        api.clock.advance(1)
        ids.append(api.product(f"P{number}", f"S{number}")[0])
    page = api.get(PRODUCTS)
    api.clock.advance(1)
    api.control.edit("products", ids[0], {"name": "changed"})
    rest = api.get(PRODUCTS, cursor=page["pagination"]["nextPageCursor"])
    assert [r["name"] for r in page["products"] + rest["products"]] == [
        "P0", "P1", "P3", "changed",
    ]  # fmt: skip


def test_cursor_stands_alone_and_the_pair_comes_together(api) -> None:
    api.order()
    cursor = api.get(ORDERS)["pagination"]["nextPageCursor"]
    both = api.http.get(ORDERS, params={"cursor": cursor, **ALWAYS})
    assert said(both) == (400, "INVALID_REQUEST_ERROR", "INVALID_ARGUMENT")
    assert "Cursor cannot be set while other parameters are present." in both.text
    one = api.http.get(ORDERS, params={"modifiedAfter": "2026-01-01T00:00:00Z"})
    assert said(one) == (400, "INVALID_REQUEST_ERROR", "MISSING_ARGUMENT")
    assert "'modifiedBefore' and 'modifiedAfter' must both be specified." in one.text
    wrong = {"modifiedAfter": ALWAYS["modifiedBefore"], "modifiedBefore": ALWAYS["modifiedAfter"]}
    assert api.http.get(ORDERS, params=wrong).status_code == 400
    assert api.http.get(ORDERS, params={"cursor": "?"}).status_code == 400


@pytest.mark.parametrize(("inclusive", "count"), [(False, 0), (True, 1)])
def test_bounds_let_in_what_changed_at_that_moment_by_a_switch(open_api, inclusive, count) -> None:
    api = open_api(inclusive=inclusive)
    api.order()
    moment = api.get(ORDERS)["result"][0]["modifiedOn"]
    pair = {"modifiedAfter": moment, "modifiedBefore": "2100-01-01T00:00:00Z"}
    assert len(api.get(ORDERS, **pair)["result"]) == count


def test_orders_that_are_not_paid_yet_are_hidden_unless_asked_for(api) -> None:
    for state in ("PAID", "PENDING", "PARTIALLY_PAID"):
        api.order(paymentState=state)
    assert [r["paymentState"] for r in api.get(ORDERS)["result"]] == ["PAID"]
    found = api.get(ORDERS, paymentStates="PENDING,PARTIALLY_PAID")["result"]
    assert {r["paymentState"] for r in found} == {"PENDING", "PARTIALLY_PAID"}


def test_lists_with_no_data_are_null_or_empty_by_a_switch(open_api) -> None:
    for null, expected in ((True, None), (False, [])):
        api = open_api(null_lists=null)
        api.order()
        assert api.get(ORDERS)["result"][0]["shippingLines"] == expected


def test_ids_are_read_up_to_fifty_at_once_and_one_unknown_spoils_all(api) -> None:
    ids = [api.product(f"P{n}", f"S{n}")[0] for n in range(2)]
    assert len(api.get(f"{PRODUCTS}/{','.join(ids)}")["products"]) == 2
    assert api.http.get(f"{PRODUCTS}/{ids[0]},65f0ffff").status_code == 404
    assert api.http.get(f"{PRODUCTS}/{','.join(ids * 26)}").status_code == 400
    assert api.http.get(f"{ORDERS}/65f0ffff").status_code == 404


def test_faults_of_the_toolkit_hit_lists(api) -> None:
    api.product()
    api.control.faults([Fault(kind="empty_page", times=1)])
    assert api.get(PRODUCTS)["products"] == []
    assert len(api.get(PRODUCTS)["products"]) == 1


# --- products -------------------------------------------------------------------------------------


def test_product_is_made_invisible_with_stock_and_a_slug(api) -> None:
    made = api.post(PRODUCTS, product())
    assert made.status_code == 201
    found = made.json()
    assert (found["isVisible"], found["variants"][0]["stock"]["quantity"]) == (False, 5)
    assert found["urlSlug"].startswith("stol")
    assert api.get(PRODUCTS)["products"] == [found]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"type": "SERVICE"}, 400), ({"storePageId": "65f0ffff"}, 400), ({"variants": []}, 400),
        ({"variants": [{"sku": "x" * 61, "pricing": {"basePrice": kroner("1.00")}}]}, 400),
        ({"variants": [{"sku": "x", "pricing": {}}]}, 400),
        ({"variants": [{"sku": "x", "pricing": {"basePrice": kroner("1.005")}}]}, 400),
        ({"variants": [{"sku": "x", "pricing": {"basePrice": kroner("1000001")}}]}, 400),
        ({"variants": [{"sku": "x", "pricing": {"basePrice": {"currency": "USD",
                                                              "value": "1"}}}]}, 409),
        ({"variants": [{"sku": n, "pricing": {"basePrice": kroner("1")}} for n in "ab"]}, 400),
        ({"variants": [{"sku": "x", "pricing": {"basePrice": kroner("1")},
                        "shippingMeasurements": {"weight": {"unit": "POUND", "value": 1}}}]}, 409),
        ({"name": "x" * 201}, 400),
    ],
)  # fmt: skip
def test_product_that_the_api_refuses(api, change, status) -> None:
    assert api.post(PRODUCTS, product(**change)).status_code == status
    assert api.get(STOCK)["inventory"] == []


@pytest.mark.parametrize("name", ["URL_SLUG_UNAVAILABLE", "URL_SLUG_IN_USE"])
def test_slug_is_kept_in_lower_case_and_is_of_one_product(open_api, name) -> None:
    api = open_api(slug_in_use=name == "URL_SLUG_IN_USE")
    assert api.post(PRODUCTS, product(urlSlug="Stol-A")).json()["urlSlug"] == "stol-a"
    assert said(api.post(PRODUCTS, product(urlSlug="stol-a"))) == (409, "CONFLICT", name)


def test_sku_is_trimmed_and_of_one_variant_of_a_product_but_of_any_products(api) -> None:
    first, second = product(), product()
    first["variants"][0]["sku"] = " S-1 "
    for body in (first, second):
        assert api.post(PRODUCTS, body).json()["variants"][0]["sku"] == "S-1"
    id_, *_ = api.product("Bluse", "S", "M")
    new = {"sku": "S", "pricing": {"basePrice": kroner("1")}, "attributes": {"Size": "L"}}
    assert said(api.post(f"{PRODUCTS}/{id_}/variants", new))[2] == "SKU_UNAVAILABLE"


def test_product_changes_in_part_and_its_variants_by_their_own_path(api) -> None:
    id_, variant = api.product(description="<p>a</p>")
    api.clock.advance(5)
    changed = api.post(f"{PRODUCTS}/{id_}", {"name": "Krakk", "variants": []}).json()
    assert (changed["name"], len(changed["variants"])) == ("Krakk", 1)
    assert changed["description"] == "<p>a</p>"
    assert changed["modifiedOn"] > changed["createdOn"]
    path = f"{PRODUCTS}/{id_}/variants/{variant}"
    sale = api.post(path, {"pricing": {"salePrice": kroner("80.00"), "onSale": True}}).json()
    assert sale["pricing"]["basePrice"] == kroner("100.00")
    assert sale["pricing"]["salePrice"] == kroner("80.00")
    assert api.post(path, {"stock": {"quantity": 9}}).status_code == 400


@pytest.mark.parametrize(("mirrors", "shown"), [(False, "0.00"), (True, "100.00")])
def test_sale_price_of_what_is_not_on_sale_means_nothing(open_api, mirrors, shown) -> None:
    api = open_api(sale_mirrors=mirrors)
    api.product()
    (found,) = api.get(PRODUCTS)["products"]
    assert found["variants"][0]["pricing"]["salePrice"]["value"] == shown


@pytest.mark.parametrize("whole", [True, False])
def test_measures_are_replaced_as_a_whole_or_in_part_by_a_switch(open_api, whole) -> None:
    api = open_api(measurements_whole=whole)
    id_, variant = api.product()
    path = f"{PRODUCTS}/{id_}/variants/{variant}"
    box = {"unit": "CENTIMETER", "length": 1, "width": 2, "height": 3}
    weight = {"unit": "KILOGRAM", "value": 1.5}
    api.post(path, {"shippingMeasurements": {"dimensions": box}})
    found = api.post(path, {"shippingMeasurements": {"weight": weight}}).json()
    assert ("dimensions" in found["shippingMeasurements"]) is not whole


def test_barcodes_and_services_are_in_v2_alone(api) -> None:
    id_, _ = api.product()
    api.product("Montering", "M-1", type="SERVICE")
    assert [p["name"] for p in api.get(PRODUCTS)["products"]] == ["Stol"]
    assert "gtin" not in api.get(f"{PRODUCTS}/{id_}")["products"][0]["variants"][0]
    later = api.get("/v2/commerce/products")["products"]
    assert {p["name"] for p in later} == {"Stol", "Montering"}
    assert "gtin" in later[0]["variants"][0]


def test_description_is_sanitised_and_may_be_written_anew(open_api) -> None:
    html = '<p onclick="x()">a<br>b</p><script>evil()</script>'
    for rewrites, kept in ((True, "<p>a<br/>b</p>"), (False, "<p>a<br>b</p>")):
        api = open_api(rewrites_html=rewrites)
        assert api.post(PRODUCTS, product(description=html)).json()["description"] == kept


def test_several_variants_have_distinct_attributes_and_the_last_is_not_deleted(api) -> None:
    id_, small, medium = api.product("Bluse", "S", "M")
    path = f"{PRODUCTS}/{id_}/variants"
    same = {"sku": "X", "pricing": {"basePrice": kroner("1")}, "attributes": {"Size": "M"}}
    assert api.post(path, same).status_code == 400
    assert api.http.delete(f"{path}/{small}").status_code == 204
    assert said(api.http.delete(f"{path}/{medium}"))[0] == 409
    assert len(api.get(STOCK)["inventory"]) == 1


def test_deleted_product_leaves_no_trace(api) -> None:
    id_, _ = api.product()
    assert api.http.delete(f"{PRODUCTS}/{id_}").status_code == 204
    assert api.get(PRODUCTS)["products"] == api.get(STOCK)["inventory"] == []
    assert api.http.get(f"{PRODUCTS}/{id_}").status_code == 404


# --- stock ----------------------------------------------------------------------------------------


def test_inventory_has_the_variants_with_a_text_and_no_time(api) -> None:
    _, small, _ = api.product("Bluse", "S", "M")
    first, second = api.get(STOCK)["inventory"]
    assert first == {"variantId": small, "sku": "S", "descriptor": "Bluse [S]",
                     "isUnlimited": False, "quantity": 5}  # fmt: skip
    assert api.get(f"{STOCK}/{small}")["inventory"] == [first]
    assert second["descriptor"] == "Bluse [M]"


def test_stock_moves_by_differences_which_commute_with_sales(api) -> None:
    _, variant = api.product()
    api.order({"variantId": variant, "quantity": 2})
    up = {"incrementOperations": [{"variantId": variant, "quantity": 10}]}
    assert api.post(ADJUST, up, key="a").status_code == 204
    assert api.stock(variant) == 13
    down = {"decrementOperations": [{"variantId": variant, "quantity": 3}]}
    assert api.post(ADJUST, down, key="b").status_code == 204
    assert api.stock(variant) == 10
    assert api.post(ADJUST, {"setUnlimitedOperations": [variant]}, key="c").status_code == 204
    assert api.get(STOCK)["inventory"][0]["isUnlimited"]
    assert said(api.post(ADJUST, up, key="d")) == (409, "CONFLICT", "STOCK_NOT_TRACKED")
    finite = {"setFiniteOperations": [{"variantId": variant, "quantity": 0}]}
    assert api.post(ADJUST, finite, key="e").status_code == 204
    assert api.get(STOCK)["inventory"][0]["isUnlimited"] is False


def test_stock_below_nought_or_of_nobody_or_twice_is_refused_for_all(api) -> None:
    _, one = api.product()
    _, two = api.product("Bord", "B-1")
    both = {"decrementOperations": [{"variantId": one, "quantity": 1},
                                    {"variantId": two, "quantity": 6}]}  # fmt: skip
    assert said(api.post(ADJUST, both, key="a"))[2] == "INSUFFICIENT_STOCK"
    assert api.stock(one) == 5
    unknown = "00000000-7a1c-4b2d-9e3f-000000000000"
    nobody = {"incrementOperations": [{"variantId": unknown, "quantity": 1}]}
    assert api.post(ADJUST, nobody, key="b").status_code == 400
    twice = {"incrementOperations": [{"variantId": one, "quantity": 1}] * 2}
    assert api.post(ADJUST, twice, key="c").status_code == 400
    assert api.post(ADJUST, {}, key="d").status_code == 400


@pytest.mark.parametrize("touches", [False, True])
def test_stock_moves_its_product_by_a_switch(open_api, touches) -> None:
    api = open_api(stock_touches=touches)
    _, variant = api.product()
    before = api.get(PRODUCTS)["products"][0]["modifiedOn"]
    api.clock.advance(60)
    api.control.adjust("inventory", variant, "quantity", -1)
    assert (api.get(PRODUCTS)["products"][0]["modifiedOn"] > before) is touches


# --- orders ---------------------------------------------------------------------------------------


def test_key_is_demanded_before_the_body_and_remembered_for_48_hours(api) -> None:
    missing = api.post(ORDERS, {})
    assert missing.json() == {
        "type": "about:blank", "title": "Bad Request", "status": 400,
        "detail": "Required header 'Idempotency-Key' is not present.", "instance": ORDERS,
    }  # fmt: skip
    first = api.post(ORDERS, order(), key="k1").json()
    api.clock.advance(47 * 3600)
    assert api.post(ORDERS, order(), key="k1").json() == first
    assert api.post(ORDERS, order(grandTotal=kroner("21.00")), key="k1").status_code == 400
    assert api.post(ORDERS, order(), key="no blanks").status_code == 400
    api.clock.advance(2 * 3600)
    assert api.post(ORDERS, order(), key="k1").json()["id"] != first["id"]


def test_imported_order_is_external_and_paid(api) -> None:
    id_, variant = api.product()
    line = {"lineItemType": "PHYSICAL_PRODUCT", "variantId": variant, "quantity": 2,
            "unitPricePaid": kroner("10.00")}  # fmt: skip
    made = api.post(ORDERS, order(line), key="k1").json()
    assert (made["channel"], made["paymentState"], made["fulfillmentStatus"]) == (
        "external", "PAID", "PENDING",
    )  # fmt: skip
    (row,) = made["lineItems"]
    assert (row["productId"], row["sku"], row["productName"]) == (id_, "S-1", "Stol")
    assert made["createdOn"] == "2026-10-01T10:00:00Z"
    assert made["orderNumber"].isdecimal()
    assert api.stock(variant) == 5  # SKIP is the default
    api.post(ORDERS, order(line, inventoryBehavior="DEDUCT"), key="k2")
    assert api.stock(variant) == 3


@pytest.mark.parametrize(
    "change",
    [
        {"channelName": None}, {"createdOn": None}, {"lineItems": []}, {"subtotal": None},
        {"subtotal": kroner("19.00")}, {"fulfillmentStatus": "CANCELED"},
        {"fulfillmentStatus": "FULFILLED"}, {"externalOrderReference": "x" * 201},
        {"channelName": "x" * 31}, {"inventoryBehavior": "DECREMENT"},
        {"lineItems": [{"lineItemType": "PHYSICAL_PRODUCT", "variantId": "?", "quantity": 1,
                        "unitPricePaid": kroner("20.00")}]},
        {"lineItems": [{"lineItemType": "CUSTOM", "quantity": 1,
                        "unitPricePaid": kroner("20.00")}]},
        {"lineItems": [{"lineItemType": "CUSTOM", "title": "x", "quantity": 0,
                        "unitPricePaid": kroner("20.00")}]},
    ],
)  # fmt: skip
def test_import_that_the_api_refuses(api, change) -> None:
    assert api.post(ORDERS, order(**change), key="k1").status_code == 400
    assert api.get(ORDERS)["result"] == []


def test_import_is_for_a_hundred_orders_an_hour(open_api) -> None:
    api = open_api(imports_per_hour=2.0)
    found = [api.post(ORDERS, order(), key=f"k{n}").status_code for n in range(3)]
    assert found == [201, 201, 429]
    api.clock.advance(3601)
    assert api.post(ORDERS, order(), key="k9").status_code == 201


@pytest.mark.parametrize("needed", [True, False])
def test_fulfilment_without_shipments_fulfils_the_order(open_api, needed) -> None:
    api = open_api(shipments_needed=needed)
    id_ = api.order()
    path = f"{ORDERS}/{id_}/fulfillments"
    bare = api.post(path, {"shouldSendNotification": False})
    assert bare.status_code == (400 if needed else 204)
    body = {"shouldSendNotification": False, "shipments": []}
    assert api.post(path, body).status_code == 204
    assert api.get(f"{ORDERS}/{id_}")["fulfillmentStatus"] == "FULFILLED"
    canceled = api.order(fulfillmentStatus="CANCELED")
    assert api.post(f"{ORDERS}/{canceled}/fulfillments", body).status_code == 409


def test_world_is_there(open_api, world, deals) -> None:
    api = open_api(world, page=1000.0)
    here = world.within("squarespace")
    assert len(api.get("/v2/commerce/products")["products"]) == len(here.items)
    assert len(api.get(ORDERS)["result"]) == len(deals) > 5
