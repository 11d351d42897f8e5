"""What the demo's judge sees of each system, over plain HTTP and in forms written by hand.

Nothing here knows a connector or a mapping: a fault of theirs cannot cancel itself out.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import httpx

__all__ = ["COLLECTIONS", "READERS", "Sight", "Sights", "look"]

COLLECTIONS = ("customers", "products", "orders")

Row = dict[str, Any]
Reader = Callable[[httpx.Client, str], Iterator[Row]]


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


def _shop_pages(http: httpx.Client, collection: str) -> Iterator[Row]:
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


def _erp_pages(http: httpx.Client, collection: str) -> Iterator[Row]:
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


def _shop(rows: Mapping[str, list[Row]]) -> dict[str, list[Sight]]:
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
        "status": states.get(row["status"], row["status"]), "date": row["order_date"] or "",
        "note": words(row["note"]), "lines": lines, "invoice": words(row["invoice_no"]),
        "buyer": buyer,
    }  # fmt: skip
    return Sight(row["id"], (words(row["number"]),), values)


def _erp(rows: Mapping[str, list[Row]]) -> dict[str, list[Sight]]:
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
        "status": states[row["state"]], "date": row["orderDate"] or "",
        "note": words(row["remark"]), "lines": lines, "invoice": words(row["orderNo"]),
        "buyer": buyers.get(row["customerId"], ""),
    }  # fmt: skip
    return Sight(str(row["orderId"]), (words(row["shopOrderNo"]),), values)


READERS: Mapping[str, tuple[str, Reader, Callable[[Mapping[str, list[Row]]], Sights]]] = {
    "customwebshop": ("/api", _shop_pages, _shop),
    "customerp": ("/erp/v1", _erp_pages, _erp),
}
"""Connector → base path, how its pages are read, how its records are understood."""


def look(connector: str, base_url: str, settings: Mapping[str, Any]) -> Sights:
    """Read everything that a system holds."""
    path, pages, understand = READERS[connector]
    headers, auth = {}, None
    if "token" in settings:
        headers["Authorization"] = f"Bearer {settings['token']}"
    else:
        auth = (str(settings["username"]), str(settings["password"]))
    with httpx.Client(
        base_url=base_url + path,
        headers=headers,
        auth=auth,
        trust_env=False,
        verify=False,  # noqa: S501 - loopback without TLS
    ) as http:
        return understand({c: list(pages(http, c)) for c in COLLECTIONS})
