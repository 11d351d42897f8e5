"""A system as a person sees it: its records by hidden tag, in neutral values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from talk_sdk.testing.control import LocalControl
from talk_sdk.testing.simulation.rendering import FIELDS, KEYS, LINE_FIELDS, at

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

    def __init__(self, connector: str, control: LocalControl) -> None:
        self._connector = connector
        self.records: dict[str, list[Seen]] = {}
        for kind in ("customers", "products", "orders"):
            self.records[kind] = [self._seen(kind, raw) for raw in control.dump(kind)]

    def every(self) -> Iterator[Seen]:
        """All records and lines."""
        for found in self.records.values():
            for seen in found:
                yield seen
                yield from seen.lines

    def tag_of(self, kind: str, id_: Any) -> str | None:
        """The tag of a record by its id."""
        return next((s.tag for s in self.records[kind] if s.id == str(id_)), None)

    def _seen(self, kind: str, raw: Mapping[str, Any]) -> Seen:
        places = KEYS[self._connector][kind]
        values = {f.name: f.side(self._connector).read(at(raw, f.side(self._connector).path))
                  for f in FIELDS[kind]}  # fmt: skip
        tag = raw[places["tag"]] or f"untagged {values.get('name')}"
        seen = Seen(kind, str(raw[places["id"]]), tag, values, raw)
        if "stock" in places:
            seen.stock = raw[places["stock"]] or 0
        if kind == "orders":
            values["customer"] = self._customer(raw)
            seen.lines = [self._line(seen, line) for line in raw["lines"]]
        return seen

    def _customer(self, raw: Mapping[str, Any]) -> str | None:
        id_ = raw[KEYS[self._connector]["orders"]["customer"]]
        if id_ is not None:
            return self.tag_of("customers", id_)
        guest = raw.get("guest")
        return f"untagged {guest['name']}" if guest else None

    def _line(self, order: Seen, raw: Mapping[str, Any]) -> Seen:
        places = KEYS[self._connector]["lines"]
        values = {f.name: f.side(self._connector).read(at(raw, f.side(self._connector).path))
                  for f in LINE_FIELDS}  # fmt: skip
        product = raw[places["product"]]
        values["product"] = None if product is None else self.tag_of("products", product)
        values["order"] = order.tag
        return Seen("lines", order.id, raw[places["tag"]] or "untagged", values, raw)


@dataclass(frozen=True)
class Twin:
    """One of the two systems."""

    name: str
    connector: str
    control: LocalControl

    def view(self) -> View:
        """What it holds now."""
        return View(self.connector, self.control)
