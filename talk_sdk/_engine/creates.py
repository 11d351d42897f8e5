"""Creates: what a new record says, what it lacks, and in which order they go. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from talk_sdk._engine.steps import Kin, LineStep, Planned, Step, Target
from talk_sdk._store.rows import GoldenRow
from talk_sdk.concepts import Number
from talk_sdk.errors import MappingError
from talk_sdk.mapping import FILLED, Compiled, CompiledChildren
from talk_sdk.operations import Drift, Scalar

__all__ = [
    "create",
    "drift_of",
    "foreign",
    "lacking",
    "line_values",
    "numbered",
    "put_late",
    "revisions",
    "unsaid",
]

_EMPTY = "nothing that the system has says this"


def create(
    golden: GoldenRow, target: Target, family: Kin, planned: Planned, numbered: frozenset[str]
) -> Step:
    mapping = target.mapping
    changes: list[tuple[str, Any, Any]] = []
    for name, row in mapping.by_property.items():
        value = golden.data.get(name)
        if name not in mapping.creatable or (value is None and row.placeholder is None):
            continue
        if name in mapping.assigned and name in numbered:
            # It numbers by itself: the next number of another system may be taken here.
            continue
        try:
            wire = None if name in mapping.concept.refs else mapping.put(name, value, golden.data)
        except MappingError as error:
            planned.drift.append(drift_of(golden, target, name, error.message))
            continue
        if wire is None and value is not None and not _nothing(mapping, name, value):
            planned.drift.append(drift_of(golden, target, name, _EMPTY))
            continue
        if wire is None and name not in mapping.concept.refs:
            continue
        changes.append((name, None, value))
    live = sorted(
        (c for c in family.children if c.state == "live"), key=lambda c: (c.position, c.id)
    )
    lines: dict[str, list[LineStep]] = {}
    shown: dict[str, tuple[list[Any], list[Any]]] = {}
    for name, table in mapping.children.items():
        lines[name] = [
            LineStep(c.id, None, line_values(table, c, create=True), revisions(c)) for c in live
        ]
        shown[name] = ([], [line.values for line in lines[name]])
    reason = f"every {mapping.concept.name} is kept in {target.system}, and it has none"
    return Step(
        target.system, target.entity, "create", golden.id, golden.origin, None, None,
        changes, reason, revisions(golden), lines, shown,
    )  # fmt: skip


def foreign(golden: GoldenRow, mapping: Compiled) -> str | None:
    """The property for which the record has no place in the system; None if it has."""
    for row in mapping.demanding:
        value = golden.data.get(row.property)
        if row.pair.essential == "skip" and value is not None:
            try:
                mapping.put(row.property, value, golden.data)
            except MappingError:
                return row.property
    return None


def lacking(golden: GoldenRow, step: Step, target: Target) -> str | None:
    """Why the record cannot be created there: what the API demands is missing, or not sayable."""
    missing = unsaid(target.mapping, golden.data)
    for name, lines in step.lines.items():
        table = target.mapping.children[name]
        if not lines and table.required:
            missing = missing or f"it has no {name}: {table.required}"
        for line in lines:
            missing = missing or unsaid(table.mapping, line.values)
    return missing


def unsaid(mapping: Compiled, values: Mapping[str, Scalar]) -> str | None:
    for row in mapping.demanding:
        name = row.property
        value = values.get(name)
        demanded = row.pair.required and row.placeholder is None and row.pair.default is not FILLED
        if value is None and demanded:
            return f"it has no {name.replace('_', ' ')}: {row.pair.required}"
        if value is None or row.pair.essential != "park":
            continue
        try:
            mapping.put(name, value, values)
        except MappingError as error:
            return error.message
    return None


def numbered(golden: GoldenRow, targets: Iterable[Target]) -> frozenset[str]:
    """Properties whose value is the number that one of the systems gave by itself.

    A number that records are matched by is not among them: it is the same everywhere.
    """
    return frozenset(
        name
        for target in targets
        for name in target.mapping.assigned
        if (source := golden.source(name)) is not None
        and source[0] == target.system
        and not any(name in key for key in target.mapping.keys.values())
    )


def put_late(golden: GoldenRow, creates: Sequence[tuple[Target, Step]]) -> None:
    """A create comes after those that are assigned what it could carry, or would assign too."""
    late: list[Target] = []
    for target, step in creates:
        others = [other for other, _ in creates if other is not target and other not in late]
        if any(_carries(golden, target, other, creates) for other in others):
            step.late = True
            late.append(target)


def _carries(
    golden: GoldenRow, target: Target, other: Target, creates: Sequence[tuple[Target, Step]]
) -> bool:
    order = [each for each, _ in creates]
    for name in other.mapping.assigned:
        if golden.data.get(name) is not None or name not in target.mapping.creatable:
            continue
        if name not in target.mapping.assigned:
            if name in target.unique:
                return True
        elif name not in other.mapping.creatable or order.index(other) < order.index(target):
            # Two systems number by themselves. Whose number the others get must not depend on
            # who answers first.
            return True
    return False


def _nothing(mapping: Compiled, name: str, value: Scalar) -> bool:
    """Whether it is no loss that nothing is written: a reference is, and so is no amount."""
    if name in mapping.concept.refs:
        return True
    return isinstance(mapping.concept.properties[name], Number) and value == "0"


def revisions(golden: GoldenRow) -> dict[str, int]:
    return {name: golden.revs.get(name, 1) for name in golden.data}


def line_values(table: CompiledChildren, child: GoldenRow, *, create: bool) -> dict[str, Any]:
    may = table.mapping.creatable if create else table.mapping.writable
    return {
        name: child.data.get(name)
        for name, row in table.mapping.by_property.items()
        if name in may and (name in child.data or row.placeholder is not None)
    }


def drift_of(golden: GoldenRow, target: Target, name: str, reason: str) -> Drift:
    return Drift(target.system, target.entity, golden.origin, name, reason)
