"""Plan: what has to be written for a golden record, and what not and why. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from talk_sdk._engine.creates import (
    create,
    drift_of,
    foreign,
    lacking,
    numbered,
    put_late,
)
from talk_sdk._engine.refusals import acceptable
from talk_sdk._engine.removals import lives_on, release, removal
from talk_sdk._engine.steps import Kin, Planned, Resolve, Step, Target
from talk_sdk._engine.updates import update
from talk_sdk._store.rows import GoldenRow, LinkRow
from talk_sdk.operations import Skip

__all__ = ["plan_record"]


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
        refused: (system, entity) → what the system is known to refuse.
        demanded: systems in which the record must exist, for another refers to it.
    """
    planned = Planned()
    if not any(link.state == "live" for link in rows):
        return planned
    family = Kin(children, kids or {})
    creates: list[tuple[Target, Step]] = []
    everywhere = tuple(targets)
    for target in everywhere:
        if target.derived:
            continue
        step = _step(golden, rows, target, everywhere, resolve, family, demanded, planned)
        refusal = (refused or {}).get((target.system, target.entity))
        if refusal is not None:
            step = _taken(step, golden, target, refusal, planned)
        if step is not None and _allowed(step, golden, target, doubts or {}, planned):
            creates += [(target, step)] if step.kind == "create" else []
            _demand(step, target, planned)
            planned.steps += _apart(step, target)
    put_late(golden, creates)
    return planned


def _step(
    golden: GoldenRow,
    rows: Sequence[LinkRow],
    target: Target,
    everywhere: Sequence[Target],
    resolve: Resolve,
    family: Kin,
    demanded: frozenset[str],
    planned: Planned,
) -> Step | None:
    """What a target needs: to follow a deletion, to be changed, or to get the record."""
    mine = [k for k in rows if (k.system, k.entity) == (target.system, target.entity)]
    live = next((link for link in mine if link.state == "live"), None)
    if live is not None:
        release(golden, live, planned)
        step = removal(golden, live, rows, target, planned)
        return step or update(golden, live, target, resolve, family, planned)
    why = _not_made(golden, rows, mine, target, everywhere, target.system in demanded)
    if why is not None:
        planned.skips.append(_skip(golden, target, why))
        return None
    if target.system not in demanded and any(
        link.state == "live" and link.system == target.system for link in rows
    ):
        return None
    step = create(golden, target, family, planned, numbered(golden, everywhere))
    demand = target.system in demanded
    step.reason = (
        target.flows.reason(target.place, _sources(rows, target), demanded=demand) or step.reason
    )
    return step


def _not_made(
    golden: GoldenRow,
    rows: Sequence[LinkRow],
    mine: Sequence[LinkRow],
    target: Target,
    everywhere: Sequence[Target],
    demanded: bool,
) -> str | None:
    """Why the record is not created in a target; None if it may be."""
    if any(link.state == "alias" for link in mine):
        return "it was merged there into another record"
    twins = mine if demanded else [link for link in rows if link.system == target.system]
    if any(link.state == "dormant" for link in twins):
        return "no dataflow joins the record there to the others any more"
    if mine:
        return "it was deleted there and is not made anew"
    if not lives_on(golden, rows, everywhere):
        return "it was deleted elsewhere"
    if golden.id in target.older and not demanded:
        return "it is older, and full_sync is off there"
    return target.flows.refusal(target.place, _sources(rows, target), demanded=demanded)


def _sources(rows: Sequence[LinkRow], target: Target) -> list[LinkRow]:
    return [link for link in rows if link.state == "live" and link.system != target.system]


def _skip(golden: GoldenRow, target: Target, reason: str) -> Skip:
    return Skip(target.system, target.entity, golden.origin, reason)


def _taken(
    step: Step | None, golden: GoldenRow, target: Target, refusal: str, planned: Planned
) -> Step | None:
    """What of a step a system can be asked for that has refused something before."""
    if step is None:
        if not planned.waits:
            planned.healed.add((target.system, target.entity))
        return None
    left = acceptable(step, refusal)
    if left is not step:
        kept = () if left is None else (*(name for name, *_ in left.changes), *left.lines)
        names = sorted({*(name for name, *_ in step.changes), *step.lines} - {*kept})
        what = ", ".join(names) if step.kind in {"update", "adjust"} else "exactly this"
        planned.waits = True
        planned.skips.append(_skip(golden, target, f"the system refused {what} before"))
    return left


def _allowed(
    step: Step,
    golden: GoldenRow,
    target: Target,
    doubts: Mapping[tuple[str, str], str],
    planned: Planned,
) -> bool:
    """Whether nothing is in the step's way; if something is, it is said."""
    place = (target.system, target.entity)
    kind = step.kind if step.kind in {"create", "delete", "archive"} else "update"
    if target.closed is not None or place in doubts:
        planned.waits = True
        planned.skips.append(_skip(golden, target, target.closed or doubts[place]))
    elif kind in target.off:
        planned.skips.append(_skip(golden, target, target.off[kind]))
    elif step.kind == "create" and (name := foreign(golden, target.mapping)):
        planned.drift.append(
            drift_of(golden, target, name, "a record like this has no place there")
        )
    elif step.kind == "create" and (missing := lacking(golden, step, target)):
        planned.waits = True
        planned.parked[place] = missing
        planned.skips.append(_skip(golden, target, missing))
    else:
        return True
    return False


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
