"""What a deletion elsewhere does to a record: nothing, it is archived, or it is deleted. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from talk_sdk._engine.creates import revisions
from talk_sdk._engine.merge import Conflict, View
from talk_sdk._engine.steps import ARCHIVED, Planned, Step, Target
from talk_sdk._store.rows import GoldenRow, LinkRow
from talk_sdk.operations import Scalar, Skip

__all__ = ["lives_on", "overrules", "release", "removal"]

ACTIVE = "active"
"""The property that says whether a record is in use."""


def lives_on(golden: GoldenRow, rows: Sequence[LinkRow], targets: Sequence[Target]) -> bool:
    """Whether a record stands in some system to which the deletion elsewhere means nothing."""
    if golden.state != "deleted":
        return True
    ignoring = {(t.system, t.entity) for t in targets if not _takes(t)}
    return any(link.state == "live" and (link.system, link.entity) in ignoring for link in rows)


def _takes(target: Target) -> bool:
    """Whether a target is to do something about a deletion, and can."""
    return target.on_delete != "ignore" and target.on_delete not in target.off


def removal(
    golden: GoldenRow,
    link: LinkRow,
    rows: Sequence[LinkRow],
    target: Target,
    planned: Planned,
) -> Step | None:
    """The step by which a target follows a deletion elsewhere; None if it does not.

    What it will not or cannot do about it is said.
    """
    if golden.state != "deleted" or target.on_delete == "ignore":
        return None
    gone = ", ".join(sorted({k.system for k in rows if k.state == "dead"}))
    reason = f"deleted in {gone}"
    if not _takes(target):
        why = f"{reason}, and {target.off[target.on_delete]}"
        planned.skips.append(Skip(target.system, target.entity, golden.origin, why))
        return None
    if target.on_delete == "delete":
        return _step(golden, link, target, "delete", reason)
    if ACTIVE in link.held:
        return None
    if link.shadow.get(ACTIVE) is False:
        link.held[ACTIVE] = ARCHIVED
        planned.settled.append(link)
        return None
    step = _step(golden, link, target, "archive", reason)
    step.changes = [(ACTIVE, link.shadow.get(ACTIVE), False)]
    return step


def overrules(golden: GoldenRow, rows: Sequence[LinkRow], views: Sequence[View]) -> list[Conflict]:
    """An edit overrules a deletion elsewhere that is not carried out yet: the record stays.

    So does a record that was archived, once somebody has put it to use again.
    """
    if golden.state != "deleted":
        return []
    for view in views:
        if view.link.held.get(ACTIVE) == ARCHIVED and view.pending.get(ACTIVE):
            del view.link.held[ACTIVE]
    edited = [
        v
        for v in views
        if v.link.state == "live"
        and (v.link.children is not None or v.pending.keys() - v.link.held)
    ]
    if not edited:
        return []
    golden.state = "live"
    values: dict[str, Scalar] = {k.system: None for k in rows if k.state == "dead"}
    values |= {view.link.system: "edited" for view in edited}
    return [Conflict("the record", values, "deleted elsewhere and edited here: kept")]


def release(golden: GoldenRow, link: LinkRow, planned: Planned) -> None:
    """A record that was archived for a deletion that counts no more is put to use again."""
    if golden.state == "live" and link.held.get(ACTIVE) == ARCHIVED:
        del link.held[ACTIVE]
        link.behind.setdefault(ACTIVE, 0)
        planned.settled.append(link)


def _step(golden: GoldenRow, link: LinkRow, target: Target, kind: str, reason: str) -> Step:
    return Step(
        target.system, target.entity, kind, golden.id, golden.origin, link.id, link.ext, [],
        reason, revisions(golden),
    )  # fmt: skip
