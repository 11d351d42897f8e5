"""Lenses for numbers, words and references."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Any

from talk_sdk.lenses.lens import UNSAID, Lens

__all__ = [
    "decimal_number",
    "decimal_text",
    "enum",
    "inverse_flag",
    "one_of",
    "ref",
    "scaled",
    "truncate",
]


@cache
def decimal_text(places: int, *, zero: bool = True) -> Lens:
    """A decimal as text with so many places, rounded half up.

    Without `zero` the system has the field only where there is an amount: a discount, a freight.
    None and zero are one there.
    """

    def get(wire: Any) -> Decimal | None:
        value = Decimal(str(wire))
        return value if zero or value else None

    def put(value: Decimal) -> str | None:
        kept = _rounded(value, places)
        return format(kept, "f") if zero or kept else None

    return Lens(f"decimal_text({places})", get, put)


@cache
def decimal_number(places: int, *, zero: bool = True) -> Lens:
    """A decimal as a JSON number with at most so many places, rounded half up.

    Without `zero` the system says nought where there is no amount. None and zero are one there.
    """

    def get(wire: Any) -> Decimal | None:
        value = Decimal(str(wire))
        return value if zero or value else None

    def put(value: Decimal) -> int | Decimal | None:
        kept = _plain(_rounded(value, places))
        return kept if zero or kept else None

    return Lens(f"decimal_number({places})", get, put)


@cache
def scaled(factor: int, places: int) -> Lens:
    """A number that the wire has `factor` times as large: minor units (100), grams (1000).

    `places` is how many the wire's number may have.
    """
    return Lens(
        f"scaled({factor}, {places})",
        lambda wire: Decimal(str(wire)) / factor,
        lambda value: _plain(_rounded(value * factor, places)),
    )


def _rounded(value: Decimal, places: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def _plain(value: Decimal) -> int | Decimal:
    whole = value.to_integral_value()
    return int(whole) if whole == value else value


def enum(table: Mapping[Any, str], also: Mapping[str, Any] | None = None) -> Lens:
    """Words for words: wire value → canonical word, one to one or many to one.

    Where several wire values mean one word, the first is written. `also` has words that the
    system cannot tell from others → what is written for them. An unknown wire value is a fault
    of the record, not an empty value.
    """
    inverse: dict[str, Any] = {}
    for wire, word in table.items():
        inverse.setdefault(word, wire)
    inverse |= also or {}

    def get(wire: Any) -> str:
        if wire not in table:
            raise ValueError(f"{wire!r} is none of {', '.join(map(repr, table))}")
        return table[wire]

    def put(word: str) -> Any:
        if word not in inverse:
            raise ValueError(f"{word!r} cannot be said here")
        return inverse[word]

    return Lens("enum", get, put)


@cache
def inverse_flag() -> Lens:
    """A flag that means the opposite: `blocked` for `active`."""
    return Lens("inverse_flag", lambda wire: not wire, lambda value: not value)


@cache
def truncate(length: int) -> Lens:
    """Text of at most so many characters; longer text is cut when written.

    A system that counted the characters of another Unicode form has cut elsewhere.
    """

    def alike(value: str, read: str) -> bool:
        cut = unicodedata.normalize("NFD", value)[:length]
        return unicodedata.normalize("NFC", cut).strip() == read

    return Lens(f"truncate({length})", put=lambda value: value[:length].rstrip(), alike=alike)


@cache
def one_of(codes: frozenset[str]) -> Lens:
    """A code that the system knows only some of: currencies, countries."""

    def put(code: str) -> str:
        if code not in codes:
            raise ValueError(f"{code} is none that the system knows")
        return code

    return Lens("one_of", put=put)


@cache
def ref(entity: str, *, number: bool = False, otherwise: str | None = None) -> Lens:
    """A reference to a record of another entity of the same system, by its external id.

    `number`: the wire has the id as a number. `otherwise`: the entity that the *second*
    wire path of the pair refers to where the first is empty (a guest for a customer); it is
    read, never written.
    """

    def put(value: str) -> int | str:
        name, _, id_ = value.partition(":")
        if name != entity:
            raise ValueError(f"{value} is no {entity}")
        return int(id_) if number else id_

    plain = Lens(f"ref({entity})", lambda wire: f"{entity}:{wire}", put)
    if otherwise is None:
        return plain

    def get(wire: tuple[Any, Any]) -> str | None:
        first, second = wire
        if first is not None:
            return f"{entity}:{first}"
        return None if second is None else f"{otherwise}:{second}"

    return Lens(f"ref({entity}, {otherwise})", get, lambda value: (plain.put(value), UNSAID))
