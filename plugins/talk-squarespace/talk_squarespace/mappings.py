"""Squarespace's tables: where each property of the shared model stands in its records."""

from __future__ import annotations

from collections.abc import Sequence

from babel.numbers import get_currency_precision

from talk_sdk.lenses import decimal_text, enum, one_of, phone, ref, truncate
from talk_sdk.mapping import Children, Mapping, Pair
from talk_squarespace import models
from talk_squarespace.settings import SiteSettings
from talk_squarespace.values import (
    at_most,
    barcode,
    day_in,
    html,
    html_text,
    on_hand,
    price,
    status,
    weight,
    whole,
)

__all__ = ["PAYMENT", "mappings"]

PAYMENT = {
    "PAID": "paid", "NOT_CHARGED": "unpaid", "AUTHORIZED": "unpaid", "PENDING": "unpaid",
    "FAILED": "unpaid", "PARTIALLY_PAID": "partial", "REFUNDED": "refunded",
    "REFUND_PENDING": "paid", "REFUND_FAILED": "paid",
}  # fmt: skip
EXACT = decimal_text(8)
AMOUNT = decimal_text(8, zero=False)


def mappings(settings: SiteSettings) -> Sequence[Mapping]:
    """The tables of one site."""
    return _product(settings), _order(settings), _customer(settings.region)


def _product(settings: SiteSettings) -> Mapping:
    money = price(settings.tax_percent, get_currency_precision(settings.currency))
    barcodes = [Pair("gtin", "barcode", barcode(), match=2)] if settings.products == "v2" else []
    return Mapping(
        models.Sesamproducts, "product",
        Pair("sku", "number", at_most(60), match=1, essential="park",
             required="Squarespace wants a SKU for every product"),
        *barcodes,
        Pair("name", "name", truncate(200), match=3),
        Pair("description", "description",
             html() if settings.description == "html" else html_text()),
        Pair("pricing.basePrice.value", "unit_price", money, essential="park",
             required="Squarespace wants a price for every product"),
        Pair("pricing.salePrice.value", "sale_price", money),
        Pair("currency", "currency", read_only=True),
        Pair("stock.quantity", "stock", on_hand(), default="0"),
        Pair("shippingMeasurements.weight.value", "weight", weight(settings.weight_unit)),
        Pair("isVisible", "active", default=False),
    )  # fmt: skip


def _order(settings: SiteSettings) -> Mapping:
    final = "only orders that are final are imported, and this one has no status"
    return Mapping(
        models.Order, "order",
        Pair("number", "number", at_most(200), match=1, on_create=True),
        Pair("customer", "customer", ref("Customer"), match=1, read_only=True),
        Pair("createdOn", "date", day_in(settings.time_zone), on_create=True,
             required="Squarespace wants to know when the order was placed"),
        Pair("currency", "currency", one_of(frozenset({settings.currency})), on_create=True,
             essential="skip", default=settings.currency),
        Pair("fulfillmentStatus", "status", status(settings.import_when), essential="skip",
             required=final, final=("closed", "cancelled")),
        Pair("paymentState", "payment_status", enum(PAYMENT), read_only=True),
        Pair("discountPercent", "discount", AMOUNT, on_create=True),
        Pair("shipping", "shipping", AMOUNT, on_create=True),
        Pair("grandTotal.value", "total", decimal_text(2), read_only=True),
        Pair("taxTotal.value", "tax_total", decimal_text(2), read_only=True),
        *_address("billingAddress", "billing_address", on_create=True),
        Pair("shippingAddress.name", "shipping_address.name", on_create=True),
        Pair("shippingAddress.phone", "shipping_address.phone",
             phone(settings.region, "shipping_address.country"), on_create=True),
        *_address("shippingAddress", "shipping_address", on_create=True),
        Children(
            "lineItems", "lines",
            Pair("product", "product", ref("Sesamproducts")),
            Pair("sku", "sku", read_only=True),
            Pair("productName", "description"),
            Pair("quantity", "quantity", whole(), essential="park",
                 required="Squarespace wants to know how many"),
            Pair("unitPrice", "unit_price", EXACT, required="Squarespace wants a price"),
            Pair("discountPercent", "discount", AMOUNT),
            Pair("taxPercent", "tax_rate", EXACT),
            id="id",
            on_create=True,
            required="Squarespace imports no order without a line",
        ),
    )  # fmt: skip


def _customer(region: str) -> Mapping:
    return Mapping(
        models.Customer, "customer",
        Pair("email", "email", match=2),
        Pair("name", "name"),
        Pair("firstName", "first_name"),
        Pair("lastName", "last_name"),
        Pair("phone", "phone", phone(region)),
        *_address("billingAddress", "billing_address"),
        Pair("shippingAddress.name", "shipping_address.name"),
        Pair("shippingAddress.phone", "shipping_address.phone",
             phone(region, "shipping_address.country")),
        *_address("shippingAddress", "shipping_address"),
    )  # fmt: skip


def _address(wire: str, ours: str, *, on_create: bool = False) -> tuple[Pair, ...]:
    names = {"address1": "line1", "address2": "line2", "postalCode": "postal_code", "city": "city",
             "state": "subdivision", "countryCode": "country"}  # fmt: skip
    return tuple(
        Pair(f"{wire}.{there}", f"{ours}.{here}", on_create=on_create)
        for there, here in names.items()
    )
