"""Plan: what has to be written for a golden record, and what not and why. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from talk_sdk._engine.lines import POSITION, place
from talk_sdk._engine.steps import LineStep, Planned, Resolve, Step, Target, basis
from talk_sdk._store.rows import GoldenRow, LinkRow
from talk_sdk.concepts import Number
from talk_sdk.errors import MappingError
from talk_sdk.mapping import FILLED, Compiled, CompiledChildren
from talk_sdk.operations import Drift, Scalar, Skip

__all__ = ["plan_record"]

_EMPTY = "nothing that the system has says this"


@dataclass(frozen=True)
class _Kin:
    """The lines of a record: golden children, and their links by parent link."""

    children: Sequence[GoldenRow]
    links: Mapping[int, Sequence[LinkRow]]


def plan_record(
    golden: GoldenRow,
    rows: Sequence[LinkRow],
    targets: Iterable[Target],
    resolve: Resolve,
    *,
    children: Sequence[GoldenRow] = (),
    kids: Mapping[int, Sequence[LinkRow]] | None = None,
    doubts: Mapping[tuple[str, str], str] | None = None,
    refused: Mapping[tuple[str, str], str] | None = None,
    demanded: frozenset[str] = frozenset(),
) -> Planned:
    """What has to be written so that every target says what the golden record says.

    Args:
        golden: the record.
        rows: all its links.
        targets: the entities of its concept, in the order of talk.toml.
        resolve: what a system's reference stands for.
        children: its lines, deleted ones too.
        kids: their links, by parent link.
        doubts: (system, entity) → why nothing may be written there now.
        refused: (system, entity) → the basis of a write that was refused.
        demanded: systems in which the record must exist, for another refers to it.
    """
    planned = Planned()
    if not any(link.state == "live" for link in rows):
        return planned
    family = _Kin(children, kids or {})
    present = {link.system for link in rows if link.state == "live"}
    creates: list[tuple[Target, Step]] = []
    everywhere = tuple(targets)
    for target in everywhere:
        mine = [k for k in rows if (k.system, k.entity) == (target.system, target.entity)]
        live = next((link for link in mine if link.state == "live"), None)
        if target.derived:
            continue
        step: Step | None = None
        if live is not None:
            step = _update(golden, live, target, resolve, family, planned)
        elif mine:
            planned.skips.append(_skip(golden, target, "it was deleted there and is not made anew"))
        elif golden.id in target.older and target.system not in demanded:
            planned.skips.append(_skip(golden, target, "it is older, and full_sync is off there"))
        elif target.system not in present or target.system in demanded:
            step = _create(golden, target, family, planned, _numbered(golden, everywhere))
        if step is not None and _allowed(
            step, golden, target, doubts or {}, refused or {}, planned
        ):
            creates += [(target, step)] if step.kind == "create" else []
            _demand(step, target, planned)
            planned.steps += _apart(step, target)
    _order(golden, creates)
    return planned


def _skip(golden: GoldenRow, target: Target, reason: str) -> Skip:
    return Skip(target.system, target.entity, golden.origin, reason)


def _allowed(
    step: Step,
    golden: GoldenRow,
    target: Target,
    doubts: Mapping[tuple[str, str], str],
    refused: Mapping[tuple[str, str], str],
    planned: Planned,
) -> bool:
    """Whether nothing is in the step's way; if something is, it is said."""
    place = (target.system, target.entity)
    kind = "create" if step.kind == "create" else "update"
    if target.closed is not None or place in doubts:
        planned.waits = True
        planned.skips.append(_skip(golden, target, target.closed or doubts[place]))
    elif kind in target.off:
        planned.skips.append(_skip(golden, target, target.off[kind]))
    elif refused.get(place) == basis(step):
        planned.waits = True
        planned.skips.append(_skip(golden, target, "the system refused exactly this before"))
    elif step.kind == "create" and (name := _foreign(golden, target.mapping)):
        planned.drift.append(_drift(golden, target, name, "a record like this has no place there"))
    elif step.kind == "create" and (missing := _lacking(golden, step, target)):
        planned.waits = True
        planned.parked[place] = missing
        planned.skips.append(_skip(golden, target, missing))
    else:
        return True
    return False


def _foreign(golden: GoldenRow, mapping: Compiled) -> str | None:
    """The property for which the record has no place in the system; None if it has."""
    for name, row in mapping.by_property.items():
        value = golden.data.get(name)
        if row.pair.essential == "skip" and value is not None:
            try:
                mapping.put(name, value, golden.data)
            except MappingError:
                return name
    return None


def _lacking(golden: GoldenRow, step: Step, target: Target) -> str | None:
    """Why the record cannot be created there: what the API demands is missing, or not sayable."""
    missing = _unsaid(target.mapping, golden.data)
    for name, lines in step.lines.items():
        table = target.mapping.children[name].mapping
        for line in lines:
            missing = missing or _unsaid(table, line.values)
    return missing


def _unsaid(mapping: Compiled, values: Mapping[str, Scalar]) -> str | None:
    for name, row in mapping.by_property.items():
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


def _demand(step: Step, target: Target, planned: Planned) -> None:
    """What the step refers to has to be in the target, too."""
    for name, _, after in step.changes:
        if name in target.mapping.concept.refs and isinstance(after, str):
            planned.demands.add((target.system, after))
    for name, lines in step.lines.items():
        refs = target.mapping.children[name].mapping.concept.refs
        for line in lines:
            for ref in refs:
                if isinstance(line.values.get(ref), str):
                    planned.demands.add((target.system, line.values[ref]))


def _order(golden: GoldenRow, creates: Sequence[tuple[Target, Step]]) -> None:
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


def _apart(step: Step, target: Target) -> list[Step]:
    """Counters that are written as differences go in operations of their own."""
    counted = [c for c in step.changes if c[0] in target.adjust]
    if step.kind == "create" or not counted:
        return [step]
    rest = [c for c in step.changes if c[0] not in target.adjust]
    steps = []
    if rest or step.lines:
        steps.append(msgspec.structs.replace(step, changes=rest))
    steps.append(msgspec.structs.replace(step, kind="adjust", changes=counted, lines={}, shown={}))
    return steps


def _numbered(golden: GoldenRow, targets: Iterable[Target]) -> frozenset[str]:
    """Properties whose value is the number that one of the systems gave by itself."""
    return frozenset(
        name
        for target in targets
        for name in target.mapping.assigned
        if (source := golden.source(name)) is not None and source[0] == target.system
    )


def _create(
    golden: GoldenRow, target: Target, family: _Kin, planned: Planned, numbered: frozenset[str]
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
            planned.drift.append(_drift(golden, target, name, error.message))
            continue
        if wire is None and value is not None and not _nothing(mapping, name, value):
            planned.drift.append(_drift(golden, target, name, _EMPTY))
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
            LineStep(c.id, None, _line_values(table, c, create=True), _revs(c)) for c in live
        ]
        shown[name] = ([], [line.values for line in lines[name]])
    reason = f"every {mapping.concept.name} is kept in {target.system}, and it has none"
    return Step(
        target.system, target.entity, "create", golden.id, golden.origin, None, None,
        changes, reason, _revs(golden), lines, shown,
    )  # fmt: skip


def _nothing(mapping: Compiled, name: str, value: Scalar) -> bool:
    """Whether it is no loss that nothing is written: a reference is, and so is no amount."""
    if name in mapping.concept.refs:
        return True
    return isinstance(mapping.concept.properties[name], Number) and value == "0"


def _revs(golden: GoldenRow) -> dict[str, int]:
    return {name: golden.rev(name) for name in golden.data}


def _line_values(table: CompiledChildren, child: GoldenRow, *, create: bool) -> dict[str, Any]:
    may = table.mapping.creatable if create else table.mapping.writable
    return {
        name: child.data.get(name)
        for name, row in table.mapping.by_property.items()
        if name in may and (name in child.data or row.placeholder is not None)
    }


def _update(
    golden: GoldenRow,
    link: LinkRow,
    target: Target,
    resolve: Resolve,
    family: _Kin,
    planned: Planned,
) -> Step | None:
    changes, settled = _changes(golden, link, target.mapping, resolve, planned, target)
    for name in settled:
        del link.behind[name]
    if settled:
        planned.settled.append(link)
    lines: dict[str, list[LineStep]] = {}
    shown = {}
    for name, table in target.mapping.children.items():
        wanted = _lines(family, link, table, resolve, planned)
        if wanted is None:
            continue
        missing = next(filter(None, (_unsaid(table.mapping, x.values)
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
        changes, reason, _revs(golden), lines, shown,
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
            same = name not in link.found and mapping.says(name, value, before, golden.data)
        except MappingError as error:
            planned.drift.append(_drift(golden, target, name, error.message))
            continue
        if same:
            settled.append(name)
        elif name in mapping.assigned and link.behind[name] == golden.rev(name):
            planned.drift.append(_drift(golden, target, name, "the system numbers by itself"))
        elif why := _unwritable(mapping, target, name, before, value):
            planned.drift.append(_drift(golden, target, name, why))
        else:
            changes.append((name, before, value))
    return changes + _dependent(golden, link, mapping, changes), settled


def _unwritable(
    mapping: Compiled, target: Target, name: str, before: Scalar, value: Scalar
) -> str | None:
    """Why the API does not take a value where another one stands; None if it does."""
    pair = mapping.by_property[name].pair
    if before is not None and before in pair.final:
        return f"the API keeps it at {before!r}"
    if name in target.adjust and value is None:
        return "a counter cannot be emptied"
    if name not in mapping.writable:
        return "the API cannot change it"
    if value is None and pair.required and pair.placeholder is None:
        return "the API demands a value"
    return None


def _dependent(
    golden: GoldenRow, link: LinkRow, mapping: Compiled, changes: Sequence[tuple[str, Any, Any]]
) -> list[tuple[str, Any, Any]]:
    """What reads otherwise on the wire because of a sibling that changes: a gross price."""
    changed = {name for name, _, _ in changes}
    found = []
    for name, row in mapping.by_property.items():
        value = golden.data.get(name)
        if not changed & set(row.lens.reads) or name in changed or value is None:
            continue
        if name not in mapping.writable or name in link.held:
            continue
        before = {**golden.data, **{n: link.shadow.get(n) for n in row.lens.reads}}
        if _wire(mapping, name, value, before) != _wire(mapping, name, value, golden.data):
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


def _drift(golden: GoldenRow, target: Target, name: str, reason: str) -> Drift:
    return Drift(target.system, target.entity, golden.origin, name, reason)


def _lines(
    family: _Kin,
    link: LinkRow,
    table: CompiledChildren,
    resolve: Resolve,
    planned: Planned,
) -> tuple[list[LineStep], tuple[list[Any], list[Any]]] | None:
    """The whole list as it should be, if it is not so."""
    by_golden = {k.golden: k for k in family.links.get(link.id, ()) if k.state == "live"}
    live = sorted(
        (c for c in family.children if c.state == "live"), key=lambda c: (c.position, c.id)
    )
    alive = {child.id for child in live}
    differs: bool = alive != set(by_golden)
    for child in live:
        kid = by_golden.get(child.id)
        if kid is not None and kid.behind:
            differs |= _line_differs(child, kid, table.mapping, resolve, planned)
    order = sorted(by_golden, key=lambda g: (place(by_golden[g]), by_golden[g].id))
    if not differs and order == [child.id for child in live]:
        return None
    wanted = [
        LineStep(
            child.id,
            by_golden[child.id].id if child.id in by_golden else None,
            _line_values(table, child, create=child.id not in by_golden),
            _revs(child),
        )
        for child in live
    ]
    before = [
        {n: v for n, v in by_golden[golden].shadow.items() if n != POSITION} for golden in order
    ]
    return wanted, (before, [line.values for line in wanted])


def _line_differs(
    child: GoldenRow, kid: LinkRow, mapping: Compiled, resolve: Resolve, planned: Planned
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
    for name in settled:
        del kid.behind[name]
    if settled:
        planned.settled.append(kid)
    return differs
