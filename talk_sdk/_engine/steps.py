"""What plan yields: steps, skips and drift, as values. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import msgspec

from talk_sdk._engine.flows import Flows, Place
from talk_sdk._store.rows import GoldenRow, LinkRow
from talk_sdk.mapping import Compiled
from talk_sdk.operations import Drift, Skip

__all__ = [
    "ARCHIVED",
    "CHANGES",
    "Kin",
    "LineStep",
    "Planned",
    "Resolve",
    "Step",
    "Target",
]

CHANGES = frozenset({"update", "archive"})
"""Kinds of steps that set properties of a record that is there."""

ARCHIVED = "archived, for it was deleted elsewhere"
"""Why `active` is held in a record that was archived."""

Resolve = Callable[[str, str], str | None]
"""(system, `Entity:id`) → golden id."""


class LineStep(msgspec.Struct, array_like=True):
    """A line as it should be: the golden child, its link there if it has one, its values.

    `revs` are the golden revisions of the values.
    """

    golden: str
    link: int | None
    values: dict[str, Any]
    revs: dict[str, int] = {}


class Step(msgspec.Struct):
    """An operation as planned: references are golden ids, values canonical.

    `changes` are (property, before, after), `revs` the golden revisions of what is written;
    `lines` are whole lists as they should be, for
    lists that have to be written; `shown` are the same lists as (before, after) for people.
    A `late` create comes after those by which other systems assign what it could carry.
    """

    system: str
    entity: str
    kind: str
    golden: str
    record: str
    link: int | None
    ext: str | None
    changes: list[tuple[str, Any, Any]]
    reason: str
    revs: dict[str, int] = {}
    lines: dict[str, list[LineStep]] = {}
    shown: dict[str, tuple[list[Any], list[Any]]] = {}
    late: bool = False

    @property
    def stage(self) -> str:
        """When it is sent, among the steps of its concept."""
        return "late" if self.late else self.kind


class Target(msgspec.Struct, frozen=True):
    """An entity that could be written: what it can do, what may be done to it.

    `on_delete` is what a deletion elsewhere does here. `closed` says why nothing is written there
    in this run; None if it is open. `flows` say what is created there. `adjust` are the counters
    that are written as differences, `unique` those of `Entity.unique`. Records in `older` were
    there before the entity took part, and are not created there. `off` says, by kind of step, why
    it may not be taken.
    """

    system: str
    entity: str
    mapping: Compiled
    creates: bool
    updates: bool
    adjust: frozenset[str] = frozenset()
    derived: bool = False
    unique: frozenset[str] = frozenset()
    older: frozenset[str] = frozenset()
    off: Mapping[str, str] = msgspec.field(default_factory=dict)
    on_delete: Literal["ignore", "archive", "delete"] = "ignore"
    closed: str | None = None
    flows: Flows = msgspec.field(default_factory=Flows)

    @property
    def place(self) -> Place:
        """System and entity."""
        return self.system, self.entity


class Planned(msgspec.Struct):
    """What plan says of one golden record.

    `settled` are links whose revisions were brought up to date without a write; `waits`
    tells that plan has to look at the record again; `demands` are golden records that a
    target needs because this one refers to them; `parked` are writes that wait for a person,
    by (system, entity), with the reason; `healed` are places where a write was refused that
    nobody wants any more.
    """

    steps: list[Step] = msgspec.field(default_factory=list)
    skips: list[Skip] = msgspec.field(default_factory=list)
    drift: list[Drift] = msgspec.field(default_factory=list)
    settled: list[LinkRow] = msgspec.field(default_factory=list)
    waits: bool = False
    demands: set[tuple[str, str]] = msgspec.field(default_factory=set)
    parked: dict[tuple[str, str], str] = msgspec.field(default_factory=dict)
    healed: set[tuple[str, str]] = msgspec.field(default_factory=set)


class Kin(msgspec.Struct, frozen=True):
    """The lines of a record: golden children, and their links by parent link."""

    children: Sequence[GoldenRow]
    links: Mapping[int, Sequence[LinkRow]]
