"""Writing to Squarespace: products and variants, stock by differences, orders for good."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Protocol
from urllib.parse import quote

from talk_sdk.errors import MissingError, RejectedError, StaleError, UnavailableError
from talk_sdk.http import Client
from talk_sdk.operations import Operation, Raw
from talk_sdk.rest import object_in
from talk_squarespace.listing import BEGINNING, changed
from talk_squarespace.orders import order_out
from talk_squarespace.settings import SiteSettings
from talk_squarespace.shapes import product_out, slug_of, suffix_of, variants_in

__all__ = ["INVENTORY", "ORDERS", "Writer"]

ORDERS, INVENTORY = "/1.0/commerce/orders", "/1.0/commerce/inventory"
UNSAID: Raw = {
    "description": None, "isVisible": False, "pricing": {"salePrice": None},
    "shippingMeasurements": None, "stock": {"quantity": 0},
}  # fmt: skip
"""What a new product has of what its create does not say."""


class Reader(Protocol):
    """What is looked at before and after a write."""

    products_at: str
    variants: dict[str, int]
    """Product -> how many it had when it was last read."""

    def get(self, entity: str, ids: Sequence[str]) -> Mapping[str, Raw]:
        """Records by id."""

    def products_of(self, ids: Sequence[str]) -> list[Raw]:
        """Products as the API answers them."""

    def order(self, id_: str) -> Raw:
        """An order."""

    def shaped(self, rows: Sequence[Raw]) -> list[Raw]:
        """Orders as the tables want them."""

    def fetch(
        self, path: str, field: str, query: Mapping[str, str]
    ) -> tuple[list[Raw], str | None]:
        """A page of a list."""

    def soon(self) -> datetime:
        """A moment after all changes that there are."""


class Writer:
    """Writes to one site."""

    def __init__(self, client: Client, settings: SiteSettings, site: Reader) -> None:
        """Keep the parts."""
        self._client = client
        self._system = client.http.system
        self._settings = settings
        self._site = site
        self._page = settings.store_page

    def write(self, operation: Operation) -> Raw | None:
        """Send one operation; the record as it then is, None if it is gone."""
        send = {
            ("create", "Sesamproducts"): self._create, ("update", "Sesamproducts"): self._update,
            ("adjust", "Sesamproducts"): self._adjust, ("create", "Order"): self._import,
            ("update", "Order"): self._fulfil, ("delete", "Sesamproducts"): self._delete,
        }  # fmt: skip
        return send[operation.kind, operation.entity](operation)

    def _create(self, operation: Operation) -> Raw:
        body = operation.body or {}
        product, variant = product_out(body, self._settings)
        slug, stock = slug_of(operation), (body.get("stock") or {}).get("quantity") or 0
        variant["stock"] = {"quantity": stock, "unlimited": False}
        sent = {"type": "PHYSICAL", "storePageId": self._store_page(), "urlSlug": slug, **product,
                "variants": [variant]}  # fmt: skip
        try:
            made = object_in(self._client.send("POST", self._site.products_at, json=sent))
            return self._first(made)
        except StaleError as error:
            before = self._made_before(slug) if "SLUG" in error.message else None
            if before is None:
                raise
            # What the first try was answered: what was typed or sold since is an edit.
            return _overlaid(self._first(before), _overlaid(UNSAID, body))

    def _first(self, product: Raw) -> Raw:
        records = variants_in(product, {})
        if not records:
            raise UnavailableError(f"{self._system}: Squarespace answered no variant.")
        return records[0]

    def _made_before(self, slug: str) -> Raw | None:
        """The product that the first try of a create has made, if it had its effect."""
        what = f"{self._system}: {self._site.products_at}"
        read = partial(self._site.fetch, self._site.products_at, "products")
        pages = changed(read, BEGINNING, self._site.soon(), what)
        return next((row for rows, _ in pages for row in rows if row.get("urlSlug") == slug), None)

    def _store_page(self) -> str:
        if self._page is None:
            fetch = partial(self._site.fetch, "/1.0/commerce/store_pages", "storePages")
            pages = [page for page in fetch({})[0] if page.get("isEnabled") is not False]
            if len(pages) != 1:
                names = ", ".join(f"{page['id']} ({page.get('title')})" for page in pages)
                raise RejectedError(
                    f"The site has {len(pages)} store pages: name one in store_page of"
                    f" [systems.{self._system}]: {names or 'none yet'}."
                )
            self._page = str(pages[0]["id"])
        return self._page

    def _update(self, operation: Operation) -> Raw:
        id_ = str(operation.id)
        product_id, _, variant_id = id_.partition("/")
        product, variant = product_out(operation.body or {}, self._settings)
        path = f"{self._site.products_at}/{product_id}"
        if product:
            self._client.send("POST", path, json=self._shared(product, product_id, variant_id))
        try:
            if variant:
                self._client.send("POST", f"{path}/variants/{variant_id}", json=variant)
            found = [r for p in self._site.products_of([product_id]) for r in variants_in(p, None)]
        except UnavailableError as error:
            raise UnavailableError(error.message) from error  # something has had its effect
        record = next((record for record in found if record["id"] == id_), None)
        if record is None:
            raise MissingError(f"{self._system}: there is no product {id_} any more.")
        return record

    def _delete(self, operation: Operation) -> None:
        """Delete a variant, or with its last one the product."""
        product_id, _, variant_id = str(operation.id).partition("/")
        path = f"{self._site.products_at}/{product_id}"
        product = next(iter(self._site.products_of([product_id])), {})
        ids = [variant["id"] for variant in product.get("variants") or []]
        if variant_id not in ids:
            raise MissingError(f"{self._system}: there is no product {operation.id} any more.")
        self._client.send("DELETE", path if len(ids) == 1 else f"{path}/variants/{variant_id}")

    def _shared(self, product: Raw, product_id: str, variant_id: str) -> Raw:
        """What is written of a product; of several variants no one speaks for the others.

        Raises:
            RejectedError: it would hide the others, or name them after this one.
        """
        if not product.keys() & {"name", "isVisible"} or self._site.variants.get(product_id) == 1:
            return product
        found = next(iter(self._site.products_of([product_id])), {})
        variants = found.get("variants") or []
        if len(variants) < 2:  # noqa: PLR2004
            return product
        if "isVisible" in product:
            raise RejectedError("Squarespace shows or hides products, not single variants.")
        own: Raw = next((v for v in variants if v["id"] == variant_id), {})
        if not product["name"].endswith(suffix_of(own)):
            raise RejectedError(f"The name of this variant has to end with{suffix_of(own)}.")
        return {**product, "name": product["name"].removesuffix(suffix_of(own))}

    def _adjust(self, operation: Operation) -> Raw:
        (change,) = operation.changes
        delta = Decimal(str(change.after or 0)) - Decimal(str(change.before or 0))
        if delta != int(delta):
            raise RejectedError("Squarespace counts stock in whole pieces.")
        move = {"variantId": str(operation.id).partition("/")[2], "quantity": abs(int(delta))}
        kind = "incrementOperations" if delta > 0 else "decrementOperations"
        try:
            self._keyed(operation, f"{INVENTORY}/adjustments", {kind: [move]})
        except StaleError as error:
            if any(word in error.message for word in ("NOT_TRACKED", "EXCEEDS_MAX")):
                raise RejectedError(error.message) from error
            raise
        except RejectedError:
            self._one(str(operation.id))  # is it gone?
            raise
        try:
            return self._one(str(operation.id))
        except UnavailableError as error:
            raise UnavailableError(error.message) from error

    def _one(self, id_: str) -> Raw:
        found = self._site.get("Sesamproducts", [id_])
        if id_ not in found:
            raise MissingError(f"{self._system}: there is no product {id_} any more.")
        return found[id_]

    # --- orders ---------------------------------------------------------------------------------

    def _import(self, operation: Operation) -> Raw:
        made = self._keyed(operation, ORDERS, order_out(operation, self._settings))
        if made is None:
            raise UnavailableError(f"{self._system}: Squarespace answered no order.")
        return self._site.shaped([made])[0]

    def _keyed(self, operation: Operation, path: str, body: Raw) -> Raw | None:
        headers = {"Idempotency-Key": operation.key}
        answer = self._client.send("POST", path, json=body, headers=headers)
        return object_in(answer) if answer.content else None

    def _fulfil(self, operation: Operation) -> Raw:
        """The one thing that can be changed of an order: that it is fulfilled."""
        body, id_ = operation.body or {}, str(operation.id)
        order = self._site.order(id_)
        wanted = body.get("fulfillmentStatus")
        if order.get("fulfillmentStatus") == wanted:
            return order
        if wanted != "FULFILLED":
            raise RejectedError(f"Squarespace does not make an order {wanted}.")
        # A second fulfilment could not be taken back, so the order is looked at right before.
        sent = {"shouldSendNotification": self._settings.notify, "shipments": []}
        self._client.send("POST", f"{ORDERS}/{quote(id_, safe='')}/fulfillments", json=sent)
        try:
            return self._site.order(id_)
        except UnavailableError as error:
            raise UnavailableError(error.message) from error


def _overlaid(record: Raw, said: Raw) -> Raw:
    """A record with what is said over it, at every depth."""
    found = dict(record)
    for name, value in said.items():
        below = found.get(name)
        if isinstance(value, dict) and isinstance(below, dict):
            found[name] = _overlaid(below, value)
        else:
            found[name] = value
    return found
