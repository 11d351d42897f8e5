"""Squarespace's records as the connector reads them, and what the API can do with them.

The fields are the API's, but for those that say that they are ours: a variant comes with the fields
of its product and with its stock, an order with what its amounts and addresses mean (`shapes`).
"""

# The names of the fields are the API's.
# ruff: noqa: N815

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from talk_sdk.connector import Entity, Stamp
from talk_sdk.models import WireModel
from talk_squarespace.settings import SiteSettings

__all__ = ["Customer", "Order", "Sesamproducts", "entities"]

KEPT = timedelta(hours=48)
"""How long an Idempotency-Key is honoured at least."""
Text = str | None


class Money(WireModel):
    """An amount, as text."""

    value: Text = None


class Pricing(WireModel):
    """Prices; the sale price is said only where it counts."""

    basePrice: Money | None = None
    salePrice: Money | None = None


class Stock(WireModel):
    """What there is of a variant whose stock is counted."""

    quantity: int | None = None


class Measure(WireModel):
    """A weight in the store's unit."""

    value: int | Decimal | None = None


class Measurements(WireModel):
    """What is written as a whole."""

    weight: Measure | None = None


class Sesamproducts(WireModel):
    """A variant, with its product's fields, and with its inventory item's stock.

    Ours is `id`: the ids of product and variant with a stroke between. Of several variants the
    name ends with their attributes in brackets, and `isVisible` is not said: it is the product's.
    """

    id: str
    name: Text = None
    description: Text = None
    isVisible: bool | None = None
    sku: Text = None
    gtin: Text = None
    pricing: Pricing | None = None
    stock: Stock | None = None
    shippingMeasurements: Measurements | None = None
    currency: Text = None
    createdOn: str
    modifiedOn: str


class Address(WireModel):
    """Where something is billed or sent to; `name` is ours: first and last name."""

    name: Text = None
    address1: Text = None
    address2: Text = None
    city: Text = None
    state: Text = None
    countryCode: Text = None
    postalCode: Text = None
    phone: Text = None


class LineItem(WireModel):
    """A line. Ours are `product`, `unitPrice` (net) and the percentages."""

    id: str
    product: Text = None
    sku: Text = None
    productName: Text = None
    quantity: int | None = None
    unitPrice: Text = None
    discountPercent: Text = None
    taxPercent: Text = None


class Order(WireModel):
    """What was bought: on the site, or elsewhere and imported.

    Ours are `number`, `customer` (the key of one that orders bring along), `bornOn` (not said of
    an imported order: its `createdOn` is what the importer says), `currency`, `shipping` (net) and
    `discountPercent`.
    """

    id: str
    number: Text = None
    customer: Text = None
    createdOn: str
    modifiedOn: str
    bornOn: Text = None
    currency: Text = None
    fulfillmentStatus: Text = None
    paymentState: Text = None
    discountPercent: Text = None
    shipping: Text = None
    grandTotal: Money | None = None
    taxTotal: Money | None = None
    billingAddress: Address | None = None
    shippingAddress: Address | None = None
    lineItems: tuple[LineItem, ...] = ()


class Customer(WireModel):
    """Who bought on the site: of the orders of one e-mail address the latest speaks.

    Made of orders as they come in. `version` grows with the age of the order that speaks, then
    with its changes.
    """

    key: str
    version: str
    createdOn: str
    modifiedOn: str
    email: Text = None
    name: Text = None
    firstName: Text = None
    lastName: Text = None
    phone: Text = None
    billingAddress: Address | None = None
    shippingAddress: Address | None = None


def entities(settings: SiteSettings) -> Sequence[Entity]:
    """What the API can do with each record type."""
    lag, modified = timedelta(seconds=settings.lag_s), Stamp("modifiedOn")
    return (
        Entity(
            Sesamproducts, modified=modified, created=Stamp("createdOn"), lag=lag,
            adjust=frozenset({"stock"}), idempotency=KEPT, delete=True, deletes="listing",
            whole=frozenset({"shippingMeasurements"}),
        ),
        Entity(
            Order, modified=modified, created=Stamp("bornOn"), incremental=True, lag=lag,
            idempotency=KEPT, unique=("number",),
        ),
        Entity(
            Customer, id="key", version="version", version_ordered=True, modified=modified,
            created=Stamp("createdOn"), incremental=True, lag=lag, create=False, update=None,
            derived_from="Order",
        ),
    )  # fmt: skip
