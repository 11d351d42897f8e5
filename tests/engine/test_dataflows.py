"""Dataflow rules: which records of one system are created in another, and which belong together.

A shop, an ERP and an outlet: what holds between two of them need not hold for the third.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from talk_sdk.errors import ConfigError
from talk_sdk.reports import Report
from talk_sdk.testing.neutral import World
from talk_sdk.testing.workbench import Workbench

SYSTEMS = {"shop": "customwebshop", "erp": "customerp", "outlet": "customwebshop"}
IDS = {"shop": "id", "erp": "customerId", "outlet": "id"}
NOTES = {"shop": "note", "erp": "remark", "outlet": "note"}


class Bench(Workbench):
    """Three empty systems and their dataflows."""

    def flow(self, source: str, target: str, **parts: Any) -> None:
        """Add a dataflow, or change the one there is."""
        flows = self.source.setdefault("dataflow", [])
        flows[:] = [f for f in flows if (f["from"], f["to"]) != (source, target)]
        flows.append({"from": source, "to": target, **parts})

    def sync(self, after: float = 90.0) -> Report:
        """One run."""
        self.clock.advance(after)
        with self.runner() as runner:
            return runner.sync(approve=True)

    def settle(self) -> None:
        """Run until a run writes nothing."""
        for _ in range(5):
            self.reset()
            self.sync()
            if not any(self.writes().values()):
                return
        raise AssertionError(f"still writing: {self.writes()}")

    def customer(self, system: str, **fields: Any) -> str:
        """A new customer; its id."""
        return self.control(system).create("customers", {"name": "Kari", **fields})

    def edit(self, system: str, note: str) -> None:
        """Type a note into the one customer."""
        (row,) = self.control(system).dump("customers")
        self.control(system).edit("customers", str(row[IDS[system]]), {NOTES[system]: note})

    def notes(self) -> dict[str, list[str | None]]:
        """What the customers of each system say."""
        return {name: [row[NOTES[name]] for row in self.control(name).dump("customers")]
                for name in SYSTEMS}  # fmt: skip

    def counts(self, collection: str = "customers") -> tuple[int, ...]:
        """How many there are, by system."""
        return tuple(len(self.control(name).dump(collection)) for name in SYSTEMS)

    def why(self, system: str, entity: str, ident: str) -> list[tuple[str, str]]:
        """Where the record is not, or not as it should be, and why."""
        with self.runner() as runner:
            found = runner.why(system, entity, ident)
        return sorted({(p.system, p.why) for said in found.properties for p in said.places})


@pytest.fixture
def three(tmp_path: Path, database: Any) -> Bench:
    bench = Bench(tmp_path, World((), (), ()), SYSTEMS)
    bench.source["store"] = {"url": database.url}
    return bench


def test_every_record_goes_where_the_rule_says_and_the_default_says_the_rest(three: Bench) -> None:
    three.flow("shop.Customer", "erp.Customer", rule="linked")
    three.flow("outlet.Customer", "erp.Customer", rule="linked")
    three.customer("shop", email="kari@example.no")
    three.customer("erp", email="ola@example.no")
    three.settle()
    assert three.counts() == (2, 1, 2)


def test_a_linked_record_is_created_nowhere_and_edited_everywhere(three: Bench) -> None:
    for source, target in (("shop", "erp"), ("outlet", "erp"), ("erp", "shop"), ("erp", "outlet")):
        three.flow(f"{source}.Customer", f"{target}.Customer", rule="linked")
    ident = three.customer("shop", email="kari@example.no")
    three.settle()
    assert three.counts() == (1, 0, 1)
    reason = ("erp", "shop.Customer → erp.Customer only links what is there already")
    assert reason in three.why("shop", "Customer", ident)
    three.customer("erp", email="kari@example.no")
    three.settle()
    assert three.counts() == (1, 1, 1)
    for system in SYSTEMS:
        three.edit(system, f"from {system}")
        three.settle()
        assert three.notes() == {name: [f"from {system}"] for name in SYSTEMS}


def test_a_record_is_created_when_its_condition_comes_to_hold_and_then_stays(three: Bench) -> None:
    """The condition looks at what the API has, mapped or not, and at nothing but creation."""
    condition = "starts_with(website, 'https')"
    for source in ("shop", "outlet"):
        three.flow(f"{source}.Customer", "erp.Customer", when=condition)
    ident = three.customer("shop", email="kari@example.no")
    three.settle()
    assert three.counts() == (1, 0, 1)
    assert ("erp", f"shop.Customer → erp.Customer asks for {condition}") in three.why(
        "shop", "Customer", ident
    )
    three.control("shop").edit("customers", ident, {"website": "https://kari.example"})
    three.clock.advance(90)
    with three.runner() as runner:
        assert {(o.system, o.kind, o.reason) for o in runner.plan() if o.kind == "create"} == {
            ("erp", "create", f"shop.Customer → erp.Customer, as {condition}")
        }
    three.settle()
    assert three.counts() == (1, 1, 1)
    three.control("shop").edit("customers", ident, {"website": None, "note": "still here"})
    three.settle()
    assert three.counts() == (1, 1, 1)
    assert three.notes()["erp"] == ["still here"]


def test_a_referenced_record_is_created_for_the_record_that_refers_to_it(three: Bench) -> None:
    three.flow("shop.Customer", "erp.Customer", rule="referenced")
    three.flow("outlet.Customer", "erp.Customer", rule="referenced")
    buyer = three.customer("shop", email="kari@example.no")
    three.customer("shop", name="Ola", email="ola@example.no")
    three.settle()
    assert three.counts() == (2, 0, 2)
    line = {"text": "Arbeid", "quantity": "1", "unit_price": "10.00"}
    three.control("shop").create("orders", {"customer_id": buyer, "lines": [line]})
    three.settle()
    assert three.counts() == (2, 1, 2)
    assert three.counts("orders") == (1, 1, 1)
    assert [row["email1"] if "email1" in row else row["email"]
            for row in three.control("erp").dump("customers")] == ["kari@example.no"]  # fmt: skip


def test_what_waits_for_a_record_that_no_rule_brings_is_parked_with_its_name(three: Bench) -> None:
    for source in ("shop", "outlet"):
        three.flow(f"{source}.Customer", "erp.Customer", rule="linked")
    buyer = three.customer("shop", email="kari@example.no")
    line = {"text": "Arbeid", "quantity": "1", "unit_price": "10.00"}
    three.control("shop").create("orders", {"customer_id": buyer, "lines": [line]})
    three.settle()
    assert three.counts("orders") == (1, 0, 1)
    with three.runner() as runner:
        reasons = {item.reason for item in runner.status().parked}
    assert reasons == {f"waits for shop.Customer:{buyer}, which erp does not have"}
    three.customer("erp", email="kari@example.no")
    three.settle()
    assert three.counts("orders") == (1, 1, 1)


def test_without_a_default_only_named_pairs_are_synchronised(three: Bench) -> None:
    three.source["sync"] = {"default": "none"}
    three.flow("shop.Customer", "erp.Customer")
    three.customer("shop", email="kari@example.no")
    three.customer("erp", name="Ola", email="ola@example.no")
    three.customer("outlet", name="Per", email="per@example.no")
    three.control("shop").create("products", {"sku": "A", "title": "Stol", "price": "9.90"})
    three.reset()
    three.settle()
    assert three.counts() == (1, 2, 1)
    assert three.counts("products") == (1, 0, 0)
    assert "customers" not in three.control("outlet").counters()["requests"].get("GET", {})
    three.edit("shop", "from the shop")
    three.settle()
    assert "from the shop" in three.notes()["erp"]


OPEN = "website != 'closed'"


def test_a_record_that_leaves_the_filter_rests_and_comes_back_as_the_same(three: Bench) -> None:
    """What all typed in between is merged then; two edits of one property are a conflict."""
    for target in ("erp", "outlet"):
        three.flow("shop.Customer", f"{target}.Customer", filter=OPEN)
    ident = three.customer("shop", email="kari@example.no")
    three.settle()
    three.control("shop").edit("customers", ident, {"website": "closed", "note": "left"})
    three.settle()
    three.edit("erp", "without the shop")
    three.settle()
    everywhere = three.notes()
    assert everywhere == {"shop": ["left"], "erp": ["without the shop"],
                          "outlet": ["without the shop"]}  # fmt: skip
    assert ("shop", "rests: no dataflow joins it to the others") in three.why(
        "shop", "Customer", ident
    )
    with three.runner() as runner:
        assert runner.status().dormant == {("shop", "Customer"): 1}
    three.control("shop").edit("customers", ident, {"website": "open", "phone": "+4722334455"})
    three.settle()
    assert three.counts() == (1, 1, 1)
    assert len({str(found) for found in three.notes().values()}) == 1
    phones = {row.get("phone") or row.get("tel") for name in SYSTEMS
              for row in three.control(name).dump("customers")}  # fmt: skip
    assert len(phones) == 1
    with three.runner() as runner:
        assert runner.status().dormant == {}
        assert len(runner.status().conflicts) == 1


def test_a_record_that_is_filtered_out_of_one_flow_stays_with_the_system_of_another(
    three: Bench,
) -> None:
    three.source["sync"] = {"default": "none"}
    three.flow("shop.Customer", "erp.Customer", filter=OPEN)
    three.flow("shop.Customer", "outlet.Customer")
    ident = three.customer("shop", email="kari@example.no")
    three.settle()
    assert three.counts() == (1, 1, 1)
    three.control("shop").edit("customers", ident, {"website": "closed", "note": "closed"})
    three.settle()
    assert three.notes() == {"shop": ["closed"], "erp": [None], "outlet": ["closed"]}
    three.control("shop").edit("customers", ident, {"website": "open"})
    three.settle()
    assert three.notes() == {"shop": ["closed"], "erp": ["closed"], "outlet": ["closed"]}


def test_a_filter_that_is_taken_out_of_talk_toml_wakes_what_rested(three: Bench) -> None:
    for target in ("erp", "outlet"):
        three.flow("shop.Customer", f"{target}.Customer", filter=OPEN)
    three.customer("shop", email="kari@example.no", website="closed")
    three.customer("erp", email="kari@example.no")
    three.settle()
    assert three.counts() == (1, 1, 1)
    three.edit("shop", "typed at rest")
    three.settle()
    assert three.notes()["erp"] == [None]
    del three.source["dataflow"]
    three.settle()
    assert three.counts() == (1, 1, 1)
    assert three.notes() == {name: ["typed at rest"] for name in SYSTEMS}


def test_a_filter_of_guests_that_changes_is_applied_to_those_that_are_known(three: Bench) -> None:
    """Guests come with the orders that name them: those are read once more."""
    guest = {"name": "Gjest", "email": "guest@example.no"}
    line = {"text": "Arbeid", "quantity": "1", "unit_price": "10.00"}
    three.control("shop").create("orders", {"guest": guest, "lines": [line]})
    three.settle()
    assert three.counts() == (0, 1, 1)
    three.clock.advance(3600)  # the cursor moves on
    three.control("shop").create("orders", {"lines": [line]})
    three.settle()
    for target in ("erp", "outlet"):
        three.flow("shop.Guest", f"{target}.Customer", rule="linked", filter="name == 'nobody'")
    three.settle()
    with three.runner() as runner:
        assert runner.status().dormant == {("shop", "Guest"): 1}


def test_a_rule_that_is_loosened_creates_what_it_kept_out_and_a_tightened_one_undoes_nothing(
    three: Bench,
) -> None:
    three.flow("shop.Customer", "erp.Customer", rule="linked")
    three.flow("outlet.Customer", "erp.Customer", rule="linked")
    three.customer("shop", email="kari@example.no")
    three.settle()
    assert three.counts() == (1, 0, 1)
    three.flow("shop.Customer", "erp.Customer", when="email == 'kari@example.no'")
    three.settle()
    assert three.counts() == (1, 1, 1)
    three.flow("shop.Customer", "erp.Customer", rule="linked")
    three.edit("shop", "still together")
    three.settle()
    assert three.counts() == (1, 1, 1)
    assert three.notes()["erp"] == ["still together"]


def test_a_loosened_rule_that_would_create_much_asks_first(three: Bench) -> None:
    three.source["brakes"] = {"creates": 3}
    three.customer("shop", email="first@example.no")
    three.settle()
    three.flow("shop.Customer", "erp.Customer", when="note == 'in'")
    three.flow("outlet.Customer", "erp.Customer", rule="linked")
    for number in range(5):
        three.customer("shop", email=f"k{number}@example.no")
    three.sync()
    three.sync()
    with three.runner() as runner:
        three.clock.advance(90)
        runner.sync(approve=True, approve_creates=5)
    assert three.counts() == (6, 1, 6)
    three.flow("shop.Customer", "erp.Customer", rule="every")
    report = three.sync()
    assert three.counts() == (6, 1, 6)
    assert "--approve-creates 5" in report.problems[0]
    with three.runner() as runner:
        three.clock.advance(90)
        runner.sync(approve_creates=5)
    assert three.counts() == (6, 6, 6)


@pytest.mark.parametrize(
    ("flow", "words"),
    [
        ({"to": "erp.Custmer"}, "System erp has no entity `Custmer`: did you mean `Customer`?"),
        ({"to": "erp.Order"}, "shop.Customer is of the kind customer, erp.Order of order"),
        ({"when": "note = 'x'"}, "`note = 'x'` is no JMESPath expression: Bad jmespath"),
        ({"when": 'note == "vip"'}, "means a field vip: write a text as 'vip'"),
        ({"when": "active == true"}, "means a field true: write it as `true` in backticks"),
        ({"filter": "has(note)"}, "Unknown function: has()"),
        ({"from": "erp.Customer", "to": "shop.Guest"}, "cannot create a Guest"),
    ],
)
def test_a_dataflow_that_makes_no_sense_is_refused_in_one_sentence(
    three: Bench, flow: Mapping[str, str], words: str
) -> None:
    parts = {"from": "shop.Customer", "to": "erp.Customer", **flow}
    three.flow(parts.pop("from"), parts.pop("to"), **parts)
    with pytest.raises(ConfigError) as caught:
        three.runner()
    assert words in caught.value.message
    assert "\n" not in caught.value.message


def test_a_condition_that_looks_at_no_known_field_is_named_by_the_check(three: Bench) -> None:
    three.flow("shop.Customer", "erp.Customer", when="webside == 'x' && billing.city == 'Bodø'")
    three.flow("outlet.Customer", "erp.Customer", when="website == 'x' && billing.city == 'Bodø'")
    with three.runner() as runner:
        (found,) = [check for check in runner.check() if check.name == "dataflow"]
    assert found.system == "shop"
    assert "not known to have webside:" in found.message
