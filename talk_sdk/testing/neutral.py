"""The neutral world's records: real-world things, in no system's own form.

Each has a hidden identity, which no system ever sees: a check can ask with it whether every thing
is once in every system. Two records with one identity, each in another system, are twins: one
thing that two systems write differently.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, TypeVar

T = TypeVar("T", bound="Thing")
Status = Literal["draft", "open", "closed", "cancelled"]


@dataclass(frozen=True, kw_only=True)
class Address:
    """A postal address; the country as ISO 3166-1 alpha-2."""

    line1: str | None = None
    line2: str | None = None
    postal_code: str | None = None
    city: str | None = None
    region: str | None = None
    country: str | None = None


@dataclass(frozen=True, kw_only=True)
class Delivery(Address):
    """An address to deliver to."""

    name: str | None = None
    phone: str | None = None
    instructions: str | None = None


@dataclass(frozen=True, kw_only=True)
class Thing:
    """What everything in the world has: who it is, where it exists at the start, and since when."""

    identity: str
    systems: frozenset[str]
    created: datetime
    modified: datetime


@dataclass(frozen=True, kw_only=True)
class Party(Thing):
    """Somebody who buys."""

    name: str
    organisation_number: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    phone: str | None = None
    mobile: str | None = None
    website: str | None = None
    note: str | None = None
    language: str | None = None
    currency: str | None = None
    active: bool = True
    billing: Address = field(default_factory=Address)
    shipping: Delivery = field(default_factory=Delivery)


@dataclass(frozen=True, kw_only=True)
class Person(Party):
    """A private person; the name is first and last name together."""


@dataclass(frozen=True, kw_only=True)
class Company(Party):
    """An organisation; first and last name are those of its contact, if it has one."""


@dataclass(frozen=True, kw_only=True)
class Item(Thing):
    """Something that is sold; prices are net."""

    sku: str | None = None
    barcode: str | None = None
    name: str
    description: str | None = None
    price: Decimal = Decimal(0)
    cost: Decimal | None = None
    sale_price: Decimal | None = None
    vat_percent: Decimal = Decimal(25)
    unit: str | None = None
    stock: int = 0
    weight_kg: Decimal | None = None
    active: bool = True


@dataclass(frozen=True, kw_only=True)
class Guest:
    """Somebody who bought without an account."""

    name: str
    email: str | None = None
    phone: str | None = None


@dataclass(frozen=True, kw_only=True)
class DealLine:
    """A line of an order; `item` is an identity, or none for free text."""

    item: str | None
    sku: str | None
    text: str
    quantity: Decimal
    unit_price: Decimal
    discount_percent: Decimal
    vat_percent: Decimal


@dataclass(frozen=True, kw_only=True)
class Deal(Thing):
    """An order; `party` is an identity, or none where a guest bought."""

    number: str | None
    """The number that it was given where it was born; none where a system numbers by itself."""
    party: str | None
    guest: Guest | None
    day: date
    due: date | None
    delivery: date | None
    currency: str
    status: Status
    title: str | None
    note: str | None
    reference: str | None
    discount_percent: Decimal
    shipping_price: Decimal
    billing: Address
    shipping: Delivery
    lines: tuple[DealLine, ...]


@dataclass(frozen=True)
class World:
    """Everything that exists; what a deal refers to exists in every system that has the deal."""

    parties: tuple[Party, ...]
    items: tuple[Item, ...]
    deals: tuple[Deal, ...]

    def within(self, system: str) -> World:
        """The part of the world that a system knows at the start, oldest first."""
        return World(
            tuple(party for party in self.parties if system in party.systems),
            tuple(item for item in self.items if system in item.systems),
            tuple(deal for deal in self.deals if system in deal.systems),
        )

    def seen_in(self, system: str, connectors: Mapping[str, str]) -> World:
        """What one of several named systems knows, as its simulator asks for it: by connectors.

        Args:
            system: its name.
            connectors: name → connector, of all systems.
        """

        def known(things: tuple[T, ...]) -> tuple[T, ...]:
            return tuple(
                replace(thing, systems=frozenset(connectors[name] for name in thing.systems))
                for thing in things
                if system in thing.systems
            )

        return World(known(self.parties), known(self.items), known(self.deals))
