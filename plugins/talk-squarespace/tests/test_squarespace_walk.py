"""Random walks: people edit and sell in two sites at any moment while answers are lost.

Each field of each product is edited by one person once, so that nobody's edit may be missing in the
end; stock must be what it was at first and all that was sold and delivered since.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest

from talk_sdk.testing.faults import Fault
from talk_sdk.testing.neutral import World
from talk_sdk.testing.simulation.executor import Serial
from talk_sdk.testing.workbench import Workbench

SYSTEMS = {"ours": "squarespace", "theirs": "squarespace"}
SWITCHES = ("newest_first", "inclusive", "cursor_at_end", "stock_touches", "unlimited_quantity",
            "sale_mirrors", "null_lists", "measurements_whole", "slug_in_use",
            "shipments_needed")  # fmt: skip
KINDS: tuple[Any, ...] = ("drop_after", "drop_before", "timeout", "server_error", "rate_limit",
                          "malformed", "short_page")  # fmt: skip
FIELDS = ("name", "description", "price", "weight")
STORE_PAGE = "5d2f8a1c4b7e9f0011223344"


def kroner(value: str) -> dict[str, str]:
    return {"currency": "NOK", "value": value}


class Walk:
    """One seed. A product is told by its SKU, which nobody changes."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.rng, self.serial = Random(seed), Serial(Random(f"{seed}/order"))
        self.bench = Workbench(folder, World((), (), ()), SYSTEMS, seed=seed)
        self.made = 0
        self.skus: list[str] = []
        self.orders: list[str] = []
        self.expected: dict[tuple[str, str], Any] = {}
        self.stock: Counter[str] = Counter()
        self.busy, self.faulty = self.rng.choice((0.0, 0.1)), self.rng.choice((0.0, 0.03, 0.1))
        self.noisy = False
        self.dead: set[str] = set()
        for name, faults in self.bench.faults.items():
            for switch in SWITCHES:
                faults.switch(switch, self.rng.random() < 0.5)
            faults.switch("page", self.rng.choice((2.0, 50.0)))
            faults.on_request = lambda call, name=name: self._on_request(name, call)

    # --- what people do -------------------------------------------------------------------------

    def create(self, system: str) -> None:
        sku = f"S-{self.made}"
        self.made += 1
        self.skus.append(sku)
        self.stock[sku] = 100
        self.bench.control(system).create("products", {
            "type": "PHYSICAL", "storePageId": STORE_PAGE, "name": f"P {sku}", "isVisible": True,
            "variants": [{"sku": sku, "pricing": {"basePrice": kroner("10.00")},
                          "stock": {"quantity": 100}}],
        })  # fmt: skip

    def order(self, system: str) -> None:
        """Somebody buys; the product is sold with it."""
        rows = self.rows(system)
        if rows:
            sku, row = self.rng.choice(sorted(rows.items()))
            self.made += 1
            self.orders.append(f"p{self.made}@x.no")
            line = {"variantId": row["variants"][0]["id"], "quantity": 1 + self.made % 3,
                    "unitPricePaid": kroner("10.00")}  # fmt: skip
            self.bench.control(system).create("orders", {
                "customerEmail": self.orders[-1], "lineItems": [line],
                "fulfillmentStatus": "FULFILLED",
                "shippingAddress": {"firstName": self.orders[-1]},
            })  # fmt: skip
            self.stock[sku] -= line["quantity"]

    def rows(self, system: str) -> dict[str, dict[str, Any]]:
        rows = self.bench.control(system).dump("products")
        return {row["variants"][0]["sku"]: row for row in rows}

    def edit(self, system: str) -> None:
        both = self.rows("ours").keys() & self.rows("theirs").keys()
        free = [(sku, field) for sku in sorted(both) for field in FIELDS
                if (sku, field) not in self.expected]  # fmt: skip
        if free:
            sku, field = self.rng.choice(free)
            self.made += 1
            self.expected[sku, field] = value = f"{self.made}.25"
            row = self.rows(system)[sku]
            self.bench.control(system).edit("products", row["id"], changed(row, field, value))

    def sell(self, system: str) -> None:
        rows = self.rows(system)
        if rows:
            sku, row = self.rng.choice(sorted(rows.items()))
            delta = self.rng.choice((-2, -1, 5))
            variant = row["variants"][0]["id"]
            self.bench.control(system).adjust("inventory", variant, "quantity", delta)
            self.stock[sku] += delta

    def _on_request(self, system: str, call: Any) -> None:
        if not self.noisy:
            return
        self.bench.clock.advance(self.rng.choice((0.0, 0.2, 1.5)))
        if call.method == "GET" and self.rng.random() < self.busy:
            self.rng.choice((self.sell, self.order))(self.rng.choice(list(SYSTEMS)))
        plan: list[Fault] = []
        if system in self.dead:
            plan = [Fault(kind="drop_before")]
        elif self.rng.random() < self.faulty:
            plan = [Fault(kind=self.rng.choice(KINDS), seconds=2.0)]
            if self.rng.random() < 0.2:
                self.dead.add(system)
        self.bench.faults[system].plan(plan)

    def run(self, *, noisy: bool) -> bool:
        """One run; whether it wrote anything."""
        self.noisy = noisy
        self.dead.clear()
        for faults in self.bench.faults.values():
            faults.plan([])
        self.bench.clock.advance(90)
        self.bench.reset()
        with self.bench.runner(workers=self.serial) as runner:
            report = runner.sync(approve=True)
        assert noisy or report.problems == ()
        return any(self.bench.writes().values())

    def play(self) -> None:
        for system in SYSTEMS:
            self.create(system)
        for _ in range(self.rng.randrange(2, 5)):
            for _ in range(self.rng.randrange(4)):
                deed = self.rng.choice((self.edit, self.edit, self.sell, self.order, self.create))
                deed(self.rng.choice(list(SYSTEMS)))
            self.run(noisy=True)
        for _ in range(8):
            if not self.run(noisy=False):
                self.judge()
                return
        raise AssertionError("still writing")

    # --- what must be so ------------------------------------------------------------------------

    def judge(self) -> None:
        for system in SYSTEMS:
            control = self.bench.control(system)
            counts = Counter(p["variants"][0]["sku"] for p in control.dump("products"))
            assert counts == Counter(self.skus), system
            stocks = {row["variantId"]: row["quantity"] for row in control.dump("inventory")}
            for sku, row in self.rows(system).items():
                assert stocks[row["variants"][0]["id"]] == self.stock[sku], (system, sku)
                for field in FIELDS:
                    wanted = self.expected.get((sku, field))
                    assert wanted is None or said(row, field) == wanted, (system, sku, field)
            buyers = Counter(o["shippingAddress"]["firstName"] for o in control.dump("orders"))
            assert buyers == Counter(self.orders), system
        with self.bench.runner() as runner:
            assert runner.status().open == {}


def changed(row: dict[str, Any], field: str, value: str) -> dict[str, Any]:
    if field in {"name", "description"}:
        return {field: value if field == "name" else f"<p>{value}</p>"}
    (variant,) = row["variants"]
    if field == "price":
        return {"variants": [{**variant, "pricing": {"basePrice": kroner(value)}}]}
    weight = {"weight": {"unit": "KILOGRAM", "value": float(value)}}
    return {"variants": [{**variant, "shippingMeasurements": weight}]}


def said(row: dict[str, Any], field: str) -> str:
    (variant,) = row["variants"]
    if field == "price":
        return str(variant["pricing"]["basePrice"]["value"])
    if field == "weight":
        return str((variant["shippingMeasurements"] or {}).get("weight", {}).get("value"))
    return str(row[field]).replace("<p>", "").replace("</p>", "")


@pytest.mark.parametrize("seed", range(15))
def test_nothing_is_lost_doubled_or_written_for_ever(tmp_path, seed) -> None:
    Walk(tmp_path, seed).play()
