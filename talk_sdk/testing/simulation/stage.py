"""One seed's systems and workspace: what happens at each request and step, and what a run is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from random import Random

from talk_sdk._plugins import Plugins, load
from talk_sdk._runner import Runner
from talk_sdk.reports import Report
from talk_sdk.testing.simulation.dialects import DIALECTS
from talk_sdk.testing.simulation.dying import Death, Killed
from talk_sdk.testing.simulation.executor import Serial
from talk_sdk.testing.simulation.ledger import Ledger
from talk_sdk.testing.simulation.person import Person
from talk_sdk.testing.simulation.scenario import Scenario, draw, draw_systems
from talk_sdk.testing.simulation.trace import Tap, Trace
from talk_sdk.testing.simulation.users import Users
from talk_sdk.testing.simulation.values import mark
from talk_sdk.testing.simulation.verdicts import note_reviews
from talk_sdk.testing.simulation.views import Twin
from talk_sdk.testing.simulation.watching import Watch
from talk_sdk.testing.simulation.ways import Way, Ways
from talk_sdk.testing.workbench import Workbench

__all__ = ["Stage"]


@cache
def _plugins() -> Plugins:
    return load()


class Stage:
    """The running state of one seed."""

    def __init__(self, seed: int, folder: Path, systems: Sequence[str] = ()) -> None:
        self.seed = seed
        self.trace = Trace()
        self.counts: Counter[str] = Counter()
        self.violations: list[str] = []
        names = systems or draw_systems(self._chance("systems"), _plugins().connectors)
        self.scenario: Scenario = draw(self._chance("scenario"), names, self._chance("policies"))
        self._noise = self._chance("noise")
        self._serial = Serial(self._chance("order"))
        self._minted = 0
        self._death: Death | None = None
        self._live = self._planning = self._halves = False
        self.store = folder / "talk.db"
        self.bench = self._open(folder)
        self.twins = {
            name: Twin(
                name,
                connector,
                self.bench.control(name),
                self.bench.twins[name].settings,
                self.scenario.tags,
            )
            for name, connector in self.scenario.systems.items()
        }
        self.ledger = Ledger(blind=set(self.scenario.blind))
        for twin in self.twins.values():
            self.ledger.plant(twin)
        self._tap()
        self._person = Person(self._chance("person"), self.twins, self.ledger, self._now)
        self._ways = Ways(self._chance("ways"), self.twins, self.ledger, folder / "saved.plan",
                          self.violations)  # fmt: skip
        self.users = Users(self._chance("users"), self.twins, self.ledger, self._now,
                           numbering=self.scenario.numbering,
                           deleting=self.scenario.policies.deletes,
                           picky=self.scenario.picky)  # fmt: skip

    def _chance(self, what: str) -> Random:
        return Random(f"{self.seed}/{what}")

    def _open(self, folder: Path) -> Workbench:
        scenario = self.scenario
        bench = Workbench(
            folder, scenario.worlds(), scenario.systems, settings=scenario.settings,
            skews=scenario.skews, plugins=_plugins(), seed=self.seed,
            config={"conflicts": scenario.policies.conflicts, "brakes": scenario.policies.brakes},
        )  # fmt: skip
        for name, lag in scenario.lags.items():
            bench.faults[name].switch("lag", lag)
        for name in scenario.systems:
            bench.faults[name].refused = mark(name) if scenario.picky else ""
        for name in scenario.without:
            proof = DIALECTS[scenario.systems[name]].proof
            if proof is not None:
                bench.faults[name].switch(proof[1], False)
        return bench

    def _is_late(self) -> bool:
        late = self._live and self._noise.random() < self.scenario.late
        self.counts["fault: late effect"] += late
        return late

    def _is_unsaid(self) -> bool:
        unsaid = self._live and self._noise.random() < self.scenario.terse
        self.counts["system: does not say all that it has written"] += unsaid
        return unsaid

    def _tap(self) -> None:
        self._taps: list[Tap] = []
        watch = self._watch = Watch(
            self.twins, self.ledger, self.trace, self.counts, self._now,
            self.scenario.policies, self.violations,
        )  # fmt: skip
        for name, twin in self.twins.items():
            bare = self.bench.twins[name]
            tap = Tap(twin, bare.app, self.bench.faults[name], self.scenario.pages[name],
                      before=self._before, after=watch.after, late=self._is_late,
                      unsaid=self._is_unsaid, reading=lambda: self._serial.reading)  # fmt: skip
            self._taps.append(tap)
            self.bench.twins[name] = type(bare)(tap, bare.settings, bare.control)

    def _now(self) -> float:
        return self.bench.clock.monotonic()

    # --- what happens during a run ----------------------------------------------------------------

    def _before(self, system: str, _method: str, path: str) -> None:
        self._watch.before(system, path)
        if not self._live:
            return
        self.bench.clock.advance(self._noise.choice((0.0, 0.1, 0.7, 3.0)))
        while self._noise.random() < self.scenario.busy:
            self._edit()

    def _edit(self) -> None:
        self.trace.add(f"{self._now():.1f} user: {self.users.act()}")

    def _step(self, name: str) -> None:
        if name == "merge" and not (self.ledger.writing or self._planning):
            self.ledger.merges.append(self.ledger.moment())
        if name == "match" and not self._planning:
            self._ways.settled()
        if self._death is not None and self._death.comes(name):
            self.counts[f"killed at: {name}"] += 1
            self.trace.add(f"{self._now():.1f} killed at {name}")
            if not self._planning:
                self.ledger.doubts.append((self._now(), None, None))
            raise Killed(name)

    # --- runs -------------------------------------------------------------------------------------

    def _mint(self) -> str:
        self._minted += 1
        return f"{self._minted:012d}"

    def runner(self) -> Runner:
        """A runner, as after a restart."""
        return self.bench.runner(mint=self._mint, workers=self._serial, step=self._step)

    def plan(self, *, save: bool) -> bool:
        """A look at what a run would write; whether it came to an end."""
        self.trace.add(f"{self._now():.1f} plan")
        self._planning = True
        try:
            with self.runner() as runner:
                self._ways.plan(runner, save=save)
        except Killed:
            return False
        finally:
            self._planning = False
        return True

    def run(self, way: Way = "whole", *, deletes: int = 0) -> Report | None:
        """One run, in which so many deletions are approved; None if it was killed."""
        self.ledger.approved = bool(deletes) or way == "saved plan"
        self.trace.add(f"{self._now():.1f} run: {way}")
        self.ledger.runs.append(self._now())
        self.ledger.writing = False
        try:
            with self.runner() as runner:
                report = self._ways.sync(runner, way, deletes)
                if self.ledger.doubles:
                    note_reviews(runner.status(), self.twins, self.ledger)
        except Killed:
            return None
        finally:
            for tap in self._taps:
                tap.arrive()
            self.ledger.in_hand.clear()
        self.counts[f"run: {report.outcome}"] += 1
        self.trace.add(f"{self._now():.1f} {report.outcome}: {dict(report.written)}"
                       f" {list(report.problems)}")  # fmt: skip
        return report
