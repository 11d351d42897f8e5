"""The connector over MemberCare's twin: orders become invoices, once."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import talk_membercare as hooks

from talk_sdk.errors import MappingError
from talk_sdk.mapping import compile_mapping
from talk_sdk.testing.faults import Fault


def table(mc) -> Any:
    (found,) = [c for c in map(compile_mapping, hooks.talk_mappings(mc.settings))
                if c.entity == "Invoices"]  # fmt: skip
    return found


@pytest.fixture
def payer(mc) -> str:
    return str(mc.made("Companies", companyName="Bygg AS")["debtorAccountNumber"])


def order(payer: str, *lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    line = {"description": "Stol", "sku": "S-1", "quantity": 2, "unitPrice": Decimal("125.50"),
            "vatPercent": 25}  # fmt: skip
    return {"payer": {"company": payer}, "lines": list(lines or (line,)), **more}


def test_an_order_becomes_an_invoice_with_its_number_and_lines(mc, payer) -> None:
    made = mc.made("Invoices", **order(payer, orderNumber="S-10017", shipping=Decimal(99)))
    said, lines = table(mc).inbound(made), table(mc).lines(made)["lines"]
    assert said["number"] == "S-10017"
    assert said["customer"] == f"Companies:{payer}"
    assert said["invoice_number"] == str(made["id"])
    assert (said["status"], said["payment_status"]) == ("open", "unpaid")
    assert (said["date"], said["due_date"]) == ("2026-11-01", "2026-11-15")
    assert (said["shipping"], said["currency"]) == ("99", "NOK")
    assert (said["total"], said["tax_total"]) == ("437.5", "87.5")
    assert [line.properties for line in lines] == [
        {"product": None, "sku": "S-1", "description": "Stol", "quantity": "2",
         "unit_price": "125.5", "discount": "0", "tax_rate": "25"}
    ]  # fmt: skip
    assert mc.one("Invoices", str(made["id"])) == made


def test_discounts_are_in_the_totals_of_lines(mc, payer) -> None:
    line = {"description": "Stol", "sku": "S-1", "quantity": 2, "unitPrice": 100,
            "discountPercent": 10, "vatPercent": 25}  # fmt: skip
    made = mc.made("Invoices", **order(payer, line, discountPercent=50))
    (found,) = table(mc).lines(made)["lines"]
    assert (found.properties["unit_price"], found.properties["discount"]) == ("45", "0")


def test_vat_is_the_lines_the_products_or_that_of_the_settings(open_mc) -> None:
    mc = open_mc(vat_percent=12)
    number = {"financeDimensions": {"productIdentification": "S-2"}}
    product = mc.control.create("products", {"name": "Bok", "vatPercent": 0, **number})
    payer = mc.made("Companies", companyName="A")["debtorAccountNumber"]
    lines = [{"description": d, "sku": sku, "quantity": 1, "unitPrice": 100, **more}
             for d, sku, more in (("a", "S-2", {"vatPercent": 15}), ("b", "S-2", {}),
                                  ("c", "S-3", {}))]  # fmt: skip
    made = mc.made("Invoices", **order(payer, *lines))
    found = table(mc).lines(made)["lines"]
    assert [line.properties["tax_rate"] for line in found] == ["15", "0", "12"]
    assert [line.properties["product"] for line in found] == [f"Products:{product}"] * 2 + [None]


def test_a_line_of_which_nobody_knows_the_vat_is_not_billed(open_mc) -> None:
    mc = open_mc(vat_percent=None)
    payer = mc.made("Companies", companyName="A")["debtorAccountNumber"]
    line = {"description": "a", "sku": "S-3", "quantity": 1, "unitPrice": 100}
    outcome = mc.write("create", "Invoices", body=order(payer, line))
    assert outcome.kind == "refused"
    assert "vat_percent" in outcome.reason
    assert mc.control.dump("invoices") == []


@pytest.mark.parametrize("places", [2.0, 8.0])
def test_a_third_is_a_third_of_the_total(open_mc, places) -> None:
    mc = open_mc(switches={"price_places": places})
    payer = mc.made("Companies", companyName="A")["debtorAccountNumber"]
    line = {"description": "a", "sku": "S", "quantity": 3, "unitPrice": Decimal("0.33333333"),
            "vatPercent": 25}  # fmt: skip
    made = mc.made("Invoices", **order(payer, line))
    assert made["total"] == Decimal("1.25")


def test_an_order_that_says_what_an_invoice_cannot_is_not_created(open_mc) -> None:
    mc = open_mc(shipping_product=None)
    mapping = table(mc)
    for name, value in (("status", "draft"), ("status", "cancelled"), ("currency", "EUR"),
                        ("shipping", "99")):  # fmt: skip
        with pytest.raises(MappingError):
            mapping.put(name, value, {})
    assert mapping.put("status", "closed", {}) == "open"


def test_payments_show_in_the_status(mc, payer) -> None:
    ident = str(mc.made("Invoices", **order(payer))["id"])
    said = []
    for amounts in ([], [100], [100, 213.75]):
        mc.control.edit("invoices", ident, {"payments": [{"amount": a} for a in amounts]})
        said.append(table(mc).inbound(mc.one("Invoices", ident))["payment_status"])
    items = [{**i, "isCredited": True} for i in mc.control.dump("invoices")[0]["invoiceItems"]]
    mc.control.edit("invoices", ident, {"invoiceItems": items})
    said.append(table(mc).inbound(mc.one("Invoices", ident))["payment_status"])
    assert said == ["unpaid", "partial", "paid", "refunded"]


def test_a_credit_note_is_no_order_and_a_persons_invoice_brings_the_payer(mc, payer) -> None:
    made = mc.made("Invoices", **order(payer))["id"]
    mc.control.create("invoices", {"payer": payer, "creditedInvoiceId": made})
    member = mc.made("Persons", firstname="Kari", lastname="N", contact={"email": "k@b.no"})
    number = member["debtorAccountNumber"]
    fee = mc.control.create("invoices", {"payer": number, "source": 2})
    page, last = mc.pages("Invoices")
    assert last.complete
    assert {str(r["id"]) for r in page.records} == {str(made), fee}
    (derived,) = page.derived["Payers"]
    assert (derived["debtorAccountNumber"], derived["name"]) == (number, "Kari N")
    said = {str(r["id"]): table(mc).inbound(r)["customer"] for r in page.records}
    assert said[fee] == f"Payers:{number}"


# --- lost answers ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["drop_after", "timeout", "malformed"])
def test_an_invoice_whose_answer_was_lost_is_known_by_its_lines(mc, payer, kind) -> None:
    earlier = mc.made("Invoices", **order(payer))  # the same was bought before
    mc.faults(Fault(kind=kind, method="POST", path="externalPurchase", times=1))
    made = mc.made("Invoices", **order(payer))
    assert made["id"] != earlier["id"]
    assert len(mc.control.dump("invoices")) == 2


@pytest.mark.parametrize("kind", ["drop_before", "server_error"])
def test_an_invoice_that_was_not_made_is_in_doubt_and_not_sent_again(mc, payer, kind) -> None:
    mc.made("Invoices", **order(payer))
    mc.faults(Fault(kind=kind, method="POST", path="externalPurchase", times=1))
    assert mc.write("create", "Invoices", body=order(payer)).kind == "unknown"
    assert len(mc.control.dump("invoices")) == 1


def test_of_two_invoices_alike_none_is_taken_for_ours(mc, payer) -> None:
    def twin(call: Any) -> None:
        if call.path.endswith("externalPurchase"):
            mc.control.store.faults.on_request = None
            mc.made("Invoices", **order(payer))  # somebody buys the same at this moment

    mc.control.store.faults.on_request = twin
    mc.faults(Fault(kind="drop_after", method="POST", path="externalPurchase", nth=2))
    assert mc.write("create", "Invoices", body=order(payer)).kind == "unknown"
    assert len(mc.control.dump("invoices")) == 2


def test_another_invoice_made_at_that_moment_is_not_taken_for_ours(mc, payer) -> None:
    def fee(call: Any) -> None:
        if call.path.endswith("externalPurchase"):
            mc.control.store.faults.on_request = None
            mc.control.create("invoices", {"payer": payer, "source": 2})

    mc.control.store.faults.on_request = fee
    mc.faults(Fault(kind="drop_before", method="POST", path="externalPurchase"))
    assert mc.write("create", "Invoices", body=order(payer)).kind == "unknown"


def test_a_look_that_fails_too_leaves_the_doubt(mc, payer) -> None:
    mc.faults(
        Fault(kind="drop_after", method="POST", path="externalPurchase", times=1),
        Fault(kind="server_error", path="debtors/.*/invoices", nth=tuple(range(2, 9))),
    )
    assert mc.write("create", "Invoices", body=order(payer)).kind == "unknown"
    assert len(mc.control.dump("invoices")) == 1


def test_an_invoice_that_was_limited_is_sent_again(mc, payer) -> None:
    mc.faults(Fault(kind="rate_limit", method="POST", path="externalPurchase", times=2))
    mc.made("Invoices", **order(payer))
    assert len(mc.control.dump("invoices")) == 1
