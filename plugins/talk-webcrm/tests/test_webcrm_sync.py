"""Two webCRM systems, kept in sync by the real runner: whatever is cut is completed, once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from talk_sdk.reports import Report
from talk_sdk.testing.faults import Fault
from talk_sdk.testing.neutral import World
from talk_sdk.testing.workbench import Workbench

SYSTEMS = {"ours": "webcrm", "theirs": "webcrm"}
OTHER_WAY = {
    "put_merges": True, "patch_merges": True, "patch_tells": False, "line_touches": True,
    "organisation_answer": 1.0, "value_from_lines": True,
    "country_data_writable": True, "lists_by_id": True,
}  # fmt: skip
Rows = list[dict[str, Any]]


class Bench(Workbench):
    """Two systems, and the few words that these tests need."""

    def sync(self) -> Report:
        self.clock.advance(90)
        self.reset()
        with self.runner() as runner:
            return runner.sync(approve=True)

    def settle(self) -> Report:
        """Run until a run writes nothing."""
        for _ in range(6):
            report = self.sync()
            if not any(self.writes().values()):
                assert report.problems == ()
                return report
        raise AssertionError(f"still writing: {self.writes()}")

    def rows(self, system: str, collection: str) -> Rows:
        return self.control(system).dump(collection)

    def row(self, system: str, collection: str, **fields: Any) -> dict[str, Any]:
        (found,) = (r for r in self.rows(system, collection) if fields.items() <= r.items())
        return found

    def create(self, system: str, collection: str, **fields: Any) -> int:
        return int(self.control(system).create(collection, fields))

    def edit(self, system: str, collection: str, row: dict[str, Any], **fields: Any) -> None:
        name = next(name for name in row if name.endswith("Id"))
        self.control(system).edit(collection, str(row[name]), fields)

    def lines(self, system: str) -> list[tuple[Any, ...]]:
        """What the lines of the only order say, in their order."""
        rows = self.rows(system, "quotation_lines")
        rows.sort(key=lambda r: (r["QuotationLineSortOrder"], r["QuotationLineId"]))
        names = ("Data4", "Data1", "Quantity", "Price")
        return [tuple(row[f"QuotationLine{name}"] for name in names) for row in rows]

    def said(self, system: str) -> dict[str, Any]:
        """Everything that a system holds, without what is its own."""
        own = ("Id", "At", "By", "Custom15", "SortOrder", "OrderValue")
        return {
            name: sorted(
                sorted((k, str(v)) for k, v in row.items() if not k.endswith(own))
                for row in self.rows(system, name)
            )
            for name in ("organisations", "persons", "linked_data", "opportunities",
                         "quotation_lines")
        }  # fmt: skip

    def open(self) -> dict[str, int]:
        with self.runner() as runner:
            return dict(runner.status().open)


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Bench]:
    """Opens a bench; the switches are those of both systems, the settings by system."""
    made: list[Bench] = []

    def build(switches: dict[str, Any] | None = None, **settings: Any) -> Bench:
        folder = tmp_path / str(len(made))
        folder.mkdir()
        bench = Bench(folder, World((), (), ()), SYSTEMS, settings=settings)
        for faults in bench.faults.values():
            for name, value in (switches or {}).items():
                faults.switch(name, value)
        made.append(bench)
        return bench

    return build


def filled(bench: Bench) -> Bench:
    """A customer with two persons, a product, and an order of three lines, all in ours."""
    owner = bench.create(
        "ours", "organisations", OrganisationName="Åse Ødegård AS", OrganisationCountry="Norge",
        OrganisationVatNumber="987654321", OrganisationAddress="Storgata 1\n2. etg.",
        OrganisationCurrencyName="NOK", OrganisationStatus="Kunde",
    )  # fmt: skip
    for first in ("Åse", "Bjørn"):
        bench.create("ours", "persons", PersonOrganisationId=owner, PersonFirstName=first,
                     PersonLastName="Lund", PersonEmail=f"{first.lower()}@x.no")  # fmt: skip
    item = {"Data1": "Stol", "Data2": "stk", "Data4": "S-1", "Price": 10, "VatCode": "25",
            "EntityType": "Product"}  # fmt: skip
    bench.create("ours", "linked_data",
                 **{f"QuotationLineLinkedDataItem{n}": v for n, v in item.items()})  # fmt: skip
    order = bench.create(
        "ours", "opportunities", OpportunityOrganisationId=owner, OpportunityNumber="O-1",
        OpportunityDescription="Bestilling", OpportunityCurrencyName="NOK",
        OpportunityOrderDate="2026-10-01T00:00:00+02:00", OpportunityLevel=2,
    )  # fmt: skip
    for place, (number, name) in enumerate((("S-1", "Stol"), ("-", "Frakt"), ("-", "Montering"))):
        bench.create("ours", "quotation_lines", QuotationLineOpportunityId=order,
                     QuotationLineData1=name, QuotationLineData2="-", QuotationLineData4=number,
                     QuotationLineQuantity=place + 1, QuotationLinePrice=10,
                     QuotationLineSortOrder=place + 1)  # fmt: skip
    return bench


@pytest.mark.parametrize("switches", [{}, OTHER_WAY], ids=["strict", "other way"])
def test_everything_arrives_once_and_then_nothing_is_written(make, switches) -> None:
    bench = filled(make(switches))
    bench.settle()
    assert bench.said("theirs") == bench.said("ours")
    counts = [len(bench.rows("theirs", n)) for n in ("organisations", "persons", "linked_data")]
    assert counts == [1, 2, 1]
    assert bench.open() == {}


@pytest.mark.parametrize("switches", [{}, OTHER_WAY], ids=["strict", "other way"])
@pytest.mark.parametrize("system", SYSTEMS)
def test_edits_travel_from_either_and_never_come_back(make, system, switches) -> None:
    bench = filled(make(switches))
    bench.settle()
    other = next(name for name in SYSTEMS if name != system)
    bench.edit(system, "organisations", bench.rows(system, "organisations")[0],
               OrganisationCity="Bodø", OrganisationCountry="Danmark",
               OrganisationAddress="Havnegata 3", OrganisationStatus="Arkivert")  # fmt: skip
    main, further = bench.rows(system, "persons")
    bench.edit(system, "persons", main, PersonEmail="new@x.no")
    bench.edit(system, "persons", further, PersonTitle="Innkjøp", PersonStatus="Resigned")
    bench.edit(
        system,
        "linked_data",
        bench.rows(system, "linked_data")[0],
        QuotationLineLinkedDataItemPrice=12.5,
        QuotationLineLinkedDataItemData1="Krakk",
    )
    bench.edit(system, "opportunities", bench.rows(system, "opportunities")[0],
               OpportunityNote="Haster", OpportunityLevel=3, OpportunityDiscount=5)  # fmt: skip
    bench.settle()
    assert bench.said(other) == bench.said(system)
    assert bench.row(other, "persons", PersonTitle="Innkjøp")["PersonStatus"] == "Resigned"
    assert bench.rows(other, "organisations")[0]["OrganisationStatus"] == "Arkivert"


@pytest.mark.parametrize("switches", [{}, OTHER_WAY], ids=["strict", "other way"])
@pytest.mark.parametrize("system", SYSTEMS)
def test_lines_are_added_changed_and_deleted_from_either(make, system, switches) -> None:
    bench = filled(make(switches))
    bench.settle()
    other = next(name for name in SYSTEMS if name != system)
    stol, frakt, _ = sorted(bench.rows(system, "quotation_lines"),
                            key=lambda row: row["QuotationLineSortOrder"])  # fmt: skip
    kept = {row["QuotationLineId"] for row in bench.rows(other, "quotation_lines")}
    bench.edit(system, "quotation_lines", stol, QuotationLineQuantity=7)
    bench.control(system).delete("quotation_lines", str(frakt["QuotationLineId"]))
    bench.create(system, "quotation_lines", QuotationLineData1="Ny",
                 QuotationLineOpportunityId=stol["QuotationLineOpportunityId"],
                 QuotationLineQuantity=4, QuotationLineSortOrder=50)  # fmt: skip
    bench.settle()
    assert bench.lines(other) == bench.lines(system)
    assert [line[1] for line in bench.lines(other)] == ["Stol", "Montering", "Ny"]
    now = {row["QuotationLineId"] for row in bench.rows(other, "quotation_lines")}
    assert len(kept & now) == 2


def test_edits_of_two_lines_of_one_order_in_two_systems_both_stand(make) -> None:
    bench = filled(make())
    bench.settle()
    ours, theirs = (bench.row(s, "quotation_lines", QuotationLineData1=name)
                    for s, name in (("ours", "Stol"), ("theirs", "Frakt")))  # fmt: skip
    bench.edit("ours", "quotation_lines", ours, QuotationLineQuantity=8)
    bench.edit("theirs", "quotation_lines", theirs, QuotationLinePrice=99)
    bench.settle()
    assert bench.lines("ours") == bench.lines("theirs")
    assert {line[1:] for line in bench.lines("ours")} >= {("Stol", 8, 10), ("Frakt", 2, 99)}


def test_a_line_that_somebody_adds_while_lines_are_written_is_kept(make) -> None:
    bench = filled(make())
    bench.settle()
    theirs = bench.rows("theirs", "opportunities")[0]["OpportunityId"]
    stol = bench.row("ours", "quotation_lines", QuotationLineData1="Stol")
    bench.edit("ours", "quotation_lines", stol, QuotationLineQuantity=8)

    def type_in(call: Any) -> None:
        if call.method == "PUT" and "/QuotationLines/" in call.path:
            bench.faults["theirs"].on_request = None
            bench.create("theirs", "quotation_lines", QuotationLineOpportunityId=theirs,
                         QuotationLineData1="Nettopp", QuotationLineSortOrder=9)  # fmt: skip

    bench.faults["theirs"].on_request = type_in
    bench.settle()
    assert [line[1] for line in bench.lines("ours")] == ["Stol", "Frakt", "Montering", "Nettopp"]
    assert bench.lines("ours") == bench.lines("theirs")


@pytest.mark.parametrize("comes_first", [True, False], ids=["main there", "contact there"])
def test_main_person_who_moves_to_another_organisation_leaves_the_next_one_in_its_place(
    make: Callable[..., Bench], comes_first: bool
) -> None:
    bench = make()
    owners = [bench.create("ours", "organisations", OrganisationName=n) for n in ("Fra", "Til")]
    places = [0, 0, 1] if comes_first else [1, 0, 0]
    for place, last in zip(places, ("Moen", "Lie", "Dahl"), strict=True):
        bench.create("ours", "persons", PersonOrganisationId=owners[place], PersonLastName=last,
                     PersonEmail=f"{last.lower()}@x.no")  # fmt: skip
    bench.settle()
    # A later change, so that what is read next begins after those above.
    bench.clock.advance(90)
    other = bench.create("ours", "organisations", OrganisationName="En annen")
    bench.create("ours", "persons", PersonOrganisationId=other, PersonLastName="Holm",
                 PersonEmail="holm@x.no")  # fmt: skip
    bench.settle()
    mover, left = ("Moen", "Lie") if comes_first else ("Lie", "Dahl")
    row = bench.row("ours", "persons", PersonLastName=mover)
    bench.edit("ours", "persons", row, PersonOrganisationId=owners[1])
    # Somebody says who is to be spoken to now: nothing else tells that a person has left.
    row = bench.row("ours", "persons", PersonLastName=left)
    bench.edit("ours", "persons", row, PersonTitle="Innkjøper")
    bench.settle()

    def mains(system: str) -> dict[str, str]:
        names = {r["OrganisationId"]: r["OrganisationName"]
                 for r in bench.rows(system, "organisations")}  # fmt: skip
        found: dict[str, str] = {}
        for person in sorted(bench.rows(system, "persons"), key=lambda r: r["PersonId"]):
            found.setdefault(names[person["PersonOrganisationId"]], person["PersonEmail"])
        return found

    assert mains("theirs") == mains("ours") == {
        "Fra": f"{left.lower()}@x.no", "Til": "moen@x.no", "En annen": "holm@x.no"
    }  # fmt: skip
    people = {(r["PersonLastName"], r["PersonEmail"]) for r in bench.rows("ours", "persons")}
    assert people <= {(r["PersonLastName"], r["PersonEmail"])
                      for r in bench.rows("theirs", "persons")}  # fmt: skip
    assert bench.open() == {}


def test_products_may_be_registered_in_one_system_and_in_the_catalogue_of_the_other(make) -> None:
    registered = {"products": "registered", "product_organisation": 1}
    bench = make(theirs=registered)
    bench.create("theirs", "organisations", OrganisationName="Vi selv", OrganisationVatNumber="1")
    filled(bench)
    bench.settle()
    (product,) = bench.rows("theirs", "products")
    assert (product["ProductCustom1"], product["ProductCustom2"]) == ("S-1", "Stol")
    assert (product["ProductPrice"], product["ProductVatCode"]) == (10, "25")
    assert bench.lines("theirs") == bench.lines("ours")
    bench.edit("theirs", "products", product, ProductPrice=12.5, ProductCostPrice=4)
    line = bench.row("theirs", "quotation_lines", QuotationLineData4="S-1")
    bench.edit("theirs", "quotation_lines", line, QuotationLineQuantity=6)
    bench.settle()
    (item,) = bench.rows("ours", "linked_data")
    names = ("QuotationLineLinkedDataItemPrice", "QuotationLineLinkedDataItemCostPrice")
    assert [item[name] for name in names] == [12.5, 4]
    assert bench.lines("theirs") == bench.lines("ours")


def test_lists_that_are_behind_neither_echo_nor_double(make) -> None:
    bench = filled(make(ours={"lag_s": 20}, theirs={"lag_s": 20}))
    for faults in bench.faults.values():
        faults.switch("lag", 20)
    bench.settle()
    for quantity in (7, 8, 9):
        line = bench.row("ours", "quotation_lines", QuotationLineData1="Frakt")
        bench.edit("ours", "quotation_lines", line, QuotationLineQuantity=quantity)
        bench.edit("theirs", "organisations", bench.rows("theirs", "organisations")[0],
                   OrganisationCity=f"Bodø {quantity}")  # fmt: skip
        bench.settle()
        assert bench.said("theirs") == bench.said("ours")
        assert bench.rows("ours", "organisations")[0]["OrganisationCity"] == f"Bodø {quantity}"


def test_customers_are_created_in_one_run_though_lists_are_behind(make) -> None:
    bench = make(ours={"lag_s": 20}, theirs={"lag_s": 20})
    for faults in bench.faults.values():
        faults.switch("lag", 20)
    for number in range(3):
        bench.create("ours", "organisations", OrganisationName=f"Firma {number}")
    assert bench.sync().problems == ()
    assert {row["OrganisationName"] for row in bench.rows("theirs", "organisations")} == {
        "Firma 0", "Firma 1", "Firma 2",
    }  # fmt: skip


def test_a_run_with_nothing_to_do_takes_few_requests(make) -> None:
    bench = filled(make())
    bench.settle()
    bench.sync()
    requests = bench.control("ours").counters()["requests"]
    assert sum(sum(by.values()) for by in requests.values()) <= 25


class Cut:
    """Cuts a system off at its nth write, before or after the effect; then nothing gets through."""

    def __init__(self, bench: Bench, nth: int, *, after: bool) -> None:
        self.faults = bench.faults["theirs"]
        self.nth, self.after = nth, after
        self.writes, self.dead = 0, False
        self.faults.on_request = self._look

    def _look(self, call: Any) -> None:
        if self.dead:
            self.faults.plan([Fault(kind="drop_before")])
        elif call.method != "GET" and not call.path.startswith("/Auth"):
            self.writes += 1
            if self.writes == self.nth:
                self.dead = True
                kind: Any = "drop_after" if self.after else "drop_before"
                self.faults.plan([Fault(kind=kind)])

    def mend(self) -> None:
        self.faults.on_request = None
        self.faults.plan([])


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("nth", range(1, 10))
def test_creates_that_are_cut_at_any_request_are_completed_and_never_doubled(
    make, nth, after
) -> None:
    bench = filled(make())
    cut = Cut(bench, nth, after=after)
    bench.sync()
    assert cut.dead
    cut.mend()
    bench.settle()
    assert bench.said("theirs") == bench.said("ours")
    assert len(bench.rows("ours", "quotation_lines")) == 3
    assert bench.open() == {}


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("nth", range(5, 10))
def test_lines_of_a_create_that_was_cut_go_if_they_are_deleted_before_it_is_completed(
    make, nth, after
) -> None:
    bench = filled(make())
    cut = Cut(bench, nth, after=after)
    bench.sync()
    assert cut.dead
    cut.mend()
    for line in bench.rows("ours", "quotation_lines"):
        bench.control("ours").delete("quotation_lines", str(line["QuotationLineId"]))
    bench.settle()
    assert (bench.lines("ours"), bench.lines("theirs")) == ([], [])
    assert bench.said("theirs") == bench.said("ours")


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("nth", range(1, 7))
def test_updates_that_are_cut_at_any_request_lose_nothing(make, nth, after) -> None:
    bench = filled(make())
    bench.settle()
    stol, frakt, _ = bench.rows("ours", "quotation_lines")
    bench.edit("ours", "quotation_lines", stol, QuotationLineQuantity=7)
    bench.control("ours").delete("quotation_lines", str(frakt["QuotationLineId"]))
    bench.create("ours", "quotation_lines", QuotationLineData1="Ny", QuotationLineSortOrder=50,
                 QuotationLineOpportunityId=stol["QuotationLineOpportunityId"])  # fmt: skip
    bench.edit("ours", "opportunities", bench.rows("ours", "opportunities")[0],
               OpportunityNote="Haster")  # fmt: skip
    bench.edit("ours", "organisations", bench.rows("ours", "organisations")[0],
               OrganisationCity="Bodø")  # fmt: skip
    bench.edit("ours", "persons", bench.rows("ours", "persons")[0], PersonEmail="new@x.no")
    cut = Cut(bench, nth, after=after)
    bench.sync()
    assert cut.dead
    cut.mend()
    bench.settle()
    assert bench.said("theirs") == bench.said("ours")
    assert [line[1] for line in bench.lines("ours")] == ["Stol", "Montering", "Ny"]
    assert bench.open() == {}


@pytest.mark.parametrize("switches", [{}, OTHER_WAY], ids=["strict", "other way"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("nth", range(1, 4))
def test_customers_that_are_cut_between_their_two_records_are_completed(
    make, nth, after, switches
) -> None:
    bench = make(switches)
    for number in range(5):
        owner = bench.create("ours", "organisations", OrganisationName=f"Firma {number}")
        for last in ("Lund", "Moen"):
            bench.create("ours", "persons", PersonOrganisationId=owner, PersonLastName=last,
                         PersonEmail=f"{last}{number}@x.no".lower())  # fmt: skip
    bench.settle()
    for place, row in enumerate(bench.rows("ours", "organisations")):
        bench.edit("ours", "organisations", row, OrganisationCity=f"By {place}")
    for place, row in enumerate(bench.rows("ours", "persons")):
        bench.edit("ours", "persons", row, PersonFirstName=f"Åse {place}")
    cut = Cut(bench, nth, after=after)
    bench.sync()
    assert cut.dead
    cut.mend()
    theirs = bench.row("theirs", "organisations", OrganisationName="Firma 4")
    bench.edit("theirs", "organisations", theirs, OrganisationFax="+4722334455")
    bench.settle()
    assert bench.said("theirs") == bench.said("ours")
    cities = [row["OrganisationCity"] for row in bench.rows("theirs", "organisations")]
    assert sorted(cities) == [f"By {place}" for place in range(5)]
    assert bench.row("ours", "organisations", OrganisationFax="+4722334455")
    assert len({row["PersonFirstName"] for row in bench.rows("theirs", "persons")}) == 10
    assert bench.open() == {}


def test_order_whose_line_webcrm_refuses_says_so_and_the_rest_goes_on(make) -> None:
    bench = filled(make())
    bench.faults["theirs"].plan([Fault(kind="server_error", status=422, method="POST",
                                       path="/QuotationLines$", nth=2, times=1)])  # fmt: skip
    bench.sync()
    bench.settle()
    assert bench.said("theirs") == bench.said("ours")


def test_work_over_the_limit_of_requests_takes_longer_and_gets_done(make) -> None:
    bench = filled(make({"per_minute": 12.0}))
    bench.settle()
    assert bench.said("theirs") == bench.said("ours")


def test_creates_that_fail_on_their_ids_are_made_in_the_next_run(make) -> None:
    bench = filled(make())
    bench.faults["theirs"].switch("id_generation", 1.0)
    tick: Any = lambda call: bench.clock.advance(0.4 if call.method == "POST" else 0)  # noqa: E731
    bench.faults["theirs"].on_request = tick
    for _ in range(6):
        bench.sync()
    bench.faults["theirs"].switch("id_generation", 0.0)
    bench.settle()
    assert bench.said("theirs") == bench.said("ours")
    assert bench.open() == {}
