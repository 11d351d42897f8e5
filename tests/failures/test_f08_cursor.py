"""F8: changes in one second, commits that show late, cursors that are rounded.

An incremental read begins before the cursor, by more than a list may be behind, and takes its bound
in; the cursor never passes a record that was not read. No version of a record is missed. A change
that shows later than anybody declared is made up for by the daily full read.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

DAY = 25 * 3600.0


def people(bench: Any, count: int) -> list[str]:
    return [
        bench.control("shop").create("customers", {"name": f"K {n}", "email": f"k{n}@example.no"})
        for n in range(count)
    ]


def notes(bench: Any) -> tuple[dict[str, str], dict[str, str]]:
    here = {row["email"]: row["note"] or "" for row in bench.rows("shop")}
    there = {row["email"]: row["remark"] or "" for row in bench.rows("erp")}
    return here, there


@pytest.mark.parametrize(("lag", "seed"), [(0.0, 1), (20.0, 2)])
def test_no_edit_is_missed_whenever_it_is_made(
    make: Callable[..., Any], lag: float, seed: int
) -> None:
    bench = make("shop", "erp", settings={"shop": {"lag_s": lag}})
    bench.faults["shop"].switch("lag", lag)
    rng, idents = Random(seed), people(bench, 5)
    bench.quiet()
    for number in range(15):
        bench.clock.advance(rng.choice((0.0, 0.1, 0.5, 1.0, lag)))
        bench.control("shop").edit("customers", rng.choice(idents), {"note": f"nr. {number}"})
        if rng.random() < 0.3:
            bench.sync(after=0.0)
    for _ in range(2):
        bench.sync(after=lag + 1.0)
    here, there = notes(bench)
    assert here == there


def test_what_changes_in_the_second_of_the_cursor_is_read(
    make: Callable[..., Any],
) -> None:
    """Without any overlap: the bound alone lets it in."""
    bench = make("shop", "erp", settings={"shop": {"overlap_s": 0.0}})
    first, second = people(bench, 2)
    bench.quiet()
    bench.clock.advance(100.2)
    bench.control("shop").edit("customers", first, {"note": "først"})
    bench.sync(after=0.1)
    bench.control("shop").edit("customers", second, {"note": "i samme sekund"})
    bench.sync(after=0.1)
    here, there = notes(bench)
    assert here == there
    assert there["k1@example.no"] == "i samme sekund"


@pytest.mark.parametrize("count", [2, 4])
def test_a_run_that_dies_between_pages_passes_nothing_that_it_has_not_kept(
    make: Callable[..., Any], between: Callable[..., None], count: int
) -> None:
    bench = make("shop", "erp")
    idents = people(bench, 6)
    bench.quiet()
    between(bench, "shop", page=2)
    for number, ident in enumerate(idents):
        bench.clock.advance(60)
        bench.control("shop").edit("customers", ident, {"note": f"nr. {number}"})
    assert bench.killed("page", count)
    bench.sync()
    here, there = notes(bench)
    assert here == there


def test_what_shows_later_than_was_declared_is_found_by_the_daily_read(pair: Any) -> None:
    first, second = people(pair, 2)
    pair.quiet()
    pair.faults["shop"].switch("lag", 600.0)
    pair.control("shop").edit("customers", first, {"note": "sent ute"})
    pair.clock.advance(30)
    pair.faults["shop"].switch("lag", 0.0)
    pair.control("shop").edit("customers", second, {"note": "går forbi"})
    pair.sync(after=DAY)
    here, there = notes(pair)
    assert here == there


@pytest.mark.parametrize("again", [1.0, 5.0, 15.0])
def test_a_list_that_is_behind_our_own_write_takes_nothing_back(
    make: Callable[..., Any], again: float
) -> None:
    """The replica that answers shows the record as it was before the write."""
    bench = make("shop", "erp", settings={"shop": {"lag_s": 20.0}})
    bench.faults["shop"].switch("lag", 20.0)
    (ident,) = people(bench, 1)
    bench.quiet()
    bench.control("shop").edit("customers", ident, {"website": "https://k0.example"})
    there = str(bench.row("erp")["customerId"])
    bench.control("erp").edit("customers", there, {"remark": "ny"})
    bench.sync(after=25.0)
    assert bench.row("shop")["note"] == "ny"
    report = bench.sync(after=again)
    assert report.read["shop", "Customer"] == 1, "the list showed it once more"
    assert not any(report.written.values())
    bench.quiet_for_good()
    assert notes(bench) == ({"k0@example.no": "ny"}, {"k0@example.no": "ny"})
