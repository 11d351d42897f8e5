"""Writes whose answer is lost, runs that are cut: nothing twice, nothing lost, or a review."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from talk_sdk.testing.faults import Fault, FaultKind
from talk_sdk.testing.neutral import World
from talk_sdk.testing.workbench import Workbench

LONG = "Østlandske Håndverksbedrifters Innkjøpssamvirke og Lager AS"


class KilledError(BaseException):
    """The process is gone: no handler may run on."""


def kill_at(name: str, count: int = 1) -> Callable[[str], None]:
    """A step hook that stops the run the n-th time that it passes a step."""
    left = count

    def step(passed: str) -> None:
        nonlocal left
        if passed == name:
            left -= 1
            if left == 0:
                raise KilledError(name)

    return step


def person(bench: Any, **fields: Any) -> str:
    record = {"name": "Ola", "email": "ola@example.no", **fields}
    return str(bench.control("shop").create("customers", record))


def cut(bench: Any, system: str, method: str, path: str = "customers") -> None:
    """The next such request has its effect, its answer is lost, and we die waiting for it."""
    bench.faults[system].plan([Fault(kind="drop_after", method=method, path=path, times=1)])
    with pytest.raises(KilledError):
        bench.sync(step=kill_at("answered"))
    bench.faults[system].plan([])


@pytest.mark.parametrize("kind", ["drop_after", "drop_before", "timeout", "server_error"])
@pytest.mark.parametrize(("origin", "target"), [("shop", "erp"), ("erp", "shop")])
def test_a_create_whose_answer_is_lost_is_made_once(
    bench: Any, kind: FaultKind, origin: str, target: str
) -> None:
    bench.control(origin).create("customers", {"name": "Ola", "email": "ola@example.no"})
    bench.faults[target].plan([Fault(kind=kind, method="POST", path="customers", times=1)])
    bench.sync()
    bench.settle()
    assert len(bench.control(target).dump("customers")) == 1
    assert bench.open() == {}


@pytest.mark.parametrize(("origin", "target"), [("shop", "erp"), ("erp", "shop")])
def test_a_create_without_any_key_that_is_cut_is_made_once(
    bench: Any, origin: str, target: str
) -> None:
    bench.control(origin).create("customers", {"name": "Nøkkelløs"})
    cut(bench, target, "POST")
    bench.settle()
    assert len(bench.control(target).dump("customers")) == 1
    assert bench.open() == {}


def test_a_create_with_neither_key_nor_marker_goes_to_review_and_is_never_repeated(
    make: Callable[..., Any],
) -> None:
    bench = make(settings={"shop": {"idempotency_keys": False}, "erp": {"marker": False}})
    for system in ("shop", "erp"):
        bench.faults[system].switch("idempotency", False)
        bench.faults[system].switch("marker", False)
    person(bench, email=None, name="Fra butikken")
    bench.control("erp").create("customers", {"name": "Fra ERP"})
    bench.faults["erp"].plan([Fault(kind="drop_after", method="POST", path="customers", times=1)])
    bench.faults["shop"].plan([Fault(kind="drop_after", method="POST", path="customers", times=1)])
    bench.sync()
    for _ in range(3):
        bench.sync()
    assert bench.open()["reviews"] == 2
    assert len(bench.control("erp").dump("customers")) == 2
    assert len(bench.control("shop").dump("customers")) == 2


def test_a_doubted_create_that_has_a_unique_key_is_found_by_it(make: Callable[..., Any]) -> None:
    bench = make(settings={"erp": {"marker": False}})
    bench.faults["erp"].switch("marker", False)
    person(bench)
    cut(bench, "erp", "POST")
    bench.settle()
    assert len(bench.control("erp").dump("customers")) == 1
    assert bench.open() == {}


def test_a_create_that_never_arrived_is_made_although_nothing_has_proven_the_marker(
    bench: Any,
) -> None:
    person(bench, email=None)
    bench.faults["erp"].plan([Fault(kind="drop_before", method="POST", path="customers", times=1)])
    bench.sync()
    bench.settle()
    assert len(bench.control("erp").dump("customers")) == 1


def test_a_user_who_made_the_record_meanwhile_is_not_given_a_twin(bench: Any) -> None:
    bench.control("erp").create("customers", {"name": "Ola", "email": "ola@example.no"})
    bench.faults["shop"].plan([Fault(kind="drop_before", method="POST", path="customers", times=1)])
    bench.sync()
    person(bench, email="Ola@Example.no", name="Ola N")
    bench.settle()
    assert len(bench.control("shop").dump("customers")) == 1


def test_a_doubted_create_stays_one_when_repeating_it_is_refused_for_now(bench: Any) -> None:
    bench.control("erp").create("customers", {"name": "Ola"})
    cut(bench, "shop", "POST")
    busy = Fault(kind="rate_limit", method="POST", path="customers", times=50)
    bench.faults["shop"].plan([busy])
    bench.sync()
    bench.faults["shop"].plan([])
    bench.settle()
    assert len(bench.control("shop").dump("customers")) == 1
    assert bench.open() == {}


def test_a_lost_create_that_was_edited_since_waits_and_is_not_carried_on_as_another(
    make: Callable[..., Any],
) -> None:
    bench = make(settings={"shop": {"idempotency_keys": False}})
    bench.faults["shop"].switch("idempotency", False)
    bench.control("erp").create("customers", {"name": "Ola", "email": "ola@example.no"})
    cut(bench, "shop", "POST")
    made = bench.shop("customers")
    bench.clock.advance(30)
    bench.control("shop").edit("customers", made["id"], {"email": "kari@example.no"})
    bench.settle()
    assert len(bench.control("erp").dump("customers")) == 1
    assert len(bench.control("shop").dump("customers")) == 1
    assert bench.open()["reviews"] == 1


def test_a_lost_create_is_found_though_the_system_cut_the_name_that_tells_it(
    make: Callable[..., Any],
) -> None:
    bench = make(settings={"erp": {"marker": False}})
    bench.control("shop").create("products", {"title": LONG, "price": "1.00"})
    cut(bench, "erp", "POST", "products")
    bench.settle()
    assert len(bench.control("erp").dump("products")) == 1
    assert bench.open() == {}


def test_a_lost_create_whose_address_was_handed_on_does_not_take_the_other_customer(
    bench: Any,
) -> None:
    bench.control("erp").create("customers", {"name": "Ola", "email": "ola@example.no"})
    cut(bench, "shop", "POST")
    made = bench.shop("customers")
    bench.clock.advance(30)
    bench.control("shop").edit("customers", made["id"], {"email": "old@example.no"})
    person(bench, name="Kari")
    bench.settle()
    bench.shop("customers", name="Kari", email="ola@example.no")
    assert len(bench.control("shop").dump("customers")) == 2
    assert bench.open()["reviews"] == 1


def test_a_lost_create_that_lists_do_not_show_yet_is_not_made_again(
    make: Callable[..., Any],
) -> None:
    bench = make(settings={"erp": {"lag_s": 20.0}})
    bench.faults["erp"].switch("lag", 20.0)
    person(bench, name="Kari", email=None)
    bench.settle()
    person(bench, email=None)
    cut(bench, "erp", "POST")
    with bench.runner() as runner:
        runner.sync(approve=True)
    bench.settle()
    assert len(bench.control("erp").dump("customers")) == 2
    assert bench.open() == {}


def test_an_edit_of_a_lost_create_that_only_a_plan_has_read_is_not_lost(bench: Any) -> None:
    """What the repeated request answers is how the record was then, not how it is now."""
    shop = bench.control("shop")
    person(bench, name="Kari", email="kari@example.no")
    bench.settle()
    bench.control("erp").create("customers", {"name": "Ola"})
    cut(bench, "shop", "POST")
    bench.clock.advance(60)
    made = bench.shop("customers", name="Ola")["id"]
    shop.edit("customers", made, {"note": "ring først"})
    bench.clock.advance(60)
    shop.edit("customers", bench.shop("customers", name="Kari")["id"], {"note": "går forbi"})
    with bench.runner() as runner:
        runner.plan()
    bench.settle()
    assert bench.erp("customers", name="Ola")["remark"] == "ring først"
    assert bench.shop("customers", id=made)["note"] == "ring først"


@pytest.mark.parametrize("edited", [False, True])
@pytest.mark.parametrize("arrives", [False, True])
def test_a_doubted_update_that_the_erp_cuts_never_cuts_the_source(
    bench: Any, edited: bool, arrives: bool
) -> None:
    ident = person(bench)
    bench.settle()
    bench.control("shop").edit("customers", ident, {"name": LONG})
    kind: FaultKind = "drop_after" if arrives else "drop_before"
    bench.faults["erp"].plan([Fault(kind=kind, method="PUT", path="customers", times=1)])
    with pytest.raises(KilledError):
        bench.sync(step=kill_at("answered"))
    bench.faults["erp"].plan([])
    (there,) = bench.control("erp").dump("customers")
    if edited:
        bench.control("erp").edit("customers", there["customerId"], {"name": "Bruker AS"})
    bench.settle()
    assert bench.settle() == 0
    here = bench.shop("customers", id=ident)["name"]
    assert here != LONG[:50].rstrip()
    if not edited:
        assert here == LONG
        assert bench.conflicts() == []
    elif here == LONG:
        assert any("name" in reason for reason in bench.conflicts())


def test_an_edit_during_the_downtime_of_another_property_is_not_lost(bench: Any) -> None:
    ident = person(bench)
    bench.settle()
    bench.control("shop").edit("customers", ident, {"name": LONG})
    cut(bench, "erp", "PUT")
    (there,) = bench.control("erp").dump("customers")
    bench.control("erp").edit("customers", there["customerId"], {"remark": "ring"})
    bench.settle()
    assert bench.shop("customers", id=ident)["note"] == "ring"
    assert bench.shop("customers", id=ident)["name"] == LONG


@pytest.mark.parametrize("arrives", [False, True])
def test_a_doubted_stock_change_in_the_shop_is_applied_once(bench: Any, arrives: bool) -> None:
    erp = bench.control("erp")
    article = erp.create("products", {"description": "Stol", "articleNo": "S-1", "onHand": 10})
    bench.settle()
    erp.adjust("products", article, "onHand", 5)
    kind: FaultKind = "drop_after" if arrives else "drop_before"
    bench.faults["shop"].plan([Fault(kind=kind, method="POST", path="stock", times=1)])
    with pytest.raises(KilledError):
        bench.sync(step=kill_at("answered"))
    (here,) = bench.control("shop").dump("products")
    bench.control("shop").adjust("products", here["id"], "stock_quantity", -2)
    bench.settle()
    assert int(bench.control("shop").dump("products")[0]["stock_quantity"]) == 13
    assert int(erp.dump("products")[0]["onHand"]) == 13


def test_a_doubted_stock_change_in_the_erp_is_proven_by_the_version_or_asked_about(
    bench: Any,
) -> None:
    shop = bench.control("shop")
    ident = shop.create("products", {"sku": "S-1", "title": "Stol", "stock_quantity": 10})
    bench.settle()
    shop.adjust("products", ident, "stock_quantity", 5)
    bench.faults["erp"].plan([Fault(kind="drop_before", method="PUT", path="products", times=1)])
    bench.sync()
    bench.settle()
    assert int(bench.control("erp").dump("products")[0]["onHand"]) == 15
    shop.adjust("products", ident, "stock_quantity", 1)
    cut(bench, "erp", "PUT", "products")
    bench.settle()
    assert int(bench.control("erp").dump("products")[0]["onHand"]) == 16
    assert bench.open() == {"reviews": 1}


STEPS = ["page", "page stored", "match", "merge", "plan", "journaled", "answered", "answer stored"]


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("count", [1, 3])
def test_a_kill_at_any_step_ends_as_if_there_had_been_none(
    bench: Any, name: str, count: int
) -> None:
    shop, erp = bench.control("shop"), bench.control("erp")
    for number in range(3):
        buyer = person(bench, name=f"Kunde {number}", email=f"k{number}@example.no")
        erp.create("customers", {"name": f"Firma {number}", "email": f"f{number}@example.no"})
        goods = shop.create("products", {"sku": f"S-{number}", "title": "Stol", "price": "5"})
        row = {"product_id": goods, "quantity": "1", "unit_price": "5.00", "text": "Stol"}
        shop.create("orders", {"customer_id": buyer, "lines": [row]})
    for _ in killed(bench, name, count):
        pass
    bench.settle()
    for system in ("shop", "erp"):
        dumps = {c: len(bench.control(system).dump(c)) for c in ("customers", "products", "orders")}
        assert dumps == {"customers": 6, "products": 3, "orders": 3}
    assert bench.open() == {}


def killed(bench: Any, name: str, count: int) -> Iterator[None]:
    """Run, and be killed at the same step up to three times."""
    for _ in range(3):
        try:
            bench.sync(step=kill_at(name, count))
        except KilledError:
            yield


@pytest.mark.parametrize("edited", [False, True])
def test_a_lost_create_whose_key_another_has_too_is_known_by_all_that_it_says(
    bench: Any, edited: bool
) -> None:
    for name in ("Kari", "Ola"):
        bench.control("erp").create("customers", {
            "name": name, "contactFirstName": name, "email": "familien@example.no",
            "phone": "22000001", "invoiceAddress": {"street1": "Gata 1", "postCode": "0155",
                                                    "town": "Oslo", "countryName": "Norge"},
        })  # fmt: skip
    cut(bench, "shop", "POST")
    bench.clock.advance(2 * 86400)
    if edited:
        (there, *_) = bench.control("shop").dump("customers")
        bench.control("shop").edit("customers", there["id"], {"phone": "22000002"})
    bench.settle()
    assert bench.open() == ({"parked": 1, "reviews": 1} if edited else {})
    assert sorted(c["name"] for c in bench.control("shop").dump("customers")) == ["Kari", "Ola"]


@pytest.mark.parametrize("runs", [1, 2, 9])
def test_a_list_with_gaps_does_not_prove_that_a_create_never_happened(
    bench: Any, runs: int
) -> None:
    """Nothing tells whose the record is once the shop has forgotten the key of the create."""
    for name in ("Anne", "Berit"):
        person(bench, name=name, email=f"{name}@example.no")
    bench.settle()
    bench.control("erp").create("customers", {"name": "Kari"})
    cut(bench, "shop", "POST")
    bench.clock.advance(2 * 86400)
    bench.faults["shop"].plan([Fault(kind="empty_page", method="GET", path="customers$")])
    for _ in range(runs):
        bench.sync()
    assert len(bench.control("shop").dump("customers")) == 3
    assert bench.open() == ({"reviews": 1} if runs == 9 else {})
    bench.faults["shop"].plan([])
    if runs < 9:
        bench.settle()
    assert sorted(c["name"] for c in bench.control("shop").dump("customers")) == [
        "Anne", "Berit", "Kari",
    ]  # fmt: skip


def test_a_cut_create_is_completed_though_part_of_it_cannot_be_said_any_more(
    tmp_path: Path,
) -> None:
    bench = Workbench(tmp_path, World((), (), ()), {"shop": "customwebshop", "club": "membercare"})
    shop, where = bench.control("shop"), {"address1": "Gate 1", "city": "Oslo", "country": "NO"}
    ident = shop.create("customers", {"is_company": True, "name": "Åse AS", "vat_no": "910000009",
                                      "billing": {**where, "zip": "0155"}})  # fmt: skip
    bench.faults["club"].plan([Fault(kind="drop_after", method="POST", path="companies", times=1)])
    with bench.runner() as runner:
        runner.sync(approve=True)
    shop.edit("customers", ident, {"billing": {**where, "zip": None}, "phone": "22000009"})
    for _ in range(3):
        bench.clock.advance(90)
        bench.reset()
        with bench.runner() as runner:
            report = runner.sync(approve=True)
    assert (report.open, report.problems) == ({}, ())
    assert bench.writes() == {"shop": 0, "club": 0}
    (company,) = bench.control("club").dump("companies")
    assert [row["value"] for row in company["contacts"] or ()] == ["+4722000009"]
