"""Deletions: proven, braked, followed only where somebody said so, and overruled by edits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from talk_sdk.errors import ConfigError
from talk_sdk.operations import Plan
from talk_sdk.reports import Report
from talk_sdk.testing.faults import Fault
from talk_sdk.testing.neutral import World
from talk_sdk.testing.workbench import Workbench

SYSTEMS = {"shop": "customwebshop", "outlet": "customwebshop", "erp": "customerp"}
KINDS = {"customers": "Customer", "products": "Product", "orders": "Order"}
PATHS = {"shop": "id", "outlet": "id", "erp": "customerId"}


class Bench(Workbench):
    """Two shops, of which one follows deletions, and an ERP that archives."""

    def sync(self, **approvals: Any) -> Report:
        """A run, a day later: everything is read."""
        self.clock.advance(timedelta(hours=25).total_seconds())
        with self.runner() as runner:
            return runner.sync(approve=True, **approvals)

    def plan(self) -> tuple[Plan, list[tuple[str, str]]]:
        """The plan, and its operations as (system, kind)."""
        self.clock.advance(90)
        with self.runner() as runner:
            plan = runner.plan()
            return plan, [(each.system, each.kind) for each in plan]

    def names(self, system: str, collection: str = "customers") -> set[str]:
        """The names of all records there that are in use."""
        rows = self.control(system).dump(collection)
        return {row["name"] for row in rows if row.get("active", not row.get("blocked"))}

    def ident(self, system: str, name: str) -> str:
        """The id of a customer there."""
        (row,) = [r for r in self.control(system).dump("customers") if r["name"] == name]
        return str(row[PATHS[system]])

    def delete(self, system: str, name: str) -> str:
        """A user deletes a customer."""
        ident = self.ident(system, name)
        self.control(system).delete("customers", ident)
        return ident

    def conflicts(self) -> list[str]:
        """What the conflict list says."""
        with self.runner() as runner:
            return [item.reason for item in runner.status().conflicts]


def entities(**policies: str) -> dict[str, Any]:
    return {
        system: {"entities": {kind: {"on_delete": policy} for kind in KINDS.values()}}
        if policy == "delete"
        else {"entities": {kind: {"on_delete": policy} for kind in ("Customer", "Product")}}
        for system, policy in policies.items()
    }


Make = Callable[..., Bench]


@pytest.fixture
def empty(tmp_path: Path, database: Any) -> Make:
    def build(settings: Any = None) -> Bench:
        store = {"store": {"url": database.url}}
        return Bench(tmp_path, World((), (), ()), SYSTEMS, settings=settings, config=store)

    return build


@pytest.fixture
def make(empty: Make) -> Make:
    def build(count: int = 2, **policies: str) -> Bench:
        bench = empty(entities(**(policies or {"outlet": "delete", "erp": "archive"})))
        for number in range(count):
            row = {"name": f"Kunde {number}", "email": f"k{number}@example.no"}
            bench.control("shop").create("customers", row)
        bench.sync()
        bench.sync()
        return bench

    return build


@pytest.fixture
def bench(make: Make) -> Bench:
    return make()


def quiet(bench: Bench) -> None:
    """Nothing is written any more."""
    for _ in range(2):
        bench.reset()
        bench.sync()
    assert bench.writes() == dict.fromkeys(SYSTEMS, 0)


def test_a_deletion_is_followed_as_each_system_is_told_to(bench: Bench) -> None:
    bench.delete("shop", "Kunde 0")
    plan, kinds = bench.plan()
    assert (kinds, len(plan.problems)) == ([], 0)
    bench.clock.advance(timedelta(hours=25).total_seconds())
    plan, kinds = bench.plan()
    assert sorted(kinds) == [("erp", "archive"), ("outlet", "delete")]

    report = bench.sync()
    assert report.written == {
        ("outlet", "Customer", "delete"): 1,
        ("erp", "Customer", "archive"): 1,
    }
    for system in SYSTEMS:
        assert bench.names(system) == {"Kunde 1"}, system
    assert len(bench.control("erp").dump("customers")) == 2
    quiet(bench)


def test_without_a_policy_a_deletion_means_nothing_elsewhere(make: Make) -> None:
    bench = make(outlet="ignore")
    bench.delete("shop", "Kunde 0")
    bench.sync()
    bench.control("erp").edit("customers", bench.ident("erp", "Kunde 0"), {"phone": "22000001"})
    bench.sync()
    assert bench.names("shop") == {"Kunde 1"}
    (there,) = [r for r in bench.control("outlet").dump("customers") if r["name"] == "Kunde 0"]
    assert there["phone"] == "+4722000001"
    assert bench.conflicts() == []
    quiet(bench)


def test_an_edit_elsewhere_overrules_a_deletion_and_both_are_listed(bench: Bench) -> None:
    bench.delete("shop", "Kunde 0")
    bench.control("erp").edit("customers", bench.ident("erp", "Kunde 0"), {"phone": "22000001"})
    bench.sync()
    for system in ("outlet", "erp"):
        assert bench.names(system) == {"Kunde 0", "Kunde 1"}, system
    assert bench.conflicts() == ["the record: deleted elsewhere and edited here: kept"]
    quiet(bench)


def test_an_edit_right_before_the_delete_is_sent_overrules_it(bench: Bench) -> None:
    bench.delete("shop", "Kunde 0")
    outlet, ident = bench.control("outlet"), bench.ident("outlet", "Kunde 0")

    def edit(step: str) -> None:
        if step == "plan" and outlet.dump("customers"):
            outlet.edit("customers", ident, {"note": "ring først"})

    bench.clock.advance(timedelta(hours=25).total_seconds())
    with bench.runner(step=edit) as runner:
        runner.sync(approve=True)
    assert "Kunde 0" in bench.names("outlet")
    quiet(bench)
    assert "Kunde 0" in bench.names("outlet")


def test_a_record_that_comes_back_is_the_same_and_its_archived_twin_is_in_use_again(
    make: Make,
) -> None:
    bench = make(erp="archive")
    shop = bench.control("shop")
    (row,) = [r for r in shop.dump("customers") if r["name"] == "Kunde 0"]
    shop.delete("customers", row["id"])
    bench.sync()
    assert bench.names("erp") == {"Kunde 1"}
    shop.restore("customers", row["id"])
    bench.sync()
    assert bench.names("erp") == {"Kunde 0", "Kunde 1"}
    assert len(bench.control("erp").dump("customers")) == 2
    quiet(bench)


def test_a_record_put_to_use_again_by_hand_stays_in_use(bench: Bench) -> None:
    bench.delete("shop", "Kunde 0")
    bench.sync()
    erp = bench.control("erp")
    erp.edit("customers", bench.ident("erp", "Kunde 0"), {"blocked": False})
    quiet(bench)
    assert bench.names("erp") == {"Kunde 0", "Kunde 1"}


def test_another_record_with_the_id_of_a_deleted_one_is_not_taken_for_it(bench: Bench) -> None:
    erp = bench.control("erp")
    ident = bench.delete("erp", "Kunde 0")
    bench.sync()
    assert "Kunde 0" not in bench.names("outlet")
    erp.recycle("customers", ident)
    erp.create("customers", {"name": "Ny kunde", "email": "ny@example.no"})
    assert bench.ident("erp", "Ny kunde") == ident
    quiet(bench)
    for system in SYSTEMS:
        assert "Ny kunde" in bench.names(system), system
    assert bench.names("shop") == {"Kunde 0", "Kunde 1", "Ny kunde"}


@pytest.mark.parametrize("fault", ["short_page", "repeated_page", "empty_page", "server_error"])
def test_a_listing_that_leaves_records_out_deletes_nothing(make: Make, fault: str) -> None:
    bench = make(12)
    bench.reset()
    bench.faults["shop"].plan([Fault(kind=fault, path="customers", times=50)])  # type: ignore[arg-type]
    bench.sync()
    bench.faults["shop"].plan([])
    assert bench.writes()["outlet"] == bench.writes()["erp"] == 0
    quiet(bench)
    assert len(bench.names("outlet")) == len(bench.names("erp")) == 12


def test_more_deletions_than_the_brake_allows_stop_all_writes_of_the_concept(
    make: Make,
) -> None:
    bench = make(20)
    for number in range(11):
        bench.delete("shop", f"Kunde {number}")
    bench.control("erp").edit("customers", bench.ident("erp", "Kunde 15"), {"phone": "22000001"})
    bench.control("shop").create("products", {"sku": "S-1", "title": "Stol", "price": "10.00"})
    bench.reset()
    report = bench.sync()
    (problem,) = report.problems
    assert problem.startswith("11 of 20 customer records would be deleted or archived")
    assert "talk sync --approve-deletes 11" in problem
    assert report.outcome == "stopped"
    assert {kind for _, kind, _ in report.written} == {"Product"}
    assert len(bench.names("outlet")) == 20
    plan, kinds = bench.plan()
    assert kinds.count(("outlet", "delete")) == 11
    assert list(plan.problems) == [problem]

    assert bench.sync(approve_deletes=10).problems == (problem,)
    assert bench.sync(approve_deletes=11).problems == ()
    assert len(bench.names("outlet")) == len(bench.names("erp")) == 9
    quiet(bench)


def test_more_creates_than_the_brake_allows_stop_writes_into_the_entity(make: Make) -> None:
    bench = make()
    for number in range(101):
        row = {"name": f"Ny {number}", "email": f"n{number}@example.no"}
        bench.control("shop").create("customers", row)
    report = bench.sync()
    assert [p.split(" would")[0] for p in report.problems] == ["101 records", "101 records"]
    assert "outlet.Customer, which has 2" in report.problems[0]
    assert report.written == {}
    assert bench.sync(approve_creates=101).problems == ()
    assert len(bench.names("outlet")) == len(bench.names("erp")) == 103
    quiet(bench)


def test_a_first_sync_that_was_cut_goes_on_without_asking_again(empty: Make) -> None:
    bench = empty()
    for number in range(150):
        row = {"name": f"Kunde {number}", "email": f"k{number}@example.no"}
        bench.control("shop").create("customers", row)
    bench.faults["outlet"].plan(
        [Fault(kind="server_error", method="POST", nth=tuple(range(31, 99)))]
    )
    bench.sync()
    bench.faults["outlet"].plan([])
    assert 0 < len(bench.names("outlet")) < 50
    assert bench.sync().problems == ()
    assert len(bench.names("outlet")) == 150


def test_what_a_system_cannot_do_about_deletions_is_refused_in_the_configuration(
    make: Make,
) -> None:
    with pytest.raises(ConfigError, match=r"erp.*on_delete = .delete.: the API cannot delete"):
        make(erp="delete")


def test_where_delete_is_off_the_record_stays_and_that_is_said(empty: Make) -> None:
    settings = {"outlet": {"entities": {"Customer": {"on_delete": "delete", "delete": False}}}}
    bench = empty(settings)
    bench.control("shop").create("customers", {"name": "Kunde 0", "email": "k0@example.no"})
    bench.sync()
    bench.delete("shop", "Kunde 0")
    reasons = {skip.reason for skip in bench.sync().skips if skip.system == "outlet"}
    assert reasons == {"deleted in shop, and delete is off for outlet.Customer"}
    assert bench.names("outlet") == {"Kunde 0"}


@pytest.mark.parametrize("kind", ["drop_after", "drop_before"])
def test_a_delete_whose_answer_is_lost_is_settled_by_a_look(bench: Bench, kind: str) -> None:
    bench.delete("shop", "Kunde 0")
    bench.faults["outlet"].plan([Fault(kind=kind, method="DELETE", times=5)])  # type: ignore[arg-type]
    bench.sync()
    bench.faults["outlet"].plan([])
    quiet(bench)
    assert bench.names("outlet") == {"Kunde 1"}


def test_orders_are_deleted_before_what_they_refer_to(make: Make) -> None:
    bench = make(1)
    shop = bench.control("shop")
    goods = shop.create("products", {"sku": "S-1", "title": "Stol", "price": "10.00"})
    line = {"product_id": goods, "quantity": "1", "unit_price": "10.00", "text": "Stol"}
    order = shop.create("orders", {"customer_id": bench.ident("shop", "Kunde 0"), "lines": [line]})
    bench.sync()
    bench.sync()
    shop.delete("orders", order)
    shop.delete("products", goods)
    bench.delete("shop", "Kunde 0")
    bench.sync()
    assert [bench.control("outlet").dump(name) for name in KINDS] == [[], [], []]


def test_a_deleted_record_is_made_anew_when_a_person_says_so(empty: Make) -> None:
    bench = empty()
    shop = bench.control("shop")
    ident = shop.create("customers", {"name": "Kari", "email": "kari@example.no"})
    bench.sync()
    shop.delete("customers", ident)
    bench.sync()
    assert shop.dump("customers") == []
    with bench.runner() as runner:
        with pytest.raises(ConfigError, match="is no deleted record"):
            runner.inbox.anew("erp.Customer:1")
        runner.inbox.anew(f"shop.Customer:{ident}")
        with pytest.raises(ConfigError, match="is no deleted record"):
            runner.inbox.anew(f"shop.Customer:{ident}")
    bench.sync()
    assert bench.names("shop") == bench.names("outlet") == {"Kari"}
    assert not any(bench.sync().written.values())
