"""F19: a wrong match.

A key joins records only if it is unique on every side; two hits, or one that is linked already, are
a question, not a guess. Keys are ranked: a stronger one that differs forbids a match by a weaker
one. Once linked, records stay linked, whatever becomes of the key; and a key that is just moving
from one record to another matches nothing until it has arrived.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

FAMILY = "familien@example.no"


def person(bench: Any, system: str, name: str, email: str | None = FAMILY, **more: Any) -> str:
    return str(bench.control(system).create("customers", {"name": name, "email": email, **more}))


@pytest.mark.parametrize(
    ("here", "there", "sizes", "reviews"),
    [(1, 0, (1, 1), 0), (1, 1, (1, 1), 0), (1, 2, (1, 2), 3), (2, 1, (2, 1), 3), (2, 2, (2, 2), 4)],
)
def test_no_hit_is_a_new_record_one_is_the_same_and_two_are_a_question(
    pair: Any, here: int, there: int, sizes: tuple[int, int], reviews: int
) -> None:
    for system, count in (("shop", here), ("erp", there)):
        for number in range(count):
            person(pair, system, f"{system} {number}")
    pair.quiet()
    assert tuple(pair.counts().values()) == sizes
    assert len(pair.status().reviews) == reviews


def test_a_hit_that_is_linked_already_is_a_question(pair: Any) -> None:
    person(pair, "shop", "Ola")
    pair.quiet()
    person(pair, "shop", "Kari")
    pair.quiet()
    assert pair.counts() == {"shop": 2, "erp": 1}
    assert pair.row("erp")["name"] == "Ola"
    assert len(pair.status().reviews) == 1


def test_a_question_stays_when_the_record_changes_but_not_its_key(pair: Any) -> None:
    """That the other one has another key by now does not make a guess of it (rule M5)."""
    first = person(pair, "shop", "Ola")
    second = person(pair, "shop", "Kari")
    person(pair, "erp", "Familien")
    pair.quiet()
    pair.control("shop").edit("customers", first, {"email": "ola@example.no"})
    pair.control("shop").edit("customers", second, {"note": "ring først"})
    pair.quiet()
    assert len(pair.status().reviews) == 2
    assert {row["name"] for row in pair.rows("erp")} == {"Familien", "Ola"}


def test_records_stay_linked_when_their_key_changes(pair: Any) -> None:
    ident = person(pair, "shop", "Ola", "ola@example.no")
    pair.quiet()
    pair.control("shop").edit("customers", ident, {"email": "ny@example.no"})
    pair.quiet()
    assert pair.counts() == {"shop": 1, "erp": 1}
    assert pair.row("erp")["email"] == "ny@example.no"


def test_a_key_that_moves_to_another_record_goes_with_neither_by_mistake(pair: Any) -> None:
    """The ERP has the old address still when somebody new has it in the shop (rule M3)."""
    ident = person(pair, "shop", "Ola", "post@example.no")
    pair.quiet()
    pair.control("shop").edit("customers", ident, {"email": "ola@example.no"})
    person(pair, "shop", "Kari", "post@example.no")
    pair.quiet()
    assert {(row["name"], row["email"]) for row in pair.rows("erp")} == {
        ("Ola", "ola@example.no"), ("Kari", "post@example.no"),
    }  # fmt: skip
    assert pair.status().open == {}


def test_a_key_is_what_a_record_says_now_not_what_it_said_once(pair: Any) -> None:
    """One run sees the address change in the shop, and somebody in the ERP who has the new one."""
    for system in ("shop", "erp"):
        pair.source["systems"][system]["entities"] = {"Customer": {"create": False}}
    ident = person(pair, "shop", "Ola", "gammel@example.no")
    pair.quiet()
    pair.control("shop").edit("customers", ident, {"email": "ny@example.no"})
    person(pair, "erp", "Ola", "ny@example.no")
    person(pair, "erp", "Per", "gammel@example.no")
    pair.quiet()
    assert pair.status().links["erp", "Customer"] == 2
    pair.control("shop").edit("customers", ident, {"note": "den rette"})
    pair.quiet()
    assert pair.row("erp", email="ny@example.no")["remark"] == "den rette"
    assert pair.row("erp", name="Per")["remark"] in {None, ""}


def test_a_stronger_key_that_differs_forbids_a_match_by_a_weaker_one(pair: Any) -> None:
    person(pair, "shop", "Fisk AS", vat_no="987654321", is_company=True)
    person(pair, "erp", "Kjøtt AS", orgNo="912345678", customerType="B")
    pair.quiet()
    assert pair.counts() == {"shop": 2, "erp": 2}
    assert pair.status().open == {}


def test_a_strong_key_makes_no_second_record_beside_one_that_a_weak_key_knows(
    make: Callable[..., Any],
) -> None:
    """Two systems agree by number; the third has the same product by its barcode (rule M2)."""
    bench = make("outlet", "shop", "erp")
    for system in ("shop", "erp"):
        bench.source["systems"][system]["entities"] = {"Product": {"create": False}}
    bench.control("outlet").create("products", {"title": "Stol", "ean": "7038010000003"})
    bench.quiet()
    bench.control("shop").create(
        "products", {"title": "Stol, rød", "sku": "S-1", "ean": "7038010000003"}
    )
    bench.control("erp").create("products", {"description": "Stol rød", "articleNo": "S-1"})
    bench.quiet()
    assert bench.counts("products") == {"outlet": 1, "shop": 1, "erp": 1}
    assert bench.row("outlet", "products")["sku"] == "S-1"
