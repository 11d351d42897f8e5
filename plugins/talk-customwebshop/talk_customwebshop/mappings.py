"""The webshop's tables: where each property of the shared model stands in its records."""

from __future__ import annotations

from collections.abc import Sequence

from talk_customwebshop import models
from talk_customwebshop.settings import WebshopSettings
from talk_sdk.lenses import (
    decimal_number,
    decimal_text,
    enum,
    organisation_number,
    phone,
    ref,
    truncate,
)
from talk_sdk.mapping import Children, Mapping, Pair

__all__ = ["mappings"]

NAME = truncate(255)
NAMELESS = "?"
"""Where the API demands a name that nobody knows."""
KIND = enum({True: "organisation", False: "person"})
STATUS = enum({"draft": "draft", "open": "open", "completed": "closed", "cancelled": "cancelled"})
PAYMENT = enum({"unpaid": "unpaid", "partial": "partial", "paid": "paid", "refunded": "refunded"})


def mappings(settings: WebshopSettings) -> Sequence[Mapping]:
    """The tables of one webshop."""
    region = settings.region
    return _customer(region), _guest(region), _product(), _order(region)


def _customer(region: str) -> Mapping:
    return Mapping(
        models.Customer, "customer",
        Pair("name", "name", NAME, placeholder=NAMELESS),
        Pair("is_company", "kind", KIND, default="person"),
        Pair("account_number", "number"),
        Pair("vat_no", "organisation_number", organisation_number(), match=1),
        Pair("email", "email", match=2),
        Pair("first_name", "first_name"),
        Pair("last_name", "last_name"),
        Pair("phone", "phone", phone(region)),
        Pair("mobile", "mobile", phone(region)),
        Pair("website", "website"),
        Pair("note", "notes"),
        Pair("language", "language"),
        Pair("currency", "currency"),
        Pair("active", "active", default=True),
        *_addresses(region),
    )  # fmt: skip


def _guest(region: str) -> Mapping:
    return Mapping(
        models.Guest, "customer",
        Pair("name", "name"),
        Pair("email", "email", match=2),
        Pair("phone", "phone", phone(region)),
    )  # fmt: skip


def _product() -> Mapping:
    money = decimal_text(2)
    return Mapping(
        models.Product, "product",
        Pair("sku", "number", match=1),
        Pair("ean", "barcode", match=2),
        Pair("title", "name", NAME, match=3, placeholder=NAMELESS),
        Pair("description", "description"),
        Pair("price", "unit_price", money),
        Pair("currency", "currency", read_only=True),
        Pair("cost", "cost_price", money),
        Pair("sale_price", "sale_price", money),
        Pair("vat_rate", "tax_rate", decimal_text(2)),
        Pair("unit", "unit"),
        Pair("stock_quantity", "stock", decimal_number(0)),
        Pair("weight_kg", "weight", decimal_text(3)),
        Pair("published", "active", default=True),
    )  # fmt: skip


def _order(region: str) -> Mapping:
    money = decimal_text(2)
    return Mapping(
        models.Order, "order",
        Pair("number", "number", match=1, assigned=True, on_create=True),
        Pair(
            ("customer_id", "guest_key"), "customer", ref("Customer", otherwise="Guest"), match=1
        ),
        Pair("invoice_no", "invoice_number"),
        Pair("order_date", "date"),
        Pair("due_date", "due_date"),
        Pair("delivery_date", "delivery_date"),
        Pair("currency", "currency"),
        Pair("status", "status", STATUS, default="open"),
        Pair("payment_status", "payment_status", PAYMENT, read_only=True),
        Pair("title", "title"),
        Pair("note", "notes"),
        Pair("customer_reference", "reference"),
        Pair("discount_percent", "discount", decimal_text(2)),
        Pair("shipping_price", "shipping", money),
        Pair("total", "total", money, read_only=True),
        Pair("tax_total", "tax_total", money, read_only=True),
        *_addresses(region),
        Children(
            "lines", "lines",
            Pair("product_id", "product", ref("Product")),
            Pair("sku", "sku"),
            Pair("text", "description"),
            Pair("quantity", "quantity", decimal_text(3)),
            Pair("unit_price", "unit_price", money),
            Pair("discount_percent", "discount", decimal_text(2)),
            Pair("vat_rate", "tax_rate", decimal_text(2)),
            id="id",
        ),
    )  # fmt: skip


def _addresses(region: str) -> tuple[Pair, ...]:
    return (
        *_address("billing", "billing_address"),
        Pair("shipping.name", "shipping_address.name"),
        Pair("shipping.phone", "shipping_address.phone", phone(region, "shipping_address.country")),
        *_address("shipping", "shipping_address"),
        Pair("shipping.instructions", "shipping_address.instructions"),
    )


def _address(wire: str, ours: str) -> tuple[Pair, ...]:
    return (
        Pair(f"{wire}.address1", f"{ours}.line1"),
        Pair(f"{wire}.address2", f"{ours}.line2"),
        Pair(f"{wire}.zip", f"{ours}.postal_code"),
        Pair(f"{wire}.city", f"{ours}.city"),
        Pair(f"{wire}.state", f"{ours}.subdivision"),
        Pair(f"{wire}.country", f"{ours}.country"),
    )
