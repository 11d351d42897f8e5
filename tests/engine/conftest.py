"""A shop and an ERP in process, synchronised by the real runner."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from talk_sdk.reports import Report
from talk_sdk.testing.neutral import World
from talk_sdk.testing.workbench import Workbench

SYSTEMS = {"shop": "customwebshop", "erp": "customerp"}


class Bench(Workbench):
    """A workbench with the few words that tests of the engine need."""

    def sync(self, **parts: Any) -> Report:
        """One run, a minute after the last thing that happened."""
        self.clock.advance(90)
        with self.runner(**parts) as runner:
            return runner.sync(approve=True)

    def settle(self, most: int = 4) -> int:
        """Run until a run writes nothing; returns how many runs wrote."""
        for runs in range(most + 1):
            self.reset()
            self.sync()
            if not any(self.writes().values()):
                return runs
        raise AssertionError(f"still writing after {most} runs: {self.writes()}")

    def shop(self, collection: str, **fields: Any) -> dict[str, Any]:
        """The one record of the shop that has these values."""
        return one(self.control("shop").dump(collection), fields)

    def erp(self, collection: str, **fields: Any) -> dict[str, Any]:
        """The one record of the ERP that has these values."""
        return one(self.control("erp").dump(collection), fields)

    def conflicts(self) -> list[str]:
        """What the conflict list says."""
        with self.runner() as runner:
            return [item.reason for item in runner.status().conflicts]

    def open(self) -> dict[str, int]:
        """What waits for somebody."""
        with self.runner() as runner:
            return runner.status().open


def one(rows: list[dict[str, Any]], fields: dict[str, Any]) -> dict[str, Any]:
    """The one row with these values."""
    found = [row for row in rows if all(str(row.get(name)) == str(v) for name, v in fields.items())]
    assert len(found) == 1, f"{len(found)} records with {fields} among {len(rows)}"
    return found[0]


def money(value: Any) -> Decimal:
    """A wire amount as a number."""
    return Decimal(str(value))


@pytest.fixture
def make(tmp_path: Path, database: Any) -> Callable[..., Bench]:
    """A bench with further settings, or other systems; its store is of either kind."""

    def build(**parts: Any) -> Bench:
        world = parts.pop("world", World((), (), ()))
        bench = Bench(tmp_path, world, parts.pop("systems", SYSTEMS), **parts)
        bench.source["store"] = {"url": database.url}
        return bench

    return build


@pytest.fixture
def bench(make: Callable[..., Bench]) -> Bench:
    """Two empty systems."""
    return make()
