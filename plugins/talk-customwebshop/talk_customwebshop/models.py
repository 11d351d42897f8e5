"""The webshop's records as its API has them, and what the API can do with them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from talk_customwebshop.settings import WebshopSettings
from talk_sdk.connector import Entity, Stamp
from talk_sdk.models import WireModel

__all__ = ["Customer", "Guest", "Order", "Product", "entities"]

KEPT = timedelta(hours=24)
"""How long the API remembers an Idempotency-Key."""


class Address(WireModel):
    """Where something is billed to; `country` is ISO 3166-1 alpha-2."""

    address1: str | None = None
    address2: str | None = None
    zip: str | None = None
    city: str | None = None
    state: str | None = None
    country: str | None = None


class Shipping(Address):
    """Where something is sent to."""

    name: str | None = None
    phone: str | None = None
    instructions: str | None = None


class Record(WireModel):
    """What every record has; times are in UTC, to the second."""

    id: str
    etag: str
    created_at: str
    updated_at: str


class Customer(Record):
    """Somebody with an account in the shop."""

    is_company: bool
    name: str
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    phone: str | None = None
    mobile: str | None = None
    vat_no: str | None = None
    account_number: str | None = None
    website: str | None = None
    language: str | None = None
    currency: str | None = None
    note: str | None = None
    active: bool
    newsletter: bool | None = None
    billing: Address = Address()
    shipping: Shipping = Shipping()


class Product(Record):
    """Something that is sold; prices are net, decimals are texts."""

    sku: str | None = None
    ean: str | None = None
    title: str
    description: str | None = None
    price: str | None = None
    cost: str | None = None
    sale_price: str | None = None
    currency: str | None = None
    vat_rate: str | None = None
    unit: str | None = None
    stock_quantity: int | None = None
    weight_kg: str | None = None
    published: bool
    tags: tuple[str, ...] = ()


class OrderLine(WireModel):
    """A line of an order; lines keep their ids."""

    id: str
    product_id: str | None = None
    sku: str | None = None
    text: str | None = None
    quantity: str | None = None
    unit_price: str | None = None
    discount_percent: str | None = None
    vat_rate: str | None = None
    position: int | None = None


class GuestData(WireModel):
    """Who bought without an account."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None


class Order(Record):
    """What was bought; either by a customer or by a guest.

    `guest_key` is ours, put in as records come in and never sent: the guest's id.
    """

    number: str
    invoice_no: str | None = None
    customer_id: str | None = None
    guest_key: str | None = None
    guest: GuestData | None = None
    order_date: str | None = None
    due_date: str | None = None
    delivery_date: str | None = None
    currency: str | None = None
    status: str
    payment_status: str | None = None
    title: str | None = None
    note: str | None = None
    customer_reference: str | None = None
    discount_percent: str | None = None
    shipping_price: str | None = None
    total: str | None = None
    tax_total: str | None = None
    billing: Address = Address()
    shipping: Shipping = Shipping()
    lines: tuple[OrderLine, ...] = ()


class Guest(WireModel):
    """The customer inside of guest orders: the latest order of one e-mail address speaks.

    Made of orders as they come in; the API has no such record. `version` grows with the age of
    the order that speaks, then with its changes.
    """

    key: str
    version: str
    created_at: str
    updated_at: str
    name: str | None = None
    email: str | None = None
    phone: str | None = None


def entities(settings: WebshopSettings) -> Sequence[Entity]:
    """What the API can do with each record type."""
    modified, created = Stamp("updated_at"), Stamp("created_at")
    kept = KEPT if settings.idempotency_keys else None
    lag, reread = timedelta(seconds=settings.lag_s), timedelta(hours=settings.reread_h)

    def entity(model: type[Record], *find: str, adjust: frozenset[str] = frozenset()) -> Entity:
        return Entity(
            model, version="etag", modified=modified, created=created, incremental=True, lag=lag,
            update="patch", safe_update=True, idempotency=kept, find=frozenset(find),
            adjust=adjust, delete=True, deletes="listing", reread=reread,
        )  # fmt: skip

    return (
        entity(Customer, "email", "vat_no"),
        entity(Product, "sku", adjust=frozenset({"stock"})),
        entity(Order, "number"),
        Entity(
            Guest, id="key", version="version", version_ordered=True, modified=modified,
            created=created, incremental=True, lag=lag, create=False, update=None,
            derived_from="Order",
        ),
    )  # fmt: skip
