"""Systems that misbehave while they are read: cursors, completeness, isolation, dry runs."""

from __future__ import annotations

from typing import Any

import pytest

from talk_sdk.testing.faults import Fault, FaultKind


def people(bench: Any, count: int, system: str = "shop") -> None:
    for number in range(count):
        bench.control(system).create(
            "customers", {"name": f"Kunde {number}", "email": f"k{number}@example.no"}
        )


@pytest.mark.parametrize("kind", ["drop_before", "malformed", "server_error", "short_page"])
@pytest.mark.parametrize("system", ["shop", "erp"])
def test_a_page_that_fails_in_the_middle_is_made_up_for_by_the_next_run(
    bench: Any, kind: FaultKind, system: str
) -> None:
    other = {"shop": "erp", "erp": "shop"}[system]
    people(bench, 450, system)
    bench.faults[system].plan([Fault(kind=kind, method="GET", path="customers", nth=(2, 3, 4, 5))])
    bench.sync()
    bench.faults[system].plan([])
    bench.settle()
    assert len(bench.control(other).dump("customers")) == 450
    assert len(bench.control(system).dump("customers")) == 450


def test_a_record_waits_while_the_rest_of_its_list_may_say_whose_key_it_has(bench: Any) -> None:
    people(bench, 202)
    bench.settle()
    shop = bench.control("shop")
    first, *others = (str(row["id"]) for row in shop.dump("customers"))
    shop.create("customers", {"name": "Ny", "email": "k0@example.no"})
    bench.clock.advance(10)
    for id_ in others:
        shop.edit("customers", id_, {"phone": "22 33 44 55"})
    bench.clock.advance(10)
    shop.edit("customers", first, {"email": "annen@example.no"})
    bench.faults["shop"].plan(
        [Fault(kind="server_error", method="GET", path="customers", nth=(2, 3, 4, 5))]
    )
    assert bench.sync().outcome == "stopped"
    bench.faults["shop"].plan([])
    bench.settle()
    assert bench.open() == {}
    assert bench.erp("customers", email="k0@example.no")["name"] == "Ny"
    assert len(bench.control("erp").dump("customers")) == 203


def test_nothing_is_created_in_an_entity_that_was_not_read_to_its_end(bench: Any) -> None:
    people(bench, 3, "shop")
    people(bench, 3, "erp")
    bench.faults["erp"].plan([Fault(kind="server_error", method="GET", path="customers")])
    report = bench.sync()
    assert report.outcome == "stopped"
    assert len(bench.control("erp").dump("customers")) == 3
    bench.faults["erp"].plan([])
    bench.settle()
    assert len(bench.control("erp").dump("customers")) == 3
    assert len(bench.control("shop").dump("customers")) == 3


def test_a_server_that_does_not_answer_leaves_the_other_system_and_the_store_sound(
    bench: Any,
) -> None:
    people(bench, 2)
    bench.settle()
    bench.faults["erp"].plan([Fault(kind="timeout")])
    people_before = len(bench.control("erp").dump("customers"))
    bench.control("shop").create("customers", {"name": "Ny", "email": "ny@example.no"})
    report = bench.sync()
    assert report.outcome == "stopped"
    assert any("erp" in problem for problem in report.problems)
    assert report.read["shop", "Customer"] >= 1
    assert len(bench.control("erp").dump("customers")) == people_before
    bench.faults["erp"].plan([])
    bench.settle()
    assert bench.erp("customers", email="ny@example.no")["name"] == "Ny"


def test_a_token_that_expires_in_mid_read_stops_the_system_and_says_what_to_do(bench: Any) -> None:
    people(bench, 250)
    bench.faults["shop"].plan([Fault(kind="expired_token", path="customers", nth=(2, 3, 4))])
    report = bench.sync()
    assert report.outcome == "stopped"
    assert any("credentials of shop" in problem for problem in report.problems)
    bench.faults["shop"].plan([])
    bench.settle()
    assert len(bench.control("erp").dump("customers")) == 250


def test_a_rate_limit_is_waited_for(bench: Any) -> None:
    people(bench, 5)
    bench.faults["erp"].plan([Fault(kind="rate_limit", method="POST", times=2, seconds=30)])
    before = bench.clock.monotonic()
    report = bench.sync()
    assert report.outcome == "done"
    assert bench.clock.monotonic() - before >= 90 + 30
    assert len(bench.control("erp").dump("customers")) == 5


def test_a_record_that_one_system_refuses_is_listed_once_and_delays_nobody_else(
    bench: Any,
) -> None:
    people(bench, 2, "erp")
    erp = bench.control("erp")
    for buyer in (1, 2):
        erp.create("orders", {"customerId": buyer, "shopOrderNo": "S-1", "lines": []})
    bench.sync()
    assert len(bench.control("shop").dump("customers")) == 2
    assert len(bench.control("shop").dump("orders")) == 1
    bench.reset()
    bench.sync()
    assert bench.control("shop").counters()["requests"].get("POST", {}) == {}
    with bench.runner() as runner:
        (letter,) = runner.status().dead_letters
    assert "taken by another order" in letter.reason


def test_a_plan_writes_nothing_and_says_what_sync_does(bench: Any) -> None:
    people(bench, 3)
    people(bench, 0)
    bench.control("erp").create("customers", {"name": "Kari", "email": "kari@example.no"})
    with bench.runner() as runner:
        plan = runner.plan()
        again = runner.plan()
        assert plan.digest == again.digest
        assert sum(bench.writes().values()) == 0
        assert len(plan) == len(list(plan)) == 4
        names = {operation.record for operation in plan}
        assert "erp.Customer:1" in names
        report = runner.sync(approve=True)
    created = {place: n for place, n in report.written.items() if place[2] == "create"}
    assert created == {("erp", "Customer", "create"): 3, ("shop", "Customer", "create"): 1}


def test_a_dry_run_whose_connector_writes_is_refused_by_the_transport(bench: Any) -> None:
    from talk_sdk.errors import SafetyError
    from talk_sdk.operations import Operation

    bound = bench.runner()._bind(writes=False)["shop"]
    bound.session = bound.hooks.talk_open(settings=bound.settings, http=bound.http, vault={})
    operation = Operation("shop", "Customer", "create", "x", None, (), "", body={"name": "x"})
    with pytest.raises(SafetyError, match="a plan never writes"):
        bound.write([operation])
    assert bench.control("shop").dump("customers") == []


def test_a_wrong_account_stops_the_run_before_a_record_is_compared(make: Any) -> None:
    from talk_sdk.errors import SafetyError

    bench = make()
    people(bench, 2)
    bench.settle()
    with bench.runner()._store() as store, store.write() as connection:
        from talk_sdk._store import schema

        connection.execute(schema.systems.update().values(account="another"))
    bench.reset()
    with pytest.raises(SafetyError, match="another account"):
        bench.sync()
    assert bench.control("shop").counters()["reads"].get("customers", 0) == 0


def test_nothing_is_written_where_nothing_was_written_before_without_a_yes(bench: Any) -> None:
    people(bench, 2)
    with bench.runner() as runner:
        asked: list[Any] = []

        def no(first: Any) -> bool:
            asked.append(dict(first))
            return False

        report = runner.sync(approve=no)
        assert report.outcome == "stopped"
    assert asked == [{("erp", "Customer"): {"create": 2}}]
    assert bench.control("erp").dump("customers") == []


@pytest.mark.parametrize("toggle", ["write", "create"])
def test_a_toggle_that_is_off_keeps_an_entity_as_it_is(make: Any, toggle: str) -> None:
    bench = make()
    bench.source["systems"]["erp"]["entities"] = {"Customer": {toggle: False}}
    people(bench, 2)
    bench.settle()
    assert bench.control("erp").dump("customers") == []
    bench.source["systems"]["erp"]["entities"] = {}
    bench.settle()
    assert len(bench.control("erp").dump("customers")) == 2


def test_an_update_toggle_that_is_off_lets_creates_through(make: Any) -> None:
    bench = make()
    bench.source["systems"]["erp"]["entities"] = {"Customer": {"update": False}}
    people(bench, 1)
    bench.settle()
    (here,) = bench.control("shop").dump("customers")
    bench.control("shop").edit("customers", here["id"], {"note": "ny"})
    bench.settle()
    assert bench.control("erp").dump("customers")[0]["remark"] in {None, ""}
