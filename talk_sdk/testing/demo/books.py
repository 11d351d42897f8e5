"""What the demo's judge sees of Wave: documents written by hand, and no connector."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import httpx

from talk_sdk.testing.demo.sights import (
    Row,
    Sight,
    amount,
    digits,
    name,
    quantity,
    reach,
    who,
    words,
)

__all__ = ["COLLECTIONS_OF_BOOKS", "books_lacks", "books_pages", "books_sights"]

COLLECTIONS_OF_BOOKS = {"orders": "invoices"}

_FIELDS = {
    "customers": "id name email phone internalNotes address { city postalCode }",
    "products": "id name unitPrice isArchived",
    "orders": """id invoiceNumber poNumber status invoiceDate memo customer { id }
      items { product { id } quantity unitPrice }""",
}


def books_pages(http: httpx.Client, collection: str, settings: Mapping[str, Any]) -> Iterator[Row]:
    """All records of a collection of Wave, archived products included."""
    for archived in (False, True) if collection == "products" else (None,):
        yield from _pages(http, collection, str(settings["business_id"]), archived)


def _pages(
    http: httpx.Client, collection: str, business: str, archived: bool | None
) -> Iterator[Row]:
    called = COLLECTIONS_OF_BOOKS.get(collection, collection)
    chosen = "" if archived is None else f", isArchived: {str(archived).lower()}"
    document = f"""query ($business: ID!, $page: Int!) {{ business(id: $business) {{
      list: {called}(page: $page, pageSize: 50, sort: [CREATED_AT_ASC]{chosen}) {{
        pageInfo {{ totalPages }} edges {{ node {{ {_FIELDS[collection]} }} }} }} }} }}"""
    page = pages = 1
    while page <= pages:
        body = {"query": document, "variables": {"business": business, "page": page}}
        answer = (
            http.post(str(http.base_url).rstrip("/"), json=body)
            .raise_for_status()
            .json(parse_float=Decimal)
        )
        found = answer["data"]["business"]["list"]
        yield from (edge["node"] for edge in found["edges"])
        pages, page = found["pageInfo"]["totalPages"], page + 1


def books_lacks(collection: str, elsewhere: Sequence[Sight]) -> bool:
    """A cancelled order gets no invoice."""
    return collection == "orders" and any(
        sight.values.get("status") == "cancelled" for sight in elsewhere
    )


def books_sights(
    rows: Mapping[str, list[Row]], settings: Mapping[str, Any]
) -> dict[str, list[Sight]]:
    """Wave's records, as a person would compare them."""
    buyers = {row["id"]: reach(row["email"], row["name"]) for row in rows["customers"]}
    technical = {settings["line_product"], settings["shipping_product"]}
    return {
        "customers": [_customer(row) for row in rows["customers"]],
        "products": [_product(row) for row in rows["products"] if row["id"] not in technical],
        "orders": [_order(row, buyers, settings["shipping_product"]) for row in rows["orders"]],
    }


def _customer(row: Row) -> Sight:
    address = row["address"] or {}
    return Sight(
        row["id"],
        who(None, row["email"], row["name"], row["phone"]),
        {
            "name": name(row["name"]), "email": words(row["email"]).lower(),
            "phone": digits(row["phone"]), "note": words(row["internalNotes"]),
            "city": words(address.get("city")), "zip": words(address.get("postalCode")),
        },
    )  # fmt: skip


def _product(row: Row) -> Sight:
    values = {
        "name": name(row["name"]), "price": amount(row["unitPrice"]),
        "active": not row["isArchived"],
    }  # fmt: skip
    return Sight(row["id"], (name(row["name"]),), values)


def _order(row: Row, buyers: Mapping[str, str], freight: str) -> Sight:
    lines = [item for item in row["items"] if item["product"]["id"] != freight]
    values = {
        "draft": row["status"] == "DRAFT", "invoice": words(row["invoiceNumber"]),
        "date": row["invoiceDate"] or "", "note": words(row["memo"]),
        "buyer": buyers.get(row["customer"]["id"], ""),
        "amounts": [(quantity(item["quantity"]), amount(item["unitPrice"])) for item in lines],
        "pieces": [quantity(item["quantity"]) for item in lines],
    }  # fmt: skip
    return Sight(row["id"], (words(row["poNumber"]),), values)
