"""What the twin of the ERP accepts: a table of fields per record type."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from babel import Locale

from talk_sdk.testing import kinds as f
from talk_sdk.testing.fields import Field, Table

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME_LENGTH = 50
"""Longer names are cut without a word."""
LANGUAGE = "nb"


@cache
def country_names() -> Mapping[str, str]:
    """ISO 3166-1 alpha-2 -> the country's name in the company's language."""
    territories = Locale.parse(LANGUAGE).territories
    return {code: name for code, name in territories.items() if code.isalpha()}


@cache
def _known_countries() -> frozenset[str]:
    return frozenset(country_names().values())


def _country(value: str) -> str:
    if value and value not in _known_countries():
        raise ValueError(f"unknown country: {value}")
    return value


def _phone(name: str) -> Field:
    return f.text(name, via=lambda value: "".join(value.split()), note="kept without blanks")


def _address() -> tuple[Field, ...]:
    return (
        *(f.text(name) for name in ("street1", "street2", "postCode", "town", "region")),
        f.text("countryName", via=_country, note="in the company's language"),
    )


def _addresses() -> tuple[Field, Field]:
    delivery = (f.text("name"), _phone("phone"), *_address(), f.text("instructions"))
    return f.group("invoiceAddress", *_address()), f.group("deliveryAddress", *delivery)


CUSTOMER = Table(
    (
        f.read_only(f.text("customerNo")),
        f.choice("customerType", ("B", "P"), default="B"),
        f.required(f.text("name", cut=NAME_LENGTH)),
        f.text("contactFirstName"),
        f.text("contactLastName"),
        f.text("orgNo"),
        f.text("email"),
        _phone("phone"),
        _phone("mobile"),
        _phone("fax"),
        f.text("web"),
        f.text("remark"),
        f.text("languageCode"),
        f.text("currencyCode"),
        f.flag("blocked", default=False),
        f.number("creditLimitMinor", 0),
        *_addresses(),
        f.text("externalReference"),
    )
)

PRODUCT = Table(
    (
        f.text("articleNo", note="unique"),
        f.text("gtin"),
        f.required(f.text("description", cut=NAME_LENGTH)),
        f.text("longText"),
        f.number("salesPriceMinor", 2),
        f.number("costPriceMinor", 2),
        f.number("campaignPriceMinor", 2),
        f.number("vatPercent", 2),
        f.text("unitCode"),
        f.number("onHand", 3),
        f.number("weightGrams", 0),
        f.flag("discontinued", default=False),
        f.text("supplierCode"),
        f.text("externalReference"),
    )
)

ORDER = Table(
    (
        f.read_only(f.text("orderNo")),
        f.text("shopOrderNo"),
        f.required(f.integer("customerId")),
        f.date("orderDate"),
        f.date("dueDate"),
        f.date("deliveryDate"),
        f.text("currencyCode"),
        f.choice("state", (10, 20, 30, 90), default=20),
        f.read_only(f.choice("paymentState", (0, 1, 2, 3), default=0)),
        f.text("heading"),
        f.text("remark"),
        f.text("yourReference"),
        f.number("discountPercent", 2),
        f.number("freightMinor", 0),
        f.read_only(f.number("totalMinor", 0)),
        f.read_only(f.number("vatMinor", 0)),
        *_addresses(),
        f.text("warehouse"),
        f.text("externalReference"),
        f.items(
            "lines",
            f.integer("productId"),
            f.text("articleNo"),
            f.text("text"),
            f.number("qty", 4),
            f.number("unitPriceMinor", 2),
            f.number("discountPercent", 2),
            f.number("vatPercent", 2),
        ),
    )
)
