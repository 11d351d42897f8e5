"""Wave: GraphQL, neither keys nor markers, drafts and invoices of which the rest is computed.

Its invoices are opened into what the others have as fields of their own: lines apart from
shipping, and a discount; what a user changes there is put together again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from talk_sdk.testing.simulation.dialects.dialect import KINDS, Dialect, Raw
from talk_sdk.testing.simulation.sides import Side, addresses, at, plain
from talk_sdk.testing.simulation.turns import code_of, folded, number, phone, rounded, text

if TYPE_CHECKING:
    from talk_sdk.testing.control import LocalControl
    from talk_sdk.testing.simulation.trace import Exchange

__all__ = ["Wave"]

_SHOWN_WHOLE = 5
"""A record with fewer values than this is a mention of one."""
_OPENED = {"lines", "shipping", "discount"}


def _not(value: Any) -> bool:
    return not value


def _said(value: Any) -> Any:
    return None if value is None else f"{value:f}"


def _decimal(path: str, places: int) -> Side:
    return Side(path, number, _said, rounded(places))


def _amount(path: str) -> Side:
    """What is there only if it is not nothing."""
    return Side(path, number, _said, lambda value: rounded(8)(value) or None)


def _defaulted(path: str) -> Side:
    """A text that Wave gives a value of its own if it is told none."""
    return Side(path, text, lags=lambda value, _shown: value is None)


def _region(country: str) -> Side:
    return Side("province.code", text, near=lambda value, beside: code_of(value, beside[country]))


def _address(ours: str, path: str) -> dict[str, Side]:
    parts = {
        **plain(line1="addressLine1", line2="addressLine2", postal_code="postalCode", city="city"),
        "subdivision": _region(f"{ours}.country"),
        **plain(country="country.code"),
    }
    return addresses(parts, **{ours: path})


_STATUS = Side(
    "status",
    lambda raw: "draft" if raw == "DRAFT" else "open",
    lambda word: "DRAFT" if word == "draft" else "SAVED",
    lambda word: "open" if word == "closed" else word,
    lags=lambda word, shown: word == "cancelled" or (word, shown) == ("draft", "open"),
)
"""Drafts and all others; it neither cancels an invoice nor takes it back."""


def _own_currency(value: Any, shown: Any) -> bool:
    """Where nobody says one it is that of the business."""
    return value is None and shown == "NOK"


class Wave(Dialect):
    """Nothing proves what became of a create; lines have no ids."""

    connector = "wave"
    filled = frozenset({"shipping_address.name"})
    entities: ClassVar = {"Customer": "customers", "Product": "products", "Invoice": "orders"}
    line_ids = False
    region_codes = True
    graphql = True
    places: ClassVar = {
        "customers": {"in": "customers", "id": "id", "tag": "internalNotes"},
        "products": {"in": "products", "id": "id", "tag": "description"},
        "orders": {"in": "invoices", "id": "id", "tag": "memo", "customer": "customer.id"},
        "lines": {"tag": "description", "product": "product.id"},
    }
    sides: ClassVar = {
        "customers": {
            **plain(name="name", number="displayId"),
            **plain(folded, email="email"),
            **plain(first_name="firstName", last_name="lastName"),
            **plain(phone, phone="phone", mobile="mobile", fax="fax"),
            **plain(website="website", currency="currency.code"),
            # Can be read, not written.
            "active": Side("isArchived", _not, _not, lags=lambda _value, _shown: True),
            **_address("billing_address", "address"),
            **_address("shipping_address", "shippingDetails.address"),
            "shipping_address.name": _defaulted("shippingDetails.name"),
            "shipping_address.phone": Side("shippingDetails.phone", phone),
            "shipping_address.instructions": Side("shippingDetails.instructions", text),
        },
        "products": {
            **plain(name="name"),
            "unit_price": _decimal("unitPrice", 5),
            # Can be archived, and not be fetched back.
            "active": Side(
                "isArchived", _not, _not, lags=lambda value, _shown: bool(value), default=True
            ),
        },
        "orders": {
            **plain(number="poNumber"),
            "invoice_number": Side("invoiceNumber", text, assigns=True),
            **plain(date="invoiceDate"),
            "due_date": _defaulted("dueDate"),
            "currency": Side("currency.code", text, lags=_own_currency, default="NOK"),
            "status": _STATUS,
            "title": _defaulted("title"),
            "discount": _amount("discount"),
            "shipping": _amount("shipping"),
        },
        "lines": {"quantity": _decimal("quantity", 8), "unit_price": _decimal("unitPrice", 8)},
    }

    # --- what people see and do -------------------------------------------------------------------

    def rows(self, control: LocalControl, settings: Raw, kind: str) -> Iterator[Raw]:
        """Without what only the settings know of."""
        own = {settings.get(name) for name in ("line_product", "shipping_product")}
        return (raw for raw in super().rows(control, settings, kind) if raw["id"] not in own)

    def opened(self, kind: str, raw: Raw, settings: Raw) -> Raw:
        """Shipping and discount taken out of an invoice's items."""
        if kind != "orders":
            return raw
        lines, shipping = [], None
        for item in raw["items"]:
            product = at(item, "product.id")
            if product == settings["shipping_product"]:
                shipping = (shipping or 0) + Decimal(item["quantity"]) * Decimal(item["unitPrice"])
            else:
                named = product != settings["line_product"]
                lines.append({**item, "product": {"id": product} if named else None})
        percent = raw["discounts"][0]["percentage"] if raw["discounts"] else None
        return {**raw, "lines": lines, "shipping": shipping, "discount": percent}

    def closed(
        self, kind: str, changes: dict[str, Any], before: Raw, settings: Raw
    ) -> dict[str, Any]:
        """Items of lines and shipping."""
        if kind == "customers":
            return _within_country(changes, before)
        if kind == "products":
            sold = {"incomeAccount": {"id": settings["income_account"]}}
            return changes if before else {**changes, **sold}
        own = {name: value for name, value in changes.items() if name not in _OPENED}
        if changes.keys() & {"lines", "shipping"}:
            both = {**before, **changes}
            own["items"] = _items(both.get("lines") or [], both.get("shipping"), settings)
        if own.get("status") not in {None, "DRAFT"}:
            own["status"] = "SAVED"  # the other states are computed
        if "discount" in changes:
            own["discounts"] = _discounts(changes["discount"])
        return own

    def lacks(self, kind: str, values: Raw, _lines: Sequence[Raw]) -> bool:
        """There are no cancelled invoices."""
        return kind in {"orders", "lines"} and values["status"] == "cancelled"

    # --- what goes over the wire ------------------------------------------------------------------

    def overwritten(self, exchange: Exchange, kind: str) -> frozenset[str] | None:
        """What a mutation says of a record that has no version."""
        if all(effect.kind != "update" for effect in exchange.effects):
            return None
        given = set(_input(json.loads(exchange.sent).get("variables") or {}))
        given |= {"lines", "shipping"} if "items" in given else set()
        given |= {"discount"} if "discounts" in given else set()
        sides = self.sides[kind].items()
        fields = {name for name, side in sides if side.path.partition(".")[0] in given}
        return frozenset(fields | given & {"lines"})

    def shown(self, exchange: Exchange, control: LocalControl) -> Iterator[tuple[str, str]]:
        """What GraphQL shows of a record is what it was asked for."""
        collection = exchange.path.removeprefix("/graphql/public/").partition("/")[0]
        kind = self.kind_of(collection)
        if kind not in KINDS:
            return
        current = {record["id"]: record for record in control.dump(collection)}
        for record in _records(json.loads(exchange.body), current):
            if len(record) >= _SHOWN_WHOLE and _part_of(record, current[record["id"]]):
                yield kind, record["id"]


def _items(lines: list[Raw], shipping: Any, settings: Raw) -> list[dict[str, Any]]:
    items = [
        {**line, "product": line.get("product") or {"id": settings["line_product"]}}
        for line in lines
    ]
    if shipping is not None and Decimal(shipping):
        product = {"id": settings["shipping_product"]}
        items.append({"product": product, "quantity": "1", "unitPrice": f"{Decimal(shipping):f}"})
    return items


def _discounts(percent: Any) -> list[dict[str, Any]]:
    if percent is None or not Decimal(percent):
        return []
    return [{"discountType": "PERCENTAGE", "percentage": percent}]


def _within_country(changes: dict[str, Any], before: Raw) -> dict[str, Any]:
    """With another country the user interface empties the province."""
    for place in ("address", "shippingDetails.address"):
        address = at(changes, place)
        if not address or not address.keys() & {"country", "province"}:
            continue
        for part in ("country", "province"):
            if at(address, f"{part}.code") is None and part in address:
                address[part] = None
        after = {**(at(before, place) or {}), **address}
        country, province = at(after, "country.code"), at(after, "province.code")
        if province and province.partition("-")[0] != country:
            address["province"] = None
    return changes


def _records(value: Any, known: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The records of a collection, wherever an answer has them."""
    if isinstance(value, list):
        for inner in value:
            yield from _records(inner, known)
    elif isinstance(value, dict):
        if value.get("id") in known:
            yield value
            return
        for inner in value.values():
            yield from _records(inner, known)


def _part_of(shown: Any, whole: Any) -> bool:
    """Whether an answer shows a part of a record as it is; what is empty may show as nothing."""
    if shown is None and isinstance(whole, dict):
        return all(_part_of(None, value) for value in whole.values())
    if isinstance(shown, dict) and isinstance(whole, dict):
        return all(_part_of(shown[name], whole[name]) for name in shown.keys() & whole.keys())
    if isinstance(shown, list) and isinstance(whole, list):
        return len(shown) == len(whole) and all(map(_part_of, shown, whole))
    return bool(shown == whole)


def _input(variables: Mapping[str, Any]) -> Mapping[str, Any]:
    return next((value for value in variables.values() if isinstance(value, dict)), {})
