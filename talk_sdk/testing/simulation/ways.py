"""The ways in which a workspace is run: all of it, what hints are about, a plan that was saved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Literal

from talk_sdk._runner import Hint, Runner
from talk_sdk.operations import Operation
from talk_sdk.reports import Report
from talk_sdk.testing.records import Effect
from talk_sdk.testing.simulation.dialects import KINDS
from talk_sdk.testing.simulation.ledger import Ledger
from talk_sdk.testing.simulation.origins import KINDS_OF_ENTITIES
from talk_sdk.testing.simulation.views import Twin

__all__ = ["WAYS", "Way", "Ways"]

Way = Literal["whole", "hints", "plan first", "saved plan"]
WAYS: Mapping[Way, int] = {"whole": 4, "hints": 3, "plan first": 2, "saved plan": 3}
"""Each with its weight."""
Place = tuple[str, str]
"""System and kind."""


class Ways:
    """Draws how each run is asked for, and sees that no run does more than was asked.

    Args:
        rng: where it comes from.
        twins: the systems.
        ledger: what users did.
        file: where a plan is saved.
        violations: where what a run must not do is written to.
    """

    def __init__(
        self,
        rng: Random,
        twins: Mapping[str, Twin],
        ledger: Ledger,
        file: Path,
        violations: list[str],
    ) -> None:
        self._rng = rng
        self._twins = twins
        self._ledger = ledger
        self._file = file
        self._violations = violations
        self._settled: dict[str, int] | None = None
        self._told = 0
        self._late: list[Hint] = []
        self._changed: set[tuple[str, str, str]] = set()
        self._created: Counter[Place] = Counter()
        self.counts: Counter[str] = Counter()

    def draw(self) -> Way:
        """How the next run is asked for; the first one is of everything."""
        if self._ledger.linked is None:
            return "whole"
        return self._rng.choices(list(WAYS), list(WAYS.values()))[0]

    def plan(self, runner: Runner, *, save: bool) -> None:
        """Plan, and see that nothing was written (I10)."""
        before = self._marks()
        try:
            planned = runner.plan(save=self._file if save else None)
            operations = list(planned)
            self._approve(operations)
            self.counts["plan: with operations" if operations else "plan: empty"] += 1
        finally:
            for system, effect in self._since(before):
                self._violations.append(f"I10: a plan did a {effect.kind} in {system}")

    def sync(self, runner: Runner, way: Way, deletes: int) -> Report:
        """Run in some way; so many deletions are approved."""
        self.counts[f"way: {way}"] += 1
        if way == "hints":
            return runner.sync(approve=True, hints=self._hints(), approve_deletes=deletes)
        if way != "saved plan":
            return runner.sync(approve=True, approve_deletes=deletes)
        self._settled = None
        try:
            report = runner.sync(plan=self._file)
        finally:
            if self._settled is not None:
                self._only_approved(self._settled)
        self.counts["plan: operations that had changed"] += len(report.unapproved)
        return report

    def settled(self) -> None:
        """What was begun before is settled; all that is written from here on has to be planned."""
        if self._settled is None:
            self._settled = self._marks()

    # --- hints ------------------------------------------------------------------------------------

    def _hints(self) -> list[Hint]:
        """Of what was touched since the last ones: in any order, twice, later, or never."""
        news = {(system, kind, id_) for _, system, kind, id_ in self._ledger.touched[self._told :]}
        self._told = len(self._ledger.touched)
        hints = list(self._late)
        for system, kind, id_ in sorted(news):
            entity = self._entity(system, kind)
            if entity is not None:
                hints += [(system, entity, id_)] * self._rng.choice((0, 1, 1, 2))
        self._rng.shuffle(hints)
        some = self._rng.randrange(len(hints) + 1)
        now, self._late = hints[:some], hints[some:]
        self.counts["hints"] += len(now)
        return now

    def _entity(self, system: str, kind: str) -> str | None:
        entities = self._twins[system].dialect.entities
        return next((entity for entity, about in entities.items() if about == kind), None)

    # --- plans ------------------------------------------------------------------------------------

    def _approve(self, operations: list[Operation]) -> None:
        self._changed, self._created = set(), Counter()
        for each in operations:
            kind = KINDS_OF_ENTITIES.get(each.entity, each.entity)
            if each.kind == "create":
                self._created[each.system, kind] += 1
            else:
                self._changed.add((each.system, kind, str(each.id)))

    def _only_approved(self, before: Mapping[str, int]) -> None:
        """What a run of a saved plan did that nobody had approved (I10)."""
        made: set[tuple[str, str, str]] = set()
        created, others = self._created.copy(), []
        for system, effect in self._since(before):
            twin = self._twins[system]
            kind, id_ = twin.dialect.place_of(effect, twin.control)
            if kind not in KINDS or self._had((system, kind, id_), effect):
                continue  # what is left of a part that is gone does not say whose it was
            whole = twin.dialect.places[kind]["in"] == effect.collection
            if effect.kind == "create" and whole and created[system, kind] > 0:
                created[system, kind] -= 1
                made.add((system, kind, id_))
            else:
                others.append(((system, kind, id_), effect))
        for place, effect in others:
            if place not in made:
                what = f"{effect.kind} of {effect.collection}/{effect.id}"
                self._violations.append(f"I10: {what} in {place[0]}, which no plan had")

    def _had(self, place: tuple[str, str, str], effect: Effect) -> bool:
        """Whether a change was planned; of what is gone, a dialect may know a part of the id."""
        return place in self._changed or (effect.kind == "delete" and any(
            place[:2] == (system, kind) and effect.id in id_.split("/")
            for system, kind, id_ in self._changed))  # fmt: skip

    def _marks(self) -> dict[str, int]:
        return {name: len(twin.control.store.effects) for name, twin in self._twins.items()}

    def _since(self, marks: Mapping[str, int]) -> list[tuple[str, Effect]]:
        """What the API did since."""
        return [(name, effect) for name, twin in self._twins.items()
                for effect in twin.control.store.effects[marks[name] :]
                if effect.who == "api"]  # fmt: skip
