"""How values are read off the wire and put on it: small functions, written by hand."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

__all__ = [
    "COUNTRIES", "REGIONS", "Turn", "code_of", "cut_at", "folded", "inverse", "number",
    "organisation", "phone", "rounded", "same", "scaled", "text", "up",
]  # fmt: skip

Turn = Callable[[Any], Any]

COUNTRIES = {
    "NO": "Norge", "SE": "Sverige", "DK": "Danmark", "DE": "Tyskland", "GB": "Storbritannia",
    "JP": "Japan",
}  # fmt: skip
REGIONS = {
    "NO": {"NO-03": "Oslo", "NO-46": "Vestland", "NO-50": "Trøndelag"},
    "DK": {"DK-84": "Hovedstaden", "DK-85": "Sjælland"},
    "DE": {"DE-BE": "Berlin", "DE-BY": "Bayern"},
    "JP": {"JP-13": "Tokyo", "JP-27": "Osaka"},
}
"""A few subdivisions of some countries; a name for each code."""


def text(raw: Any) -> Any:
    """Without outer blanks, composed; nothing is none."""
    value = unicodedata.normalize("NFC", str(raw or "").strip())
    return value or None


def folded(raw: Any) -> Any:
    """As `text`, whatever its case."""
    value = text(raw)
    return value.casefold() if value else None


def phone(raw: Any) -> Any:
    """The last eight digits: all numbers of the world are Norwegian ones."""
    digits = "".join(sign for sign in str(raw or "") if sign.isdigit())
    return digits[-8:] or None


def organisation(raw: Any) -> Any:
    """The digits alone."""
    return "".join(sign for sign in str(raw or "") if sign.isdigit()) or None


def number(raw: Any) -> Any:
    """A decimal without trailing zeros."""
    return None if raw is None else Decimal(str(raw)).normalize() + 0


def scaled(by: int) -> Turn:
    """A decimal that the wire has so many times as large."""
    return lambda raw: None if raw is None else (Decimal(str(raw)) / by).normalize() + 0


def up(by: int) -> Turn:
    """The other way round."""
    return lambda value: None if value is None else value * by


def rounded(places: int) -> Turn:
    """To so many places, half away from zero."""

    def turn(value: Any) -> Any:
        if value is None:
            return None
        return value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP).normalize() + 0

    return turn


def same(value: Any) -> Any:
    """As it is."""
    return value


def inverse(table: Mapping[Any, Any]) -> Turn:
    """Word -> what the wire says for it."""
    turned = {word: wire for wire, word in table.items()}
    return lambda value: turned[value]


def cut_at(length: int) -> Turn:
    """The first so many characters."""
    return lambda value: value[:length].strip() if value else value


def code_of(region: Any, country: Any) -> str | None:
    """The ISO 3166-2 code of a subdivision of a country, of its code or its name; else none."""
    wanted = str(region or "").casefold()
    for code, name in REGIONS.get(country or "", {}).items():
        if wanted in {code.casefold(), name.casefold()}:
            return code
    return None
