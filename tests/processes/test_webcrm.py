"""webCRM and a shop over real HTTP: every pair, in every direction that the API allows."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from talk_sdk import Runner
from talk_sdk.reports import Report
from talk_sdk.testing.faults import Fault
from talk_sdk.testing.serve import SimulatorProcess
from talk_sdk.testing.workbench import Workbench
from talk_sdk.testing.world import awkward_world

CONNECTORS = {"shop": "customwebshop", "erp": "customerp", "books": "wave", "crm": "webcrm"}
EMPTY = {"parties": 0, "items": 0, "deals": 0}
ITEM = "QuotationLineLinkedDataItem"
CUSTOMER: Mapping[str, tuple[str, str, str]] = {
    # property: shop's field, webCRM's collection and field
    "name": ("name", "organisations", "OrganisationName"),
    "phone": ("phone", "organisations", "OrganisationTelephone"),
    "website": ("website", "organisations", "OrganisationWww"),
    "notes": ("note", "organisations", "OrganisationCompanyDescription"),
    "currency": ("currency", "organisations", "OrganisationCurrencyName"),
    "organisation_number": ("vat_no", "organisations", "OrganisationVatNumber"),
    "city": ("billing.city", "organisations", "OrganisationCity"),
    "postal_code": ("billing.zip", "organisations", "OrganisationPostCode"),
    "subdivision": ("billing.state", "organisations", "OrganisationState"),
    "delivery city": ("shipping.city", "organisations", "OrganisationDeliveryCity"),
    "delivery post code": ("shipping.zip", "organisations", "OrganisationDeliveryPostCode"),
    "delivery address": ("shipping.address1", "organisations", "OrganisationDeliveryAddress"),
    "delivery state": ("shipping.state", "organisations", "OrganisationDeliveryState"),
    "email": ("email", "persons", "PersonEmail"),
    "first_name": ("first_name", "persons", "PersonFirstName"),
    "last_name": ("last_name", "persons", "PersonLastName"),
    "mobile": ("mobile", "persons", "PersonMobilePhone"),
}
VALUES = {"phone": "+4722334455", "mobile": "+4790123456", "currency": "EUR",
          "organisation_number": "987654321", "email": "ny@example.no"}  # fmt: skip
PRODUCT = {"name": ("title", "Data1"), "unit": ("unit", "Data2"), "number": ("sku", "Data4"),
           "description": ("description", "DataMemo"), "unit_price": ("price", "Price"),
           "cost_price": ("cost", "CostPrice"), "tax_rate": ("vat_rate", "VatCode")}  # fmt: skip
ORDER = {"date": ("order_date", "OrderDate"), "currency": ("currency", "CurrencyName"),
         "title": ("title", "Description"), "notes": ("note", "Note"),
         "discount": ("discount_percent", "Discount"), "status": ("status", "Level")}  # fmt: skip
LINE = {"description": ("text", "Data1"), "quantity": ("quantity", "Quantity"),
        "unit_price": ("unit_price", "Price"), "discount": ("discount_percent", "Discount"),
        "tax_rate": ("vat_rate", "VatPercentage")}  # fmt: skip


class Two:
    """Two servers and a workspace."""

    def __init__(self, folder: Path, servers: dict[str, SimulatorProcess]) -> None:
        self.folder = folder
        self.shop, self.crm = servers["shop"].control, servers["crm"].control
        self.systems: dict[str, dict[str, Any]] = {
            "shop": {"connector": "customwebshop", **servers["shop"].settings,
                     "base_url": servers["shop"].base_url + "/api"},
            "crm": {"connector": "webcrm", **servers["crm"].settings,
                    "base_url": servers["crm"].base_url},
        }  # fmt: skip

    @property
    def source(self) -> dict[str, Any]:
        return {"systems": self.systems, "store": {"url": f"sqlite:///{self.folder / 'talk.db'}"}}

    def settle(self) -> Report:
        """Run until nothing is written; the servers count."""
        for _ in range(5):
            self.shop.reset_counters()
            self.crm.reset_counters()
            with Runner.from_config(self.source) as runner:
                report = runner.sync(approve=True)
            assert report.problems == ()
            if not (self.shop.counters()["effects"] or self.crm.counters()["effects"]):
                return report
        raise AssertionError("still writing")

    def one(self, control: Any, collection: str) -> dict[str, Any]:
        (row,) = control.dump(collection)
        return dict(row)

    def edit(self, control: Any, collection: str, changes: Mapping[str, Any]) -> None:
        row = self.one(control, collection)
        ident = next(v for k, v in row.items() if k == "id" or k.endswith("Id"))
        control.edit(collection, str(ident), changes)

    def crm_lines(self) -> list[tuple[str, Decimal]]:
        rows = sorted(self.crm.dump("quotation_lines"), key=lambda r: r["QuotationLineSortOrder"])
        return [(r["QuotationLineData1"], Decimal(str(r["QuotationLineQuantity"]))) for r in rows]

    def shop_lines(self) -> list[tuple[str, Decimal]]:
        lines = self.one(self.shop, "orders")["lines"]
        return [(line["text"], Decimal(line["quantity"])) for line in lines]


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Two]:
    with (
        SimulatorProcess("customwebshop", sizes=EMPTY) as shop,
        SimulatorProcess("webcrm", sizes=EMPTY) as crm,
    ):
        # Waiting for a minute to pass is tested where the clock is virtual.
        crm.control.switch("per_minute", 10_000)
        yield Two(tmp_path, {"shop": shop, "crm": crm})


def at(row: Mapping[str, Any], path: str) -> Any:
    value: Any = row
    for name in path.split("."):
        value = value[name]
    return value


def placed(path: str, value: Any) -> dict[str, Any]:
    first, _, rest = path.partition(".")
    return {first: placed(rest, value) if rest else value}


def make_in_shop(two: Two, *texts: str) -> None:
    buyer = two.shop.create("customers", {"name": "Åse AS", "email": "aase@example.no",
                                          "is_company": True})  # fmt: skip
    product = two.shop.create("products", {"sku": "S-1", "title": "Stol", "price": "12.50"})
    lines: list[dict[str, Any]] = [
        {
            "product_id": product,
            "sku": "S-1",
            "text": "Stol",
            "quantity": "2",
            "unit_price": "12.50",
        }
    ]
    lines += [{"text": text, "quantity": "1"} for text in texts]
    two.shop.create("orders", {"customer_id": buyer, "currency": "NOK", "lines": lines})


def make_in_crm(two: Two) -> None:
    owner = int(two.crm.create("organisations", {"OrganisationName": "Åse AS"}))
    person = {"PersonOrganisationId": owner, "PersonLastName": "-",
              "PersonEmail": "aase@example.no"}  # fmt: skip
    two.crm.create("persons", person)
    item = {f"{ITEM}Data1": "Stol", f"{ITEM}Data4": "S-1", f"{ITEM}Price": 12.5}
    two.crm.create("linked_data", item)
    order = int(two.crm.create("opportunities", {"OpportunityOrganisationId": owner,
                                                 "OpportunityCurrencyName": "NOK"}))  # fmt: skip
    line = {"QuotationLineOpportunityId": order, "QuotationLineData1": "Stol",
            "QuotationLineData4": "S-1", "QuotationLineQuantity": 2,
            "QuotationLinePrice": 12.5}  # fmt: skip
    two.crm.create("quotation_lines", line)


MAKERS = {"shop": make_in_shop, "crm": make_in_crm}


@pytest.mark.parametrize("origin", MAKERS)
def test_customer_product_and_order_arrive_once_and_nothing_comes_back(
    two: Two, origin: str
) -> None:
    MAKERS[origin](two)
    assert two.settle().open == {}
    assert two.one(two.shop, "customers")["email"] == "aase@example.no"
    assert two.one(two.crm, "persons")["PersonEmail"] == "aase@example.no"
    assert two.one(two.crm, "organisations")["OrganisationName"] == "Åse AS"
    assert two.one(two.shop, "products")["price"] == "12.50"
    assert two.one(two.crm, "linked_data")[f"{ITEM}Price"] == 12.5
    opportunity = two.one(two.crm, "opportunities")
    assert opportunity["OpportunityNumber"] == two.one(two.shop, "orders")["number"]
    assert opportunity["OpportunityCurrencyName"] == "NOK"
    assert two.shop_lines() == two.crm_lines() == [("Stol", Decimal(2))]
    (line,) = two.one(two.shop, "orders")["lines"]
    assert line["product_id"] == two.one(two.shop, "products")["id"]


@pytest.mark.parametrize("origin", MAKERS)
def test_every_property_of_customer_product_order_and_line_travels(two: Two, origin: str) -> None:
    make_in_shop(two)
    two.settle()
    for name, (ours, collection, theirs) in CUSTOMER.items():
        value = VALUES.get(name, f"ny {name}")
        if origin == "shop":
            two.edit(two.shop, "customers", placed(ours, value))
        else:
            two.edit(two.crm, collection, {theirs: value})
    product = {"name": "Krakk", "unit": "stk", "number": "K-9", "description": "God",
               "unit_price": "99.50", "cost_price": "50.25", "tax_rate": "25"}  # fmt: skip
    order = {"date": "2026-03-01", "currency": "EUR", "title": "Ny", "notes": "Haster",
             "discount": "5", "status": "completed"}  # fmt: skip
    line = {"description": "Ny stol", "quantity": "3", "unit_price": "7.25", "discount": "10",
            "tax_rate": "15"}  # fmt: skip
    if origin == "shop":
        two.edit(two.shop, "products", {PRODUCT[n][0]: v for n, v in product.items()})
        before = two.one(two.shop, "orders")["lines"]
        changed = [{**before[0], **{LINE[n][0]: v for n, v in line.items()}}]
        header = {ORDER[n][0]: v for n, v in order.items()}
        two.edit(two.shop, "orders", {**header, "lines": changed})
    else:
        two.edit(two.crm, "linked_data", {
            ITEM + PRODUCT[n][1]: Decimal(v) if "Price" in PRODUCT[n][1] else v
            for n, v in product.items()
        })  # fmt: skip
        two.edit(two.crm, "quotation_lines", {
            "QuotationLine" + LINE[n][1]: v if n == "description" else Decimal(v)
            for n, v in line.items()
        } | {"QuotationLineData4": "K-9"})  # fmt: skip
        crm = {**order, "date": "2026-03-01T00:00:00+01:00", "discount": 5, "status": 3}
        two.edit(two.crm, "opportunities", {"Opportunity" + ORDER[n][1]: v for n, v in crm.items()})
    assert two.settle().open == {}
    shop, crm_rows = two.one(two.shop, "customers"), {
        name: two.one(two.crm, name) for name in ("organisations", "persons")
    }  # fmt: skip
    for name, (ours, collection, theirs) in CUSTOMER.items():
        value = VALUES.get(name, f"ny {name}")
        assert (at(shop, ours), crm_rows[collection][theirs]) == (value, value), name
    item, sold = two.one(two.crm, "linked_data"), two.one(two.shop, "products")
    for name, value in product.items():
        ours, theirs = PRODUCT[name]
        assert plain(sold[ours]) == plain(item[ITEM + theirs]) == plain(value), name
    bought, sale = two.one(two.shop, "orders"), two.one(two.crm, "opportunities")
    assert bought["status"] == "completed"
    assert sale["OpportunityLevel"] == 3
    assert bought["order_date"] == "2026-03-01"
    assert sale["OpportunityOrderDate"].startswith("2026-03-01T00:00")
    for name in ("currency", "title", "notes", "discount"):
        ours, theirs = ORDER[name]
        assert plain(bought[ours]) == plain(sale["Opportunity" + theirs]) == plain(order[name])
    row = two.one(two.crm, "quotation_lines")
    for name, value in line.items():
        ours, theirs = LINE[name]
        assert plain(bought["lines"][0][ours]) == plain(row["QuotationLine" + theirs])
        assert plain(bought["lines"][0][ours]) == plain(value), name


def plain(value: Any) -> Any:
    try:
        return Decimal(str(value))
    except ArithmeticError:
        return value


def test_lines_are_added_changed_and_deleted_in_both_directions(two: Two) -> None:
    make_in_shop(two, "Frakt", "Montering")
    two.settle()
    order = two.one(two.shop, "orders")
    chair, _, assembly = order["lines"]
    wanted = [{"text": "Først", "quantity": "4"}, assembly, {**chair, "quantity": "9"}]
    two.shop.edit("orders", order["id"], {"lines": wanted})
    two.settle()
    expected = [("Først", Decimal(4)), ("Montering", Decimal(1)), ("Stol", Decimal(9))]
    assert two.crm_lines() == two.shop_lines() == expected
    first, last, *_ = sorted(two.crm.dump("quotation_lines"),
                             key=lambda r: r["QuotationLineSortOrder"])  # fmt: skip
    two.crm.edit("quotation_lines", str(first["QuotationLineId"]), {"QuotationLineQuantity": 6})
    two.crm.delete("quotation_lines", str(last["QuotationLineId"]))
    new = {"QuotationLineOpportunityId": first["QuotationLineOpportunityId"],
           "QuotationLineData1": "Fra CRM", "QuotationLineSortOrder": 99,
           "QuotationLineQuantity": 1}  # fmt: skip
    two.crm.create("quotation_lines", new)
    two.settle()
    expected = [("Først", Decimal(6)), ("Stol", Decimal(9)), ("Fra CRM", Decimal(1))]
    assert two.crm_lines() == two.shop_lines() == expected


def make_customers(two: Two, count: int) -> list[str]:
    """Customers of the shop, each with a main person."""
    made = [
        two.shop.create("customers", {"name": f"Firma {n}", "email": f"f{n}@example.no",
                                      "is_company": True, "billing": {"city": "Oslo"}})
        for n in range(count)
    ]  # fmt: skip
    two.settle()
    return made


def edit_customers(two: Two, ids: list[str]) -> None:
    for id_ in ids:
        two.shop.edit("customers", id_, {"billing": {"city": "Bodø"}, "first_name": "Åse"})


def sent(two: Two, method: str) -> int:
    return sum(two.crm.counters()["requests"].get(method, {}).values())


def cities(two: Two) -> list[str]:
    return [row["OrganisationCity"] for row in two.crm.dump("organisations")]


def test_customers_that_are_edited_in_one_run_share_their_requests(two: Two) -> None:
    edit_customers(two, make_customers(two, 16))
    two.crm.reset_counters()
    unhurried = {**two.source, "sync": {"fresh_within": 3600}}
    with Runner.from_config(unhurried) as runner:
        assert runner.sync(approve=True).problems == ()
    assert cities(two) == ["Bodø"] * 16
    assert {row["PersonFirstName"] for row in two.crm.dump("persons")} == {"Åse"}
    assert two.crm.counters()["effects"] == {
        "organisations": {"update": 16}, "persons": {"update": 16},
    }  # fmt: skip
    assert (sent(two, "PATCH"), sent(two, "PUT")) == (4, 0)
    written = sent(two, "GET")
    two.settle()
    assert written - sent(two, "GET") == 16 * 3 + 2 * 4


def test_customer_that_webcrm_refuses_is_listed_and_the_others_are_changed(two: Two) -> None:
    made = make_customers(two, 3)
    edit_customers(two, made)
    two.shop.edit("customers", made[1], {"vat_no": "9" * 51})
    two.settle()
    with Runner.from_config(two.source) as runner:
        (refused,) = runner.status().dead_letters
    assert refused.id == f"shop.Customer:{made[1]}"
    assert "OrganisationVatNumber: must have at most 50 characters" in refused.reason
    assert cities(two) == ["Bodø"] * 3
    two.shop.edit("customers", made[1], {"vat_no": "987654321"})
    assert two.settle().open == {}
    numbers = {row["OrganisationVatNumber"] for row in two.crm.dump("organisations")}
    assert numbers == {"", "987654321"}


@pytest.mark.parametrize("path", ["/Organisations$", "/Persons$"])
@pytest.mark.parametrize("kind", ["drop_after", "drop_before", "server_error"])
def test_customers_whose_answer_is_lost_are_changed_once_in_the_next_run(
    two: Two, kind: Any, path: str
) -> None:
    edit_customers(two, make_customers(two, 4))
    two.crm.faults([Fault(kind=kind, method="PATCH", path=path)])
    with Runner.from_config(two.source) as runner:
        assert runner.sync(approve=True).problems
    two.crm.faults([])
    effects = two.crm.counters()["effects"]
    assert two.settle().open == {}
    assert cities(two) == ["Bodø"] * 4
    assert {row["PersonFirstName"] for row in two.crm.dump("persons")} == {"Åse"}
    assert effects.get("persons", {}).get("update", 0) in {0, 4}
    assert two.shop.counters()["effects"] == {}


def test_customer_is_archived_by_a_status_and_made_active_again(two: Two) -> None:
    make_in_shop(two)
    two.settle()
    for active, status in ((False, "Arkivert"), (True, "Kunde")):
        two.edit(two.shop, "customers", {"active": active})
        two.settle()
        assert two.one(two.crm, "organisations")["OrganisationStatus"] == status
    two.edit(two.crm, "organisations", {"OrganisationStatus": "Arkivert"})
    two.settle()
    assert two.one(two.shop, "customers")["active"] is False


def test_order_of_a_guest_is_on_an_organisation_of_its_own(two: Two) -> None:
    guest = {"name": "Kari Gjest", "email": "kari@example.no", "phone": "+4722334455"}
    two.shop.create("orders", {"guest": guest, "lines": [{"text": "Stol", "quantity": "1"}]})
    assert two.settle().open == {}
    owner = two.one(two.crm, "organisations")
    assert owner["OrganisationName"] == "Kari Gjest"
    assert two.one(two.crm, "persons")["PersonEmail"] == "kari@example.no"
    sale = two.one(two.crm, "opportunities")
    assert sale["OpportunityOrganisationId"] == owner["OrganisationId"]


def test_what_webcrm_cannot_say_is_drift_and_said_once(two: Two) -> None:
    two.systems["crm"] = {**two.systems["crm"], "levels": {"1": "draft", "2": "open"}}
    make_in_shop(two)
    two.settle()
    two.edit(two.shop, "orders", {"status": "cancelled"})
    with Runner.from_config(two.source) as runner:
        plan = runner.plan()
        assert [(d.property, "no level" in d.reason) for d in plan.drift] == [("status", True)]
    assert [d.property for d in two.settle().drift] == ["status"]
    assert two.one(two.crm, "opportunities")["OpportunityLevel"] != 4
    assert two.settle().drift == ()


def test_a_plan_writes_nothing_and_is_what_a_sync_then_does(two: Two) -> None:
    make_in_shop(two)
    with Runner.from_config(two.source) as runner:
        planned = [(o.entity, o.kind) for o in runner.plan() if o.system == "crm"]
    assert two.crm.counters()["effects"] == {}
    assert planned == [(n, "create") for n in ("Organisations", "Products", "Opportunities")]
    two.settle()


@pytest.mark.parametrize(
    "names", [("crm", "erp"), ("books", "crm"), ("crm", "shop", "erp"),
              ("shop", "erp", "books", "crm")], ids="-".join,
)  # fmt: skip
def test_a_world_of_awkward_records_is_everywhere_once_after_one_run(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    systems = {name: CONNECTORS[name] for name in names}
    world = awkward_world(5, 25, 25, 25, systems=tuple(systems.values()))
    bench = Workbench(tmp_path, world, systems)
    for last in (False, True):
        bench.clock.advance(90)
        bench.reset()
        with bench.runner() as runner:
            report = runner.sync(approve=True)
        assert (report.open, report.problems) == ({}, ())
        assert any(bench.writes().values()) is not last
    for kind in ("customers", "products", "orders"):
        counts = {name: len(rows(bench, name, kind)) for name in names if name != "shop"}
        if kind == "orders" and "books" in counts:
            del counts["books"]  # a cancelled order gets no invoice
        assert len(set(counts.values())) == 1, (kind, counts)


def rows(bench: Workbench, system: str, kind: str) -> list[dict[str, Any]]:
    """The records of a kind, without the products that stand for what is none."""
    own = {"crm": {"customers": "organisations", "products": "linked_data",
                   "orders": "opportunities"}, "books": {"orders": "invoices"}}  # fmt: skip
    found = bench.control(system).dump(own.get(system, {}).get(kind, kind))
    return [row for row in found if row.get("name") not in {"Diverse", "Frakt"}]


@pytest.mark.parametrize(
    ("path", "nth"),
    [("/Organisations$", 1), ("/Persons$", 1), ("/LinkedData$", 1), ("/Opportunities$", 1),
     ("/QuotationLines$", 1), ("/QuotationLines$", 2)],
)  # fmt: skip
def test_a_run_that_is_killed_between_effect_and_answer_leaves_one_of_each(
    two: Two, path: str, nth: int
) -> None:
    make_in_shop(two, "Frakt")
    (two.folder / "talk.toml").write_text(
        "\n".join(
            line
            for name, settings in two.systems.items()
            for line in (f"[systems.{name}]", *(f"{k} = {toml(v)}" for k, v in settings.items()))
        ),
        encoding="utf-8",
    )
    two.crm.faults([{"kind": "timeout", "method": "POST", "path": path, "seconds": 20,
                     "nth": nth}])  # fmt: skip
    command = [sys.executable, "-m", "talk_sdk", "-c", str(two.folder / "talk.toml")]
    process = subprocess.Popen([*command, "sync", "--yes"], stdin=subprocess.DEVNULL)
    done = {"/Organisations$": 1, "/Persons$": 1, "/LinkedData$": 1, "/Opportunities$": 1}
    wait_for(lambda: posts(two, path) >= done.get(path, nth))
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    two.crm.faults([])
    for _ in range(2):
        subprocess.run([*command, "sync", "--yes"], stdin=subprocess.DEVNULL, check=False,
                       capture_output=True)  # fmt: skip
    for collection in ("organisations", "persons", "linked_data", "opportunities"):
        two.one(two.crm, collection)
    assert two.crm_lines() == two.shop_lines() == [("Stol", Decimal(2)), ("Frakt", Decimal(1))]
    assert two.one(two.crm, "organisations")["OrganisationName"] == "Åse AS"


def toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {toml(v)}" for k, v in value.items()) + "}"
    return json.dumps(value)


def posts(two: Two, path: str) -> int:
    names = {"/Organisations$": "organisations", "/Persons$": "persons",
             "/LinkedData$": "linked_data", "/Opportunities$": "opportunities",
             "/QuotationLines$": "quotation_lines"}  # fmt: skip
    return int(two.crm.counters()["effects"].get(names[path], {}).get("create", 0))


def wait_for(ready: Any) -> None:
    until = time.monotonic() + 60
    while not ready():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.02)
