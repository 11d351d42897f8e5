"""The shared model: what every mapping maps to, and the canonical form of every value.

A concept is a pydantic model whose fields are annotated with a `PropertyType`. The engine
sees it flat: a dotted path for each property. Canonical values are JSON scalars (decimals
and dates as text), so that they are compared, stored and printed as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, cached_property
from types import MappingProxyType
from typing import Annotated, get_args

import msgspec
from msgspec.structs import replace
from pydantic import BaseModel

from talk_sdk.concepts.types import (
    Boolean,
    Choice,
    Code,
    Counter,
    Day,
    Folded,
    Number,
    Phone,
    PropertyType,
    Ref,
    decimal_text,
    is_clean,
)

__all__ = [
    "CONCEPTS",
    "Concept",
    "Counter",
    "Number",
    "PropertyType",
    "Ref",
    "concept_of",
    "decimal_text",
    "is_clean",
]

Text = Annotated[str | None, PropertyType("text")]
KeyText = Annotated[str | None, Folded()]
EmailText = Annotated[str | None, Folded("email")]
PhoneText = Annotated[str | None, Phone()]
Decimal_ = Annotated[str | None, Number("decimal")]
Money = Annotated[str | None, Number("money")]
Stock = Annotated[str | None, Counter()]
Flag = Annotated[bool | None, Boolean()]
Date = Annotated[str | None, Day()]
Country = Annotated[str | None, Code("country", "[A-Z]{2}")]
Subdivision = Annotated[str | None, PropertyType("subdivision")]
Currency = Annotated[str | None, Code("currency", "[A-Z]{3}")]
Kind = Annotated[str | None, Choice("kind", ("organisation", "person"))]
OrderStatus = Annotated[str | None, Choice("status", ("draft", "open", "closed", "cancelled"))]
PaymentStatus = Annotated[
    str | None, Choice("payment status", ("unpaid", "partial", "paid", "refunded"))
]
CustomerRef = Annotated[str | None, Ref(concept="customer")]
ProductRef = Annotated[str | None, Ref(concept="product")]


class Address(BaseModel):
    """Where something is sent or billed to; merges per property."""

    line1: Text = None
    line2: Text = None
    postal_code: Text = None
    city: Text = None
    subdivision: Subdivision = None
    country: Country = None


class ShippingAddress(Address):
    """An address with a person, a phone and words for the driver."""

    name: Text = None
    phone: PhoneText = None
    instructions: Text = None


class Customer(BaseModel):
    """Who buys; an organisation or a private person."""

    name: Text = None
    kind: Kind = None
    number: KeyText = None
    organisation_number: KeyText = None
    email: EmailText = None
    first_name: Text = None
    last_name: Text = None
    phone: PhoneText = None
    mobile: PhoneText = None
    fax: PhoneText = None
    website: Text = None
    notes: Text = None
    language: Text = None
    currency: Currency = None
    billing_address: Address = Address()
    shipping_address: ShippingAddress = ShippingAddress()
    active: Flag = None


class Contact(BaseModel):
    """A further person at a customer."""

    customer: CustomerRef = None
    first_name: Text = None
    last_name: Text = None
    email: EmailText = None
    phone: PhoneText = None
    mobile: PhoneText = None
    title: Text = None
    active: Flag = None


class Product(BaseModel):
    """What is sold; the variant, where a system has variants. Prices are net."""

    number: KeyText = None
    barcode: KeyText = None
    name: Text = None
    description: Text = None
    unit_price: Money = None
    currency: Currency = None
    cost_price: Money = None
    sale_price: Money = None
    tax_rate: Decimal_ = None
    unit: Text = None
    stock: Stock = None
    weight: Decimal_ = None
    active: Flag = None


class Line(BaseModel):
    """One line of an order; its place among its sisters is `position`."""

    product: ProductRef = None
    sku: Text = None
    description: Text = None
    quantity: Decimal_ = None
    unit_price: Money = None
    discount: Decimal_ = None
    tax_rate: Decimal_ = None
    cost_price: Money = None


class Order(BaseModel):
    """What was bought: an order, an invoice, an opportunity."""

    number: KeyText = None
    invoice_number: KeyText = None
    customer: CustomerRef = None
    date: Date = None
    due_date: Date = None
    delivery_date: Date = None
    currency: Currency = None
    status: OrderStatus = None
    payment_status: PaymentStatus = None
    title: Text = None
    notes: Text = None
    reference: Text = None
    discount: Decimal_ = None
    shipping: Money = None
    total: Money = None
    tax_total: Money = None
    billing_address: Address = Address()
    shipping_address: ShippingAddress = ShippingAddress()
    lines: list[Line] = []


class Concept(msgspec.Struct, frozen=True, dict=True):
    """A record type of the shared model, flat: dotted path → type.

    `children` are the lists of child records, by property; `unmerged` properties are only
    read: each system computes them for itself. A match key of `weak` properties counts only
    where a system meets the others that has no stronger key: two shops do not have one product
    because they call two by one name.
    """

    name: str
    properties: Mapping[str, PropertyType]
    children: Mapping[str, Concept] = msgspec.field(default_factory=dict)
    unmerged: frozenset[str] = frozenset()
    weak: frozenset[str] = frozenset()

    @cached_property
    def refs(self) -> dict[str, str]:
        """Property → concept, for each reference."""
        return {p: t.concept for p, t in self.properties.items() if isinstance(t, Ref)}

    @cached_property
    def counters(self) -> frozenset[str]:
        """The properties that merge by the sum of changes."""
        return frozenset(p for p, t in self.properties.items() if isinstance(t, Counter))

    def extended(self, properties: Mapping[str, PropertyType]) -> Concept:
        """This concept with further properties, as talk.toml may add."""
        return replace(self, properties={**self.properties, **properties})


def _flat(model: type[BaseModel], prefix: str = "") -> dict[str, PropertyType]:
    found: dict[str, PropertyType] = {}
    for name, info in model.model_fields.items():
        kinds = [item for item in info.metadata if isinstance(item, PropertyType)]
        if kinds:
            found[prefix + name] = kinds[0]
        elif isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel):
            found.update(_flat(info.annotation, f"{prefix}{name}."))
    return found


def _children(model: type[BaseModel]) -> dict[str, Concept]:
    found = {}
    for name, info in model.model_fields.items():
        items = [a for a in get_args(info.annotation) if isinstance(a, type)]
        if items and issubclass(items[0], BaseModel):
            found[name] = Concept(items[0].__name__.lower(), _flat(items[0]))
    return found


@cache
def concept_of(
    model: type[BaseModel],
    unmerged: frozenset[str] = frozenset(),
    weak: frozenset[str] = frozenset(),
) -> Concept:
    """The flat concept of a pydantic model with annotated fields."""
    return Concept(model.__name__.lower(), _flat(model), _children(model), unmerged, weak)


CONCEPTS: Mapping[str, Concept] = MappingProxyType(
    {
        "customer": concept_of(Customer),
        "contact": concept_of(Contact),
        "product": concept_of(Product, weak=frozenset({"name"})),
        "order": concept_of(Order, frozenset({"total", "tax_total"})),
    }
)
"""The concepts, each after those that it refers to."""
