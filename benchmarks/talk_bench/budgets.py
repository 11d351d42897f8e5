"""What is measured, and how fast it has to be: each budget as a ratio to its floor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["BUDGETS", "Budget", "Row", "missing"]

FLOOR = "× floor"
CEILING = "records/s"


@dataclass(frozen=True)
class Budget:
    """A row of the table before anything is measured.

    Attributes:
        title: what is measured, in words.
        unit: of the value and the budget.
        most: the value may be this at most; None where nothing is asked.
    """

    title: str
    unit: str
    most: float | None = None


@dataclass(frozen=True)
class Row:
    """A row of the table.

    Attributes:
        name: key of `BUDGETS`, or of a peer's row.
        value: in the budget's unit; None if it was not measured.
        reason: why it was not.
        measured: what the value was made of, by a name with a unit at its end.
        note: what else to say; a peer's name and version.
    """

    name: str
    value: float | None
    reason: str = ""
    measured: Mapping[str, float] = field(default_factory=dict)
    note: str = ""

    @property
    def budget(self) -> Budget:
        """What is asked of it."""
        return BUDGETS[self.name]

    @property
    def met(self) -> bool | None:
        """Whether it is within its budget; None where there is none, or no value."""
        most = self.budget.most
        return None if most is None or self.value is None else self.value <= most

    def as_json(self) -> dict[str, Any]:
        """The row as `--json` has it."""
        budget = self.budget
        row: dict[str, Any] = {
            "value": self.value, "budget": budget.most, "met": self.met, "unit": budget.unit,
            "title": budget.title,
        }  # fmt: skip
        if self.measured:
            row["measured"] = dict(self.measured)
        if self.note:
            row["note"] = self.note
        if self.value is None:
            row["reason"] = self.reason
        return row


# A budget with a floor is the quotient of the two: 26 µs a record over a floor of 20 µs is 1.3.
# The floor of `talk --help` is a bare interpreter, of which typer alone is 7.7 times: the 0.2 s
# that it may take are 13 times the 0.015 s of one.
BUDGETS: Mapping[str, Budget] = {
    "server_read": Budget("the page server's ceiling, reading", CEILING),
    "server_create": Budget("the page server's ceiling, creating", CEILING),
    "read_typed": Budget("read, each record checked against its model", FLOOR, 26 / 20),
    "read_first": Budget("read, change detection and state, a first time", FLOOR, 35 / 24),
    "rescan": Budget("read everything again, nothing changed", FLOOR, 25 / 15),
    "rescan_growth": Budget(
        "read again: time of a further record, among most over among few", "×", 1.25
    ),
    "creates": Budget("create A → B, no latency; httpx, one after the other", FLOOR, 1450 / 1250),
    "creates_50ms": Budget("create A → B, 50 ms a POST; httpx, 16 in flight", FLOOR, 280 / 250),
    "incremental": Budget("100 changes, cold process, without the writes", FLOOR, 0.45 / 0.20),
    "incremental_growth": Budget("the time of 100 changes, most records over fewest", "×", 1.25),
    "incremental_writes": Budget("100 changes, cold process, with the writes", FLOOR),
    "two_way_first": Budget("two systems with the same records, a first time", FLOOR, 2 / 0.73),
    "two_way_idle": Budget("two systems in sync, nothing to do, cold process", FLOOR, 0.5 / 0.14),
    "match": Budget("two full systems, half of each in the other; httpx does the same", FLOOR),
    "three_systems": Budget("three systems with the same records, a first time", FLOOR),
    "order_lines": Budget("an order of 200 lines, one line edited, cold process", "s"),
    "memory": Budget("peak memory of a first run, at most records", FLOOR, 90 / 31),
    "memory_mb": Budget("peak memory of a first run, in MB", "MB", 90),
    "memory_growth": Budget("peak memory, most records over fewest", "×", 1.25),
    "store_bytes": Budget("store, per linked record and system", "bytes", 1500),
    "start_help": Budget("`talk --help`, over a bare interpreter", FLOOR, 13),
    "start_imports": Budget("heavy modules that `talk --help` imports", "modules", 0),
    "start_status": Budget("`talk status` on the largest store, over a bare interpreter", FLOOR),
    "peer_read_dlt": Budget("dlt reads, over talk-sdk reading typed", "× talk-sdk"),
    "peer_read_singer": Budget("singer-sdk reads, over talk-sdk reading typed", "× talk-sdk"),
    "peer_read_airbyte": Budget("airbyte-cdk reads, over talk-sdk reading typed", "× talk-sdk"),
    "peer_pipe_dlt": Budget("dlt creates A → B, over talk-sdk", "× talk-sdk"),
    "peer_pipe_singer": Budget("singer-sdk creates A → B, over talk-sdk", "× talk-sdk"),
    "peer_first_vdirsyncer": Budget("vdirsyncer, a first time, over talk-sdk", "× talk-sdk"),
    "peer_idle_vdirsyncer": Budget("vdirsyncer, nothing to do, over talk-sdk", "× talk-sdk"),
    "peer_changes_vdirsyncer": Budget("vdirsyncer, 100 changes, over talk-sdk", "× talk-sdk"),
}


def missing(name: str, reason: str) -> Row:
    """A row that was not measured."""
    return Row(name, None, reason)
