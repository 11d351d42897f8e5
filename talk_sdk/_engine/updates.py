"""What an update of a linked record has to write, and what stays different and why. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from talk_sdk._engine.creates import drift_of, line_values, revisions, unsaid
from talk_sdk._engine.lines import POSITION, place
from talk_sdk._engine.steps import Kin, LineStep, Planned, Resolve, Step, Target
from talk_sdk._store.rows import GoldenRow, LinkRow
from talk_sdk.errors import MappingError
from talk_sdk.mapping import Compiled, CompiledChildren
from talk_sdk.operations import Scalar

__all__ = ["update"]


def update(
    golden: GoldenRow,
    link: LinkRow,
    target: Target,
    resolve: Resolve,
    family: Kin,
    planned: Planned,
) -> Step | None:
    """The step that makes a linked record say what the golden record says; None if it does."""
    changes, settled = _changes(golden, link, target.mapping, resolve, planned, target)
    _settle(link, settled, target, planned)
    lines: dict[str, list[LineStep]] = {}
    shown = {}
    for name, table in target.mapping.children.items():
        wanted = _lines(family, link, table, resolve, planned, target)
        if wanted is None:
            continue
        if table.on_create or not target.updates:
            planned.drift.append(drift_of(golden, target, name, "the API keeps them as they were"))
            continue
        missing = next(filter(None, (unsaid(table.mapping, x.values)
                                     for x in wanted[0])), None)  # fmt: skip
        if missing is not None:
            planned.waits = True
            planned.parked[target.system, target.entity] = missing
            continue
        lines[name], shown[name] = wanted
    if not changes and not lines:
        return None
    said = sorted({str(source[0]) for name, *_ in changes if (source := golden.source(name))})
    reason = f"edited in {', '.join(said)}" if said else "its lines were edited"
    return Step(
        target.system, target.entity, "update", golden.id, golden.origin, link.id, link.ext,
        changes, reason, revisions(golden), lines, shown,
    )  # fmt: skip


def _changes(
    golden: GoldenRow,
    link: LinkRow,
    mapping: Compiled,
    resolve: Resolve,
    planned: Planned,
    target: Target,
) -> tuple[list[tuple[str, Any, Any]], list[str]]:
    """What differs from what the system says of itself, and what only seemed to."""
    changes, settled = [], []
    for name in link.behind:
        if name in link.held:
            continue
        if name not in mapping.by_property:
            settled.append(name)
            continue
        value, shadow = golden.data.get(name), link.shadow.get(name)
        before = _golden_form(mapping, link.system, name, shadow, resolve)
        try:
            if name in target.adjust and value is not None:
                # A difference is sent of what the system can hold.
                value = mapping.render(name, value, golden.data)
            if name in link.found and name not in mapping.concept.refs:
                mapping.put(name, value, golden.data)
            same = name not in link.found and mapping.says(name, value, before, golden.data)
        except MappingError as error:
            planned.drift.append(drift_of(golden, target, name, error.message))
            continue
        if same:
            settled.append(name)
        elif name in mapping.assigned and link.behind[name] == golden.rev(name):
            planned.drift.append(drift_of(golden, target, name, "the system numbers by itself"))
        elif why := _unwritable(mapping, target, name, before, value):
            planned.drift.append(drift_of(golden, target, name, why))
        else:
            changes.append((name, before, value))
    return changes + _dependent(golden, link, target, changes, planned), settled


def _unwritable(
    mapping: Compiled, target: Target, name: str, before: Scalar, value: Scalar
) -> str | None:
    """Why the API does not take a value where another one stands; None if it does."""
    pair = mapping.by_property[name].pair
    if before is not None and before in pair.final:
        return f"the API keeps it at {before!r}"
    if name in target.adjust and value is None:
        return "a counter cannot be emptied"
    if name not in mapping.writable or not target.updates:
        return "the API cannot change it"
    if value is None and pair.required and pair.placeholder is None:
        return "the API demands a value"
    return None


def _dependent(
    golden: GoldenRow,
    link: LinkRow,
    target: Target,
    changes: Sequence[tuple[str, Any, Any]],
    planned: Planned,
) -> list[tuple[str, Any, Any]]:
    """What reads otherwise on the wire because of a sibling that changes: a gross price."""
    changed, mapping = {name for name, _, _ in changes}, target.mapping
    found = []
    for name in sorted({reader for read in changed for reader in mapping.readers.get(read, ())}):
        value = golden.data.get(name)
        if name in changed or value is None:
            continue
        if name not in mapping.writable or name in link.held:
            continue
        reads = mapping.by_property[name].lens.reads
        before = {**golden.data, **{n: link.shadow.get(n) for n in reads}}
        try:
            there = mapping.put(name, value, golden.data)
        except MappingError as error:
            planned.drift.append(drift_of(golden, target, name, error.message))
            continue
        if there != _wire(mapping, name, value, before):
            found.append((name, link.shadow.get(name), value))
    return found


def _wire(mapping: Compiled, name: str, value: Scalar, siblings: Mapping[str, Scalar]) -> Any:
    try:
        return mapping.put(name, value, siblings)
    except MappingError:
        return None


def _golden_form(
    mapping: Compiled, system: str, name: str, shadow: Scalar, resolve: Resolve
) -> Scalar:
    """A system's value with a reference as golden id."""
    if name in mapping.concept.refs and isinstance(shadow, str):
        return resolve(system, shadow)
    return shadow


def _lines(
    family: Kin,
    link: LinkRow,
    table: CompiledChildren,
    resolve: Resolve,
    planned: Planned,
    target: Target,
) -> tuple[list[LineStep], tuple[list[Any], list[Any]]] | None:
    """The whole list as it should be, if it is not so."""
    by_golden = {k.golden: k for k in family.links.get(link.id, ()) if k.state == "live"}
    if any(kid.held for kid in by_golden.values()):
        return None  # a list is written as a whole, and an edit in it waits for a person
    live = sorted(
        (c for c in family.children if c.state == "live"), key=lambda c: (c.position, c.id)
    )
    alive = {child.id for child in live}
    differs: bool = alive != set(by_golden)
    for child in live:
        kid = by_golden.get(child.id)
        if kid is not None and kid.behind:
            differs |= _line_differs(child, kid, table.mapping, resolve, planned, target)
    order = sorted(by_golden, key=lambda g: (place(by_golden[g]), by_golden[g].id))
    if not differs and order == [child.id for child in live]:
        return None
    wanted = [
        LineStep(
            child.id,
            by_golden[child.id].id if child.id in by_golden else None,
            line_values(table, child, create=child.id not in by_golden),
            revisions(child),
        )
        for child in live
    ]
    before = [
        {n: v for n, v in by_golden[golden].shadow.items() if n != POSITION} for golden in order
    ]
    return wanted, (before, [line.values for line in wanted])


def _line_differs(
    child: GoldenRow,
    kid: LinkRow,
    mapping: Compiled,
    resolve: Resolve,
    planned: Planned,
    target: Target,
) -> bool:
    differs, settled = False, []
    for name in kid.behind:
        if name not in mapping.by_property:
            settled.append(name)
            continue
        value, shadow = child.data.get(name), kid.shadow.get(name)
        before = _golden_form(mapping, kid.system, name, shadow, resolve)
        try:
            same: bool = name not in kid.found and (
                name not in mapping.writable or mapping.says(name, value, before, child.data)
            )
        except MappingError:
            same = True
        if same:
            settled.append(name)
        differs |= not same
    _settle(kid, settled, target, planned)
    return differs


def _settle(link: LinkRow, names: Sequence[str], target: Target, planned: Planned) -> None:
    """Nothing has to be written of these: the link is up to date with them.

    Not while the system cannot be read: it may hold an older edit that nobody has seen yet.
    """
    if not names:
        return
    if target.closed is not None:
        planned.waits = True
        return
    for name in names:
        del link.behind[name]
    planned.settled.append(link)
