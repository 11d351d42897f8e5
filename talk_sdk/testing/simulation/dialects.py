"""Where records, tags and references stand in each connector's wire forms, written by hand.

Wave's invoices are opened into what the others have as fields of their own: lines apart from
shipping, and a discount; what a user changes there is put together again.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from talk_sdk.testing.simulation.sides import at

__all__ = ["KEYS", "KINDS", "LINELESS", "closed", "kind_of", "opened", "wire_id"]

KINDS = ("customers", "products", "orders")
Raw = Mapping[str, Any]

KEYS: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "customwebshop": {
        "customers": {"in": "customers", "id": "id", "tag": "note"},
        "products": {
            "in": "products", "id": "id", "tag": "description", "stock": "stock_quantity",
        },
        "orders": {"in": "orders", "id": "id", "tag": "note", "customer": "customer_id"},
        "lines": {"tag": "text", "product": "product_id"},
    },
    "customerp": {
        "customers": {"in": "customers", "id": "customerId", "tag": "remark"},
        "products": {
            "in": "products", "id": "productId", "tag": "longText", "stock": "onHand",
        },
        "orders": {"in": "orders", "id": "orderId", "tag": "remark", "customer": "customerId"},
        "lines": {"tag": "text", "product": "productId"},
    },
    "wave": {
        "customers": {"in": "customers", "id": "id", "tag": "internalNotes"},
        "products": {"in": "products", "id": "id", "tag": "description"},
        "orders": {"in": "invoices", "id": "id", "tag": "memo", "customer": "customer.id"},
        "lines": {"tag": "description", "product": "product.id"},
    },
}  # fmt: skip
"""Per connector and kind: its collection, and where ids, tags and references stand."""

LINELESS = frozenset({"customerp", "wave"})
"""Connectors whose orders have lines without ids."""


def kind_of(connector: str, collection: str) -> str:
    """The kind whose records a collection holds; the collection's name if it is none."""
    return next((k for k in KINDS if KEYS[connector][k]["in"] == collection), collection)


def wire_id(connector: str, id_: str) -> Any:
    """An id as the wire has it."""
    return int(id_) if connector == "customerp" else id_


def opened(connector: str, kind: str, raw: Raw, settings: Raw) -> Raw:
    """A record with all that is looked at in places of its own."""
    if connector != "wave" or kind != "orders":
        return raw
    lines, shipping = [], None
    for item in raw["items"]:
        product = at(item, "product.id")
        if product == settings["shipping_product"]:
            shipping = (shipping or 0) + Decimal(item["quantity"]) * Decimal(item["unitPrice"])
        else:
            named = product != settings["line_product"]
            lines.append({**item, "product": {"id": product} if named else None})
    percent = raw["discounts"][0]["percentage"] if raw["discounts"] else None
    return {**raw, "lines": lines, "shipping": shipping, "discount": percent}


def closed(
    connector: str, kind: str, changes: dict[str, Any], before: Raw, settings: Raw
) -> dict[str, Any]:
    """What a user changed in an opened record, as the wire has it."""
    if connector != "wave":
        return changes
    if kind == "customers":
        return _within_country(changes, before)
    if kind == "products":
        return changes if before else {**changes, **_sold(settings)}
    own = {name: value for name, value in changes.items() if name not in _OPENED}
    if changes.keys() & {"lines", "shipping"}:
        both = {**before, **changes}
        own["items"] = _items(both.get("lines") or [], both.get("shipping"), settings)
    if own.get("status") not in {None, "DRAFT"}:
        own["status"] = "SAVED"  # the other states are computed
    if "discount" in changes:
        own["discounts"] = _discounts(changes["discount"])
    return own


_OPENED = {"lines", "shipping", "discount"}


def _sold(settings: Raw) -> dict[str, Any]:
    return {"incomeAccount": {"id": settings["income_account"]}}


def _items(lines: list[Raw], shipping: Any, settings: Raw) -> list[dict[str, Any]]:
    items = [
        {**line, "product": line.get("product") or {"id": settings["line_product"]}}
        for line in lines
    ]
    if shipping is not None and Decimal(shipping):
        product = {"id": settings["shipping_product"]}
        items.append({"product": product, "quantity": "1", "unitPrice": f"{Decimal(shipping):f}"})
    return items


def _discounts(percent: Any) -> list[dict[str, Any]]:
    if percent is None or not Decimal(percent):
        return []
    return [{"discountType": "PERCENTAGE", "percentage": percent}]


def _within_country(changes: dict[str, Any], before: Raw) -> dict[str, Any]:
    """With another country the user interface empties the province."""
    for place in ("address", "shippingDetails.address"):
        address = at(changes, place)
        if not address or not address.keys() & {"country", "province"}:
            continue
        for part in ("country", "province"):
            if at(address, f"{part}.code") is None and part in address:
                address[part] = None
        after = {**(at(before, place) or {}), **address}
        country, province = at(after, "country.code"), at(after, "province.code")
        if province and province.partition("-")[0] != country:
            address["province"] = None
    return changes
