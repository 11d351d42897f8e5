"""F13: a rate-limit storm.

One account has one budget, whoever asks: after a 429 nothing more is asked of it until the time
that it named has passed, by none of the workers. The other systems go on, and what could not be
written is written by the next run, once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

WORKERS = 4
"""What the ERP's connector has under way at most."""


def people(bench: Any, count: int) -> None:
    for number in range(count):
        record = {"name": f"Kunde {number}", "email": f"k{number}@example.no"}
        bench.control("shop").create("customers", record)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_after_a_429_nobody_asks_again_before_the_time_that_it_named(
    make: Callable[..., Any], method: str
) -> None:
    bench = make("shop", "erp", config={"sync": {"workers": 8}})
    people(bench, 12)
    asked: list[tuple[str, float]] = []
    bench.faults["erp"].on_request = lambda call: asked.append(
        (f"{call.method} {call.path.rpartition('/')[2]}", bench.clock.monotonic())
    )
    bench.fault("erp", "rate_limit", method=method, path="customers", nth=1, seconds=30)
    report = bench.sync()
    assert report.outcome == "done"
    refused = [what for what, _ in asked].index(f"{method} customers")
    until = asked[refused][1] + 30
    # Those that were under way already could not know.
    assert sum(moment < until for _, moment in asked[refused + 1 :]) < WORKERS
    assert any(moment >= until for _, moment in asked)
    assert bench.counts() == {"shop": 12, "erp": 12}


def test_a_system_that_refuses_for_good_holds_up_no_other_one(make: Callable[..., Any]) -> None:
    bench = make("shop", "erp", "outlet")
    people(bench, 12)
    bench.fault("erp", "rate_limit", method="POST", seconds=30)
    report = bench.sync()
    assert report.outcome == "stopped"
    assert any("erp" in problem for problem in report.problems)
    assert bench.counts() == {"shop": 12, "erp": 0, "outlet": 12}
    posts = bench.control("erp").counters()["requests"]["POST"]["customers"]
    assert posts <= 8 * WORKERS
    bench.well()
    bench.quiet()
    assert bench.counts() == {"shop": 12, "erp": 12, "outlet": 12}
