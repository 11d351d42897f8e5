"""F10: clock skew decides the winner.

A clock that is wrong by an hour loses no edit that nobody contests. Of two edits of one property
the later one stands where their times differ by more than the clocks do; else it is a tie, which
the order of talk.toml settles; and either way both values are on the list.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

HOUR = 3600.0


def bench_of(make: Callable[..., Any], skew: float) -> tuple[Any, str, str]:
    bench = make("shop", "erp", skews={"erp": skew})
    here = bench.control("shop").create("customers", {"name": "Ola", "email": "ola@example.no"})
    bench.quiet()
    return bench, here, str(bench.row("erp")["customerId"])


def both(bench: Any) -> tuple[str, str]:
    return bench.row("shop")["note"], bench.row("erp")["remark"]


@pytest.mark.parametrize("skew", [-HOUR, HOUR])
def test_edits_that_nobody_contests_are_never_lost(make: Callable[..., Any], skew: float) -> None:
    bench, here, there = bench_of(make, skew)
    for turn in range(2):
        bench.control("shop").edit("customers", here, {"note": f"butikk {turn}"})
        bench.sync()
        assert both(bench) == (f"butikk {turn}",) * 2
        bench.control("erp").edit("customers", there, {"remark": f"regnskap {turn}"})
        bench.control("shop").edit("customers", here, {"website": f"https://{turn}.example"})
        bench.sync()
        assert both(bench) == (f"regnskap {turn}",) * 2
        assert bench.row("erp")["web"] == f"https://{turn}.example"
    assert not bench.status().conflicts


@pytest.mark.parametrize(("skew", "later"), [(-HOUR, "erp"), (HOUR, "shop")])
def test_edits_further_apart_than_the_clocks_are_in_their_true_order(
    make: Callable[..., Any], skew: float, later: str
) -> None:
    bench, here, there = bench_of(make, skew)
    edits = {
        "shop": lambda: bench.control("shop").edit("customers", here, {"note": "butikk"}),
        "erp": lambda: bench.control("erp").edit("customers", there, {"remark": "regnskap"}),
    }
    (first,) = edits.keys() - {later}
    edits[first]()
    bench.clock.advance(3 * HOUR)
    edits[later]()
    bench.quiet()
    assert both(bench) == ({"shop": "butikk", "erp": "regnskap"}[later],) * 2
    (conflict,) = bench.status().conflicts
    assert f"{later} wins: newest, by record time" in conflict.reason


@pytest.mark.parametrize(("skew", "first"), [(-HOUR, "shop"), (HOUR, "erp")])
def test_edits_closer_than_the_clocks_are_a_tie_that_is_listed(
    make: Callable[..., Any], skew: float, first: str
) -> None:
    """By their times the earlier edit would be the later one: half an hour proves nothing."""
    bench, here, there = bench_of(make, skew)
    for system in (first, *({"shop", "erp"} - {first})):
        if system == "shop":
            bench.control("shop").edit("customers", here, {"note": "butikk"})
        else:
            bench.control("erp").edit("customers", there, {"remark": "regnskap"})
        bench.clock.advance(HOUR / 2)
    bench.quiet()
    assert both(bench) == ("butikk", "butikk")
    (conflict,) = bench.status().conflicts
    assert "shop wins: a tie, by the order in talk.toml" in conflict.reason


def test_where_one_system_tells_no_times_the_others_are_still_in_their_order(
    make: Callable[..., Any],
) -> None:
    """The ERP's products have no time of change: its edit is a tie with both of the others."""
    bench = make("shop", "erp", "outlet")
    bench.control("shop").create("products", {"sku": "S-1", "title": "Stol", "price": "10.00"})
    bench.quiet()
    for system, ident, name in (
        ("shop", "id", "title"), ("erp", "productId", "description"), ("outlet", "id", "title"),
    ):  # fmt: skip
        row = str(bench.row(system, "products")[ident])
        bench.control(system).edit("products", row, {name: f"Stol, {system}"})
        bench.clock.advance(600)
    bench.quiet()
    assert bench.row("shop", "products")["title"] == "Stol, outlet"
    assert bench.row("erp", "products")["description"] == "Stol, outlet"
    assert len(bench.status().conflicts) == 2
