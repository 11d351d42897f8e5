"""The ERP's tables: where each property of the shared model stands in its records."""

from __future__ import annotations

from collections.abc import Sequence

from talk_customerp import models
from talk_customerp.settings import ErpSettings
from talk_sdk.lenses import (
    country_name,
    decimal_number,
    enum,
    inverse_flag,
    organisation_number,
    phone,
    ref,
    scaled,
    truncate,
)
from talk_sdk.mapping import Children, Mapping, Pair

__all__ = ["mappings"]

NAME = truncate(50)
NAMELESS = "?"
"""Where the API demands a name that nobody knows."""
KIND = enum({"B": "organisation", "P": "person"})
STATE = enum({10: "draft", 20: "open", 30: "closed", 90: "cancelled"})
PAYMENT = enum({0: "unpaid", 1: "partial", 2: "paid", 3: "refunded"})


def mappings(settings: ErpSettings) -> Sequence[Mapping]:
    """The tables of one company."""
    return _customer(settings), _product(), _order(settings)


def _customer(settings: ErpSettings) -> Mapping:
    return Mapping(
        models.Customer, "customer",
        Pair("name", "name", NAME, placeholder=NAMELESS),
        Pair("customerType", "kind", KIND, default="organisation"),
        Pair("customerNo", "number", assigned=True, read_only=True),
        Pair("orgNo", "organisation_number", organisation_number(), match=1),
        Pair("email", "email", match=2),
        Pair("contactFirstName", "first_name"),
        Pair("contactLastName", "last_name"),
        Pair("phone", "phone", phone(settings.region)),
        Pair("mobile", "mobile", phone(settings.region)),
        Pair("fax", "fax", phone(settings.region)),
        Pair("web", "website"),
        Pair("remark", "notes"),
        Pair("languageCode", "language"),
        Pair("currencyCode", "currency"),
        Pair("blocked", "active", inverse_flag(), default=True),
        *_addresses(settings),
    )  # fmt: skip


def _product() -> Mapping:
    money = scaled(100, 2)
    return Mapping(
        models.Product, "product",
        Pair("articleNo", "number", match=1),
        Pair("gtin", "barcode", match=2),
        Pair("description", "name", NAME, match=3, placeholder=NAMELESS),
        Pair("longText", "description"),
        Pair("salesPriceMinor", "unit_price", money),
        Pair("costPriceMinor", "cost_price", money),
        Pair("campaignPriceMinor", "sale_price", money),
        Pair("vatPercent", "tax_rate", decimal_number(2)),
        Pair("unitCode", "unit"),
        Pair("onHand", "stock", decimal_number(3)),
        Pair("weightGrams", "weight", scaled(1000, 0)),
        Pair("discontinued", "active", inverse_flag(), default=True),
    )  # fmt: skip


def _order(settings: ErpSettings) -> Mapping:
    return Mapping(
        models.Order, "order",
        Pair("shopOrderNo", "number", match=1),
        Pair("customerId", "customer", ref("Customer", number=True), match=1),
        Pair("orderNo", "invoice_number", assigned=True, read_only=True),
        Pair("orderDate", "date"),
        Pair("dueDate", "due_date"),
        Pair("deliveryDate", "delivery_date"),
        Pair("currencyCode", "currency"),
        Pair("state", "status", STATE, default="open"),
        Pair("paymentState", "payment_status", PAYMENT, read_only=True),
        Pair("heading", "title"),
        Pair("remark", "notes"),
        Pair("yourReference", "reference"),
        Pair("discountPercent", "discount", decimal_number(2)),
        Pair("freightMinor", "shipping", scaled(100, 0)),
        Pair("totalMinor", "total", scaled(100, 0), read_only=True),
        Pair("vatMinor", "tax_total", scaled(100, 0), read_only=True),
        *_addresses(settings),
        Children(
            "lines", "lines",
            Pair("productId", "product", ref("Product", number=True)),
            Pair("articleNo", "sku"),
            Pair("text", "description"),
            Pair("qty", "quantity", decimal_number(4)),
            Pair("unitPriceMinor", "unit_price", scaled(100, 2)),
            Pair("discountPercent", "discount", decimal_number(2)),
            Pair("vatPercent", "tax_rate", decimal_number(2)),
        ),
    )  # fmt: skip


def _addresses(settings: ErpSettings) -> tuple[Pair, ...]:
    delivery = phone(settings.region, "shipping_address.country")
    return (
        *_address("invoiceAddress", "billing_address", settings.language),
        Pair("deliveryAddress.name", "shipping_address.name"),
        Pair("deliveryAddress.phone", "shipping_address.phone", delivery),
        *_address("deliveryAddress", "shipping_address", settings.language),
        Pair("deliveryAddress.instructions", "shipping_address.instructions"),
    )


def _address(wire: str, ours: str, language: str) -> tuple[Pair, ...]:
    return (
        Pair(f"{wire}.street1", f"{ours}.line1"),
        Pair(f"{wire}.street2", f"{ours}.line2"),
        Pair(f"{wire}.postCode", f"{ours}.postal_code"),
        Pair(f"{wire}.town", f"{ours}.city"),
        Pair(f"{wire}.region", f"{ours}.subdivision"),
        Pair(f"{wire}.countryName", f"{ours}.country", country_name(language)),
    )
