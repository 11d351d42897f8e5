"""What happens in the demo between two runs: users who edit, and what must come of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from talk_sdk.testing.demo.judge import Expectation
from talk_sdk.testing.demo.sights import Sight, Sights

__all__ = ["tell"]

Controls = Mapping[str, Any]


def tell(
    controls: Controls, sights: Mapping[str, Sights], shop: str, erp: str
) -> tuple[list[tuple[str, str]], list[Expectation]]:
    """Edit something different in each system.

    Returns what happened, as (who, what) for people, and what every system must say after
    the next run.
    """
    happened: list[tuple[str, str]] = []
    expected: list[Expectation] = []
    pairs = _pairs(sights[shop], sights[erp])
    _customers(controls, pairs, shop, erp, happened, expected)
    _products(controls, pairs, shop, erp, happened, expected)
    _orders(controls, pairs, shop, erp, happened, expected)
    return happened, expected


def _pairs(shop: Sights, erp: Sights) -> dict[str, list[tuple[Sight, Sight]]]:
    """Records of both systems that are told apart by what a person would look at."""
    found = {}
    for collection in shop:
        there = {sight.key: sight for sight in erp[collection]}
        unique = [s for s in shop[collection] if sum(o.key == s.key for o in shop[collection]) == 1]
        found[collection] = [(s, there[s.key]) for s in unique if s.key in there]
    return found


def _both(
    shop: str, erp: str, collection: str, pair: tuple[Sight, Sight], field: str, value: Any
) -> list[Expectation]:
    return [
        Expectation(shop, collection, pair[0].id, field, value),
        Expectation(erp, collection, pair[1].id, field, value),
    ]


def _customers(
    controls: Controls,
    pairs: Mapping[str, list[tuple[Sight, Sight]]],
    shop: str,
    erp: str,
    happened: list[tuple[str, str]],
    expected: list[Expectation],
) -> None:
    two, clash = pairs["customers"][0], pairs["customers"][1]
    controls[shop].edit("customers", two[0].id, {"note": "Ring før levering"})
    controls[erp].edit("customers", two[1].id, {"phone": "22334455"})
    happened += [
        (shop, f"writes a note on {two[0].values['name']}"),
        (erp, "changes the phone number of the same customer"),
    ]
    expected += _both(shop, erp, "customers", two, "note", "Ring før levering")
    expected += _both(shop, erp, "customers", two, "phone", "22334455")
    controls[shop].edit("customers", clash[0].id, {"note": "Betaler alltid i tide"})
    controls[erp].edit("customers", clash[1].id, {"remark": "Betaler sent"})
    happened += [
        (shop, f"writes a note on {clash[0].values['name']}"),
        (erp, "writes another note on the same customer: a true conflict, that a rule settles"),
    ]
    expected += _both(shop, erp, "customers", clash, "note", "Betaler alltid i tide")


def _products(
    controls: Controls,
    pairs: Mapping[str, list[tuple[Sight, Sight]]],
    shop: str,
    erp: str,
    happened: list[tuple[str, str]],
    expected: list[Expectation],
) -> None:
    counted, priced = pairs["products"][0], pairs["products"][1]
    stock = float(counted[0].values["stock"])
    controls[shop].adjust("products", counted[0].id, "stock_quantity", -3)
    controls[erp].adjust("products", counted[1].id, "onHand", 20)
    happened += [
        (shop, f"sells 3 of {counted[0].values['name']}"),
        (erp, "receives 20 of the same product"),
    ]
    expected += _both(shop, erp, "products", counted, "stock", f"{stock + 17:.3f}")
    controls[erp].edit("products", priced[1].id, {"salesPriceMinor": 24900})
    happened.append((erp, f"sets the price of {priced[1].values['name']} to 249.00"))
    expected += _both(shop, erp, "products", priced, "price", "249.00")


def _orders(
    controls: Controls,
    pairs: Mapping[str, list[tuple[Sight, Sight]]],
    shop: str,
    erp: str,
    happened: list[tuple[str, str]],
    expected: list[Expectation],
) -> None:
    pair = next(p for p in pairs["orders"] if p[0].values["lines"])
    row = next(r for r in controls[shop].dump("orders") if r["id"] == pair[0].id)
    lines = [dict(line) for line in row["lines"]]
    lines[0]["quantity"] = "42"
    controls[shop].edit("orders", pair[0].id, {"lines": lines})
    happened.append((shop, f"changes a line of order {pair[0].key[0]} to 42 pieces"))
    first = pair[0].values["lines"][0]
    wanted = [(first[0], "42.000", first[2]), *pair[0].values["lines"][1:]]
    expected += _both(shop, erp, "orders", pair, "lines", wanted)
    _new_order(controls, shop, pairs["products"][2][0], happened)


def _new_order(
    controls: Controls, shop: str, product: Sight, happened: list[tuple[str, str]]
) -> None:
    buyer = controls[shop].create(
        "customers",
        {"name": "Nykunde Åsnes", "email": "nykunde@example.no", "billing": {"country": "NO"}},
    )
    line = {
        "product_id": product.id, "text": product.values["name"], "quantity": "2",
        "unit_price": product.values["price"],
    }  # fmt: skip
    controls[shop].create(
        "orders", {"customer_id": buyer, "status": "open", "currency": "NOK", "lines": [line]}
    )
    happened.append((shop, "gets a new customer, who orders"))
