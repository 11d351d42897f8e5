"""One seed: noisy rounds of edits, faults and crashes, then quiet, then the oracle."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from talk_sdk.testing.simulation.dying import Death
from talk_sdk.testing.simulation.enough import COUNTS, lacking
from talk_sdk.testing.simulation.faulting import draw_faults, sure_fault
from talk_sdk.testing.simulation.oracle import Oracle
from talk_sdk.testing.simulation.stage import Stage

__all__ = ["Result", "Simulation", "run_seed"]

WRITING_RUNS = 4
"""After the last edit: two, and one for each step of a line's reference to a product, of an
order's to a customer."""
_DAY_S = 90_000.0
"""After which all is read, so that deletions are seen."""
_MANY = 1000
_MORE_ROUNDS = 12
"""At most, beyond those of the scenario: till the seed counts."""


@dataclass
class Result:
    """What became of a seed."""

    seed: int
    violations: list[str]
    counts: Counter[str]
    digest: str
    lines: list[str] = field(default_factory=list)


def run_seed(
    seed: int, twice: bool = False, keep: bool = False, systems: Sequence[str] = ()
) -> Result:
    """Play one seed.

    Args:
        seed: which.
        twice: see that it goes the same way again.
        keep: its trace.
        systems: those of the seed; by default it draws them.
    """
    result = _once(seed, systems)
    if twice and _once(seed, systems).digest != result.digest:
        result.violations.append("I14: the same seed went another way the second time")
    if not keep:
        result.lines.clear()
    return result


def _once(seed: int, systems: Sequence[str]) -> Result:
    with tempfile.TemporaryDirectory(prefix="talk-simulation-") as folder:
        return Simulation(seed, Path(folder), systems).play()


class Simulation(Stage):
    """What is done on the stage, and what is thought of it."""

    def _noisy(self, lacking: Mapping[str, int]) -> None:
        """A round of edits and a run among faults; all of it that is lacking comes for certain."""
        rng, scenario = self._noise, self.scenario
        self._answer(scenario.policies.prompt)
        for _ in range(max(rng.randrange(3, 14), lacking.get("edits", 0))):
            self._edit()
            self.bench.clock.advance(rng.choice((0.0, 1.0, 30.0, 600.0)))
        for name, twin in self.twins.items():
            faults = draw_faults(rng, twin.dialect) if rng.random() < scenario.faulty else []
            self.bench.faults[name].plan(
                [*faults, sure_fault(rng)] if "faults" in lacking else faults
            )
        self._death = Death(rng) if rng.random() < scenario.deadly else None
        if "restarts" in lacking:
            self._death = Death(rng, most=4)
        if self.users.moved_keys():
            # A list that is behind shows one half of a key that has just changed hands: a person
            # is asked, and the question stays (rule M5).
            self.bench.clock.advance(max(scenario.lags.values()))
            self._halves = True
        self._among_all_that()
        self.bench.clock.advance(rng.choice((0.0, 2.0, 61.0, 3600.0, 90_000.0)))

    def _among_all_that(self) -> None:
        """A run, in some way, with people at work."""
        way = self._ways.draw()
        if way == "hints" and self._halves:
            way = "whole"  # a hint may be about one half of it, too
        self._live = self.users.live = True
        if way in {"plan first", "saved plan"} and not self.plan(save=way == "saved plan"):
            way = "whole"
        if way == "saved plan":
            for _ in range(self._noise.randrange(4)):
                self._edit()
        report = self.run(way)
        self._live = self.users.live = False
        self._death = None
        if way != "hints" and report is not None and report.outcome != "stopped":
            self._halves = False
            if self.ledger.linked is None:
                self.ledger.linked = self.ledger.number

    def _answer(self, chance: float) -> bool:
        """A person says which of two edits stands, where that is asked; whether any was."""
        with self.runner() as runner:
            said = self._person.answer(runner.inbox, chance)
        for each in said:
            self.trace.add(f"{self._now():.1f} answered: {each}")
        return bool(said)

    def _mend(self) -> None:
        """People see what was refused, and type something else."""
        with self.runner() as runner:
            self.counts["refused by its system"] += len(runner.status().dead_letters)
        for what in self.users.mend():
            self.trace.add(f"{self._now():.1f} mended: {what}")

    def _calm(self) -> None:
        """No more edits and faults: run until nothing is written any more."""
        for faults in self.bench.faults.values():
            faults.plan([])
        self.trace.add(f"{self._now():.1f} quiet from here")
        self.bench.clock.advance(_DAY_S if self.scenario.policies.deletes else 120.0)
        for _ in range(WRITING_RUNS + 1):
            written = self._counted()
            if not written:
                break
            self.bench.clock.advance(120.0)
        else:
            self.violations.append(f"I1: more than {WRITING_RUNS} runs wrote, the last {written}")
        self.bench.clock.advance(7200.0)
        late = self._counted()
        if late:
            self.violations.append(f"I1: wrote after it had been quiet: {late}")

    def _counted(self) -> dict[str, int]:
        self.bench.reset()
        report = self.run(deletes=_MANY)
        if report is not None and report.problems:
            self.violations.append(f"problems without faults: {list(report.problems)}")
        return {name: count for name, count in self.bench.writes().items() if count}

    def play(self) -> Result:
        """The whole seed."""
        self._guarded(self._rounds)
        lacks = self._lacking()
        if lacks:
            self.violations.append(f"the seed does not count: it lacks {lacks}")
        self.counts[COUNTS] += not lacks
        if not self.violations:
            self.judge()
        self.counts += self.users.counts + self.scenario.counts() + self._person.counts
        self.counts += self._ways.counts
        return Result(self.seed, self.violations, self.counts, self.trace.digest(),
                      self.trace.lines)  # fmt: skip

    def _rounds(self) -> None:
        for _ in range(self.scenario.rounds):
            self._noisy({})
        for _ in range(_MORE_ROUNDS):
            lacking = self._lacking()
            if not lacking:
                break
            self._noisy(lacking)
        if self.scenario.picky:
            self._mend()
        self._calm()
        if self._answer(self.scenario.policies.last):
            self._calm()

    def _lacking(self) -> dict[str, int]:
        return lacking(len(self.twins), self.ledger, self.counts + self.users.counts)

    def judge(self) -> None:
        """Ask the oracle."""
        with self.runner() as runner:
            status = runner.status()
        oracle = Oracle(self.twins, self.ledger, self.store, status, self.scenario.skews,
                        self.scenario.policies)  # fmt: skip
        self.violations += oracle.judge()
        self.counts += oracle.counts

    def _guarded(self, part: Callable[[], Any]) -> None:
        try:
            part()
        except Exception as error:  # noqa: BLE001 - whatever the engine raises is a finding
            where = error.__traceback__
            place = ""
            while where is not None:
                place = f"{Path(where.tb_frame.f_code.co_filename).name}:{where.tb_lineno}"
                where = where.tb_next
            self.violations.append(f"raised {type(error).__name__} at {place}: {error}")
