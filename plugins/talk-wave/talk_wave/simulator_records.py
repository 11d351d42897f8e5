"""The twin's books: collections whose records also have the form that GraphQL reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from talk_sdk.testing.records import Author, Collection, Kind, Snapshot, Store
from talk_wave.simulator_business import ZONE, as_time, record_id

if TYPE_CHECKING:
    from talk_sdk.testing.faults import Faults

Node = dict[str, Any]
"""A record as GraphQL reads it; what refers to other records holds their ids only."""

_PARTS = ("addressLine1", "addressLine2", "city", "postalCode", "province", "country")


class Records(Collection):
    """The records of one type.

    Args:
        store: The store that they belong to.
        name: The collection's name in counters and the control plane.
        kind: The name of the type within ids.
        keys: Field -> how two values of it are compared.
        derive: Record, values -> adds what is read and not kept.
    """

    def __init__(
        self,
        store: Store,
        name: str,
        kind: str,
        *,
        keys: Mapping[str, Callable[[str], str]] | None = None,
        derive: Callable[[Node, Snapshot], None] | None = None,
    ) -> None:
        super().__init__(
            store,
            name,
            issue=lambda number: record_id(kind, number),
            granularity=timedelta(milliseconds=1),
            keys=keys or {},
            encode=lambda snapshot: msgspec.json.encode(_record(snapshot)),
        )
        self.faults: Faults = store.faults
        self._derive = derive
        self._nodes: dict[str, tuple[Snapshot, bool, Node]] = {}
        self._departed: dict[str, Snapshot] = {}

    def node(self, snapshot: Snapshot) -> Node:
        """A record as GraphQL reads it, made once."""
        empties = self.faults.enabled("empty_objects")
        held = self._nodes.get(snapshot.id)
        if held is not None and held[0] is snapshot and held[1] is empties:
            return held[2]
        node = _record(snapshot)
        if not empties:
            _drop_empty_objects(node)
        if self._derive is not None:
            self._derive(node, snapshot)
        self._nodes[snapshot.id] = (snapshot, empties, node)
        return node

    def last(self, id_: str) -> Snapshot:
        """The record as it is now, or was when it was deleted."""
        return self.get(id_) or self._departed[id_]

    def delete(self, id_: str, author: Author) -> None:
        """Remove a record; what refers to it still reads its last state."""
        self._departed[id_] = self.last(id_)
        super().delete(id_, author)

    def _cut(self, instant: datetime) -> datetime:
        if self.faults.value("precision") >= 1:
            return instant.replace(microsecond=0)
        return super()._cut(instant)


class Invoices(Records):
    """The invoices: what a payment changes is no change of the invoice itself."""

    _largest: int | None = 0

    def update(
        self,
        id_: str,
        values: Mapping[str, Any],
        author: Author,
        kind: Kind = "update",
        *,
        stamp: bool = True,
    ) -> Snapshot:
        """Replace the values of an invoice; money alone stamps it only if the switch says so."""
        if stamp and not self.faults.enabled("payments_touch"):
            old = self.last(id_).values
            stamp = any(old.get(key) != values[key] for key in values if key not in _PAID)
            stamp = stamp or old["amountPaid"] == values["amountPaid"]
        if self.last(id_).values["invoiceNumber"] != values["invoiceNumber"]:
            self._largest = None
        return super().update(id_, values, author, kind, stamp=stamp)

    def insert(
        self,
        values: Mapping[str, Any],
        author: Author,
        *,
        created: datetime | None = None,
        modified: datetime | None = None,
    ) -> Snapshot:
        """Keep a new invoice."""
        if self._largest is not None:
            self._largest = max(self._largest, _number(values))
        return super().insert(values, author, created=created, modified=modified)

    def delete(self, id_: str, author: Author) -> None:
        """Remove an invoice; its number may be given again."""
        self._largest = None
        super().delete(id_, author)

    def next_invoice_number(self) -> str:
        """The largest number in use, plus one."""
        if self._largest is None:
            self._largest = max((_number(each.values) for each in self.current()), default=0)
        return str(self._largest + 1)

    def body(self, snapshot: Snapshot) -> bytes:
        """The JSON of an invoice, whose state depends on the day."""
        record = _record(snapshot)
        record["status"] = self.status(snapshot.values)
        record["items"] = [{key: item[key] for key in _LINE} for item in record["items"]]
        return msgspec.json.encode(record)

    def status(self, values: Mapping[str, Any]) -> str:
        """What an invoice's state reads as at this moment."""
        stored: str = values["status"]
        if stored == "DRAFT":
            # A draft is owed by nobody, so no date and no money moves it.
            return stored
        total, paid = (Decimal(values[name]["value"]) for name in ("total", "amountPaid"))
        if paid >= total > 0:
            return "OVERPAID" if paid > total else "PAID"
        today = self._store.clock.now().astimezone(ZONE).date().isoformat()
        if values["dueDate"] < today and paid < total:
            return "OVERDUE"
        if paid > 0:
            return "PARTIAL"
        return "UNPAID" if self.faults.enabled("unpaid_status") else stored


_PAID = frozenset({"amountPaid", "amountDue"})
_LINE = ("product", "description", "quantity", "unitPrice", "taxes")


def _number(values: Mapping[str, Any]) -> int:
    text = values["invoiceNumber"]
    return int(text) if text.isdecimal() else 0


def _record(snapshot: Snapshot) -> Node:
    return {
        "id": snapshot.id,
        **snapshot.values,
        "createdAt": as_time(snapshot.created),
        "modifiedAt": as_time(snapshot.modified),
    }


def _drop_empty_objects(node: Node) -> None:
    """Addresses without any part are null; the record itself is not touched."""
    if "address" in node:
        node["address"] = _address(node["address"])
    shipping = node.get("shippingDetails")
    if shipping is not None:
        shipping = {**shipping, "address": _address(shipping["address"])}
        node["shippingDetails"] = shipping if any(shipping.values()) else None


def _address(address: Mapping[str, Any]) -> Mapping[str, Any] | None:
    return address if any(address[part] for part in _PARTS) else None
