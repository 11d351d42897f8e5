"""F20: webhooks that come before the link is saved, twice, late, in the wrong order, or never.

A hint is only a hint: the record is read, whatever the hint was about, and what no hint told is
found by the next run without hints. A store that was kept by hints ends as one that only polled.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

Hint = tuple[str, str, str]
IDS = {"shop": "id", "outlet": "id", "erp": "customerId"}
NAMES = {"shop": "note", "outlet": "note", "erp": "remark"}


@pytest.fixture
def twins(make: Callable[..., Any], tmp_path: Path) -> tuple[Any, Any]:
    """Two workspaces with systems of their own, in which users will do the same."""
    benches = []
    for name in ("hinted", "polled"):
        bench = make("shop", "outlet", "erp")
        bench.source["store"] = {"url": f"sqlite:///{tmp_path / name}.db"}
        benches.append(bench)
    return benches[0], benches[1]


def hinted(bench: Any, hints: list[Hint]) -> None:
    bench.clock.advance(30)
    with bench.runner() as runner:
        runner.sync(approve=True, hints=hints)


def edit(bench: Any, system: str, email: str, note: str) -> Hint:
    """A user types a note; what the webhook says."""
    row = bench.row(system, email=email)
    ident = str(row[IDS[system]])
    bench.control(system).edit("customers", ident, {NAMES[system]: note})
    return system, "Customer", ident


def said(bench: Any) -> dict[str, list[tuple[str, str | None]]]:
    return {
        system: sorted((row["email"], row[NAMES[system]] or "") for row in bench.rows(system))
        for system in IDS
    }


@pytest.mark.parametrize("seed", range(3))
def test_shuffled_repeated_late_and_lost_hints_end_as_polling_does(
    twins: tuple[Any, Any], seed: int
) -> None:
    rng = Random(seed)
    by_hints, by_polling = twins
    emails = [f"k{number}@example.no" for number in range(4)]
    for bench in twins:
        for email in emails:
            bench.control("shop").create("customers", {"name": email, "email": email})
        bench.quiet()
    pending: list[Hint] = []
    for number in range(10):
        system, email = rng.choice(list(IDS)), rng.choice(emails)
        times = rng.choice([0, 1, 1, 3])
        pending += [edit(by_hints, system, email, f"note {number}")] * times
        edit(by_polling, system, email, f"note {number}")
        rng.shuffle(pending)
        delivered, pending = pending[: len(pending) // 2], pending[len(pending) // 2 :]
        hinted(by_hints, delivered)
        by_polling.sync(after=30)
    hinted(by_hints, pending)
    for bench in twins:
        bench.quiet()
    assert said(by_hints)["shop"] == said(by_hints)["erp"] == said(by_hints)["outlet"]
    assert {email for email, _ in said(by_hints)["shop"]} == set(emails)
    assert said(by_polling)["shop"] == said(by_polling)["erp"] == said(by_polling)["outlet"]


def test_the_hint_of_our_own_create_comes_before_its_link(pair: Any) -> None:
    """The create has been made, the answer is lost, and the webhook tells of the new record."""
    pair.control("shop").create("customers", {"name": "Kari", "email": "kari@example.no"})
    pair.fault("erp", "drop_after", method="POST", path="customers", times=1)
    pair.sync()
    pair.well()
    (made,) = pair.rows("erp")
    for _ in range(2):
        hinted(pair, [("erp", "Customer", str(made["customerId"]))])
    pair.quiet_for_good()
    assert pair.counts() == {"shop": 1, "erp": 1}


def test_a_hint_of_an_older_state_writes_nothing_back(pair: Any) -> None:
    """The echo of our write comes as a hint after the record has been edited again."""
    shop = pair.control("shop")
    ident = shop.create("customers", {"name": "Kari", "email": "kari@example.no"})
    pair.quiet()
    shop.edit("customers", ident, {"note": "first"})
    pair.sync()
    echo = ("erp", "Customer", str(pair.row("erp")["customerId"]))
    shop.edit("customers", ident, {"note": "second"})
    hinted(pair, [echo, echo])
    assert pair.row("shop")["note"] == "second"
    hinted(pair, [("shop", "Customer", ident), echo])
    pair.quiet_for_good()
    assert pair.row("shop")["note"] == pair.row("erp")["remark"] == "second"


def test_a_lost_hint_costs_a_run_and_no_edit(pair: Any) -> None:
    shop = pair.control("shop")
    ident = shop.create("customers", {"name": "Kari", "email": "kari@example.no"})
    pair.quiet()
    shop.edit("customers", ident, {"note": "untold"})
    hinted(pair, [])
    assert pair.row("erp")["remark"] is None
    pair.quiet()
    assert pair.row("erp")["remark"] == "untold"
