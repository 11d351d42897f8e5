"""Lenses for countries, their parts, and numbers that are of a country."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from talk_sdk.lenses.lens import Lens

__all__ = ["country_name", "organisation_number", "phone", "subdivision"]


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
        text = str(wire)
        if text.isascii() and text.isdigit():
            return text
        text = re.sub(r"[\s.\-/]", "", text).upper()
        # As often as it is there: what is read must read the same once it was written.
        bare = re.sub(r"^(?:[A-Z]{2})+(?=[0-9A-Z]*\d)", "", text)
        return re.sub(r"(?<=\d)MVA$", "", bare)

    return Lens("organisation_number", get)


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


_PLAIN = re.compile(r"\+[1-9][0-9]+")


def _e164(text: str, region: str) -> str | None:
    return text if _PLAIN.fullmatch(text) and _stays(text) else _parsed(text, region)


def _stays(text: str) -> bool:
    """Whether a number with its country's code is E.164 already, or not a number at all.

    All that parsing can take away from one is the prefix of calls within the country, which some
    people write after the code. To look for it takes a twentieth of the time.
    """
    for end in (2, 3, 4):
        prefix = _trunk_prefix(text[1:end])
        if prefix is not None:
            return prefix.match(text, end) is None
    return True


@cache
def _trunk_prefix(code: str) -> re.Pattern[str] | None:
    """What begins a call within the countries of a code; None if it is no code."""
    import phonenumbers

    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(code))
    if not regions:
        return None
    found = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(int(code), regions[0])
    return re.compile((found and found.national_prefix_for_parsing) or r"(?!)")


@lru_cache(maxsize=8192)
def _parsed(text: str, region: str) -> str | None:
    import phonenumbers

    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if number.extension or not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
