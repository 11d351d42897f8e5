"""A company's own ERP: names and prices in forms of its own, records replaced as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from talk_sdk.testing.simulation.dialects.dialect import KINDS, WHOLE, Dialect
from talk_sdk.testing.simulation.sides import Side, addresses, plain
from talk_sdk.testing.simulation.turns import (
    COUNTRIES,
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

if TYPE_CHECKING:
    from talk_sdk.testing.simulation.trace import Exchange

__all__ = ["CustomErp"]

_STATUS = {10: "draft", 20: "open", 30: "closed", 90: "cancelled"}
_CODES = {name: code for code, name in COUNTRIES.items()}
_ADDRESS = {
    **plain(line1="street1", line2="street2", postal_code="postCode", city="town"),
    **plain(subdivision="region"),
    "country": Side(
        "countryName",
        lambda raw: _CODES[raw] if raw else None,
        lambda code: COUNTRIES[code] if code else None,
    ),
}
_DELIVERY = {
    **plain(name="name"),
    **plain(phone, phone="phone"),
    **plain(instructions="instructions"),
}
_ADDRESSES = {
    **addresses(_ADDRESS, billing_address="invoiceAddress", shipping_address="deliveryAddress"),
    **addresses(_DELIVERY, shipping_address="deliveryAddress"),
}


def _own_currency(value: Any, shown: Any) -> bool:
    """Where nobody says one it is that of the company."""
    return value is None and shown == "NOK"


def _decimal(path: str, places: int) -> Side:
    return Side(path, number, same, rounded(places))


def _hundredths(path: str, *, finer: int = 2) -> Side:
    """Hundredths, with so many places more."""
    return Side(path, scaled(100), up(100), rounded(2 + finer))


def _not(value: Any) -> bool:
    return not value


def _named(path: str) -> Side:
    return Side(path, text, cut=cut_at(50))


class CustomErp(Dialect):
    """Full lists, PUT, a marker field; it numbers customers and invoices; lines have no ids."""

    connector = "customerp"
    deletes = frozenset(KINDS)
    late = frozenset({"POST"})
    unsaid = frozenset({
        "email", "phone", "mobile", "contactFirstName", "invoiceAddress", "deliveryAddress",
        "articleNo", "salesPriceMinor", "vatPercent", "orderNo", "dueDate", "lines",
    })  # fmt: skip
    follows: ClassVar = {"customers": ("archive",), "products": ("archive",)}
    proof = ("marker", "marker")
    line_ids = False
    places: ClassVar = {
        "customers": {"in": "customers", "id": "customerId", "tag": "remark"},
        "products": {"in": "products", "id": "productId", "tag": "longText", "stock": "onHand"},
        "orders": {"in": "orders", "id": "orderId", "tag": "remark", "customer": "customerId"},
        "lines": {"tag": "text", "product": "productId"},
    }
    sides: ClassVar = {
        "customers": {
            "name": _named("name"),
            "kind": Side(
                "customerType",
                lambda raw: "organisation" if raw == "B" else "person",
                default="organisation",
            ),
            "number": Side("customerNo", text, assigns=True),
            **plain(organisation, organisation_number="orgNo"),
            **plain(folded, email="email"),
            **plain(first_name="contactFirstName", last_name="contactLastName"),
            **plain(phone, phone="phone", mobile="mobile", fax="fax"),
            **plain(website="web", language="languageCode", currency="currencyCode"),
            "active": Side("blocked", _not, _not),
            **_ADDRESSES,
        },
        "products": {
            **plain(folded, number="articleNo"),
            **plain(barcode="gtin"),
            "name": _named("description"),
            "unit_price": _hundredths("salesPriceMinor"),
            "cost_price": _hundredths("costPriceMinor"),
            "sale_price": _hundredths("campaignPriceMinor"),
            "tax_rate": _decimal("vatPercent", 2),
            **plain(unit="unitCode"),
            "weight": Side("weightGrams", scaled(1000), up(1000), rounded(3)),
            "active": Side("discontinued", _not, _not, default=True),
        },
        "orders": {
            **plain(number="shopOrderNo"),
            "invoice_number": Side("orderNo", text, assigns=True),
            **plain(date="orderDate", due_date="dueDate", delivery_date="deliveryDate"),
            "currency": Side("currencyCode", text, lags=_own_currency, default="NOK"),
            "status": Side("state", _STATUS.__getitem__, inverse(_STATUS)),
            **plain(title="heading", reference="yourReference"),
            "discount": _decimal("discountPercent", 2),
            "shipping": _hundredths("freightMinor", finer=0),
            **_ADDRESSES,
        },
        "lines": {
            **plain(sku="articleNo"),
            "quantity": _decimal("qty", 4),
            "unit_price": _hundredths("unitPriceMinor"),
            "discount": _decimal("discountPercent", 2),
            "tax_rate": _decimal("vatPercent", 2),
        },
    }

    def wire_id(self, id_: str) -> Any:
        """A number."""
        return int(id_)

    def replaces(self, exchange: Exchange) -> bool:
        """Orders have no version."""
        return exchange.method == "PUT" and exchange.path.rsplit("/", 2)[-2] == "orders"

    def overwritten(self, exchange: Exchange, kind: str) -> frozenset[str] | None:
        """An order, whatever stood there."""
        return WHOLE if kind == "orders" and self.replaces(exchange) else None
