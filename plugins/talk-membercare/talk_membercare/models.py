"""MemberCare's records as the connector reads them, and what the API can do with them.

The names are the API's, but for those that say so: of dated rows only what holds today is looked
at (`shapes`).
"""

# The names of the fields are the API's.
# ruff: noqa: N815

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from talk_membercare.settings import MemberCareSettings
from talk_sdk.connector import Entity, Stamp
from talk_sdk.models import WireModel

__all__ = ["MARKER", "Companies", "Invoices", "Organizations", "Payers", "Persons", "Products",
           "entities"]  # fmt: skip

MARKER = "foreignId"
"""Ours: the id in our foreign system."""
Number = int | Decimal | None


class Contact(WireModel):
    """Ours: what holds today of each kind of contact."""

    email: str | None = None
    phone: str | None = None
    mobile: str | None = None
    fax: str | None = None
    website: str | None = None


class PostalCode(WireModel):
    """A postal code of a country; its city comes with it."""

    zipCode: str | None = None
    city: str | None = None


class Country(WireModel):
    """A country by ISO 3166-1 alpha-2."""

    iso2Letter: str | None = None


class Address(WireModel):
    """The address that holds today. Ours is `line`: street, number, letter, floor and suite."""

    line: str | None = None
    location: str | None = None
    attention: str | None = None
    postalCode: PostalCode | None = None
    country: Country | None = None


class Registration(WireModel):
    """A registration number, of the kind that the settings name."""

    number: str | None = None


class Companies(WireModel):
    """Who is billed. Ours are `contact` to `foreignId`; `changed` also counts dated rows."""

    debtorAccountNumber: str
    companyName: str | None = None
    contact: Contact = Contact()
    primary: Address | None = None
    secondary: Address | None = None
    registration: Registration | None = None
    isOrganisation: bool | None = None
    valid: bool
    changed: str | None = None
    foreignId: str | None = None


class Persons(WireModel):
    """A member. Ours are `contact` to `foreignId`; `employer` is a company's account number."""

    debtorAccountNumber: str
    firstname: str | None = None
    lastname: str | None = None
    birthDate: str | None = None
    contact: Contact = Contact()
    primary: Address | None = None
    employer: str | None = None
    title: str | None = None
    valid: bool
    changed: str | None = None
    foreignId: str | None = None


class Organizations(WireModel):
    """A unit of the association itself. Ours are `contact`, `primary`, `registration`, `valid`."""

    identificationNumber: str
    name: str | None = None
    contact: Contact = Contact()
    primary: Address | None = None
    registration: Registration | None = None
    isOrganisation: bool = True
    valid: bool | None = None


class Dimensions(WireModel):
    """How something is booked; the product identification is its number."""

    productIdentification: str | None = None


class Products(WireModel):
    """What can be billed; the API tells no price."""

    id: int
    name: str | None = None
    vatPercent: Number = None
    financeDimensions: Dimensions | None = None
    valid: bool | None = None


class Known(WireModel):
    """A record that another one refers to."""

    id: int | None = None


class Item(WireModel):
    """A line. Ours are `sku` to `discountPercent`; a discount is only sent."""

    description: str | None = None
    quantity: Number = None
    unitPrice: Number = None
    sku: str | None = None
    product: Known | None = None
    vatPercent: Number = None
    discountPercent: Number = None


class Payer(WireModel):
    """Ours: who is billed, a company or somebody else, by account number."""

    company: str | None = None
    other: str | None = None


class Invoices(WireModel):
    """What was bought. All but `id` is ours: told from an invoice's lines, payments and dates."""

    id: int
    payer: Payer
    orderNumber: str | None = None
    status: str
    paymentStatus: str
    date: str | None = None
    dueDate: str | None = None
    currency: str
    shipping: Number = None
    discountPercent: Number = None
    total: Number = None
    taxTotal: Number = None
    lines: tuple[Item, ...] = ()
    created: str | None = None


class Payers(WireModel):
    """A payer that is no company, as an invoice has it."""

    debtorAccountNumber: str
    name: str | None = None
    memberType: int | None = None
    contact: Contact = Contact()


def entities(settings: MemberCareSettings) -> Sequence[Entity]:
    """What the API can do with each record type."""
    zone, number = settings.time_zone, "debtorAccountNumber"
    lag, reread = timedelta(seconds=settings.lag_s), timedelta(hours=settings.reread_h)
    changed = Stamp("changed", timedelta(seconds=1), zone)
    return (
        Entity(
            Companies, id=number, modified=changed, incremental=True, lag=lag, reread=reread,
            marker=MARKER, whole=frozenset({"primary", "secondary", "registration"}), get_batch=10,
            deletes="listing",
        ),
        Entity(
            Persons, id=number, modified=changed, incremental=True, lag=lag, reread=reread,
            marker=MARKER, get_batch=10, deletes="listing",
        ),
        Entity(
            Organizations, id="identificationNumber", lag=lag, create=False, update=None,
            deletes="listing",
        ),
        Entity(Products, lag=lag, create=False, update=None, deletes="listing"),
        Entity(
            Invoices, created=Stamp("created", timedelta(seconds=1), zone), lag=lag, update=None,
            unique=(("number", "customer"),) if settings.order_dimension else (), get_batch=10,
            deletes="listing",
        ),
        Entity(Payers, id=number, create=False, update=None, derived_from="Invoices"),
    )  # fmt: skip
