"""The ERP's twin: its API over a store in memory, seeded from the neutral world."""

from __future__ import annotations

from base64 import b64encode
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import msgspec

from talk_customerp import simulator_tables as tables
from talk_customerp.simulator_routes import describe
from talk_customerp.simulator_seed import seed
from talk_sdk.operations import Simulator
from talk_sdk.testing import paging
from talk_sdk.testing.control import ControlPlane, LocalControl
from talk_sdk.testing.fields import InvalidError
from talk_sdk.testing.kinds import rounded
from talk_sdk.testing.records import Author, Collection, Snapshot, Store
from talk_sdk.testing.resource import Resource
from talk_sdk.testing.service import NUMBERS, Answer, Call, RefusedError, Service

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from talk_sdk.clock import Clock
    from talk_sdk.testing.faults import Faults
    from talk_sdk.testing.fields import Values
    from talk_sdk.testing.neutral import World

USERNAME, PASSWORD = "talk", "erp-password-9c1d"
CURRENCY = "NOK"
ZONE = ZoneInfo("Europe/Oslo")


def simulator(world: World, clock: Clock, faults: Faults) -> Simulator:
    """An ERP with what the world says exists in `customerp`."""
    erp = _Erp(Store(clock, faults))
    seed(world, erp.resources)
    app = Service(
        erp.store,
        describe(erp),
        sign_in=_sign_in,
        render_error=_error,
        invalid_status=400,
    )
    control = ControlPlane(LocalControl(erp.store, erp.resources))
    return Simulator(app, {"username": USERNAME, "password": PASSWORD}, control)


class _Erp:
    """The ERP's records and what its API does with them."""

    def __init__(self, store: Store) -> None:
        self.store = store
        minute, second = timedelta(minutes=1), timedelta(seconds=1)
        self.resources = {
            "customers": Resource(
                self._collection(
                    "customers", minute, _encode_customer, {"email": str.lower, "orgNo": str}
                ),
                tables.CUSTOMER,
                self._complete_customer,
            ),
            "products": Resource(
                self._collection("products", second, _encode_product, {"articleNo": str}),
                tables.PRODUCT,
                self._complete_product,
            ),
            "orders": Resource(
                self._collection(
                    "orders", second, _encode_order, {"orderNo": str, "shopOrderNo": str}
                ),
                tables.ORDER,
                self._complete_order,
            ),
        }

    def _collection(
        self,
        name: str,
        granularity: timedelta,
        encode: Callable[[Snapshot], bytes],
        keys: Mapping[str, Callable[[str], str]],
    ) -> Collection:
        return Collection(
            self.store,
            name,
            issue=str,
            granularity=granularity,
            keys={**keys, "externalReference": str},
            encode=encode,
        )

    # --- what the ERP adds to a record ----------------------------------------------------------

    def _complete_customer(
        self, values: Values, before: Mapping[str, Any] | None, _author: Author, _id: str | None
    ) -> None:
        if before is None:
            customers = self.resources["customers"].collection
            values["customerNo"] = str(10_000 + customers.next_number())
        self._drop_marker(values, before)

    def _complete_product(
        self, values: Values, before: Mapping[str, Any] | None, _author: Author, id_: str | None
    ) -> None:
        number = values["articleNo"]
        if number and self.resources["products"].collection.taken("articleNo", number, id_):
            raise InvalidError("articleNo", "is taken by another product")
        self._drop_marker(values, before)

    def _complete_order(
        self, values: Values, before: Mapping[str, Any] | None, _author: Author, _id: str | None
    ) -> None:
        self._check_references(values, before)
        if before is None:
            values["orderNo"] = str(20_000 + self.resources["orders"].collection.next_number())
        today = self.store.clock.now().astimezone(ZONE).date()
        values["orderDate"] = values["orderDate"] or today.isoformat()
        values["currencyCode"] = values["currencyCode"] or CURRENCY
        values["totalMinor"], values["vatMinor"] = _totals(values)
        self._drop_marker(values, before)

    def _check_references(self, values: Values, before: Mapping[str, Any] | None) -> None:
        customer = values["customerId"]
        if customer != (before or {}).get("customerId"):
            self._refer("customers", customer, "customerId")
        known = {line["productId"] for line in (before or {}).get("lines", ())}
        for index, line in enumerate(values["lines"]):
            product = line["productId"]
            if product is not None and product not in known:
                self._refer("products", product, f"lines[{index}].productId")

    def _refer(self, collection: str, id_: int, field: str) -> None:
        if self.resources[collection].collection.get(str(id_)) is None:
            raise InvalidError(field, f"there is no {id_}")

    def _drop_marker(self, values: Values, before: Mapping[str, Any] | None) -> None:
        if not self.store.faults.enabled("marker"):
            values["externalReference"] = (before or {}).get("externalReference")

    # --- what the API answers -------------------------------------------------------------------

    def company(self, _call: Call) -> Answer:
        """`GET /company`."""
        about = {
            "companyId": 90125,
            "name": "Nordlys Handel AS",
            "timeZone": ZONE.key,
            "currency": CURRENCY,
            "language": tables.LANGUAGE,
            "serverTime": _local(self.store.clock.now(), "seconds"),
            "permissions": dict.fromkeys(self.resources, "rw"),
        }
        return Answer(200, msgspec.json.encode(about))

    def list(self, name: str, keys: Sequence[str], call: Call) -> Answer:
        """`GET /<collection>`: by ids, by a key, by time (orders), or all; by id, page by page."""
        collection = self.resources[name].collection
        size = call.whole_number("pageSize", 100, most=500)
        page = paging.numbered(self._selected(name, keys, call), call, size)
        head = f'],"page":{page.number},"pageSize":{size},"total":{page.total}}}'
        return Answer(200, b'{"items":[' + page.joined(collection) + head.encode())

    def _selected(self, name: str, keys: Sequence[str], call: Call) -> Sequence[Snapshot]:
        collection = self.resources[name].collection
        if "ids" in call.query:
            wanted = {id_ for id_ in call.query["ids"].split(",") if id_.isdecimal()}
            found = (collection.get(id_) for id_ in sorted(wanted, key=int))
            return [snapshot for snapshot in found if snapshot is not None]
        if "externalReference" in call.query:
            if not self.store.faults.enabled("marker"):
                raise InvalidError("externalReference", "is no filter")
            return collection.find("externalReference", call.query["externalReference"])
        for key in keys:
            if key in call.query:
                return collection.find(key, call.query[key])
        records = collection.listed()
        if name == "orders" and "modifiedFrom" in call.query:
            start = _instant(call.query["modifiedFrom"])
            return [snapshot for snapshot in records if snapshot.modified >= start]
        return records

    def get(self, name: str, call: Call) -> Answer:
        """`GET /<collection>/<id>`."""
        return self._stored(name, self.resources[name].need(call.id))

    def create(self, name: str, call: Call) -> Answer:
        """`POST /<collection>`."""
        author = Author("api", call.method)
        return self._stored(name, self.resources[name].create(call.json(), author), 201)

    def replace(self, name: str, call: Call) -> Answer:
        """`PUT /<collection>/<id>`."""
        resource = self.resources[name]
        before = resource.need(call.id)
        sent = call.json()
        if name != "orders" and self.store.faults.enabled("versions"):
            if not isinstance(sent.get("version"), int):
                raise InvalidError("version", "is required")
            if sent["version"] != before.version:
                raise RefusedError(409, "stale", "the record has changed since", field="version")
        author = Author("api", call.method)
        return self._stored(name, resource.change(call.id, sent, author, whole=True))

    def _stored(self, name: str, snapshot: Snapshot, status: int = 200) -> Answer:
        return Answer(status, self.resources[name].collection.body(snapshot))


def _sign_in(call: Call) -> None:
    if call.headers.get("Authorization") != _CREDENTIALS:
        raise RefusedError(401, "unauthorized", "wrong user name or password")


_CREDENTIALS = "Basic " + b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()


def _error(refused: RefusedError) -> bytes:
    details = (
        [] if refused.field is None else [{"field": refused.field, "problem": refused.message}]
    )
    return msgspec.json.encode({"message": refused.message, "details": details})


def _encode_customer(snapshot: Snapshot) -> bytes:
    modified = _local(snapshot.modified, "minutes")
    return NUMBERS.encode(
        {
            "customerId": int(snapshot.id),
            **snapshot.values,
            "lastModified": modified,
            "version": snapshot.version,
        }
    )


def _encode_product(snapshot: Snapshot) -> bytes:
    return NUMBERS.encode(
        {"productId": int(snapshot.id), **snapshot.values, "version": snapshot.version}
    )


def _encode_order(snapshot: Snapshot) -> bytes:
    modified = _local(snapshot.modified, "seconds")
    return NUMBERS.encode(
        {"orderId": int(snapshot.id), **snapshot.values, "lastModified": modified}
    )


def _local(instant: datetime, precision: str) -> str:
    return instant.astimezone(ZONE).replace(tzinfo=None).isoformat(timespec=precision)


def _instant(text: str) -> datetime:
    """A local time; of the two that a night in autumn has, the earlier."""
    try:
        local = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidError("modifiedFrom", "must be a local time") from None
    if local.tzinfo is not None:
        raise InvalidError("modifiedFrom", "must be a local time without zone")
    return local.replace(microsecond=0, tzinfo=ZONE)


def _totals(values: Values) -> tuple[int, int]:
    """Total with tax, and the tax; the order's discount applies to the lines, not to freight."""
    net = Decimal(values["freightMinor"] or 0)
    tax = Decimal(0)
    kept = 1 - Decimal(values["discountPercent"] or 0) / 100
    for line in values["lines"]:
        amount = Decimal(line["qty"] or 0) * Decimal(line["unitPriceMinor"] or 0) * kept
        amount *= 1 - Decimal(line["discountPercent"] or 0) / 100
        net += amount
        tax += amount * Decimal(line["vatPercent"] or 0) / 100
    return int(rounded(net + tax, 0)), int(rounded(tax, 0))
