"""The page server's tables: where each property of the shared model stands in its records."""

from __future__ import annotations

from talk_bench.connector import models
from talk_sdk.lenses import decimal_text, enum, organisation_number, phone, truncate
from talk_sdk.mapping import Children, Mapping, Pair

__all__ = ["MAPPINGS"]

KIND = enum({True: "organisation", False: "person"})

CUSTOMER = Mapping(
    models.Customer, "customer",
    Pair("name", "name", truncate(255)),
    Pair("is_company", "kind", KIND, default="person"),
    Pair("account_number", "number"),
    Pair("vat_no", "organisation_number", organisation_number(), match=1),
    Pair("email", "email", match=2),
    Pair("first_name", "first_name"),
    Pair("last_name", "last_name"),
    Pair("phone", "phone", phone("NO")),
    Pair("mobile", "mobile", phone("NO")),
    Pair("fax", "fax", phone("NO")),
    Pair("website", "website"),
    Pair("note", "notes"),
    Pair("language", "language"),
    Pair("currency", "currency"),
    Pair("active", "active", default=True),
    Pair("address1", "billing_address.line1"),
    Pair("address2", "billing_address.line2"),
    Pair("zip", "billing_address.postal_code"),
    Pair("city", "billing_address.city"),
    Pair("country", "billing_address.country"),
    Pair("delivery_name", "shipping_address.name"),
    Pair("delivery_instructions", "shipping_address.instructions"),
)  # fmt: skip

ORDER = Mapping(
    models.Order, "order",
    Pair("number", "number", match=1),
    Pair("title", "title"),
    Pair("currency", "currency"),
    Children(
        "lines", "lines",
        Pair("sku", "sku"),
        Pair("text", "description"),
        Pair("quantity", "quantity", decimal_text(3)),
        Pair("unit_price", "unit_price", decimal_text(2)),
        id="id",
    ),
)  # fmt: skip

MAPPINGS = (CUSTOMER, ORDER)
