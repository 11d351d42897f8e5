"""Conflicts that a person settles: nothing is written over, and the choice stands everywhere."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from talk_sdk.errors import ConfigError
from talk_sdk.reports import Conflict
from talk_sdk.testing.neutral import World
from talk_sdk.testing.workbench import Workbench

SYSTEMS = {"shop": "customwebshop", "erp": "customerp", "outlet": "customwebshop"}
ASK = {"conflicts": {"default": "ask"}}
IDS = {"shop": "id", "outlet": "id", "erp": "customerId"}


class Bench(Workbench):
    """Three systems that hold one customer."""

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

    def edit(self, system: str, **fields: Any) -> None:
        (row,) = self.control(system).dump("customers")
        self.control(system).edit("customers", str(row[IDS[system]]), fields)

    def names(self) -> dict[str, str]:
        return {name: self.control(name).dump("customers")[0]["name"] for name in SYSTEMS}

    def open(self) -> list[Conflict]:
        with self.runner() as runner:
            return [each for each in runner.inbox.conflicts() if each.open]

    def take(self, system: str, *ids: int) -> None:
        with self.runner() as runner:
            runner.inbox.settle(ids, take_from=system)


@pytest.fixture
def make(tmp_path: Path, database: Any) -> Callable[..., Bench]:
    def build(config: Any = ASK) -> Bench:
        store = {"store": {"url": database.url}}
        return Bench(tmp_path, World((), (), ()), SYSTEMS, config={**config, **store})

    return build


@pytest.fixture
def bench(make: Callable[..., Bench]) -> Bench:
    found = make()
    found.control("shop").create("customers", {"name": "Ola", "email": "ola@example.no"})
    found.quiet()
    return found


def test_each_system_keeps_its_own_until_a_person_has_said_which_stands(bench: Bench) -> None:
    bench.edit("shop", name="Ola fra butikken")
    bench.edit("erp", name="Ola fra ERP", phone="22000001")
    report = bench.sync()
    assert (report.outcome, report.open) == ("open", {"conflicts": 1})
    bench.quiet()
    assert bench.names() == {
        "shop": "Ola fra butikken", "erp": "Ola fra ERP", "outlet": "Ola fra butikken",
    }  # fmt: skip
    # What else was edited travels.
    assert bench.control("shop").dump("customers")[0]["phone"] == "+4722000001"
    (found,) = bench.open()
    assert found.values == {"shop": "Ola fra butikken", "erp": "Ola fra ERP"}
    assert (found.record.partition(":")[0], found.name) == ("shop.Customer", "customer.name")


@pytest.mark.parametrize(
    ("system", "stands"), [("shop", "Ola fra butikken"), ("erp", "Ola fra ERP")]
)
def test_what_a_person_chooses_stands_everywhere(bench: Bench, system: str, stands: str) -> None:
    bench.edit("shop", name="Ola fra butikken")
    bench.edit("erp", name="Ola fra ERP")
    bench.sync()
    bench.take(system, bench.open()[0].id)
    assert bench.open() == []
    bench.quiet()
    assert set(bench.names().values()) == {stands}
    bench.edit("erp", name="Ola igjen")
    bench.quiet()
    assert set(bench.names().values()) == {"Ola igjen"}


def test_three_values_are_two_questions(bench: Bench) -> None:
    for number, system in enumerate(SYSTEMS):
        bench.edit(system, name=f"Ola {number}")
    bench.sync()
    bench.quiet()
    assert bench.names() == {"shop": "Ola 0", "erp": "Ola 1", "outlet": "Ola 2"}
    first, second = sorted(bench.open(), key=lambda each: each.id)
    bench.take("erp", first.id)
    bench.quiet()
    assert bench.names() == {"shop": "Ola 1", "erp": "Ola 1", "outlet": "Ola 2"}
    bench.take("outlet", second.id)
    bench.quiet()
    assert set(bench.names().values()) == {"Ola 2"}


def test_a_question_is_renewed_when_its_values_move(bench: Bench) -> None:
    bench.edit("shop", name="Ola A")
    bench.edit("erp", name="Ola B")
    bench.sync()
    bench.edit("erp", name="Ola C")
    bench.sync()
    bench.edit("shop", name="Ola D")
    bench.sync()
    (found,) = bench.open()
    assert found.values == {"shop": "Ola D", "erp": "Ola C"}
    bench.take("erp", found.id)
    bench.quiet()
    assert set(bench.names().values()) == {"Ola C"}


def test_a_question_answers_itself_when_the_values_become_one(bench: Bench) -> None:
    bench.edit("shop", name="Ola A")
    bench.edit("erp", name="Ola B")
    bench.sync()
    bench.edit("erp", name="Ola A")
    bench.quiet()
    assert bench.open() == []
    assert set(bench.names().values()) == {"Ola A"}


def test_an_edit_that_is_taken_back_is_no_question_any_more(bench: Bench) -> None:
    bench.edit("shop", name="Ola A")
    bench.edit("erp", name="Ola B")
    bench.sync()
    bench.edit("erp", name="Ola")
    bench.sync()
    assert bench.open() == []
    bench.quiet()
    assert set(bench.names().values()) == {"Ola A"}


def test_two_values_at_first_linking_are_a_question(make: Callable[..., Bench]) -> None:
    bench = make()
    bench.control("shop").create("customers", {"name": "Ola A", "email": "ola@example.no"})
    bench.control("erp").create("customers", {"name": "Ola B", "email": "ola@example.no"})
    bench.sync()
    bench.quiet()
    assert bench.names() == {"shop": "Ola A", "erp": "Ola B", "outlet": "Ola A"}
    (found,) = [each for each in bench.open() if each.name == "customer.name"]
    bench.take("erp", found.id)
    bench.quiet()
    assert set(bench.names().values()) == {"Ola B"}


def test_a_rule_that_comes_later_settles_what_was_asked(bench: Bench) -> None:
    bench.edit("shop", name="Ola A")
    bench.edit("erp", name="Ola B")
    bench.sync()
    bench.source["conflicts"] = {"customer.name": {"prefer": ["erp"]}}
    bench.quiet()
    assert bench.open() == []
    assert set(bench.names().values()) == {"Ola B"}


def test_what_a_rule_has_settled_can_be_settled_otherwise(make: Callable[..., Bench]) -> None:
    bench = make({"conflicts": {"default": {"prefer": ["shop"]}}})
    bench.control("shop").create("customers", {"name": "Ola", "email": "ola@example.no"})
    bench.quiet()
    bench.edit("shop", name="Ola A")
    bench.edit("erp", name="Ola B")
    bench.quiet()
    with bench.runner() as runner:
        (found,) = runner.inbox.conflicts()
    assert (found.open, set(bench.names().values())) == (False, {"Ola A"})
    bench.take("erp", found.id)
    bench.quiet()
    assert set(bench.names().values()) == {"Ola B"}


def test_a_wrong_choice_changes_nothing_and_names_the_right_ones(bench: Bench) -> None:
    bench.edit("shop", name="Ola A")
    bench.edit("erp", name="Ola B")
    bench.sync()
    (found,) = bench.open()
    with pytest.raises(ConfigError, match="is between shop and erp, not outlet"):
        bench.take("outlet", found.id)
    with pytest.raises(ConfigError, match="There is no conflict 999"):
        bench.take("shop", found.id, 999)
    assert bench.open() == [found]


def test_an_edit_of_a_line_that_waits_is_not_written_over(bench: Bench) -> None:
    shop, erp = bench.control("shop"), bench.control("erp")
    goods = shop.create("products", {"sku": "S-1", "title": "Stol", "price": "10.00"})
    line = {"product_id": goods, "quantity": "1", "unit_price": "10.00", "text": "Stol"}
    buyer = shop.dump("customers")[0]["id"]
    order = shop.create("orders", {"customer_id": buyer, "lines": [line, {**line, "text": "To"}]})
    bench.quiet()
    rows = shop.dump("orders")[0]["lines"]
    shop.edit("orders", order, {"lines": [{**rows[0], "quantity": "5"}, rows[1]]})
    (there,) = erp.dump("orders")
    edited = [{**there["lines"][0], "qty": 7}, {**there["lines"][1], "qty": 3}]
    erp.edit("orders", there["orderId"], {"lines": edited})
    bench.sync()
    bench.quiet()

    def quantities() -> dict[str, list[Decimal]]:
        return {
            "shop": [Decimal(x["quantity"]) for x in shop.dump("orders")[0]["lines"]],
            "erp": [Decimal(str(x["qty"])) for x in erp.dump("orders")[0]["lines"]],
        }

    assert quantities() == {"shop": [5, 3], "erp": [7, 3]}
    (found,) = bench.open()
    assert (found.name, found.values) == ("order.lines.quantity", {"shop": "5", "erp": "7"})
    bench.take("erp", found.id)
    bench.quiet()
    assert quantities() == {"shop": [7, 3], "erp": [7, 3]}


def quantities_by_two(bench: Bench) -> tuple[str, list[Any]]:
    """An order whose first line's quantity is edited in two systems, and its lines of before."""
    shop, erp = bench.control("shop"), bench.control("erp")
    buyer = shop.dump("customers")[0]["id"]
    line = {"text": "Stol", "quantity": "1", "unit_price": "10.00"}
    order = shop.create("orders", {"customer_id": buyer, "lines": [line, {**line, "text": "To"}]})
    bench.quiet()
    rows, (there,) = shop.dump("orders")[0]["lines"], erp.dump("orders")
    shop.edit("orders", order, {"lines": [{**rows[0], "quantity": "5"}, rows[1]]})
    edited = [{**there["lines"][0], "qty": 7}, there["lines"][1]]
    erp.edit("orders", there["orderId"], {"lines": edited})
    return order, rows


def test_a_line_is_kept_while_a_person_is_asked_about_an_edit_of_it_elsewhere(bench: Bench) -> None:
    """G6: an edit beats a deletion, and so does one of which nobody has said yet that it stands."""
    order, rows = quantities_by_two(bench)
    shop, erp = bench.control("shop"), bench.control("erp")
    bench.sync()
    (asked,) = bench.open()

    shop.edit("orders", order, {"lines": [rows[1]]})
    bench.quiet()
    assert [row["qty"] for row in erp.dump("orders")[0]["lines"]] == [7, 1]
    bench.take("erp", asked.id)
    bench.quiet()
    assert sorted(x["qty"] for x in erp.dump("orders")[0]["lines"]) == [1, 7]
    assert sorted(Decimal(x["quantity"]) for x in shop.dump("orders")[0]["lines"]) == [1, 7]


def test_a_question_about_what_is_deleted_is_none_any_more(bench: Bench) -> None:
    quantities_by_two(bench)
    erp = bench.control("erp")
    (there,) = erp.dump("orders")
    bench.edit("shop", name="Ola A")
    bench.edit("erp", name="Ola B")
    bench.sync()
    asked = {each.name: each for each in bench.open()}
    assert asked.keys() == {"order.lines.quantity", "customer.name"}

    erp.edit("orders", there["orderId"], {"lines": [erp.dump("orders")[0]["lines"][1]]})
    bench.clock.advance(25 * 3600)
    bench.sync()
    assert [each.name for each in bench.open()] == ["customer.name"]
    bench.take("erp", asked["order.lines.quantity"].id)  # late, and no harm
    bench.quiet()
    assert bench.names()["erp"] == "Ola B"
