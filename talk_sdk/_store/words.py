"""Records in the store: their values, headed by the names of their properties as codes.

`["04","Eva","eva@x.example"]` has the first and the fifth of `WORDS`. Names outweigh values.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from msgspec import json

__all__ = ["CODES", "WORDS", "packed", "unpacked"]

# A code stands for a place in this list: names are only ever added to its end, each time with a
# new revision of the store, as an older version does not know their codes.
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


CODES = [chr(code) for code in range(0x30, 0x7F) if chr(code) != "\\"]
"""One character for each place, which JSON holds as it is."""

_CODES = dict(zip(WORDS, CODES, strict=False))
_NAMES = dict(zip(CODES, WORDS, strict=False))
_OWN = "!"
"""Begins a name that has no code, of a property that talk.toml has added."""

_OLD_NAMES = {str(place): name for place, name in enumerate(WORDS)}


def packed(record: Mapping[str, Any]) -> str:
    """Property → value as JSON."""
    if not record:
        return "{}"
    return json.encode([_head(tuple(record)), *record.values()]).decode()


def unpacked(text: str) -> dict[str, Any]:
    """What was packed, now or by an older version."""
    if text == "{}":
        return {}
    found = json.decode(text)
    if isinstance(found, list):
        head = found[0]
        names = _names(head) if isinstance(head, str) else map(_name, head)
        return dict(zip(names, found[1:], strict=True))
    return {_OLD_NAMES.get(code, code): value for code, value in found.items()}


@lru_cache(4096)
def _head(names: tuple[str, ...]) -> str | list[str]:
    codes = [_CODES.get(name, _OWN + name) for name in names]
    return codes if any(len(code) > 1 for code in codes) else "".join(codes)


@lru_cache(4096)
def _names(codes: str) -> tuple[str, ...]:
    return tuple(_NAMES[code] for code in codes)


def _name(code: str) -> str:
    return code[1:] if code.startswith(_OWN) else _NAMES[code]
