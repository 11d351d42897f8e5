"""F14: pages drift while we read.

Records are added, changed and deleted between two pages of a list. What slipped over the edge of a
page is not taken for gone, and is read sooner or later; a list that stops before its end, at a cap
of the server or by a fault, is "incomplete", never "done".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

DAY = 25 * 3600.0
COUNT = 9


@pytest.fixture
def bench(make: Callable[..., Any], between: Callable[..., None], follow: Mapping[str, Any]) -> Any:
    """Pages of two records, and an outlet that deletes what is gone elsewhere."""
    found = make("shop", "erp", "outlet", settings={"outlet": follow})
    for number in range(COUNT):
        record = {"name": f"Kunde {number}", "email": f"k{number}@example.no"}
        found.control("erp").create("customers", record)
    found.quiet()
    for system in ("shop", "erp"):
        between(found, system, page=2)
    return found


def at(bench: Any, system: str, page: int, act: Callable[[], Any]) -> None:
    """Do something right before a page of the list of customers is served."""
    seen = 0

    def hook(call: Any) -> None:
        nonlocal seen
        listed = call.method == "GET" and call.path.endswith("/customers")
        if listed and "ids" not in call.query:
            seen += 1
            if seen == page:
                act()

    bench.faults[system].on_request = hook


def names(bench: Any, system: str) -> set[str]:
    return {row["name"] for row in bench.rows(system)}


@pytest.mark.parametrize("page", [2, 4])
@pytest.mark.parametrize(("system", "ident"), [("shop", "id"), ("erp", "customerId")])
def test_a_deletion_between_pages_deletes_that_record_and_no_other(
    bench: Any, system: str, ident: str, page: int
) -> None:
    first = str(bench.row(system, name="Kunde 0")[ident])
    at(bench, system, page, lambda: bench.control(system).delete("customers", first))
    bench.sync(after=DAY)
    bench.faults[system].on_request = None
    bench.sync(after=DAY)
    bench.sync(after=DAY)
    expected = {f"Kunde {number}" for number in range(1, COUNT)}
    assert names(bench, "outlet") == names(bench, system) == expected


def test_a_record_that_changes_and_one_that_is_added_between_pages_are_both_read(
    bench: Any,
) -> None:
    shop = bench.control("shop")
    first = bench.row("shop", name="Kunde 0")["id"]

    def act() -> None:
        shop.edit("customers", first, {"note": "midt i lesingen"})
        shop.create("customers", {"name": "Ny", "email": "ny@example.no"})

    at(bench, "shop", 2, act)
    bench.sync(after=DAY)
    bench.faults["shop"].on_request = None
    bench.sync()
    assert bench.row("erp", name="Kunde 0")["remark"] == "midt i lesingen"
    assert "Ny" in names(bench, "erp")
    assert len(names(bench, "outlet")) == COUNT + 1


def test_a_list_that_is_capped_is_incomplete(bench: Any, between: Callable[..., None]) -> None:
    """The server shows no more than so many records, and says how many there are."""

    def capped(path: str, body: Any) -> Any:
        late = path.endswith("/customers") and body.get("page", 0) > 2
        return {**body, "items": []} if late else body

    between(bench, "erp", change=capped)
    report = bench.sync(after=DAY)
    assert report.outcome == "stopped"
    assert any("erp" in problem for problem in report.problems)
    assert len(names(bench, "outlet")) == COUNT
