"""Wave's twin keeps invoices as Wave does: defaults, lines, totals, states, payments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from talk_wave.simulator import simulator

from talk_sdk.operations import Simulator
from talk_sdk.testing.clock import VirtualClock
from talk_sdk.testing.control import LocalControl, local_control
from talk_sdk.testing.faults import Faults
from talk_sdk.testing.neutral import World
from talk_sdk.testing.transport import WsgiTransport

DAY = 86_400
INVOICE = """id invoiceNumber poNumber status customer { id } currency { code } exchangeRate
  invoiceDate dueDate title subhead memo footer itemTitle hideName lastSentAt lastSentVia
  discounts { __typename name ... on PercentageInvoiceDiscount { percentage }
    ... on FixedInvoiceDiscount { amount } }
  items { id product { id } description quantity price unitPrice subtotal { value }
    total { value } taxes { amount { value } salesTax { id } } account { id } }
  subtotal { value } discountTotal { value } taxTotal { value } total { value }
  amountDue { value raw minorUnitValue currency { code exponent } } amountPaid { value }
  payments { id amount paymentMethod } modifiedAt"""
PAYMENT = "id amount paymentDate paymentMethod memo account { id } invoice { id }"


@dataclass
class Wave:
    http: httpx.Client
    twin: Simulator
    control: LocalControl
    clock: VirtualClock
    customer: str

    @property
    def settings(self) -> Mapping[str, Any]:
        return self.twin.settings

    def ask(self, document: str, /, **variables: Any) -> Any:
        body = {"query": document, "variables": variables}
        return self.http.post("/graphql/public", json=body).json()

    def run(self, name: str, /, **sent: Any) -> Any:
        """A mutation's payload, or the whole answer where there is none."""
        kind = name[0].upper() + name[1:]
        result = f"invoice {{ {INVOICE} }}"
        if name.startswith("invoicePayment"):
            result = f"invoicePayment {{ {PAYMENT} }}"
        if name.endswith(("Delete", "ReceiptSend")):
            result = ""
        document = f"""mutation ($input: {kind}Input!) {{ {name}(input: $input) {{
          didSucceed inputErrors {{ code message path }} {result} }} }}"""
        answer = self.ask(document, input=sent)
        return answer if "errors" in answer else answer["data"][name]

    def done(self, name: str, /, **sent: Any) -> Any:
        payload = self.run(name, **sent)
        assert payload.get("didSucceed"), payload
        return payload.get("invoice") or payload.get("invoicePayment")

    def refused(self, name: str, /, **sent: Any) -> tuple[str, list[str]]:
        """Code and path of a refusal in a payload."""
        payload = self.run(name, **sent)
        assert payload["didSucceed"] is False
        (error,) = payload["inputErrors"]
        return error["code"], error["path"][1:]

    def sending(self, **values: Any) -> dict[str, Any]:
        """The input of an invoice."""
        return {"businessId": self.settings["business_id"], "customerId": self.customer, **values}

    def create(self, **values: Any) -> Any:
        return self.done("invoiceCreate", **self.sending(**values))

    def line(self, **values: Any) -> dict[str, Any]:
        return {"productId": self.settings["line_product"], **values}

    def get(self, id_: str) -> Any:
        document = f"query ($id: ID!) {{ business {{ invoice(id: $id) {{ {INVOICE} }} }} }}"
        return self.ask(document, id=id_)["data"]["business"]["invoice"]

    def saved(self, price: str = "100", **values: Any) -> Any:
        return self.create(status="SAVED", items=[self.line(unitPrice=price)], **values)

    def pay(self, id_: str, amount: str) -> Any:
        document = """{ business { accounts(subtypes: [CASH_AND_BANK]) {
          edges { node { id } } } } }"""
        (edge,) = self.ask(document)["data"]["business"]["accounts"]["edges"]
        return self.done(
            "invoicePaymentCreateManual",
            invoiceId=id_,
            paymentAccountId=edge["node"]["id"],
            amount=amount,
            paymentDate="2026-11-01",
            paymentMethod="BANK_TRANSFER",
            exchangeRate="1",
        )

    def numbers(self, **filters: Any) -> list[str]:
        kinds = {
            "status": "InvoiceStatus", "customerId": "ID", "currency": "CurrencyCode",
            "sourceId": "ID", "invoiceDateStart": "Date", "invoiceDateEnd": "Date",
            "invoiceNumber": "String", "amountDue": "Decimal", "sort": "[InvoiceSort!]!",
        }  # fmt: skip
        filters = {"sort": ["CREATED_AT_ASC"], **filters}
        declared = ", ".join(f"${name}: {kinds[name]}" for name in filters)
        given = ", ".join(f"{name}: ${name}" for name in filters)
        document = f"""query ({declared}) {{ business {{ invoices({given}) {{
          edges {{ node {{ invoiceNumber }} }} }} }} }}"""
        edges = self.ask(document, **filters)["data"]["business"]["invoices"]["edges"]
        return [edge["node"]["invoiceNumber"] for edge in edges]


@pytest.fixture
def wave() -> Iterator[Wave]:
    clock = VirtualClock()
    twin = simulator(World((), (), ()), clock, Faults())
    control = local_control(twin)
    token = {"Authorization": f"Bearer {twin.settings['access_token']}"}
    transport = WsgiTransport(twin.app, clock)
    customer = control.create("customers", {"name": "A"})
    with httpx.Client(transport=transport, base_url="http://wave", headers=token) as http:
        yield Wave(http, twin, control, clock, customer)


def code(answer: Mapping[str, Any]) -> str:
    return str(answer["errors"][0]["extensions"]["code"])


# --- what is filled in --------------------------------------------------------------------------


def test_what_is_left_out_on_create_comes_from_the_business(wave: Wave) -> None:
    made = wave.create()
    told = {name: made[name] for name in made if name not in {"id", "modifiedAt", "amountDue"}}
    nothing = {"value": "0.00"}
    assert told == {
        "invoiceNumber": "1",
        "poNumber": None,
        "status": "DRAFT",
        "customer": {"id": wave.customer},
        "currency": {"code": "NOK"},
        "exchangeRate": "1",
        "invoiceDate": "2026-11-01",
        "dueDate": "2026-12-01",
        "title": "Invoice",
        "subhead": None,
        "memo": None,
        "footer": None,
        "itemTitle": "Items",
        "hideName": False,
        "lastSentAt": None,
        "lastSentVia": None,
        "discounts": [],
        "items": [],
        "subtotal": nothing,
        "discountTotal": nothing,
        "taxTotal": nothing,
        "total": nothing,
        "amountPaid": nothing,
        "payments": [],
    }


def test_today_is_the_day_where_the_business_is(wave: Wave) -> None:
    wave.clock.advance(13.5 * 3600)  # 23:30 in UTC, half past midnight in Oslo
    assert wave.create()["invoiceDate"] == "2026-11-02"


def test_business_texts_fill_memo_and_footer_if_it_has_some(wave: Wave) -> None:
    wave.control.switch("default_memo", True)
    made = wave.create(memo="Mine")
    assert made["memo"] == "Mine"
    assert made["footer"]
    assert wave.create()["memo"] not in {None, "Mine"}


def test_status_left_out_is_draft_or_saved(wave: Wave) -> None:
    assert wave.create()["status"] == "DRAFT"
    wave.control.switch("created_saved", True)
    assert wave.create()["status"] == "SAVED"
    assert wave.create(status="DRAFT")["status"] == "DRAFT"


def test_number_is_the_largest_plus_one(wave: Wave) -> None:
    assert wave.create(invoiceNumber="41")["invoiceNumber"] == "41"
    assert wave.create(invoiceNumber="X-99")["invoiceNumber"] == "X-99"
    made = wave.create()
    assert made["invoiceNumber"] == "42"
    wave.done("invoiceDelete", invoiceId=made["id"])
    assert wave.create()["invoiceNumber"] == "42"


def test_number_is_unique_unless_switched(wave: Wave) -> None:
    first, second = wave.create(invoiceNumber="7"), wave.create()
    refused = wave.refused("invoiceCreate", **wave.sending(invoiceNumber="7"))
    assert refused == ("UNIQUE", ["invoiceNumber"])
    assert wave.refused("invoicePatch", id=second["id"], invoiceNumber="7")[0] == "UNIQUE"
    assert wave.done("invoicePatch", id=first["id"], invoiceNumber="7")["invoiceNumber"] == "7"
    wave.control.switch("duplicate_numbers", True)
    assert wave.create(invoiceNumber="7")["invoiceNumber"] == "7"


def test_lines_take_from_their_product_what_they_do_not_say(wave: Wave) -> None:
    tax = wave.ask("{ business { salesTaxes { edges { node { id } } } } }")
    tax_id = tax["data"]["business"]["salesTaxes"]["edges"][0]["node"]["id"]
    product = wave.control.create(
        "products",
        {
            "name": "P",
            "description": "God",
            "unitPrice": "12.34567",
            "incomeAccount": {"id": wave.settings["income_account"]},
            "defaultSalesTaxes": [{"id": tax_id}],
        },
    )
    lines = [
        {"productId": product},
        {"productId": product, "description": "", "unitPrice": "1", "taxes": []},
        {"productId": product, "description": None, "quantity": None, "taxes": None},
    ]
    first, second, third = wave.create(items=lines)["items"]
    assert (first["description"], first["quantity"]) == ("God", "1")
    assert (first["unitPrice"], first["price"]) == ("12.34567", "12.34567")
    assert [each["salesTax"]["id"] for each in first["taxes"]] == [tax_id]
    assert (second["description"], second["unitPrice"], second["taxes"]) == ("", "1", [])
    assert {**third, "id": 0} == {**first, "id": 0}
    assert first["account"] == {"id": wave.settings["income_account"]}


# --- references ---------------------------------------------------------------------------------


def test_unknown_references_could_not_be_found(wave: Wave) -> None:
    payload = wave.run("invoiceCreate", **wave.sending(customerId="nothing"))
    assert payload["inputErrors"] == [
        {
            "code": "NOT_FOUND",
            "message": "Node could not be found",
            "path": ["input", "customerId"],
        }
    ]
    assert payload["invoice"] is None
    items = [wave.line(), {"productId": "nothing"}]
    refused = wave.refused("invoiceCreate", **wave.sending(items=items))
    assert refused == ("NOT_FOUND", ["items", "1", "productId"])
    items = [wave.line(taxes=[{"salesTaxId": "nothing"}])]
    refused = wave.refused("invoiceCreate", **wave.sending(items=items))
    assert refused == ("NOT_FOUND", ["items", "0", "taxes", "0", "salesTaxId"])


def test_new_customer_is_not_found_for_a_while_if_references_lag(wave: Wave) -> None:
    wave.clock.advance(60)
    wave.control.switch("reference_lag", 5)
    document = """mutation ($input: CustomerCreateInput!) { customerCreate(input: $input) {
      customer { id } } }"""
    sent = {"businessId": wave.settings["business_id"], "name": "B"}
    made = wave.ask(document, input=sent)["data"]["customerCreate"]["customer"]["id"]
    sending = wave.sending(customerId=made)
    assert wave.refused("invoiceCreate", **sending) == ("NOT_FOUND", ["customerId"])
    wave.clock.advance(5)
    assert wave.done("invoiceCreate", **sending)["customer"] == {"id": made}


def test_customer_and_product_are_required_by_the_schema(wave: Wave) -> None:
    sent = {"businessId": wave.settings["business_id"]}
    assert code(wave.run("invoiceCreate", **sent)) == "BAD_USER_INPUT"
    answer = wave.run("invoiceCreate", **wave.sending(items=[{"description": "free text"}]))
    assert code(answer) == "BAD_USER_INPUT"


# --- lines and totals ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("0.123456785", "0.12345679"),
        ("-0.123456785", "-0.12345679"),
        ("0.1234567849", "0.12345678"),
        ("10.00", "10"),
        (1.5, "1.5"),
        (100, "100"),
    ],
)
def test_quantity_and_price_of_lines_have_eight_places(wave: Wave, sent: object, kept: str) -> None:
    (item,) = wave.create(items=[wave.line(quantity=sent, unitPrice=sent)])["items"]
    assert (item["quantity"], item["unitPrice"]) == (kept, kept)


def test_lines_are_replaced_as_a_whole_in_the_order_sent(wave: Wave) -> None:
    lines = [wave.line(description=text) for text in "abc"]
    made = wave.create(items=lines)
    assert [item["description"] for item in made["items"]] == ["a", "b", "c"]
    lines = [wave.line(description="c"), wave.line(description="a")]
    changed = wave.done("invoicePatch", id=made["id"], items=lines)
    assert [item["description"] for item in changed["items"]] == ["c", "a"]
    old, new = ({item["id"] for item in each["items"]} for each in (made, changed))
    assert not old & new
    kept = wave.done("invoicePatch", id=made["id"], memo="m")
    assert {item["id"] for item in kept["items"]} == new
    assert wave.done("invoicePatch", id=made["id"], items=[])["items"] == []


def test_discounts_are_replaced_and_at_most_one(wave: Wave) -> None:
    percentage = {"discountType": "PERCENTAGE", "percentage": "12.5", "name": "Rabatt"}
    fixed = {"discountType": "FIXED", "amount": "30"}
    made = wave.create(items=[wave.line(unitPrice="200")], discounts=[percentage])
    assert made["discounts"] == [
        {"__typename": "PercentageInvoiceDiscount", "name": "Rabatt", "percentage": "12.5"}
    ]
    assert (made["discountTotal"], made["total"]) == ({"value": "25.00"}, {"value": "175.00"})
    changed = wave.done("invoicePatch", id=made["id"], discounts=[fixed])
    assert changed["discounts"][0]["__typename"] == "FixedInvoiceDiscount"
    assert changed["total"] == {"value": "170.00"}
    assert wave.done("invoicePatch", id=made["id"], discounts=[])["total"] == {"value": "200.00"}
    two = wave.refused("invoicePatch", id=made["id"], discounts=[percentage, fixed])
    assert two == ("INVALID", ["discounts"])


@pytest.mark.parametrize(
    ("kind", "wrong", "needed"),
    [("FIXED", "percentage", "amount"), ("PERCENTAGE", "amount", "percentage")],
)
def test_each_kind_of_discount_uses_its_own_value(
    wave: Wave, kind: str, wrong: str, needed: str
) -> None:
    discount = {"discountType": kind, wrong: "5"}
    refused = wave.refused("invoiceCreate", **wave.sending(discounts=[discount]))
    assert refused == ("REQUIRED", ["discounts", "0", needed])


def test_totals_are_computed_with_discount_before_taxes(wave: Wave) -> None:
    edges = wave.ask("{ business { salesTaxes { edges { node { id rate } } } } }")
    (tax, *_) = edges["data"]["business"]["salesTaxes"]["edges"]
    assert tax["node"]["rate"] == "0.25"
    taxes = [{"salesTaxId": tax["node"]["id"]}]
    lines = [wave.line(unitPrice="100", quantity="3", taxes=taxes), wave.line(unitPrice="100")]
    discount = {"discountType": "PERCENTAGE", "percentage": "10"}
    made = wave.create(items=lines, discounts=[discount])
    found = {name: made[name]["value"] for name in ("subtotal", "discountTotal", "taxTotal")}
    assert found == {"subtotal": "400.00", "discountTotal": "40.00", "taxTotal": "67.50"}
    assert made["total"] == {"value": "427.50"}
    assert made["items"][0]["taxes"][0]["amount"] == {"value": "67.50"}
    assert made["items"][0]["subtotal"] == {"value": "300.00"}


def test_money_is_text_with_deprecated_minor_units(wave: Wave) -> None:
    due = wave.saved("12.345")["amountDue"]
    assert due == {
        "value": "12.35",
        "raw": 1235,
        "minorUnitValue": "1235",
        "currency": {"code": "NOK", "exponent": 2},
    }
    assert wave.saved("12.345", currency="JPY")["amountDue"]["value"] == "12"


# --- patches ------------------------------------------------------------------------------------


def test_patch_changes_what_is_sent_only(wave: Wave) -> None:
    made = wave.create(memo="m", poNumber="p", items=[wave.line(unitPrice="5")])
    wave.clock.advance(5)
    changed = wave.done("invoicePatch", id=made["id"], poNumber=None)
    assert (changed["poNumber"], changed["memo"]) == (None, "m")
    assert changed["items"] == made["items"]
    assert changed["modifiedAt"] == "2026-11-01T10:00:05.000Z"
    answer = wave.run("invoicePatch", id=made["id"], businessId=wave.settings["business_id"])
    assert code(answer) == "BAD_USER_INPUT"


@pytest.mark.parametrize("name", ["invoiceDate", "dueDate", "invoiceNumber", "title", "currency"])
def test_what_an_invoice_always_has_cannot_be_cleared(wave: Wave, name: str) -> None:
    made = wave.create()
    assert wave.refused("invoicePatch", id=made["id"], **{name: None}) == ("REQUIRED", [name])


def test_saved_invoice_can_be_patched_and_stays_saved(wave: Wave) -> None:
    made = wave.saved()
    changed = wave.done("invoicePatch", id=made["id"], items=[wave.line(unitPrice="5")])
    assert (changed["status"], changed["total"]) == ("SAVED", {"value": "5.00"})


def test_saved_invoice_does_not_become_a_draft_again_unless_switched(wave: Wave) -> None:
    made = wave.saved()
    assert wave.refused("invoicePatch", id=made["id"], status="DRAFT") == ("INVALID", ["status"])
    wave.control.switch("unapprove", True)
    assert wave.done("invoicePatch", id=made["id"], status="DRAFT")["status"] == "DRAFT"


def test_saved_invoice_keeps_customer_and_currency_unless_switched(wave: Wave) -> None:
    other = wave.control.create("customers", {"name": "B"})
    draft, made = wave.create(), wave.saved()
    assert wave.done("invoicePatch", id=draft["id"], customerId=other, currency="EUR")
    for name, value in (("customerId", other), ("currency", "EUR")):
        assert wave.refused("invoicePatch", id=made["id"], **{name: value}) == ("INVALID", [name])
    same = wave.done("invoicePatch", id=made["id"], customerId=wave.customer, currency="NOK")
    assert same["customer"] == {"id": wave.customer}
    wave.control.switch("saved_recast", True)
    changed = wave.done("invoicePatch", id=made["id"], customerId=other, currency="EUR")
    assert (changed["customer"], changed["currency"]) == ({"id": other}, {"code": "EUR"})


@pytest.mark.parametrize("state", ["SENT", "VIEWED"])
def test_sent_invoice_cannot_be_patched_unless_switched(wave: Wave, state: str) -> None:
    made = wave.saved()
    wave.control.edit("invoices", made["id"], {"status": state})
    assert wave.refused("invoicePatch", id=made["id"], memo="m") == ("INVALID", [])
    wave.control.switch("sent_patch", True)
    changed = wave.done("invoicePatch", id=made["id"], memo="m", status="SAVED")
    assert (changed["memo"], changed["status"]) == ("m", state)


def test_paid_invoice_keeps_what_its_total_comes_from_unless_switched(wave: Wave) -> None:
    made = wave.saved()
    wave.pay(made["id"], "10")
    lines = [wave.line(unitPrice="5")]
    assert wave.refused("invoicePatch", id=made["id"], items=lines) == ("INVALID", ["items"])
    same = [wave.line(unitPrice="100")]
    assert wave.done("invoicePatch", id=made["id"], memo="m", items=same)["memo"] == "m"
    wave.control.switch("paid_patch", True)
    changed = wave.done("invoicePatch", id=made["id"], items=lines)
    assert (changed["total"], changed["amountDue"]["value"]) == ({"value": "5.00"}, "-5.00")


# --- states -------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["SENT", "VIEWED", "PAID", "OVERDUE"])
def test_only_draft_and_saved_can_be_written(wave: Wave, state: str) -> None:
    assert code(wave.run("invoiceCreate", **wave.sending(status=state))) == "BAD_USER_INPUT"


def test_states_are_moved_by_calls(wave: Wave) -> None:
    made = wave.create()
    id_ = made["id"]
    assert wave.refused("invoiceMarkSent", invoiceId=id_, sendMethod="GMAIL")[0] == "INVALID"
    assert wave.done("invoiceApprove", invoiceId=id_)["status"] == "SAVED"
    assert wave.refused("invoiceApprove", invoiceId=id_)[0] == "INVALID"
    at = "2026-10-31T08:00:00Z"
    sent = wave.done("invoiceMarkSent", invoiceId=id_, sendMethod="GMAIL", sentAt=at)
    assert (sent["status"], sent["lastSentVia"]) == ("SENT", "GMAIL")
    assert sent["lastSentAt"] == "2026-10-31T08:00:00.000Z"
    wave.control.edit("invoices", id_, {"status": "VIEWED"})
    assert wave.get(id_)["status"] == "VIEWED"


def test_actions_take_invoice_id_and_not_id(wave: Wave) -> None:
    made = wave.create()
    for name in ("invoiceDelete", "invoiceApprove", "invoiceClone"):
        assert code(wave.run(name, id=made["id"])) == "BAD_USER_INPUT"


def test_sending_needs_receivers_and_a_business_that_may_send(wave: Wave) -> None:
    made = wave.saved()
    sent = {"invoiceId": made["id"], "attachPDF": False}
    assert code(wave.run("invoiceSend", **sent)) == "BAD_USER_INPUT"
    assert wave.refused("invoiceSend", **sent, to=[]) == ("REQUIRED", ["to"])
    wave.control.switch("email_send", False)
    assert wave.ask("{ business { emailSendEnabled } }")["data"]["business"] == {
        "emailSendEnabled": False
    }
    assert wave.refused("invoiceSend", **sent, to=["a@x.no"])[0] == "INVALID"
    wave.control.switch("email_send", True)
    done = wave.done("invoiceSend", **sent, to=["a@x.no"])
    assert (done["status"], done["lastSentVia"]) == ("SENT", "WAVE")
    draft = wave.create()
    assert wave.refused("invoiceSend", invoiceId=draft["id"], to=["a"], attachPDF=True)[1] == [
        "invoiceId"
    ]


def test_clone_is_a_draft_of_today_under_its_own_number(wave: Wave) -> None:
    made = wave.saved("7", memo="m", invoiceDate="2026-01-01")
    wave.pay(made["id"], "7")
    clone = wave.done("invoiceClone", invoiceId=made["id"])
    assert clone["id"] != made["id"]
    assert (clone["status"], clone["memo"], clone["total"]) == ("DRAFT", "m", {"value": "7.00"})
    assert (clone["invoiceDate"], clone["amountPaid"]) == ("2026-11-01", {"value": "0.00"})
    assert clone["invoiceNumber"] == "2"


@pytest.mark.parametrize(
    ("paid", "late", "state"),
    [
        ("0", False, "SAVED"),
        ("40", False, "PARTIAL"),
        ("100", False, "PAID"),
        ("120", False, "OVERPAID"),
        ("0", True, "OVERDUE"),
        ("40", True, "OVERDUE"),
        ("100", True, "PAID"),
        ("120", True, "OVERPAID"),
    ],
)
def test_states_are_computed_from_money_and_dates(
    wave: Wave, paid: str, late: bool, state: str
) -> None:
    made = wave.saved("100")
    wave.control.edit("invoices", made["id"], {"amountPaid": {"value": paid}})
    wave.clock.advance((31 if late else 29) * DAY)
    assert wave.get(made["id"])["status"] == state
    assert wave.control.dump("invoices")[0]["status"] == state
    assert wave.numbers(status=state) == ["1"]


def test_draft_stays_a_draft_past_its_day(wave: Wave) -> None:
    made = wave.create(items=[wave.line(unitPrice="5")])
    wave.clock.advance(99 * DAY)
    assert wave.get(made["id"])["status"] == "DRAFT"


def test_invoice_is_overdue_the_day_after_it_is_due(wave: Wave) -> None:
    made = wave.saved(dueDate="2026-11-02")
    wave.clock.advance(36 * 3600 - 1)  # 22:59:59 in Oslo on the 2nd
    assert wave.get(made["id"])["status"] == "SAVED"
    wave.clock.advance(3601)
    before = wave.get(made["id"])
    assert (before["status"], before["modifiedAt"]) == ("OVERDUE", made["modifiedAt"])


def test_unpaid_may_take_the_place_of_the_stored_state(wave: Wave) -> None:
    made = wave.saved()
    wave.control.switch("unpaid_status", True)
    assert wave.get(made["id"])["status"] == "UNPAID"


# --- deleting -----------------------------------------------------------------------------------


def test_only_drafts_can_be_deleted(wave: Wave) -> None:
    made = wave.saved()
    assert wave.refused("invoiceDelete", invoiceId=made["id"]) == ("INVALID", ["invoiceId"])


@pytest.mark.parametrize(
    ("rule", "deleted"),
    [(0, {"DRAFT"}), (1, {"DRAFT", "SAVED"}), (2, {"DRAFT", "SAVED", "SENT"})],
)
def test_who_can_be_deleted_is_a_switch(wave: Wave, rule: int, deleted: set[str]) -> None:
    wave.control.switch("delete_rule", rule)
    made = {"DRAFT": wave.create(), "SAVED": wave.saved(), "SENT": wave.saved()}
    wave.control.edit("invoices", made["SENT"]["id"], {"status": "SENT"})
    for state, invoice in made.items():
        payload = wave.run("invoiceDelete", invoiceId=invoice["id"])
        assert payload["didSucceed"] == (state in deleted)
    left = {record["status"] for record in wave.control.dump("invoices")}
    assert left == set(made) - deleted


def test_invoice_with_payments_is_never_deleted(wave: Wave) -> None:
    wave.control.switch("delete_rule", 2)
    made = wave.saved()
    wave.pay(made["id"], "1")
    assert wave.refused("invoiceDelete", invoiceId=made["id"]) == ("INVALID", ["invoiceId"])


def test_deleted_invoice_just_disappears(wave: Wave) -> None:
    made = wave.create()
    wave.done("invoiceDelete", invoiceId=made["id"])
    assert wave.get(made["id"]) is None
    answer = wave.run("invoiceDelete", invoiceId=made["id"])
    assert (answer["data"], code(answer)) == ({"invoiceDelete": None}, "NOT_FOUND")


# --- payments -----------------------------------------------------------------------------------


def test_manual_payments_are_made_changed_and_taken_back(wave: Wave) -> None:
    made = wave.saved("100")
    payment = wave.pay(made["id"], "40")
    assert (payment["amount"], payment["invoice"]) == ("40.00", {"id": made["id"]})
    read = wave.get(made["id"])
    assert (read["amountPaid"]["value"], read["amountDue"]["value"]) == ("40.00", "60.00")
    assert [each["paymentMethod"] for each in read["payments"]] == ["BANK_TRANSFER"]
    changed = wave.done("invoicePaymentPatch", id=payment["id"], amount="100", memo="m")
    assert (changed["amount"], changed["memo"]) == ("100.00", "m")
    assert wave.get(made["id"])["status"] == "PAID"
    assert wave.run("invoicePaymentDelete", id=payment["id"])["didSucceed"]
    read = wave.get(made["id"])
    assert (read["status"], read["amountPaid"], read["payments"]) == (
        "SAVED",
        {"value": "0.00"},
        [],
    )


def test_payment_does_not_move_the_invoices_time_unless_switched(wave: Wave) -> None:
    made = wave.saved("100")
    wave.clock.advance(60)
    wave.pay(made["id"], "10")
    wave.control.edit("invoices", made["id"], {"amountPaid": {"value": "20"}})
    read = wave.get(made["id"])
    assert (read["amountPaid"]["value"], read["modifiedAt"]) == ("20.00", made["modifiedAt"])
    wave.control.switch("payments_touch", True)
    wave.pay(made["id"], "10")
    assert wave.get(made["id"])["modifiedAt"] == "2026-11-01T10:01:00.000Z"


def test_draft_takes_no_payment_and_receipts_need_one(wave: Wave) -> None:
    made, draft = wave.saved(), wave.create()
    payment = wave.pay(made["id"], "1")
    sent = {"paymentAccountId": payment["account"]["id"], "amount": "1", "exchangeRate": 1}
    sent |= {"paymentDate": "2026-11-01", "paymentMethod": "CASH", "invoiceId": draft["id"]}
    assert wave.refused("invoicePaymentCreateManual", **sent) == ("INVALID", ["invoiceId"])
    receipt = {"invoiceId": made["id"], "invoicePaymentId": payment["id"]}
    assert wave.run("invoicePaymentReceiptSend", **receipt, to=["a@x.no"])["didSucceed"]
    assert wave.refused("invoicePaymentReceiptSend", **receipt, to=[]) == ("REQUIRED", ["to"])


# --- listing ------------------------------------------------------------------------------------


def test_invoices_are_filtered_by_what_they_say(wave: Wave) -> None:
    other = wave.control.create("customers", {"name": "B"})
    wave.saved("10", invoiceNumber="12", invoiceDate="2026-01-01")
    wave.saved("20", invoiceNumber="112", invoiceDate="2026-02-01", customerId=other)
    wave.create(invoiceNumber="3", currency="EUR", invoiceDate="2026-03-01")
    assert wave.numbers(invoiceNumber="12") == ["12", "112"]  # contains, not equals
    assert wave.numbers(customerId=other) == ["112"]
    assert wave.numbers(customerId="nothing") == []
    assert wave.numbers(currency="EUR") == wave.numbers(status="DRAFT") == ["3"]
    assert wave.numbers(invoiceDateStart="2026-02-01") == ["112", "3"]
    assert wave.numbers(invoiceDateEnd="2026-02-01") == ["12", "112"]
    assert wave.numbers(amountDue="10.0") == ["12"]
    assert wave.numbers(sourceId="nothing") == []


def test_invoices_are_sorted_by_what_they_say(wave: Wave) -> None:
    other = wave.control.create("customers", {"name": "Å"})
    wave.saved("10", invoiceNumber="2", dueDate="2027-01-03", customerId=other)
    wave.saved("30", invoiceNumber="3", dueDate="2027-01-01")
    wave.saved("20", invoiceNumber="1", dueDate="2027-01-02")
    assert wave.numbers(sort=["TOTAL_DESC"]) == ["3", "1", "2"]
    assert wave.numbers(sort=["AMOUNT_DUE_ASC"]) == ["2", "1", "3"]
    assert wave.numbers(sort=["DUE_AT_ASC"]) == ["3", "1", "2"]
    assert wave.numbers(sort=["INVOICE_NUMBER_ASC"]) == ["1", "2", "3"]
    assert wave.numbers(sort=["CUSTOMER_NAME_DESC", "TOTAL_ASC"]) == ["2", "1", "3"]


def test_dump_has_the_shape_of_lines_and_discounts(wave: Wave) -> None:
    discount = {"discountType": "PERCENTAGE", "percentage": "5"}
    wave.create(items=[wave.line(quantity="1.50", unitPrice="12.50")], discounts=[discount])
    (record,) = wave.control.dump("invoices")
    assert record["items"] == [
        {
            "product": {"id": wave.settings["line_product"]},
            "description": None,
            "quantity": "1.5",
            "unitPrice": "12.5",
            "taxes": [],
        }
    ]
    assert record["discounts"] == [
        {"discountType": "PERCENTAGE", "name": None, "percentage": "5", "amount": None}
    ]
    for name in ("total", "subtotal", "taxTotal", "discountTotal", "amountDue", "amountPaid"):
        assert set(record[name]) == {"value"}
