"""Wave's twin writes customers, products, accounts and taxes as Wave does, rule by rule."""

from __future__ import annotations

from base64 import b64decode
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

ADDRESS = "{ addressLine1 addressLine2 city postalCode province { code name } country { code } }"
FIELDS = {
    "customer": f"""id name firstName lastName email phone displayId website currency {{ code }}
      address {ADDRESS} shippingDetails {{ name phone address {ADDRESS} }} isArchived modifiedAt
      outstandingAmount {{ value }} overdueAmount {{ value }}""",
    "product": """id name description unitPrice isSold isBought isArchived incomeAccount { id }
      expenseAccount { id } defaultSalesTaxes { id abbreviation }""",
    "invoice": "id status",
    "account": "id name description displayId sequence isArchived subtype { value }",
    "salesTax": "id name abbreviation rate isArchived",
    "transaction": "id",
}


@dataclass
class Wave:
    http: httpx.Client
    twin: Simulator
    control: LocalControl
    clock: VirtualClock

    @property
    def business(self) -> str:
        return str(self.twin.settings["business_id"])

    def ask(self, document: str, /, **variables: Any) -> Any:
        body = {"query": document, "variables": variables}
        return self.http.post("/graphql/public", json=body).json()

    def run(self, name: str, gives: str | None, /, **sent: Any) -> Any:
        """A mutation's payload, or the whole answer where there is none."""
        kind = name[0].upper() + name[1:]
        result = f"{gives} {{ {FIELDS[gives]} }}" if gives else ""
        document = f"""mutation ($input: {kind}Input!) {{ {name}(input: $input) {{
          didSucceed inputErrors {{ code message path }} {result} }} }}"""
        answer = self.ask(document, input=sent)
        return answer if "errors" in answer else answer["data"][name]

    def create(self, kind: str, **values: Any) -> dict[str, Any]:
        payload = self.run(f"{kind}Create", kind, businessId=self.business, **values)
        assert payload.get("didSucceed"), payload
        return dict(payload[kind])

    def patch(self, kind: str, id_: str, **values: Any) -> dict[str, Any]:
        payload = self.run(f"{kind}Patch", kind, id=id_, **values)
        assert payload.get("didSucceed"), payload
        return dict(payload[kind])

    def refused(self, name: str, gives: str | None, /, **sent: Any) -> tuple[str, list[str]]:
        """Code and path of a refusal in a payload."""
        payload = self.run(name, gives, **sent)
        assert payload["didSucceed"] is False
        if gives is not None:
            assert payload[gives] is None
        (error,) = payload["inputErrors"]
        return error["code"], error["path"][1:]

    def invoice_for(self, customer: str) -> str:
        item = {"product": {"id": self.twin.settings["line_product"]}, "unitPrice": "100"}
        values = {"customer": {"id": customer}, "status": "SAVED", "items": [item]}
        return self.control.create("invoices", values)


@pytest.fixture
def wave() -> Iterator[Wave]:
    clock = VirtualClock()
    twin = simulator(World((), (), ()), clock, Faults())
    token = {"Authorization": f"Bearer {twin.settings['access_token']}"}
    transport = WsgiTransport(twin.app, clock)
    with httpx.Client(transport=transport, base_url="http://wave", headers=token) as http:
        yield Wave(http, twin, local_control(twin), clock)


def code(answer: Mapping[str, Any]) -> str:
    return str(answer["errors"][0]["extensions"]["code"])


# --- payloads -----------------------------------------------------------------------------------


def test_refused_write_has_no_errors_and_says_why_in_its_payload(wave: Wave) -> None:
    payload = wave.run("customerCreate", "customer", businessId=wave.business, name="")
    assert payload == {
        "didSucceed": False,
        "inputErrors": [
            {"code": "REQUIRED", "message": "This field is required.", "path": ["input", "name"]}
        ],
        "customer": None,
    }
    assert wave.control.dump("customers") == []


def test_input_errors_of_success_are_null_or_an_empty_list(wave: Wave) -> None:
    sent = {"businessId": wave.business, "name": "A"}
    assert wave.run("customerCreate", "customer", **sent)["inputErrors"] is None
    wave.control.switch("empty_input_errors", True)
    assert wave.run("customerCreate", "customer", **sent)["inputErrors"] == []


def test_writes_to_what_is_not_there_are_null_with_not_found(wave: Wave) -> None:
    for name in ("customer", "product"):
        answer = wave.run(f"{name}Patch", name, id="nothing", name="A")
        assert (answer["data"], code(answer)) == ({f"{name}Patch": None}, "NOT_FOUND")
    answer = wave.run("customerCreate", "customer", businessId="nothing", name="A")
    assert answer["errors"][0]["message"] == "Business 'nothing' could not be found."


def test_patch_takes_no_business_and_needs_an_id(wave: Wave) -> None:
    made = wave.create("customer", name="A")
    answer = wave.run("customerPatch", "customer", id=made["id"], businessId=wave.business)
    assert code(answer) == "BAD_USER_INPUT"
    assert code(wave.run("customerPatch", "customer", name="B")) == "BAD_USER_INPUT"


def test_there_is_no_idempotency_key(wave: Wave) -> None:
    first, second = (wave.create("customer", name="A", email="a@x.no") for _ in range(2))
    assert first["id"] != second["id"]


# --- customers ----------------------------------------------------------------------------------


def test_left_out_fields_stay_as_they_are(wave: Wave) -> None:
    made = wave.create("customer", name="A", email="a@x.no", phone="1")
    wave.clock.advance(5)
    changed = wave.patch("customer", made["id"], phone="2")
    assert (changed["name"], changed["email"], changed["phone"]) == ("A", "a@x.no", "2")
    assert changed["modifiedAt"] == "2026-11-01T10:00:05.000Z"


def test_null_clears_or_is_ignored_and_empty_text_clears(wave: Wave) -> None:
    made = wave.create("customer", name="A", email="a@x.no", phone="1")
    assert wave.patch("customer", made["id"], phone=None)["phone"] is None
    wave.control.switch("null_clears", False)
    assert wave.patch("customer", made["id"], email=None)["email"] == "a@x.no"
    assert wave.patch("customer", made["id"], email="")["email"] is None


def test_name_cannot_be_taken_away(wave: Wave) -> None:
    made = wave.create("customer", name="A")
    for name in (None, "", "  "):
        refused = wave.refused("customerPatch", "customer", id=made["id"], name=name)
        assert refused == ("REQUIRED", ["name"])


def test_address_is_written_with_codes_and_read_with_objects(wave: Wave) -> None:
    sent = {"city": "Trondheim", "provinceCode": "NO-50", "countryCode": "NO"}
    made = wave.create("customer", name="A", address=sent, currency="EUR")
    assert made["address"] == {
        "addressLine1": None,
        "addressLine2": None,
        "city": "Trondheim",
        "postalCode": None,
        "province": {"code": "NO-50", "name": "Trøndelag"},
        "country": {"code": "NO"},
    }
    assert made["currency"] == {"code": "EUR"}
    read = {"businessId": wave.business, "name": "A", "address": {"country": {"code": "NO"}}}
    assert code(wave.run("customerCreate", "customer", **read)) == "BAD_USER_INPUT"
    read = {"businessId": wave.business, "name": "A", "currency": {"code": "NOK"}}
    assert code(wave.run("customerCreate", "customer", **read)) == "BAD_USER_INPUT"


@pytest.mark.parametrize("address", [{}, {"city": None}, {"city": "", "provinceCode": None}])
def test_address_with_only_null_or_empty_fields_is_refused(
    wave: Wave, address: dict[str, Any]
) -> None:
    sent = {"businessId": wave.business, "name": "A"}
    refused = wave.refused("customerCreate", "customer", **sent, address=address)
    assert refused == ("INVALID", ["address"])
    shipping = {"name": "S", "address": address}
    refused = wave.refused("customerCreate", "customer", **sent, shippingDetails=shipping)
    assert refused == ("INVALID", ["shippingDetails", "address"])


def test_province_outside_of_the_country_is_refused_unless_switched(wave: Wave) -> None:
    sent = {"businessId": wave.business, "name": "A"}
    foreign = {"provinceCode": "US-NC", "countryCode": "NO"}
    path = ["address", "provinceCode"]
    for address in (foreign, {"provinceCode": "NO-50"}, {"provinceCode": "NO-99"}):
        refused = wave.refused("customerCreate", "customer", **sent, address=address)
        assert refused == ("INVALID", path)
    wave.control.switch("foreign_provinces", True)
    made = wave.create("customer", name="A", address=foreign)
    assert made["address"]["province"]["code"] == "US-NC"


def test_changed_country_does_not_clear_the_province(wave: Wave) -> None:
    wave.control.switch("address_merges", True)
    address = {"city": "X", "provinceCode": "NO-50", "countryCode": "NO"}
    made = wave.create("customer", name="A", address=address)
    sent = {"id": made["id"], "address": {"countryCode": "US"}}
    assert wave.refused("customerPatch", "customer", **sent)[1] == ["address", "provinceCode"]
    sent["address"]["provinceCode"] = None
    changed = wave.patch("customer", made["id"], address=sent["address"])["address"]
    assert (changed["city"], changed["province"], changed["country"]["code"]) == ("X", None, "US")


def test_address_in_a_patch_replaces_the_address_unless_it_merges(wave: Wave) -> None:
    address = {"city": "Oslo", "postalCode": "0155", "countryCode": "NO"}
    made = wave.create("customer", name="A", address=address)
    changed = wave.patch("customer", made["id"], address={"city": "Bergen"})["address"]
    assert (changed["city"], changed["postalCode"], changed["country"]) == ("Bergen", None, None)
    wave.control.switch("address_merges", True)
    wave.patch("customer", made["id"], address=address)
    changed = wave.patch("customer", made["id"], address={"city": "Bergen"})["address"]
    assert (changed["city"], changed["postalCode"]) == ("Bergen", "0155")


def test_address_without_parts_reads_as_null_or_as_empty_object(wave: Wave) -> None:
    address = {"city": "Oslo"}
    made = wave.create("customer", name="A", address=address)
    cleared = wave.patch("customer", made["id"], address=None)
    assert (cleared["address"], cleared["shippingDetails"]) == (None, None)
    wave.control.switch("empty_objects", True)
    read = wave.patch("customer", made["id"], phone="1")
    assert set(read["address"].values()) == {None}
    assert set(read["shippingDetails"]["address"].values()) == {None}


def test_shipping_details_need_a_name_on_create_unless_switched(wave: Wave) -> None:
    sent = {"businessId": wave.business, "name": "A", "shippingDetails": {"phone": "1"}}
    refused = wave.refused("customerCreate", "customer", **sent)
    assert refused == ("REQUIRED", ["shippingDetails", "name"])
    wave.control.switch("nameless_shipping", True)
    made = wave.create("customer", name="A", shippingDetails={"phone": "1"})
    assert made["shippingDetails"]["phone"] == "1"


def test_shipping_details_in_a_patch_replace_or_merge(wave: Wave) -> None:
    shipping = {"name": "S", "phone": "1", "address": {"city": "Oslo"}}
    made = wave.create("customer", name="A", shippingDetails=shipping)
    changed = wave.patch("customer", made["id"], shippingDetails={"phone": "2"})["shippingDetails"]
    assert changed == {"name": None, "phone": "2", "address": None}
    wave.control.switch("address_merges", True)
    wave.patch("customer", made["id"], shippingDetails=shipping)
    changed = wave.patch("customer", made["id"], shippingDetails={"phone": "2"})["shippingDetails"]
    assert (changed["name"], changed["phone"]) == ("S", "2")
    assert changed["address"]["city"] == "Oslo"


def test_display_id_is_unique_unless_switched(wave: Wave) -> None:
    made = wave.create("customer", name="A", displayId="1001")
    sent = {"businessId": wave.business, "name": "B", "displayId": "1001"}
    assert wave.refused("customerCreate", "customer", **sent) == ("UNIQUE", ["displayId"])
    assert wave.patch("customer", made["id"], displayId="1001")["displayId"] == "1001"
    wave.control.switch("unique_display_ids", False)
    assert wave.create("customer", name="B", displayId="1001")["displayId"] == "1001"


def test_email_and_name_are_not_unique(wave: Wave) -> None:
    for _ in range(2):
        wave.create("customer", name="A", email="a@x.no")
    assert len(wave.control.dump("customers")) == 2


def test_currency_of_a_customer_with_invoices_stays_unless_switched(wave: Wave) -> None:
    made = wave.create("customer", name="A", currency="NOK")
    assert wave.patch("customer", made["id"], currency="EUR")["currency"] == {"code": "EUR"}
    wave.invoice_for(made["id"])
    sent = {"id": made["id"], "currency": "SEK"}
    assert wave.refused("customerPatch", "customer", **sent) == ("INVALID", ["currency"])
    wave.control.switch("customer_currency_change", True)
    assert wave.patch("customer", made["id"], currency="SEK")["currency"] == {"code": "SEK"}


def test_customer_with_invoices_cannot_be_deleted_unless_switched(wave: Wave) -> None:
    made = wave.create("customer", name="A")
    invoice = wave.invoice_for(made["id"])
    assert wave.refused("customerDelete", None, id=made["id"]) == ("INVALID", ["id"])
    wave.control.switch("customer_delete_with_invoices", True)
    assert wave.run("customerDelete", None, id=made["id"])["didSucceed"]
    document = """query ($b: ID!, $i: ID!) { business(id: $b) { invoice(id: $i) {
      customer { name } } } }"""
    answer = wave.ask(document, b=wave.business, i=invoice)["data"]["business"]
    assert answer == {"invoice": {"customer": {"name": "A"}}}


def test_customers_owe_what_their_invoices_are_due(wave: Wave) -> None:
    made = wave.create("customer", name="A")
    wave.invoice_for(made["id"])
    read = wave.patch("customer", made["id"], phone="1")
    assert (read["outstandingAmount"], read["overdueAmount"]) == (
        {"value": "100.00"},
        {"value": "0.00"},
    )
    wave.clock.advance(40 * 86_400)
    assert wave.patch("customer", made["id"], phone="2")["overdueAmount"] == {"value": "100.00"}


def test_deprecated_internal_id_is_the_number_within_the_id(wave: Wave) -> None:
    made = wave.create("customer", name="A")
    document = "query ($id: ID!) { business { customer(id: $id) { internalId } } }"
    internal = wave.ask(document, id=made["id"])["data"]["business"]["customer"]["internalId"]
    assert b64decode(made["id"]).decode().endswith(f";Customer:{internal}")


def test_users_archive_customers_which_no_mutation_does(wave: Wave) -> None:
    made = wave.create("customer", name="A")
    assert wave.control.edit("customers", made["id"], {"isArchived": True})["isArchived"] is True
    answer = wave.run("customerPatch", "customer", id=made["id"], isArchived=False)
    assert code(answer) == "BAD_USER_INPUT"
    assert wave.control.edit("customers", made["id"], {"isArchived": False})["isArchived"] is False


# --- products -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("11.000005", "11.00001"),
        ("-0.000005", "-0.00001"),
        ("11.0000049", "11.00"),
        (12.5, "12.50"),
        (7, "7.00"),
        ("10.00", "10.00"),
    ],
)
def test_unit_price_is_rounded_to_five_places_and_read_as_text(
    wave: Wave, sent: object, kept: str
) -> None:
    income = wave.twin.settings["income_account"]
    made = wave.create("product", name="A", unitPrice=sent, incomeAccountId=income)
    assert made["unitPrice"] == kept


@pytest.mark.parametrize("price", ["dear", "", "1e5", "1,5", True, None])
def test_unit_price_must_be_a_decimal(wave: Wave, price: object) -> None:
    sent = {"businessId": wave.business, "name": "A", "unitPrice": price}
    assert code(wave.run("productCreate", "product", **sent)) == "BAD_USER_INPUT"


def _account(wave: Wave, subtype: str) -> str:
    document = """query ($b: ID!, $s: [AccountSubtypeValue!]) { business(id: $b) {
      accounts(subtypes: $s) { edges { node { id } } } } }"""
    found = wave.ask(document, b=wave.business, s=[subtype])["data"]["business"]["accounts"]
    return str(found["edges"][0]["node"]["id"])


def test_accounts_make_a_product_sold_or_bought(wave: Wave) -> None:
    income, expense = _account(wave, "INCOME"), _account(wave, "EXPENSE")
    made = wave.create("product", name="A", unitPrice="1", incomeAccountId=income)
    assert (made["isSold"], made["isBought"]) == (True, False)
    changes = {"expenseAccountId": expense, "incomeAccountId": None}
    changed = wave.patch("product", made["id"], **changes)
    assert (changed["isSold"], changed["isBought"]) == (False, True)
    assert (changed["incomeAccount"], changed["expenseAccount"]) == (None, {"id": expense})


def test_product_needs_an_account_unless_switched(wave: Wave) -> None:
    sent = {"businessId": wave.business, "name": "A", "unitPrice": "1"}
    assert wave.refused("productCreate", "product", **sent)[0] == "REQUIRED"
    wave.control.switch("accountless_products", True)
    assert wave.create("product", name="A", unitPrice="1")["isSold"] is False


def test_product_accounts_must_exist_and_fit(wave: Wave) -> None:
    sent = {"businessId": wave.business, "name": "A", "unitPrice": "1"}
    path = ["incomeAccountId"]
    unknown = wave.refused("productCreate", "product", **sent, incomeAccountId="nothing")
    assert unknown == ("NOT_FOUND", path)
    bank = _account(wave, "CASH_AND_BANK")
    assert wave.refused("productCreate", "product", **sent, incomeAccountId=bank)[1] == path


def test_product_names_repeat_unless_switched(wave: Wave) -> None:
    income = wave.twin.settings["income_account"]
    for _ in range(2):
        wave.create("product", name="A", unitPrice="1", incomeAccountId=income)
    wave.control.switch("unique_product_names", True)
    sent = {"businessId": wave.business, "name": "a", "unitPrice": "1", "incomeAccountId": income}
    assert wave.refused("productCreate", "product", **sent) == ("UNIQUE", ["name"])


def test_default_taxes_are_replaced_as_a_list(wave: Wave) -> None:
    income = wave.twin.settings["income_account"]
    taxes = [
        wave.create("salesTax", name=name, abbreviation=name, rate="0.1")["id"] for name in "XY"
    ]
    made = wave.create(
        "product", name="A", unitPrice="1", incomeAccountId=income, defaultSalesTaxIds=taxes
    )
    assert [tax["id"] for tax in made["defaultSalesTaxes"]] == taxes
    changed = wave.patch("product", made["id"], defaultSalesTaxIds=taxes[1:])
    assert [tax["abbreviation"] for tax in changed["defaultSalesTaxes"]] == ["Y"]
    sent = {"id": made["id"], "defaultSalesTaxIds": ["nothing"]}
    assert wave.refused("productPatch", "product", **sent)[0] == "NOT_FOUND"


def test_products_are_archived_one_way_and_hidden_unless_asked_for(wave: Wave) -> None:
    income = wave.twin.settings["income_account"]
    made = wave.create("product", name="A", unitPrice="1", incomeAccountId=income)
    assert wave.run("productArchive", "product", id=made["id"])["product"]["isArchived"] is True
    document = """query ($b: ID!, $a: Boolean, $s: Boolean) { business(id: $b) {
      products(isArchived: $a, isSold: $s) { edges { node { name } } } } }"""

    def names(**filters: object) -> set[str]:
        found = wave.ask(document, b=wave.business, **filters)["data"]["business"]["products"]
        return {edge["node"]["name"] for edge in found["edges"]}

    assert names() == names(a=False) == {"Diverse", "Frakt"}
    assert names(a=True) == {"A"}
    assert names(s=False) == set()
    wave.control.switch("archived_listed", True)
    assert names() == {"A", "Diverse", "Frakt"}
    answer = wave.run("productPatch", "product", id=made["id"], isArchived=False)
    assert code(answer) == "BAD_USER_INPUT"
    assert wave.control.edit("products", made["id"], {"isArchived": False})["isArchived"] is False


def test_product_has_no_number_of_its_own(wave: Wave) -> None:
    document = "query ($b: ID!) { business(id: $b) { products { edges { node { sku } } } } }"
    assert code(wave.ask(document, b=wave.business)) == "GRAPHQL_VALIDATION_FAILED"


# --- accounts, taxes, transactions --------------------------------------------------------------


def test_account_patch_needs_the_current_sequence(wave: Wave) -> None:
    made = wave.create("account", name="A", subtype="EXPENSE", description="d")
    patched = wave.patch("account", made["id"], sequence=1, name="B")
    assert (patched["name"], patched["description"], patched["sequence"]) == ("B", "d", 2)
    sent = {"id": made["id"], "sequence": 1, "name": "C"}
    assert wave.refused("accountPatch", "account", **sent) == ("STALE", ["sequence"])
    cleared = wave.patch("account", made["id"], sequence=2, description=None)
    assert cleared["description"] is None
    assert wave.run("accountArchive", None, id=made["id"])["didSucceed"]


def test_taxes_have_short_unique_abbreviations_and_are_archived(wave: Wave) -> None:
    made = wave.create("salesTax", name="Mva", abbreviation="M", rate="0.12")
    assert made["rate"] == "0.12"
    sent = {"businessId": wave.business, "name": "X", "rate": "0.1"}
    refused = wave.refused("salesTaxCreate", "salesTax", **sent, abbreviation="M")
    assert refused == ("UNIQUE", ["abbreviation"])
    refused = wave.refused("salesTaxCreate", "salesTax", **sent, abbreviation="ABCDEFGHIJK")
    assert refused == ("INVALID", ["abbreviation"])
    assert wave.patch("salesTax", made["id"], name="Ny")["name"] == "Ny"
    assert wave.run("salesTaxArchive", "salesTax", id=made["id"])["salesTax"]["isArchived"]


def test_external_id_makes_a_transaction_once(wave: Wave) -> None:
    line = {"accountId": wave.twin.settings["income_account"], "amount": "5", "balance": "CREDIT"}
    anchor = {"accountId": _account(wave, "CASH_AND_BANK"), "amount": "5", "direction": "DEPOSIT"}
    sent: dict[str, Any] = {"externalId": "k", "date": "2026-11-01", "description": "d"}
    sent |= {"anchor": anchor}
    sent |= {"businessId": wave.business, "lineItems": [line]}
    first = wave.run("moneyTransactionCreate", "transaction", **sent)["transaction"]
    again = wave.run("moneyTransactionCreate", "transaction", **sent)["transaction"]
    assert first == again
    sent |= {"externalId": "l", "lineItems": [{**line, "amount": "4"}]}
    assert wave.refused("moneyTransactionCreate", "transaction", **sent)[1] == ["lineItems"]
