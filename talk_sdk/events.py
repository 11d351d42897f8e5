"""What a run tells while it works: values, so that they can be sent elsewhere."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

__all__ = ["Event", "EventKind"]

EventKind = Literal[
    "run_started",
    "collecting",  # count so far, of one entity
    "collected",
    "left_out",  # a system or entity cannot take part; message says why
    "matched",
    "merged",
    "planned",
    "applying",  # count of total
    "written",  # one operation was answered
    "refused",
    "run_ended",
]


class Event(msgspec.Struct, frozen=True):
    """One thing that happened in a run. Holds ids, counts and reasons, never values or secrets.

    `count` and `total` are records or operations; `total` is None where it is not known.
    """

    kind: EventKind
    run: str
    at: datetime
    system: str | None = None
    entity: str | None = None
    record: str | None = None
    count: int = 0
    total: int | None = None
    message: str = ""
