"""A system as a person sees it: its records by hidden tag, in neutral values."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from talk_sdk.testing.control import LocalControl
from talk_sdk.testing.simulation.dialects import DIALECTS, KINDS, UNSAID, Dialect
from talk_sdk.testing.simulation.fields import FIELDS, LINE_FIELDS
from talk_sdk.testing.simulation.sides import Field, Side, at

__all__ = ["Seen", "Twin", "View"]


@dataclass
class Seen:
    """One record, or one line of an order, in one system."""

    kind: str
    id: str
    tag: str
    values: dict[str, Any]
    raw: Mapping[str, Any]
    stock: Any = None
    lines: list[Seen] = field(default_factory=list)


class View:
    """All records of a system at one moment."""

    def __init__(self, twin: Twin) -> None:
        self._twin, self._dialect = twin, twin.dialect
        self.records: dict[str, list[Seen]] = {}
        for kind in KINDS:
            self.records[kind] = [self._seen(kind, raw) for raw in twin.rows(kind)]

    @property
    def makes(self) -> frozenset[str]:
        """The kinds that its users make and edit."""
        return self._dialect.makes

    def without(self, places: Container[tuple[str, str]]) -> View:
        """The same, but for the records of these kinds and ids."""
        rest = copy(self)
        rest.records = {
            kind: [seen for seen in found if (kind, seen.id) not in places]
            for kind, found in self.records.items()
        }
        return rest

    def every(self) -> Iterator[Seen]:
        """All records and lines."""
        for found in self.records.values():
            for seen in found:
                yield seen
                yield from seen.lines

    def tag_of(self, kind: str, id_: Any) -> str | None:
        """The tag of a record by its id."""
        return next((s.tag for s in self.records[kind] if s.id == str(id_)), None)

    def _values(self, kind: str, raw: Mapping[str, Any]) -> dict[str, Any]:
        sides = _sides(self._dialect.connector, kind)
        return {name: side.read(at(raw, side.path)) for name, side in sides}

    def _seen(self, kind: str, raw: Mapping[str, Any]) -> Seen:
        places = self._dialect.places[kind]
        values = self._values(kind, raw)
        tag = at(raw, self._twin.tag_path(kind)) or f"untagged {values.get('name')}"
        seen = Seen(kind, str(raw[places["id"]]), tag, values, raw)
        if "stock" in places:
            seen.stock = raw[places["stock"]] or 0
        if kind == "orders" and "lines" in self._dialect.sides:
            values["customer"] = self._customer(raw)
            seen.lines = [self._line(seen, line) for line in raw["lines"]]
        return seen

    def _customer(self, raw: Mapping[str, Any]) -> str | None:
        id_ = at(raw, self._dialect.places["orders"]["customer"])
        if id_ is not None:
            return self.tag_of("customers", id_)
        guest = raw.get("guest")
        return f"untagged {guest['name']}" if guest else None

    def _line(self, order: Seen, raw: Mapping[str, Any]) -> Seen:
        places = self._dialect.places["lines"]
        values = self._values("lines", raw)
        product = at(raw, places["product"])
        known = product is not None and product != UNSAID
        values["product"] = self.tag_of("products", product) if known else product
        values["order"] = order.tag
        return Seen("lines", order.id, raw[places["tag"]] or "untagged", values, raw)


@cache
def _sides(connector: str, kind: str) -> tuple[tuple[str, Side], ...]:
    fields = LINE_FIELDS if kind == "lines" else FIELDS[kind]
    return tuple((f.name, f.sides[connector]) for f in fields if connector in f.sides)


@dataclass(frozen=True)
class Twin:
    """One of the systems: what its users see, and what they do."""

    name: str
    connector: str
    control: LocalControl
    settings: Mapping[str, Any]
    tags: Mapping[str, str] = field(default_factory=dict)
    """Kind -> the field that has its tags, where these have no place of their own."""

    def view(self) -> View:
        """What it holds now."""
        return View(self)

    @property
    def dialect(self) -> Dialect:
        """How it says things."""
        return DIALECTS[self.connector]

    def tag_path(self, kind: str) -> str:
        """Where the tags of a kind stand."""
        if kind in self.tags:
            return self.dialect.sides[kind][self.tags[kind]].path
        return self.dialect.places[kind]["tag"]

    def rows(self, kind: str) -> Iterator[Mapping[str, Any]]:
        """Its records, opened."""
        return self.dialect.rows(self.control, self.settings, kind)

    def edit(self, seen: Seen, changes: dict[str, Any]) -> None:
        """Change fields of a record, or all lines of an order."""
        self.dialect.edit(self.control, self.settings, seen.kind, seen.raw, changes)

    def create(self, kind: str, record: dict[str, Any]) -> None:
        """Make a new record."""
        self.dialect.create(self.control, self.settings, kind, record)

    def adjust(self, seen: Seen, delta: int) -> bool:
        """Sell a product, or take it in; whether that was possible."""
        return self.dialect.adjust(self.control, seen.raw, delta)

    def has(self, each: Field) -> bool:
        """Whether the system has a field."""
        return self.connector in each.sides
