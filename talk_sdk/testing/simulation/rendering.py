"""What the oracle knows of the systems' wire forms, written by hand and apart from mappings.

Each field has a neutral value: what a person means by it. A system shows another one's value if
it says what that value looks like there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from talk_sdk.testing.simulation.sides import Field, Side
from talk_sdk.testing.simulation.turns import (
    COUNTRIES,
    Turn,
    code_of,
    cut_at,
    folded,
    inverse,
    number,
    organisation,
    phone,
    rounded,
    same,
    scaled,
    text,
    up,
)

__all__ = ["FIELDS", "LINE_FIELDS"]

SHOP, ERP, WAVE = "customwebshop", "customerp", "wave"

_CODES = {name: code for code, name in COUNTRIES.items()}
_SHOP_STATUS = {"draft": "draft", "open": "open", "completed": "closed", "cancelled": "cancelled"}
_ERP_STATUS = {10: "draft", 20: "open", 30: "closed", 90: "cancelled"}


def _field(
    name: str, shop: Side | None, erp: Side | None, wave: Side | None = None, *, exact: bool = True
) -> Field:
    sides = {SHOP: shop, ERP: erp, WAVE: wave}
    return Field(name, {name: side for name, side in sides.items() if side is not None}, exact)


def _plain(name: str, shop: str, erp: str, wave: str = "", read: Turn = text) -> Field:
    """A text; in a system that is told no path it does not exist."""
    sides = [Side(path, read) if path else None for path in (shop, erp, wave)]
    return _field(name, *sides)


def _name(shop: str, erp: str) -> Field:
    return _field("name", Side(shop, text), Side(erp, text, cut=cut_at(50)), Side("name", text))


def _money(name: str, shop: str, erp: str, *, finer: int = 2, wave: Side | None = None) -> Field:
    """Shop: text with two places. ERP: hundredths, with so many places more."""
    return _field(
        name,
        Side(shop, number, str, rounded(2)),
        Side(erp, scaled(100), up(100), rounded(2 + finer)),
        wave,
    )


def _decimal(
    name: str, shop: str, erp: str, places: tuple[int, int] = (2, 2), wave: Side | None = None
) -> Field:
    return _field(
        name,
        Side(shop, number, str, rounded(places[0])),
        Side(erp, number, same, rounded(places[1])),
        wave,
    )


def _wave_decimal(path: str, places: int) -> Side:
    return Side(path, number, _said, rounded(places))


def _wave_amount(path: str) -> Side:
    """What is there only if it is not nothing."""
    return Side(path, number, _said, lambda value: rounded(8)(value) or None)


def _said(value: Any) -> Any:
    return None if value is None else f"{value:f}"


def _not(value: Any) -> bool:
    return not value


def _active(shop: str, erp: str, wave: Side) -> Field:
    return _field("active", Side(shop), Side(erp, _not, _not), wave, exact=False)


def _country(name: str, shop: str, erp: str, wave: str) -> Field:
    said = Side(
        erp, lambda raw: _CODES[raw] if raw else None, lambda v: COUNTRIES[v] if v else None
    )
    there = Side(wave, text) if wave else None
    return _field(name, Side(shop, text), said, there, exact=False)


def _region(name: str, shop: str, erp: str, wave: str) -> Field:
    country = f"{name.rpartition('.')[0]}.country"
    code = Side(wave, text, near=lambda value, beside: code_of(value, beside[country]))
    return _field(name, Side(shop, text), Side(erp, text), code if wave else None)


def _addresses(*wave: str) -> tuple[Field, ...]:
    """Two addresses; in Wave, where they are at all, at two paths."""
    found = []
    for ours, shop, erp, place in (
        ("billing_address", "billing", "invoiceAddress", wave[0] if wave else ""),
        ("shipping_address", "shipping", "deliveryAddress", wave[1] if wave else ""),
    ):
        there = place and f"{place}."
        found += [
            _plain(f"{ours}.line1", f"{shop}.address1", f"{erp}.street1",
                   there and f"{there}addressLine1"),
            _plain(f"{ours}.line2", f"{shop}.address2", f"{erp}.street2",
                   there and f"{there}addressLine2"),
            _plain(f"{ours}.postal_code", f"{shop}.zip", f"{erp}.postCode",
                   there and f"{there}postalCode"),
            _plain(f"{ours}.city", f"{shop}.city", f"{erp}.town", there and f"{there}city"),
            _region(f"{ours}.subdivision", f"{shop}.state", f"{erp}.region",
                    there and f"{there}province.code"),
            _country(f"{ours}.country", f"{shop}.country", f"{erp}.countryName",
                     there and f"{there}country.code"),
        ]  # fmt: skip
    ours, there = "shipping_address", "shippingDetails." if wave else ""
    return (
        *found,
        _defaulted(f"{ours}.name", "shipping.name", "deliveryAddress.name",
                   there and f"{there}name"),
        _plain(f"{ours}.phone", "shipping.phone", "deliveryAddress.phone",
               there and f"{there}phone", phone),
        _plain(f"{ours}.instructions", "shipping.instructions", "deliveryAddress.instructions",
               there and f"{there}instructions"),
    )  # fmt: skip


def _status() -> Field:
    """Wave knows drafts and all others, and neither cancels an invoice nor takes it back."""
    there = Side(
        "status",
        lambda raw: "draft" if raw == "DRAFT" else "open",
        lambda word: "DRAFT" if word == "draft" else "SAVED",
        lambda word: "open" if word == "closed" else word,
        lags=lambda word, shown: word == "cancelled" or (word, shown) == ("draft", "open"),
    )
    return _field(
        "status",
        Side("status", _SHOP_STATUS.__getitem__, inverse(_SHOP_STATUS)),
        Side("state", _ERP_STATUS.__getitem__, inverse(_ERP_STATUS)),
        there,
        exact=False,
    )


def _kind() -> Field:
    return _field(
        "kind",
        Side("is_company", lambda raw: "organisation" if raw else "person", default="person"),
        Side(
            "customerType",
            lambda raw: "organisation" if raw == "B" else "person",
            default="organisation",
        ),
        exact=False,
    )


def _defaulted(name: str, shop: str, erp: str, wave: str) -> Field:
    """A text that Wave gives a value of its own if it is told none."""
    there = Side(wave, text, lags=lambda value, _shown: value is None) if wave else None
    return _field(name, Side(shop, text), Side(erp, text), there)


def _numbers() -> tuple[Field, Field]:
    """The ERP numbers customers by itself, and a shop orders."""
    customer = Side("customerNo", text, assigns=True)
    return (
        _field("number", Side("account_number", text), customer, Side("displayId", text)),
        _field("number", _own("number"), Side("shopOrderNo", text), Side("poNumber", text)),
    )


def _invoice_number() -> Field:
    """Both the ERP and Wave count by themselves."""
    shop = Side("invoice_no", text)
    return _field("invoice_number", shop, _own("orderNo"), _own("invoiceNumber"))


def _own(path: str) -> Side:
    """A number of a system that counts by itself, and keeps its own."""
    return Side(path, text, assigns=True)


FIELDS: Mapping[str, tuple[Field, ...]] = {
    "customers": (
        _name("name", "name"),
        _kind(),
        _numbers()[0],
        _plain("organisation_number", "vat_no", "orgNo", read=organisation),
        _plain("email", "email", "email", "email", folded),
        _plain("first_name", "first_name", "contactFirstName", "firstName"),
        _plain("last_name", "last_name", "contactLastName", "lastName"),
        _plain("phone", "phone", "phone", "phone", phone),
        _plain("mobile", "mobile", "mobile", "mobile", phone),
        _plain("website", "website", "web", "website"),
        _plain("language", "language", "languageCode"),
        _plain("currency", "currency", "currencyCode", "currency.code"),
        # Wave's can be read, not written.
        _active("active", "blocked", Side("isArchived", _not, _not, lags=lambda _v, _s: True)),
        *_addresses("address", "shippingDetails.address"),
        _plain("fax", "", "fax", "fax", phone),
    ),
    "products": (
        _plain("number", "sku", "articleNo", read=folded),
        _plain("barcode", "ean", "gtin"),
        _name("title", "description"),
        _money("unit_price", "price", "salesPriceMinor", wave=_wave_decimal("unitPrice", 5)),
        _money("cost_price", "cost", "costPriceMinor"),
        _money("sale_price", "sale_price", "campaignPriceMinor"),
        _decimal("tax_rate", "vat_rate", "vatPercent"),
        _plain("unit", "unit", "unitCode"),
        _field(
            "weight",
            Side("weight_kg", number, str, rounded(3)),
            Side("weightGrams", scaled(1000), up(1000), rounded(3)),
        ),
        # Wave's can be archived, and not be fetched back.
        _active("published", "discontinued",
                Side("isArchived", _not, _not, lags=lambda value, _shown: bool(value))),
    ),
    "orders": (
        _numbers()[1],
        _invoice_number(),
        _plain("date", "order_date", "orderDate", "invoiceDate"),
        _defaulted("due_date", "due_date", "dueDate", "dueDate"),
        _plain("delivery_date", "delivery_date", "deliveryDate"),
        _plain("currency", "currency", "currencyCode", "currency.code"),
        _status(),
        _defaulted("title", "title", "heading", "title"),
        _plain("reference", "customer_reference", "yourReference"),
        _decimal("discount", "discount_percent", "discountPercent", wave=_wave_amount("discount")),
        _money("shipping", "shipping_price", "freightMinor", finer=0,
               wave=_wave_amount("shipping")),
        *_addresses(),
    ),
}  # fmt: skip
"""Per kind, what systems have; texts that are tags are left out."""

LINE_FIELDS = (
    _plain("sku", "sku", "articleNo"),
    _decimal("quantity", "quantity", "qty", (3, 4), _wave_decimal("quantity", 8)),
    _money("unit_price", "unit_price", "unitPriceMinor", wave=_wave_decimal("unitPrice", 8)),
    _decimal("discount", "discount_percent", "discountPercent"),
    _decimal("tax_rate", "vat_rate", "vatPercent"),
)
