"""What the paths of the twin of Squarespace answer: products, variants, stock, the site."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any

from talk_sdk.testing.fields import InvalidError
from talk_sdk.testing.records import Author, Snapshot
from talk_sdk.testing.resource import Replays, Resource
from talk_sdk.testing.service import NUMBERS, Answer, Call, RefusedError, Route
from talk_squarespace.simulator_listing import PAIR, listed, pair_of
from talk_squarespace.simulator_orders import OrderPaths, keyed
from talk_squarespace.simulator_records import Site
from talk_squarespace.simulator_tables import CURRENCY

__all__ = ["WEBSITE", "Paths"]

WEBSITE = "5d2f8a1c4b7e9f00aabbccdd"
_OPERATIONS = ("incrementOperations", "decrementOperations", "setFiniteOperations",
               "setUnlimitedOperations")  # fmt: skip
_MOST = 50


@dataclass
class Paths:
    """The paths over the records of one site."""

    site: Site
    replays: Replays

    def routes(self) -> list[Route]:
        """All of them."""
        stock, adjust = "/1.0/commerce/inventory", keyed(self.replays, self._adjust)
        return [
            Route("GET", "/1.0/authorization/website", "website", self._website, "The site"),
            Route("GET", "/1.0/commerce/store_pages", "pages", self._pages, "Pages", lists=True),
            Route("GET", stock, "inventory", self._inventory, "List", lists=True),
            Route("GET", f"{stock}/<id>", "inventory", self._stocks, "Read"),
            Route("POST", f"{stock}/adjustments", "inventory", adjust, "Adjust"),
            *OrderPaths(self.site, self.replays).routes(),
            *(route for version in ("1.0", "v2") for route in self._of_products(version)),
        ]

    def _of_products(self, version: str) -> list[Route]:
        many = f"/{version}/commerce/products"
        one, variants = f"{many}/<id>", f"{many}/<id>/variants"
        handlers: list[tuple[str, str, Callable[[str, Call], Answer]]] = [
            ("GET", many, self._products), ("POST", many, self._create),
            ("GET", one, self._by_ids), ("POST", one, self._change), ("DELETE", one, self._delete),
            ("POST", variants, self._new_variant), ("POST", f"{variants}/<_v>", self._variant),
            ("DELETE", f"{variants}/<_v>", self._drop_variant),
        ]  # fmt: skip
        return [
            Route(method, path, "products", partial(handler, version), "Products",
                  lists=(method, path) == ("GET", many))
            for method, path, handler in handlers
        ]  # fmt: skip

    # --- the site -------------------------------------------------------------------------------

    def _website(self, _call: Call) -> Answer:
        return _json({
            "id": WEBSITE, "siteId": "nordlys", "title": "Nordlys", "currency": CURRENCY,
            "url": "https://nordlys.example", "language": "nb-NO", "timeZone": "Europe/Oslo",
            "measurementStandard": "METRIC", "location": {"country": "NO", "region": "Oslo"},
        })  # fmt: skip

    def _pages(self, _call: Call) -> Answer:
        pagination = {"hasNextPage": False, "nextPageCursor": None, "nextPageUrl": None}
        return _json({"storePages": self.site.pages, "pagination": pagination})

    # --- products -------------------------------------------------------------------------------

    def _products(self, version: str, call: Call) -> Answer:
        def rows(asked: Mapping[str, str]) -> Sequence[Snapshot]:
            known = self.site.products.collection.listed_by_time()
            return pair_of(self.site, [p for p in known if self._served(p, version)], asked)

        shown = partial(self.site.product_of, version=version)
        return listed(self.site, call, "products", rows, shown, PAIR)

    @staticmethod
    def _served(product: Snapshot, version: str) -> bool:
        return version == "v2" or product.values["type"] == "PHYSICAL"

    def _by_ids(self, version: str, call: Call) -> Answer:
        found = _need_all(self.site.products, call.id)
        return _json({"products": [self.site.product_of(each, version) for each in found]})

    def _create(self, version: str, call: Call) -> Answer:
        body = call.json()
        kinds = ("PHYSICAL",) if version == "1.0" else ("PHYSICAL", "SERVICE", "GIFT_CARD")
        if body.get("type") not in kinds:
            raise InvalidError("type", f"must be one of {', '.join(kinds)}")
        variants = body.get("variants")
        if not isinstance(variants, list) or not 1 <= len(variants) <= 100:  # noqa: PLR2004
            raise InvalidError("variants", "must be 1 to 100")
        sent = {**body, "variants": [self._sent(each, version) for each in variants]}
        sent.pop("seoOptions", None)
        made = self.site.products.create(sent, Author("api", call.method))
        return _json(self.site.product_of(made, version), 201)

    @staticmethod
    def _sent(variant: dict[str, Any], version: str) -> dict[str, Any]:
        left_out = {"id"} if version == "v2" else {"id", "gtin", "mpn"}
        return {name: value for name, value in variant.items() if name not in left_out}

    def _product(self, id_: str) -> Snapshot:
        product = self.site.products.need(id_)
        if product.values["type"] == "GIFT_CARD":
            raise RefusedError(405, "OPERATION_NOT_ALLOWED_FOR_PRODUCT_TYPE", "not for this type")
        return product

    def _change(self, version: str, call: Call) -> Answer:
        """What may not be changed here is ignored: variants, images, type and page."""
        self._product(call.id)
        body = {name: value for name, value in call.json().items() if name != "variants"}
        changed = self.site.products.change(call.id, body, Author("api", call.method))
        return _json(self.site.product_of(changed, version))

    def _delete(self, _version: str, call: Call) -> Answer:
        self._product(call.id)
        self.site.products.remove(call.id, Author("api", call.method))
        return Answer(204, b"")

    def _new_variant(self, version: str, call: Call) -> Answer:
        product = self._product(call.id)
        variants = [*product.values["variants"], self._sent(call.json(), version)]
        changed = self._put(product, variants, call)
        return _json(self.site.variant_of(changed.values["variants"][-1], version), 201)

    def _variant(self, version: str, call: Call) -> Answer:
        """A partial change; stock and image are not taken here."""
        product, id_ = self._product(call.id), _last(call)
        before = _found(product, id_)
        sent = self._sent(call.json(), version)
        if sent.pop("stock", None) is not None:
            raise InvalidError("stock", "is changed by adjustments")
        for name in ("sku", "pricing"):
            if name in sent and sent[name] is None:
                raise InvalidError(name, "must not be null")
        pricing = {**before["pricing"], **(sent.get("pricing") or {})}
        measures = sent.get("shippingMeasurements", before["shippingMeasurements"])
        if measures and not self.site.on("measurements_whole"):
            measures = {**(before["shippingMeasurements"] or {}), **measures}
        changed = {**before, **sent, "pricing": pricing, "shippingMeasurements": measures}
        variants = [changed if v["id"] == id_ else v for v in product.values["variants"]]
        product = self._put(product, variants, call)
        return _json(self.site.variant_of(_found(product, id_), version))

    def _drop_variant(self, _version: str, call: Call) -> Answer:
        product, id_ = self._product(call.id), _last(call)
        _found(product, id_)
        left = [each for each in product.values["variants"] if each["id"] != id_]
        if not left:
            raise RefusedError(409, "INSUFFICIENT_PRODUCT_VARIANTS", "it is the last variant")
        self._put(product, left, call)
        return Answer(204, b"")

    def _put(self, product: Snapshot, variants: list[dict[str, Any]], call: Call) -> Snapshot:
        author = Author("api", call.method)
        return self.site.products.change(product.id, {"variants": variants}, author)

    # --- stock ----------------------------------------------------------------------------------

    def _inventory(self, call: Call) -> Answer:
        def rows(_asked: Mapping[str, str]) -> Sequence[Snapshot]:
            known = self.site.inventory.collection.listed()
            return [item for item in known if self._stocked(item)]

        return listed(self.site, call, "inventory", rows, self.site.stock_of)

    def _stocked(self, item: Snapshot) -> bool:
        return self.site.variant(item.id)[0].values["type"] in {"PHYSICAL", "SERVICE"}

    def _stocks(self, call: Call) -> Answer:
        found = _need_all(self.site.inventory, call.id)
        return _json({"inventory": [self.site.stock_of(each) for each in found]})

    def _adjust(self, call: Call) -> Answer:
        """All or nothing: what is asked is tried in numbers first."""
        body = call.json()
        operations = [(kind, each) for kind in _OPERATIONS for each in body.get(kind) or ()]
        if not 1 <= len(operations) <= _MOST:
            raise InvalidError("operations", f"must be 1 to {_MOST}")
        plan: dict[str, dict[str, Any]] = {}
        for kind, each in operations:
            id_ = each if isinstance(each, str) else each.get("variantId")
            item = self.site.inventory.collection.get(str(id_))
            if item is None:
                raise RefusedError(400, "INVENTORY_ITEM_NOT_FOUND", f"no variant {id_}")
            if item.id in plan:
                raise InvalidError("variantId", "may be in one operation only")
            plan[item.id] = _adjusted(kind, each, item.values)
        author = Author("api", call.method)
        for id_, changes in plan.items():
            self.site.inventory.change(id_, changes, author, kind="adjust")
        return Answer(204, b"")


def _adjusted(kind: str, each: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    """What an operation makes of an item."""
    if kind == "setUnlimitedOperations":
        return {"isUnlimited": True}
    quantity = each.get("quantity")
    least = 0 if kind == "setFiniteOperations" else 1
    if isinstance(quantity, bool) or not isinstance(quantity, int) or quantity < least:
        raise InvalidError("quantity", f"must be a whole number from {least}")
    if kind == "setFiniteOperations":
        return {"quantity": quantity, "isUnlimited": False}
    if values["isUnlimited"]:
        raise RefusedError(409, "STOCK_NOT_TRACKED", "the stock is unlimited")
    delta = quantity if kind == "incrementOperations" else -quantity
    there = (values["quantity"] or 0) + delta
    if not 0 <= there <= 1_000_000_000:  # noqa: PLR2004
        name = "INSUFFICIENT_STOCK" if there < 0 else "STOCK_EXCEEDS_MAX"
        raise RefusedError(409, name, f"the stock would be {there}")
    return {"quantity": there}


def _need_all(resource: Resource, ids: str) -> list[Snapshot]:
    """Records by ids with commas between; one that is unknown is a 404 for all."""
    wanted = ids.split(",")
    if len(wanted) > _MOST:
        raise InvalidError("ids", f"must be at most {_MOST}")
    return [resource.need(id_) for id_ in dict.fromkeys(wanted)]


def _last(call: Call) -> str:
    return call.path.rpartition("/")[2]


def _found(product: Snapshot, id_: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = [v for v in product.values["variants"] if v["id"] == id_]
    if not found:
        raise RefusedError(404, "PRODUCT_VARIANT_NOT_FOUND", f"no variant {id_}")
    return found[0]


def _json(body: Any, status: int = HTTPStatus.OK) -> Answer:
    return Answer(status, NUMBERS.encode(body))
