"""What MemberCare's twin does with products, invoices, payments and purchases made elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from talk_membercare.simulator import API_KEY, PERSON, simulator

from talk_sdk.testing.clock import VirtualClock
from talk_sdk.testing.control import local_control
from talk_sdk.testing.faults import Faults
from talk_sdk.testing.neutral import World
from talk_sdk.testing.world import awkward_world

BOTH = ("customwebshop", "membercare")


class Till:
    """A twin with one company."""

    def __init__(self, http: httpx.Client, control: Any, clock: VirtualClock) -> None:
        self.http, self.control, self.clock = http, control, clock
        body = {"companyName": "Bygg AS", "category": {"id": 11}}
        self.payer = http.post("/companies", json=body).json()["debtorAccountNumber"]

    def buy(self, *lines: dict[str, Any], **more: Any) -> httpx.Response:
        sent = {"debtorAccountNumber": self.payer, "externalPurchaseItems": list(lines), **more}
        return self.http.post("/externalPurchase", json=sent)

    def invoice(self, *lines: dict[str, Any], **more: Any) -> dict[str, Any]:
        answer = self.buy(*(lines or (line(),)), **more)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


def line(**more: Any) -> dict[str, Any]:
    return {
        "description": "Stol", "amount": 2, "totalPriceWithoutVat": 251.0, "totalVat": 62.75,
        "sequence": 1, "financeDimensions": {"productIdentification": "S-1", "dimension5": "O-7"},
        **more,
    }  # fmt: skip


@pytest.fixture
def open_till(checked, clients) -> Callable[..., Till]:
    def make(world: World | None = None, **switches: Any) -> Till:
        clock, faults = VirtualClock(), Faults()
        twin = simulator(world or World((), (), ()), clock, faults)
        for name, value in switches.items():
            faults.switch(name, value)
        http = httpx.Client(transport=checked(twin.app, clock), base_url="http://mc.test/api/v1")
        clients.append(http)
        sent = {"clientApiKey": API_KEY, "personToImpersonate": PERSON}
        http.headers["token"] = http.post("/token", json=sent).json()["value"]
        return Till(http, local_control(twin), clock)

    return make


@pytest.fixture
def till(open_till: Callable[..., Till]) -> Till:
    return open_till()


def test_a_purchase_answers_with_the_invoice_that_it_made(till: Till) -> None:
    made = till.invoice(externalPurchaseItems=[line(externalSourceIdentification="x-1")])
    (item,) = made["invoiceItems"]
    assert made["payer"]["debtorAccountNumber"] == till.payer
    assert made["source"] == 5
    assert made["financeStatus"] == 0
    assert made["payDueDate"] == "2026-11-15T00:00:00"
    assert (item["unitPrice"], item["quantity"], item["totalPrice"]) == (125.5, 2, 251)
    assert item["totalVat"] == 62.75
    assert item["financeDimensions"]["productIdentification"] == "S-1"
    assert item["financeDimensions"]["dimension5"] == "O-7"
    assert "externalSourceIdentification" not in item  # goes in and is never read back
    assert till.http.get(f"/invoices/{made['id']}").json() == made


def test_a_purchase_that_is_sent_twice_bills_twice(till: Till) -> None:
    one, other = till.invoice(), till.invoice()
    assert one["id"] != other["id"]
    rows = till.http.get("/invoices").json()["result"]
    assert len(rows) == 2


@pytest.mark.parametrize(("places", "price"), [(2.0, 0.33), (8.0, 0.33333333)])
def test_the_unit_price_is_the_total_by_the_amount_rounded(open_till, places, price) -> None:
    till = open_till(price_places=places)
    (item,) = till.invoice(line(amount=3, totalPriceWithoutVat=1, totalVat=0.25))["invoiceItems"]
    assert (item["unitPrice"], item["totalPrice"]) == (price, 1)


def test_a_purchase_says_what_it_lacks(open_till) -> None:
    till = open_till()
    assert till.buy().json() == "The purchase has no lines"
    for name in ("description", "amount", "totalPriceWithoutVat", "totalVat"):
        answer = till.buy(line(**{name: None}))
        assert answer.status_code == 400, name
        assert name in answer.json()
    assert "product" in till.buy(line(financeDimensions=None)).json()
    assert till.buy(line(totalPriceWithoutVat=-1)).status_code == 400
    till.payer = "4711"
    assert till.buy(line()).json() == "The debtor does not exist"
    easy = open_till(product_needed=False, negative_lines=True)
    easy.invoice(line(financeDimensions=None, totalPriceWithoutVat=-1))


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_an_invoice_never_changes_but_for_its_finance_status(till: Till, method: str) -> None:
    made = till.invoice()
    path = f"/invoices/{made['id']}"
    changed = till.http.request(method, path, json={"financeStatus": 2}).json()
    assert changed == {**made, "financeStatus": 2}
    assert till.http.request(method, path, json={"financeStatus": 9}).status_code == 400
    assert till.http.post("/invoices", json={}).status_code == 405
    assert till.http.delete(path).status_code == 405


@pytest.mark.parametrize("listed", [False, True])
def test_several_fail_one_by_one_inside_of_a_200(open_till, listed, checked, monkeypatch) -> None:
    monkeypatch.setattr(checked, "lenient", listed)  # the description has one object
    till = open_till(results_listed=listed)
    made = till.invoice()
    sent = [{"id": 7, "financeStatus": 1}, {"id": made["id"], "financeStatus": 1}]
    answer = till.http.patch("/invoices", json=sent)
    assert answer.status_code == 200
    rows = answer.json() if listed else [answer.json()]
    assert [row["httpStatusCode"] for row in rows] == [404, 200][-len(rows) :]


def test_invoices_are_filtered_by_status_and_there_is_no_filter_by_change(till: Till) -> None:
    one, other = till.invoice(), till.invoice()
    till.http.patch(f"/invoices/{one['id']}", json={"financeStatus": 2})
    rows = till.http.get("/invoices", params={"financeStatus": 0}).json()["result"]
    assert [row["id"] for row in rows] == [other["id"]]


def test_a_payers_invoices_come_the_newest_first(till: Till) -> None:
    made = [till.invoice()["id"] for _ in range(3)]
    path = f"/debtors/{till.payer}/invoices"
    rows = till.http.get(path, params={"reverseOrder": "true", "pageSize": 2}).json()
    assert [row["id"] for row in rows["result"]] == made[:0:-1]
    assert till.http.get(rows["nextPageUrl"]).json()["result"][0]["id"] == made[0]
    after = till.http.get(path, params={"financedAfter": "2026-11-01T00:00:00"}).json()
    assert not after["result"]
    assert till.http.get("/debtors/9/invoices").json()["totalCount"] == 0


def test_a_payment_is_added_and_read_with_its_reference(till: Till) -> None:
    made = till.invoice()
    sent = {"amount": 100.5, "shopOrderId": "O-7", "paymentType": 8}
    paid = till.http.post(f"/invoices/{made['id']}/payments", json=sent).json()
    assert (paid["amount"], paid["shopOrderId"]) == (100.5, "O-7")
    assert till.http.get(f"/invoices/{made['id']}").json()["payments"] == [paid]


def test_members_buy_in_other_ways_too(till: Till) -> None:
    """Fees and events make invoices on their own, to persons as well."""
    person = till.http.post("/persons", json={"lastname": "N"}).json()["debtorAccountNumber"]
    made = till.control.create("invoices", {"payer": person, "source": 2})
    shown = till.http.get(f"/invoices/{made}").json()
    assert (shown["source"], shown["payer"]["memberType"]) == (2, 1)
    credit = {"payer": person, "creditedInvoiceId": int(made)}
    shown = till.http.get(f"/invoices/{till.control.create('invoices', credit)}").json()
    assert shown["creditedInvoiceId"] == int(made)


def test_products_are_only_read_and_have_no_price(open_till) -> None:
    till = open_till(awkward_world(4, 0, 12, 0, systems=BOTH))
    rows = till.http.get("/products").json()["result"]
    assert len(rows) > 3
    assert rows[0]["vatPercent"] in {0, 15, 25}
    assert not {"price", "unitPrice"} & rows[0].keys()
    assert rows[0]["financeDimensions"]["productIdentification"]
    assert till.http.get(f"/products/{rows[0]['id']}").json() == rows[0]
    assert till.http.get("/products/9").json()["title"] == "Not Found"
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert till.http.request(method, "/products", json={}).status_code == 405


def test_what_the_world_says_is_there_once(open_till) -> None:
    world = awkward_world(4, 40, 30, 60, systems=BOTH)
    till, here = open_till(world), world.within("membercare")
    known = {i for i in till.control.identities("companies").values() if i}
    assert known == {party.identity for party in here.parties}
    deals = {deal.identity for deal in here.deals if deal.status in {"open", "closed"}}
    assert set(till.control.identities("invoices").values()) == deals
