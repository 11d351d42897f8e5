"""F3: ping-pong: a system reformats what it is sent, and that comes back as an edit.

Systems round, cut, trim, compose, and write telephone numbers in their own way. Each is compared
with what it said last, not with what it was sent: after the last edit at most two runs write, then
none ever, and nothing that a user has not touched changes in the system where it was typed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

LONG = "Østlandske Håndverksbedrifters Innkjøpssamvirke og Lager AS"
PEOPLE = {
    "long": {"name": LONG},
    "composed": {"name": "A\u030ase Bråten"},
    "spaces": {"name": "  Ola   Nordmann "},
    "wide": {"name": "山田太郎 株式会社"},
    "local number": {"name": "Kari", "phone": "22 33 44 55"},
    "foreign number": {"name": "Sven", "phone": "0046 8 123 456 78"},
    "no number at all": {"name": "Per", "phone": "ring kontoret"},
    "empty text": {"name": "Tom", "phone": ""},
}
TYPED = ("name", "phone", "email")


def people(bench: Any, system: str) -> dict[str, tuple[Any, ...]]:
    return {row["email"]: tuple(row[name] for name in TYPED) for row in bench.rows(system)}


@pytest.mark.parametrize("origin", ["shop", "erp"])
def test_what_others_make_of_a_value_never_comes_back(
    make: Callable[..., Any], origin: str
) -> None:
    bench = make("shop", "erp", "outlet", "books")
    for number, fields in enumerate(PEOPLE.values()):
        bench.control(origin).create("customers", {"email": f"k{number}@example.no", **fields})
    before = people(bench, origin)
    assert bench.quiet_for_good() <= 2
    assert people(bench, origin) == before

    rows = bench.rows("outlet")
    assert len(rows) == len(PEOPLE)
    for row in rows:
        bench.control("outlet").edit("customers", row["id"], {"mobile": "+4790000000"})
    assert bench.quiet_for_good() <= 2
    assert people(bench, origin) == before
    assert {row["mobile"] for row in bench.rows("shop")} == {"+4790000000"}


def test_a_price_with_more_digits_than_others_keep_stays_as_it_was_typed(
    make: Callable[..., Any],
) -> None:
    bench = make("erp", "shop", "books")
    record = {"articleNo": "A-1", "description": "Skrue", "salesPriceMinor": 1100.5}
    ident = bench.control("erp").create("products", record)
    bench.quiet_for_good()
    assert bench.row("shop", "products")["price"] == "11.01"
    bench.control("shop").edit("products", bench.row("shop", "products")["id"], {"unit": "stk"})
    assert bench.quiet_for_good() == 1
    there = bench.row("erp", "products", productId=ident)
    assert (float(there["salesPriceMinor"]), there["unitCode"]) == (1100.5, "stk")


def test_an_edit_of_a_value_that_is_cut_elsewhere_goes_there_once(pair: Any) -> None:
    ident = pair.control("shop").create("customers", {"name": LONG, "email": "o@example.no"})
    pair.quiet()
    change = LONG.upper()
    pair.control("shop").edit("customers", ident, {"name": change})
    assert pair.quiet_for_good() == 1
    assert pair.row("shop")["name"] == change
    assert pair.row("erp")["name"] == change[:50].rstrip()


def shouting(_path: str, body: Any) -> Any:
    """A system that shows remarks in capitals, whatever was written."""
    if isinstance(body, dict):
        return {
            name: value.upper() if name == "remark" and value else shouting("", value)
            for name, value in body.items()
        }
    return [shouting("", each) for each in body] if isinstance(body, list) else body


@pytest.mark.parametrize("lost", [False, True], ids=["answered", "answer lost"])
def test_a_form_that_nobody_declared_is_no_edit_either(
    pair: Any, between: Callable[..., None], lost: bool
) -> None:
    shop, erp = pair.control("shop"), pair.control("erp")
    ident = shop.create("customers", {"name": "Ola", "email": "ola@example.no"})
    between(pair, "erp", change=shouting)
    pair.quiet()
    shop.edit("customers", ident, {"note": "ring først"})
    if lost:
        pair.fault("erp", "drop_after", method="PUT", path="customers", times=1)
        assert pair.killed("answered")
        pair.well()
    pair.quiet_for_good()
    assert pair.row("erp")["remark"] == "ring først"
    erp.edit("customers", str(pair.row("erp")["customerId"]), {"phone": "22334455"})
    pair.quiet_for_good()
    assert pair.row("shop")["phone"] == "+4722334455"
    assert pair.row("shop")["note"] == "ring først"
    assert not pair.status().conflicts
