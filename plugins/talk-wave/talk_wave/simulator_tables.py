"""What Wave keeps of customers, products and invoices, in the form in which they are read."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from talk_sdk.testing import kinds as f
from talk_sdk.testing.fields import Field, Table

if TYPE_CHECKING:
    from collections.abc import Callable

STORED_STATES = ("DRAFT", "SAVED", "SENT", "VIEWED")
"""The states of invoices that are kept; the others are computed from money and dates."""
PRODUCT_PLACES = 5
LINE_PLACES = 8


def shortest(value: Decimal, least: int = 0) -> str:
    """A decimal as text without trailing zeros, but with at least so many places."""
    text = f"{value:f}"
    whole, _, fraction = text.partition(".")
    fraction = fraction.rstrip("0").ljust(least, "0")
    return f"{whole}.{fraction}" if fraction else whole


def _decimal(name: str, places: int, least: int = 0) -> Field:
    def clean(raw: Any) -> str:
        return shortest(f.rounded(f.as_decimal(raw), places), least)

    return Field(name, {"type": "string", "format": "decimal"}, clean)


def _text(name: str, via: Callable[[str], str] | None = None) -> Field:
    return f.text(name, blank=False, via=via)


def _filled(name: str) -> Field:
    """A text that must have more in it than white space."""
    return f.required(_text(name, via=lambda value: value if value.strip() else ""))


def _reference(name: str) -> Field:
    return f.group(name, f.required(_text("id")), optional=True)


def _coded(name: str) -> Field:
    return f.group(name, f.required(_text("code")), optional=True)


def _address() -> Field:
    lines = (_text(name) for name in ("addressLine1", "addressLine2", "city", "postalCode"))
    return f.group("address", *lines, _coded("province"), _coded("country"))


CUSTOMER_TEXTS = (
    "firstName", "lastName", "displayId", "email", "mobile", "phone", "fax", "tollFree",
    "website", "internalNotes",
)  # fmt: skip

CUSTOMER = Table(
    (
        _filled("name"),
        *(_text(name) for name in CUSTOMER_TEXTS),
        _coded("currency"),
        _address(),
        f.group(
            "shippingDetails", _text("name"), _text("phone"), _text("instructions"), _address()
        ),
        f.read_only(f.flag("isArchived", default=False)),
    )
)

PRODUCT = Table(
    (
        _filled("name"),
        _text("description"),
        f.required(_decimal("unitPrice", PRODUCT_PLACES, 2)),
        _reference("incomeAccount"),
        _reference("expenseAccount"),
        f.items("defaultSalesTaxes", f.required(_text("id"))),
        f.read_only(f.flag("isArchived", default=False)),
    )
)

TITLES = {
    "itemTitle": "Items", "unitTitle": "Quantity", "priceTitle": "Price", "amountTitle": "Amount",
}  # fmt: skip
FLAGS = (
    "hideName", "hideDescription", "hideUnit", "hidePrice", "hideAmount", "disableAmexPayments",
    "disableCreditCardPayments", "disableBankPayments", "requireTermsOfServiceAgreement",
)  # fmt: skip

INVOICE = Table(
    (
        f.group("customer", f.required(_text("id"))),
        f.choice("status", STORED_STATES),
        _text("invoiceNumber"),
        _text("poNumber"),
        _coded("currency"),
        _decimal("exchangeRate", LINE_PLACES),
        f.date("invoiceDate"),
        f.date("dueDate"),
        f.text("title"),
        _text("subhead"),
        _text("memo"),
        _text("footer"),
        f.items(
            "discounts",
            f.required(f.choice("discountType", ("PERCENTAGE", "FIXED"))),
            _text("name"),
            _decimal("percentage", LINE_PLACES),
            _decimal("amount", LINE_PLACES),
        ),
        f.items(
            "items",
            f.group("product", f.required(_text("id"))),
            f.text("description"),
            _decimal("quantity", LINE_PLACES),
            _decimal("unitPrice", LINE_PLACES),
            f.items("taxes", f.group("salesTax", f.required(_text("id")))),
        ),
        *(f.text(name) for name in TITLES),
        *(f.flag(name, default=False) for name in FLAGS),
        f.read_only(f.group("amountPaid", _decimal("value", 2, 2))),
        f.read_only(_text("lastSentAt")),
        f.read_only(_text("lastSentVia")),
        f.read_only(_text("lastViewedAt")),
    )
)
