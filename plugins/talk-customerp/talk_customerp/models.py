"""The ERP's records as its API has them, and what the API can do with them."""

# The names of the fields are the API's.
# ruff: noqa: N815

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from talk_customerp.settings import ErpSettings
from talk_sdk.connector import Entity, Stamp
from talk_sdk.models import WireModel

__all__ = ["MARKER", "Customer", "Order", "Product", "entities"]

MARKER = "externalReference"

Number = int | Decimal | None


class Address(WireModel):
    """Where something is billed to; the country by its name in the company's language."""

    street1: str | None = None
    street2: str | None = None
    postCode: str | None = None
    town: str | None = None
    region: str | None = None
    countryName: str | None = None


class Delivery(Address):
    """Where something is sent to."""

    name: str | None = None
    phone: str | None = None
    instructions: str | None = None


class Customer(WireModel):
    """Who buys; `customerType` is B for a business, P for a person."""

    customerId: int
    customerNo: str | None = None
    customerType: str
    name: str
    contactFirstName: str | None = None
    contactLastName: str | None = None
    orgNo: str | None = None
    email: str | None = None
    phone: str | None = None
    mobile: str | None = None
    fax: str | None = None
    web: str | None = None
    remark: str | None = None
    languageCode: str | None = None
    currencyCode: str | None = None
    blocked: bool
    creditLimitMinor: Number = None
    invoiceAddress: Address = Address()
    deliveryAddress: Delivery = Delivery()
    externalReference: str | None = None
    lastModified: str
    version: int


class Product(WireModel):
    """What is sold; prices are net and in minor units, the weight is in grams."""

    productId: int
    articleNo: str | None = None
    gtin: str | None = None
    description: str
    longText: str | None = None
    salesPriceMinor: Number = None
    costPriceMinor: Number = None
    campaignPriceMinor: Number = None
    vatPercent: Number = None
    unitCode: str | None = None
    onHand: Number = None
    weightGrams: Number = None
    discontinued: bool
    supplierCode: str | None = None
    externalReference: str | None = None
    version: int


class OrderLine(WireModel):
    """A line of an order; lines have no ids, the list is written as a whole."""

    productId: int | None = None
    articleNo: str | None = None
    text: str | None = None
    qty: Number = None
    unitPriceMinor: Number = None
    discountPercent: Number = None
    vatPercent: Number = None


class Order(WireModel):
    """What was bought. Orders have no version."""

    orderId: int
    orderNo: str | None = None
    shopOrderNo: str | None = None
    customerId: int
    orderDate: str | None = None
    dueDate: str | None = None
    deliveryDate: str | None = None
    currencyCode: str | None = None
    state: int
    paymentState: int | None = None
    heading: str | None = None
    remark: str | None = None
    yourReference: str | None = None
    discountPercent: Number = None
    freightMinor: Number = None
    totalMinor: Number = None
    vatMinor: Number = None
    invoiceAddress: Address = Address()
    deliveryAddress: Delivery = Delivery()
    warehouse: str | None = None
    externalReference: str | None = None
    lines: tuple[OrderLine, ...] = ()
    lastModified: str


def entities(settings: ErpSettings) -> Sequence[Entity]:
    """What the API can do with each record type."""
    zone, marker = settings.time_zone, MARKER if settings.marker else None
    lag = timedelta(seconds=settings.lag_s)
    return (
        Entity(
            Customer, id="customerId", version="version", version_ordered=True, safe_update=True,
            modified=Stamp("lastModified", timedelta(minutes=1), zone), update="put", lag=lag,
            marker=marker, find=frozenset({"email", "orgNo"}), deletes="listing",
        ),
        Entity(
            Product, id="productId", version="version", version_ordered=True, safe_update=True,
            update="put", lag=lag, marker=marker, find=frozenset({"articleNo"}),
            deletes="listing",
        ),
        Entity(
            Order, id="orderId", modified=Stamp("lastModified", timedelta(seconds=1), zone),
            incremental=True, update="put", lag=lag, marker=marker,
            find=frozenset({"shopOrderNo"}), deletes="listing",
            reread=timedelta(hours=settings.reread_h),
        ),
    )  # fmt: skip
