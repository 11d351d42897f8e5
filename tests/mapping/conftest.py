"""The tables of all installed connectors, and what hypothesis draws for their pairs."""

from __future__ import annotations

import inspect
import re
import sys
import types
import unicodedata
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.metadata import entry_points
from typing import Any, Union, get_args, get_origin
from urllib.parse import urlsplit

import pycountry
import pytest
from babel import Locale
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from talk_sdk.concepts import types as kinds
from talk_sdk.connector import Entity
from talk_sdk.lenses import Lens
from talk_sdk.mapping import Compiled, Pair, compile_mapping
from talk_sdk.models import WireModel
from talk_sdk.testing.workbench import BASE_URLS

GROUP = "talk_sdk.connectors"
USUAL: dict[str, dict[str, Any]] = {
    "membercare": {
        "order_dimension": "dimension5",
        "line_product": "DIVERSE",
        "shipping_product": "FRAKT",
    },
    "wave": {"access_token": "x", "line_product": "QQ==", "shipping_product": "Qg=="},
    "webcrm": {
        "item_unit": 2,
        "active_status": "Kunde",
        "archived_status": "Arkivert",
        "levels": {"1": "draft", "2": "open", "3": "closed", "4": "cancelled"},
    },
    "squarespace": {
        "currency": "NOK",
        "products": "v2",
        "tax_percent": 25,
        "import_when": ["open", "closed"],
    },
}
"""Settings that a connector mostly has, though none of them alone is required."""
USUAL_NAMES = (("Customer", "customers"), ("Product", "products"), ("Order", "orders"))
NAMES = {
    "membercare": (("Companies", "companies"), ("Products", "products"), ("Invoices", "invoices")),
    "wave": (*USUAL_NAMES[:2], ("Invoice", "invoices")),
    "webcrm": (
        ("Organisations", "organisations"),
        ("Products", "linked_data"),
        ("Opportunities", "opportunities"),
    ),
    "squarespace": (
        ("Customer", "orders"),
        ("Sesamproducts", "products"),
        ("Order", "orders"),
    ),
}
"""Connector → entities and collections of customers, products, orders, where they differ."""


@dataclass(frozen=True)
class Table:
    """A compiled table, and the model of the records that it reads."""

    name: str
    compiled: Compiled
    model: type[WireModel]

    @property
    def whole(self) -> bool:
        """Whether it is of records of their own, not of lines."""
        return "." not in self.compiled.entity


@dataclass(frozen=True)
class Installed:
    """A connector's module, and settings that it accepts."""

    name: str
    hooks: Any
    settings: Any

    @property
    def base_path(self) -> str:
        """Where the twin's API begins."""
        return urlsplit(BASE_URLS[self.name]).path

    @property
    def names(self) -> tuple[tuple[str, str], ...]:
        """Entity and collection of its customers, its products, and its orders."""
        return NAMES.get(self.name, USUAL_NAMES)

    def entities(self) -> dict[str, Entity]:
        return {entity.name: entity for entity in self.hooks.talk_entities(self.settings)}

    def tables(self) -> list[Table]:
        found = []
        for mapping in self.hooks.talk_mappings(self.settings):
            compiled = compile_mapping(mapping)
            found.append(Table(f"{self.name}.{mapping.entity}", compiled, mapping.model))
            for row in compiled.children.values():
                inner = _item_model(mapping, row.mapping)
                found.append(Table(f"{self.name}.{row.mapping.entity}", row.mapping, inner))
        return found


def _item_model(mapping: Any, inner: Compiled) -> type[WireModel]:
    name = inner.entity.rpartition(".")[2]
    wire = next(r.wire for r in mapping.rows if r.property == name)
    (model,) = [a for a in annotation(mapping.model, wire).__args__ if a is not ...]
    return model  # type: ignore[no-any-return]


@cache
def connectors() -> tuple[Installed, ...]:
    """Every installed connector; a required setting is an address, which any text may be."""
    found = []
    for point in sorted(entry_points(group=GROUP), key=lambda p: p.name):
        hooks = point.load()
        model = hooks.talk_connector().settings
        given = {n: "http://x" for n, field in model.model_fields.items() if field.is_required()}
        given |= USUAL.get(point.name, {})
        found.append(Installed(point.name, hooks, model.model_validate(given)))
    return tuple(found)


@cache
def tables() -> tuple[Table, ...]:
    """Every table of every installed connector, those of lines included."""
    return tuple(table for connector in connectors() for table in connector.tables())


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes a `connector` or a `table` is run for each that is installed."""
    if "connector" in metafunc.fixturenames:
        metafunc.parametrize("connector", connectors(), ids=lambda each: each.name)
    if "table" in metafunc.fixturenames:
        metafunc.parametrize("table", tables(), ids=lambda each: each.name)


@pytest.fixture
def drawing():
    """The functions of this file that draw."""
    return sys.modules[__name__]


@pytest.fixture
def installed():
    """All connectors."""
    return connectors()


# --- what is drawn --------------------------------------------------------------------------------

COUNTRIES = sorted(country.alpha_2 for country in pycountry.countries)
CURRENCIES = ["NOK", "EUR", "JPY"]
NORWEGIAN = ["NO-50", "NO-03", "Trøndelag"]
SUBDIVISIONS = ["NO-50", "NO-03", "US-NC", "Trøndelag", "north carolina", "Skåne län"]

AWKWARD = (
    "Bjørn Ødegård", "Zoe\u0308", "Rene\u0301 ", " 佐藤 美咲\n", "지우", "O'Brien — «Co»", "a\tb",
    "x" * 49 + " y", "e\u0301" * 40, "ø" * 300, "😀" * 60, "\u1e9b\u0323", "\u0958" * 3, "?", "0",
    "NULL", "-", "\u200b", "\ufeffx", "1.50", "true", "İstanbul", "ß", "ŉ",
)  # fmt: skip

PHONES = (
    "+47 22 33 44 55", "22334455", "0047 22334455", "22 33 44 55", "(+47) 22-33-44-55",
    "ring etter kl. 17", "+49 89 123456", "1-800-FLOWERS", "22334455 ext. 7", "112",
    "+", "0", "90 12 34 56 / 22 33 44 55", "+47", "02/123.45.67",
    "\uff12\uff12 33 44 55",
)  # fmt: skip

BARCODES = ("70123456", "7012345678901")

NUMBERS = (
    "987654321", "NO 987 654 321 MVA", "no987654321mva", "DE123456789", "ATU12345678",
    "FRXX123456789", "NONO123", "GB 123 4567 89", "123 MVA MVA", "MVA", "NO", "SE556677-8899 01",
    "...", "NO 987.654.321", "\u01f0\u0390 1", "NO٣",
)  # fmt: skip


def texts(longest: int | None = None) -> SearchStrategy[str]:
    """Texts that are not blank and hold no NUL; `longest` is a bound of the composed form."""

    def fits(text: str) -> bool:
        clean = unicodedata.normalize("NFC", text).strip()
        return bool(clean) and (longest is None or len(clean) <= longest)

    plain = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=longest or 80)
    cut = st.sampled_from([text[:longest] for text in AWKWARD])
    return st.one_of(cut, plain).filter(fits)


def decimals(places: int) -> SearchStrategy[Decimal]:
    """Numbers with at most so many places."""
    return st.integers(-(10**12), 10**12).map(lambda n: Decimal(n).scaleb(-places))


# --- canonical values -----------------------------------------------------------------------------


def values(pair: Pair, kind: kinds.PropertyType) -> SearchStrategy[Any]:
    """Canonical values of a property, in particular those that the pair may meet."""
    return _values(pair, kind).map(kind.canonical).filter(lambda value: value is not None)


def _values(pair: Pair, kind: kinds.PropertyType) -> SearchStrategy[Any]:
    entity = re.match(r"ref\((\w+)", pair.lens.name)
    name = entity[1] if entity else getattr(kind, "concept", "")
    typed: dict[str, SearchStrategy[Any]] = {
        "Ref": st.integers(1, 10**9).map(lambda n: f"{name}:{n}"),
        "Choice": st.sampled_from(getattr(kind, "words", None) or [""]),
        "Boolean": st.booleans(),
        "Day": st.dates(date(1900, 1, 1)),
        "Number": st.one_of(decimals(0), decimals(2), decimals(8)),
        "Counter": st.one_of(decimals(0), decimals(2), decimals(8)),
        "Code": _codes(kind),
    }
    if kind.name == "subdivision":
        return st.one_of(st.sampled_from(NORWEGIAN), st.sampled_from(SUBDIVISIONS), texts())
    text = st.one_of(texts(), st.sampled_from([*PHONES, *NUMBERS, *AWKWARD]))
    if pair.property == "barcode":
        text = st.one_of(text, st.sampled_from(BARCODES))
    return typed.get(type(kind).__name__, text)


def _codes(kind: kinds.PropertyType) -> SearchStrategy[str]:
    """Currencies, or countries: some of them often, so that other fields meet their own."""
    if kind.name != "country":
        return st.sampled_from(CURRENCIES)
    # A subdivision is only reached beside its own country.
    return st.one_of(st.just("NO"), st.sampled_from(["NO", "US"]), st.sampled_from(COUNTRIES))


# --- values on the wire ---------------------------------------------------------------------------


def wires(pair: Pair, kind: kinds.PropertyType, model: type[WireModel]) -> dict[str, Any]:
    """For each path of a pair, what the system may have there, nothing and blanks included."""
    return {path: _wire(pair, kind, annotation(model, path), path) for path in pair.wires}


def annotation(model: type[WireModel], path: str) -> Any:
    """The type of a field, None apart."""
    kind: Any = model
    for name in path.split("."):
        kind = kind.model_fields[name].annotation
        parts = [a for a in get_args(kind) if a is not types.NoneType]
        if get_origin(kind) in {Union, types.UnionType} and len(parts) == 1:
            (kind,) = parts
    return kind


def _wire(pair: Pair, kind: kinds.PropertyType, type_: Any, path: str) -> SearchStrategy[Any]:
    said = _said(pair.lens, kind, type_)
    if path.endswith("CodeISO"):
        said = st.sampled_from(COUNTRIES)
    empty: list[Any] = [None, pair.placeholder]
    if type_ is str:
        empty += ["", " ", "\t\n"]
    return st.one_of(said, said, said, st.sampled_from(empty))


def codes_of(lens: Lens) -> frozenset[str]:
    """The codes that a system knows."""
    return frozenset(inspect.getclosurevars(lens.put).nonlocals["codes"])


def said_by(lens: Lens) -> dict[Any, str]:
    """The table of an enum."""
    return dict(inspect.getclosurevars(lens.get).nonlocals["table"])


def _said(lens: Lens, kind: kinds.PropertyType, type_: Any) -> SearchStrategy[Any]:
    name, _, rest = lens.name.rstrip(")").partition("(")
    sizes = [int(word) for word in re.findall(r"\d+", rest)] or [0]
    last = decimals(sizes[-1])
    number = last.map(lambda n: int(n) if n == int(n) else n)
    # A lens that is not in this table cannot be tested, and must not pass for tested.
    by_lens = {
        "identity": lambda: _plain(kind),
        "enum": lambda: st.sampled_from(list(said_by(lens))),
        "inverse_flag": st.booleans,
        "decimal_text": lambda: st.one_of(last.map("{:f}".format), last.map(" {:+f}".format)),
        "decimal_number": lambda: number,
        "scaled": lambda: number,
        "truncate": lambda: texts(sizes[0]),
        "phone": lambda: st.one_of(st.sampled_from(PHONES), texts()),
        "organisation_number": lambda: st.one_of(st.sampled_from(NUMBERS), texts()),
        "country_name": lambda: _country_names(rest),
        "one_of": lambda: _codes(kind).filter(codes_of(lens).__contains__),
        "subdivision": lambda: st.sampled_from(SUBDIVISIONS[:3]),
        "country": lambda: _country_names(rest),
        "currency": lambda: st.sampled_from(CURRENCIES),
        "vat_code": lambda: decimals(2).map("{:f}".format),
        "level": lambda: st.integers(1, 4),
        "archived": lambda: st.one_of(st.sampled_from(["Kunde", "arkivert"]), texts()),
        "employed": lambda: st.sampled_from(["Active", "Resigned", "Other", "Guest"]),
        "day": lambda: st.dates(date(1950, 1, 1)).map("{}T00:00:00+02:00".format),
        "placed": lambda: _plain(kind),
        "priced_shipping": lambda: number if type_ is not str else decimals(8).map("{:f}".format),
        "html_text": lambda: st.one_of(texts(), texts().map("<p>a<br>{}</p> <b>b</b>".format)),
        "html": texts,
        "gross": lambda: decimals(2).map("{:f}".format),
        "weight": lambda: decimals(4).map(abs).map(lambda n: int(n) if n == int(n) else n),
        "at_most": lambda: texts(sizes[0]),
        "barcode": lambda: st.sampled_from(BARCODES),
        "on_hand": lambda: st.integers(0, 10**9),
        "whole": lambda: st.integers(1, 10**6),
        "status": lambda: st.sampled_from(["PENDING", "FULFILLED"]),
        "ref": lambda: st.integers(1, 10**9) if type_ is int else st.sampled_from(["17", "a@b.no"]),
    }
    return by_lens[name]()


def _known_to(lens: Lens, kind: kinds.PropertyType) -> list[str]:
    """Of the usual codes those that a system knows."""
    codes = inspect.getclosurevars(lens.put).nonlocals["codes"]
    return [c for c in (["NO", "US"] if kind.name == "country" else CURRENCIES) if c in codes]


def _country_names(language: str) -> SearchStrategy[str]:
    names = Locale.parse(language, sep="-").territories
    said = st.sampled_from([*(names[code] for code in COUNTRIES), *COUNTRIES])
    return st.one_of(said, said.map(str.upper), said.map(lambda text: f" {text.lower()}"))


def _plain(kind: kinds.PropertyType) -> SearchStrategy[Any]:
    if isinstance(kind, kinds.Boolean):
        return st.booleans()
    if isinstance(kind, kinds.Choice):
        return st.sampled_from(kind.words)
    if isinstance(kind, kinds.Day):
        return st.dates(date(1900, 1, 1)).map(date.isoformat)
    if isinstance(kind, kinds.Code):
        codes = COUNTRIES if kind.name == "country" else CURRENCIES
        return st.sampled_from(codes).flatmap(lambda c: st.sampled_from([c, c.lower(), f" {c} "]))
    return texts()
