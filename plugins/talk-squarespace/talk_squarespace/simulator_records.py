"""The records of the twin of Squarespace: what the site adds to them, derives, and refuses."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from talk_sdk.testing.fields import InvalidError
from talk_sdk.testing.records import Author, Collection, Snapshot, Store
from talk_sdk.testing.resource import Resource
from talk_sdk.testing.service import NUMBERS, RefusedError
from talk_squarespace import simulator_tables as tables
from talk_squarespace.simulator_tables import PAGE, sanitised, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from talk_sdk.testing.fields import Table, Values

__all__ = ["Site", "moment_of", "time_of"]

NOTHING = text_of(Decimal(0))
_PAGES = ({"id": PAGE, "title": "Butikk", "isEnabled": True, "urlSlug": "butikk"},)


@dataclass(frozen=True)
class Products(Resource):
    """Products: the stock of their variants goes with them.

    Attributes:
        inventory: where that is.
    """

    inventory: Resource | None = None

    def remove(self, id_: str, author: Author) -> None:
        """See `Resource`."""
        variants = self.need(id_).values["variants"]
        super().remove(id_, author)
        if self.inventory is not None:
            for variant in variants:
                self.inventory.remove(variant["id"], author)


class Site:
    """Everything that one site holds. Stock is apart: it has no time, and ids of the variants."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.pages: list[dict[str, Any]] = [*_PAGES]
        self.inventory = self._resource(
            "inventory", tables.INVENTORY, self._stock, lambda s: {**s.values, "variantId": s.id},
            _uuid,
        )  # fmt: skip
        plain = self._resource("products", tables.PRODUCT, self._product, self._plain_product, _hex)
        self.products = Products(plain.collection, plain.table, plain.complete, self.inventory)
        self.orders = self._resource("orders", tables.ORDER, self._order, self.order_of, _hex)
        self.resources = {
            "products": self.products, "inventory": self.inventory, "orders": self.orders,
        }  # fmt: skip
        self._lines = 0

    def _resource(
        self, name: str, table: Table, complete: Any, shown: Any, issue: Callable[[int], str]
    ) -> Resource:
        collection = Collection(
            self.store, name, issue=issue, granularity=timedelta(milliseconds=1), keys={},
            encode=lambda snapshot: NUMBERS.encode(shown(snapshot)),
        )  # fmt: skip
        return Resource(collection, table, complete)

    def on(self, switch: str) -> bool:
        """Whether a switch is on."""
        return self.store.faults.enabled(switch)

    # --- what the API shows ---------------------------------------------------------------------

    def product_of(self, snapshot: Snapshot, version: str) -> dict[str, Any]:
        """A product as a version of the API shows it."""
        values = snapshot.values
        return {
            **values,
            "id": snapshot.id,
            "url": f"https://nordlys.example/butikk/p/{values['urlSlug']}",
            "tags": self._list(values["tags"]),
            "variantAttributes": self._list(values["variantAttributes"]),
            "variants": [self.variant_of(each, version) for each in values["variants"]],
            "images": self._list([]),
            "createdOn": time_of(snapshot.created),
            "modifiedOn": time_of(snapshot.modified),
        }

    def _plain_product(self, snapshot: Snapshot) -> dict[str, Any]:
        """Without the stock, which is kept elsewhere."""
        found = self.product_of(snapshot, "v2")
        for variant in found["variants"]:
            del variant["stock"]
        return found

    def variant_of(self, variant: Mapping[str, Any], version: str) -> dict[str, Any]:
        """A variant with its stock."""
        stock = self.inventory.need(variant["id"]).values
        pricing = variant["pricing"]
        if not pricing["onSale"]:
            mirror = pricing["basePrice"] if self.on("sale_mirrors") else NOTHING
            pricing = {**pricing, "salePrice": mirror}
        found = {
            **variant,
            "pricing": pricing,
            "attributes": variant["attributes"] or {},
            "stock": {"quantity": stock["quantity"] or 0, "unlimited": stock["isUnlimited"]},
        }
        if version != "v2":
            del found["gtin"], found["mpn"]
        return found

    def stock_of(self, snapshot: Snapshot) -> dict[str, Any]:
        """An inventory item; its text and its number are its variant's."""
        product, variant = self.variant(snapshot.id)
        said = ", ".join((variant["attributes"] or {}).values())
        found = {
            "variantId": snapshot.id,
            "sku": variant["sku"],
            "descriptor": f"{product.values['name']} [{said}]" if said else product.values["name"],
            "isUnlimited": snapshot.values["isUnlimited"],
            "quantity": snapshot.values["quantity"] or 0,
        }
        if found["isUnlimited"] and not self.on("unlimited_quantity"):
            del found["quantity"]
        return found

    def order_of(self, snapshot: Snapshot) -> dict[str, Any]:
        """An order."""
        values = snapshot.values
        lists = ("fulfillments", "shippingLines", "discountLines")
        return {
            **values,
            "id": snapshot.id,
            "orderNumber": str(1000 + int(snapshot.id, 16) % 0xFFFFFF),
            "createdOn": values["createdOn"] or time_of(snapshot.created),
            "modifiedOn": time_of(snapshot.modified),
            "internalNotes": self._list([]),
            "formSubmission": self._list([]),
            "lineItems": [
                {**each, "variantOptions": self._list([]), "customizations": self._list([]),
                 "imageUrl": None}
                for each in values["lineItems"]
            ],
            **{name: self._list(values[name]) for name in lists},
        }  # fmt: skip

    def _list(self, rows: Any) -> Any:
        return rows or (None if self.on("null_lists") else [])

    def variant(self, id_: str | None) -> tuple[Snapshot, dict[str, Any]]:
        """The product that has a variant, and the variant.

        Raises:
            InvalidError: there is none.
        """
        for product in self.products.collection.current():
            for variant in product.values["variants"]:
                if variant["id"] == id_:
                    return product, variant
        raise InvalidError("variantId", f"there is no variant {id_}")

    # --- what the site makes of what is written -------------------------------------------------

    def _product(
        self, values: Values, before: Mapping[str, Any] | None, author: Author, id_: str | None
    ) -> None:
        if values["storePageId"] not in {page["id"] for page in self.pages}:
            raise RefusedError(400, "STORE_PAGE_NOT_FOUND", "no such store page")
        values["description"] = sanitised(
            values["description"] or "", rewrites=self.on("rewrites_html")
        )
        self._slug(values, id_)
        self._variants(values)
        self.store.check(values, author)
        known = {variant["id"] for variant in (before or {}).get("variants", ())}
        for variant in values["variants"]:
            stock = variant.pop("stock", None) or {}
            if variant["id"] is None:
                variant["id"] = self.inventory.create(
                    {"quantity": stock.get("quantity", 0),
                     "isUnlimited": stock.get("unlimited", False)}, author,
                ).id  # fmt: skip
        for gone in known - {variant["id"] for variant in values["variants"]}:
            self.inventory.remove(gone, author)

    def _slug(self, values: Values, id_: str | None) -> None:
        products = self.products.collection
        plain = re.sub(r"[^a-z0-9]+", "-", (values["name"] or "p").lower()).strip("-")
        values["urlSlug"] = values["urlSlug"] or f"{plain or 'p'}-{products.next_number()}"
        if any(p.values["urlSlug"] == values["urlSlug"] and p.id != id_
               for p in products.current()):  # fmt: skip
            name = "URL_SLUG_IN_USE" if self.on("slug_in_use") else "URL_SLUG_UNAVAILABLE"
            raise RefusedError(409, name, "another product of the store page has this slug")

    def _variants(self, values: Values) -> None:
        variants, names = values["variants"], values["variantAttributes"]
        if not 1 <= len(variants) <= 250:  # noqa: PLR2004 - the API's bounds
            raise RefusedError(409, "INSUFFICIENT_PRODUCT_VARIANTS", "a product has 1 to 250")
        if len(names) > 6:  # noqa: PLR2004
            raise InvalidError("variantAttributes", "must be at most 6")
        for variant in variants:
            # What is no attribute of the product any more is dropped.
            said = variant["attributes"] or {}
            variant["attributes"] = {n: v for n, v in said.items() if n in names} or None
        sets = [tuple((v["attributes"] or {}).get(n) for n in names) for v in variants]
        if len(variants) > 1 and (not names or None in {x for s in sets for x in s}):
            raise InvalidError("variantAttributes", "each of several variants has all of them")
        if len(set(sets)) < len(sets):
            raise InvalidError("variantAttributes", "two variants have the same values")
        skus = [variant["sku"] for variant in variants]
        if len(set(skus)) < len(skus):
            raise RefusedError(409, "SKU_UNAVAILABLE", "two variants have the same sku")

    def _stock(
        self, values: Values, _before: Mapping[str, Any] | None, _author: Author, id_: str | None
    ) -> None:
        if (values["quantity"] or 0) < 0:
            raise RefusedError(409, "INSUFFICIENT_STOCK", "there is not so much")
        if (values["quantity"] or 0) > 1_000_000_000:  # noqa: PLR2004
            raise RefusedError(409, "STOCK_EXCEEDS_MAX", "that is too much")
        if id_ is not None and self.on("stock_touches"):
            product, _ = self.variant(id_)
            self.products.collection.update(product.id, product.values, Author("user"))

    def _order(
        self, values: Values, before: Mapping[str, Any] | None, author: Author, _id: str | None
    ) -> None:
        for name in ("billingAddress", "shippingAddress"):
            if values[name] is not None and not any(values[name].values()):
                values[name] = None
        for line in values["lineItems"]:
            self._line(line)
            if before is None and author.who == "user" and line["variantId"]:
                self.move(line["variantId"], -line["quantity"], author)
        prices = sum((_amount(line["unitPricePaid"]) * line["quantity"]
                      for line in values["lineItems"]), Decimal(0))  # fmt: skip
        values["subtotal"] = text_of(prices)
        total = prices + _amount(values["shippingTotal"]) - _amount(values["discountTotal"])
        if values["priceTaxInterpretation"] == "EXCLUSIVE":
            total += _amount(values["taxTotal"])
        values["grandTotal"] = values["grandTotal"] or text_of(total)
        for name in ("shippingTotal", "discountTotal", "taxTotal", "refundedTotal"):
            values[name] = values[name] or NOTHING

    def _line(self, line: dict[str, Any]) -> None:
        if line["id"] is not None:
            return
        self._lines += 1
        line["id"] = _hex(0x900000 + self._lines)
        if line["variantId"]:
            product, variant = self.variant(line["variantId"])
            line |= {"productId": product.id, "productName": product.values["name"],
                     "sku": variant["sku"]}  # fmt: skip

    def move(self, variant: str, delta: int, author: Author) -> None:
        """Move a stock, if it is counted.

        Raises:
            RefusedError: there is not so much.
        """
        stock = self.inventory.need(variant).values
        if not stock["isUnlimited"]:
            quantity = (stock["quantity"] or 0) + delta
            self.inventory.change(variant, {"quantity": quantity}, author, kind="adjust")


def _amount(money: Mapping[str, str] | None) -> Decimal:
    return Decimal(money["value"]) if money else Decimal(0)


def _hex(number: int) -> str:
    return f"{0x65F000000000000000000000 + number:024x}"


def _uuid(number: int) -> str:
    return f"{number:08x}-7a1c-4b2d-9e3f-{number:012x}"


def time_of(moment: datetime) -> str:
    """A moment as the API writes it; a whole second without fraction."""
    whole = moment.strftime("%Y-%m-%dT%H:%M:%S")
    return f"{whole}.{moment.microsecond // 1000:03d}Z" if moment.microsecond else f"{whole}Z"


def moment_of(text: str, name: str) -> datetime:
    """A time in UTC that was sent.

    Raises:
        InvalidError: it is none.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidError(name, "must be a time like 2026-11-01T10:00:00Z") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
