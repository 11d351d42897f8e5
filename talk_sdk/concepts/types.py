"""The types of properties: how values look in canonical form, and when two are the same."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

import msgspec

from talk_sdk.operations import Scalar

__all__ = [
    "Boolean",
    "Choice",
    "Code",
    "Counter",
    "Day",
    "Folded",
    "Number",
    "Phone",
    "PropertyType",
    "Ref",
    "clean_text",
    "decimal_text",
    "is_clean",
]


def is_clean(value: str) -> bool:
    """Whether `clean_text` leaves a text alone, for all that one glance at it tells."""
    return value.isascii() and value.strip() == value != "" and "\0" not in value


def clean_text(value: str) -> str | None:
    """NFC, outer white space trimmed; nothing left is none.

    Raises:
        ValueError: the text holds a NUL, which no store and few systems can keep.
    """
    if is_clean(value):
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


class PropertyType(msgspec.Struct, frozen=True):
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


class Folded(PropertyType, frozen=True):
    """Text whose case carries no meaning: account numbers, SKUs, e-mail addresses."""

    name: str = "key text"

    def same(self, one: Scalar, other: Scalar) -> bool:
        """Equal but for case."""
        return one == other or (
            isinstance(one, str) and isinstance(other, str) and one.casefold() == other.casefold()
        )


class Phone(PropertyType, frozen=True):
    """A phone number; as typed, where it is no number that can be called."""

    name: str = "phone"

    def same(self, one: Scalar, other: Scalar) -> bool:
        """Equal but for what people put between the digits."""
        if one is None or other is None:
            return one == other
        return _dialled(one) == _dialled(other)


def _dialled(value: Scalar) -> str:
    return re.sub(r"[\s().\-/]", "", str(value))


class Number(PropertyType, frozen=True):
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


class Counter(Number, frozen=True):
    """A number that merges by the sum of changes, not by the last value."""

    name: str = "counter"


class Boolean(PropertyType, frozen=True):
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


class Day(PropertyType, frozen=True):
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


@lru_cache(4096)
def _code(pattern: str, text: str) -> str | None:
    """The few codes that there are come again and again."""
    code = text.strip().upper()
    return code if re.fullmatch(pattern, code) else None


class Code(PropertyType, frozen=True):
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
        if text := _code(self.pattern, str(value)):
            return text
        raise ValueError(f"{value!r} is not a {self.name} code")


class Choice(PropertyType, frozen=True):
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


class Ref(PropertyType, frozen=True):
    """Another golden record. On the wire of a system: `Entity:id`, translated through links."""

    name: str = "ref"
    concept: str = ""
