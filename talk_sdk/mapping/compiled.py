"""Tables as functions: compiled once, so that no path is parsed per record."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from collections.abc import Mapping as MappingType
from hashlib import sha256
from typing import Any

import msgspec
from msgspec.structs import replace

from talk_sdk.concepts import CONCEPTS, Concept, Counter, PropertyType, Ref, is_clean
from talk_sdk.concepts.types import Boolean
from talk_sdk.errors import MappingError, PluginError
from talk_sdk.lenses import IDENTITY, UNSAID, Lens
from talk_sdk.mapping.paths import Getter, getter, setter, tuple_getter, tuple_setter
from talk_sdk.mapping.tables import Children, Mapping, Pair
from talk_sdk.operations import Raw, Scalar

__all__ = ["Compiled", "CompiledChildren", "Line", "compile_mapping"]

LONGEST_KEY = 500
"""Characters of a match key; a longer one is kept as its digest, so that an index can hold it."""


class Line(msgspec.Struct, frozen=True):
    """One child as its parent's record has it: its own id, if it has one, and its properties."""

    id: str | None
    properties: dict[str, Scalar]


class _Row(msgspec.Struct, frozen=True):
    """`plain`: of such values, but of unclean text, each is its own canonical one.

    `as_is`: a value is written as it is.
    """

    property: str
    get: Getter
    lens: Lens
    type: PropertyType
    placeholder: Any
    put: Callable[[Raw, Any], None]
    pair: Pair
    plain: object
    as_is: bool


class Compiled(msgspec.Struct, frozen=True):
    """A mapping as functions. Pure: no clock, no I/O.

    Attributes:
        entity: the entity's name; for children `Order.lines`.
        concept: the flat concept.
        keys: rank → properties of the merge criterion.
        plain_keys: the same without references, which need translating: where a criterion has
            some, its other properties under the negative rank.
        readers: property → those whose wire value depends on it, too.
        writable: what an update may write.
        creatable: what a create may write.
        assigned: what the system may assign by itself on create.
        children: compiled lists of child records, by property.
        readings: property, the field if nothing but one field has it, and its row.
        demanding: the rows without which a record cannot be created, or not as it is.
        digest: changes whenever the table does.
    """

    entity: str
    concept: Concept
    rows: tuple[_Row, ...]
    keys: MappingType[int, tuple[str, ...]]
    plain_keys: MappingType[int, tuple[str, ...]]
    readers: MappingType[str, tuple[str, ...]]
    writable: frozenset[str]
    creatable: frozenset[str]
    assigned: frozenset[str]
    constants: MappingType[str, Any]
    children: MappingType[str, CompiledChildren] = msgspec.field(default_factory=dict)
    by_property: MappingType[str, _Row] = msgspec.field(default_factory=dict)
    readings: tuple[tuple[str, str | None, _Row], ...] = ()
    demanding: tuple[_Row, ...] = ()
    digest: str = ""

    @property
    def composite(self) -> tuple[int, ...]:
        """The ranks of criteria with a reference, which is known only once it is translated."""
        return tuple(rank for rank in self.keys if rank not in self.plain_keys)

    def inbound(self, raw: Raw) -> dict[str, Scalar]:
        """What a raw record says: property → canonical value; what it does not say is absent.

        Raises:
            MappingError: a value does not fit; names the property and the value.
        """
        found: dict[str, Scalar] = {}
        for name, simple, row in self.readings:
            wire = row.get(raw) if simple is None else raw.get(simple, UNSAID)
            if wire is UNSAID:
                continue
            if wire is None or wire == row.placeholder:
                found[name] = None
            elif type(wire) is row.plain and (row.plain is bool or is_clean(wire)):
                found[name] = wire
            else:
                found[name] = self._read(row, wire, found)
        return found

    def _read(self, row: _Row, wire: Any, said: MappingType[str, Scalar]) -> Scalar:
        lens = row.lens
        if isinstance(wire, str) and (not wire or wire.isspace()):
            return None
        try:
            if lens.reads:
                value = lens.get(wire, *[said.get(name) for name in lens.reads])
            elif lens is IDENTITY:
                value = wire
            else:
                value = lens.get(wire)
            return row.type.canonical(value)
        except (ValueError, TypeError, ArithmeticError, AttributeError, LookupError) as error:
            raise MappingError(
                f"{self.entity}.{row.pair.wire} = {wire!r} does not fit"
                f" {self.concept.name}.{row.property} ({row.type.name}): {error}"
            ) from error

    def put(
        self,
        name: str,
        value: Scalar,
        siblings: MappingType[str, Scalar],
    ) -> Any:
        """The wire value of one property; `siblings` are the record's other values.

        Raises:
            MappingError: the system cannot say this value.
        """
        row = self.by_property[name]
        if value is None:
            return row.placeholder
        if row.as_is:
            return value
        try:
            parsed = row.type.parse(value)
            if row.lens.reads:
                return row.lens.put(parsed, *[siblings.get(n) for n in row.lens.reads])
            return row.lens.put(parsed)
        except (ValueError, TypeError, ArithmeticError, AttributeError, LookupError) as error:
            raise MappingError(
                f"{self.entity}.{row.pair.wire} cannot hold {value!r}: {error}"
            ) from error

    def render(self, name: str, value: Scalar, siblings: MappingType[str, Scalar]) -> Scalar:
        """The value as it will read after it was written here.

        Raises:
            MappingError: the system cannot say this value.
        """
        row = self.by_property[name]
        if value is None or value == row.placeholder:
            return None
        if row.lens is IDENTITY:
            return value
        wire = self.put(name, value, siblings)
        if wire == row.placeholder:
            return None
        if isinstance(wire, tuple):
            wire = tuple(None if part is UNSAID else part for part in wire)
        return None if wire is None else self._read(row, wire, siblings)

    def says(
        self, name: str, value: Scalar, read: Scalar, siblings: MappingType[str, Scalar]
    ) -> bool:
        """Whether what was read here says the value, in this system's own words.

        References are compared as they are; a counter has no rendering.

        Raises:
            MappingError: the system cannot say the value.
        """
        row = self.by_property[name]
        if row.type.same(value, read):
            return True
        if value is None or isinstance(row.type, Counter | Ref):
            return False
        if self.render(name, value, siblings) == read:
            return True
        alike = None if read is None else row.lens.alike
        return alike is not None and alike(row.type.parse(value), read)

    def outbound(self, values: MappingType[str, Scalar], siblings: MappingType[str, Scalar]) -> Raw:
        """The wire record that says these properties and nothing else.

        Raises:
            MappingError: the system cannot say one of the values.
        """
        body: Raw = {}
        for name, value in values.items():
            row = self.by_property[name]
            row.put(body, self.put(name, value, siblings))
        return body

    def lines(self, raw: Raw) -> dict[str, list[Line]]:
        """The child records inside of a raw record, in their order; a list not said is absent.

        Raises:
            MappingError: a value of a line does not fit.
        """
        return {
            name: children.inbound(items)
            for name, children in self.children.items()
            if (items := children.get(raw)) is not UNSAID
        }

    def key_of(self, rank: int, values: MappingType[str, Scalar]) -> str | None:
        """The folded match key of a rank, None unless each part has a value."""
        return self.folded(self.keys[rank], values)

    def folded(self, names: Sequence[str], values: MappingType[str, Scalar]) -> str | None:
        """The folded values of some properties as one key, None unless each has a value."""
        parts = []
        for name in names:
            value = values.get(name)
            if value is None:
                return None
            parts.append(self.concept.properties[name].fold(value))
        key = "\x1f".join(parts)
        return key if len(key) <= LONGEST_KEY else sha256(key.encode()).hexdigest()


class CompiledChildren(msgspec.Struct, frozen=True):
    """A list of child records as functions."""

    wire: str
    get: Getter
    put: Callable[[Raw, Any], None]
    id: str | None
    mapping: Compiled
    on_create: bool = False
    required: str = ""

    def inbound(self, items: Sequence[Raw] | None) -> list[Line]:
        """The lines of one parent.

        Raises:
            MappingError: a value of a line does not fit.
        """
        return [
            Line(
                None if self.id is None or item.get(self.id) is None else str(item[self.id]),
                self.mapping.inbound(item),
            )
            for item in items or ()
        ]


def compile_mapping(mapping: Mapping, concept: Concept | None = None) -> Compiled:
    """Turn a table into functions.

    Raises:
        PluginError: a pair names a property that the concept does not have, or that another
            pair names too.
    """
    concept = concept or CONCEPTS.get(mapping.concept)
    if concept is None:
        raise PluginError(
            f"The mapping of {mapping.entity} names the concept {mapping.concept!r};"
            f" there are {', '.join(CONCEPTS)}."
        )
    pairs = [row for row in mapping.rows if isinstance(row, Pair)]
    compiled = _compile(mapping.entity, concept, pairs, mapping.constants)
    children = {}
    for row in mapping.rows:
        if isinstance(row, Children):
            entity = f"{mapping.entity}.{row.property}"
            inner = _compile(entity, concept.children[row.property], row.pairs, {})
            children[row.property] = CompiledChildren(
                row.wire,
                getter(row.wire),
                setter(row.wire),
                row.id,
                inner,
                row.on_create,
                row.required,
            )
    return replace(compiled, children=children, digest=_digest(mapping))


def _compile(
    entity: str, concept: Concept, pairs: Sequence[Pair], constants: MappingType[str, Any]
) -> Compiled:
    said: dict[str, str] = {}
    for pair in pairs:
        _known(entity, pair, concept)
        if (other := said.setdefault(pair.property, pair.wire)) != pair.wire:
            raise PluginError(
                f"The mapping of {entity} has {concept.name}.{pair.property} twice, as"
                f" {other!r} and as {pair.wire!r}: drop one of them."
            )
    ordered = sorted(pairs, key=lambda pair: len(pair.lens.reads) > 0)
    rows = tuple(_row(pair, concept) for pair in ordered)
    ranks = sorted({pair.match for pair in pairs if pair.match is not None})
    keys = {rank: tuple(sorted(p.property for p in pairs if p.match == rank)) for rank in ranks}
    writable = [p for p in pairs if not p.read_only and p.property not in concept.unmerged]
    return Compiled(
        entity,
        concept,
        rows,
        keys,
        _plain(keys, concept),
        {name: tuple(row.property for row in rows if name in row.lens.reads)
         for name in {read for row in rows for read in row.lens.reads}},
        frozenset(pair.property for pair in writable if not pair.on_create),
        frozenset(pair.property for pair in writable),
        frozenset(pair.property for pair in pairs if pair.assigned),
        constants,
        by_property={row.property: row for row in rows},
        readings=tuple((row.property, _simple(row.pair), row) for row in rows),
        demanding=tuple(row for row in rows if row.pair.essential or row.pair.required),
    )  # fmt: skip


def _simple(pair: Pair) -> str | None:
    """The field of a pair that is neither inside of another one nor made of several."""
    single = len(pair.wires) == 1 and "." not in pair.wire
    return pair.wire if single else None


def _plain(keys: MappingType[int, tuple[str, ...]], concept: Concept) -> dict[int, tuple[str, ...]]:
    found = {}
    for rank, names in keys.items():
        plain = tuple(name for name in names if name not in concept.refs)
        if plain:
            found[rank if plain == names else -rank] = plain
    return found


def _known(entity: str, pair: Pair, concept: Concept) -> None:
    name = pair.property
    if name not in concept.properties:
        near = difflib.get_close_matches(name, concept.properties, 1)
        hint = f"; did you mean {near[0]!r}?" if near else "."
        raise PluginError(
            f"The mapping of {entity} names {concept.name}.{name}, which does not exist{hint}"
        )


def _row(pair: Pair, concept: Concept) -> _Row:
    single = len(pair.wires) == 1
    kind = concept.properties[pair.property]
    unchanged = pair.lens.put is IDENTITY.put and type(kind).parse is PropertyType.parse
    return _Row(
        pair.property,
        getter(pair.wire) if single else tuple_getter(pair.wires),
        pair.lens,
        kind,
        pair.placeholder,
        setter(pair.wire) if single else tuple_setter(pair.wires),
        pair,
        _plain_type(kind) if pair.lens.get is IDENTITY.get else None,
        unchanged and not pair.lens.reads,
    )


def _plain_type(kind: PropertyType) -> object:
    if type(kind).canonical is PropertyType.canonical:
        return str
    return bool if isinstance(kind, Boolean) else None


def _digest(mapping: Mapping) -> str:
    def row(pair: Pair) -> str:
        flags = (
            pair.match, pair.read_only, pair.on_create, pair.assigned, pair.placeholder,
            pair.final, pair.essential, pair.required,
        )  # fmt: skip
        return f"{pair.wires}={pair.property}:{pair.lens.name}{flags}"

    parts = [mapping.concept, repr(sorted(mapping.constants.items()))]
    for item in mapping.rows:
        if isinstance(item, Pair):
            parts.append(row(item))
        else:
            parts.append(f"{item.wire}[{item.id}]:" + ";".join(map(row, item.pairs)))
    return "|".join(sorted(parts))
