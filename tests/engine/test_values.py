"""Values between a shop and an ERP: property by property, without echo, without loss."""

from __future__ import annotations

from typing import Any

import pytest

LONG = "Østlandske Håndverksbedrifters Innkjøpssamvirke og Lager AS"


def customer(bench: Any, **fields: Any) -> str:
    record = {"name": "Ola Nordmann", "email": "ola@example.no", "active": True, **fields}
    return str(bench.control("shop").create("customers", record))


def product(bench: Any, **fields: Any) -> str:
    record = {"sku": "SKU-1", "title": "Stol", "price": "100.00", "published": True, **fields}
    return str(bench.control("shop").create("products", record))


def test_an_edit_in_each_system_reaches_the_other_property_by_property(bench: Any) -> None:
    ident = customer(bench)
    bench.settle()
    there = bench.erp("customers", email="ola@example.no")
    bench.control("shop").edit("customers", ident, {"note": "ring først"})
    bench.control("erp").edit("customers", there["customerId"], {"phone": "22334455"})
    assert bench.settle() == 1
    assert bench.erp("customers", email="ola@example.no")["remark"] == "ring først"
    assert bench.shop("customers", id=ident)["phone"] == "+4722334455"


def test_two_edits_of_one_record_in_different_properties_both_stand(bench: Any) -> None:
    ident = customer(bench)
    bench.settle()
    there = bench.erp("customers", email="ola@example.no")["customerId"]
    bench.control("shop").edit("customers", ident, {"website": "https://ola.example"})
    bench.control("erp").edit("customers", there, {"name": "Ola N. Nordmann"})
    bench.settle()
    assert bench.shop("customers", id=ident)["name"] == "Ola N. Nordmann"
    assert bench.erp("customers", customerId=there)["web"] == "https://ola.example"
    assert bench.conflicts() == []


def test_a_name_that_the_erp_cuts_settles_and_is_not_cut_in_the_shop(bench: Any) -> None:
    ident = customer(bench, name=LONG)
    bench.settle()
    assert bench.erp("customers", email="ola@example.no")["name"] == LONG[:50].rstrip()
    assert bench.shop("customers", id=ident)["name"] == LONG
    bench.control("shop").edit("customers", ident, {"name": LONG + " 2"})
    bench.settle()
    assert bench.shop("customers", id=ident)["name"] == LONG + " 2"


def test_a_price_that_the_shop_rounds_is_not_rounded_in_the_erp(bench: Any) -> None:
    record = {"articleNo": "A-1", "description": "Skrue", "salesPriceMinor": 1100.5}
    ident = bench.control("erp").create("products", record)
    bench.settle()
    assert bench.shop("products", sku="A-1")["price"] == "11.01"
    assert float(bench.erp("products", productId=ident)["salesPriceMinor"]) == 1100.5
    assert bench.settle() == 0


@pytest.mark.parametrize("name", ["  Ola  ", "A\u030asa Li", "Ø" * 60, "山田太郎"])
def test_text_that_a_system_trims_or_composes_settles(bench: Any, name: str) -> None:
    ident = bench.control("erp").create(
        "customers", {"name": name, "email": "x@example.no", "customerType": "P"}
    )
    before = bench.erp("customers", customerId=ident)["name"]
    bench.settle()
    assert bench.settle() == 0
    assert bench.erp("customers", customerId=ident)["name"] == before


def test_the_later_of_two_edits_of_one_property_wins_and_the_conflict_is_kept(bench: Any) -> None:
    ident = customer(bench)
    bench.settle()
    there = bench.erp("customers", email="ola@example.no")["customerId"]
    bench.control("shop").edit("customers", ident, {"note": "fra butikken"})
    bench.clock.advance(600)
    bench.control("erp").edit("customers", there, {"remark": "fra regnskapet"})
    bench.settle()
    assert bench.shop("customers", id=ident)["note"] == "fra regnskapet"
    assert bench.erp("customers", customerId=there)["remark"] == "fra regnskapet"
    assert len(bench.conflicts()) == 1
    assert "newest" in bench.conflicts()[0]


def test_edits_too_close_to_tell_are_a_tie_that_the_order_settles(bench: Any) -> None:
    ident = customer(bench)
    bench.settle()
    there = bench.erp("customers", email="ola@example.no")["customerId"]
    bench.control("erp").edit("customers", there, {"remark": "fra regnskapet"})
    bench.control("shop").edit("customers", ident, {"note": "fra butikken"})
    bench.settle()
    assert bench.erp("customers", customerId=there)["remark"] == "fra butikken"
    assert "tie" in bench.conflicts()[0]


def test_equal_edits_in_both_systems_are_no_conflict(bench: Any) -> None:
    ident = customer(bench)
    bench.settle()
    there = bench.erp("customers", email="ola@example.no")["customerId"]
    bench.control("shop").edit("customers", ident, {"note": "samme"})
    bench.control("erp").edit("customers", there, {"remark": "samme"})
    assert bench.settle() == 0
    assert bench.conflicts() == []


def test_clearing_a_value_is_an_edit(bench: Any) -> None:
    ident = customer(bench, note="gammelt")
    bench.settle()
    bench.control("shop").edit("customers", ident, {"note": None})
    bench.settle()
    assert bench.erp("customers", email="ola@example.no")["remark"] in {None, ""}


def test_stock_changes_of_both_systems_add_up(bench: Any) -> None:
    ident = product(bench, stock_quantity=10)
    bench.settle()
    there = bench.erp("products", articleNo="SKU-1")["productId"]
    bench.control("shop").adjust("products", ident, "stock_quantity", -3)
    bench.control("erp").adjust("products", there, "onHand", 20)
    bench.settle()
    assert int(bench.shop("products", id=ident)["stock_quantity"]) == 27
    assert int(bench.erp("products", productId=there)["onHand"]) == 27
    assert bench.conflicts() == []


def test_an_account_number_that_the_erp_assigns_reaches_the_shop_in_the_same_run(
    bench: Any,
) -> None:
    ident = customer(bench)
    bench.sync()
    number = bench.erp("customers", email="ola@example.no")["customerNo"]
    assert bench.shop("customers", id=ident)["account_number"] == number


def test_fields_that_nobody_models_survive_a_put(bench: Any) -> None:
    ident = customer(bench)
    bench.settle()
    there = bench.erp("customers", email="ola@example.no")["customerId"]
    bench.control("erp").edit("customers", there, {"creditLimitMinor": 500000})
    bench.control("shop").edit("customers", ident, {"note": "ny"})
    bench.settle()
    record = bench.erp("customers", customerId=there)
    assert (record["creditLimitMinor"], record["remark"]) == (500000, "ny")


def test_a_record_that_does_not_validate_is_a_dead_letter_and_the_rest_goes_through(
    bench: Any,
) -> None:
    customer(bench, name="God", email="god@example.no")
    customer(bench, name="Vond", email="vond@example.no", currency="kroner")
    bench.sync()
    assert bench.erp("customers", email="god@example.no")["name"] == "God"
    assert len(bench.control("erp").dump("customers")) == 1
    with bench.runner() as runner:
        letters = runner.status().dead_letters
    assert [(item.system, item.entity) for item in letters] == [("shop", "Customer")]
    assert "currency" in letters[0].reason
    assert "kroner" in letters[0].reason


def test_a_dead_letter_that_is_corrected_goes_through(bench: Any) -> None:
    ident = customer(bench, currency="kroner")
    bench.sync()
    assert bench.open() == {"dead letters": 1}
    bench.control("shop").edit("customers", ident, {"currency": "NOK"})
    bench.sync()
    assert bench.open() == {}
    assert bench.erp("customers", email="ola@example.no")["currencyCode"] == "NOK"


def test_a_stock_that_is_emptied_stops_nothing(bench: Any) -> None:
    erp = bench.control("erp")
    article = erp.create("products", {"description": "Stol", "articleNo": "S-1", "onHand": 3})
    customer(bench)
    bench.settle()
    erp.edit("products", article, {"onHand": None})
    bench.control("shop").edit("customers", "cus_000001", {"note": "ny"})
    bench.settle()
    assert bench.erp("customers", email="ola@example.no")["remark"] == "ny"
