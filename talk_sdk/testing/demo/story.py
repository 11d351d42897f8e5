"""What happens in the demo between two runs: users who edit, and what must come of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from talk_sdk.testing.demo.judge import Expectation
from talk_sdk.testing.demo.scenes import (
    Controls,
    Everywhere,
    Story,
    gaps_filled,
    main_contact_moves,
    member_leaves,
    offer_changes,
    sellers_call,
    site_reprices,
    site_sells,
    sold_in_two_shops,
)
from talk_sdk.testing.demo.sights import INVOICE, Sight, Sights, reach

__all__ = ["tell"]

SHOP, ERP, BOOKS, CRM, MEMBERS, SITE = "shop", "erp", "books", "crm", "members", "site"
ENOUGH = 10
"""Pieces of a product that are in stock before any are sold."""


def tell(
    controls: Controls, sights: Mapping[str, Sights], fixed: Mapping[str, frozenset[str]]
) -> tuple[list[tuple[str, str]], list[Expectation]]:
    """Edit something different in each system.

    Returns what happened, as (who, what) for people, and what every system must say after
    the next run. `fixed` are, by system, the collections of what is never changed from outside:
    a record that stands there is left alone by everybody.
    """
    story = Story(controls)
    open_ = {
        system: {c: rows for c, rows in seen.items() if c not in fixed[system]}
        for system, seen in sights.items()
    }
    kept = {
        sight.key
        for system, seen in sights.items()
        for sight in seen.get("orders", ())
        if "orders" in fixed[system]
    }
    customers = _everywhere(open_, "customers")
    products = _everywhere(open_, "products")
    orders = [
        found
        for found in _everywhere(open_, "orders")
        if found[SHOP].values["lines"]
        and not kept & {found[SHOP].key, (INVOICE, found[SHOP].values[INVOICE])}
    ]
    _customers(story, customers)
    _products(story, products)
    _orders(story, orders)
    _new_order(story, products[2][SHOP])
    if CRM in sights:
        sellers_call(story, customers[2])
        main_contact_moves(story, customers[3:], _buyers(sights))
        offer_changes(story, orders[1:])
    if MEMBERS in sights:
        member_leaves(story, customers[-1])
    if SITE in sights:
        gaps_filled(story, sights[ERP]["products"])
        sold, bought = [p for p in products[4:] if float(p[SHOP].values["stock"]) > ENOUGH][:2]
        sold_in_two_shops(story, sold)
        site_sells(story, bought)
        site_reprices(story, products[-1])
    return story.happened, story.expected


def _buyers(sights: Mapping[str, Sights]) -> set[str]:
    """Who is named on an order in words of its own, which stay what they were."""
    seen = [sights[system]["orders"] for system in (SHOP, SITE) if system in sights]
    return {sight.values["buyer"] for orders in seen for sight in orders}


def _everywhere(sights: Mapping[str, Sights], collection: str) -> list[Everywhere]:
    """Records that stand once in every system, told apart by what a person would look at."""
    by_mark = {}
    for system, seen in sights.items():
        if collection not in seen:
            continue
        counted = Counter(_mark(collection, sight) for sight in seen[collection])
        by_mark[system] = {
            mark: sight
            for sight in seen[collection]
            if counted[mark := _mark(collection, sight)] == 1 and any(mark)
        }
    return [
        {system: found[mark] for system, found in by_mark.items()}
        for mark in by_mark[SHOP]
        if all(mark in found for found in by_mark.values())
    ]


def _mark(collection: str, sight: Sight) -> tuple[str, ...]:
    if collection == "customers":
        return (reach(sight.values["email"], sight.values["name"]),)
    return (sight.values["name"],) if collection == "products" else sight.key


def _customers(story: Story, found: list[Everywhere]) -> None:
    two, clash = found[0], found[1]
    name = two[SHOP].values["name"]
    story.edit(SHOP, "customers", two[SHOP].id, {"note": "Ring før levering"},
               f"writes a note on {name}")  # fmt: skip
    story.edit(ERP, "customers", two[ERP].id, {"phone": "22334455"},
               "changes the phone number of the same customer")  # fmt: skip
    story.expect("customers", two, "note", "Ring før levering")
    story.expect("customers", two, "phone", "22334455")
    if BOOKS in two:
        story.edit(BOOKS, "customers", two[BOOKS].id,
                   {"address": {"city": "Tromsø", "postalCode": "9008"}},
                   "and moves that customer to another town")  # fmt: skip
        story.expect("customers", two, "city", "Tromsø")
        story.expect("customers", two, "zip", "9008")
    story.edit(SHOP, "customers", clash[SHOP].id, {"note": "Betaler alltid i tide"},
               f"writes a note on {clash[SHOP].values['name']}")  # fmt: skip
    story.edit(ERP, "customers", clash[ERP].id, {"remark": "Betaler sent"},
               "writes another note on the same customer: a rule settles that")  # fmt: skip
    if BOOKS in clash:
        story.edit(BOOKS, "customers", clash[BOOKS].id, {"internalNotes": "Betaler aldri"},
                   "and a third one: a conflict among three")  # fmt: skip
    story.expect("customers", clash, "note", "Betaler alltid i tide")


def _products(story: Story, found: list[Everywhere]) -> None:
    counted, priced, renamed = found[0], found[1], found[3]
    stock = float(counted[SHOP].values["stock"])
    story.controls[SHOP].adjust("products", counted[SHOP].id, "stock_quantity", -3)
    story.controls[ERP].adjust("products", counted[ERP].id, "onHand", 20)
    story.happened += [
        (SHOP, f"sells 3 of {counted[SHOP].values['name']}"),
        (ERP, "receives 20 of the same product"),
    ]
    story.expect("products", counted, "stock", f"{stock + 17:.3f}")
    story.edit(ERP, "products", priced[ERP].id, {"salesPriceMinor": 24900},
               f"sets the price of {priced[SHOP].values['name']} to 249.00")  # fmt: skip
    story.expect("products", priced, "price", "249.00")
    if BOOKS in renamed:
        story.edit(BOOKS, "products", renamed[BOOKS].id, {"unitPrice": "77.5"},
                   f"sells {renamed[SHOP].values['name']} for 77.50")  # fmt: skip
        story.expect("products", renamed, "price", "77.50")


def _orders(story: Story, found: list[Everywhere]) -> None:
    there = found[0]
    row = next(r for r in story.controls[SHOP].dump("orders") if r["id"] == there[SHOP].id)
    lines = [dict(line) for line in row["lines"]]
    lines[0]["quantity"] = "42"
    number = there[SHOP].key[0]
    story.edit(SHOP, "orders", there[SHOP].id, {"lines": lines},
               f"changes a line of order {number} to 42 pieces")  # fmt: skip
    first, *rest = there[SHOP].values["lines"]
    story.expect("orders", there, "lines", [(first[0], "42.000", first[2]), *rest])
    amounts = [line[1:] for line in rest]
    story.expect("orders", there, "amounts", [("42.000", first[2]), *amounts])
    if BOOKS in there:
        story.edit(BOOKS, "invoices", there[BOOKS].id, {"memo": "Betales kontant"},
                   "writes a memo on the invoice of the same order")  # fmt: skip
        story.expect("orders", there, "note", "Betales kontant")


def _new_order(story: Story, product: Sight) -> None:
    shop = story.controls[SHOP]
    buyer = shop.create(
        "customers",
        {"name": "Nykunde Åsnes", "email": "nykunde@example.no", "billing": {"country": "NO"}},
    )
    line = {
        "product_id": product.id, "text": product.values["name"], "quantity": "2",
        "unit_price": product.values["price"],
    }  # fmt: skip
    shop.create(
        "orders", {"customer_id": buyer, "status": "open", "currency": "NOK", "lines": [line]}
    )
    story.happened.append((SHOP, "gets a new customer, whom nobody else knows, and who orders"))
