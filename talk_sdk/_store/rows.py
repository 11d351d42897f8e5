"""Golden records and links as the engine holds them: one object per row, JSON decoded."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from talk_sdk.operations import Scalar

__all__ = ["GoldenRow", "LinkRow", "LinkState", "Provenance"]

LinkState = Literal["new", "live", "dormant", "ignored", "dead", "alias", "review"]

Provenance = tuple[str, float | None, float, bool]
"""Who said a value and when: system, earliest and latest moment, whether by record time."""


class GoldenRow(msgspec.Struct):
    """Our merged record of one real-world thing.

    Attributes:
        data: property → canonical value; a reference is a golden id.
        revs: property → revision. A property in `data` and not here is at revision 1, one in
            neither at 0.
        prov: property → provenance; "" for all others.
        position: place among its sisters, for children.
        dirty: the plan has to look at it.
    """

    id: str
    concept: str
    origin: str
    parent: str | None = None
    position: int = 0
    data: dict[str, Scalar] = msgspec.field(default_factory=dict)
    revs: dict[str, int] = msgspec.field(default_factory=dict)
    prov: dict[str, Any] = msgspec.field(default_factory=dict)
    state: str = "live"
    dirty: bool = True
    fresh: bool = False  # not in the store yet

    def rev(self, name: str) -> int:
        """The revision of a property."""
        return self.revs.get(name, 1 if name in self.data else 0)

    def source(self, name: str) -> Provenance | None:
        """Who said the value of a property, and when."""
        found = self.prov.get(name) or self.prov.get("")
        return tuple(found) if found else None


# No Struct: those compare all their fields, and `stored` says nothing of the record.
@dataclass(slots=True)
class LinkRow:
    """A record of a system, linked to a golden record or not yet.

    Attributes:
        shadow: what the system last returned and was merged; references as `Entity:id`.
        pending: what was read since and differs.
        behind: property → the revision that the system has, where plan has to look: mostly an
            older one. The newest one stands for a system that is up to date and says something
            of its own, as a number that it assigned.
        found: property → what a doubted write left behind (rule D1).
        held: property → why it is neither merged nor written.
        barred: target (`erp.Customer`) → the condition of a dataflow that the record does not
            meet, `when` or `filter`.
        alias: the id of the record that this one was merged into, in its own system.
        children: list → lines as last read, where they were not merged yet.
        mod_lo, mod_hi: the span of the record's own modified time.
        seen: our last look at the record.
        edit_lo, edit_hi: the span in which the pending values were typed.
        stored: what the store finds it by, as it is there; None if it is not.
    """

    id: int
    system: str
    entity: str
    ext: str
    concept: str
    golden: str | None = None
    parent: int | None = None
    state: LinkState = "new"
    shadow: dict[str, Scalar] = field(default_factory=dict)
    pending: dict[str, Scalar] = field(default_factory=dict)
    behind: dict[str, int] = field(default_factory=dict)
    found: dict[str, Scalar] = field(default_factory=dict)
    held: dict[str, str] = field(default_factory=dict)
    children: dict[str, list[Any]] | None = None
    fingerprint: bytes | None = None
    version: str | None = None
    mod_lo: float | None = None
    mod_hi: float | None = None
    created: float | None = None
    seen: float = 0.0
    edit_lo: float | None = None
    edit_hi: float | None = None
    barred: dict[str, str] = field(default_factory=dict)
    alias: str | None = None
    stored: tuple[object, ...] | None = field(default=None, compare=False, repr=False)

    @property
    def indexed(self) -> tuple[object, ...]:
        """What the store finds it by."""
        return self.ext, self.golden, self.parent, self.state

    @property
    def dirty(self) -> bool:
        """Whether merge has to look at it."""
        return bool(self.pending) or self.children is not None

    @property
    def name(self) -> str:
        """How people name it: `shop.Customer:17`."""
        return f"{self.system}.{self.entity}:{self.ext}"
