"""Two-way functions between a value on the wire and a canonical value.

`get` reads what a system says, `put` writes what it should hold. For every lens
`get(put(v)) == render(v)`, `render` being what the lens declares (identity, if it says
nothing), and `put(get(w))` reads as `w` again. `None` is empty in both worlds; a lens never
sees it. Lenses have no clock, no I/O and no state but memoised look-ups.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cache, lru_cache
from typing import Any

__all__ = [
    "IDENTITY",
    "UNSAID",
    "Lens",
    "country_name",
    "decimal_number",
    "decimal_text",
    "enum",
    "inverse_flag",
    "named",
    "one_of",
    "organisation_number",
    "phone",
    "ref",
    "scaled",
    "subdivision",
    "truncate",
]


UNSAID: Any = type("Unsaid", (), {"__repr__": lambda _self: "UNSAID"})()
"""What a path holds that a record does not say, and what `put` leaves unwritten."""


def _same(value: Any) -> Any:
    return value


@dataclass(frozen=True)
class Lens:
    """A two-way function for one pair of a mapping.

    Attributes:
        name: how documents and errors call it.
        get: wire value (and the siblings named in `reads`) → value.
        put: value (and those siblings) → wire value.
        reads: properties of the same record that both functions are given, in canonical
            form, None where empty or not said: a gross price needs the tax rate.
        alike: whether what was read is another form of a value, beside the one that
            `get(put(value))` shows; None if there is no other.
    """

    name: str
    get: Callable[..., Any] = _same
    put: Callable[..., Any] = _same
    reads: tuple[str, ...] = ()
    alike: Callable[[Any, Any], bool] | None = None


IDENTITY = Lens("identity")


def _rounded(value: Decimal, places: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


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

    return Lens(f"truncate({length})", _same, lambda value: value[:length].rstrip(), alike=alike)


@cache
def country_name(language: str) -> Lens:
    """A country as its name in a language (CLDR), as `nb` says "Norge" for NO.

    Reads any case, and ISO codes as well.
    """

    def get(wire: str) -> str:
        codes, _ = _countries(language)
        code = codes.get(wire.strip().casefold())
        if code is None:
            raise ValueError(f"{wire!r} is no country's name in language {language!r}")
        return code

    def put(code: str) -> str:
        _, names = _countries(language)
        if code not in names:
            raise ValueError(f"{code!r} is no country code")
        return names[code]

    return Lens(f"country_name({language})", get, put)


@cache
def _countries(language: str) -> tuple[dict[str, str], dict[str, str]]:
    from babel import Locale

    names = {
        code: name
        for code, name in Locale.parse(language, sep="-").territories.items()
        if re.fullmatch("[A-Z]{2}", code) and code not in {"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"}
    }
    codes = {code.casefold(): code for code in names}
    codes.update((name.casefold(), code) for code, name in names.items())
    return codes, names


@cache
def one_of(codes: frozenset[str]) -> Lens:
    """A code that the system knows only some of: currencies, countries."""

    def put(code: str) -> str:
        if code not in codes:
            raise ValueError(f"{code} is none that the system knows")
        return code

    return Lens("one_of", _same, put)


@cache
def subdivision(country: str = "billing_address.country") -> Lens:
    """A state or province by its ISO 3166-2 code, where the system takes only such.

    Writes a name as the code of that name in the record's country. What is no subdivision of
    that country reads and is written as none: a system of this kind refuses it, and would refuse
    the country with it. `country` is the property with the record's country.
    """

    def get(wire: str, own: str | None) -> str | None:
        return wire.strip().upper() if own and _belongs(wire, own) else None

    def put(value: str, own: str | None) -> str | None:
        if own is None:
            return None
        return value.upper() if _belongs(value, own) else _subdivisions(own).get(value.casefold())

    return Lens("subdivision", get, put, (country,))


def _belongs(code: str, country: str) -> bool:
    return bool(re.fullmatch(rf"\s*{country}-[A-Z0-9]{{1,3}}\s*", code, re.IGNORECASE | re.ASCII))


@lru_cache(maxsize=256)
def _subdivisions(country: str) -> dict[str, str]:
    """The names of a country's subdivisions, folded → code; of one name, the broadest."""
    import pycountry

    rows = pycountry.subdivisions.get(country_code=country) or []  # type: ignore[no-untyped-call]
    found: dict[str, str] = {}
    for row in sorted(rows, key=lambda row: (row.parent_code is not None, row.code)):
        found.setdefault(row.name.casefold(), row.code)
    return found


@cache
def organisation_number() -> Lens:
    """A registration or VAT number without blanks, dots and a leading country prefix.

    "NO 987 654 321 MVA" reads "987654321". What is written is the bare number.
    """

    def get(wire: str) -> str:
        text = re.sub(r"[\s.\-/]", "", str(wire)).upper()
        # As often as it is there: what is read must read the same once it was written.
        bare = re.sub(r"^(?:[A-Z]{2})+(?=[0-9A-Z]*\d)", "", text)
        return re.sub(r"(?<=\d)MVA$", "", bare)

    return Lens("organisation_number", get, _same)


@cache
def phone(region: str, country: str = "billing_address.country") -> Lens:
    """A phone number: E.164 where it parses with the record's country, else with the region.

    Else the text as typed. `region` is the system's ISO country, `country` the property
    with the record's.
    """

    def get(wire: str, own: str | None) -> str:
        text = str(wire)
        return (own and _e164(text, own)) or _e164(text, region) or text

    return Lens(f"phone({region})", get, lambda value, _own: value, (country,))


@lru_cache(maxsize=65536)
def _e164(text: str, region: str) -> str | None:
    import phonenumbers

    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if number.extension or not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


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


_BY_NAME: Mapping[str, Callable[..., Lens]] = {
    "decimal_text": decimal_text,
    "decimal_number": decimal_number,
    "scaled": scaled,
    "inverse_flag": inverse_flag,
    "truncate": truncate,
    "country_name": country_name,
    "organisation_number": organisation_number,
    "phone": phone,
    "ref": ref,
    "subdivision": subdivision,
}

_NUMBERED = {"decimal_text", "decimal_number", "scaled", "truncate"}


def named(text: str) -> Lens:
    """The lens that talk.toml writes as `truncate(50)` or `country_name(nb)`.

    Raises:
        ValueError: no such lens, or it does not take these arguments.
    """
    found = re.fullmatch(r"\s*(\w+)\s*(?:\(([^()]*)\))?\s*", text)
    if found is None or found[1] not in _BY_NAME:
        raise ValueError(f"{text!r} is no lens; there are {', '.join(sorted(_BY_NAME))}")
    if found[2] and found[1] in _NUMBERED and not re.fullmatch(r"[\s\d,-]+", found[2]):
        raise ValueError(f"lens {text!r} takes numbers, as in {found[1]}(2)")
    words = [word.strip().strip("\"'") for word in (found[2] or "").split(",") if word.strip()]
    try:
        return _BY_NAME[found[1]](*[int(w) if w.lstrip("-").isdigit() else w for w in words])
    except TypeError as error:
        raise ValueError(f"lens {text!r}: {error}") from None
