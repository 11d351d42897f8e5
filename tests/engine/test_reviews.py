"""Questions that only a person can answer: both sides are shown, each answer does what it says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from talk_sdk.errors import ConfigError
from talk_sdk.reports import Review
from talk_sdk.testing.faults import Fault
from talk_sdk.testing.neutral import World
from talk_sdk.testing.workbench import Workbench

SYSTEMS = {"shop": "customwebshop", "erp": "customerp"}


class Bench(Workbench):
    """A shop and an ERP with a person at the desk."""

    def sync(self) -> Any:
        self.clock.advance(90)
        with self.runner() as runner:
            return runner.sync(approve=True)

    def quiet(self) -> None:
        """A run that writes nothing, after one that may."""
        self.sync()
        self.reset()
        self.sync()
        assert self.writes() == dict.fromkeys(SYSTEMS, 0)

    def reviews(self) -> list[Review]:
        with self.runner() as runner:
            return runner.inbox.reviews()

    def answer(self, review: Review, choice: str, record: str = "") -> None:
        with self.runner() as runner:
            runner.inbox.answer(review.id, choice, record)

    def names(self, system: str) -> list[str]:
        return sorted(row["name"] for row in self.control(system).dump("customers"))


Make = Callable[..., Bench]


@pytest.fixture
def make(tmp_path: Path, database: Any) -> Make:
    def build(**settings: Any) -> Bench:
        store = {"store": {"url": database.url}}
        return Bench(tmp_path, World((), (), ()), SYSTEMS, settings=settings, config=store)

    return build


@pytest.fixture
def twins(make: Make) -> Bench:
    """Two customers of the shop and one of the ERP, all with one e-mail address."""
    bench = make()
    for name in ("Ola", "Kari"):
        bench.control("shop").create("customers", {"name": name, "email": "felles@example.no"})
    bench.control("erp").create("customers", {"name": "Ola", "email": "felles@example.no"})
    bench.quiet()
    return bench


def test_a_question_shows_the_record_and_all_that_it_could_be(twins: Bench) -> None:
    found = {f"{each.system}:{each.says['name']}": each for each in twins.reviews()}
    assert set(found) == {"shop:Ola", "shop:Kari", "erp:Ola"}
    asked = found["shop:Kari"]
    assert (asked.kind, asked.choices) == ("match", ("link", "new", "ignore"))
    assert asked.says["email"] == "felles@example.no"
    could = {(each.record.partition(":")[0], each.says["name"]) for each in asked.candidates}
    assert could == {("shop.Customer", "Ola"), ("erp.Customer", "Ola")}
    assert twins.names("erp") == ["Ola"]


def test_records_are_linked_kept_apart_or_left_alone_as_a_person_says(twins: Bench) -> None:
    found = {f"{each.system}:{each.says['name']}": each for each in twins.reviews()}
    twins.answer(found["erp:Ola"], "new")
    twins.answer(found["shop:Ola"], "link", f"erp.Customer:{found['erp:Ola'].record}")
    twins.answer(found["shop:Kari"], "ignore")
    twins.quiet()
    assert twins.reviews() == []
    assert (twins.names("shop"), twins.names("erp")) == (["Kari", "Ola"], ["Ola"])
    twins.control("shop").edit("customers", found["shop:Ola"].record, {"phone": "22000001"})
    twins.control("shop").edit("customers", found["shop:Kari"].record, {"name": "Kari N"})
    twins.quiet()
    assert twins.reviews() == []
    (there,) = twins.control("erp").dump("customers")
    assert (there["name"], there["phone"]) == ("Ola", "+4722000001")


def test_a_record_of_its_own_is_created_elsewhere(twins: Bench) -> None:
    found = {f"{each.system}:{each.says['name']}": each for each in twins.reviews()}
    twins.answer(found["shop:Kari"], "new")
    twins.answer(found["shop:Ola"], "new")
    twins.answer(found["erp:Ola"], "link", f"shop.Customer:{found['shop:Ola'].record}")
    twins.quiet()
    assert (twins.names("shop"), twins.names("erp")) == (["Kari", "Ola"], ["Kari", "Ola"])


@pytest.mark.parametrize(
    ("choice", "record", "says"),
    [
        ("again", "", "can be settled with --link, --new, --ignore"),
        ("link", "", "name one as shop.Customer:17"),
        ("link", "erp.Customer:999", "is no linked customer"),
    ],
)
def test_an_answer_that_is_none_changes_nothing(
    twins: Bench, choice: str, record: str, says: str
) -> None:
    before = twins.reviews()
    with pytest.raises(ConfigError, match=says):
        twins.answer(before[0], choice, record)
    assert twins.reviews() == before


def test_what_is_linked_already_is_named_with_the_way_out(twins: Bench) -> None:
    found = {f"{each.system}:{each.says['name']}": each for each in twins.reviews()}
    twins.answer(found["erp:Ola"], "new")
    record = f"erp.Customer:{found['erp:Ola'].record}"
    twins.answer(found["shop:Ola"], "link", record)
    with pytest.raises(ConfigError, match=r"talk review --unlink shop\.Customer:"):
        twins.answer(found["shop:Kari"], "link", record)


def test_a_wrong_link_is_taken_apart_and_each_is_a_record_of_its_own(make: Make) -> None:
    bench = make()
    shop, erp = bench.control("shop"), bench.control("erp")
    here = shop.create("customers", {"name": "Ola", "email": "felles@example.no"})
    there = erp.create("customers", {"name": "Kari", "email": "felles@example.no"})
    goods = shop.create("products", {"sku": "S-1", "title": "Stol", "price": "10.00"})
    line = {"product_id": goods, "quantity": "2", "unit_price": "10.00", "text": "Stol"}
    shop.create("orders", {"customer_id": here, "lines": [line]})
    bench.quiet()
    assert bench.names("erp") == bench.names("shop")
    with bench.runner() as runner:
        runner.inbox.unlink(f"erp.Customer:{there}")
    erp.edit("customers", there, {"name": "Kari", "email": "kari@example.no"})
    bench.quiet()
    assert bench.names("erp") == bench.names("shop") == ["Kari", "Ola"]
    for system in SYSTEMS:
        (order,) = bench.control(system).dump("orders")
        assert len(order["lines"]) == 1, system
    with bench.runner() as runner, pytest.raises(ConfigError, match="is no linked record"):
        runner.inbox.unlink("erp.Customer:999")


def lost(make: Make, *, arrives: bool) -> tuple[Bench, Review]:
    """A create without key and marker whose answer is lost, while a user makes the like."""
    bench = make(erp={"marker": False})
    bench.control("shop").create("customers", {"name": "Ola"})
    kind: Any = "drop_after" if arrives else "drop_before"
    bench.faults["erp"].plan([Fault(kind=kind, method="POST", path="customers", times=1)])
    bench.sync()
    bench.faults["erp"].plan([])
    if not arrives:
        bench.control("erp").create("customers", {"name": "Ola Nordmann"})
    bench.sync()
    (asked,) = bench.reviews()
    assert (asked.kind, asked.choices) == ("create", ("link", "again"))
    assert asked.says["name"] == "Ola"
    return bench, asked


def test_a_lost_create_is_the_record_that_a_person_names(make: Make) -> None:
    bench, asked = lost(make, arrives=True)
    (candidate,) = asked.candidates
    bench.answer(asked, "link", candidate.record)
    bench.quiet()
    assert (bench.names("shop"), bench.names("erp")) == (["Ola"], ["Ola"])


def test_a_lost_create_is_made_again_when_a_person_says_that_it_was_not(make: Make) -> None:
    bench, asked = lost(make, arrives=False)
    bench.answer(asked, "again")
    bench.quiet()
    assert bench.names("erp") == bench.names("shop") == ["Ola", "Ola Nordmann"]


@pytest.mark.parametrize("arrives", [True, False])
def test_a_doubted_counter_is_what_a_person_says(make: Make, arrives: bool) -> None:
    bench = make()
    shop, erp = bench.control("shop"), bench.control("erp")
    ident = shop.create("products", {"sku": "S-1", "title": "Stol", "stock_quantity": 10})
    bench.quiet()
    shop.adjust("products", ident, "stock_quantity", 5)
    kind: Any = "drop_after" if arrives else "drop_before"
    bench.faults["erp"].plan([Fault(kind=kind, method="PUT", path="products", times=9)])
    bench.sync()
    bench.faults["erp"].plan([])
    (there,) = erp.dump("products")
    erp.adjust("products", there["productId"], "onHand", -2)
    bench.sync()
    (asked,) = bench.reviews()
    assert (asked.kind, asked.choices) == ("counter", ("done", "again"))
    bench.answer(asked, "done" if arrives else "again")
    bench.quiet()
    assert int(shop.dump("products")[0]["stock_quantity"]) == 13
    assert int(erp.dump("products")[0]["onHand"]) == 13
