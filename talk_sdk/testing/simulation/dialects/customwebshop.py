"""A company's own webshop: all fields flat, prices as text with two places."""

from __future__ import annotations

from typing import Any, ClassVar

from talk_sdk.testing.simulation.dialects.dialect import KINDS, Dialect
from talk_sdk.testing.simulation.sides import Side, addresses, plain
from talk_sdk.testing.simulation.turns import (
    folded,
    inverse,
    number,
    organisation,
    phone,
    rounded,
    text,
)

__all__ = ["CustomWebshop"]

_STATUS = {"draft": "draft", "open": "open", "completed": "closed", "cancelled": "cancelled"}
_ADDRESS = {
    **plain(line1="address1", line2="address2", postal_code="zip", city="city"),
    **plain(subdivision="state", country="country"),
}
_DELIVERY = {
    **plain(name="name"),
    **plain(phone, phone="phone"),
    **plain(instructions="instructions"),
}
_ADDRESSES = {
    **addresses(_ADDRESS, billing_address="billing", shipping_address="shipping"),
    **addresses(_DELIVERY, shipping_address="shipping"),
}


def _own_currency(value: Any, shown: Any) -> bool:
    """Where nobody says one it is that of the company."""
    return value is None and shown == "NOK"


def _decimal(path: str, places: int) -> Side:
    return Side(path, number, str, rounded(places))


class CustomWebshop(Dialect):
    """Version, cursor and idempotency keys; lines with ids."""

    connector = "customwebshop"
    deletes = frozenset(KINDS)
    dated = True
    late = frozenset({"POST", "PUT", "PATCH", "DELETE"})
    unsaid = frozenset({
        "email", "phone", "mobile", "first_name", "last_name", "billing", "shipping", "sku",
        "price", "vat_rate", "customer_id", "due_date", "delivery_date", "lines",
    })  # fmt: skip
    follows: ClassVar = {
        "customers": ("archive", "delete"), "products": ("archive", "delete"),
        "orders": ("delete",),
    }  # fmt: skip
    entities: ClassVar = {**Dialect.entities, "Guest": "customers"}
    kept_s = 86_400.0
    proof = ("idempotency_keys", "idempotency")
    places: ClassVar = {
        "customers": {"in": "customers", "id": "id", "tag": "note"},
        "products": {
            "in": "products", "id": "id", "tag": "description", "stock": "stock_quantity",
        },
        "orders": {"in": "orders", "id": "id", "tag": "note", "customer": "customer_id"},
        "lines": {"tag": "text", "product": "product_id"},
    }  # fmt: skip
    sides: ClassVar = {
        "customers": {
            **plain(name="name"),
            "kind": Side(
                "is_company", lambda raw: "organisation" if raw else "person", default="person"
            ),
            **plain(number="account_number"),
            **plain(organisation, organisation_number="vat_no"),
            **plain(folded, email="email"),
            **plain(first_name="first_name", last_name="last_name"),
            **plain(phone, phone="phone", mobile="mobile"),
            **plain(website="website", language="language", currency="currency"),
            "active": Side("active"),
            **_ADDRESSES,
        },
        "products": {
            **plain(folded, number="sku"),
            **plain(barcode="ean", name="title"),
            "unit_price": _decimal("price", 2),
            "cost_price": _decimal("cost", 2),
            "sale_price": _decimal("sale_price", 2),
            "tax_rate": _decimal("vat_rate", 2),
            **plain(unit="unit"),
            "weight": _decimal("weight_kg", 3),
            "active": Side("published", default=True),
        },
        "orders": {
            "number": Side("number", text, assigns=True),
            **plain(invoice_number="invoice_no", date="order_date", due_date="due_date"),
            **plain(delivery_date="delivery_date"),
            "currency": Side("currency", text, lags=_own_currency, default="NOK"),
            "status": Side("status", _STATUS.__getitem__, inverse(_STATUS)),
            **plain(title="title", reference="customer_reference"),
            "discount": _decimal("discount_percent", 2),
            "shipping": _decimal("shipping_price", 2),
            **_ADDRESSES,
        },
        "lines": {
            **plain(sku="sku"),
            "quantity": _decimal("quantity", 3),
            "unit_price": _decimal("unit_price", 2),
            "discount": _decimal("discount_percent", 2),
            "tax_rate": _decimal("vat_rate", 2),
        },
    }
