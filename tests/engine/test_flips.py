"""A property that two systems keep changing back is frozen after three rounds, and named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Robot = Callable[[str], str]


def play(bench: Any, shop: Robot, erp: Robot, rounds: int) -> int:
    """Rounds in each of which both systems make of the note what they like; runs that wrote."""
    wrote = 0
    for _ in range(rounds):
        for system, robot, field in (("shop", shop, "note"), ("erp", erp, "remark")):
            (row,) = bench.control(system).dump("customers")
            wanted = robot(row[field])
            if row[field] != wanted:
                bench.clock.advance(5)
                ident = str(row["id" if system == "shop" else "customerId"])
                bench.control(system).edit("customers", ident, {field: wanted})
        bench.reset()
        bench.sync()
        wrote += any(bench.writes().values())
    return wrote


@pytest.fixture
def noted(bench: Any) -> Any:
    bench.control("shop").create("customers", {"name": "Kari", "note": "Ring"})
    bench.settle()
    return bench


@pytest.mark.parametrize(
    ("shop", "erp"),
    [(str.upper, str.lower), (lambda text: text.rstrip(".") + ".", lambda text: text.rstrip("."))],
)
def test_two_robots_that_undo_each_other_are_stopped_and_named(
    noted: Any, shop: Robot, erp: Robot
) -> None:
    assert play(noted, shop, erp, rounds=10) <= 6
    assert play(noted, shop, erp, rounds=4) == 0
    with noted.runner() as runner:
        (review,) = runner.inbox.reviews()
    assert review.kind == "flip"
    assert review.reason.startswith("notes goes back and forth between")
    assert review.choices == ("again",)


def test_what_grows_for_ever_is_stopped_later(noted: Any) -> None:
    seen: dict[str, str] = {}

    def growing(system: str) -> Robot:
        def robot(text: str) -> str:
            if seen.get(system) == text:
                return text
            seen[system] = text + system[0]
            return seen[system]

        return robot

    play(noted, growing("shop"), growing("erp"), rounds=20)
    noted.reset()
    assert play(noted, growing("shop"), lambda text: text, rounds=1) <= 1
    assert noted.open() == {"reviews": 1}


def test_a_frozen_property_moves_again_when_a_person_says_so_and_the_rest_always_did(
    noted: Any,
) -> None:
    play(noted, str.upper, str.lower, rounds=10)
    assert noted.open() == {"reviews": 1}
    (row,) = noted.control("shop").dump("customers")
    noted.control("shop").edit("customers", row["id"], {"website": "https://kari.example"})
    noted.settle()
    assert noted.erp("customers")["web"] == "https://kari.example"
    with noted.runner() as runner:
        runner.inbox.answer(runner.inbox.reviews()[0].id, "again")
    noted.settle()
    assert noted.shop("customers")["note"] == noted.erp("customers")["remark"]
    assert noted.open() == {}


def test_people_who_edit_one_property_in_turn_are_no_flip(noted: Any) -> None:
    for number in range(8):
        system, field = (("shop", "note"), ("erp", "remark"))[number % 2]
        (row,) = noted.control(system).dump("customers")
        ident = str(row["id" if system == "shop" else "customerId"])
        noted.control(system).edit("customers", ident, {field: f"turn {number // 2}"})
        noted.settle()
    assert noted.shop("customers")["note"] == noted.erp("customers")["remark"] == "turn 3"
    assert noted.open() == {}
