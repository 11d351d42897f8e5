"""Wave's tables: where each property of the shared model stands in its records."""

from __future__ import annotations

from collections.abc import Sequence

from talk_sdk.lenses import (
    decimal_text,
    enum,
    inverse_flag,
    one_of,
    phone,
    ref,
    subdivision,
)
from talk_sdk.mapping import FILLED, Children, Mapping, Pair
from talk_wave import models
from talk_wave.codes import COUNTRIES, CURRENCIES
from talk_wave.settings import WaveSettings
from talk_wave.shapes import priced_shipping

__all__ = ["mappings"]

NAMELESS = "?"
"""Where the API demands a name that nobody knows."""
STATUS = enum(
    {"SAVED": "open", "DRAFT": "draft"}
    | dict.fromkeys(("SENT", "VIEWED", "UNPAID", "PARTIAL", "PAID", "OVERPAID", "OVERDUE"), "open"),
    also={"closed": "SAVED"},
)
"""What Wave computes from payments and dates is an invoice that stands; it knows no closed one."""
PAYMENT = enum({"unpaid": "unpaid", "partial": "partial", "paid": "paid"})


def mappings(settings: WaveSettings) -> Sequence[Mapping]:
    """The tables of one business."""
    return _customer(settings.region), _product(), _invoice(settings)


def _customer(region: str) -> Mapping:
    delivery = phone(region, "shipping_address.country")
    return Mapping(
        models.Customer, "customer",
        Pair("name", "name", placeholder=NAMELESS),
        Pair("displayId", "number"),
        Pair("email", "email", match=2),
        Pair("firstName", "first_name"),
        Pair("lastName", "last_name"),
        Pair("phone", "phone", phone(region)),
        Pair("mobile", "mobile", phone(region)),
        Pair("fax", "fax", phone(region)),
        Pair("website", "website"),
        Pair("internalNotes", "notes"),
        Pair("currency.code", "currency", one_of(CURRENCIES), default=FILLED),
        Pair("isArchived", "active", inverse_flag(), read_only=True),
        *_address("address", "billing_address"),
        Pair("shippingDetails.name", "shipping_address.name", default=FILLED),
        Pair("shippingDetails.phone", "shipping_address.phone", delivery),
        Pair("shippingDetails.instructions", "shipping_address.instructions"),
        *_address("shippingDetails.address", "shipping_address"),
    )  # fmt: skip


def _address(wire: str, ours: str) -> tuple[Pair, ...]:
    country = f"{ours}.country"
    return (
        Pair(f"{wire}.addressLine1", f"{ours}.line1"),
        Pair(f"{wire}.addressLine2", f"{ours}.line2"),
        Pair(f"{wire}.postalCode", f"{ours}.postal_code"),
        Pair(f"{wire}.city", f"{ours}.city"),
        Pair(f"{wire}.province.code", f"{ours}.subdivision", subdivision(country)),
        Pair(f"{wire}.country.code", country, one_of(COUNTRIES)),
    )


def _product() -> Mapping:
    return Mapping(
        models.Product, "product",
        Pair("name", "name", match=3, placeholder=NAMELESS),
        Pair("description", "description"),
        Pair("unitPrice", "unit_price", decimal_text(5), required="Wave demands a price"),
        Pair("isArchived", "active", inverse_flag(), default=True, final=(False,)),
    )  # fmt: skip


def _invoice(settings: WaveSettings) -> Mapping:
    filled = "Wave demands one"
    return Mapping(
        models.Invoice, "order",
        Pair("poNumber", "number", match=1),
        Pair("customer.id", "customer", ref("Customer"), match=1,
             required="Wave bills every invoice to a customer, give the order one"),
        Pair("invoiceNumber", "invoice_number", assigned=True, default=FILLED, required=filled),
        Pair("invoiceDate", "date", default=FILLED, required=filled),
        Pair("dueDate", "due_date", default=FILLED, required=filled),
        Pair("currency.code", "currency", one_of(CURRENCIES), essential="park", default=FILLED,
             required=filled),
        Pair("status", "status", STATUS, essential="skip", default="open", final=("open",)),
        Pair("paymentStatus", "payment_status", PAYMENT, read_only=True),
        Pair("title", "title", default=FILLED),
        Pair("memo", "notes", default=FILLED),
        Pair("discounting.percent", "discount", decimal_text(8, zero=False)),
        Pair("content.shipping", "shipping", priced_shipping(settings.shipping_product),
             essential="park"),
        Pair("total.value", "total", decimal_text(2), read_only=True),
        Pair("taxTotal.value", "tax_total", decimal_text(2), read_only=True),
        Children(
            "content.items", "lines",
            Pair("product.id", "product", ref("Product"), placeholder=settings.line_product,
                 required="Wave demands a product on every line, name one for lines without in"
                          " line_product"),
            Pair("description", "description", default=FILLED),
            Pair("quantity", "quantity", decimal_text(8), default=FILLED),
            Pair("unitPrice", "unit_price", decimal_text(8), default=FILLED),
        ),
        constants={"status": "SAVED"},
    )  # fmt: skip
