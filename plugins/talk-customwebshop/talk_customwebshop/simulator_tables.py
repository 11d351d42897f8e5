"""What the twin of the webshop accepts: a table of fields per record type."""

from __future__ import annotations

import re

from talk_sdk.testing import kinds as f
from talk_sdk.testing.fields import Field, Table


def _plain_text(name: str, longest: int | None = None, note: str = "") -> Field:
    return f.text(name, trim=True, longest=longest, note=note)


def _phone(name: str) -> Field:
    return f.text(name, blank=False, note="kept as typed")


def _country(value: str) -> str:
    if value and not re.fullmatch("[A-Z]{2}", value):
        raise ValueError("must be an ISO 3166-1 alpha-2 code")
    return value


def _email(value: str) -> str:
    if value and "@" not in value:
        raise ValueError("must be an e-mail address")
    return value.lower()


def _address() -> tuple[Field, ...]:
    return (
        *(_plain_text(name) for name in ("address1", "address2", "zip", "city", "state")),
        f.text("country", trim=True, via=_country, note="ISO 3166-1 alpha-2"),
    )


def _shipping() -> tuple[Field, ...]:
    return (
        _plain_text("name"),
        _phone("phone"),
        *_address(),
        _plain_text("instructions"),
    )


CUSTOMER = Table(
    (
        f.flag("is_company", default=False),
        f.required(_plain_text("name", 255)),
        _plain_text("first_name"),
        _plain_text("last_name"),
        f.text("email", trim=True, via=_email, note="kept in lower case; not unique"),
        _phone("phone"),
        _phone("mobile"),
        _plain_text("vat_no"),
        _plain_text("account_number"),
        _plain_text("website"),
        _plain_text("language"),
        _plain_text("currency"),
        _plain_text("note"),
        f.flag("active", default=True),
        f.flag("newsletter", default=False),
        f.group("billing", *_address()),
        f.group("shipping", *_shipping()),
    )
)

PRODUCT = Table(
    (
        _plain_text("sku", note="unique"),
        _plain_text("ean"),
        f.required(_plain_text("title", 255)),
        _plain_text("description"),
        f.decimal_text("price", 2),
        f.decimal_text("cost", 2),
        f.decimal_text("sale_price", 2),
        f.read_only(_plain_text("currency")),
        f.decimal_text("vat_rate", 2),
        _plain_text("unit"),
        f.on_create(f.integer("stock_quantity")),
        f.decimal_text("weight_kg", 3),
        f.flag("published", default=True),
        f.strings("tags"),
    )
)

_LINE = (
    f.read_only(_plain_text("id")),
    _plain_text("product_id"),
    _plain_text("sku"),
    _plain_text("text"),
    f.decimal_text("quantity", 3),
    f.decimal_text("unit_price", 2),
    f.decimal_text("discount_percent", 2),
    f.decimal_text("vat_rate", 2),
    f.integer("position"),
)

ORDER = Table(
    (
        f.on_create(_plain_text("number", note="unique; assigned when left out")),
        _plain_text("invoice_no"),
        _plain_text("customer_id", note="null for guests"),
        f.group(
            "guest",
            _plain_text("name"),
            f.text("email", trim=True, via=_email),
            _phone("phone"),
            optional=True,
        ),
        f.date("order_date"),
        f.date("due_date"),
        f.date("delivery_date"),
        _plain_text("currency"),
        f.choice("status", ("draft", "open", "completed", "cancelled"), default="open"),
        f.read_only(
            f.choice("payment_status", ("unpaid", "partial", "paid", "refunded"), default="unpaid")
        ),
        _plain_text("title"),
        _plain_text("note"),
        _plain_text("customer_reference"),
        f.decimal_text("discount_percent", 2),
        f.decimal_text("shipping_price", 2),
        f.read_only(f.decimal_text("total", 2)),
        f.read_only(f.decimal_text("tax_total", 2)),
        f.group("billing", *_address()),
        f.group("shipping", *_shipping()),
        f.items("lines", *_LINE, key="id"),
    )
)
