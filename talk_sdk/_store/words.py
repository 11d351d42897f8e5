"""Records in the store: the names of their properties, which outweigh the values, as codes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import json

__all__ = ["WORDS", "packed", "unpacked"]

# A code is a place in this list: names are only ever added to its end.
WORDS = (
    "name",
    "kind",
    "number",
    "organisation_number",
    "email",
    "first_name",
    "last_name",
    "phone",
    "mobile",
    "fax",
    "website",
    "notes",
    "language",
    "currency",
    "billing_address.line1",
    "billing_address.line2",
    "billing_address.postal_code",
    "billing_address.city",
    "billing_address.subdivision",
    "billing_address.country",
    "shipping_address.line1",
    "shipping_address.line2",
    "shipping_address.postal_code",
    "shipping_address.city",
    "shipping_address.subdivision",
    "shipping_address.country",
    "shipping_address.name",
    "shipping_address.phone",
    "shipping_address.instructions",
    "active",
    "customer",
    "title",
    "barcode",
    "description",
    "unit_price",
    "cost_price",
    "sale_price",
    "tax_rate",
    "unit",
    "stock",
    "weight",
    "invoice_number",
    "date",
    "due_date",
    "delivery_date",
    "status",
    "payment_status",
    "reference",
    "discount",
    "shipping",
    "total",
    "tax_total",
    "product",
    "sku",
    "quantity",
)


class _Words(dict[str, str]):
    """A name without a code stands for itself."""

    def __missing__(self, word: str) -> str:
        return word


_CODES = _Words({name: str(place) for place, name in enumerate(WORDS)})
_NAMES = _Words({code: name for name, code in _CODES.items()})


def packed(record: Mapping[str, Any]) -> str:
    """Property → value as JSON."""
    return json.encode({_CODES[name]: value for name, value in record.items()}).decode()


def unpacked(text: str) -> dict[str, Any]:
    """What was packed, or kept by its full names."""
    return {_NAMES[code]: value for code, value in json.decode(text).items()}
