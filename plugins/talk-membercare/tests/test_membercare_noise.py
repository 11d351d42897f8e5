"""Two accounts under edits, faults and kills, drawn by a seed: then quiet, once each, agreed."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest

from talk_sdk.testing.faults import Fault, FaultKind
from talk_sdk.testing.neutral import World
from talk_sdk.testing.workbench import Workbench

TWO = {"one": "membercare", "two": "membercare"}
KINDS: tuple[FaultKind, ...] = (
    "drop_before", "drop_after", "timeout", "server_error", "malformed", "rate_limit",
    "expired_token",
)  # fmt: skip
STEPS = ("page", "page stored", "match", "merge", "plan", "journaled", "answered", "answer stored",
         "settle", "settled")  # fmt: skip
SWITCHES = (
    "sorted", "inclusive", "local_filter", "lists_touch", "lists_alone", "unset_listed",
    "expiration_utc", "dead_is_403", "mappings_on_create", "several_mappings", "unique_mappings",
    "lists_on_post", "contact_ends_others", "full_addresses", "places_by_id", "any_postal_code",
    "null_clears", "null_lists", "ok_is_200", "plain_errors", "product_needed",
)  # fmt: skip
OSLO = {"postalCode": {"zipCode": "0155", "city": "Oslo"}, "country": {"iso2Letter": "NO"}}


class KilledError(BaseException):
    """The process is gone: no handler may run on."""


def holding(rows: list[dict[str, Any]], today: str) -> dict[str, Any]:
    """The row that counts: of those that hold, the last that began, and of these the last."""
    held = [r for r in rows if not r["end"] or r["end"][:10] > today]
    return max(held, key=lambda row: (row["start"][:10], int(row["id"])), default={})


@dataclass
class Play:
    """The running state of one seed."""

    seed: int
    bench: Workbench
    edits: dict[tuple[str, str], list[tuple[str, str]]] = field(default_factory=dict)
    orders: list[str] = field(default_factory=list)
    made: int = 0
    doubted: bool = False
    """Whether a creation may be in doubt: what is typed into such a record may look filled in."""

    def __post_init__(self) -> None:
        self.rng = Random(f"{self.seed}/noise")
        for name in TWO:
            for switch in SWITCHES:
                if self.rng.random() < 0.3:
                    faults = self.bench.faults[name]
                    faults.switch(switch, not faults.enabled(switch))

    @property
    def today(self) -> str:
        return self.bench.clock.now().date().isoformat()

    # --- people -----------------------------------------------------------------------------------

    def company(self, system: str, number: str) -> None:
        values = {"companyName": f"Firma {number}", "category": {"id": 11}, "financeType": 1,
                  "numbers": {"norwegianCompanyNumber": number}}  # fmt: skip
        self.bench.control(system).create("companies", values, number)

    def order(self, system: str) -> None:
        rows = [r for r in self.bench.control(system).dump("companies") if number(r)]
        if not rows:
            return
        self.orders.append(f"O-{len(self.orders)}")
        booked = {"productIdentification": "S", "dimension5": self.orders[-1]}
        item = {"id": 1, "description": "Stol", "unitPrice": 100, "quantity": 2, "totalPrice": 200,
                "totalVat": 50, "sequence": 1, "financeDimensions": booked}  # fmt: skip
        payer = self.rng.choice(rows)["debtorAccountNumber"]
        when = self.bench.clock.now().replace(tzinfo=None).isoformat(timespec="seconds")
        values = {"payer": payer, "invoiceItems": [item], "creationInfo": {"when": when}}
        self.bench.control(system).create("invoices", values)

    def edit(self) -> None:
        system = self.rng.choice(list(TWO))
        known = self.bench.control(system).identities("companies")
        rows = [
            row
            for row in self.bench.control(system).dump("companies")
            if known[row["debtorAccountNumber"]] or not self.doubted
        ]
        if not rows:
            return
        row = self.rng.choice(rows)
        self.made += 1
        what, value = self.rng.choice(("name", "email", "street")), f"v{self.made}"
        if what == "name":
            changes: dict[str, Any] = {"companyName": value}
        elif what == "email":
            value = f"{value}@b.no"
            new = {"type": 1, "value": value, "start": f"{self.today}T00:00:00"}
            changes = {"contacts": [*row["contacts"], new]}
        else:
            rows = [{**a, "end": f"{self.today}T00:00:00"} for a in row["addresses"]]
            new = {"addressType": 1, "street": value, **OSLO, "start": f"{self.today}T00:00:00"}
            changes = {"addresses": [*rows, new]}
        self.bench.control(system).edit("companies", row["debtorAccountNumber"], changes)
        self.edits.setdefault((number(row), what), []).append((system, value))

    # --- runs -------------------------------------------------------------------------------------

    def noisy(self) -> None:
        if self.doubted and self.rng.random() < 0.5:
            self.bench.clock.advance(61.0)
            self.clear()
            self.run()
            self.doubted = False
        for _ in range(self.rng.randrange(6)):
            self.edit()
            self.bench.clock.advance(self.rng.choice((0.0, 1.0, 90.0, 90_000.0)))
        if self.rng.random() < 0.5:
            self.order(self.rng.choice(list(TWO)))
        for name in TWO:
            plan = [
                Fault(kind=self.rng.choice(KINDS), method=self.rng.choice(("*", "POST", "PATCH")),
                      probability=self.rng.choice((0.05, 0.3)), times=self.rng.randrange(1, 6))
                for _ in range(self.rng.randrange(3))
            ]  # fmt: skip
            self.bench.faults[name].plan(plan)
        self.doubted = True
        self.run(self.rng.choice((None, *STEPS)), self.rng.randrange(1, 5))
        self.bench.clock.advance(self.rng.choice((61.0, 3600.0, 90_000.0)))

    def run(self, death: str | None = None, left: int = 1) -> Any:
        def step(passed: str) -> None:
            nonlocal left
            left -= passed == death
            if passed == death and left <= 0:
                raise KilledError(passed)

        try:
            with self.bench.runner(step=step) as runner:
                return runner.sync(approve=True)
        except KilledError:
            return None

    def calm(self) -> None:
        """No more edits and faults: rows that do not show as changes are read a day later."""
        self.clear()
        for _ in range(2):
            for _ in range(5):
                self.bench.clock.advance(90_000.0)
                self.bench.reset()
                assert self.run().problems == ()
                if not any(self.bench.writes().values()):
                    break
            else:
                raise AssertionError(f"seed {self.seed}: still writing")

    def clear(self) -> None:
        for faults in self.bench.faults.values():
            faults.plan([])

    # --- what has to be so ------------------------------------------------------------------------

    def judge(self) -> None:
        with self.bench.runner() as runner:
            status = runner.status()
        listed = " ".join(item.reason for item in status.conflicts)
        seen = {name: self.says(name) for name in TWO}
        assert seen["one"] == seen["two"], f"seed {self.seed}"
        for (company, what), edits in self.edits.items():
            value = seen["one"][company][what]
            last = {system: text for system, text in edits}  # noqa: C416 - the last of each
            word = {"name": "name:", "email": "email:", "street": "line1:"}[what]
            if value != edits[-1][1]:
                # What two said at a time is in the list of conflicts.
                assert word in listed, f"seed {self.seed}: {what} of {company} lost: {edits}"
                assert value in {*last.values(), f"Firma {company}", None}
        for name in TWO:
            numbers = [order(row) for row in self.bench.control(name).dump("invoices")]
            assert sorted(numbers) == sorted(self.orders), f"seed {self.seed}"
        assert status.open == {}, f"seed {self.seed}: {status}"

    def says(self, system: str) -> dict[str, dict[str, Any]]:
        rows = self.bench.control(system).dump("companies")
        found = {number(row): self.row_says(row) for row in rows}
        assert len(found) == len(rows), f"seed {self.seed}: a company is there twice"
        return found

    def row_says(self, row: dict[str, Any]) -> dict[str, Any]:
        primary = [a for a in row["addresses"] if a["addressType"] == 1]
        return {
            "name": row["companyName"],
            "email": holding(row["contacts"], self.today).get("value"),
            "street": holding(primary, self.today).get("addressLineOne"),
        }


def number(row: dict[str, Any]) -> str:
    """The company's number; nothing while its creation is not complete."""
    said = row["businessNumbers"]["registrationNumberNorwegianCompanyNumber"]
    return str(said["number"]) if said else ""


def order(row: dict[str, Any]) -> str:
    return str(row["invoiceItems"][0]["financeDimensions"]["dimension5"])


@pytest.mark.parametrize("seed", [*range(20), 54, 57])
def test_whatever_happens_ends_quiet_agreed_and_once(tmp_path: Path, seed: int) -> None:
    rng = Random(f"{seed}/systems")
    lags = {name: rng.choice((0.0, 0.0, 3.0, 20.0)) for name in TWO}
    bench = Workbench(
        tmp_path, World((), (), ()), TWO, seed=seed,
        settings={name: {"lag_s": lag} for name, lag in lags.items()},
        skews={name: rng.choice((0.0, 5.0, -90.0, 3600.0)) for name in TWO},
    )  # fmt: skip
    for name, lag in lags.items():
        bench.faults[name].switch("lag", lag)
    play = Play(seed, bench)
    for place in range(4):
        play.company(play.rng.choice(list(TWO)), f"91000000{place}")
    play.company("one", "920000000")
    play.company("two", "920000000")
    bench.clock.advance(60.0)  # lists that are behind show them
    for _ in range(play.rng.randrange(2, 5)):
        play.noisy()
    play.calm()
    play.judge()
