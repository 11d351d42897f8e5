"""F7: leaving a filter looks like a delete, or hides one.

A record that leaves the filter of a dataflow rests: its link is dormant, nothing is written to it
or for it, and nothing is deleted. When it is back, it is the same link. A changed filter is no
mass deletion, and a deletion of a record at rest is noticed and stays where it was made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

DAY = 25 * 3600.0
FLOW = {"from": "shop.Customer", "to": "outlet.Customer", "filter": "website != 'closed'"}


@pytest.fixture
def bench(make: Callable[..., Any], follow: Mapping[str, Any]) -> Any:
    """A shop whose closed customers are none of the outlet's, and both delete what is deleted."""
    settings = {"outlet": follow, "shop": follow}
    bench = make("shop", "outlet", settings=settings, config={"dataflow": [dict(FLOW)]})
    for number in range(4):
        bench.control("shop").create(
            "customers", {"name": f"Kunde {number}", "email": f"k{number}@example.no"}
        )
    bench.quiet()
    return bench


def edit(bench: Any, system: str, name: str, **fields: Any) -> None:
    bench.control(system).edit("customers", bench.row(system, name=name)["id"], fields)


def test_a_record_that_leaves_is_neither_written_nor_deleted_and_comes_back_as_the_same(
    bench: Any,
) -> None:
    there = bench.row("outlet", name="Kunde 1")
    edit(bench, "shop", "Kunde 1", website="closed", note="left")
    bench.quiet_for_good()
    assert bench.counts() == {"shop": 4, "outlet": 4}
    assert bench.row("outlet", name="Kunde 1") == there
    assert bench.status().dormant == {("shop", "Customer"): 1}
    edit(bench, "shop", "Kunde 1", website=None)
    bench.quiet_for_good()
    assert bench.counts() == {"shop": 4, "outlet": 4}
    assert bench.row("outlet", name="Kunde 1")["id"] == there["id"]
    assert bench.row("outlet", name="Kunde 1")["note"] == "left"
    assert bench.status().dormant == {}


def test_a_filter_that_keeps_out_everything_deletes_nothing(bench: Any) -> None:
    bench.source["dataflow"] = [{**FLOW, "filter": "website == 'nobody'"}]
    bench.quiet_for_good()
    assert bench.counts() == {"shop": 4, "outlet": 4}
    assert not bench.status().dead_links
    bench.source["dataflow"] = [dict(FLOW)]
    edit(bench, "outlet", "Kunde 2", note="together again")
    bench.quiet_for_good()
    assert bench.row("shop", name="Kunde 2")["note"] == "together again"


def test_a_deletion_at_rest_is_noticed_and_goes_no_further(bench: Any) -> None:
    edit(bench, "shop", "Kunde 3", website="closed")
    bench.quiet()
    bench.control("shop").delete("customers", bench.row("shop", name="Kunde 3")["id"])
    bench.sync(after=DAY)
    bench.quiet_for_good()
    assert bench.counts() == {"shop": 3, "outlet": 4}
    assert [item.entity for item in bench.status().dead_links] == ["Customer"]
    bench.control("shop").delete("customers", bench.row("shop", name="Kunde 2")["id"])
    bench.sync(after=DAY)
    bench.quiet_for_good()
    assert bench.counts() == {"shop": 2, "outlet": 3}, "a true deletion is carried out"


@pytest.mark.parametrize("kind", ["reconcile", "undo"])
def test_whatever_run_sees_it_first_a_record_that_leaves_rests_before_it_is_merged(
    bench: Any, kind: str
) -> None:
    edit(bench, "shop", "Kunde 1", phone="22000001")
    before = bench.sync().run
    edit(bench, "shop", "Kunde 1", website="closed", note="left")
    bench.clock.advance(90)
    with bench.runner() as runner:
        if kind == "reconcile":
            runner.reconcile(repair=True, approve=True)
        else:
            runner.undo(before, approve=True)
    bench.quiet_for_good()
    assert bench.row("outlet", name="Kunde 1")["note"] is None
    assert bench.status().dormant == {("shop", "Customer"): 1}


def test_a_record_at_rest_survives_a_deletion_elsewhere_and_so_it_does_when_it_is_back(
    bench: Any,
) -> None:
    bench.source["dataflow"] = [{**FLOW, "filter": "website == 'nobody'"}]
    bench.quiet()
    bench.control("outlet").delete("customers", bench.row("outlet", name="Kunde 1")["id"])
    bench.sync(after=DAY)
    bench.quiet_for_good()
    assert bench.counts() == {"shop": 4, "outlet": 3}
    assert bench.status().dormant == {("shop", "Customer"): 4}
    bench.source["dataflow"] = [dict(FLOW)]
    bench.quiet_for_good()
    assert bench.counts() == {"shop": 4, "outlet": 3}
    assert bench.status().dormant == {}
