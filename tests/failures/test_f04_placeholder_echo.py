"""F4: the placeholder echo: a required field is filled with "-", and that comes back as data.

What stands for nothing in a system that demands something is ours, and what a system fills in when
a record is made there is its own: neither is ever taken for a value, neither at once nor when
something else of the record is edited there. What somebody types in its place is one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture
def bench(make: Any) -> Any:
    """A shop whose customer has no last name, and a CRM that demands one."""
    found = make("shop", "crm", "erp")
    found.control("shop").create(
        "customers", {"name": "Ola", "first_name": "Ola", "email": "ola@example.no"}
    )
    found.quiet()
    return found


def test_what_stands_for_nothing_is_no_value_elsewhere(bench: Any) -> None:
    assert bench.row("crm", "persons")["PersonLastName"] == "-"
    assert bench.row("shop")["last_name"] is None
    assert bench.row("erp")["contactLastName"] is None


def test_it_stays_none_when_something_else_is_edited_there(bench: Any) -> None:
    person = bench.row("crm", "persons")["PersonId"]
    bench.control("crm").edit("persons", person, {"PersonMobilePhone": "90000000"})
    assert bench.quiet() == 1
    assert bench.row("shop")["mobile"] == "+4790000000"
    assert bench.row("shop")["last_name"] is None
    assert bench.row("erp")["contactLastName"] is None


def test_a_name_that_is_typed_in_its_place_is_one_and_can_be_cleared_again(bench: Any) -> None:
    person = bench.row("crm", "persons")["PersonId"]
    bench.control("crm").edit("persons", person, {"PersonLastName": "Nordmann"})
    bench.quiet()
    customer = bench.row("shop")
    assert customer["last_name"] == "Nordmann"
    bench.control("shop").edit("customers", customer["id"], {"last_name": None})
    bench.quiet()
    assert bench.row("crm", "persons")["PersonLastName"] == "-"
    assert bench.row("erp")["contactLastName"] is None
    assert bench.row("shop")["last_name"] is None


def test_what_a_system_fills_in_when_a_record_is_made_there_is_nobodys_value(
    make: Callable[..., Any],
) -> None:
    """Wave gives an invoice a title and a date by which it is due, if nobody says any."""
    bench = make("shop", "books")
    shop = bench.control("shop")
    buyer = shop.create("customers", {"name": "Ola", "email": "ola@example.no"})
    goods = shop.create("products", {"sku": "S-1", "title": "Stol", "price": "10.00"})
    line = {"product_id": goods, "quantity": "1", "unit_price": "10.00", "text": "Stol"}
    ident = shop.create("orders", {"customer_id": buyer, "lines": [line], "currency": "NOK"})
    bench.quiet()
    (invoice,) = bench.rows("books", "invoices")
    assert invoice["title"] == "Invoice"
    assert invoice["dueDate"]
    order = bench.row("shop", "orders", id=ident)
    assert (order["title"], order["due_date"]) == (None, None)
    shop.edit("orders", ident, {"title": "Stoler"})
    bench.quiet()
    assert bench.row("books", "invoices")["title"] == "Stoler"
    assert bench.row("shop", "orders", id=ident)["due_date"] is None
