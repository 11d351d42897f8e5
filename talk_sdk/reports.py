"""What runs report, and the lists of what waits for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec

from talk_sdk.operations import Drift, Operation, Plan, Skip

__all__ = [
    "Candidate",
    "Conflict",
    "Divergence",
    "DivergenceKind",
    "Failure",
    "Item",
    "Kept",
    "Moment",
    "Place",
    "Ran",
    "Reconciliation",
    "Report",
    "Restored",
    "Review",
    "Said",
    "Status",
    "Undo",
    "Why",
]


class Item(msgspec.Struct, frozen=True):
    """One thing that is listed for a person: which record, why, since when."""

    system: str
    entity: str
    id: str
    reason: str
    since: datetime


class Conflict(msgspec.Struct, frozen=True):
    """Two edits of one property.

    Attributes:
        id: how it is named when it is settled.
        record: the golden record, by its origin: `shop.Customer:17`.
        property: what both edited.
        values: who typed it → the value.
        decision: which one stands and why.
        since: when it was noticed.
        open: whether a person has to say which stands.
        name: the property as `[conflicts]` names it: `customer.email`, `order.lines.quantity`.
    """

    id: int
    record: str
    property: str
    values: Mapping[str, Any]
    decision: str
    since: datetime
    open: bool
    name: str


class Failure(msgspec.Struct, frozen=True):
    """A record that cannot be processed: it could not be read, or was refused.

    Attributes:
        system: where.
        entity: of what.
        record: its id there; of a write the golden record, by its origin.
        direction: `read` or `write`.
        reason: why, in the system's words or ours.
        raw: the record as the API answered it; None for a write.
        first: when it failed first.
        last: when it failed last.
        times: how often.
    """

    system: str
    entity: str
    record: str
    direction: str
    reason: str
    raw: Any
    first: datetime
    last: datetime
    times: int

    @property
    def name(self) -> str:
        """How it is named when it is tried again: `shop.Customer:17`."""
        return f"{self.system}.{self.entity}:{self.record}"


class Moment(msgspec.Struct, frozen=True):
    """Something that happened to a property.

    `kind` is `merge` (an edit was taken), `write` (a system was told), `delete`, `decision` (a
    person's), `create` (a system got the record), `undo` (a person took a run back) or `reconcile`
    (a full compare found that sides differed); `words` say what decided,
    or what the system made of it.
    """

    at: datetime
    run: str
    kind: str
    system: str
    before: Any
    after: Any
    words: str


class Place(msgspec.Struct, frozen=True):
    """What one system says of a property, and why it says that."""

    system: str
    entity: str
    id: str
    value: Any
    why: str


class Said(msgspec.Struct, frozen=True):
    """One property of a record: its value, who said it and when, what happened, what others say.

    A property without name stands for the record itself.
    """

    property: str
    value: Any
    source: str
    since: datetime | None
    moments: Sequence[Moment] = ()
    places: Sequence[Place] = ()


class Why(msgspec.Struct, frozen=True):
    """What is known of a record: the golden record by its origin, its state, its properties."""

    record: str
    origin: str
    state: str
    properties: Sequence[Said]


class Candidate(msgspec.Struct, frozen=True):
    """A record that another one could be: its name (`erp.Customer:7`) and what it says."""

    record: str
    says: Mapping[str, Any]
    linked: bool = False


class Review(msgspec.Struct, frozen=True):
    """A question to a person.

    Attributes:
        id: how it is named when it is settled.
        kind: `match` (which record is it?), `create` (was it created?), `counter` (was it
            changed?), `merge` (merged in its system, and not in the others) or `flip` (two
            systems change it back and forth).
        system: where.
        entity: of what.
        record: the record's id there; of a create the golden record, by its origin.
        reason: why nobody but a person can tell.
        since: when it was asked.
        says: what the record says; of a create, what was sent.
        candidates: what it could be.
        choices: what can be said of it.
        data: what the settling needs.
    """

    id: int
    kind: str
    system: str
    entity: str
    record: str
    reason: str
    since: datetime
    data: Mapping[str, Any] = msgspec.field(default_factory=dict)
    says: Mapping[str, Any] = msgspec.field(default_factory=dict)
    candidates: Sequence[Candidate] = ()
    choices: Sequence[str] = ()


class Report(msgspec.Struct, frozen=True):
    """What a run did.

    `unapproved` are operations that the saved plan does not have, or not as they are now.
    `outcome` is `done`, `open` (done, but dead letters, parked records or reviews wait for
    somebody) or `stopped` (a system was left out; `problems` says which and why).
    """

    run: str
    outcome: Literal["done", "open", "stopped"]
    read: Mapping[tuple[str, str], int]
    written: Mapping[tuple[str, str, str], int]
    conflicts: int
    open: Mapping[str, int]
    problems: Sequence[str]
    skips: Sequence[Skip]
    drift: Sequence[Drift]
    seconds: float
    unapproved: Sequence[Operation] = ()


DivergenceKind = Literal["missed", "unread", "gone", "reverted", "different"]


class Divergence(msgspec.Struct, frozen=True):
    """A property in which a system and the golden record differ, though no read has shown why.

    Attributes:
        kind: `missed`: the system says what no read has shown, or our copy of what it said is
            damaged. `unread`: a record that no read has shown; it has no property. `gone`: a
            record that is proven absent, which no read has shown. `reverted`: a record that
            stands in an older state than it has been in, as after a restore from a backup.
            `different`: the system says what it said when it was last merged, and that is not
            what the golden record says.
        system: where.
        entity: of what.
        id: the record's id there.
        record: the golden record, by its origin: `shop.Customer:17`; the record itself if it has
            none.
        property: as `email`; of a list of lines that differs `lines`, of a value in one of them
            `quantity` (`record` is `shop.Order:7/lines` then).
        ours: the value that we have; for `missed` that is what the system said last.
        theirs: what the system says.
        remedy: what a repair does about it.
    """

    kind: DivergenceKind
    system: str
    entity: str
    id: str
    record: str
    property: str
    ours: Any
    theirs: Any
    remedy: str


class Reconciliation(msgspec.Struct, frozen=True):
    """What a full compare of all systems with the store has found, and what became of it.

    Attributes:
        run: the run's id.
        outcome: `done` (nothing differs, or everything was repaired), `open` (something still
            does) or `stopped` (a system or a concept was left out; `problems` says which and why).
        compared: (system, entity) → records that were compared. What could not be read to its
            end is not in it.
        counts: (system, entity, property, kind) → how many differ.
        divergences: the first of them; `counts` has all.
        repaired: how many of the records that differed were repaired.
        drift: what could not be repaired: the system makes another value of it. Said once.
        problems: what has kept parts of the comparison or the repair from being done.
        plan: what a repair would write now; None if this was one.
        report: what the repair wrote; None if this was none.
        seconds: how long it took.
    """

    run: str
    outcome: Literal["done", "open", "stopped"]
    compared: Mapping[tuple[str, str], int]
    counts: Mapping[tuple[str, str, str, str], int]
    divergences: Sequence[Divergence]
    repaired: int
    drift: Sequence[Drift]
    problems: Sequence[str]
    plan: Plan | None
    report: Report | None
    seconds: float


class Ran(msgspec.Struct, frozen=True):
    """A run that could write.

    Attributes:
        id: its id; where one is asked for, the first letters will do.
        kind: `sync`, `reconcile` or `undo`.
        started: when.
        outcome: as in `Report`; `broken off` if it never came to its end.
        written: how many writes it made.
    """

    id: str
    kind: str
    started: datetime
    outcome: str
    written: int


class Restored(msgspec.Struct, frozen=True):
    """A property that has its value of before a run again. `record` is named by its origin.

    Of a line that was deleted the property is `existence`.
    """

    record: str
    property: str
    before: Any
    after: Any


class Kept(msgspec.Struct, frozen=True):
    """What of a run cannot be undone, and why. Without a property it is about the whole record."""

    record: str
    property: str
    reason: str


class Undo(msgspec.Struct, frozen=True):
    """What undoing a run restores, or has restored, and what not.

    Attributes:
        undone: the run.
        restored: the properties that have their values of before it again.
        kept: what is not undone, and why.
        problems: what has kept parts of it from being done.
        plan: what is to be written for it; None if it was done.
        report: what was written for it; None if it was not done.
    """

    undone: Ran
    restored: Sequence[Restored]
    kept: Sequence[Kept]
    problems: Sequence[str]
    plan: Plan | None
    report: Report | None


class Status(msgspec.Struct, frozen=True):
    """What the store knows: links per entity and all that waits for somebody.

    `questions` is how many of the conflicts wait for a person, `dormant` how many records of an
    entity rest, as no dataflow joins them to the others any more.
    """

    systems: Sequence[str]
    links: Mapping[tuple[str, str], int]
    dead_letters: Sequence[Item]
    parked: Sequence[Item]
    reviews: Sequence[Item]
    conflicts: Sequence[Item]
    dead_links: Sequence[Item]
    last_run: datetime | None
    questions: int = 0
    dormant: Mapping[tuple[str, str], int] = msgspec.field(default_factory=dict)

    @property
    def open(self) -> dict[str, int]:
        """How many items of each kind wait for somebody; empty if none."""
        found = {
            "dead letters": len(self.dead_letters),
            "parked": len(self.parked),
            "reviews": len(self.reviews),
            "conflicts": self.questions,
        }
        return {kind: count for kind, count in found.items() if count}
