"""F18: two records are merged inside of a system.

The id of the record that is no more leads to the other one, or both lead to a third. That is no
deletion, and the record that is gone is not made anew. A person is told where other systems still
have two, until they are merged there as well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

DAY = 25 * 3600.0


@pytest.fixture
def bench(make: Callable[..., Any]) -> Any:
    """Two customers in a shop, an outlet that deletes what is deleted, and an ERP."""
    follow = {"entities": {"Customer": {"on_delete": "delete"}}}
    bench = make("shop", "outlet", "erp", settings={"outlet": follow})
    for name in ("Kari", "Carrie"):
        email = f"{name.lower()}@example.no"
        bench.control("shop").create("customers", {"name": name, "email": email})
    bench.quiet()
    assert bench.counts() == {"shop": 2, "outlet": 2, "erp": 2}
    return bench


def ident(bench: Any, system: str, name: str) -> str:
    row = next(row for row in bench.rows(system) if name in {row.get("name"), row.get("fullName")})
    return str(row["id" if "id" in row else "customerId"])


def merge(bench: Any, system: str, loser: str, survivor: str) -> None:
    ids = (ident(bench, system, name) for name in (loser, survivor))
    bench.control(system).merge("customers", *ids)


def test_a_merge_is_followed_by_nobody_and_told_until_the_others_have_merged_too(
    bench: Any,
) -> None:
    merge(bench, "shop", "Carrie", "Kari")
    bench.control("shop").edit("customers", ident(bench, "shop", "Kari"), {"note": "both"})
    bench.sync(after=DAY)
    bench.quiet_for_good()
    assert bench.counts() == {"shop": 1, "outlet": 2, "erp": 2}
    assert bench.row("outlet", name="Kari")["note"] == "both"
    (review,) = bench.status().reviews
    assert "has merged" in review.reason
    assert "outlet.Customer" in review.reason
    assert "erp.Customer" in review.reason
    with bench.runner() as runner:
        (question,) = runner.inbox.reviews()
    assert question.says["name"] == "Carrie"
    assert {c.record.partition(".")[0] for c in question.candidates} == {"shop", "outlet", "erp"}
    assert question.choices == ("ignore",)

    for system in ("outlet", "erp"):
        merge(bench, system, "Carrie", "Kari")
    bench.sync(after=DAY)
    bench.quiet_for_good()
    assert bench.counts() == {"shop": 1, "outlet": 1, "erp": 1}
    assert bench.status().reviews == []


def test_what_is_edited_elsewhere_does_not_bring_the_merged_record_back(bench: Any) -> None:
    """The edit is on its way when the record is merged: it must not reach the other one."""
    merge(bench, "shop", "Carrie", "Kari")
    bench.control("outlet").edit("customers", ident(bench, "outlet", "Carrie"), {"note": "late"})
    bench.sync()
    bench.sync(after=DAY)
    bench.quiet_for_good()
    assert [row["name"] for row in bench.rows("shop")] == ["Kari"]
    assert bench.row("shop")["note"] is None
    assert bench.row("outlet", name="Carrie")["note"] == "late"
    assert {row["remark"] for row in bench.rows("erp")} == {None, "late"}


def test_the_last_trace_of_the_merged_record_deletes_nothing(bench: Any) -> None:
    loser = ident(bench, "shop", "Carrie")
    merge(bench, "shop", "Carrie", "Kari")
    bench.sync(after=DAY)
    bench.control("shop").delete("customers", ident(bench, "shop", "Kari"))
    with bench.runner() as runner:
        bench.clock.advance(90)
        runner.sync(hints=[("shop", "Customer", loser)])
    assert len(bench.rows("outlet")) == 2
    bench.sync(after=DAY)
    assert [row["name"] for row in bench.rows("outlet")] == ["Carrie"], "Kari was deleted"


def test_two_records_that_go_on_as_a_third_keep_their_twins(bench: Any) -> None:
    """The survivor has an id that nobody has seen before."""
    shop = bench.control("shop")
    third = shop.create("customers", {"name": "Kari", "note": "new id"})
    for name in ("Carrie", "Kari"):
        shop.merge("customers", ident(bench, "shop", name), third)
    bench.sync(after=DAY)
    bench.quiet_for_good()
    assert bench.counts() == {"shop": 1, "outlet": 2, "erp": 2}
    assert bench.row("outlet", name="Kari")["note"] == "new id"
    assert bench.row("outlet", name="Carrie")["note"] is None
    assert len(bench.status().reviews) == 1


def test_references_to_the_merged_record_mean_the_one_it_went_into(bench: Any) -> None:
    loser = ident(bench, "shop", "Carrie")
    merge(bench, "shop", "Carrie", "Kari")
    bench.sync(after=DAY)
    line = {"text": "Arbeid", "quantity": "1", "unit_price": "10.00"}
    bench.control("shop").create("orders", {"customer_id": loser, "lines": [line]})
    bench.quiet()
    kari = ident(bench, "outlet", "Kari")
    assert [str(order["customer_id"]) for order in bench.rows("outlet", "orders")] == [kari]


def test_a_full_compare_takes_references_to_either_of_them_for_the_same(bench: Any) -> None:
    """What the shop calls by one id is two records elsewhere: nothing of that can be mended."""
    line = {"text": "Arbeid", "quantity": "1", "unit_price": "10.00"}
    loser = ident(bench, "shop", "Carrie")
    bench.control("shop").create("orders", {"customer_id": loser, "lines": [line]})
    bench.quiet()
    merge(bench, "shop", "Carrie", "Kari")
    bench.sync(after=DAY)
    there = ident(bench, "outlet", "Carrie")
    bench.control("outlet").create("orders", {"customer_id": there, "lines": [line]})
    bench.quiet_for_good()
    with bench.runner() as runner:
        assert runner.reconcile().counts == {}
