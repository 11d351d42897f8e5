"""What a seed has to have been through before it counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from talk_sdk.testing.simulation.ledger import EXISTS, Ledger

__all__ = ["COUNTS", "LEAST", "lacking"]

COUNTS = "seeds that count"
LEAST: Mapping[str, int] = {
    "systems": 2, "records": 20, "edits": 30, "faults": 5, "restarts": 1,
}  # fmt: skip

_NO_EDITS = ("edit: nothing new", "edit: out of sight")
"""The latter says what became of an edit."""


def lacking(systems: int, ledger: Ledger, counts: Counter[str]) -> dict[str, int]:
    """What is missing, and how much of it; empty once the seed counts.

    Records are things of the world, each once, in however many systems; edits are those that
    changed something; faults are those that hit a request; a restart follows a kill.
    """
    records = {(kind, tag) for kind, tag, name in ledger.events
               if name == EXISTS and kind != "lines"}  # fmt: skip
    found = {
        "systems": systems,
        "records": len(records),
        "edits": _sum(counts, "edit: ") - sum(counts[name] for name in _NO_EDITS),
        "faults": _sum(counts, "fault: "),
        "restarts": _sum(counts, "killed at: "),
    }
    return {what: least - found[what] for what, least in LEAST.items() if found[what] < least}


def _sum(counts: Counter[str], prefix: str) -> int:
    return sum(count for name, count in counts.items() if name.startswith(prefix))
