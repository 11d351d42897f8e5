"""Shop, ERP and Wave over real HTTP: whatever is made or edited in one reaches the two others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from talk_sdk import Runner
from talk_sdk.testing.serve import SimulatorProcess
from talk_sdk.testing.workbench import BASE_URLS

CONNECTORS = {"shop": "customwebshop", "erp": "customerp", "books": "wave"}
EMPTY = {"parties": 0, "items": 0, "deals": 0}
PLACES: Mapping[str, Mapping[str, str]] = {
    "shop": {
        "customers": "customers", "orders": "orders", "id": "id", "name": "name",
        "note": "note", "city": "billing.city", "title": "title", "price": "price",
        "memo": "note", "due": "due_date", "lines": "lines", "quantity": "quantity",
        "text": "text",
    },
    "erp": {
        "customers": "customers", "orders": "orders", "id": "customerId", "name": "name",
        "note": "remark", "city": "invoiceAddress.town", "title": "description",
        "price": "salesPriceMinor", "memo": "remark", "due": "dueDate", "lines": "lines",
        "quantity": "qty", "text": "text",
    },
    "books": {
        "customers": "customers", "orders": "invoices", "id": "id", "name": "name",
        "note": "internalNotes", "city": "address.city", "title": "name", "price": "unitPrice",
        "memo": "memo", "due": "dueDate", "lines": "items", "quantity": "quantity",
        "text": "description",
    },
}  # fmt: skip
DIRECTIONS = [(a, b) for a in CONNECTORS for b in CONNECTORS if a != b]


class Three:
    """Three servers and a workspace."""

    def __init__(self, folder: Path, servers: dict[str, SimulatorProcess]) -> None:
        self.servers = servers
        base = {n: BASE_URLS[c].split(".test", 1)[1] for n, c in CONNECTORS.items()}
        self.source = {
            "systems": {
                name: {"connector": CONNECTORS[name], "base_url": server.base_url + base[name],
                       **server.settings}
                for name, server in servers.items()
            },
            "store": {"url": f"sqlite:///{folder / 'talk.db'}"},
        }  # fmt: skip

    def control(self, system: str) -> Any:
        return self.servers[system].control

    def settle(self) -> None:
        """Run until nothing is written; the servers count."""
        for _ in range(4):
            for server in self.servers.values():
                server.control.reset_counters()
            with Runner.from_config(self.source) as runner:
                report = runner.sync(approve=True)
            assert report.problems == ()
            if not any(s.control.counters()["effects"] for s in self.servers.values()):
                assert report.open == {}
                return
        raise AssertionError("still writing")

    def rows(self, system: str, kind: str) -> list[dict[str, Any]]:
        collection = PLACES[system].get(kind, kind)
        rows = self.control(system).dump(collection)
        return [row for row in rows if row.get("name") not in {"Diverse", "Frakt"}]

    def row(self, system: str, kind: str) -> dict[str, Any]:
        (row,) = self.rows(system, kind)
        return row

    def said(self, system: str, kind: str, field: str) -> Any:
        """What the one record of a kind says, in forms that can be compared."""
        value: Any = self.row(system, kind)
        for name in PLACES[system][field].split("."):
            value = (value or {}).get(name)
        return comparable(system, field, value)

    def edit(self, system: str, kind: str, field: str, value: Any) -> None:
        first, *rest = PLACES[system][field].split(".")
        for name in reversed(rest):
            value = {name: value}
        row = self.row(system, kind)
        ident = next(row[key] for key in ("id", "customerId", "productId", "orderId") if key in row)
        self.control(system).edit(PLACES[system].get(kind, kind), str(ident), {first: value})


def comparable(system: str, field: str, value: Any) -> Any:
    if field == "price":
        return Decimal(str(value)) / (100 if system == "erp" else 1)
    if field == "lines":
        place = PLACES[system]
        return [(line[place["text"]], Decimal(str(line[place["quantity"]]))) for line in value]
    return value


@pytest.fixture
def three(tmp_path: Path) -> Iterator[Three]:
    with (
        SimulatorProcess("customwebshop", sizes=EMPTY) as shop,
        SimulatorProcess("customerp", sizes=EMPTY) as erp,
        SimulatorProcess("wave", sizes=EMPTY) as books,
    ):
        yield Three(tmp_path, {"shop": shop, "erp": erp, "books": books})


def make(three: Three, system: str) -> None:
    """A customer, a product and an order, as a person types them into one system."""
    control = three.control(system)
    income = {"id": three.servers["books"].settings["income_account"]}
    name, email = "Åse Ødegård", "aase@example.no"
    if system == "shop":
        buyer = control.create(
            "customers", {"name": name, "email": email, "billing": {"city": "Bodø"}}
        )
        product = control.create("products", {"sku": "S-1", "title": "Stol", "price": "12.50"})
        line = {"product_id": product, "text": "Stol", "quantity": "2", "unit_price": "12.50"}
        control.create("orders", {"customer_id": buyer, "currency": "NOK", "lines": [line]})
    elif system == "erp":
        address = {"town": "Bodø"}
        buyer = control.create(
            "customers", {"name": name, "email": email, "invoiceAddress": address}
        )
        product = control.create(
            "products", {"articleNo": "S-1", "description": "Stol", "salesPriceMinor": 1250}
        )
        line = {"productId": int(product), "text": "Stol", "qty": 2, "unitPriceMinor": 1250}
        control.create("orders", {"customerId": int(buyer), "lines": [line]})
    else:
        buyer = control.create(
            "customers", {"name": name, "email": email, "address": {"city": "Bodø"}}
        )
        product = control.create(
            "products", {"name": "Stol", "unitPrice": "12.50", "incomeAccount": income}
        )
        item = {"product": {"id": product}, "description": "Stol", "quantity": "2",
                "unitPrice": "12.50"}  # fmt: skip
        control.create("invoices", {"customer": {"id": buyer}, "status": "SAVED", "items": [item]})


@pytest.mark.parametrize("origin", CONNECTORS)
def test_what_is_made_in_one_system_is_made_once_in_the_others(three: Three, origin: str) -> None:
    make(three, origin)
    three.settle()
    for system in CONNECTORS:
        assert three.said(system, "customers", "name") == "Åse Ødegård"
        assert three.said(system, "customers", "city") == "Bodø"
        assert three.said(system, "products", "title") == "Stol"
        assert three.said(system, "products", "price") == Decimal("12.5")
        assert three.said(system, "orders", "lines") == [("Stol", Decimal(2))]
    number = three.row("shop", "orders")["number"]
    assert three.row("books", "invoices")["poNumber"] == number
    assert three.row("erp", "orders")["shopOrderNo"] == number


def test_an_edit_reaches_the_others_in_all_six_directions(three: Three) -> None:
    make(three, "shop")
    three.settle()
    edits: list[tuple[str, str, Any]] = [
        ("customers", "note", "Ring før levering"),
        ("customers", "city", "Tromsø"),
        ("products", "title", "Stol, høy"),
        ("orders", "memo", "Haster"),
        ("orders", "due", "2027-01-31"),
    ]
    for origin in CONNECTORS:
        for kind, field, value in edits:
            three.edit(origin, kind, field, f"{value[:-2]}{len(origin):02d}")
        three.edit(origin, "products", "price", {"erp": 1999}.get(origin, f"1{len(origin)}.99"))
        three.settle()
        for target in CONNECTORS:
            for kind, field, _ in [*edits, ("products", "price", None)]:
                assert three.said(target, kind, field) == three.said(origin, kind, field), (
                    origin, target, field,
                )  # fmt: skip
        assert three.said(origin, "orders", "memo") == f"Hast{len(origin):02d}"


@pytest.mark.parametrize(("origin", "target"), DIRECTIONS)
def test_two_edits_of_one_record_in_two_systems_both_arrive(
    three: Three, origin: str, target: str
) -> None:
    make(three, origin)
    three.settle()
    three.edit(origin, "customers", "note", "fra den ene")
    three.edit(target, "customers", "city", "Vardø")
    three.edit(origin, "orders", "memo", "fra den ene")
    three.edit(target, "orders", "due", "2027-02-28")
    three.settle()
    for system in CONNECTORS:
        assert three.said(system, "customers", "note") == "fra den ene"
        assert three.said(system, "customers", "city") == "Vardø"
        assert three.said(system, "orders", "memo") == "fra den ene"
        assert three.said(system, "orders", "due") == "2027-02-28"
