"""The kinds of fields that a table is made of, and what each does to a value."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from datetime import date as Date  # noqa: N812 - `date` is a kind of field here
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from talk_sdk.testing.fields import Field, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def text(
    name: str,
    *,
    trim: bool = False,
    longest: int | None = None,
    cut: int | None = None,
    via: Callable[[str], str] | None = None,
    blank: bool = True,
    note: str = "",
) -> Field:
    """A text.

    Args:
        name: The field's name.
        trim: Outer white space goes, the rest is kept in NFC, and an empty text is none.
        longest: What is longer is refused.
        cut: What is longer is cut without a word.
        via: Rewrites or refuses the text.
        blank: An empty text is kept as such; else it is none.
        note: Description for the OpenAPI document.
    """

    def clean(raw: Any) -> str | None:
        if not isinstance(raw, str):
            raise ValueError("must be text")  # noqa: TRY004 - the same answer for all
        value = unicodedata.normalize("NFC", raw.strip()) if trim else raw
        if via is not None:
            value = via(value)
        if longest is not None and len(value) > longest:
            raise ValueError(f"must have at most {longest} characters")
        return value[:cut] if value or (blank and not trim) else None

    schema: dict[str, Any] = {"type": "string"}
    if longest is not None:
        schema["maxLength"] = longest
    if note:
        schema["description"] = note
    return Field(name, schema, clean)


def rounded(value: Decimal, places: int) -> Decimal:
    """Round half away from zero, as shops and ledgers do."""
    return value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def as_decimal(raw: Any) -> Decimal:
    """A number or a text that is a number.

    Raises:
        ValueError: It is neither.
    """
    if isinstance(raw, bool) or not isinstance(raw, int | str | float | Decimal):
        raise ValueError("must be a decimal")  # noqa: TRY004 - the same answer for all
    try:
        # Floats come from tests only; their shortest text is what the test's author wrote.
        value = Decimal(str(raw) if isinstance(raw, float) else raw)
    except InvalidOperation:
        raise ValueError("must be a decimal") from None
    if not value.is_finite() or value.adjusted() > 15:
        raise ValueError("is too large")
    return value


def decimal_text(name: str, places: int) -> Field:
    """A decimal written as text with so many places; more are rounded half up."""
    schema = {"type": "string", "format": "decimal", "description": f"{places} places"}
    return Field(name, schema, lambda raw: f"{rounded(as_decimal(raw), places):f}")


def number(name: str, places: int) -> Field:
    """A JSON number with at most so many places; more are rounded half up."""

    def clean(raw: Any) -> int | Decimal:
        if isinstance(raw, str):
            raise ValueError("must be a number")  # noqa: TRY004 - the same answer for all
        return plain(rounded(as_decimal(raw), places))

    return Field(name, {"type": "number" if places else "integer"}, clean)


def plain(value: Decimal) -> int | Decimal:
    """The number without trailing zeros, whole numbers as integers."""
    return int(value) if value == value.to_integral_value() else value.normalize()


def integer(name: str) -> Field:
    """A whole number."""

    def clean(raw: Any) -> int:
        if isinstance(raw, bool) or not isinstance(raw, int):
            raise ValueError("must be a whole number")  # noqa: TRY004 - the same answer for all
        return raw

    return Field(name, {"type": "integer"}, clean)


def flag(name: str, *, default: bool) -> Field:
    """True or false; null means the default."""

    def clean(raw: Any) -> bool:
        if not isinstance(raw, bool):
            raise ValueError("must be true or false")  # noqa: TRY004 - the same answer for all
        return raw

    return Field(name, {"type": "boolean"}, clean, default=default)


def choice(name: str, values: Sequence[str | int], *, default: str | int | None = None) -> Field:
    """One of the given values."""

    def clean(raw: Any) -> str | int:
        if isinstance(raw, bool) or raw not in values:
            raise ValueError(f"must be one of {', '.join(map(str, values))}")
        return raw  # type: ignore[no-any-return]

    kind = "string" if isinstance(values[0], str) else "integer"
    return Field(name, {"type": kind, "enum": list(values)}, clean, default=default)


def date(name: str) -> Field:
    """A calendar day, ISO 8601."""

    def clean(raw: Any) -> str:
        try:
            return Date.fromisoformat(raw).isoformat()
        except (TypeError, ValueError):
            raise ValueError("must be a date like 2026-11-01") from None

    return Field(name, {"type": "string", "format": "date"}, clean)


def strings(name: str) -> Field:
    """A list of texts."""

    def clean(raw: Any) -> list[str]:
        if not isinstance(raw, list) or not all(isinstance(item, str) for item in raw):
            raise ValueError("must be a list of texts")
        return list(raw)

    schema = {"type": "array", "items": {"type": "string"}}
    return Field(name, schema, clean, many=True)


def group(name: str, *fields: Field, optional: bool = False) -> Field:
    """A nested object; always there with all its fields unless `optional`."""
    return Field(name, {}, lambda raw: raw, table=Table(fields), optional=optional)


def items(name: str, *fields: Field, key: str | None = None) -> Field:
    """A list of objects, replaced as a whole; with `key`, elements keep what is not sent."""
    return Field(name, {}, lambda raw: raw, table=Table(fields), many=True, key=key)


def required(each: Field) -> Field:
    """The same field, which must not be empty."""
    return replace(each, required=True)


def read_only(each: Field) -> Field:
    """The same field, which the API shows but does not write."""
    return replace(each, writable="never")


def on_create(each: Field) -> Field:
    """The same field, which the API takes in a new record only."""
    return replace(each, writable="create")
