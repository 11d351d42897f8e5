"""MemberCare beside shop, ERP and Wave over real HTTP: what it can hold arrives, once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from talk_sdk import Runner
from talk_sdk.testing.serve import SimulatorProcess
from talk_sdk.testing.workbench import BASE_URLS

EMPTY = {"parties": 0, "items": 0, "deals": 0}
CONNECTORS = {
    "shop": "customwebshop", "erp": "customerp", "books": "wave", "club": "membercare",
}  # fmt: skip
OTHERS = ("shop", "erp", "books")
FIELDS: Mapping[str, Mapping[str, str]] = {
    "shop": {"name": "name", "email": "email", "city": "billing.city", "zip": "billing.zip"},
    "erp": {"name": "name", "email": "email", "city": "invoiceAddress.town",
            "zip": "invoiceAddress.postCode"},
    "books": {"name": "name", "email": "email", "city": "address.city",
              "zip": "address.postalCode"},
}  # fmt: skip
ORDERS = {"shop": "orders", "erp": "orders", "books": "invoices", "club": "invoices"}
LINES = {"shop": ("lines", "text", "quantity"), "erp": ("lines", "text", "qty"),
         "books": ("items", "description", "quantity"),
         "club": ("invoiceItems", "description", "quantity")}  # fmt: skip
OSLO = {"postalCode": {"zipCode": "0155", "city": "Oslo"}, "country": {"iso2Letter": "NO"}}


class Systems:
    """Servers, and a workspace over them."""

    def __init__(self, folder: Path, servers: dict[str, SimulatorProcess]) -> None:
        self.folder, self.servers = folder, servers
        self.source: dict[str, Any] = {
            "systems": {
                name: {
                    "connector": CONNECTORS[name],
                    "base_url": server.base_url + BASE_URLS[CONNECTORS[name]].split(".test", 1)[1],
                    **server.settings,
                }
                for name, server in servers.items()
            },
            "store": {"url": f"sqlite:///{folder / 'talk.db'}"},
        }

    def control(self, system: str) -> Any:
        return self.servers[system].control

    def settle(self) -> None:
        """Run until nothing is written; the servers count."""
        for _ in range(5):
            for server in self.servers.values():
                server.control.reset_counters()
            with Runner.from_config(self.source) as runner:
                report = runner.sync(approve=True)
            assert report.problems == ()
            if not any(s.control.counters()["effects"] for s in self.servers.values()):
                assert report.open == {}
                return
        raise AssertionError("still writing")

    def only(self, system: str, collection: str) -> dict[str, Any]:
        (row,) = self.control(system).dump(collection)
        return dict(row)

    def customer(self, system: str) -> dict[str, Any]:
        """What the one customer there says."""
        if system == "club":
            return club_says(self.only("club", "companies"))
        row = self.only(system, "customers")
        return {field: _at(row, path) for field, path in FIELDS[system].items()}

    def lines(self, system: str) -> list[tuple[str, Decimal]]:
        row = self.only(system, ORDERS[system])
        name, text, quantity = LINES[system]
        return [(line[text], Decimal(str(line[quantity]))) for line in row[name]]


def club_says(row: dict[str, Any]) -> dict[str, Any]:
    """Of dated rows the last; of an address those that have not ended."""
    mails = [c for c in row["contacts"] if c["type"] in {1, 2}]
    rows = [a for a in row["addresses"] if a["addressType"] == 1 and a["end"] is None]
    code = rows[-1]["postalCode"] if rows else {}
    return {
        "name": row["companyName"],
        "email": max(mails, key=lambda c: int(c["id"]))["value"] if mails else None,
        "city": code.get("city"),
        "zip": code.get("zipCode"),
    }


def _at(row: dict[str, Any], path: str) -> Any:
    value: Any = row
    for name in path.split("."):
        value = (value or {}).get(name)
    return value


@pytest.fixture
def systems(tmp_path: Path) -> Iterator[Systems]:
    with (
        SimulatorProcess("customwebshop", sizes=EMPTY) as shop,
        SimulatorProcess("customerp", sizes=EMPTY) as erp,
        SimulatorProcess("wave", sizes=EMPTY) as books,
        SimulatorProcess("membercare", sizes=EMPTY) as club,
    ):
        yield Systems(tmp_path, {"shop": shop, "erp": erp, "books": books, "club": club})


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Systems]:
    """The shop and MemberCare alone."""
    with (
        SimulatorProcess("customwebshop", sizes=EMPTY) as shop,
        SimulatorProcess("membercare", sizes=EMPTY) as club,
    ):
        yield Systems(tmp_path, {"shop": shop, "club": club})


def make(systems: Systems, system: str) -> None:
    """A customer and an order, as a person types them into one system."""
    control, name, email = systems.control(system), "Åse Ødegård", "aase@example.no"
    line: dict[str, Any]
    item: dict[str, Any]
    address: dict[str, Any]
    line = {"text": "Stol", "quantity": "2", "unit_price": "12.50", "sku": "S-1", "vat_rate": "25"}
    if system == "shop":
        billing = {"address1": "Gata 1", "zip": "0155", "city": "Oslo", "country": "NO"}
        buyer = control.create("customers", {"name": name, "email": email, "billing": billing})
        control.create("orders", {"customer_id": buyer, "currency": "NOK", "lines": [line]})
    elif system == "erp":
        address = {"street1": "Gata 1", "postCode": "0155", "town": "Oslo", "countryName": "Norge"}
        buyer = control.create(
            "customers", {"name": name, "email": email, "invoiceAddress": address}
        )
        line = {"text": "Stol", "qty": 2, "unitPriceMinor": 1250, "articleNo": "S-1",
                "vatPercent": 25}  # fmt: skip
        control.create("orders", {"customerId": int(buyer), "lines": [line]})
    elif system == "books":
        address = {"addressLine1": "Gata 1", "postalCode": "0155", "city": "Oslo",
                   "country": {"code": "NO"}}  # fmt: skip
        buyer = control.create("customers", {"name": name, "email": email, "address": address})
        item = {"product": {"id": systems.servers["books"].settings["line_product"]},
                "description": "Stol", "quantity": "2", "unitPrice": "12.50"}  # fmt: skip
        control.create("invoices", {"customer": {"id": buyer}, "status": "SAVED", "items": [item]})
    else:
        contacts = [{"type": 1, "value": email}]
        address = {"addressType": 1, "street": "Gata 1", **OSLO}
        buyer = control.create(
            "companies", {"companyName": name, "category": {"id": 11}, "financeType": 1,
                          "contacts": contacts, "addresses": [address]},
        )  # fmt: skip
        item = {"id": 1, "description": "Stol", "unitPrice": 12.5, "quantity": 2,
                "totalPrice": 25, "totalVat": 6.25, "sequence": 1}  # fmt: skip
        control.create("invoices", {"payer": buyer, "invoiceItems": [item], "source": 5})


@pytest.mark.parametrize("origin", CONNECTORS)
def test_what_is_made_in_one_system_is_made_once_in_the_others(
    systems: Systems, origin: str
) -> None:
    make(systems, origin)
    systems.settle()
    for system in CONNECTORS:
        assert systems.customer(system) == {
            "name": "Åse Ødegård", "email": "aase@example.no", "city": "Oslo", "zip": "0155",
        }, system  # fmt: skip
        assert systems.lines(system) == [("Stol", Decimal(2))], system


@pytest.mark.parametrize("origin", OTHERS)
def test_edits_go_from_and_to_membercare(systems: Systems, origin: str) -> None:
    make(systems, "shop")
    systems.settle()
    row = systems.only(origin, "customers")
    ident = str(row.get("id", row.get("customerId")))
    systems.control(origin).edit("customers", ident, {"name": "Nytt navn", "email": "ny@b.no"})
    systems.settle()
    for system in CONNECTORS:
        said = systems.customer(system)
        assert (said["name"], said["email"]) == ("Nytt navn", "ny@b.no"), system
    club = systems.only("club", "companies")
    ended = [{**a, "end": "2020-01-01T00:00:00"} for a in club["addresses"]]
    bergen = {**OSLO, "postalCode": {"zipCode": "5003", "city": "Bergen"}}
    changes = {
        "companyName": "Enda et navn",
        "addresses": [*ended, {"addressType": 1, "street": "Bryggen 2", **bergen}],
    }
    systems.control("club").edit("companies", club["debtorAccountNumber"], changes)
    systems.settle()
    for system in CONNECTORS:
        said = systems.customer(system)
        assert (said["name"], said["city"], said["zip"]) == ("Enda et navn", "Bergen", "5003")


def test_products_are_read_and_joined_by_their_identification(pair: Systems) -> None:
    number = {"financeDimensions": {"productIdentification": "S-1"}}
    pair.control("club").create("products", {"name": "Stol", "vatPercent": 25, **number})
    pair.control("club").create("products", {"name": "Kontingent", "vatPercent": 0})
    pair.control("shop").create("products", {"sku": "s-1", "title": "Stol", "price": "10.00"})
    pair.settle()
    shop = {p["title"]: p for p in pair.control("shop").dump("products")}
    assert set(shop) == {"Stol", "Kontingent"}
    assert shop["Stol"]["vat_rate"] == "25.00"
    assert len(pair.control("club").dump("products")) == 2


def test_a_member_who_has_left_is_not_made_a_second_time(pair: Systems) -> None:
    numbers = {"norwegianCompanyNumber": "987654321"}
    company = {"companyName": "Åse AS", "category": {"id": 11}, "numbers": numbers}
    closed = {**company, "financeType": 1, "closeDate": "2020-01-01T00:00:00"}
    pair.control("club").create("companies", closed)
    shop = {"is_company": True, "name": "Åse AS", "vat_no": "987654321", "phone": "22000009"}
    pair.control("shop").create("customers", shop)
    pair.settle()
    (contact,) = pair.only("club", "companies")["contacts"]
    assert contact["value"] == "+4722000009"


def test_an_address_that_loses_its_postal_code_is_left_alone(pair: Systems) -> None:
    make(pair, "shop")
    pair.settle()
    row = pair.only("shop", "customers")
    changes = {"billing": {"zip": None, "address1": "Nygata 7"}, "name": "Nytt navn"}
    pair.control("shop").edit("customers", row["id"], changes)
    with Runner.from_config(pair.source) as runner:
        drift = {item.property for item in runner.sync(approve=True).drift}
    assert drift == {"billing_address.postal_code", "billing_address.line1"}
    pair.settle()
    club = pair.only("club", "companies")
    assert club["companyName"] == "Nytt navn"
    assert [a["addressLineOne"] for a in club["addresses"]] == ["Gata 1"]
    assert pair.only("shop", "customers")["billing"]["address1"] == "Nygata 7"


# --- kills ----------------------------------------------------------------------------------------


def killed(systems: Systems, path: str, reached: Callable[[], bool]) -> None:
    """Kill `talk sync` while MemberCare has had the effect and the client has no answer."""
    config = systems.folder / "talk.toml"
    parts = []
    for name, settings in systems.source["systems"].items():
        parts.append(f"[systems.{name}]")
        parts += [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    config.write_text("\n".join(parts), encoding="utf-8")
    control = systems.control("club")
    control.faults([{"kind": "timeout", "method": "POST", "path": path, "seconds": 20, "times": 1}])
    process = subprocess.Popen(
        [sys.executable, "-m", "talk_sdk", "-c", str(config), "sync", "--yes"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        until = time.monotonic() + 60
        while not reached():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < until, "it did not happen"
            time.sleep(0.02)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        control.faults([])


STEPS: Mapping[str, Callable[[dict[str, Any]], Any]] = {
    "companies$": lambda row: True,
    "foreignSystem/": lambda row: row["foreignSystemMappings"],
    "registrationNumbers": lambda row: row["businessNumbers"][
        "registrationNumberNorwegianCompanyNumber"
    ],
    "contacts$": lambda row: row["contacts"],
    "addresses$": lambda row: row["addresses"],
}


@pytest.mark.parametrize("step", STEPS)
def test_a_company_whose_creation_is_killed_is_completed_and_made_once(
    pair: Systems, step: str
) -> None:
    make(pair, "shop")
    (row,) = pair.control("shop").dump("customers")
    pair.control("shop").edit("customers", row["id"], {"vat_no": "987654321", "is_company": True})

    def reached() -> bool:
        return any(STEPS[step](row) for row in pair.control("club").dump("companies"))

    killed(pair, step, reached)
    pair.settle()
    assert pair.customer("club") == {
        "name": "Åse Ødegård", "email": "aase@example.no", "city": "Oslo", "zip": "0155",
    }  # fmt: skip
    numbers = pair.only("club", "companies")["businessNumbers"]
    assert numbers["registrationNumberNorwegianCompanyNumber"]["number"] == "987654321"
    assert len(pair.only("club", "companies")["foreignSystemMappings"]) == 1
    assert len(pair.control("shop").dump("customers")) == 1
    assert pair.lines("club") == [("Stol", Decimal(2))]


def test_an_invoice_whose_creation_is_killed_is_billed_once(pair: Systems) -> None:
    make(pair, "shop")
    killed(pair, "externalPurchase", lambda: bool(pair.control("club").dump("invoices")))
    pair.settle()
    assert pair.lines("club") == [("Stol", Decimal(2))]
    assert len(pair.control("shop").dump("orders")) == 1
