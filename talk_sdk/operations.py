"""The values that hooks and plans exchange."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import msgspec

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

__all__ = [
    "Account",
    "Change",
    "Check",
    "Drift",
    "Operation",
    "OperationKind",
    "Outcome",
    "Page",
    "Plan",
    "Raw",
    "Scalar",
    "Session",
    "Simulator",
    "Skip",
]

Raw = dict[str, Any]
"""A record as the API answered it: decoded JSON, fractions as `Decimal`."""

Scalar = str | bool | int | None
"""A canonical value of a property: decimals and dates as text, None is empty."""

OperationKind = Literal["create", "update", "adjust", "archive", "delete"]


@dataclass(frozen=True, slots=True)
class Page:
    """Some records of one entity, in the order of the read.

    Attributes:
        records: raw records.
        cursor: from where the next read may start once this page and all before it are
            stored, in the server's own words; None where a broken read starts again.
        complete: True on the last page of a read that has seen everything that it was
            asked for. An error can never look like an empty page: a read that ends
            without a complete page was cut short.
        tombstones: ids that the API says are deleted.
        derived: raw records of derived entities that came with these records
            (the customer inside of a guest order), by entity.
    """

    records: Sequence[Raw]
    cursor: str | None = None
    complete: bool = False
    tombstones: Sequence[str] = ()
    derived: Mapping[str, Sequence[Raw]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Account:
    """Who we are at the other end: checked before any record is compared."""

    id: str
    name: str = ""


@dataclass(frozen=True)
class Session:
    """An open, authenticated account. Shared by all workers, immutable once open.

    `client` is the connector's own; `permissions` is what the API tells of rights
    (entity → words for a person), empty where it tells nothing.
    """

    account: Account
    client: Any
    permissions: Mapping[str, str] = field(default_factory=dict)


class Change(msgspec.Struct, frozen=True):
    """One property of an operation: the system's value before, ours after. Canonical values."""

    property: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Operation:
    """One write: planned (symbolic) or about to be sent (with its wire values).

    Attributes:
        system: the account's name in talk.toml.
        entity: the entity to write.
        kind: `create`, `update`, `adjust` (a counter, by a difference), `delete`, or `archive`
            (`active` is set to false, for the record is gone elsewhere): connectors are handed
            that as an `update`.
        record: the golden record, named by its origin: `shop.Customer:17`.
        id: the external id; None for a create.
        changes: property → before, after. In an `adjust`, after less before is the delta.
        reason: why, in words.
        key: our idempotency key, the same whenever this operation is sent again.
        marker: the text for the entity's marker field; None where it has none.
        body: the wire values to send, nested as the API has them. For entities that are PUT
            it is the whole record, as fetched right before, with our changes in it.
        version: the version last seen, for If-Match and the like.
    """

    system: str
    entity: str
    kind: OperationKind
    record: str
    id: str | None
    changes: tuple[Change, ...]
    reason: str
    golden: str = ""
    key: str = ""
    marker: str | None = None
    body: Raw | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one operation.

    `stored`: done; `record` is what the system now holds, None if the API did not say.
    `refused`: the system said no for good. `stale`: somebody wrote first. `gone`: the record
    no longer exists. `unsent`: certainly no effect, try later. `unknown`: nobody can tell.
    """

    kind: Literal["stored", "refused", "stale", "gone", "unsent", "unknown"]
    record: Raw | None = None
    reason: str = ""


class Skip(msgspec.Struct, frozen=True):
    """A write that a plan leaves out, and why."""

    system: str
    entity: str
    record: str
    reason: str


class Drift(msgspec.Struct, frozen=True):
    """A value that a system cannot hold. Said once."""

    system: str
    entity: str
    record: str
    property: str
    reason: str


class Plan(msgspec.Struct, frozen=True):
    """What a run would write, in the order of sending, and what it would not and why.

    Iterable and sized. The operations are spooled to a file while the plan is made and are
    read again with each iteration, so a plan of any length takes no memory.
    """

    read: Callable[[], Iterator[Operation]]
    count: int
    digest: str
    skips: Sequence[Skip] = ()
    drift: Sequence[Drift] = ()
    problems: Sequence[str] = ()
    counts: Mapping[tuple[str, str, str], int] = msgspec.field(default_factory=dict)

    def __iter__(self) -> Iterator[Operation]:
        """The operations, in the order in which they would be sent."""
        return self.read()

    def __len__(self) -> int:
        """How many operations there are."""
        return self.count


class Check(msgspec.Struct, frozen=True):
    """One thing that `talk check` looked at."""

    system: str
    name: str
    ok: bool
    message: str


@dataclass(frozen=True)
class Simulator:
    """A connector's twin: the API as a WSGI app, and a control plane that is not counted.

    `settings` is what a talk.toml section for it holds, `base_url` excepted.
    """

    app: WSGIApplication
    settings: Mapping[str, object]
    control: WSGIApplication
