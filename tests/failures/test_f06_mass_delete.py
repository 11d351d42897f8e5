"""F6: a mass delete after a listing that is empty, short, filtered, or an error in disguise.

A record that a listing does not show is looked up by its id before it counts as gone, so that no
listing, however wrong, deletes anything; true deletions pass all the same. Where even look-ups lie
(another account, rights that were taken away), the brake stops the run before it writes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

DAY = 25 * 3600.0
FEW = 6
"""Fewer than the brake lets through: only the look-up protects them."""


@pytest.fixture
def bench(make: Callable[..., Any], follow: Mapping[str, Any]) -> Any:
    """A shop, and an outlet that deletes what is deleted in the shop."""
    return make("shop", "outlet", settings={"outlet": follow})


def fill(bench: Any, count: int) -> None:
    for number in range(count):
        record = {"name": f"Kunde {number}", "email": f"k{number}@example.no"}
        bench.control("shop").create("customers", record)
    bench.quiet()


def names(bench: Any, system: str) -> set[str]:
    return {row["name"] for row in bench.rows(system)}


def listing(body: Any) -> Callable[[str, Any], Any]:
    """A shop whose list of customers is something else, under status 200."""
    return lambda path, own: body(own) if path.endswith("/customers") else own


WRONG: dict[str, Callable[[Any], Any]] = {
    "empty": lambda own: {**own, "data": [], "next_cursor": None},
    "only the first": lambda own: {**own, "data": own["data"][:1], "next_cursor": None},
    "every other": lambda own: {**own, "data": own["data"][::2], "next_cursor": None},
    "an error under 200": lambda _own: {"error": "unauthorized"},
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_listing_deletes_nothing_and_true_deletions_still_pass(
    bench: Any, between: Callable[..., None], kind: str
) -> None:
    fill(bench, FEW)
    twin = bench.twins["shop"]
    between(bench, "shop", change=listing(WRONG[kind]))
    bench.control("shop").delete("customers", bench.row("shop", name="Kunde 3")["id"])
    bench.sync(after=DAY)
    bench.twins["shop"] = twin
    bench.sync(after=DAY)
    expected = {f"Kunde {number}" for number in range(FEW) if number != 3}
    assert names(bench, "shop") == names(bench, "outlet") == expected


@pytest.mark.parametrize(
    ("kind", "nth"),
    [("empty_page", 1), ("short_page", 2), ("repeated_page", 2), ("malformed", (2, 3, 4, 5))],
)
def test_a_fault_on_any_page_of_a_listing_deletes_nothing(
    bench: Any, between: Callable[..., None], kind: str, nth: int | tuple[int, ...]
) -> None:
    fill(bench, FEW)
    between(bench, "shop", page=2)
    bench.fault("shop", kind, method="GET", path="customers", nth=nth)
    bench.sync(after=DAY)
    bench.well()
    bench.quiet_for_good()
    assert len(names(bench, "shop") & names(bench, "outlet")) == FEW


def test_where_look_ups_lie_too_the_brake_stops_the_run(
    bench: Any, between: Callable[..., None]
) -> None:
    fill(bench, 12)
    twin = bench.twins["shop"]

    def nobody(path: str, own: Any) -> Any:
        return {**own, "data": [], "next_cursor": None} if path.endswith("/customers") else own

    between(bench, "shop", change=nobody)
    bench.fault("shop", "server_error", path="customers/", status=404)
    bench.reset()
    report = bench.sync(after=DAY)
    assert report.outcome == "stopped"
    assert report.problems[0].startswith("12 of 12 customer records would be deleted")
    assert bench.writes()["outlet"] == 0
    bench.twins["shop"] = twin
    bench.well()
    bench.quiet_for_good()
    assert len(names(bench, "outlet")) == 12
