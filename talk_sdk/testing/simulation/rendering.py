"""What the oracle knows of the two systems' wire forms, written by hand and apart from mappings.

Each shared field has a neutral value: what a person means by it. Two systems agree on a field
if one of them shows what the other's neutral value looks like there.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

__all__ = ["FIELDS", "KEYS", "LINE_FIELDS", "Field", "at", "placed"]

Turn = Callable[[Any], Any]

COUNTRIES = {
    "NO": "Norge", "SE": "Sverige", "DK": "Danmark", "DE": "Tyskland", "GB": "Storbritannia",
    "JP": "Japan",
}  # fmt: skip
_CODES = {name: code for code, name in COUNTRIES.items()}
_SHOP_STATUS = {"draft": "draft", "open": "open", "completed": "closed", "cancelled": "cancelled"}
_ERP_STATUS = {10: "draft", 20: "open", 30: "closed", 90: "cancelled"}


def _text(raw: Any) -> Any:
    value = unicodedata.normalize("NFC", str(raw or "").strip())
    return value or None


def _folded(raw: Any) -> Any:
    value = _text(raw)
    return value.casefold() if value else None


def _phone(raw: Any) -> Any:
    """The last eight digits: all numbers of the world are Norwegian ones."""
    digits = "".join(sign for sign in str(raw or "") if sign.isdigit())
    return digits[-8:] or None


def _organisation(raw: Any) -> Any:
    return "".join(sign for sign in str(raw or "") if sign.isdigit()) or None


def _number(raw: Any) -> Any:
    return None if raw is None else Decimal(str(raw)).normalize() + 0


def _scaled(by: int) -> Turn:
    return lambda raw: None if raw is None else (Decimal(str(raw)) / by).normalize() + 0


def _rounded(places: int) -> Turn:
    def turn(value: Any) -> Any:
        if value is None:
            return None
        return value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP).normalize() + 0

    return turn


def _same(value: Any) -> Any:
    return value


def _inverse(table: Mapping[Any, Any]) -> Turn:
    turned = {word: wire for wire, word in table.items()}
    return lambda value: turned[value]


def _up(by: int) -> Turn:
    return lambda value: None if value is None else value * by


@dataclass(frozen=True)
class Side:
    """How one system says a field: where, how it reads, how a user types it, what it cuts."""

    path: str
    read: Turn = _same
    type_in: Turn = _same
    cut: Turn = _same


@dataclass(frozen=True)
class Field:
    """A field that both systems have, under the shared model's name.

    Attributes:
        exact: its values are never the same twice unless somebody means it.
    """

    name: str
    shop: Side
    erp: Side
    exact: bool = True

    def side(self, connector: str) -> Side:
        """The field in one of the systems."""
        return self.shop if connector == "customwebshop" else self.erp

    def agree(self, shop: Any, erp: Any) -> bool:
        """Whether the two neutral values are renderings of one."""
        return bool(self.shop.cut(erp) == shop or self.erp.cut(shop) == erp)


def _plain(name: str, shop: str, erp: str, read: Turn = _text) -> Field:
    return Field(name, Side(shop, read), Side(erp, read))


def _cut_name(value: Any) -> Any:
    return value[:50].strip() if value else value


def _name(shop: str, erp: str) -> Field:
    return Field("name", Side(shop, _text), Side(erp, _text, cut=_cut_name))


def _money(name: str, shop: str, erp: str, *, finer: int = 2) -> Field:
    """Shop: text with two places. ERP: hundredths, with so many places more."""
    return Field(
        name,
        Side(shop, _number, str, _rounded(2)),
        Side(erp, _scaled(100), _up(100), _rounded(2 + finer)),
    )


def _decimal(name: str, shop: str, erp: str, places: tuple[int, int] = (2, 2)) -> Field:
    return Field(
        name,
        Side(shop, _number, str, _rounded(places[0])),
        Side(erp, _number, _same, _rounded(places[1])),
    )


def _flag(name: str, shop: str, erp: str) -> Field:
    return Field(name, Side(shop), Side(erp, lambda raw: not raw, lambda v: not v), exact=False)


def _country(name: str, shop: str, erp: str) -> Field:
    said = Side(
        erp, lambda raw: _CODES[raw] if raw else None, lambda v: COUNTRIES[v] if v else None
    )
    return Field(name, Side(shop, _text), said, exact=False)


def _addresses() -> tuple[Field, ...]:
    found = []
    for ours, shop, erp in (
        ("billing_address", "billing", "invoiceAddress"),
        ("shipping_address", "shipping", "deliveryAddress"),
    ):
        found += [
            _plain(f"{ours}.line1", f"{shop}.address1", f"{erp}.street1"),
            _plain(f"{ours}.line2", f"{shop}.address2", f"{erp}.street2"),
            _plain(f"{ours}.postal_code", f"{shop}.zip", f"{erp}.postCode"),
            _plain(f"{ours}.city", f"{shop}.city", f"{erp}.town"),
            _plain(f"{ours}.subdivision", f"{shop}.state", f"{erp}.region"),
            _country(f"{ours}.country", f"{shop}.country", f"{erp}.countryName"),
        ]
    there = "shipping_address"
    return (
        *found,
        _plain(f"{there}.name", "shipping.name", "deliveryAddress.name"),
        _plain(f"{there}.phone", "shipping.phone", "deliveryAddress.phone", _phone),
        _plain(f"{there}.instructions", "shipping.instructions", "deliveryAddress.instructions"),
    )


def _status() -> Field:
    return Field(
        "status",
        Side("status", _SHOP_STATUS.__getitem__, _inverse(_SHOP_STATUS)),
        Side("state", _ERP_STATUS.__getitem__, _inverse(_ERP_STATUS)),
        exact=False,
    )


def _kind() -> Field:
    return Field(
        "kind",
        Side("is_company", lambda raw: "organisation" if raw else "person"),
        Side("customerType", lambda raw: "organisation" if raw == "B" else "person"),
        exact=False,
    )


FIELDS: Mapping[str, tuple[Field, ...]] = {
    "customers": (
        _name("name", "name"),
        _kind(),
        _plain("number", "account_number", "customerNo"),
        _plain("organisation_number", "vat_no", "orgNo", _organisation),
        _plain("email", "email", "email", _folded),
        _plain("first_name", "first_name", "contactFirstName"),
        _plain("last_name", "last_name", "contactLastName"),
        _plain("phone", "phone", "phone", _phone),
        _plain("mobile", "mobile", "mobile", _phone),
        _plain("website", "website", "web"),
        _plain("language", "language", "languageCode"),
        _plain("currency", "currency", "currencyCode"),
        _flag("active", "active", "blocked"),
        *_addresses(),
    ),
    "products": (
        _plain("number", "sku", "articleNo", _folded),
        _plain("barcode", "ean", "gtin"),
        _name("title", "description"),
        _money("unit_price", "price", "salesPriceMinor"),
        _money("cost_price", "cost", "costPriceMinor"),
        _money("sale_price", "sale_price", "campaignPriceMinor"),
        _decimal("tax_rate", "vat_rate", "vatPercent"),
        _plain("unit", "unit", "unitCode"),
        Field(
            "weight",
            Side("weight_kg", _number, str, _rounded(3)),
            Side("weightGrams", _scaled(1000), _up(1000), _rounded(3)),
        ),
        Field("active", Side("published"), Side("discontinued", lambda r: not r, lambda v: not v),
              exact=False),
    ),
    "orders": (
        _plain("number", "number", "shopOrderNo"),
        _plain("invoice_number", "invoice_no", "orderNo"),
        _plain("date", "order_date", "orderDate"),
        _plain("due_date", "due_date", "dueDate"),
        _plain("delivery_date", "delivery_date", "deliveryDate"),
        _plain("currency", "currency", "currencyCode"),
        _status(),
        _plain("title", "title", "heading"),
        _plain("reference", "customer_reference", "yourReference"),
        _decimal("discount", "discount_percent", "discountPercent"),
        _money("shipping", "shipping_price", "freightMinor", finer=0),
        *_addresses(),
    ),
}  # fmt: skip
"""Per collection, what both systems have; texts that are tags are left out."""

LINE_FIELDS = (
    _plain("sku", "sku", "articleNo"),
    _decimal("quantity", "quantity", "qty", (3, 4)),
    _money("unit_price", "unit_price", "unitPriceMinor"),
    _decimal("discount", "discount_percent", "discountPercent"),
    _decimal("tax_rate", "vat_rate", "vatPercent"),
)

KEYS: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "customwebshop": {
        "customers": {"id": "id", "tag": "note"},
        "products": {"id": "id", "tag": "description", "stock": "stock_quantity"},
        "orders": {"id": "id", "tag": "note", "customer": "customer_id"},
        "lines": {"tag": "text", "product": "product_id"},
    },
    "customerp": {
        "customers": {"id": "customerId", "tag": "remark"},
        "products": {"id": "productId", "tag": "longText", "stock": "onHand"},
        "orders": {"id": "orderId", "tag": "remark", "customer": "customerId"},
        "lines": {"tag": "text", "product": "productId"},
    },
}
"""Per connector and collection, where ids, tags and references stand."""


def at(record: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path."""
    value: Any = record
    for name in path.split("."):
        value = (value or {}).get(name)
    return value


def placed(path: str, value: Any) -> dict[str, Any]:
    """A record that has only this value."""
    first, _, rest = path.partition(".")
    return {first: placed(rest, value) if rest else value}
