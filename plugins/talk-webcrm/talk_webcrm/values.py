"""Lenses for values that each webCRM system names in its own way."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from talk_sdk.lenses import UNSAID, Lens, country_name

__all__ = ["archived", "country", "currency", "employed", "level", "vat_code"]


def currency(names: Mapping[str, str], *, symbol: bool = False) -> Lens:
    """A currency by its code, or by a name that the settings know; with `symbol`, of two fields.

    The second field is read where the first is empty, and never written.
    """
    codes = {name.casefold(): code.upper() for name, code in names.items()}
    spoken = {code: name for name, code in reversed(codes.items())}
    own = {name.casefold(): name for name in names}

    def get(wire: Any) -> str | None:
        said = [str(part or "").strip() for part in (wire if symbol else (wire,))]
        text = next(filter(None, said), None)
        if text is None:
            return None
        code = codes.get(text.casefold(), text.upper())
        if len(code) != 3 or not code.isascii() or not code.isalpha():  # noqa: PLR2004
            raise ValueError("that is no currency code; name it in `currencies`")
        return code

    def put(code: str) -> Any:
        name = own[spoken[code]] if code in spoken else code
        return (name, UNSAID) if symbol else name

    return Lens("currency", get, put)


def country(language: str) -> Lens:
    """A country, from its ISO code where that is told, else from its name; both are written."""
    names = country_name(language)

    def get(wire: Any) -> str | None:
        code, name = (str(part or "").strip() for part in wire)
        return code or (names.get(name) if name else None)

    return Lens(f"country({language})", get, lambda code: (code, names.put(code)))


def vat_code(percents: Mapping[str, Decimal]) -> Lens:
    """A VAT code by the percentage that the settings give it; a code that is a number is one."""

    def get(wire: Any) -> Decimal:
        code = str(wire).strip()
        if code in percents:
            return percents[code]
        try:
            return Decimal(code.removesuffix("%").replace(",", "."))
        except ArithmeticError:
            raise ValueError("that VAT code has no percentage; name it in `vat_codes`") from None

    def put(percent: Decimal) -> str:
        known = next((code for code, value in percents.items() if value == percent), None)
        if known is None and percents:
            raise ValueError(f"no VAT code of `vat_codes` stands for {percent} %")
        return known if known is not None else f"{percent.normalize():f}"

    return Lens("vat_code", get, put)


def level(levels: Mapping[str, str]) -> Lens:
    """A step of the pipeline by what the settings say that it means; the first is written."""
    steps: dict[str, int] = {}
    for step, status in levels.items():
        steps.setdefault(status, int(step))

    def get(wire: Any) -> str:
        if str(wire) not in levels:
            raise ValueError(f"level {wire} means nothing; name it in `levels`")
        return levels[str(wire)]

    def put(status: str) -> int:
        if status not in steps:
            raise ValueError(f"no level of `levels` means {status}")
        return steps[status]

    return Lens("level", get, put)


def archived(archive: str, active: str | None) -> Lens:
    """Active unless the status is the one that stands for archived."""

    def put(value: bool) -> Any:
        if value and active is None:
            raise ValueError("active_status does not say with which status")
        return active if value else archive

    return Lens("archived", lambda wire: str(wire).casefold() != archive.casefold(), put)


def employed() -> Lens:
    """Active unless resigned."""
    return Lens(
        "employed", lambda wire: wire != "Resigned", lambda value: "Active" if value else "Resigned"
    )
