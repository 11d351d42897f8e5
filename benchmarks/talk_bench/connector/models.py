"""The page server's records as its API has them, and what the API can do with them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from talk_bench.connector.settings import BenchSettings
from talk_sdk.connector import Entity, Stamp
from talk_sdk.models import WireModel

__all__ = ["Customer", "Order", "entities"]


class Record(WireModel):
    """What every record has; times are in UTC, to the second."""

    id: str
    etag: str
    created_at: str
    updated_at: str


class Customer(Record):
    """A customer: 26 fields, some 830 bytes."""

    name: str | None = None
    is_company: bool
    account_number: str | None = None
    vat_no: str | None = None
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    phone: str | None = None
    mobile: str | None = None
    fax: str | None = None
    website: str | None = None
    note: str | None = None
    language: str | None = None
    currency: str | None = None
    active: bool
    address1: str | None = None
    address2: str | None = None
    zip: str | None = None
    city: str | None = None
    country: str | None = None
    delivery_name: str | None = None
    delivery_instructions: str | None = None


class Line(WireModel):
    """A line of an order; lines keep their ids."""

    id: str
    sku: str | None = None
    text: str | None = None
    quantity: str | None = None
    unit_price: str | None = None


class Order(Record):
    """An order with its lines."""

    number: str | None = None
    title: str | None = None
    currency: str | None = None
    lines: tuple[Line, ...] = ()


def entities(settings: BenchSettings) -> Sequence[Entity]:
    """What the API can do with each record type."""

    def entity(model: type[Record], *find: str) -> Entity:
        return Entity(
            model, version="etag", modified=Stamp("updated_at"), created=Stamp("created_at"),
            incremental=settings.incremental, update="patch", safe_update=True,
            idempotency=timedelta(hours=24), find=frozenset(find),
        )  # fmt: skip

    return entity(Customer, "vat_no", "email"), entity(Order, "number")
