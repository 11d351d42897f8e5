"""Six systems as servers, a workspace over them, and what they hold when the story begins."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from talk_sdk import Runner
from talk_sdk.reports import Report, Status
from talk_sdk.testing.serve import SimulatorProcess
from talk_sdk.testing.workbench import BASE_URLS

CONNECTORS = {
    "shop": "customwebshop", "erp": "customerp", "books": "wave", "crm": "webcrm",
    "members": "membercare", "site": "squarespace",
}  # fmt: skip
EMPTY = {"parties": 0, "items": 0, "deals": 0}
CUSTOMERS = {"shop": "customers", "erp": "customers", "books": "customers",
             "crm": "organisations", "members": "companies"}  # fmt: skip
PRODUCTS = {"shop": "products", "erp": "products", "books": "products", "crm": "linked_data",
            "members": "products", "site": "products"}  # fmt: skip
ORDERS = {"shop": "orders", "erp": "orders", "books": "invoices", "crm": "opportunities",
          "members": "invoices", "site": "orders"}  # fmt: skip
CALLED = ("name", "title", "description", "companyName", "OrganisationName",
          "QuotationLineLinkedDataItemData1")  # fmt: skip
"""What the name of a customer or a product is called, first match first."""
IDS = {"shop": "id", "erp": "customerId", "books": "id", "crm": "OrganisationId",
       "members": "debtorAccountNumber"}  # fmt: skip
STORE_PAGE = "5d2f8a1c4b7e9f0011223344"
Row = dict[str, Any]


class Six:
    """Six servers and a workspace over them."""

    customers, products, orders = CUSTOMERS, PRODUCTS, ORDERS

    def __init__(self, folder: Path, servers: dict[str, SimulatorProcess]) -> None:
        self.servers = servers
        self.store = folder / "talk.db"
        base = {name: BASE_URLS[c].split(".test", 1)[1] for name, c in CONNECTORS.items()}
        self.source = {
            "systems": {
                name: {"connector": CONNECTORS[name], **server.settings,
                       "base_url": server.base_url + base[name]}
                for name, server in servers.items()
            },
            "store": {"url": f"sqlite:///{self.store}"},
        }  # fmt: skip
        self.reports: list[Report] = []
        self.writes: list[dict[str, int]] = []

    def __getitem__(self, system: str) -> Any:
        """The control plane of a system: what its users do, and what they see."""
        return self.servers[system].control

    def sync(self) -> Report:
        """One run. What was written is what the servers counted."""
        for server in self.servers.values():
            server.control.reset_counters()
        with Runner.from_config(self.source) as runner:
            report = runner.sync(approve=True)
        assert report.problems == ()
        self.reports.append(report)
        effects = {name: self[name].counters()["effects"] for name in CONNECTORS}
        self.writes.append(
            {name: sum(sum(k.values()) for k in found.values()) for name, found in effects.items()}
        )
        return report

    def settle(self) -> list[Report]:
        """Run until a run writes nothing, at most two that do before it."""
        reports = []
        for _ in range(3):
            reports.append(self.sync())
            if not any(self.writes[-1].values()):
                return reports
        raise AssertionError(f"still writing: {self.writes[-1]}")

    def status(self) -> Status:
        with Runner.from_config(self.source) as runner:
            return runner.status()

    def row(self, system: str, collection: str, **fields: Any) -> Row:
        (found,) = (r for r in self[system].dump(collection) if fields.items() <= r.items())
        return dict(found)

    def customer(self, system: str, name: str) -> Row:
        """The one customer of this name there."""
        (found,) = (r for r in self[system].dump(CUSTOMERS[system]) if self.named(r) == name)
        return dict(found)

    def names(self, system: str, collection: str) -> list[str]:
        rows = self[system].dump(collection)
        return sorted(n for n in map(self.named, rows) if n not in {"Diverse", "Frakt"})

    def email(self, system: str, name: str) -> str:
        """The e-mail address of a customer, wherever the system keeps it."""
        row = self.customer(system, name)
        if system == "crm":
            return str(self.persons(row)[0]["PersonEmail"])
        if system == "members":
            return self.contact(row, 1)
        return str(row["email"]).lower()

    def persons(self, organisation: Row) -> list[Row]:
        """The persons of an organisation of webCRM, the main one first."""
        rows = [r for r in self["crm"].dump("persons")
                if r["PersonOrganisationId"] == organisation["OrganisationId"]]  # fmt: skip
        return sorted(rows, key=lambda r: int(r["PersonId"]))

    def stock(self, sku: str) -> dict[str, int]:
        """Pieces of a product, wherever they are counted."""
        variant = self.variant(sku)["id"]
        return {
            "shop": self.row("shop", "products", sku=sku)["stock_quantity"],
            "erp": self.row("erp", "products", articleNo=sku)["onHand"],
            "site": self.row("site", "inventory", variantId=variant)["quantity"],
        }

    def variant(self, sku: str) -> Row:
        products = self["site"].dump("products")
        (found,) = (v for p in products for v in p["variants"] if v["sku"].upper() == sku)
        return dict(found)

    def order(self, system: str, number: str) -> Row | None:
        """The order of this number, or None if a system has none."""
        places = {"shop": "number", "erp": "shopOrderNo", "books": "poNumber",
                  "crm": "OpportunityNumber", "site": "externalOrderReference"}  # fmt: skip
        rows = [r for r in self[system].dump(ORDERS[system]) if number == (
            r["invoiceItems"][0]["financeDimensions"]["dimension5"] if system == "members"
            else r[places[system]])]  # fmt: skip
        assert len(rows) <= 1
        return dict(rows[0]) if rows else None

    def lines(self, system: str, number: str) -> list[tuple[str, Decimal]]:
        """Text and quantity of an order's lines, in their order."""
        order = self.order(system, number)
        assert order is not None, (system, number)
        name, text, quantity = {
            "shop": ("lines", "text", "quantity"), "erp": ("lines", "text", "qty"),
            "books": ("items", "description", "quantity"),
            "crm": ("", "QuotationLineData1", "QuotationLineQuantity"),
            "members": ("invoiceItems", "description", "quantity"),
            "site": ("lineItems", "productName", "quantity"),
        }[system]  # fmt: skip
        rows = self.quotation(order) if system == "crm" else order[name]
        return [(row[text], Decimal(str(row[quantity]))) for row in rows]

    def quotation(self, opportunity: Row) -> list[Row]:
        rows = [r for r in self["crm"].dump("quotation_lines")
                if r["QuotationLineOpportunityId"] == opportunity["OpportunityId"]]  # fmt: skip
        return sorted(rows, key=lambda r: int(r["QuotationLineSortOrder"]))

    @staticmethod
    def id(system: str, customer: Row) -> str:
        return str(customer[IDS[system]])

    @staticmethod
    def named(row: Row) -> str:
        return str(next(row[name] for name in CALLED if name in row))

    @staticmethod
    def contact(member: Row, kind: int) -> str:
        """Of the dated contacts of a kind the last one."""
        rows = [c for c in member["contacts"] if c["type"] == kind]
        return str(max(rows, key=lambda c: int(c["id"]))["value"])

    @staticmethod
    def kroner(value: str) -> dict[str, str]:
        return {"currency": "NOK", "value": value}

    @staticmethod
    def quoted(opportunity: int, name: str, number: str, quantity: int, place: int) -> Row:
        """A line of an opportunity."""
        return {"QuotationLineOpportunityId": opportunity, "QuotationLineData1": name,
                "QuotationLineData4": number, "QuotationLineQuantity": quantity,
                "QuotationLinePrice": 100, "QuotationLineSortOrder": place * 10}  # fmt: skip

    def conflicts(self) -> list[tuple[str, Mapping[str, Any]]]:
        """Property and values of what was settled."""
        with sqlite3.connect(self.store) as store:
            rows = store.execute('SELECT property, "values" FROM conflicts ORDER BY id')
            return [(name, json.loads(values)) for name, values in rows]


# --- how it begins --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def six(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Six]:
    with ExitStack() as stack:
        servers = {
            name: stack.enter_context(SimulatorProcess(connector, sizes=EMPTY))
            for name, connector in CONNECTORS.items()
        }
        world = Six(tmp_path_factory.mktemp("six"), servers)
        for name in ("crm", "site"):
            # Waiting for a minute to pass is tested where the clock is virtual.
            world[name].switch("per_minute", 10_000)
        people(world)
        goods(world)
        sales(world)
        world.sync()
        yield world


def people(six: Six) -> None:
    """One customer in each system, one of them in two, written differently; hidden identities."""
    billing = {"address1": "Gata 1", "zip": "0155", "city": "Oslo", "country": "NO"}
    six["shop"].create(
        "customers", {"name": "Åse AS", "email": "aase@example.no", "vat_no": "987654321",
                      "is_company": True, "billing": billing}, "aase",
    )  # fmt: skip
    six["erp"].create(
        "customers",
        {"name": "Åse AS", "email": "AASE@example.no", "orgNo": "NO 987 654 321 MVA"}, "aase",
    )  # fmt: skip
    six["erp"].create(
        "customers", {"name": "Berg AS", "email": "berg@example.no", "orgNo": "912345678"}, "berg"
    )
    six["books"].create("customers", {"name": "Cato Dahl", "email": "cato@example.no"}, "cato")
    owner = int(six["crm"].create("organisations", {"OrganisationName": "Dag Eide AS"}, "dag"))
    for first in ("Dag", "Dina"):
        six["crm"].create(
            "persons", {"PersonOrganisationId": owner, "PersonFirstName": first,
                        "PersonLastName": "Eide", "PersonEmail": f"{first.lower()}@example.no"},
        )  # fmt: skip
    address = {"addressType": 1, "street": "Gata 2", "country": {"iso2Letter": "NO"},
               "postalCode": {"zipCode": "0155", "city": "Oslo"}}  # fmt: skip
    six["members"].create(
        "companies", {"companyName": "Eli Foss", "category": {"id": 11}, "financeType": 1,
                      "contacts": [{"type": 1, "value": "eli@example.no"}],
                      "addresses": [address]}, "eli",
    )  # fmt: skip


def goods(six: Six) -> None:
    """One product in each system, two of them in webCRM's catalogue as well."""
    item = "QuotationLineLinkedDataItem"
    six["shop"].create(
        "products", {"sku": "S-1", "title": "Stol", "price": "100.00", "stock_quantity": 50}
    )
    six["erp"].create(
        "products",
        {"articleNo": "B-1", "description": "Bord", "salesPriceMinor": 90_000, "onHand": 8},
    )
    for name, number, price in (("Hylle", "H-1", 450), ("Stol", "s-1", 100), ("Bord", "B-1", 900)):
        six["crm"].create(
            "linked_data", {f"{item}Data1": name, f"{item}Data4": number, f"{item}Price": price}
        )
    income = {"id": six.servers["books"].settings["income_account"]}
    six["books"].create("products", {"name": "Lampe", "unitPrice": "80", "incomeAccount": income})
    known = {"productIdentification": "K-1"}
    six["members"].create(
        "products", {"name": "Kurs", "vatPercent": 25, "financeDimensions": known}
    )
    variant = {"sku": "V-1", "pricing": {"basePrice": six.kroner("60.00")},
               "stock": {"quantity": 9, "unlimited": False}}  # fmt: skip
    six["site"].create(
        "products", {"type": "PHYSICAL", "storePageId": STORE_PAGE, "name": "Vase",
                     "isVisible": True, "variants": [variant]},
    )  # fmt: skip


def sales(six: Six) -> None:
    """An open and a closed order of the shop, one of the site, a draft of webCRM's sellers."""
    chair = six.row("shop", "products", sku="S-1")["id"]
    buyer = six.customer("shop", "Åse AS")["id"]
    for status, quantity in (("open", "2"), ("completed", "1")):
        line = {"product_id": chair, "sku": "S-1", "text": "Stol", "quantity": quantity,
                "unit_price": "100.00", "vat_rate": "25"}  # fmt: skip
        six["shop"].create(
            "orders", {"customer_id": buyer, "currency": "NOK", "status": status,
                       "order_date": "2026-10-01", "lines": [line]},
        )  # fmt: skip
    who = {"firstName": "Finn", "lastName": "Gran", "address1": "Gata 3", "city": "Oslo",
           "postalCode": "0155", "countryCode": "NO"}  # fmt: skip
    bought = {"variantId": six.variant("V-1")["id"], "quantity": 2,
              "unitPricePaid": six.kroner("60.00")}  # fmt: skip
    six["site"].create(
        "orders", {"customerEmail": "finn@example.no", "billingAddress": who,
                   "shippingAddress": who, "lineItems": [bought]},
    )  # fmt: skip
    owner = six.customer("crm", "Dag Eide AS")["OrganisationId"]
    offer = six["crm"].create(
        "opportunities", {"OpportunityOrganisationId": owner, "OpportunityLevel": 1,
                          "OpportunityCurrencyName": "NOK"},
    )  # fmt: skip
    for place, (name, number) in enumerate((("Hylle", "H-1"), ("Stol", "S-1"), ("Bord", "B-1")), 1):
        six["crm"].create("quotation_lines", six.quoted(int(offer), name, number, place, place))
