"""MemberCare's tables: where each property of the shared model stands in its records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from talk_membercare import models
from talk_membercare.lenses import placed, priced_shipping
from talk_membercare.settings import MemberCareSettings
from talk_sdk.lenses import decimal_number, enum, one_of, organisation_number, phone, ref
from talk_sdk.mapping import FILLED, Children, Mapping, Pair

__all__ = ["mappings"]

NAMELESS = "?"
"""Where the API demands a name that nobody knows."""
STAYS: dict[str, Any] = {
    "required": "the API has no way to empty it", "default": FILLED,
}  # fmt: skip
"""A dated row is replaced by a later one; there is none that says nothing."""
STATUS = enum({"open": "open"}, also={"closed": "open"})
"""An invoice stands; MemberCare knows neither drafts nor cancelled ones."""
PAYMENT = enum({word: word for word in ("unpaid", "partial", "paid", "refunded")})


def mappings(settings: MemberCareSettings) -> Sequence[Mapping]:
    """The tables of one account."""
    region = settings.region
    return (
        _companies(region), _persons(region), _organizations(region), _products(),
        _invoices(settings), _payers(region),
    )  # fmt: skip


def _companies(region: str) -> Mapping:
    return Mapping(
        models.Companies, "customer",
        Pair("companyName", "name", placeholder=NAMELESS),
        Pair("isOrganisation", "kind", enum({True: "organisation"}), read_only=True),
        Pair("debtorAccountNumber", "number", assigned=True, read_only=True),
        Pair("registration.number", "organisation_number", organisation_number(), match=1),
        Pair("contact.email", "email", match=2, **STAYS),
        Pair("contact.phone", "phone", phone(region), **STAYS),
        Pair("contact.mobile", "mobile", phone(region), **STAYS),
        Pair("contact.fax", "fax", phone(region), **STAYS),
        Pair("contact.website", "website", **STAYS),
        Pair("valid", "active", read_only=True),
        *_address("primary", "billing_address", **STAYS),
        *_address("secondary", "shipping_address", **STAYS),
        Pair("secondary.attention", "shipping_address.name", _in_place("shipping_address")),
    )  # fmt: skip


def _address(wire: str, ours: str, **flags: Any) -> tuple[Pair, ...]:
    """Country first, then the postal code: the other parts stand only where both do."""
    country, code = f"{ours}.country", f"{ours}.postal_code"
    emptied = {name: value for name, value in flags.items() if name not in STAYS}
    return (
        Pair(f"{wire}.country.iso2Letter", country, **flags),
        Pair(f"{wire}.postalCode.zipCode", code, placed(country), **flags),
        Pair(f"{wire}.postalCode.city", f"{ours}.city", _in_place(ours), **flags),
        Pair(f"{wire}.line", f"{ours}.line1", _in_place(ours), **emptied),
        Pair(f"{wire}.location", f"{ours}.line2", _in_place(ours), **emptied),
    )


def _in_place(ours: str) -> Any:
    return placed(f"{ours}.postal_code", f"{ours}.country")


def _persons(region: str) -> Mapping:
    return Mapping(
        models.Persons, "contact",
        Pair("employer", "customer", ref("Companies"), match=1, read_only=True),
        Pair("firstname", "first_name", **STAYS),
        Pair("lastname", "last_name", placeholder=NAMELESS),
        Pair("contact.email", "email", match=1, **STAYS),
        Pair("contact.phone", "phone", phone(region), **STAYS),
        Pair("contact.mobile", "mobile", phone(region), **STAYS),
        Pair("title", "title", read_only=True),
        Pair("valid", "active", read_only=True),
    )  # fmt: skip


def _organizations(region: str) -> Mapping:
    return Mapping(
        models.Organizations, "customer",
        Pair("name", "name", read_only=True),
        Pair("isOrganisation", "kind", enum({True: "organisation"}), read_only=True),
        Pair("registration.number", "organisation_number", organisation_number(), match=1,
             read_only=True),
        Pair("contact.email", "email", match=2, read_only=True),
        Pair("contact.phone", "phone", phone(region), read_only=True),
        Pair("contact.mobile", "mobile", phone(region), read_only=True),
        Pair("contact.fax", "fax", phone(region), read_only=True),
        Pair("contact.website", "website", read_only=True),
        Pair("valid", "active", read_only=True),
        *_address("primary", "billing_address", read_only=True),
    )  # fmt: skip


def _products() -> Mapping:
    return Mapping(
        models.Products, "product",
        Pair("financeDimensions.productIdentification", "number", match=1, read_only=True),
        Pair("name", "name", match=3, read_only=True),
        Pair("vatPercent", "tax_rate", decimal_number(2), read_only=True),
        Pair("valid", "active", read_only=True),
    )  # fmt: skip


def _invoices(settings: MemberCareSettings) -> Mapping:
    billed, money = "MemberCare bills it", decimal_number(8)
    numbered = settings.order_dimension is not None
    number = [Pair("orderNumber", "number", match=1, on_create=True)] if numbered else []
    return Mapping(
        models.Invoices, "order",
        *number,
        Pair(("payer.company", "payer.other"), "customer", ref("Companies", otherwise="Payers"),
             match=1 if numbered else None, on_create=True,
             required="MemberCare bills every invoice to somebody, give the order a customer"),
        Pair("id", "invoice_number", assigned=True, read_only=True),
        Pair("date", "date", read_only=True),
        Pair("dueDate", "due_date", read_only=True),
        Pair("currency", "currency", one_of(frozenset({settings.currency})), on_create=True,
             essential="park", default=settings.currency),
        Pair("status", "status", STATUS, on_create=True, essential="skip", default="open",
             final=("open",)),
        Pair("paymentStatus", "payment_status", PAYMENT, read_only=True),
        Pair("discountPercent", "discount", decimal_number(4), on_create=True),
        Pair("shipping", "shipping", priced_shipping(settings.shipping_product), on_create=True,
             essential="park"),
        Pair("total", "total", decimal_number(2), read_only=True),
        Pair("taxTotal", "tax_total", decimal_number(2), read_only=True),
        Children(
            "lines", "lines",
            Pair("product.id", "product", ref("Products", number=True), read_only=True),
            Pair("sku", "sku", placeholder=settings.line_product,
                 required="MemberCare demands a product on every line, name one for lines without"
                          " in line_product"),
            Pair("description", "description", placeholder=NAMELESS),
            Pair("quantity", "quantity", money, required=billed),
            Pair("unitPrice", "unit_price", money, required=billed),
            Pair("discountPercent", "discount", decimal_number(4)),
            Pair("vatPercent", "tax_rate", decimal_number(2)),
            required="MemberCare bills nothing without a line",
        ),
    )  # fmt: skip


def _payers(region: str) -> Mapping:
    return Mapping(
        models.Payers, "customer",
        Pair("name", "name"),
        Pair("memberType", "kind", enum({1: "person", 3: "organisation"})),
        Pair("contact.email", "email", match=2),
        Pair("contact.phone", "phone", phone(region)),
        Pair("contact.mobile", "mobile", phone(region)),
    )  # fmt: skip
