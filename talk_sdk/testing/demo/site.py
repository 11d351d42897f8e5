"""What the demo's judge sees of Squarespace: requests written by hand, and no connector."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from talk_sdk.testing.demo.sights import Row, Sight, amount, name, quantity, reach, words

__all__ = ["sign_in_site", "site_lacks", "site_pages", "site_sights"]

_STATES = {"PENDING": "open", "FULFILLED": "closed", "CANCELED": "cancelled"}
_BORN_THERE = "SQ-"
"""What is put before the number of an order that was made on the site."""


def sign_in_site(http: httpx.Client, settings: Mapping[str, Any]) -> None:
    """Show the key."""
    http.headers["Authorization"] = f"Bearer {settings['api_key']}"


def site_pages(http: httpx.Client, collection: str, _settings: Mapping[str, Any]) -> Iterator[Row]:
    """All records of a collection; a site has no customers but those that its orders name."""
    if collection == "customers":
        return
    query: dict[str, str] = {}
    while True:
        answer = http.get(f"/1.0/commerce/{collection}", params=query).raise_for_status()
        found = answer.json(parse_float=Decimal)
        yield from found["result" if collection == "orders" else "products"] or ()
        if not found["pagination"]["hasNextPage"]:
            return
        query = {"cursor": found["pagination"]["nextPageCursor"]}


def site_lacks(collection: str, elsewhere: Sequence[Sight]) -> bool:
    """An order is imported when it is closed, and in whole pieces."""
    if collection != "orders":
        return False
    closed = any(sight.values.get("status") == "closed" for sight in elsewhere)
    pieces = [Decimal(count) for sight in elsewhere for count in sight.values["pieces"]]
    return not closed or any(count % 1 for count in pieces)


def site_sights(
    rows: Mapping[str, list[Row]], settings: Mapping[str, Any]
) -> dict[str, list[Sight]]:
    """Squarespace's records, as a person would compare them."""
    zone = ZoneInfo(settings["time_zone"])
    return {
        "products": [_product(row) for row in rows["products"]],
        "orders": [_order(row, zone) for row in rows["orders"]],
    }


def _product(row: Row) -> Sight:
    """Here each has but one variant."""
    (variant,) = row["variants"]
    values: dict[str, Any] = {
        "name": name(row["name"]), "price": amount(variant["pricing"]["basePrice"]["value"]),
        "stock": quantity(variant["stock"]["quantity"]),
    }  # fmt: skip
    # A new product is hidden until somebody says that it is sold; other systems begin otherwise.
    values |= {"active": True} if row["isVisible"] else {}
    return Sight(row["id"], (words(variant["sku"]).lower(),), values)


def _order(row: Row, zone: ZoneInfo) -> Sight:
    """An order of the site, or one that was imported."""
    # Prices are after discounts; there are neither notes nor invoice numbers, and an import does
    # not tell who bought.
    number = row["externalOrderReference"] or f"{_BORN_THERE}{row['orderNumber']}"
    who = row["billingAddress"] or {}
    called = " ".join(filter(None, (who.get("firstName"), who.get("lastName"))))
    moment = datetime.fromisoformat(row["createdOn"])
    status = _STATES[row["fulfillmentStatus"]]
    values = {
        "status": status, "draft": False, "date": moment.astimezone(zone).date().isoformat(),
        "pieces": [quantity(line["quantity"]) for line in row["lineItems"]],
        "buyer": reach(row["customerEmail"], called) if row["channel"] != "external" else "",
    }  # fmt: skip
    return Sight(row["id"], (words(number),), values)
