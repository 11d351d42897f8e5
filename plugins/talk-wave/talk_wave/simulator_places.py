"""Countries, provinces and currencies, as constants that cannot be read incrementally."""

from __future__ import annotations

from functools import cache
from typing import Any

import pycountry

WITHOUT_CENTS = frozenset({"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF"})
_SYMBOLS = {"NOK": "kr", "SEK": "kr", "DKK": "kr", "EUR": "€", "USD": "$", "GBP": "£"}
_CURRENCY_OF = {
    "NO": "NOK", "SE": "SEK", "DK": "DKK", "GB": "GBP", "US": "USD", "CA": "CAD", "JP": "JPY",
}  # fmt: skip
"""The rest is told as if it had the euro."""


_SUBDIVISIONS: Any = pycountry.subdivisions
"""Untyped in the library."""


def places_of(currency: str) -> int:
    """How many decimals amounts of a currency have."""
    return 0 if currency in WITHOUT_CENTS else 2


@cache
def currency(code: str) -> dict[str, Any]:
    """A currency in the form of its GraphQL type."""
    known = pycountry.currencies.get(alpha_3=code)
    name = known.name if known else code
    return {
        "code": code,
        "symbol": _SYMBOLS.get(code, code),
        "name": name,
        "plural": f"{name}s",
        "exponent": places_of(code),
    }


@cache
def country(code: str) -> dict[str, Any]:
    """A country in the form of its GraphQL type."""
    known = pycountry.countries.get(alpha_2=code)
    name = known.name if known else code
    return {
        "code": code,
        "name": name,
        "nameWithArticle": name,
        "currency": currency(_CURRENCY_OF.get(code, "EUR")),
        "provinces": [_province(each) for each in _SUBDIVISIONS.get(country_code=code) or ()],
    }


@cache
def province(code: str) -> dict[str, Any] | None:
    """A province by its ISO 3166-2 code, or none."""
    known = _SUBDIVISIONS.get(code=code)
    return _province(known) if known else None


def _province(known: Any) -> dict[str, Any]:
    return {"code": known.code, "name": known.name, "slug": known.name.lower().replace(" ", "-")}
