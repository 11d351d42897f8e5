"""Which records are one: twins match, near-twins do not, and what is ambiguous is asked."""

from __future__ import annotations

from typing import Any


def person(bench: Any, system: str, name: str, email: str | None, **fields: Any) -> str:
    record = {"name": name, "email": email, **fields}
    return str(bench.control(system).create("customers", record))


def sizes(bench: Any) -> tuple[int, int]:
    return tuple(len(bench.control(s).dump("customers")) for s in ("shop", "erp"))  # type: ignore[return-value]


def test_one_email_in_another_case_is_one_customer(bench: Any) -> None:
    person(bench, "shop", "Ola", "ola@example.no")
    person(bench, "erp", "Ola", "OLA@Example.NO")
    bench.settle()
    assert sizes(bench) == (1, 1)


def test_an_organisation_number_beats_an_email(bench: Any) -> None:
    person(bench, "shop", "Fisk AS", "post@a.no", vat_no="987654321", is_company=True)
    person(bench, "erp", "Fisk AS", "faktura@a.no", orgNo="NO 987 654 321 MVA", customerType="B")
    bench.settle()
    assert sizes(bench) == (1, 1)


def test_a_differing_organisation_number_forbids_a_match_by_email(bench: Any) -> None:
    person(bench, "shop", "Fisk AS", "post@a.no", vat_no="987654321", is_company=True)
    person(bench, "erp", "Kjøtt AS", "post@a.no", orgNo="912345678", customerType="B")
    bench.settle()
    assert sizes(bench) == (2, 2)


def test_namesakes_stay_apart(bench: Any) -> None:
    person(bench, "shop", "Ola Nordmann", "ola1@example.no")
    person(bench, "erp", "Ola Nordmann", "ola2@example.no")
    bench.settle()
    assert sizes(bench) == (2, 2)


def test_two_of_one_system_who_share_an_email_stay_apart_where_nobody_else_has_it(
    bench: Any,
) -> None:
    person(bench, "shop", "Ola", "familien@example.no")
    person(bench, "shop", "Kari", "familien@example.no")
    bench.settle()
    assert sizes(bench) == (2, 2)
    assert bench.open() == {}


def test_an_email_that_is_not_unique_on_one_side_is_asked_about(bench: Any) -> None:
    person(bench, "shop", "Ola", "familien@example.no")
    person(bench, "shop", "Kari", "familien@example.no")
    person(bench, "erp", "Familien", "familien@example.no")
    bench.sync()
    assert sizes(bench) == (2, 1)
    assert bench.open() == {"reviews": 3}


def test_a_review_ends_when_the_records_own_key_changes(bench: Any) -> None:
    person(bench, "shop", "Ola", "familien@example.no")
    second = person(bench, "shop", "Kari", "familien@example.no")
    person(bench, "erp", "Familien", "familien@example.no")
    bench.sync()
    bench.control("shop").edit("customers", second, {"email": "kari@example.no"})
    bench.sync()
    assert bench.erp("customers", email="kari@example.no")["name"] == "Kari"
    assert bench.open() == {"reviews": 2}


def test_a_link_survives_the_change_of_its_key(bench: Any) -> None:
    ident = person(bench, "shop", "Ola", "ola@example.no")
    bench.settle()
    bench.control("shop").edit("customers", ident, {"email": "ny@example.no"})
    bench.settle()
    assert sizes(bench) == (1, 1)
    assert bench.erp("customers", name="Ola")["email"] == "ny@example.no"


def test_a_record_that_is_gone_leaves_its_link_dead_and_is_not_made_again(bench: Any) -> None:
    person(bench, "shop", "Ola", "ola@example.no")
    bench.settle()
    (there,) = bench.control("erp").dump("customers")
    bench.control("erp").delete("customers", there["customerId"])
    bench.settle()
    assert sizes(bench) == (1, 0)
    with bench.runner() as runner:
        assert [item.id for item in runner.status().dead_links] == [str(there["customerId"])]


def test_a_number_in_another_case_is_one_product_and_no_conflict(bench: Any) -> None:
    bench.control("shop").create("products", {"sku": "Ab-1", "title": "Stol"})
    bench.control("erp").create("products", {"articleNo": "AB-1", "description": "Stol"})
    bench.control("erp").create("products", {"articleNo": "AB-10", "description": "Bord"})
    bench.settle()
    assert len(bench.control("shop").dump("products")) == 2
    assert bench.conflicts() == []
