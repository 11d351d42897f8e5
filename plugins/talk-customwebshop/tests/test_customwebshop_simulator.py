"""The webshop's twin does what the webshop's API promises, quirk by quirk."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx
import pytest
from openapi_spec_validator import validate
from talk_customwebshop.simulator import simulator

from talk_sdk.testing.clock import VirtualClock
from talk_sdk.testing.control import LocalControl, local_control
from talk_sdk.testing.faults import Faults
from talk_sdk.testing.transport import WsgiTransport
from talk_sdk.testing.world import awkward_world, small_world


@dataclass
class Shop:
    http: httpx.Client
    control: LocalControl
    clock: VirtualClock

    def post(self, path: str, body: dict[str, Any], **headers: str) -> httpx.Response:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.post(path, json=body, headers=names)

    def create(self, collection: str, **values: Any) -> dict[str, Any]:
        answer = self.post(f"/{collection}", values)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def pages(self, path: str, **query: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        cursor = None
        while True:
            page = self.http.get(path, params=query | ({"cursor": cursor} if cursor else {}))
            found += page.json()["data"]
            cursor = page.json()["next_cursor"]
            if cursor is None:
                return found


def _open(parties: int = 6) -> Shop:
    clock = VirtualClock()
    world = small_world(random.Random(1), parties=parties)
    twin = simulator(world, clock, Faults())
    token = {"Authorization": f"Bearer {twin.settings['token']}"}
    transport = WsgiTransport(twin.app, clock)
    http = httpx.Client(transport=transport, base_url="http://shop/api", headers=token)
    return Shop(http, local_control(twin), clock)


@pytest.fixture
def shop() -> Iterator[Shop]:
    shop = _open()
    with shop.http:
        yield shop


def test_sign_in_needs_the_token(shop: Shop) -> None:
    answer = shop.http.get("/customers", headers={"Authorization": "Bearer wrong"})
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "unauthorized"


def test_account_tells_its_id_and_the_servers_time(shop: Shop) -> None:
    answer = shop.http.get("/shop")
    assert answer.json()["time"] == "2026-11-01T10:00:00Z"
    assert answer.headers["Date"] == "Sun, 01 Nov 2026 10:00:00 GMT"
    assert "customers:write" in answer.json()["scopes"]


def test_document_is_valid_openapi(shop: Shop) -> None:
    document = shop.http.get("http://shop/openapi.json", headers={"Authorization": ""}).json()
    validate(document)
    assert set(document["paths"]["/api/products/{id}/stock"]) == {"post"}


def test_pages_to_the_end_are_sorted_and_complete() -> None:
    shop = _open(parties=60)
    records = shop.pages("/customers", limit="7")
    assert {record["id"] for record in records} == set(shop.control.identities("customers"))
    assert records == sorted(records, key=lambda record: (record["updated_at"], record["id"]))


def test_record_edited_between_pages_is_seen_again_and_none_is_skipped() -> None:
    shop = _open(parties=60)
    first = shop.http.get("/customers", params={"limit": 5}).json()
    shop.control.edit("customers", first["data"][0]["id"], {"note": "x"})
    cursor = {"limit": "200", "cursor": first["next_cursor"]}
    rest = shop.http.get("/customers", params=cursor).json()["data"]
    assert {r["id"] for r in [*first["data"], *rest]} == set(shop.control.identities("customers"))
    assert rest[-1]["id"] == first["data"][0]["id"]


def test_updated_since_is_inclusive_to_the_second(shop: Shop) -> None:
    shop.clock.advance(0.7)
    made = shop.create("customers", name="Ny")
    assert made["updated_at"] == "2026-11-01T10:00:00Z"
    at = shop.pages("/customers", updated_since="2026-11-01T10:00:00Z")
    later = shop.pages("/customers", updated_since="2026-11-01T10:00:01Z")
    assert ([record["id"] for record in at], later) == ([made["id"]], [])


def test_filters_and_ids(shop: Shop) -> None:
    made = [
        shop.create("customers", name=name, email="Par@Example.no", vat_no=f"99{name}")
        for name in "AB"
    ]
    assert [r["email"] for r in made] == ["par@example.no"] * 2
    assert shop.pages("/customers", email="PAR@example.no") == made
    assert shop.pages("/customers", vat_no="99B") == made[1:]
    assert shop.pages("/customers", ids=f"{made[1]['id']},cus_999999") == made[1:]
    assert shop.http.get("/customers/cus_999999").status_code == 404
    too_many = ",".join(f"cus_{number:06d}" for number in range(101))
    assert shop.http.get("/customers", params={"ids": too_many}).status_code == 422


@pytest.mark.parametrize(
    ("sent", "kept"), [("11.005", "11.01"), ("11.004", "11.00"), ("-0.005", "-0.01"), ("7", "7.00")]
)
def test_prices_are_rounded_half_up_to_two_places(shop: Shop, sent: str, kept: str) -> None:
    assert shop.create("products", title="X", price=sent)["price"] == kept


def test_text_is_trimmed_and_composed_and_phones_are_kept_as_typed(shop: Shop) -> None:
    made = shop.create("customers", name=" Zoe\u0308 ", phone=" 22 33 ", note="  ")
    assert (made["name"], made["phone"], made["note"]) == ("Zo\u00eb", " 22 33 ", None)


def test_invalid_values_name_their_field(shop: Shop) -> None:
    answer = shop.post("/customers", {"name": "A", "billing": {"country": "Norge"}})
    assert answer.status_code == 422
    assert answer.json()["error"]["field"] == "billing.country"
    assert shop.post("/customers", {"name": "  "}).json()["error"]["field"] == "name"
    assert shop.post("/products", {"title": "A", "price": "dear"}).status_code == 422
    assert shop.http.post("/products", content=b"{nope").status_code == 400


def test_idempotency_key_replays_the_original_answer_for_a_day(shop: Shop) -> None:
    first = shop.post("/customers", {"name": "A"}, Idempotency_Key="k")
    again = shop.post("/customers", {"name": "A"}, Idempotency_Key="k")
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert shop.post("/customers", {"name": "B"}, Idempotency_Key="k").status_code == 409
    shop.clock.advance(24 * 3600)
    later = shop.post("/customers", {"name": "A"}, Idempotency_Key="k")
    assert later.json()["id"] != first.json()["id"]
    assert shop.control.counters()["effects"]["customers"] == {"create": 2}


def test_forgotten_or_disabled_idempotency_creates_twice(shop: Shop) -> None:
    shop.post("/customers", {"name": "A"}, Idempotency_Key="k")
    shop.control.clear_idempotency()
    shop.post("/customers", {"name": "A"}, Idempotency_Key="k")
    shop.control.switch("idempotency", False)
    shop.post("/customers", {"name": "A"}, Idempotency_Key="k")
    assert shop.control.counters()["effects"]["customers"] == {"create": 3}


def test_patch_merges_and_null_clears(shop: Shop) -> None:
    made = shop.create("customers", name="A", note="n", billing={"city": "Oslo", "zip": "0155"})
    changes = {"note": None, "billing": {"city": "Bergen"}}
    kept = shop.http.patch(f"/customers/{made['id']}", json=changes).json()
    assert (kept["name"], kept["note"]) == ("A", None)
    assert (kept["billing"]["city"], kept["billing"]["zip"]) == ("Bergen", "0155")


def test_stale_if_match_is_refused(shop: Shop) -> None:
    made = shop.create("customers", name="A")
    path, seen = f"/customers/{made['id']}", {"If-Match": f'"{made["etag"]}"'}
    first = shop.http.patch(path, json={"name": "B"}, headers=seen)
    assert first.headers["ETag"] == f'"{first.json()["etag"]}"'
    assert shop.http.patch(path, json={"name": "C"}, headers=seen).status_code == 412
    assert shop.http.get(path).json()["name"] == "B"


def test_sku_is_unique(shop: Shop) -> None:
    shop.create("products", title="A", sku="Q-1")
    answer = shop.post("/products", {"title": "B", "sku": "Q-1"})
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "sku")


def test_stock_is_set_once_and_then_only_adjusted(shop: Shop) -> None:
    made = shop.create("products", title="A", stock_quantity=5, currency="USD")
    path = f"/products/{made['id']}"
    assert (made["stock_quantity"], made["currency"]) == (5, "NOK")
    assert shop.http.patch(path, json={"stock_quantity": 99}).json()["stock_quantity"] == 5
    for _ in range(2):
        answer = shop.post(f"{path}/stock", {"delta": -2}, Idempotency_Key="s")
        assert (answer.status_code, answer.json()["stock_quantity"]) == (200, 3)
    assert shop.control.counters()["effects"]["products"]["adjust"] == 1
    shop.control.switch("adjust", False)
    assert shop.post(f"{path}/stock", {"delta": 1}).status_code == 404


def test_sale_by_a_user_lowers_stock(shop: Shop) -> None:
    product = shop.create("products", title="A", stock_quantity=5)
    line = {"product_id": product["id"], "quantity": "2", "unit_price": "10"}
    shop.control.create("orders", {"lines": [line], "guest": {"name": "G"}})
    assert shop.http.get(f"/products/{product['id']}").json()["stock_quantity"] == 3
    shop.create("orders", lines=[line])
    assert shop.http.get(f"/products/{product['id']}").json()["stock_quantity"] == 3
    assert shop.control.adjust("products", product["id"], "stock_quantity", -1)[
        "stock_quantity"
    ] == 2  # fmt: skip


def test_lines_keep_their_ids(shop: Shop) -> None:
    lines = [{"text": text, "quantity": "1", "unit_price": "100"} for text in "abc"]
    order = shop.create("orders", lines=lines, discount_percent="10", shipping_price="5")
    ids = [line["id"] for line in order["lines"]]
    assert order["total"] == "275.00"
    changes = {"lines": [{"id": ids[2], "quantity": "3"}, {"text": "d"}, {"id": ids[0]}]}
    kept = shop.http.patch(f"/orders/{order['id']}", json=changes).json()["lines"]
    assert [(line["text"], line["quantity"]) for line in kept] == [
        ("c", "3.000"),
        ("d", None),
        ("a", "1.000"),
    ]
    assert [kept[0]["id"], kept[2]["id"]] == [ids[2], ids[0]]
    assert kept[1]["id"] not in {*ids, None}
    unknown = {"lines": [{"id": "lin_999999"}]}
    assert shop.http.patch(f"/orders/{order['id']}", json=unknown).status_code == 422


def test_order_numbers_are_assigned_or_taken_and_unique(shop: Shop) -> None:
    assert shop.create("orders")["number"].startswith("S-")
    order = shop.create("orders", number="X-1", payment_status="paid")
    assert (order["number"], order["payment_status"]) == ("X-1", "unpaid")
    assert shop.pages("/orders", number="X-1") == [order]
    assert shop.post("/orders", {"number": "X-1"}).status_code == 422


def test_order_references_must_exist(shop: Shop) -> None:
    assert shop.post("/orders", {"customer_id": "cus_999999"}).status_code == 422
    answer = shop.post("/orders", {"lines": [{"product_id": "prd_999999"}]})
    assert answer.json()["error"]["field"] == "lines.0.product_id"


def test_guest_orders_are_seeded_with_and_without_email() -> None:
    clock = VirtualClock()
    twin = simulator(awkward_world(3, 60, 20, 120), clock, Faults())
    orders = local_control(twin).dump("orders")
    guests = [order["guest"] for order in orders if order["guest"]]
    assert all(order["customer_id"] is None for order in orders if order["guest"])
    assert {bool(guest["email"]) for guest in guests} == {True, False}
    customers = {customer["email"] for customer in local_control(twin).dump("customers")}
    assert any(guest["email"] in customers for guest in guests if guest["email"])


def test_listing_may_lag_behind_reads_by_id(shop: Shop) -> None:
    shop.clock.advance(60)
    shop.control.switch("lag", 10)
    made = shop.create("customers", name="A", email="a@x.no")
    assert shop.pages("/customers", email="a@x.no") == []
    assert made["id"] not in {record["id"] for record in shop.pages("/customers")}
    assert shop.http.get(f"/customers/{made['id']}").json() == made
    shop.clock.advance(11)
    shop.http.patch(f"/customers/{made['id']}", json={"name": "B"})
    assert shop.pages("/customers", email="a@x.no") == [made]
    shop.clock.advance(11)
    assert [record["name"] for record in shop.pages("/customers", email="a@x.no")] == ["B"]


def test_lag_switched_on_later_hides_no_record(shop: Shop) -> None:
    made = shop.create("customers", name="A")
    shop.clock.advance(60)
    shop.http.patch(f"/customers/{made['id']}", json={"name": "B"})
    shop.control.switch("lag", 10)
    assert made["id"] in {record["id"] for record in shop.pages("/customers")}


def test_users_are_logged_and_not_counted(shop: Shop) -> None:
    made = shop.create("customers", name="A")
    shop.control.edit("customers", made["id"], {"name": "B"})
    shop.control.delete("customers", made["id"])
    assert shop.http.get(f"/customers/{made['id']}").status_code == 404
    assert shop.control.counters()["effects"] == {"customers": {"create": 1}}
    assert [(effect.who, effect.kind) for effect in shop.control.effects()] == [
        ("api", "create"),
        ("user", "update"),
        ("user", "delete"),
    ]
    assert isinstance(shop.control.effects()[0].time, datetime)


def test_hidden_identity_is_known_for_seeded_records_only(shop: Shop) -> None:
    made = shop.create("customers", name="A")
    identities = shop.control.identities("customers")
    assert identities.pop(made["id"]) is None
    assert all(identity is not None for identity in identities.values())
