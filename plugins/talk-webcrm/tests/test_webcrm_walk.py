"""Random walks: people edit two webCRM systems at any moment while answers are lost.

Each field of each record is edited by one person once, so that nobody's edit may be missing in the
end. What is out of sight (the README says so) nobody edits: a record in the one request between its
last look and its write, and one that is just being created.
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

SYSTEMS = {"ours": "webcrm", "theirs": "webcrm"}
SWITCHES = ("put_merges", "patch_merges", "patch_tells", "line_touches", "value_from_lines",
            "country_data_writable", "lists_by_id", "login_401")  # fmt: skip
ITEM = "QuotationLineLinkedDataItem"
NAMES = {"organisations": "OrganisationName", "linked_data": f"{ITEM}Data4",
         "opportunities": "OpportunityDescription"}  # fmt: skip
FIELDS = {
    "organisations": ["OrganisationCity", "OrganisationTelephone", "OrganisationDeliveryState",
                      "OrganisationCompanyDescription", "OrganisationAddress"],
    "persons": ["PersonFirstName", "PersonMobilePhone"],
    "linked_data": [f"{ITEM}Data1", f"{ITEM}DataMemo", f"{ITEM}Price"],
    "opportunities": ["OpportunityNote", "OpportunityDiscount"],
}  # fmt: skip
IDS = ("PersonId", "OrganisationId", "OpportunityId", f"{ITEM}Id")
"""Each record begins with its own."""
KINDS: tuple[Any, ...] = ("drop_after", "drop_before", "timeout", "server_error", "expired_token",
                          "rate_limit", "malformed")  # fmt: skip


class Walk:
    """One seed."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.rng, self.serial = Random(seed), Serial(Random(f"{seed}/order"))
        self.bench = Workbench(folder, World((), (), ()), SYSTEMS, seed=seed)
        self.made = 0
        self.edited: set[tuple[str, str, str]] = set()
        self.expected: dict[tuple[str, str, str], Any] = {}
        self.orders: dict[str, list[tuple[str, int]]] = {}
        self.busy, self.faulty = self.rng.choice((0.0, 0.1)), self.rng.choice((0.0, 0.03, 0.1))
        for name, faults in self.bench.faults.items():
            for switch in SWITCHES:
                faults.switch(switch, self.rng.random() < 0.5)
            faults.switch("organisation_answer", self.rng.choice((0.0, 1.0)))
            faults.on_request = lambda call, name=name: self._on_request(name, call)
        self.noisy = False
        self.dead: set[str] = set()
        self.settled: set[str] = set()
        self.known: dict[tuple[str, str], set[str]] = {}

    # --- what people do -------------------------------------------------------------------------

    def control(self, system: str) -> Any:
        return self.bench.control(system)

    def tag(self, collection: str, row: dict[str, Any], system: str) -> str:
        """What a record is called in both systems."""
        if collection == "persons":
            owner = str(row["PersonOrganisationId"])
            rows = self.control(system).dump("organisations")
            row = next(r for r in rows if str(r["OrganisationId"]) == owner)
            collection = "organisations"
        return str(row[NAMES[collection]])

    def create(self, system: str) -> None:
        """A customer with a person, a product, and an order of both."""
        control, number = self.control(system), self.made
        self.made += 1
        owner = int(control.create("organisations", {"OrganisationName": f"Firma {number}"}))
        person = {"PersonOrganisationId": owner, "PersonLastName": f"P{number}",
                  "PersonEmail": f"p{number}@x.no"}  # fmt: skip
        control.create("persons", person)
        control.create("linked_data", {f"{ITEM}Data4": f"S-{number}", f"{ITEM}Data1": "Ting"})
        order = int(
            control.create(
                "opportunities",
                {"OpportunityOrganisationId": owner, "OpportunityDescription": f"O {number}"},
            )
        )
        lines = [(f"line {number}/{place}", place + 1) for place in range(self.rng.randrange(4))]
        self.orders[f"O {number}"] = lines
        for place, (text, quantity) in enumerate(lines, 1):
            self._add(system, order, text, quantity, place, f"S-{number}" if place == 1 else "-")

    def _add(
        self, system: str, order: int, text: str, quantity: int, place: int, number: str = "-"
    ) -> None:
        self.control(system).create("quotation_lines", {
            "QuotationLineOpportunityId": order, "QuotationLineData1": text,
            "QuotationLineData4": number, "QuotationLineQuantity": quantity,
            "QuotationLineSortOrder": place,
        })  # fmt: skip

    def edit(self) -> None:
        system, collection = self.rng.choice(list(SYSTEMS)), self.rng.choice(list(FIELDS))
        rows = self.control(system).dump(collection)
        rows = [row for row in rows if self.id_of(row) in self.known[system, collection]]
        if not rows:
            return
        row, name = self.rng.choice(rows), self.rng.choice(FIELDS[collection])
        key = (collection, self.tag(collection, row, system), name)
        if key in self.edited:
            return
        self.edited.add(key)
        self.made += 1
        amount = name.endswith(("Price", "Discount"))
        value: Any = 1 + self.made % 90 if amount else f"+4722{self.made:06d}"
        self.expected[key] = value
        self.control(system).edit(collection, self.id_of(row), {name: value})

    @staticmethod
    def id_of(row: dict[str, Any]) -> str:
        return str(next(value for name, value in row.items() if name in IDS))

    def look_around(self) -> None:
        """People know the records that were there before a run."""
        for system in SYSTEMS:
            for collection in FIELDS:
                rows = self.control(system).dump(collection)
                self.known[system, collection] = {self.id_of(row) for row in rows}

    def edit_lines(self) -> None:
        """Change, delete and add lines of one order, in one system."""
        system = self.rng.choice(list(SYSTEMS))
        orders = {r["OpportunityDescription"]: r["OpportunityId"]
                  for r in self.control(system).dump("opportunities")}  # fmt: skip
        both = [tag for tag in orders if tag in self.settled and tag in self.orders]
        if not both:
            return
        tag = self.rng.choice(both)
        self.settled.discard(tag)
        rows = [r for r in self.control(system).dump("quotation_lines")
                if r["QuotationLineOpportunityId"] == orders[tag]]  # fmt: skip
        rows.sort(key=lambda r: (r["QuotationLineSortOrder"], r["QuotationLineId"]))
        for row in rows:
            deed = self.rng.choice(("keep", "keep", "change", "delete"))
            place = next(i for i, (text, _) in enumerate(self.orders[tag])
                         if text == row["QuotationLineData1"])  # fmt: skip
            id_ = str(row["QuotationLineId"])
            if deed == "change":
                self.made += 1
                self.orders[tag][place] = (row["QuotationLineData1"], 100 + self.made)
                changes = {"QuotationLineQuantity": 100 + self.made}
                self.control(system).edit("quotation_lines", id_, changes)
            elif deed == "delete":
                del self.orders[tag][place]
                self.control(system).delete("quotation_lines", id_)
        if self.rng.random() < 0.5:
            self.made += 1
            last = max((r["QuotationLineSortOrder"] for r in rows), default=0)
            self.orders[tag].append((f"added {self.made}", 5))
            self._add(system, orders[tag], f"added {self.made}", 5, last + 10)

    # --- what happens meanwhile -----------------------------------------------------------------

    def _on_request(self, system: str, call: Any) -> None:
        if not self.noisy:
            return
        self.bench.clock.advance(self.rng.choice((0.0, 0.2, 1.5)))
        if call.method == "GET" and self.rng.random() < self.busy:
            self.edit()
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
        self.look_around()
        self.dead.clear()
        for faults in self.bench.faults.values():
            faults.plan([])
        self.bench.clock.advance(90)
        self.bench.reset()
        with self.bench.runner(workers=self.serial) as runner:
            report = runner.sync(approve=True)
        assert noisy or report.problems == ()
        return any(self.bench.writes().values())

    def settle(self) -> None:
        for _ in range(8):
            if not self.run(noisy=False):
                self.settled = set(self.orders)
                return
        raise AssertionError("still writing")

    def play(self) -> None:
        # Our key counts once it was seen to be kept: before that a lost create is a question.
        for system in SYSTEMS:
            self.create(system)
        self.settle()
        for _ in range(self.rng.randrange(2)):
            self.create(self.rng.choice(list(SYSTEMS)))
        for _ in range(self.rng.randrange(2, 5)):
            self.look_around()
            for _ in range(self.rng.randrange(4)):
                self.edit()
            self.edit_lines()
            if self.rng.random() < 0.5:
                self.create(self.rng.choice(list(SYSTEMS)))
            self.run(noisy=True)
            if self.rng.random() < 0.6:
                self.settle()
                self.judge()
        self.settle()
        self.judge()

    # --- what must be so ------------------------------------------------------------------------

    def judge(self) -> None:
        for system in SYSTEMS:
            for collection in (*NAMES, "persons"):
                rows = self.control(system).dump(collection)
                counts = Counter(self.tag(collection, row, system) for row in rows)
                assert set(counts.values()) <= {1}, (system, collection, counts)
                assert len(counts) == len(self.orders), (system, collection)
                said = {(collection, self.tag(collection, row, system)): row for row in rows}
                for (kind, tag, name), value in self.expected.items():
                    if kind == collection:
                        assert said[kind, tag][name] == value, (system, kind, tag, name)
            assert self.lines(system) == self.orders
        with self.bench.runner() as runner:
            assert runner.status().open == {}

    def lines(self, system: str) -> dict[str, list[tuple[str, int]]]:
        found: dict[str, list[tuple[str, int]]] = {}
        rows = self.control(system).dump("quotation_lines")
        rows.sort(key=lambda r: (r["QuotationLineSortOrder"], r["QuotationLineId"]))
        for order in self.control(system).dump("opportunities"):
            found[order["OpportunityDescription"]] = [
                (row["QuotationLineData1"], row["QuotationLineQuantity"]) for row in rows
                if row["QuotationLineOpportunityId"] == order["OpportunityId"]
            ]  # fmt: skip
        return found


@pytest.mark.parametrize("seed", range(15))
def test_nothing_is_lost_doubled_or_written_for_ever(tmp_path, seed) -> None:
    Walk(tmp_path, seed).play()
