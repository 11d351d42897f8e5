"""The ERP's twin does what the ERP's API promises, quirk by quirk."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from openapi_spec_validator import validate
from talk_customerp.simulator import simulator

from talk_sdk.testing.clock import VirtualClock
from talk_sdk.testing.control import LocalControl, local_control
from talk_sdk.testing.faults import Faults
from talk_sdk.testing.transport import WsgiTransport
from talk_sdk.testing.world import small_world


@dataclass
class Erp:
    http: httpx.Client
    control: LocalControl
    clock: VirtualClock

    def create(self, collection: str, **values: Any) -> dict[str, Any]:
        answer = self.http.post(f"/{collection}", json=values)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def items(self, path: str, **query: Any) -> list[dict[str, Any]]:
        return list(self.http.get(path, params=query).json()["items"])


def _open(parties: int = 6, start: datetime | None = None) -> Erp:
    clock = VirtualClock(start) if start else VirtualClock()
    world = small_world(random.Random(1), parties=parties)
    twin = simulator(world, clock, Faults())
    auth = (str(twin.settings["username"]), str(twin.settings["password"]))
    transport = WsgiTransport(twin.app, clock)
    http = httpx.Client(transport=transport, base_url="http://erp/erp/v1", auth=auth)
    return Erp(http, local_control(twin), clock)


@pytest.fixture
def erp() -> Iterator[Erp]:
    erp = _open()
    with erp.http:
        yield erp


def test_sign_in_needs_user_and_password(erp: Erp) -> None:
    answer = erp.http.get("/customers", auth=("talk", "wrong"))
    assert (answer.status_code, answer.json()["details"]) == (401, [])


def test_company_tells_zone_and_local_time(erp: Erp) -> None:
    company = erp.http.get("/company").json()
    assert company["timeZone"] == "Europe/Oslo"
    assert company["serverTime"] == "2026-11-01T11:00:00"
    assert company["permissions"]["orders"] == "rw"


def test_document_is_valid_openapi(erp: Erp) -> None:
    validate(erp.http.get("http://erp/openapi.json", auth=("", "")).json())


def test_numbered_pages_to_the_end() -> None:
    erp = _open(parties=60)
    first = erp.http.get("/customers", params={"page": 1, "pageSize": 7}).json()
    assert (first["page"], first["pageSize"]) == (1, 7)
    pages = -(-first["total"] // 7)
    found = [r for n in range(1, pages + 1) for r in erp.items("/customers", page=n, pageSize=7)]
    assert [record["customerId"] for record in found] == list(range(1, first["total"] + 1))
    assert erp.items("/customers", page=pages + 1, pageSize=7) == []
    assert erp.http.get("/customers", params={"pageSize": 9999}).json()["pageSize"] == 500


def test_customers_are_stamped_to_the_minute_and_products_not_at_all(erp: Erp) -> None:
    erp.clock.advance(59)
    assert erp.create("customers", name="A")["lastModified"] == "2026-11-01T11:00"
    assert "lastModified" not in erp.create("products", description="A")


def test_orders_modified_from_is_inclusive_local_time(erp: Erp) -> None:
    customer = erp.create("customers", name="A")["customerId"]
    order = erp.create("orders", customerId=customer)
    assert order["lastModified"] == "2026-11-01T11:00:00"
    assert erp.items("/orders", modifiedFrom="2026-11-01T11:00:00") == [order]
    assert erp.items("/orders", modifiedFrom="2026-11-01T11:00:01") == []
    zoned = {"modifiedFrom": "2026-11-01T11:00:00Z"}
    assert erp.http.get("/orders", params=zoned).status_code == 400


def test_night_when_clocks_go_back_hides_nothing() -> None:
    erp = _open(start=datetime(2026, 10, 25, 1, 30, tzinfo=UTC))
    customer = erp.create("customers", name="A")["customerId"]
    order = erp.create("orders", customerId=customer)
    assert order["lastModified"] == "2026-10-25T02:30:00"
    assert erp.items("/orders", modifiedFrom="2026-10-25T02:30:00") == [order]


def test_names_are_cut_at_fifty_without_a_word(erp: Erp) -> None:
    assert erp.create("customers", name="ø" * 60)["name"] == "ø" * 50
    assert erp.create("products", description="x" * 51)["description"] == "x" * 50


def test_phones_lose_their_blanks(erp: Erp) -> None:
    assert erp.create("customers", name="A", phone="+47 22 33")["phone"] == "+472233"


def test_unit_prices_keep_two_decimals_of_a_minor_unit(erp: Erp) -> None:
    answer = erp.http.post(
        "/products", content=b'{"description": "A", "salesPriceMinor": 1100.505}'
    )
    assert b'"salesPriceMinor":1100.51,' in answer.content
    assert erp.create("products", description="B", salesPriceMinor=1100.5)["salesPriceMinor"] == (
        1100.5
    )
    text = erp.http.post("/products", json={"description": "A", "salesPriceMinor": "12"})
    assert (text.status_code, text.json()["details"][0]["field"]) == (400, "salesPriceMinor")


def test_countries_are_names_and_unknown_ones_are_refused(erp: Erp) -> None:
    address = {"countryName": "Tyskland"}
    made = erp.create("customers", name="A", invoiceAddress=address)
    assert made["invoiceAddress"]["countryName"] == "Tyskland"
    answer = erp.http.post(
        "/customers", json={"name": "A", "invoiceAddress": {"countryName": "NO"}}
    )
    assert answer.status_code == 400
    assert answer.json()["details"][0]["field"] == "invoiceAddress.countryName"


def test_put_clears_what_is_left_out_and_ignores_read_only(erp: Erp) -> None:
    made = erp.create(
        "customers", name="A", blocked=True, creditLimitMinor=5, invoiceAddress={"town": "Oslo"}
    )
    sent = {"name": "B", "customerNo": "999", "version": 1}
    kept = erp.http.put(f"/customers/{made['customerId']}", json=sent).json()
    assert (kept["name"], kept["customerNo"]) == ("B", made["customerNo"])
    assert (kept["blocked"], kept["creditLimitMinor"]) == (False, None)
    assert kept["invoiceAddress"]["town"] is None
    assert kept["version"] == 2


def test_stale_version_is_refused(erp: Erp) -> None:
    made = erp.create("products", description="A", onHand=5)
    path = f"/products/{made['productId']}"
    erp.control.adjust("products", str(made["productId"]), "onHand", 3)
    stale = {"description": "B", "onHand": 4, "version": made["version"]}
    assert erp.http.put(path, json=stale).status_code == 409
    assert erp.http.put(path, json={"description": "B"}).status_code == 400
    assert erp.http.get(path).json()["onHand"] == 8
    assert erp.control.adjust("products", str(made["productId"]), "onHand", 0.5)["onHand"] == 8.5


def test_orders_have_no_version_and_lines_no_ids(erp: Erp) -> None:
    customer = erp.create("customers", name="A")["customerId"]
    line = {"text": "a", "qty": 2, "unitPriceMinor": 1100.5, "vatPercent": 25}
    order = erp.create("orders", customerId=customer, lines=[line], freightMinor=100)
    assert (order["totalMinor"], order["vatMinor"]) == (2851, 550)
    assert not {"version", "id"} & (set(order) | set(order["lines"][0]))
    path = f"/orders/{order['orderId']}"
    kept = erp.http.put(path, json={"customerId": customer, "lines": [{"text": "b"}]}).json()
    assert [line["text"] for line in kept["lines"]] == ["b"]
    assert kept["orderNo"] == order["orderNo"]


def test_order_needs_a_customer_that_exists(erp: Erp) -> None:
    assert erp.http.post("/orders", json={}).status_code == 400
    answer = erp.http.post("/orders", json={"customerId": 99999})
    assert answer.json()["details"][0]["field"] == "customerId"


def test_marker_can_be_searched_until_it_is_switched_off(erp: Erp) -> None:
    made = erp.create("customers", name="A", externalReference="w:1")
    assert erp.items("/customers", externalReference="w:1") == [made]
    erp.control.switch("marker", False)
    query = {"externalReference": "w:1"}
    assert erp.http.get("/customers", params=query).status_code == 400
    assert erp.create("customers", name="B", externalReference="w:2")["externalReference"] is None


def test_filters_and_ids(erp: Erp) -> None:
    made = erp.create("customers", name="A", email="A@x.no", orgNo="99")
    assert erp.items("/customers", email="a@X.no") == [made]
    assert erp.items("/customers", orgNo="99") == [made]
    order = erp.create("orders", customerId=made["customerId"], shopOrderNo="S-77")
    assert erp.items("/orders", shopOrderNo="S-77") == [order]
    ids = f"9999,{made['customerId']},1"
    assert [r["customerId"] for r in erp.items("/customers", ids=ids)] == [1, made["customerId"]]
    product = erp.create("products", description="A", articleNo="Q-1")
    assert erp.items("/products", articleNo="Q-1") == [product]
    duplicate = erp.http.post("/products", json={"description": "B", "articleNo": "Q-1"})
    assert duplicate.status_code == 400


def test_api_cannot_delete_but_users_can(erp: Erp) -> None:
    assert erp.http.delete("/customers/1").status_code == 405
    erp.control.delete("customers", "1")
    assert erp.http.get("/customers/1").status_code == 404
    assert erp.http.get("/customers/abc").status_code == 404


def test_orders_of_both_systems_carry_the_shops_number() -> None:
    world = small_world(random.Random(5), 30, 20, 40)
    twin = simulator(world, VirtualClock(), Faults())
    numbers = {order["shopOrderNo"] for order in local_control(twin).dump("orders")}
    shared = {deal.number for deal in world.deals if len(deal.systems) == 2}
    assert shared
    assert shared == numbers - {None}
