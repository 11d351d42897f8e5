"""What the paths of the twin of Squarespace answer for orders: lists, imports, fulfilments."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from talk_sdk.testing.fields import InvalidError
from talk_sdk.testing.records import Author
from talk_sdk.testing.service import NUMBERS, Answer, Call, RefusedError, Route
from talk_squarespace.simulator_listing import PAIR, listed, pair_of
from talk_squarespace.simulator_records import moment_of
from talk_squarespace.simulator_tables import text_of

if TYPE_CHECKING:
    from talk_sdk.testing.records import Snapshot
    from talk_sdk.testing.resource import Replays
    from talk_squarespace.simulator_records import Site

__all__ = ["OrderPaths", "keyed"]

_SHOWN = ("NOT_CHARGED", "AUTHORIZED", "PAID", "REFUNDED")
_NEEDED = ("channelName", "externalOrderReference", "createdOn", "priceTaxInterpretation",
           "lineItems", "fulfillments", "grandTotal")  # fmt: skip
_SHIPMENT = ("shipDate", "carrierName", "service", "trackingNumber")


@dataclass
class OrderPaths:
    """The paths over the orders of one site."""

    site: Site
    replays: Replays
    imports: deque[datetime] = field(default_factory=deque)

    def routes(self) -> list[Route]:
        """All of them."""
        many, one = "/1.0/commerce/orders", "/1.0/commerce/orders/<id>"
        imports = keyed(self.replays, self._import)
        return [
            Route("GET", many, "orders", self._orders, "List", lists=True),
            Route("POST", many, "orders", imports, "Import"),
            Route("GET", one, "orders", self._order, "Read"),
            Route("POST", f"{one}/fulfillments", "orders", self._fulfil, "Fulfil"),
        ]

    def _orders(self, call: Call) -> Answer:
        def rows(asked: Mapping[str, str]) -> Sequence[Snapshot]:
            states = asked.get("paymentStates", ",".join(_SHOWN)).split(",")
            found = pair_of(self.site, self.site.orders.collection.listed_by_time(), asked)
            return [
                order for order in found
                if order.values["paymentState"] in states
                and all(order.values[name] == asked[name]
                        for name in ("fulfillmentStatus", "customerId") if name in asked)
            ]  # fmt: skip

        names = (*PAIR, "fulfillmentStatus", "customerId", "paymentStates")
        return listed(self.site, call, "result", rows, self.site.order_of, names)

    def _order(self, call: Call) -> Answer:
        return _shown(self.site, self.site.orders.need(call.id), 200)

    def _import(self, call: Call) -> Answer:
        self._paced()
        body = call.json()
        self._check_import(body)
        deducts = body.get("inventoryBehavior", "SKIP")
        if deducts not in {"DEDUCT", "SKIP"}:
            raise InvalidError("inventoryBehavior", "must be DEDUCT or SKIP")
        lines = [{**line, "productName": line.get("title")} for line in body["lineItems"]]
        author = Author("api", call.method)
        values = {**body, "lineItems": lines, "channel": "external", "paymentState": "PAID"}
        made = self.site.orders.create(values, author)
        for line in body["lineItems"] if deducts == "DEDUCT" else ():
            if line.get("variantId"):
                self.site.move(line["variantId"], -line["quantity"], author)
        self.imports.append(self.site.store.clock.now())
        return _shown(self.site, made, 201)

    def _paced(self) -> None:
        now, most = self.site.store.clock.now(), self.site.store.faults.value("imports_per_hour")
        while self.imports and self.imports[0] <= now - timedelta(hours=1):
            self.imports.popleft()
        if len(self.imports) >= most:
            raise RefusedError(429, "", "Too many orders were imported within an hour.")

    def _check_import(self, body: dict[str, Any]) -> None:
        for name in (*_NEEDED, *(["subtotal"] if self.site.on("subtotal_checked") else ())):
            if body.get(name) in (None, "") or (name == "lineItems" and not body[name]):
                raise RefusedError(400, "MISSING_ARGUMENT", f"'{name}' must be specified.")
        moment_of(body["createdOn"], "createdOn")
        prices = Decimal(0)
        for line in body["lineItems"]:
            physical = line.get("lineItemType") == "PHYSICAL_PRODUCT"
            if physical == bool(line.get("title")):
                raise InvalidError("title", "is of CUSTOM lines, and of no others")
            if physical:
                self.site.variant(line.get("variantId"))
            prices += Decimal(line["unitPricePaid"]["value"]) * line["quantity"]
        if self.site.on("subtotal_checked") and body["subtotal"] != text_of(prices):
            raise InvalidError("subtotal", f"must be the sum over the lines, {prices}")
        status = body.get("fulfillmentStatus", "PENDING")
        if status not in {"PENDING", "FULFILLED"}:
            raise InvalidError("fulfillmentStatus", "must be PENDING or FULFILLED")
        if status == "FULFILLED" and not body.get("fulfilledOn"):
            raise RefusedError(400, "MISSING_ARGUMENT", "'fulfilledOn' must be specified.")
        if len(body.get("shippingLines") or ()) > 1:
            raise InvalidError("shippingLines", "must be at most one")

    def _fulfil(self, call: Call) -> Answer:
        order, body = self.site.orders.need(call.id), call.json()
        if "shipments" not in body and self.site.on("shipments_needed"):
            raise RefusedError(400, "MISSING_ARGUMENT", "'shipments' must be specified.")
        shipments = body.get("shipments") or []
        if any(not shipment.get(name) for shipment in shipments for name in _SHIPMENT):
            raise RefusedError(400, "MISSING_ARGUMENT", "a shipment lacks what it needs")
        if order.values["fulfillmentStatus"] == "CANCELED":
            raise RefusedError(409, "", "the order is canceled")
        now = self.site.store.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        known = [*order.values["fulfillments"], *shipments]
        changes = {"fulfillmentStatus": "FULFILLED", "fulfilledOn": now, "fulfillments": known}
        self.site.orders.change(call.id, changes, Author("api", call.method))
        return Answer(204, b"")


def keyed(replays: Replays, act: Callable[[Call], Answer]) -> Callable[[Call], Answer]:
    """Once per Idempotency-Key, which is looked at before the body."""

    def handle(call: Call) -> Answer:
        key = call.headers.get("Idempotency-Key")
        if key is None:
            text = "Required header 'Idempotency-Key' is not present."
            raise RefusedError(400, "gateway", text, field=call.path)
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", key):
            raise InvalidError("Idempotency-Key", "must be 1 to 64 of A-Z a-z 0-9 - _")
        try:
            return replays.once(call, key, partial(act, call))
        except RefusedError as refused:
            if refused.code != "idempotency_mismatch":
                raise
            text = "The Idempotency-Key came before with another body."
            raise RefusedError(400, "INVALID_ARGUMENT", text) from None

    return handle


def _shown(site: Site, order: Snapshot, status: int) -> Answer:
    return Answer(status, NUMBERS.encode(site.order_of(order)))
