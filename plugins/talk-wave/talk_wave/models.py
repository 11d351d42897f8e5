"""Wave's records as the connector reads them, and what the API can do with them.

The fields are the API's, but for those of `Content` and a few of `Invoice` that say so: what
Wave keeps in one list of items is told apart where records come in (`shapes`).
"""

# The names of the fields are the API's.
# ruff: noqa: N815

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from talk_sdk.connector import Entity, Stamp
from talk_sdk.models import WireModel
from talk_wave.settings import WaveSettings

__all__ = ["Customer", "Invoice", "Product", "entities"]


class Coded(WireModel):
    """A country, province or currency; on the wire an object with a code."""

    code: str | None = None


class Known(WireModel):
    """A record that another one refers to."""

    id: str


class Amount(WireModel):
    """Money in major units, as text."""

    value: str | None = None


class Address(WireModel):
    """An address; `province` by ISO 3166-2 code."""

    addressLine1: str | None = None
    addressLine2: str | None = None
    city: str | None = None
    postalCode: str | None = None
    province: Coded | None = None
    country: Coded | None = None


class Shipping(WireModel):
    """Where something is sent to."""

    name: str | None = None
    phone: str | None = None
    instructions: str | None = None
    address: Address | None = None


class Customer(WireModel):
    """A company and its one contact person, or a private person."""

    id: str
    name: str
    firstName: str | None = None
    lastName: str | None = None
    displayId: str | None = None
    email: str | None = None
    phone: str | None = None
    mobile: str | None = None
    fax: str | None = None
    website: str | None = None
    internalNotes: str | None = None
    currency: Coded | None = None
    address: Address | None = None
    shippingDetails: Shipping | None = None
    isArchived: bool | None = None
    createdAt: str
    modifiedAt: str


class Product(WireModel):
    """What is sold; Wave has no number for it."""

    id: str
    name: str
    description: str | None = None
    unitPrice: str | None = None
    isArchived: bool
    createdAt: str
    modifiedAt: str


class Tax(WireModel):
    """A sales tax on a line."""

    salesTax: Known


class Item(WireModel):
    """A line; lines have no id that survives, the list is written as a whole."""

    product: Known
    description: str | None = None
    quantity: str | None = None
    unitPrice: str | None = None
    taxes: tuple[Tax, ...] = ()


class Content(WireModel):
    """What an invoice bills. The grouping is ours: Wave has all of it in one list of items.

    `shipping` is the amount on the items whose product stands for shipping, `freight` those.
    """

    items: tuple[Item, ...] = ()
    shipping: str | None = None
    freight: tuple[Item, ...] = ()


class Discounting(WireModel):
    """The discounts of an invoice. The grouping is ours.

    `percent` is said where `all` holds one percentage, or nothing.
    """

    percent: str | None = None
    all: tuple[dict[str, Any], ...] = ()


class Invoice(WireModel):
    """What was bought.

    Ours are `content`, `discounting` and `paymentStatus` (told from status and amounts).
    """

    id: str
    invoiceNumber: str
    poNumber: str | None = None
    customer: Known
    status: str
    paymentStatus: str
    currency: Coded
    invoiceDate: str
    dueDate: str | None = None
    title: str | None = None
    memo: str | None = None
    discounting: Discounting = Discounting()
    total: Amount | None = None
    taxTotal: Amount | None = None
    content: Content
    createdAt: str
    modifiedAt: str


def entities(settings: WaveSettings) -> Sequence[Entity]:
    """What the API can do with each record type."""
    modified, created = Stamp("modifiedAt"), Stamp("createdAt")
    lag, reread = timedelta(seconds=settings.lag_s), timedelta(hours=settings.reread_h)
    return (
        Entity(
            Customer, modified=modified, created=created, incremental=True, lag=lag,
            reread=reread, find=frozenset({"email"}), unique=("number",),
            whole=frozenset({"address", "shippingDetails"}), get_batch=20, delete=True,
            deletes="listing",
        ),
        Entity(
            Product, modified=modified, created=created, incremental=True, lag=lag,
            reread=reread, get_batch=20, deletes="listing",
        ),
        Entity(
            Invoice, modified=modified, created=created, incremental=True, lag=lag,
            reread=reread, unique=(("number", "customer"), "invoice_number"),
            whole=frozenset({"content", "discounting"}), get_batch=10, delete=True,
            deletes="listing",
        ),
    )  # fmt: skip
