"""Deletions, edits and returns at random: it gets quiet, nobody is twice, and nothing is stuck."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from talk_sdk.testing.faults import Fault
from talk_sdk.testing.neutral import World
from talk_sdk.testing.workbench import Workbench

SYSTEMS = {"shop": "customwebshop", "outlet": "customwebshop", "erp": "customerp"}
KEYS = {"shop": "id", "outlet": "id", "erp": "customerId"}
FAULTS = ("drop_after", "drop_before", "server_error", "rate_limit", "timeout", "empty_page")
WAYS = {"shop": ("ignore", "archive", "delete"), "outlet": ("ignore", "archive", "delete"),
        "erp": ("ignore", "archive")}  # fmt: skip


class Walk:
    """Users at work in three systems, and runs in between, some of which are disturbed."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.rng = Random(seed)
        self.policies = {name: self.rng.choice(ways) for name, ways in WAYS.items()}
        entities = {
            name: {"entities": {"Customer": {"on_delete": policy}}}
            for name, policy in self.policies.items()
        }
        self.bench = Workbench(folder, World((), (), ()), SYSTEMS, settings=entities, seed=seed)
        self.gone: dict[str, list[str]] = {name: [] for name in SYSTEMS}
        self.count = 0

    def step(self) -> None:
        system = self.rng.choice(list(SYSTEMS))
        control = self.bench.control(system)
        rows = control.dump("customers")
        self.count += 1
        act = self.rng.choice(["create", "edit", "edit", "delete", "restore"])
        if act == "create" or not rows:
            row = {"name": f"N{self.count}", "email": f"p{self.count}@example.no"}
            control.create("customers", row)
        elif act == "restore" and self.gone[system]:
            control.restore("customers", self.gone[system].pop())
        else:
            ident = str(self.rng.choice(rows)[KEYS[system]])
            if act == "delete":
                control.delete("customers", ident)
                self.gone[system].append(ident)
            else:
                control.edit("customers", ident, {"name": f"N{self.count}"})

    def run(self, *, disturbed: bool) -> dict[str, int]:
        if disturbed:
            plan = [Fault(kind=self.rng.choice(FAULTS), probability=0.3, times=2)]  # type: ignore[arg-type]
            self.bench.faults[self.rng.choice(list(SYSTEMS))].plan(plan)
        self.bench.clock.advance(timedelta(hours=self.rng.choice([1, 25])).total_seconds())
        self.bench.reset()
        with self.bench.runner() as runner:
            runner.sync(approve=True, approve_deletes=99)
        for faults in self.bench.faults.values():
            faults.plan([])
        return self.bench.writes()

    def quiet(self) -> None:
        """Whole reads until nothing is written."""
        for _ in range(8):
            self.bench.clock.advance(timedelta(hours=25).total_seconds())
            if not any(self.run(disturbed=False).values()):
                return
        raise AssertionError("still writing")


@pytest.mark.parametrize("seed", range(5))
def test_deletions_at_random_end_in_quiet_without_twins(tmp_path: Path, seed: int) -> None:
    walk = Walk(tmp_path, seed)
    for _ in range(12):
        for _ in range(walk.rng.randrange(4)):
            walk.step()
        walk.run(disturbed=walk.rng.random() < 0.4)
    walk.quiet()
    for system in SYSTEMS:
        rows: list[dict[str, Any]] = walk.bench.control(system).dump("customers")
        twice = {email: n for email, n in Counter(r["email"] for r in rows).items() if n > 1}
        assert twice == {}, (system, walk.policies)
    with walk.bench.runner() as runner:
        assert runner.status().open == {}, walk.policies
