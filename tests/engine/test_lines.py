"""Lines whose product only one of two systems knows: they are one line, once."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from talk_sdk._engine.lines import pair_lines
from talk_sdk.testing.neutral import World
from talk_sdk.testing.workbench import Workbench

TEXT = "QuotationLineData1"


def said(**values: Any) -> tuple[None, dict[str, Any]]:
    return None, values


def test_a_line_is_known_by_its_text_where_only_one_system_knows_its_product() -> None:
    known = [said(product="p", description="Bord"), said(product="q", description="Stol")]

    assert pair_lines([said(description="Stol", sku="S-1")], known) == [1]
    assert pair_lines([said(product="q", description="Stol")], [said(description="Stol")]) == [0]


def test_a_line_of_another_product_or_without_any_text_is_a_new_one() -> None:
    known = [said(product="p", description="Stol"), said(product="q")]

    assert pair_lines([said(product="r", description="Stol")], known) == [None]
    assert pair_lines([said(quantity="1")], known) == [None]


@pytest.mark.parametrize("order", [("crm", "members"), ("members", "crm")], ids="-".join)
def test_a_line_whose_product_an_invoice_cannot_name_is_not_added_again_in_each_run(
    tmp_path: Path, database: Any, order: tuple[str, str]
) -> None:
    connectors = {"crm": "webcrm", "members": "membercare"}
    bench = Workbench(tmp_path, World((), (), ()), {name: connectors[name] for name in order})
    bench.source["store"] = {"url": database.url}
    crm, known = bench.control("crm"), {"financeDimensions": {"productIdentification": "B-1"}}
    bench.control("members").create("products", {"name": "Bord", "vatPercent": 25, **known})
    buyer = int(crm.create("organisations", {"OrganisationName": "Åse AS",
                                             "OrganisationVatNumber": "987654321"}))  # fmt: skip
    item = {f"QuotationLineLinkedDataItem{n}": v
            for n, v in {"Data1": "Stol", "Data4": "S-1", "Price": 7.125}.items()}  # fmt: skip
    crm.create("linked_data", item)
    sale = crm.create(
        "opportunities", {"OpportunityOrganisationId": buyer, "OpportunityLevel": 2,
                          "OpportunityCurrencyName": "NOK"},
    )  # fmt: skip
    for quantity, name, number in ((12, "Stol", "S-1"), (1, "Bord", "B-1"), (3, "Stol", "S-1")):
        # MemberCare makes a price of 6.41 of what a line costs.
        crm.create("quotation_lines", {
            "QuotationLineOpportunityId": int(sale), TEXT: name, "QuotationLineData4": number,
            "QuotationLineQuantity": quantity, "QuotationLinePrice": 7.125,
            "QuotationLineDiscount": 10, "QuotationLineVatPercentage": 25,
        })  # fmt: skip
    for _ in range(3):
        bench.clock.advance(90)
        bench.reset()
        with bench.runner() as runner:
            report = runner.sync(approve=True)
    assert (report.open, report.problems) == ({}, ())
    assert bench.writes() == {"crm": 0, "members": 0}

    lines = [(row[TEXT], Decimal(str(row["QuotationLineQuantity"])))
             for row in crm.dump("quotation_lines")]  # fmt: skip
    assert lines == [("Stol", Decimal(12)), ("Bord", Decimal(1)), ("Stol", Decimal(3))]
    (invoice,) = bench.control("members").dump("invoices")
    assert [row["quantity"] for row in invoice["invoiceItems"]] == [12, 1, 3]
