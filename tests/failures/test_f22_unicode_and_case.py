"""F22: Unicode and case.

The same letters in another form (composed or not) or case are the same key, and the same value: one
record, no conflict, and no rewriting of what a system has in its own form. What differs in more
than that stays apart.
"""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest

NAME = "Åse Ærlig-Müller é"
FORMS = {form: unicodedata.normalize(form, NAME) for form in ("NFC", "NFD")}


@pytest.mark.parametrize(("here", "there"), [("NFC", "NFD"), ("NFD", "NFC"), ("NFD", "NFD")])
def test_one_number_and_one_name_in_two_forms_are_one_product(
    pair: Any, here: str, there: str
) -> None:
    mine = {"title": FORMS[here], "sku": FORMS[here], "price": "1.00"}
    theirs = {"description": FORMS[there], "articleNo": FORMS[there], "salesPriceMinor": 100}
    pair.control("shop").create("products", mine)
    pair.control("erp").create("products", theirs)
    before = (pair.row("shop", "products")["title"], pair.row("erp", "products")["description"])
    assert pair.quiet() <= 1
    after = (pair.row("shop", "products")["title"], pair.row("erp", "products")["description"])
    assert after == before
    assert not pair.status().conflicts


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [("ola@example.no", "OLA@Example.NO"), ("å@example.no", "A\u030a@example.no")],
)
def test_an_address_in_another_case_or_form_is_one_customer(
    pair: Any, mine: str, theirs: str
) -> None:
    pair.control("shop").create("customers", {"name": "Ola", "email": mine})
    pair.control("erp").create("customers", {"name": "Ola", "email": theirs})
    pair.quiet()
    assert pair.counts() == {"shop": 1, "erp": 1}
    assert pair.row("shop")["email"] == mine


def test_numbers_that_a_system_cannot_tell_apart_are_one_product(pair: Any) -> None:
    pair.control("shop").create("products", {"title": "Stol", "sku": "Sku-1"})
    pair.control("erp").create("products", {"description": "Stol", "articleNo": "SKU-1"})
    pair.control("erp").create("products", {"description": "Bord", "articleNo": "SKU-10"})
    pair.quiet()
    assert {row["sku"] for row in pair.rows("shop", "products")} == {"Sku-1", "SKU-10"}
    assert not pair.status().conflicts


def test_two_that_differ_in_case_only_in_one_system_are_a_question_and_both_stay(
    pair: Any,
) -> None:
    for sku in ("sku-1", "SKU-1"):
        pair.control("shop").create("products", {"title": f"Stol {sku}", "sku": sku})
    pair.control("erp").create("products", {"description": "Stol", "articleNo": "Sku-1"})
    pair.quiet()
    assert pair.counts("products") == {"shop": 2, "erp": 1}
    assert len(pair.status().reviews) == 3


@pytest.mark.parametrize("form", FORMS)
def test_a_value_that_is_typed_in_another_form_is_no_edit(pair: Any, form: str) -> None:
    ident = pair.control("shop").create("customers", {"name": NAME, "email": "a@example.no"})
    pair.quiet()
    pair.control("shop").edit("customers", ident, {"name": FORMS[form]})
    assert pair.quiet() == 0
