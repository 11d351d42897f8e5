"""Refusals: what a system has refused of a record is not sent again, the rest of it is. Pure.

A refusal does not say which of several properties it was about. What was refused together is
halved from write to write, until each property that the system does not take stands alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from talk_sdk._engine.steps import Step

__all__ = ["acceptable", "basis", "joined", "lifted", "written"]

Said = dict[str, Any]
"""What a write says: property → value, and the name of a list → its lines' values."""

_LISTS = "lines "
"""What the name of a list begins with; no property has a blank in its name."""


_WHOLE = "record "
"""What stands for the whole record, as no property's name could."""


class _Refused(msgspec.Struct):
    """What a system refused: whole creates, or sets of what updates said together."""

    create: bool
    sets: list[Said]


def _said(step: Step) -> Said:
    if step.kind == "delete":
        return {_WHOLE: "deleted"}
    lines = {_LISTS + name: [line.values for line in found] for name, found in step.lines.items()}
    return {name: value for name, _, value in step.changes} | lines


def _text(found: _Refused) -> str:
    return msgspec.json.encode(found, order="deterministic").decode()


def _read(text: str) -> _Refused | None:
    try:
        return msgspec.json.decode(text, type=_Refused)
    except msgspec.DecodeError:
        return None  # a veto: whoever gave it is asked again


def basis(step: Step) -> str:
    """What a write is of, as text: the basis of its refusal, if it is refused."""
    return _text(_Refused(step.kind == "create", [_plain(_said(step))]))


def _plain(said: Said) -> Said:
    """The values as they are after they were stored."""
    plain: Said = msgspec.json.decode(msgspec.json.encode(said))
    return plain


def acceptable(step: Step, refused: str) -> Step | None:
    """What is left of a step without what the system has refused; None if nothing is."""
    known = _read(refused)
    if known is None or known.create != (step.kind == "create"):
        return step
    said = _plain(_said(step))
    if known.create:
        return None if said in known.sets else step
    alone = {name for found in known.sets for name in found if len(found) == 1}
    kept = {n: v for n, v in said.items() if n not in alone or {n: v} not in known.sets}
    together = min((t for t in known.sets if _within(t, kept)), key=len, default=None)
    if together is not None:
        half = sorted(together)[: (len(together) + 1) // 2]
        kept = {name: kept[name] for name in half}
    if len(kept) == len(said):
        return step
    return _only(step, kept) if kept else None


def _within(part: Mapping[str, Any], whole: Mapping[str, Any]) -> bool:
    return all(name in whole and whole[name] == value for name, value in part.items())


def _only(step: Step, names: Mapping[str, Any]) -> Step:
    return msgspec.structs.replace(
        step,
        changes=[change for change in step.changes if change[0] in names],
        lines={name: found for name, found in step.lines.items() if _LISTS + name in names},
        shown={name: found for name, found in step.shown.items() if _LISTS + name in names},
    )


def joined(before: str, now: str) -> str:
    """What is known to be refused after one more refusal."""
    known, more = _read(before), _read(now)
    if known is None or more is None or known.create or more.create:
        return now
    new = more.sets[0]
    kept = [found for found in known.sets if not _within(new, found) and _agrees(found, new)]
    return _text(_Refused(False, [*kept, new]))


def _agrees(found: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether what was refused is not outdated by another value since."""
    return all(new.get(name, value) == value for name, value in found.items())


def written(operation: Mapping[str, Any]) -> list[str]:
    """What a journaled operation said: properties and lists."""
    return [*operation["values"], *(_LISTS + name for name in operation["lines"])]


def lifted(before: str, names: Sequence[str]) -> str:
    """What is still known to be refused after some properties and lists went through."""
    known = _read(before)
    if known is None or known.create:
        return ""
    left = [found for found in known.sets if not found.keys() & {*names}]
    return _text(_Refused(False, left)) if left else ""
