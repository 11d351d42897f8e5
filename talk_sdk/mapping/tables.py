"""The tables as an author writes them: pairs, lists of children, mappings."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Mapping as MappingType
from typing import Any, Literal

from talk_sdk.errors import ConfigError
from talk_sdk.lenses import IDENTITY, Lens, named
from talk_sdk.models import WireModel
from talk_sdk.operations import Scalar

__all__ = ["FILLED", "Children", "Mapping", "Pair"]

FILLED: Any = type("Filled", (), {"__repr__": lambda _self: "FILLED"})()
"""A `default` that nobody knows beforehand: today, the next number, a text from the settings."""


class Pair:
    """One row of a mapping: where a property stands on the wire, and what may be done to it.

    Args:
        wire: dotted path in the record; several for a lens that reads several.
        property: dotted path in the concept.
        lens: how the value is read and written.
        match: rank of the merge criterion that this property is (part of); 1 is the highest,
            several pairs of one rank are a composite key.
        read_only: the API computes it; never written.
        on_create: written when the record is created, never after.
        assigned: the system may give the value itself when a record is created (an account
            number); it is then merged and carried to the other systems in the same run.
        placeholder: written where the API demands a value that nobody knows; reads as empty.
        default: the canonical value that the system fills in where a create says nothing;
            `FILLED` where that cannot be told beforehand.
        final: canonical values of which the API does not let go: a product that was archived,
            an invoice that is no draft any more. What should become of such a record is drift.
        essential: a record with a value that the system cannot say is not created there, for
            it would be another record: `skip` where there is nothing to be done about it (an
            order that was cancelled needs no invoice), `park` where somebody may do something.
        required: the API demands a value, and there is no placeholder: a record without one is
            not created. The text says what to do about it.
    """

    __slots__ = (
        "assigned", "default", "essential", "final", "lens", "match", "on_create", "placeholder",
        "property", "read_only", "required", "wires",
    )  # fmt: skip

    def __init__(  # noqa: PLR0913 - a row has the columns of its table
        self,
        wire: str | tuple[str, ...],
        property: str,  # noqa: A002 - the table reads best with the field's own word
        lens: Lens = IDENTITY,
        *,
        match: int | None = None,
        read_only: bool = False,
        on_create: bool = False,
        assigned: bool = False,
        placeholder: Any = None,
        default: Scalar = None,
        final: Collection[Scalar] = (),
        essential: Literal["", "skip", "park"] = "",
        required: str = "",
    ) -> None:
        """Keep the row as it was written."""
        self.wires = (wire,) if isinstance(wire, str) else wire
        self.property = property
        self.lens = lens
        self.match = match
        self.read_only = read_only
        self.on_create = on_create
        self.assigned = assigned
        self.placeholder = placeholder
        self.default = default
        self.final = tuple(final)
        self.essential = essential
        self.required = required

    @property
    def wire(self) -> str:
        """The (first) path on the wire."""
        return self.wires[0]


class Children:
    """Child records that stand inside of their parent: the lines of an order.

    Args:
        wire: the list's path in the parent.
        property: the list's name in the concept.
        pairs: the table of one line.
        id: the path of a line's stable id; None where lines have none and the list is
            rewritten as a whole.
        on_create: the list stays as it was created. What should become of it is drift.
        required: the API demands at least one: a record without any is not created. The text
            says what to do about it.
    """

    __slots__ = ("id", "on_create", "pairs", "property", "required", "wire")

    def __init__(
        self,
        wire: str,
        property: str,  # noqa: A002 - as in Pair
        *pairs: Pair,
        id: str | None = None,  # noqa: A002 - as in Pair
        on_create: bool = False,
        required: str = "",
    ) -> None:
        """Keep the rows as they were written."""
        self.on_create = on_create
        self.required = required
        self.wire = wire
        self.property = property
        self.pairs = pairs
        self.id = id


class Mapping:
    """How records of an entity are read as, and written from, records of a concept.

    Args:
        model: the wire model; its name is the entity's.
        concept: a name of `CONCEPTS`.
        rows: pairs and children.
        constants: wire values that every created record gets (path → value).
    """

    __slots__ = ("concept", "constants", "model", "rows")

    def __init__(
        self,
        model: type[WireModel],
        concept: str,
        *rows: Pair | Children,
        constants: MappingType[str, Any] | None = None,
    ) -> None:
        """Keep the table as it was written."""
        self.model = model
        self.concept = concept
        self.rows = rows
        self.constants = dict(constants or {})

    @property
    def entity(self) -> str:
        """The entity that the table is for."""
        return self.model.__name__

    def changed(self, system: str, overrides: MappingType[str, Any]) -> Mapping:
        """This table with pairs added, replaced or dropped as talk.toml's `[mapping]` says.

        Raises:
            ConfigError: no such lens, or an entry of another shape.
        """
        rows = [r for r in self.rows if isinstance(r, Children) or r.wire not in overrides]
        for wire, entry in overrides.items():
            if entry is False:
                continue
            rows.append(_override(f'[mapping."{system}.{self.entity}"] {wire}', wire, entry))
        return Mapping(self.model, self.concept, *rows, constants=self.constants)


def _override(place: str, wire: str, entry: Any) -> Pair:
    if isinstance(entry, str):
        return Pair(wire, entry)
    flags = {"property", "lens", "match", "read_only", "on_create", "assigned", "placeholder"}
    if not isinstance(entry, dict) or "property" not in entry or set(entry) - flags:
        raise ConfigError(
            f"{place}: write a property's name, false to drop the pair, or a table with"
            f" `property` and any of {', '.join(sorted(flags - {'property'}))}."
        )
    options = dict(entry)
    try:
        lens = named(options.pop("lens")) if "lens" in options else IDENTITY
    except ValueError as error:
        raise ConfigError(f"{place}: {error}.") from None
    return Pair(wire, options.pop("property"), lens, **options)
