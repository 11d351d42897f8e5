"""Hints of webhooks: just what they name is read, and they end as polling would."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from talk_sdk.errors import ConfigError
from talk_sdk.reports import Report
from talk_sdk.testing.faults import Fault

Hint = tuple[str, str, str]


def hinted(bench: Any, *hints: Hint) -> Report:
    bench.clock.advance(5)
    bench.reset()
    with bench.runner() as runner:
        report: Report = runner.sync(approve=True, hints=hints)
    return report


def requests(bench: Any, system: str) -> dict[str, int]:
    """Requests per method and collection, those of opening the account left out."""
    found = bench.control(system).counters()["requests"]
    return {
        f"{method} {name}": count
        for method, names in found.items()
        for name, count in names.items()
        if name in {"customers", "products", "orders"}
    }


@pytest.fixture
def people(bench: Any) -> Any:
    """Three customers that both systems have."""
    for number in range(3):
        row = {"name": f"Kunde {number}", "email": f"k{number}@example.no"}
        bench.control("shop").create("customers", row)
    bench.settle()
    return bench


def ident(bench: Any, system: str, name: str) -> str:
    key = {"shop": "id", "erp": "customerId"}[system]
    (row,) = [r for r in bench.control(system).dump("customers") if r["name"] == name]
    return str(row[key])


def test_just_the_hinted_record_is_read_and_carried_through(people: Any) -> None:
    here = ident(people, "shop", "Kunde 1")
    people.control("shop").edit("customers", here, {"name": "Ny 1"})
    people.control("shop").edit("customers", ident(people, "shop", "Kunde 2"), {"name": "Ny 2"})
    report = hinted(people, ("shop", "Customer", here))
    assert (report.read, report.written) == (
        {("shop", "Customer"): 1}, {("erp", "Customer", "update"): 1},
    )  # fmt: skip
    assert requests(people, "shop") == {"GET customers": 1}
    assert requests(people, "erp") == {"GET customers": 1, "PUT customers": 1}
    assert people.erp("customers", name="Ny 1")
    people.settle()
    assert people.erp("customers", name="Ny 2")


def test_new_and_deleted_records_are_hinted_at(people: Any) -> None:
    new = people.control("shop").create("customers", {"name": "Ola", "email": "o@example.no"})
    gone = ident(people, "shop", "Kunde 0")
    people.control("shop").delete("customers", gone)
    hinted(people, ("shop", "Customer", new), ("shop", "Customer", gone))
    assert people.erp("customers", name="Ola")
    with people.runner() as runner:
        assert [item.id for item in runner.status().dead_links] == [gone]


def test_an_order_brings_along_what_it_refers_to(people: Any) -> None:
    shop = people.control("shop")
    buyer = shop.create("customers", {"name": "Ola", "email": "o@example.no"})
    goods = shop.create("products", {"sku": "S-1", "title": "Stol"})
    line = {"product_id": goods, "quantity": "1", "unit_price": "10.00", "text": "Stol"}
    order = shop.create("orders", {"customer_id": buyer, "lines": [line]})
    hinted(people, ("shop", "Order", order))
    (there,) = people.control("erp").dump("orders")
    assert people.erp("customers", customerId=there["customerId"])["name"] == "Ola"


@pytest.mark.parametrize("seed", range(4))
def test_shuffled_repeated_late_and_lost_hints_end_as_polling_would(people: Any, seed: int) -> None:
    rng, late = Random(seed), list[Hint]()
    for number in range(12):
        system = rng.choice(["shop", "erp"])
        key, entity = ("id", "Customer") if system == "shop" else ("customerId", "Customer")
        row = rng.choice(people.control(system).dump("customers"))
        field = rng.choice(["name", "email"])
        value = f"n{number}" if field == "name" else f"e{number}@example.no"
        people.control(system).edit("customers", str(row[key]), {field: value})
        late += [(system, entity, str(row[key]))] * rng.choice([0, 1, 2])
        rng.shuffle(late)
        if rng.random() < 0.5:
            hinted(people, *[late.pop() for _ in range(rng.randrange(len(late) + 1))])
    hinted(people, *late)
    people.settle()
    assert people.settle() == 0

    def said(system: str) -> list[tuple[str, str]]:
        rows = people.control(system).dump("customers")
        return sorted((row["name"], row["email"]) for row in rows)

    assert len(said("shop")) == 3
    assert said("shop") == said("erp")


def test_a_create_in_doubt_is_not_given_up_because_nothing_was_read(people: Any) -> None:
    people.faults["shop"].plan([Fault(kind="drop_after", method="POST", path="customers", times=1)])
    people.control("erp").create("customers", {"name": "Ola"})
    people.sync()
    people.faults["shop"].plan([])
    people.clock.advance(2 * 86400)
    hinted(people)
    hinted(people)
    people.settle()
    assert [r["name"] for r in people.control("shop").dump("customers")].count("Ola") == 1


@pytest.mark.parametrize("hint", [("books", "Customer", "1"), ("shop", "Guest", "1")])
def test_a_hint_about_nothing_is_a_sentence(people: Any, hint: Hint) -> None:
    with pytest.raises(ConfigError, match=f"A hint about {hint[0]}.{hint[1]}:1"):
        hinted(people, hint)
