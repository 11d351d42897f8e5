"""Contestants in turn, round by round, so that what the machine does else meets all alike."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from talk_bench.children import Sample

__all__ = ["Contestants", "Medians", "race", "say"]

LONG_S, VERY_LONG_S = 20.0, 120.0
"""Seconds that a contestant takes from which on three rounds have to do, or one."""
FEWER, ONE = 3, 1

Contestants = dict[str, Callable[[], Sample]]


@dataclass(frozen=True)
class Medians:
    """What a contestant took, the median of its rounds."""

    work_s: float
    wall_s: float
    cpu_s: float
    rss_mb: float
    rounds: int
    last: Sample

    @classmethod
    def of(cls, samples: Sequence[Sample]) -> Medians:
        """The medians, each by itself."""
        return cls(
            median(s.work_s for s in samples),
            median(s.wall_s for s in samples),
            median(s.cpu_s for s in samples),
            median(s.rss_mb for s in samples),
            len(samples),
            samples[-1],
        )


def race(what: str, contestants: Contestants, rounds: int) -> dict[str, Medians]:
    """A round of each contestant in turn, A B C, A B C, and the medians of each.

    Where one of them takes long there are fewer rounds, and that is said.
    """
    samples: dict[str, list[Sample]] = {name: [] for name in contestants}
    done = 0
    while done < rounds:
        for name, contestant in contestants.items():
            samples[name].append(contestant())
        done += 1
        took = max(those[-1].wall_s for those in samples.values())
        most = FEWER if took > LONG_S else rounds
        most = ONE if took > VERY_LONG_S else most
        if most < rounds:
            rounds = max(most, done)
            say(f"{what}: one of them takes {took:.0f} s: {rounds} rounds have to do")
    found = {name: Medians.of(those) for name, those in samples.items()}
    for name, each in found.items():
        say(
            f"{what}: {name}: {each.work_s:.3f} s work, {each.wall_s:.3f} s wall,"
            f" {each.cpu_s:.3f} s CPU, {each.rss_mb:.0f} MB ({each.rounds} rounds)"
        )
    return found


def say(line: str) -> None:
    """Tell the one who waits how far we are."""
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - progress
