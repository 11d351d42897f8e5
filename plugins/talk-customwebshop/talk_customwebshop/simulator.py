"""The webshop's twin: its API over a store in memory, seeded from the neutral world."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from talk_customwebshop import simulator_tables as tables
from talk_customwebshop.simulator_routes import describe
from talk_customwebshop.simulator_seed import seed
from talk_sdk.operations import Simulator
from talk_sdk.testing import paging
from talk_sdk.testing.control import ControlPlane, LocalControl
from talk_sdk.testing.fields import InvalidError
from talk_sdk.testing.kinds import rounded
from talk_sdk.testing.records import Author, Collection, Snapshot, Store
from talk_sdk.testing.resource import Replays, Resource
from talk_sdk.testing.service import Answer, Call, RefusedError, Service

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from talk_sdk.clock import Clock
    from talk_sdk.testing.faults import Faults
    from talk_sdk.testing.fields import Values
    from talk_sdk.testing.neutral import World

TOKEN = "shop-token-7f3a"  # noqa: S105 - the twin's, worth nothing elsewhere
CURRENCY = "NOK"
MOST_IDS = 100


def simulator(world: World, clock: Clock, faults: Faults) -> Simulator:
    """A webshop with what the world says exists in `customwebshop`."""
    shop = _Shop(Store(clock, faults))
    seed(world, shop.resources)
    routes = describe(shop)
    app = Service(
        shop.store,
        routes,
        sign_in=_sign_in,
        render_error=_error,
        invalid_status=422,
    )
    control = ControlPlane(LocalControl(shop.store, shop.resources, shop.replays))
    return Simulator(app, {"token": TOKEN}, control)


class _Shop:
    """The webshop's records and what its API does with them."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.replays = Replays(store.clock, timedelta(hours=24))
        self.resources = {
            "customers": Resource(
                self._collection("customers", "cus", {"email": str.lower, "vat_no": str}),
                tables.CUSTOMER,
            ),
            "products": Resource(
                self._collection("products", "prd", {"sku": str}),
                tables.PRODUCT,
                self._complete_product,
            ),
            "orders": Resource(
                self._collection("orders", "ord", {"number": str}),
                tables.ORDER,
                self._complete_order,
            ),
        }
        self._lines_issued = 0
        self._numbers_issued = 10_000

    def _collection(self, name: str, prefix: str, keys: Mapping[str, Any]) -> Collection:
        return Collection(
            self.store,
            name,
            issue=lambda number: f"{prefix}_{number:06d}",
            granularity=timedelta(seconds=1),
            keys=keys,
            encode=_encode,
        )

    # --- what the shop adds to a record ---------------------------------------------------------

    def _complete_product(
        self, values: Values, _before: Mapping[str, Any] | None, _author: Author, id_: str | None
    ) -> None:
        values["currency"] = CURRENCY
        products = self.resources["products"].collection
        if values["sku"] and products.taken("sku", values["sku"], id_):
            raise InvalidError("sku", "is taken by another product")

    def _complete_order(
        self, values: Values, before: Mapping[str, Any] | None, author: Author, id_: str | None
    ) -> None:
        self._check_references(values, before)
        self._number_order(values, id_)
        for line in values["lines"]:
            if line["id"] is None:
                self._lines_issued += 1
                line["id"] = f"lin_{self._lines_issued:06d}"
        values["currency"] = values["currency"] or CURRENCY
        values["order_date"] = values["order_date"] or self.store.clock.now().date().isoformat()
        values["total"], values["tax_total"] = _totals(values)
        if before is None and author.who == "user" and values["status"] != "draft":
            self._sell(values, author)

    def _check_references(self, values: Values, before: Mapping[str, Any] | None) -> None:
        customer = values["customer_id"]
        if customer and customer != (before or {}).get("customer_id"):
            self._refer("customers", customer, "customer_id")
        known = {line["product_id"] for line in (before or {}).get("lines", ())}
        for index, line in enumerate(values["lines"]):
            product = line["product_id"]
            if product and product not in known:
                self._refer("products", product, f"lines.{index}.product_id")

    def _refer(self, collection: str, id_: str, field: str) -> None:
        if self.resources[collection].collection.get(id_) is None:
            raise InvalidError(field, f"there is no {id_}")

    def _number_order(self, values: Values, id_: str | None) -> None:
        orders = self.resources["orders"].collection
        if values["number"] and orders.taken("number", values["number"], id_):
            raise InvalidError("number", "is taken by another order")
        while not values["number"]:
            self._numbers_issued += 1
            number = f"S-{self._numbers_issued}"
            if not orders.taken("number", number, id_):
                values["number"] = number

    def _sell(self, values: Values, author: Author) -> None:
        products = self.resources["products"]
        for line in values["lines"]:
            if line["product_id"]:
                stock = products.need(line["product_id"]).values["stock_quantity"] or 0
                sold = int(Decimal(line["quantity"] or 0))
                products.change(
                    line["product_id"], {"stock_quantity": stock - sold}, author, kind="adjust"
                )

    # --- what the API answers -------------------------------------------------------------------

    def account(self, _call: Call) -> Answer:
        """`GET /shop`."""
        scopes = [f"{name}:{right}" for name in self.resources for right in ("read", "write")]
        about = {
            "id": "shop-4711",
            "name": "Nordlys Nettbutikk",
            "time": _time(self.store.clock.now()),
            "scopes": scopes,
        }
        return Answer(200, msgspec.json.encode(about))

    def list(self, name: str, keys: Sequence[str], call: Call) -> Answer:
        """`GET /<collection>`: by ids, by a key, or by time, a page at a time."""
        collection = self.resources[name].collection
        limit = call.whole_number("limit", 100, most=200)
        if "ids" in call.query:
            page = paging.Slice(_by_ids(collection, call.query["ids"]))
        elif key := next((each for each in keys if each in call.query), None):
            found = sorted(collection.find(key, call.query[key]), key=_by_time)
            page = paging.keyset(found, call, limit)
        else:
            records = collection.listed_by_time()
            if "updated_since" in call.query:
                records = paging.since(records, _instant(call.query["updated_since"]))
            page = paging.keyset(records, call, limit)
        cursor = msgspec.json.encode(page.cursor)
        data = page.joined(collection)
        return Answer(200, b'{"data":[' + data + b'],"next_cursor":' + cursor + b"}")

    def get(self, name: str, call: Call) -> Answer:
        """`GET /<collection>/<id>`."""
        return self._stored(name, self.resources[name].need(call.id))

    def create(self, name: str, call: Call) -> Answer:
        """`POST /<collection>`."""

        def act() -> Answer:
            author = Author("api", call.method)
            return self._stored(name, self.resources[name].create(call.json(), author), 201)

        return self._once(call, act)

    def patch(self, name: str, call: Call) -> Answer:
        """`PATCH /<collection>/<id>`."""
        self._check_version(name, call)
        author = Author("api", call.method)
        return self._stored(name, self.resources[name].change(call.id, call.json(), author))

    def delete(self, name: str, call: Call) -> Answer:
        """`DELETE /<collection>/<id>`."""
        self._check_version(name, call)
        self.resources[name].remove(call.id, Author("api", call.method))
        return Answer(204, b"")

    def _check_version(self, name: str, call: Call) -> None:
        before = self.resources[name].need(call.id)
        expected = call.headers.get("If-Match")
        if (
            expected is not None
            and expected.strip('"') != _etag(before)
            and self.store.faults.enabled("versions")
        ):
            raise RefusedError(412, "precondition_failed", "the record has changed since")

    def adjust(self, call: Call) -> Answer:
        """`POST /products/<id>/stock`."""
        if not self.store.faults.enabled("adjust"):
            raise RefusedError(404, "not_found", "no such path")
        products = self.resources["products"]

        def act() -> Answer:
            stock = products.need(call.id).values
            delta = call.json().get("delta")
            if isinstance(delta, bool) or not isinstance(delta, int):
                raise InvalidError("delta", "must be a whole number")
            values = {**stock, "stock_quantity": (stock["stock_quantity"] or 0) + delta}
            author = Author("api", call.method)
            snapshot = products.collection.update(call.id, values, author, "adjust")
            return self._stored("products", snapshot)

        return self._once(call, act)

    def _once(self, call: Call, act: Any) -> Answer:
        if not self.store.faults.enabled("idempotency"):
            return act()  # type: ignore[no-any-return]
        return self.replays.once(call, call.headers.get("Idempotency-Key"), act)

    def _stored(self, name: str, snapshot: Snapshot, status: int = 200) -> Answer:
        body = self.resources[name].collection.body(snapshot)
        return Answer(status, body, {"ETag": f'"{_etag(snapshot)}"'})


def _sign_in(call: Call) -> None:
    if call.headers.get("Authorization") != f"Bearer {TOKEN}":
        raise RefusedError(401, "unauthorized", "the token is not valid")


def _error(refused: RefusedError) -> bytes:
    error = {"code": refused.code, "message": refused.message, "field": refused.field}
    return msgspec.json.encode({"error": error})


def _encode(snapshot: Snapshot) -> bytes:
    record = {
        "id": snapshot.id,
        "etag": _etag(snapshot),
        "created_at": _time(snapshot.created),
        "updated_at": _time(snapshot.modified),
        **snapshot.values,
    }
    return msgspec.json.encode(record)


def _etag(snapshot: Snapshot) -> str:
    return f"{snapshot.id}-v{snapshot.version}"


def _by_time(snapshot: Snapshot) -> tuple[datetime, str]:
    return snapshot.modified, snapshot.id


def _by_ids(collection: Collection, ids: str) -> list[Snapshot]:
    wanted = ids.split(",")
    if len(wanted) > MOST_IDS:
        raise InvalidError("ids", f"must be at most {MOST_IDS}")
    found = (collection.get(id_) for id_ in dict.fromkeys(wanted))
    return [snapshot for snapshot in found if snapshot is not None]


def _time(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidError("updated_since", "must be a time like 2026-11-01T10:00:00Z") from None
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).replace(microsecond=0)


def _totals(values: Values) -> tuple[str, str]:
    """Total with tax, and the tax; the order's discount applies to the lines, not to shipping."""
    net = Decimal(values["shipping_price"] or 0)
    tax = Decimal(0)
    kept = 1 - Decimal(values["discount_percent"] or 0) / 100
    for line in values["lines"]:
        amount = Decimal(line["quantity"] or 0) * Decimal(line["unit_price"] or 0) * kept
        amount *= 1 - Decimal(line["discount_percent"] or 0) / 100
        net += amount
        tax += amount * Decimal(line["vat_rate"] or 0) / 100
    return f"{rounded(net + tax, 2):f}", f"{rounded(tax, 2):f}"
