"""Saved plans: written for a person to look at, and applied as they were approved, no more."""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import Any

import msgspec

from talk_sdk._engine.run import Run
from talk_sdk._engine.spool import Spool, fingerprint, operations
from talk_sdk.errors import ConfigError, SafetyError
from talk_sdk.operations import Change, Operation, Plan

__all__ = ["Approval", "only_approved", "read_plan", "write_plan"]

VERSION = 1
_LISTED = 1000  # operations that a report keeps; the rest is counted

Approval = frozenset[int]
"""The fingerprints of the operations that may be carried out."""


class _Head(msgspec.Struct):
    """The first line of a saved plan."""

    talk_plan: int
    workspace: str
    digest: str
    count: int


class _Line(msgspec.Struct):
    """An operation of a saved plan, a line each."""

    system: str
    entity: str
    kind: str
    record: str
    id: str | None
    changes: list[tuple[str, Any, Any]]
    reason: str = ""


def write_plan(plan: Plan, path: str | PathLike[str], workspace: str) -> None:
    """Save a plan: a line that names it, and a line of JSON for each operation.

    Raises:
        ConfigError: the file cannot be written.
    """
    head = _Head(VERSION, workspace, plan.digest, len(plan))
    encode = msgspec.json.encode
    try:
        with Path(path).open("wb") as file:
            file.write(encode(head) + b"\n")
            for each in plan:
                changes = [(c.property, c.before, c.after) for c in each.changes]
                line = _Line(
                    each.system, each.entity, each.kind, each.record, each.id, changes, each.reason
                )
                file.write(encode(line) + b"\n")
    except OSError as error:
        raise ConfigError(f"The plan cannot be saved as {path}: {error.strerror}.") from None


def read_plan(path: str | PathLike[str], workspace: str) -> Approval:
    """What a saved plan approves; lines that were taken out of it are not approved.

    Raises:
        ConfigError: the file is missing, or is no saved plan.
        SafetyError: it was made in another workspace.
    """
    try:
        with Path(path).open("rb") as file:
            head = msgspec.json.decode(file.readline(), type=_Head)
            found = frozenset(map(_fingerprint, _lines(file)))
    except OSError as error:
        raise ConfigError(f"The plan {path} cannot be read: {error.strerror}.") from None
    except msgspec.DecodeError:
        raise ConfigError(f"{path} is no saved plan: `talk plan --save` writes one.") from None
    if head.talk_plan != VERSION:
        raise ConfigError(f"{path} was saved by another version of talk-sdk; plan again.")
    if head.workspace != workspace:
        raise SafetyError(f"The plan {path} was made in another workspace; plan again.")
    return found


def _lines(file: Any) -> Iterator[_Line]:
    decoder = msgspec.json.Decoder(_Line)
    for line in file:
        if line.strip():
            yield decoder.decode(line)


def _fingerprint(line: _Line) -> int:
    changes = tuple(Change(*change) for change in line.changes)
    return fingerprint(
        Operation(
            line.system, line.entity, line.kind, line.record, line.id, changes, line.reason  # type: ignore[arg-type]
        )
    )  # fmt: skip


def only_approved(run: Run, spool: Spool, approval: Approval) -> tuple[Spool, list[Operation]]:
    """The planned steps that were approved as they are, and the others as people see them."""
    kept, others = Spool(), list[Operation]()
    shown = operations(run, spool)
    for stage in spool.stages():
        for system in spool.systems(stage):
            for step in spool.steps(stage, system):
                operation = next(shown)
                if fingerprint(operation) in approval:
                    kept.add(stage[0], step)
                elif len(others) < _LISTED:
                    others.append(operation)
    return kept, others
