"""What the demo's judge sees of each system, over plain HTTP and in forms written by hand.

Nothing here knows a connector or a mapping: a fault of theirs cannot cancel itself out.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import httpx

__all__ = [
    "COLLECTIONS",
    "INVOICE",
    "Row",
    "Sight",
    "Sights",
    "amount",
    "digits",
    "erp_pages",
    "erp_sights",
    "name",
    "quantity",
    "reach",
    "shop_pages",
    "shop_sights",
    "who",
    "words",
]

INVOICE = "invoice"
"""What begins the key of an order that others know by its invoice number alone."""
COLLECTIONS = ("customers", "products", "orders")

Row = dict[str, Any]
Settings = Mapping[str, Any]


@dataclass(frozen=True)
class Sight:
    """A record as a person would compare it: its id, what tells who it is, its values."""

    id: str
    key: tuple[str, ...]
    values: Mapping[str, Any]


Sights = Mapping[str, list[Sight]]
"""Collection → records."""


def name(value: Any) -> str:
    """A name in the 45 characters that every system keeps."""
    return unicodedata.normalize("NFC", str(value or "")).strip()[:45].strip()


def words(value: Any) -> str:
    """A text without outer blanks; nothing is an empty one."""
    return unicodedata.normalize("NFC", str(value or "")).strip()


def digits(value: Any, last: int = 8) -> str:
    """The last digits of a number as typed."""
    return re.sub(r"\D", "", str(value or ""))[-last:]


def amount(value: Any, factor: int = 1) -> str:
    """An amount with two places."""
    if value is None:
        return ""
    number = Decimal(str(value)) / factor
    return str(number.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP))


def quantity(value: Any) -> str:
    """A quantity with three places."""
    return str(Decimal(str(value or 0)).quantize(Decimal("0.001")))


def who(organisation: Any, email: Any, called: Any, phone: Any) -> tuple[str, ...]:
    """What tells who a customer is: the organisation's number, else e-mail or phone, and name."""
    number = digits(organisation, 9)
    if number:
        return ("organisation", number)
    return ("person", words(email).lower() or digits(phone), name(called))


def reach(email: Any, called: Any) -> str:
    """How a buyer is told apart on an order: by e-mail, else by name."""
    return words(email).lower() or name(called)


def shop_pages(http: httpx.Client, collection: str, _settings: Settings) -> Iterator[Row]:
    """All records of a collection of the webshop."""
    cursor: str | None = None
    while True:
        query = {"limit": "200"} | ({"cursor": cursor} if cursor else {})
        answer = (
            http.get(f"/{collection}", params=query).raise_for_status().json(parse_float=Decimal)
        )
        yield from answer["data"]
        cursor = answer["next_cursor"]
        if cursor is None:
            return


def erp_pages(http: httpx.Client, collection: str, _settings: Settings) -> Iterator[Row]:
    """All records of a collection of the ERP."""
    page = 1
    while True:
        query = {"page": str(page), "pageSize": "500"}
        answer = (
            http.get(f"/{collection}", params=query).raise_for_status().json(parse_float=Decimal)
        )
        yield from answer["items"]
        if page * 500 >= answer["total"]:
            return
        page += 1


def shop_sights(rows: Mapping[str, list[Row]], _settings: Settings) -> dict[str, list[Sight]]:
    """The webshop's records, as a person would compare them."""
    buyers = {row["id"]: reach(row["email"], row["name"]) for row in rows["customers"]}
    skus = {row["id"]: words(row["sku"]).lower() for row in rows["products"]}
    return {
        "customers": [
            Sight(
                row["id"],
                who(row["vat_no"], row["email"], row["name"], row["phone"]),
                {
                    "name": name(row["name"]), "email": words(row["email"]).lower(),
                    "phone": digits(row["phone"]), "note": words(row["note"]),
                    "city": words(row["billing"]["city"]), "zip": words(row["billing"]["zip"]),
                    "active": row["active"],
                },
            )
            for row in rows["customers"]
        ],
        "products": [
            Sight(
                row["id"],
                (skus[row["id"]] or name(row["title"]),),
                {
                    "name": name(row["title"]), "price": amount(row["price"]),
                    "stock": quantity(row["stock_quantity"]), "active": row["published"],
                },
            )
            for row in rows["products"]
        ],
        "orders": [_shop_order(row, buyers, skus) for row in rows["orders"]],
    }  # fmt: skip


def _shop_order(row: Row, buyers: Mapping[str, str], skus: Mapping[str, str]) -> Sight:
    guest = row["guest"]
    buyer = reach(guest["email"], guest["name"]) if guest else buyers.get(row["customer_id"], "")
    lines = [
        (skus.get(line["product_id"], ""), quantity(line["quantity"]), amount(line["unit_price"]))
        for line in row["lines"]
    ]
    states = {"completed": "closed"}
    values = {
        "status": states.get(row["status"], row["status"]), "draft": row["status"] == "draft",
        "amounts": [line[1:] for line in lines], "pieces": [line[1] for line in lines],
        "date": row["order_date"] or "",
        "note": words(row["note"]), "lines": lines, "invoice": words(row["invoice_no"]),
        "buyer": buyer,
    }  # fmt: skip
    return Sight(row["id"], (words(row["number"]),), values)


def erp_sights(rows: Mapping[str, list[Row]], _settings: Settings) -> dict[str, list[Sight]]:
    """The ERP's records, as a person would compare them."""
    buyers = {row["customerId"]: reach(row["email"], row["name"]) for row in rows["customers"]}
    skus = {row["productId"]: words(row["articleNo"]).lower() for row in rows["products"]}
    return {
        "customers": [
            Sight(
                str(row["customerId"]),
                who(row["orgNo"], row["email"], row["name"], row["phone"]),
                {
                    "name": name(row["name"]), "email": words(row["email"]).lower(),
                    "phone": digits(row["phone"]), "note": words(row["remark"]),
                    "city": words(row["invoiceAddress"]["town"]),
                    "zip": words(row["invoiceAddress"]["postCode"]),
                    "active": not row["blocked"],
                },
            )
            for row in rows["customers"]
        ],
        "products": [
            Sight(
                str(row["productId"]),
                (skus[row["productId"]] or name(row["description"]),),
                {
                    "name": name(row["description"]), "price": amount(row["salesPriceMinor"], 100),
                    "stock": quantity(row["onHand"]), "active": not row["discontinued"],
                },
            )
            for row in rows["products"]
        ],
        "orders": [_erp_order(row, buyers, skus) for row in rows["orders"]],
    }  # fmt: skip


def _erp_order(row: Row, buyers: Mapping[int, str], skus: Mapping[int, str]) -> Sight:
    lines = [
        (
            skus.get(line["productId"], ""),
            quantity(line["qty"]),
            amount(line["unitPriceMinor"], 100),
        )
        for line in row["lines"]
    ]
    states = {10: "draft", 20: "open", 30: "closed", 90: "cancelled"}
    values = {
        "status": states[row["state"]], "draft": row["state"] == 10,
        "amounts": [line[1:] for line in lines], "pieces": [line[1] for line in lines],
        "date": row["orderDate"] or "",
        "note": words(row["remark"]), "lines": lines, "invoice": words(row["orderNo"]),
        "buyer": buyers.get(row["customerId"], ""),
    }  # fmt: skip
    return Sight(str(row["orderId"]), (words(row["shopOrderNo"]),), values)
