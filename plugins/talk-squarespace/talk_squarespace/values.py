"""Lenses for what Squarespace says in ways of its own."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import UTC
from decimal import ROUND_HALF_UP, Decimal
from html import escape
from html.parser import HTMLParser
from typing import Any

from talk_sdk.lenses import Lens, day, decimal_number, decimal_text

__all__ = ["at_most", "barcode", "day_in", "gross", "html", "html_text", "on_hand", "status",
           "weight", "whole"]  # fmt: skip

_POUND = Decimal("0.45359237")
_STATUS = {"PENDING": "open", "FULFILLED": "closed", "CANCELED": "cancelled"}
_BLOCKS = frozenset({"p", "div", "ul", "ol", "table", "h1", "h2", "h3", "h4", "h5", "h6",
                     "blockquote", "pre"})  # fmt: skip
_ROWS = frozenset({"br", "li", "tr"})


class _Reader(HTMLParser):
    """What a page of HTML says, without how it looks."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._mute = 0

    def handle_starttag(self, tag: str, attrs: Any) -> None:  # noqa: ARG002 - the parser's
        self._mute += tag in {"script", "style"}
        self.parts.append("\n\n" if tag in _BLOCKS else "\n" if tag in _ROWS else "")

    def handle_endtag(self, tag: str) -> None:
        self._mute -= tag in {"script", "style"}
        self.parts.append("\n\n" if tag in _BLOCKS else "")

    def handle_data(self, data: str) -> None:
        if not self._mute:
            self.parts.append(re.sub(r"\s+", " ", data))


def _said(source: str) -> str:
    reader = _Reader()
    reader.feed(source)
    reader.close()
    text = re.sub(r"[^\S\n]*\n[^\S\n]*", "\n", "".join(reader.parts))
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def html_text() -> Lens:
    """Plain text in a field of HTML: paragraphs and line breaks are kept, looks are not.

    White space is as HTML has it: several blanks are one.
    """

    def put(text: str) -> str:
        lines = "\n".join(re.sub(r"[^\S\n]+", " ", line).strip() for line in text.splitlines())
        blocks = [escape(block, quote=False) for block in re.split(r"\n{2,}", lines.strip())]
        return "".join(f"<p>{block.replace(chr(10), '<br>')}</p>" for block in blocks)

    return Lens("html_text", _said, put)


def html() -> Lens:
    """HTML that the site sanitises: what says the same is a rendering, however it is written."""
    return Lens("html", alike=lambda value, read: _said(str(value)) == _said(str(read)))


def gross(percent: Decimal, places: int = 2) -> Lens:
    """A net price where prices include tax of one percentage.

    A product that is known to have another rate has no price that would be right here.
    """
    factor = 1 + percent / 100

    def get(wire: Any, _rate: Any) -> Decimal:
        return (Decimal(str(wire)) / factor).quantize(Decimal("1e-8"), ROUND_HALF_UP)

    def put(value: Decimal, rate: Any) -> str:
        if rate is not None and Decimal(str(rate)) != percent:
            raise ValueError(f"prices here include {percent} % of tax, the product has {rate} %")
        return f"{(value * factor).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP):f}"

    return Lens(f"gross({percent})", get, put, ("tax_rate",))


def price(percent: Decimal | None, places: int = 2) -> Lens:
    """A price as the store has it: net, or with tax."""
    return decimal_text(places) if percent is None else gross(percent, places)


def weight(unit: str) -> Lens:
    """A weight in the store's unit, with at most four places; kilograms on our side."""
    factor, number = (_POUND if unit == "POUND" else Decimal(1)), decimal_number(4)
    return Lens(
        f"weight({unit})",
        lambda wire: Decimal(str(wire)) * factor,
        lambda value: number.put(value / factor),
    )


def at_most(length: int) -> Lens:
    """A text that is another one when it is cut: a longer one cannot be said."""

    def put(text: str) -> str:
        if len(text) > length:
            raise ValueError(f"it has more than {length} characters")
        return text

    return Lens(f"at_most({length})", put=put)


def barcode() -> Lens:
    """A GTIN of 8, 12, 13 or 14 digits."""

    def put(text: str) -> str:
        if not re.fullmatch(r"\d{8}|\d{12,14}", text, re.ASCII):
            raise ValueError("a barcode has 8, 12, 13 or 14 digits here")
        return text

    return Lens("barcode", put=put)


def on_hand() -> Lens:
    """A stock: whole, and not below nought."""
    number = decimal_number(0)

    def put(value: Decimal) -> Any:
        if value < 0:
            raise ValueError("there is no stock below nought")
        return number.put(value)

    return Lens("on_hand", number.get, put)


def whole() -> Lens:
    """How many of something: whole pieces, from 1 to a million."""

    def put(value: Decimal) -> int:
        if value != value.to_integral_value() or not 1 <= value <= 1_000_000:  # noqa: PLR2004
            raise ValueError("lines are of 1 to 1000000 whole pieces")
        return int(value)

    return Lens("whole", lambda wire: Decimal(str(wire)), put)


def status(final: Collection[str]) -> Lens:
    """Where an order stands; written are only the statuses with which it is final."""
    words = {word: wire for wire, word in _STATUS.items()}

    def get(wire: Any) -> str:
        return _STATUS[str(wire)]

    def put(word: str) -> str:
        if word not in final:
            raise ValueError(f"only orders that are {' or '.join(final)} are imported")
        return words[word]

    return Lens("status", get, put)


def day_in(zone: str) -> Lens:
    """The day on which a moment lies where the site is; a moment is written in UTC."""
    return day(zone, lambda moment: f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat()}Z")
