"""Squarespace: variants with stock apart, descriptions in HTML, orders that are only imported.

A variant is opened into a product with its stock, and put together again. Its customers are those
of its own orders, and nobody orders there: of imported orders it keeps no customer, no tag and no
line that could be told from another, so the orders alone are looked at, by their numbers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from talk_sdk.testing.simulation.dialects.dialect import Dialect, Raw
from talk_sdk.testing.simulation.sides import Side, at, plain
from talk_sdk.testing.simulation.turns import cut_at, folded, number, rounded, same, text

if TYPE_CHECKING:
    from talk_sdk.testing.control import LocalControl
    from talk_sdk.testing.records import Effect
    from talk_sdk.testing.simulation.trace import Exchange

__all__ = ["Squarespace"]

_PAGE = "5d2f8a1c4b7e9f0011223344"
_PRODUCTS, _ORDERS = "/1.0/commerce/products", "/1.0/commerce/orders"
_FIELDS = {
    "name": "name", "isVisible": "active", "sku": "number", "basePrice": "unit_price",
    "onSale": "sale_price", "shippingMeasurements": "weight",
}  # fmt: skip


def _money(path: str) -> Side:
    return Side(path, number, str, rounded(2))


class Squarespace(Dialect):
    """Repeats are safe by key or address; products have no version."""

    connector = "squarespace"
    follows: ClassVar = {"products": ("delete",)}
    kinds = ("products", "orders")
    proven = True
    kept_s = 48 * 3600.0
    entities: ClassVar = {"Sesamproducts": "products", "Order": "orders"}
    makes = frozenset({"products"})
    places: ClassVar = {
        "products": {"in": "products", "id": "id", "tag": "text", "stock": "quantity"},
        "orders": {"in": "orders", "id": "id", "tag": "number", "customer": "customer"},
        "lines": {"tag": "text", "product": "product"},
    }
    sides: ClassVar = {
        "products": {
            **plain(folded, number="sku"),
            "name": Side("name", text, cut=cut_at(200)),
            "unit_price": _money("price"),
            "sale_price": _money("sale"),
            "weight": Side("weight", number, same, rounded(4)),
            "active": Side("isVisible", default=False),
        },
        "orders": plain(number="number"),
    }

    # --- what people see and do -------------------------------------------------------------------

    def rows(self, control: LocalControl, _settings: Raw, kind: str) -> Iterator[Raw]:
        """Products with one variant each, and imported orders."""
        if kind == "products":
            stocks = {item["variantId"]: item["quantity"] for item in control.dump("inventory")}
            yield from (_opened(product, stocks) for product in control.dump("products"))
        elif kind == "orders":
            for order in control.dump("orders"):
                yield {"id": order["id"], "number": order["externalOrderReference"], "lines": ()}

    def edit(
        self, control: LocalControl, _settings: Raw, _kind: str, before: Raw, changes: Raw
    ) -> None:
        """Of the product and of its variant at once."""
        product, variant = _closed(changes)
        if variant:
            # What is not on sale shows a price that nobody has typed.
            known = {name: dict(value) if isinstance(value, dict) else value
                     for name, value in before["variant"].items()}  # fmt: skip
            product["variants"] = [
                {**known, **variant, "pricing": {**known["pricing"], **variant.get("pricing", {})}}
            ]
        control.edit("products", before["product"], product)

    def create(self, control: LocalControl, _settings: Raw, _kind: str, record: Raw) -> None:
        """A product with one variant."""
        product, variant = _closed(record)
        variant["stock"] = {"quantity": record["quantity"], "unlimited": False}
        control.create("products", {
            "type": "PHYSICAL", "storePageId": _PAGE, "isVisible": True, **product,
            "variantAttributes": [], "variants": [variant],
        })  # fmt: skip

    def adjust(self, control: LocalControl, before: Raw, delta: int) -> bool:
        """Sell or take in; there is no stock below nought."""
        if before["quantity"] + delta < 0:
            return False
        control.adjust("inventory", before["variant"]["id"], "quantity", delta)
        return True

    # --- what it cannot ---------------------------------------------------------------------------

    def lacks(self, kind: str, values: Raw, lines: Sequence[Raw]) -> bool:
        """There are no customers and no lines, and orders only if they are closed and whole."""
        if kind == "products":
            return None in {values.get("number", ""), values["unit_price"]}
        if kind != "orders":
            return True
        whole = (line["quantity"] is not None and line["unit_price"] is not None
                 and line["quantity"] == int(line["quantity"]) >= 1 for line in lines)  # fmt: skip
        return (values["status"] != "closed" or values["currency"] not in {None, "NOK"}
                or values["date"] is None or not lines or not all(whole))  # fmt: skip

    def holds(self, stock: Decimal) -> bool:
        """Nothing below nought."""
        return stock >= 0

    # --- what goes over the wire ------------------------------------------------------------------

    def place_of(self, effect: Effect, control: LocalControl) -> tuple[str, str]:
        """What happens to a stock happens to its product."""
        if effect.collection not in {"products", "inventory"}:
            return effect.collection, effect.id
        for product in control.dump("products"):
            variant = product["variants"][0]["id"]
            if effect.id in {product["id"], variant}:
                return "products", f"{product['id']}/{variant}"
        return "products", effect.id

    def meant(self, exchange: Exchange) -> str:
        """Whole records are posted to the collections, stock to a place of its own."""
        places = {_PRODUCTS: "products", _ORDERS: "orders"}
        stock = exchange.path.endswith("/adjustments")
        return places.get(exchange.path, "stock" if stock else "change")

    def overwritten(self, exchange: Exchange, kind: str) -> frozenset[str] | None:
        """The fields that a POST to a product or a variant says."""
        if kind != "products" or not exchange.path.startswith(f"{_PRODUCTS}/"):
            return None
        if not exchange.sent:
            return None  # it was deleted
        said = json.loads(exchange.sent)
        written = {*said, *said.get("pricing", ())}
        return frozenset(_FIELDS[name] for name in written & _FIELDS.keys())

    def belongs(self, path: str, place: tuple[str, str]) -> bool:
        """The look after a write, too."""
        return path.startswith(f"{_PRODUCTS}/{place[1].partition('/')[0]}")

    def shown(self, exchange: Exchange, control: LocalControl) -> Iterator[tuple[str, str]]:
        """Products whose own fields an answer has as they are; the first of two writes is none."""
        between = exchange.method != "GET" and exchange.path != _PRODUCTS
        if between or not exchange.path.startswith(_PRODUCTS):
            return
        body = json.loads(exchange.body)
        current = {product["id"]: _facts(product) for product in control.dump("products")}
        for product in body.get("products", [body]):
            if current.get(product.get("id")) == _facts(product):
                yield "products", f"{product['id']}/{product['variants'][0]['id']}"


def _opened(product: Raw, stocks: Raw) -> Raw:
    (variant,) = product["variants"]
    pricing = variant["pricing"]
    return {
        "id": f"{product['id']}/{variant['id']}", "product": product["id"], "variant": variant,
        "name": product["name"], "isVisible": product["isVisible"],
        "text": re.sub(r"<[^>]*>", "", product["description"] or "").strip(),
        "sku": variant["sku"],
        "price": pricing["basePrice"]["value"],
        "sale": pricing["salePrice"]["value"] if pricing["onSale"] else None,
        "weight": at(variant, "shippingMeasurements.weight.value"),
        "quantity": stocks[variant["id"]] or 0,
    }  # fmt: skip


def _closed(changes: Raw) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fields of the product, and those of its variant."""
    product = {name: changes[name] for name in ("name", "isVisible") if name in changes}
    if "text" in changes:
        product["description"] = f"<p>{changes['text']}</p>"
    variant: dict[str, Any] = {}
    if "sku" in changes:
        variant["sku"] = changes["sku"]
    pricing: dict[str, Any] = {}
    if "price" in changes:
        pricing["basePrice"] = _amount(changes["price"])
    if "sale" in changes:
        sale = changes["sale"]
        pricing |= {"onSale": sale is not None, "salePrice": sale and _amount(sale)}
    if pricing:
        variant["pricing"] = pricing
    if "weight" in changes:
        weight = changes["weight"]
        measured = {"weight": {"unit": "KILOGRAM", "value": float(weight or 0)}}
        variant["shippingMeasurements"] = None if weight is None else measured
    return product, variant


def _amount(value: Any) -> dict[str, str]:
    return {"currency": "NOK", "value": f"{rounded(2)(Decimal(str(value))):f}"}


def _facts(product: Raw) -> Any:
    variants = [(v["id"], v["sku"], v["pricing"]["basePrice"], v["pricing"]["onSale"],
                 v.get("shippingMeasurements")) for v in product.get("variants") or ()]  # fmt: skip
    return product.get("name"), product.get("isVisible"), product.get("description"), variants
