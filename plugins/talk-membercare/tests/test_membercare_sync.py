"""Two accounts in MemberCare, synchronised by the real runner on a virtual clock."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from talk_sdk.testing.faults import Fault
from talk_sdk.testing.neutral import World
from talk_sdk.testing.workbench import Workbench

EMPTY = World((), (), ())
TWO = {"one": "membercare", "two": "membercare"}
OSLO = {"postalCode": {"zipCode": "0155", "city": "Oslo"}, "country": {"iso2Letter": "NO"}}


class KilledError(BaseException):
    """The process is gone: no handler may run on."""


class Bench(Workbench):
    """Two accounts, with the few words that these tests need."""

    def sync(self, **parts: Any) -> Any:
        self.clock.advance(90)
        with self.runner(**parts) as runner:
            return runner.sync(approve=True)

    def settle(self, most: int = 4) -> int:
        for runs in range(most + 1):
            self.reset()
            report = self.sync()
            assert report.problems == ()
            if not any(self.writes().values()):
                return runs
        raise AssertionError(f"still writing after {most} runs: {self.writes()}")

    def tomorrow(self) -> None:
        """A day later everything is read, rows that do not show as changes too."""
        self.clock.advance(86_400)

    def rows(self, system: str, collection: str) -> list[dict[str, Any]]:
        return self.control(system).dump(collection)

    def only(self, system: str, collection: str) -> dict[str, Any]:
        (row,) = self.rows(system, collection)
        return row

    def open(self) -> dict[str, int]:
        with self.runner() as runner:
            return runner.status().open


def number_of(row: dict[str, Any]) -> str:
    return str(row["debtorAccountNumber"])


def held(row: dict[str, Any], type_: int) -> list[str]:
    """The contacts of a type, the latest last."""
    rows = [each for each in row["contacts"] if each["type"] == type_]
    return [each["value"] for each in sorted(rows, key=lambda each: int(each["id"]))]


def streets(row: dict[str, Any], type_: int = 1) -> list[str]:
    rows = [a for a in row["addresses"] if a["addressType"] == type_ and a["end"] is None]
    return [each["addressLineOne"] for each in rows]


def company(bench: Bench, system: str, **more: Any) -> str:
    """A company as a person types it in."""
    return bench.control(system).create(
        "companies",
        {
            "companyName": "Bygg AS", "category": {"id": 11}, "financeType": 1,
            "numbers": {"norwegianCompanyNumber": "987654321"},
            "contacts": [{"type": 2, "value": "post@bygg.no"}, {"type": 3, "value": "22334455"}],
            "addresses": [{"addressType": 1, "street": "Gata", "number": "1", **OSLO}],
            **more,
        },
    )  # fmt: skip


def invoice(bench: Bench, system: str, payer: str, **more: Any) -> str:
    item = {
        "id": 1, "description": "Stol", "unitPrice": 100, "quantity": 2, "totalPrice": 200,
        "totalVat": 50, "sequence": 1, "isCredited": False,
        "financeDimensions": {"productIdentification": "S-1", "dimension5": "O-17"},
    }  # fmt: skip
    values = {"payer": payer, "invoiceItems": [item], "source": 5,
              "creationInfo": {"when": "2026-11-01T11:00:00"},
              "financeDate": "2026-11-01T00:00:00"}  # fmt: skip
    return bench.control(system).create("invoices", {**values, **more})


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Bench]:
    def build(**switches: Any) -> Bench:
        bench = Bench(tmp_path, EMPTY, TWO)
        for faults in bench.faults.values():
            for name, value in switches.items():
                faults.switch(name, value)
        return bench

    return build


@pytest.fixture
def bench(make: Callable[..., Bench]) -> Bench:
    return make()


# --- first sync, edits, echo ----------------------------------------------------------------------


@pytest.mark.parametrize("origin", TWO)
def test_what_is_made_in_one_account_is_made_once_in_the_other(bench: Bench, origin: str) -> None:
    other = "two" if origin == "one" else "one"
    invoice(bench, origin, company(bench, origin))
    assert bench.sync().outcome == "done"
    there = bench.only(other, "companies")
    assert there["companyName"] == "Bygg AS"
    numbers = there["businessNumbers"]["registrationNumberNorwegianCompanyNumber"]
    assert numbers["number"] == "987654321"
    assert (held(there, 1), held(there, 3)) == (["post@bygg.no"], ["+4722334455"])
    assert streets(there) == ["Gata 1"]
    billed = bench.only(other, "invoices")
    assert billed["payer"]["debtorAccountNumber"] == number_of(there)
    (item,) = billed["invoiceItems"]
    assert (item["description"], item["quantity"], item["totalPrice"]) == ("Stol", 2, 200)
    assert item["financeDimensions"]["dimension5"] == "O-17"
    assert bench.settle() == 0
    bench.tomorrow()
    assert bench.settle() == 0


def test_companies_that_are_in_both_are_matched_by_their_number(bench: Bench) -> None:
    for system in TWO:
        company(bench, system)
    assert bench.settle() == 0
    assert [len(bench.rows(system, "companies")) for system in TWO] == [1, 1]


@pytest.mark.parametrize("touch", [False, True])
@pytest.mark.parametrize("origin", TWO)
def test_an_edit_reaches_the_other_and_does_not_come_back(
    make: Callable[..., Bench], origin: str, touch: bool
) -> None:
    bench, other = make(lists_touch=touch), "two" if origin == "one" else "one"
    company(bench, "one")
    bench.settle()
    row = bench.only(origin, "companies")
    rows = [{**a, "end": "2026-11-01T00:00:00"} for a in row["addresses"]]
    changes = {
        "companyName": "Bygg og Anlegg AS",
        "numbers": {"norwegianCompanyNumber": "910000001"},
        "contacts": [*row["contacts"], {"type": 1, "value": "ny@bygg.no"}],
        "addresses": [*rows, {"addressType": 1, "street": "Nygata 7", **OSLO}],
    }
    bench.control(origin).edit("companies", number_of(row), changes)
    if not touch:
        bench.tomorrow()
    bench.settle()
    there = bench.only(other, "companies")
    assert there["companyName"] == "Bygg og Anlegg AS"
    assert held(there, 1)[-1] == "ny@bygg.no"
    assert streets(there) == ["Nygata 7"]
    numbers = there["businessNumbers"]["registrationNumberNorwegianCompanyNumber"]
    assert numbers["number"] == "910000001"
    bench.tomorrow()
    assert bench.settle() == 0


def test_two_edits_of_one_company_in_two_accounts_both_arrive(bench: Bench) -> None:
    company(bench, "one")
    bench.settle()
    here, there = bench.only("one", "companies"), bench.only("two", "companies")
    bench.control("one").edit("companies", number_of(here), {"companyName": "Nytt navn AS"})
    rows = [*there["contacts"], {"type": 5, "value": "90112233"}]
    bench.control("two").edit("companies", number_of(there), {"contacts": rows})
    bench.tomorrow()
    bench.settle()
    for system in TWO:
        row = bench.only(system, "companies")
        assert row["companyName"] == "Nytt navn AS"
        # A number that was typed says the same as one that was written.
        assert held(row, 5)[-1].removeprefix("+47") == "90112233"


def test_an_email_that_is_removed_stays_elsewhere_and_is_drift_said_once(bench: Bench) -> None:
    company(bench, "one")
    bench.settle()
    row = bench.only("one", "companies")
    rows = [each for each in row["contacts"] if each["type"] != 2]
    bench.control("one").edit("companies", number_of(row), {"contacts": rows})
    bench.tomorrow()
    drift = [(d.system, d.property) for d in bench.sync().drift]
    assert drift == [("two", "email")]
    assert [d.property for d in bench.sync().drift] == []
    assert held(bench.only("two", "companies"), 1) == ["post@bygg.no"]


def test_an_address_without_a_postal_code_is_drift(bench: Bench) -> None:
    company(bench, "one")
    bench.settle()
    row = bench.only("one", "companies")
    said = {"addressType": 2, "street": "Øde øy", "country": {"iso2Letter": "NO"}}
    addresses = [*row["addresses"], said]
    bench.control("one").edit("companies", number_of(row), {"addresses": addresses})
    bench.tomorrow()
    bench.sync()
    assert streets(bench.only("two", "companies"), 2) == []
    assert bench.settle() == 0


def test_people_are_contacts_and_travel_with_their_edits(bench: Bench) -> None:
    contact = [{"type": 1, "value": "kari@bygg.no"}]
    person = {"firstname": "Kari", "lastname": "Nordmann", "contacts": contact}
    ident = bench.control("one").create("persons", person)
    bench.settle()
    there = bench.only("two", "persons")
    assert (there["name"], held(there, 1)) == ("Kari Nordmann", ["kari@bygg.no"])
    bench.control("two").edit("persons", number_of(there), {"lastname": "Hansen"})
    bench.settle()
    assert bench.only("one", "persons")["lastname"] == "Hansen"
    assert number_of(bench.only("one", "persons")) == ident


def test_an_order_that_changes_after_it_was_billed_is_said_once(bench: Bench) -> None:
    ident = invoice(bench, "one", company(bench, "one"))
    bench.settle()
    before = bench.only("two", "invoices")
    items = [{**i, "quantity": 3} for i in bench.only("one", "invoices")["invoiceItems"]]
    bench.control("one").edit("invoices", ident, {"invoiceItems": items})
    reports = [bench.sync() for _ in range(3)]
    said = [[(d.system, d.entity, d.property) for d in report.drift] for report in reports]
    assert said == [[("two", "Invoices", "lines")], [], []]
    assert bench.open() == {}
    assert bench.only("two", "invoices") == before


def test_an_invoice_of_a_person_brings_the_payer_as_a_customer(bench: Bench) -> None:
    person = bench.control("one").create("persons", {"firstname": "Kari", "lastname": "N"})
    invoice(bench, "one", person, source=2)
    bench.settle()
    assert bench.only("two", "companies")["companyName"] == "Kari N"
    assert len(bench.rows("two", "invoices")) == 1
    assert bench.rows("one", "companies") == []


def test_units_are_customers_elsewhere_and_are_never_written(bench: Bench) -> None:
    unit = {"identificationNumber": "0301", "name": "Oslo lokallag"}
    bench.control("one").create("organizations", unit)
    bench.settle()
    there = bench.only("two", "companies")
    assert there["companyName"] == "Oslo lokallag"
    bench.control("two").edit("companies", number_of(there), {"companyName": "Oslo lag"})
    assert [(d.system, d.entity, d.property) for d in bench.sync().drift] \
        == [("one", "Organizations", "name")]  # fmt: skip
    assert bench.only("one", "organizations")["name"] == "Oslo lokallag"


# --- faults ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["server_error", "malformed", "expired_token", "rate_limit"])
@pytest.mark.parametrize("path", ["debtors", "companies", "invoices", "products", "token"])
def test_a_read_that_fails_for_a_while_loses_nothing(bench: Bench, path: str, kind: Any) -> None:
    company(bench, "one")
    bench.settle()
    for faults in bench.faults.values():
        faults.plan([Fault(kind=kind, path=path, probability=0.5, times=6)])
    row = bench.only("one", "companies")
    bench.control("one").edit("companies", number_of(row), {"companyName": "Nytt"})
    for _ in range(3):
        bench.sync()
    for faults in bench.faults.values():
        faults.plan([])
    bench.settle()
    assert bench.only("two", "companies")["companyName"] == "Nytt"
    assert [len(bench.rows(system, "companies")) for system in TWO] == [1, 1]


def kill_at_answer(passed: str) -> None:
    if passed == "answered":
        raise KilledError(passed)


STEPS = [
    "companies$", "foreignSystems$", "foreignSystem/", "registrationNumbers", "contacts$",
    "addresses$",
]  # fmt: skip


@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("killed", [False, True])
@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
@pytest.mark.parametrize("step", STEPS)
def test_a_creation_that_is_cut_anywhere_is_completed_and_never_doubled(
    make: Callable[..., Bench], step: str, kind: Any, killed: bool, kept: bool
) -> None:
    bench = make(mappings_on_create=kept)
    company(bench, "one")
    bench.faults["two"].plan([Fault(kind=kind, method="POST", path=step, times=1)])
    if killed:
        with pytest.raises(KilledError):
            bench.sync(step=kill_at_answer)
    else:
        bench.sync()
    bench.faults["two"].plan([])
    bench.settle()
    there = bench.only("two", "companies")
    assert (held(there, 1)[-1], held(there, 3)[-1]) == ("post@bygg.no", "+4722334455")
    assert streets(there)[-1] == "Gata 1"
    numbers = there["businessNumbers"]["registrationNumberNorwegianCompanyNumber"]
    assert numbers["number"] == "987654321"
    assert len(bench.rows("one", "companies")) == 1
    assert bench.open() == {}
    (mapping,) = there["foreignSystemMappings"]
    assert mapping["externalId"] == there["externalId"].removeprefix("talk-sdk/")


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_a_person_whose_creation_was_cut_is_made_once(bench: Bench, kind: Any) -> None:
    bench.control("one").create("persons", {"firstname": "Kari", "lastname": "Nordmann"})
    bench.faults["two"].plan([Fault(kind=kind, method="POST", path="persons$", times=1)])
    with pytest.raises(KilledError):
        bench.sync(step=kill_at_answer)
    bench.faults["two"].plan([])
    bench.settle()
    assert bench.only("two", "persons")["name"] == "Kari Nordmann"
    assert bench.open() == {}


def kill_at_invoice(bench: Bench) -> Callable[[str], None]:
    def step(passed: str) -> None:
        if passed == "answered" and bench.control("two").counters()["requests"].get("POST", {}).get(
            "invoices"
        ):
            raise KilledError(passed)

    return step


@pytest.mark.parametrize("numbered", [True, False])
@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_an_invoice_whose_creation_was_killed_is_never_sent_twice(
    tmp_path: Path, kind: Any, numbered: bool
) -> None:
    """Where an order's number has a place on invoices they are found by it; else by their lines."""
    settings = {} if numbered else {system: {"order_dimension": None} for system in TWO}
    bench = Bench(tmp_path, EMPTY, TWO, settings=settings)
    invoice(bench, "one", company(bench, "one"))
    # The look at the payer's invoices that would tell at once is cut as well.
    bench.faults["two"].plan(
        [
            Fault(kind=kind, method="POST", path="externalPurchase", times=1),
            Fault(kind="server_error", path="debtors/.*/invoices", nth=(2, 3, 4, 5)),
        ]
    )
    with pytest.raises(KilledError):
        bench.sync(step=kill_at_invoice(bench))
    bench.faults["two"].plan([])
    for _ in range(3):
        bench.sync()
    assert [len(bench.rows(system, "invoices")) for system in TWO] == [1, 1]
    assert bench.open() == {}


def test_an_invoice_with_other_lines_is_not_taken_for_the_one_that_was_lost(tmp_path: Path) -> None:
    bench = Bench(tmp_path, EMPTY, TWO, settings={n: {"order_dimension": None} for n in TWO})
    invoice(bench, "one", company(bench, "one"))
    lost = Fault(kind="drop_before", method="POST", path="externalPurchase", times=1)
    blind = Fault(kind="server_error", path="debtors/.*/invoices", nth=(2, 3, 4, 5))
    bench.faults["two"].plan([lost, blind])
    with pytest.raises(KilledError):
        bench.sync(step=kill_at_invoice(bench))
    bench.faults["two"].plan([])
    (item,) = bench.only("one", "invoices")["invoiceItems"]
    invoice(
        bench, "two", number_of(bench.only("two", "companies")),
        invoiceItems=[{**item, "description": "Bord"}],
        creationInfo={"when": "2026-11-01T11:05:00"},
    )  # fmt: skip
    for _ in range(3):
        bench.sync()
    assert len(bench.rows("two", "invoices")) == 1
    assert bench.open()["reviews"] == 1


def test_an_invoice_whose_answer_alone_was_lost_is_linked_at_once(bench: Bench) -> None:
    invoice(bench, "one", company(bench, "one"))
    bench.faults["two"].plan(
        [Fault(kind="drop_after", method="POST", path="externalPurchase", times=1)]
    )
    assert bench.sync().outcome == "done"
    assert bench.settle() == 0
    assert len(bench.rows("two", "invoices")) == 1


def test_a_plan_writes_nothing_and_shows_what_would_be_written(bench: Bench) -> None:
    invoice(bench, "one", company(bench, "one"))
    bench.reset()
    with bench.runner() as runner:
        planned = [(op.system, op.entity, op.kind) for op in runner.plan()]
    assert planned == [("two", "Companies", "create"), ("two", "Invoices", "create")]
    assert bench.writes() == {"one": 0, "two": 0}
