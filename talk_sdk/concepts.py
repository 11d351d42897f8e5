"""The shared model: what every mapping maps to, and the canonical form of every value.

A concept is a pydantic model whose fields are annotated with a `PropertyType`. The engine
sees it flat: a dotted path for each property. Canonical values are JSON scalars (decimals
and dates as text), so that they are compared, stored and printed as they are.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from types import MappingProxyType
from typing import Annotated, Any, get_args

from pydantic import BaseModel

from talk_sdk.operations import Scalar

__all__ = [
    "CONCEPTS",
    "Concept",
    "Counter",
    "PropertyType",
    "concept_of",
    "decimal_text",
]

_LATIN = re.compile(r"[!-~](?:[ -~]*[!-~])?")


def clean_text(value: str) -> str | None:
    """NFC, outer white space trimmed; nothing left is none.

    Raises:
        ValueError: the text holds a NUL, which no store and few systems can keep.
    """
    if _LATIN.fullmatch(value):
        return value
    text = unicodedata.normalize("NFC", value).strip()
    if "\0" in text:
        raise ValueError("text with a NUL character")
    return text or None


def decimal_text(value: Decimal) -> str:
    """A decimal without exponent and trailing zeros.

    >>> decimal_text(Decimal("12.50")), decimal_text(Decimal("1E+3")), decimal_text(Decimal("-0"))
    ('12.5', '1000', '0')
    """
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


@dataclass(frozen=True)
class PropertyType:
    """How values of a property look in canonical form, and when two of them are the same."""

    name: str = "text"

    def canonical(self, value: Any) -> Scalar:
        """The canonical form of a lens's value.

        Raises:
            ValueError: the value does not fit the type.
        """
        if value is None:
            return None
        if not isinstance(value, str):
            value = str(value)
        return clean_text(value)

    def parse(self, value: Scalar) -> Any:
        """The value that a lens is given to write; the inverse of `canonical`."""
        return value

    def fold(self, value: Scalar) -> str:
        """The form in which two values are compared when records are matched."""
        return str(value).casefold()

    def same(self, one: Scalar, other: Scalar) -> bool:
        """Whether two canonical values say the same."""
        return one == other


@dataclass(frozen=True)
class Folded(PropertyType):
    """Text whose case carries no meaning: account numbers, SKUs, e-mail addresses."""

    name: str = "key text"

    def same(self, one: Scalar, other: Scalar) -> bool:
        """Equal but for case."""
        return one == other or (
            isinstance(one, str) and isinstance(other, str) and one.casefold() == other.casefold()
        )


@dataclass(frozen=True)
class Phone(PropertyType):
    """A phone number; as typed, where it is no number that can be called."""

    name: str = "phone"

    def same(self, one: Scalar, other: Scalar) -> bool:
        """Equal but for what people put between the digits."""
        if one is None or other is None:
            return one == other
        return _dialled(one) == _dialled(other)


def _dialled(value: Scalar) -> str:
    return re.sub(r"[\s().\-/]", "", str(value))


@dataclass(frozen=True)
class Number(PropertyType):
    """A decimal, as text without exponent and trailing zeros."""

    name: str = "decimal"

    def canonical(self, value: Any) -> Scalar:
        """Decimal text.

        Raises:
            ValueError: not a finite number.
        """
        if value is None or value == "":
            return None
        if isinstance(value, bool):
            raise ValueError(f"{value!r} is not a number")  # noqa: TRY004 - as its sisters
        try:
            number = value if isinstance(value, Decimal) else Decimal(str(value).strip())
        except InvalidOperation:
            raise ValueError(f"{value!r} is not a number") from None
        if not number.is_finite():
            raise ValueError(f"{value!r} is not a finite number")
        return decimal_text(number)

    def parse(self, value: Scalar) -> Any:
        """A `Decimal`."""
        return None if value is None else Decimal(str(value))


@dataclass(frozen=True)
class Counter(Number):
    """A number that merges by the sum of changes, not by the last value."""

    name: str = "counter"


@dataclass(frozen=True)
class Boolean(PropertyType):
    """True or false."""

    name: str = "boolean"

    def canonical(self, value: Any) -> Scalar:
        """A bool.

        Raises:
            ValueError: anything else.
        """
        if value is None or isinstance(value, bool):
            return value
        raise ValueError(f"{value!r} is not true or false")


@dataclass(frozen=True)
class Day(PropertyType):
    """A date, as ISO text."""

    name: str = "date"

    def canonical(self, value: Any) -> Scalar:
        """`YYYY-MM-DD`.

        Raises:
            ValueError: not a date.
        """
        if value is None or value == "":
            return None
        if isinstance(value, datetime):
            return value.date().isoformat()
        if isinstance(value, date):
            return value.isoformat()
        return date.fromisoformat(str(value).strip()).isoformat()

    def parse(self, value: Scalar) -> Any:
        """A `datetime.date`."""
        return None if value is None else date.fromisoformat(str(value))


@dataclass(frozen=True)
class Code(PropertyType):
    """Upper-case text of a fixed pattern: countries, subdivisions, currencies."""

    name: str = "code"
    pattern: str = "[A-Z]+"

    def canonical(self, value: Any) -> Scalar:
        """The code in upper case.

        Raises:
            ValueError: not of the pattern.
        """
        if value is None or value == "":
            return None
        text = str(value).strip().upper()
        if not re.fullmatch(self.pattern, text):
            raise ValueError(f"{value!r} is not a {self.name} code")
        return text


@dataclass(frozen=True)
class Choice(PropertyType):
    """One of a few words."""

    name: str = "choice"
    words: tuple[str, ...] = ()

    def canonical(self, value: Any) -> Scalar:
        """The word.

        Raises:
            ValueError: another word.
        """
        if value is None or value in self.words:
            return value  # type: ignore[no-any-return]
        raise ValueError(f"{value!r} is none of {', '.join(self.words)}")


@dataclass(frozen=True)
class Ref(PropertyType):
    """Another golden record. On the wire of a system: `Entity:id`, translated through links."""

    name: str = "ref"
    concept: str = ""


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


@dataclass(frozen=True)
class Concept:
    """A record type of the shared model, flat: dotted path → type.

    `children` are the lists of child records, by property; `unmerged` properties are only
    read: each system computes them for itself.
    """

    name: str
    properties: Mapping[str, PropertyType]
    children: Mapping[str, Concept] = field(default_factory=dict)
    unmerged: frozenset[str] = frozenset()

    @property
    def refs(self) -> dict[str, str]:
        """Property → concept, for each reference."""
        return {p: t.concept for p, t in self.properties.items() if isinstance(t, Ref)}

    @property
    def counters(self) -> frozenset[str]:
        """The properties that merge by the sum of changes."""
        return frozenset(p for p, t in self.properties.items() if isinstance(t, Counter))

    def extended(self, properties: Mapping[str, PropertyType]) -> Concept:
        """This concept with further properties, as talk.toml may add."""
        return Concept(self.name, {**self.properties, **properties}, self.children, self.unmerged)


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
def concept_of(model: type[BaseModel], unmerged: frozenset[str] = frozenset()) -> Concept:
    """The flat concept of a pydantic model with annotated fields."""
    return Concept(model.__name__.lower(), _flat(model), _children(model), unmerged)


CONCEPTS: Mapping[str, Concept] = MappingProxyType(
    {
        "customer": concept_of(Customer),
        "contact": concept_of(Contact),
        "product": concept_of(Product),
        "order": concept_of(Order, frozenset({"total", "tax_total"})),
    }
)
"""The concepts, each after those that it refers to."""
