"""How much of everything is measured: quick by default, full for the budgets' own sizes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["FULL", "QUICK", "TINY", "WORKERS", "Bench", "Sizes"]

WORKERS = 16
"""Requests in flight at most, for the engine and for its floors alike."""


@dataclass(frozen=True)
class Sizes:
    """Numbers of records, and of rounds.

    Attributes:
        name: of the size, as tables say it.
        read: records that are read.
        rescans: records of three re-scans, fewest first; the last one is also where memory, the
            store's size and `talk status` are measured.
        creates: records that are created without latency.
        creates_slow: records that are created at 50 ms each.
        creates_peers: records that the peers create without latency.
        changes: how many records change, among the fewest and the most of these.
        two_way: records of each of two or three systems.
        orders: orders of 200 lines.
        rounds: of each contestant.
    """

    name: str
    read: int
    rescans: tuple[int, int, int]
    creates: int
    creates_slow: int
    creates_peers: int
    changes: int
    two_way: int
    orders: int
    rounds: int


TINY = Sizes("tiny", 400, (200, 400, 600), 40, 40, 40, 10, 200, 2, 1)
QUICK = Sizes(
    "quick", 10_000, (2_000, 10_000, 40_000), 1_500, 1_500, 500, 100, 1_500, 5, 5
)  # fmt: skip
FULL = Sizes(
    "full", 100_000, (10_000, 100_000, 1_000_000), 20_000, 20_000, 20_000, 100, 10_000, 10, 5
)  # fmt: skip


@dataclass(frozen=True)
class Bench:
    """What every measurement is given.

    Attributes:
        sizes: how much.
        folder: for what is thrown away afterwards.
        root: the clone, with the peers' configurations and environments.
    """

    sizes: Sizes
    folder: Path
    root: Path
