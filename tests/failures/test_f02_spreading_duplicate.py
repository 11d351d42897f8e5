"""F2: the duplicate spreads: what a lost create left behind is "new", and comes back as another.

While a create is in doubt, records that could be what it made wait: the system they came from does
not grow. Two engines on one pair of systems feed each other without end: the brake on growth stops
the second one, and its message names the mark of the first.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.mark.parametrize("again", [1, 3])
def test_what_a_lost_create_left_behind_does_not_come_back(
    make: Callable[..., Any], again: int
) -> None:
    bench = make("shop", "erp", settings={"shop": {"idempotency_keys": False}})
    bench.faults["shop"].switch("idempotency", False)
    bench.control("erp").create("customers", {"name": "Ola"})
    bench.fault("shop", "drop_after", method="POST", path="customers", times=1)
    for _ in range(again):
        bench.killed("answered")
    bench.well()
    for _ in range(3):
        bench.sync()
    assert bench.counts() == {"shop": 1, "erp": 1}
    assert bench.made("erp") == 0


def test_a_second_engine_on_the_same_systems_is_stopped_and_the_first_one_named(
    make: Callable[..., Any], tmp_path: Path
) -> None:
    bench = make("shop", "erp", config={"brakes": {"creates": 3, "creates_percent": 0}})
    first = bench.source
    second = {**first, "store": {"url": f"sqlite:///{tmp_path / 'second.db'}"}}
    for turn in (first, second):
        bench.control("shop").create("customers", {"name": f"Turn {turn['store']}"})
        bench.source = turn
        bench.sync()
    for number in range(4):
        bench.control("shop").create("customers", {"name": f"Kunde {number}"})
    bench.source = first
    bench.sync(approve_creates=99)
    before = bench.counts()
    bench.source = second
    report = bench.sync()
    assert report.outcome == "stopped"
    assert "Another workspace writes here, too: its mark is on erp.Customer:" in report.problems[0]
    assert bench.counts() == before
