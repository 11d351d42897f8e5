"""The connector does over Wave's twin what its entities declare, whatever Wave turns out to do."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import talk_wave as hooks
from talk_wave.settings import WaveSettings
from talk_wave.simulator_business import record_id

from talk_sdk.errors import (
    ConfigError,
    DeniedError,
    RejectedError,
    SafetyError,
    UnavailableError,
)
from talk_sdk.mapping import compile_mapping
from talk_sdk.operations import Outcome
from talk_sdk.testing.faults import Fault

ENTITIES = ["Customer", "Product", "Invoice"]
READING: list[dict[str, Any]] = [
    {},
    {"inclusive": True},
    {"precision": 0.001},
    {"page_cap": 10.0},
    {"page_totals": False},
    {"archived_listed": True},
    {"empty_objects": True},
    {"unpaid_status": True},
]

# --- what is declared -----------------------------------------------------------------------------


def test_import_of_the_hooks_is_light() -> None:
    heavy = "{'pydantic', 'httpx', 'msgspec', 'talk_sdk.mapping', 'graphql'}"
    code = f"import sys, talk_wave; assert not {heavy} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_connector_needs_neither_the_simulator_nor_its_library() -> None:
    code = """
import sys
import talk_wave.account, talk_wave.api, talk_wave.mappings
assert not [m for m in sys.modules if m.startswith(("graphql", "talk_wave.simulator", "werkzeug"))]
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_setting_is_described() -> None:
    assert all(field.description for field in WaveSettings.model_fields.values())


@pytest.mark.parametrize(
    "given",
    [{}, {"client_id": "x"}, {"client_secret": "x"},
     {"access_token": "t", "client_id": "x", "client_secret": "y"}],
)  # fmt: skip
def test_there_is_one_way_in(given: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="either access_token, or client_id and client_secret"):
        WaveSettings.model_validate(given)


@pytest.mark.parametrize("switches", READING, ids=str)
def test_every_record_validates_and_fits_its_table(open_wave, switches) -> None:
    wave = open_wave(switches=switches)
    tables = {m.entity: compile_mapping(m) for m in hooks.talk_mappings(wave.settings)}
    for entity in hooks.talk_entities(wave.settings):
        records = wave.records(entity.name)
        assert sorted(r["id"] for r in records) == sorted(wave.known(entity.name))
        for record in records:
            entity.model.model_validate(record)
            tables[entity.name].inbound(record)
            tables[entity.name].lines(record)


# --- the account ----------------------------------------------------------------------------------


def test_the_account_is_the_business(wave) -> None:
    assert wave.session.account.id == wave.twin.settings["business_id"]
    assert wave.session.account.name


def test_a_bare_uuid_names_the_business_as_well(open_wave) -> None:
    from base64 import b64decode

    wave = open_wave()
    uuid = b64decode(str(wave.twin.settings["business_id"])).decode().removeprefix("Business:")
    assert open_wave(business_id=uuid).session.account.id == wave.session.account.id


@pytest.mark.parametrize("entity", ENTITIES)
def test_a_business_that_the_token_does_not_reach_is_refused(open_wave, entity) -> None:
    with pytest.raises((ConfigError, DeniedError), match="no access to"):
        open_wave(business_id="QnVzaW5lc3M6bm9uZQ==")


def test_a_personal_business_is_refused(open_wave) -> None:
    from talk_wave.simulator_business import PERSONAL_ID

    with pytest.raises(ConfigError, match="is a personal account"):
        open_wave(business_id=PERSONAL_ID, income_account=None, line_product=None,
                  shipping_product=None)  # fmt: skip


def test_a_sign_in_for_another_business_is_refused(open_wave) -> None:
    from talk_wave.simulator import CLIENT_ID, CLIENT_SECRET

    tokens = {"access_token": "none", "businessId": "QnVzaW5lc3M6bm9uZQ=="}
    with pytest.raises(DeniedError):
        open_wave(access_token=None, client_id=CLIENT_ID, client_secret=CLIENT_SECRET, vault=tokens)


def test_the_income_account_is_checked_and_a_wrong_one_says_how_to_find_the_right_one(
    open_wave,
) -> None:
    with pytest.raises(ConfigError, match="leave the setting out to see those that it has"):
        open_wave(income_account=record_id("Account", 999))


ACCOUNT = """mutation ($input: AccountCreateInput!) {
  accountCreate(input: $input) { didSucceed } }"""


def test_the_only_income_account_is_taken_and_of_several_one_is_to_be_named(wave) -> None:
    unnamed = wave.settings.model_copy(update={"income_account": None})
    session = hooks.talk_open(unnamed, wave.http, wave.vault)
    assert session.client._income == wave.settings.income_account
    account = {"businessId": wave.session.account.id, "subtype": "INCOME", "name": "Kurs"}
    wave.session.client._gql.execute(ACCOUNT, {"input": account})
    with pytest.raises(ConfigError, match=r"several, write one of these: .*Kurs: income_account ="):
        hooks.talk_open(unnamed, wave.http, wave.vault)


@pytest.mark.parametrize("name", ["line_product", "shipping_product"])
def test_a_product_named_by_its_name_is_told_by_its_id(open_wave, name) -> None:
    with pytest.raises(ConfigError) as told:
        open_wave(**{name: "diverse"})
    wave = open_wave()
    assert f'write {name} = "{wave.settings.line_product}"' in told.value.message
    with pytest.raises(ConfigError, match="neither by id nor by name"):
        open_wave(**{name: "no such thing"})


@pytest.mark.parametrize("http_401", [False, True])
def test_a_token_that_is_not_accepted_leaves_wave_alone(open_wave, http_401) -> None:
    with pytest.raises(DeniedError, match="credentials of books") as told:
        open_wave(access_token="wr0ng", switches={"http_401": http_401})
    assert "wr0ng" not in told.value.message


# --- reading --------------------------------------------------------------------------------------


@pytest.mark.parametrize("switches", READING, ids=str)
@pytest.mark.parametrize("entity", ENTITIES)
def test_pages_are_read_to_the_end(open_wave, entity, switches) -> None:
    wave = open_wave(parties=500, items=300, deals=260, switches=switches)
    pages = wave.pages(entity)
    assert len(pages) > 1
    assert [page.complete for page in pages] == [False] * (len(pages) - 1) + [True]
    assert sorted(wave.ids(entity)) == sorted(wave.known(entity))


@pytest.mark.parametrize("switches", READING, ids=str)
@pytest.mark.parametrize("entity", ENTITIES)
def test_what_was_edited_after_a_read_is_all_but_alone_in_the_next(
    open_wave, entity, switches
) -> None:
    wave = open_wave(switches=switches)
    wave.clock.advance(86_400)
    cursor = wave.pages(entity)[-1].cursor
    collection = {"Customer": "customers", "Product": "products", "Invoice": "invoices"}[entity]
    field = {"Customer": "internalNotes", "Product": "description", "Invoice": "memo"}[entity]
    edited = wave.known(entity)[0]
    wave.control.edit(collection, edited, {field: "x"})
    found = wave.ids(entity, cursor)
    assert edited in found
    assert len(found) < 6


@pytest.mark.parametrize("inclusive", [False, True])
def test_an_edit_in_the_second_of_the_last_look_is_not_missed(open_wave, inclusive) -> None:
    wave = open_wave(switches={"inclusive": inclusive}, overlap_s=0)
    one, other = wave.known("Customer")[:2]
    wave.control.edit("customers", one, {"internalNotes": "x"})
    cursor = wave.pages("Customer")[-1].cursor
    wave.control.edit("customers", other, {"internalNotes": "y"})
    assert {one, other} <= set(wave.ids("Customer", cursor))


@pytest.mark.parametrize("archived_listed", [False, True])
def test_archived_products_are_read_and_keep_a_cursor_of_their_own(
    open_wave, archived_listed
) -> None:
    wave = open_wave(switches={"archived_listed": archived_listed})
    live, late = [r["id"] for r in wave.records("Product") if not r["isArchived"]][:2]
    wave.control.edit("products", live, {"isArchived": True})
    assert {r["id"]: r["isArchived"] for r in wave.records("Product")}[live] is True
    cursor = wave.pages("Product")[-1].cursor
    wave.clock.advance(600)
    wave.control.edit("products", live, {"description": "x"})
    wave.control.edit("products", late, {"description": "y"})
    assert {live, late} <= set(wave.ids("Product", cursor))


def test_a_cursor_stays_where_nothing_was_edited(wave) -> None:
    for entity in ENTITIES:
        cursor = wave.pages(entity)[-1].cursor
        assert wave.pages(entity, cursor)[-1].cursor == cursor


def test_an_empty_list_gives_no_cursor(open_wave) -> None:
    wave = open_wave(parties=0, items=0, deals=0)
    (page,) = wave.pages("Invoice")
    assert (page.records, page.cursor, page.complete) == ([], None, True)


def test_a_query_that_costs_too_much_is_asked_in_smaller_pages(open_wave) -> None:
    wave = open_wave(parties=200, items=50, deals=200, switches={"max_cost": 900.0})
    before = wave.requests()
    assert sorted(wave.ids("Invoice")) == sorted(wave.known("Invoice"))
    first = wave.requests() - before
    wave.ids("Invoice")
    # What was learnt once is not tried again.
    assert wave.requests() - before - first < first


def test_a_query_that_costs_too_much_for_one_record_is_told(open_wave) -> None:
    wave = open_wave()
    wave.control.switch("max_cost", 1.0)
    with pytest.raises(RejectedError, match="exceeds the maximum cost"):
        wave.ids("Invoice")


@pytest.mark.parametrize("kind", ["short_page", "repeated_page", "malformed"])
def test_a_page_that_lost_records_is_never_the_end(open_wave, kind) -> None:
    """Either all records come, or the read says that it is not complete."""
    wave = open_wave(parties=900, deals=60)
    for nth in (1, 2, 3):
        wave.faults(Fault(kind=kind, path="customers", nth=(nth,)))
        try:
            found = wave.ids("Customer")
        except UnavailableError:
            continue
        finally:
            wave.faults()
        assert sorted(set(found)) == sorted(wave.known("Customer"))


def test_a_stray_429_is_waited_for(wave) -> None:
    wave.faults(Fault(kind="rate_limit", path="customers", seconds=7, times=1))
    before = wave.clock.monotonic()
    assert wave.ids("Customer")
    assert wave.clock.monotonic() - before >= 7


def test_payments_show_in_the_status_and_only_in_a_full_read(wave) -> None:
    invoice = next(r for r in wave.records("Invoice") if r["status"] != "DRAFT"
                   and float(r["total"]["value"]) > 0)  # fmt: skip
    assert invoice["paymentStatus"] == "unpaid"
    cursor = wave.pages("Invoice")[-1].cursor
    wave.clock.advance(600)
    total = invoice["total"]["value"]
    wave.control.edit("invoices", invoice["id"], {"amountPaid": {"value": "0.01"}})
    assert wave.get("Invoice", invoice["id"])[invoice["id"]]["paymentStatus"] == "partial"
    wave.control.edit("invoices", invoice["id"], {"amountPaid": {"value": total}})
    read = {r["id"]: r for r in wave.records("Invoice")}[invoice["id"]]
    assert (read["status"], read["paymentStatus"]) == ("PAID", "paid")
    assert cursor is not None


# --- looking up -----------------------------------------------------------------------------------


@pytest.mark.parametrize("entity", ENTITIES)
def test_records_come_by_id_and_absence_is_proven(wave, entity) -> None:
    ids = wave.known(entity)[:12]
    gone = record_id(entity, 123_456)
    found = wave.get(entity, *ids, gone)
    assert list(found) == ids
    assert wave.get(entity, gone) == {}
    assert wave.get(entity, ids[0])[ids[0]] == found[ids[0]]
    assert {r["id"]: r for r in wave.records(entity)}[ids[0]] == found[ids[0]]


def test_many_are_asked_for_in_one_request(wave) -> None:
    ids = wave.known("Customer")[:10]
    before = wave.requests()
    assert len(wave.get("Customer", *ids)) == 10
    assert wave.requests() - before == 1


def test_a_business_that_is_not_to_be_seen_proves_no_absence(wave) -> None:
    wave.session.client._business = "QnVzaW5lc3M6bm9uZQ=="
    with pytest.raises((DeniedError, UnavailableError)):
        wave.get("Customer", wave.known("Customer")[0])


@pytest.mark.parametrize("exact", [False, True])
def test_customers_are_found_by_email_and_by_nothing_else(open_wave, exact) -> None:
    wave = open_wave(switches={"email_exact": exact})
    ident = wave.made("Customer", name="A", email="Kari@example.no")["id"]
    wave.made("Customer", name="B", email="notkari@example.no")
    assert [r["id"] for r in wave.find("Customer", "email", "Kari@example.no")] == [ident]
    assert wave.find("Customer", "email", "nobody@example.no") == []
    for entity, key in (("Customer", "displayId"), ("Invoice", "poNumber"), ("Product", "name")):
        with pytest.raises(RejectedError, match="Wave finds no"):
            wave.find(entity, key, "x")


# --- writing --------------------------------------------------------------------------------------


def test_a_plan_cannot_write(open_wave) -> None:
    wave = open_wave(writes=False)
    with pytest.raises(SafetyError):
        wave.write("create", "Customer", body={"name": "A"})
    assert wave.control.counters()["effects"] == {}


@pytest.mark.parametrize("nameless", [False, True])
def test_shipping_details_of_a_new_customer_go_to_the_customer(open_wave, nameless) -> None:
    wave = open_wave(switches={"nameless_shipping": nameless})
    made = wave.made(
        "Customer",
        name="A",
        shippingDetails={"address": {"city": "Oslo", "country": {"code": "NO"}}},
    )
    assert made["shippingDetails"]["address"]["city"] == "Oslo"
    assert made["shippingDetails"]["name"] == "A"


def test_an_address_that_is_emptied_is_cleared(wave) -> None:
    made = wave.made("Customer", name="A", address={"city": "Oslo"})
    parts = dict.fromkeys(("addressLine1", "addressLine2", "city", "postalCode"))
    outcome = wave.write("update", "Customer", id=made["id"], body={"address": parts})
    assert outcome.kind == "stored", outcome.reason
    assert not (outcome.record["address"] or {}).get("city")


@pytest.mark.parametrize(
    ("price", "kept"),
    [("1.000005", "1.00001"), ("1.0000049", "1"), ("-1.000005", "-1.00001"), ("12.5", "12.5")],
)
def test_prices_keep_five_places_with_ties_away_from_zero(wave, price, kept) -> None:
    (table,) = [compile_mapping(m) for m in hooks.talk_mappings(wave.settings)
                if m.entity == "Product"]  # fmt: skip
    body = table.outbound({"name": f"P {price}", "unit_price": price}, {})
    made = wave.made("Product", **body)
    assert table.inbound(made)["unit_price"] == kept
    assert table.render("unit_price", price, {}) == kept


def test_a_new_product_is_sold_and_may_begin_archived(wave) -> None:
    made = wave.made("Product", name="Ny", unitPrice="1", isArchived=True)
    (record,) = [r for r in wave.control.dump("products") if r["id"] == made["id"]]
    assert (record["isSold"], record["isArchived"], made["isArchived"]) == (True, True, True)


def invoice(wave, **more: Any) -> Any:
    customer = wave.made("Customer", name="Kunde")["id"]
    return wave.made("Invoice", customer={"id": customer}, status="SAVED", **more)


def test_the_answer_to_a_create_has_what_wave_filled_in(wave) -> None:
    made = invoice(wave)
    assert made["invoiceNumber"]
    assert made["invoiceDate"]
    assert made["dueDate"] > made["invoiceDate"]
    assert made["title"] == "Invoice"
    assert made["content"] == {"items": [], "shipping": None, "freight": []}


def test_a_refusal_says_where_and_why_in_waves_words(wave) -> None:
    outcome = wave.write("create", "Customer", body={"name": ""})
    assert outcome.kind == "refused"
    assert outcome.reason.startswith("books: name: ")
    outcome = wave.write("create", "Invoice", body={"customer": {"id": record_id("Customer", 99)}})
    assert outcome.kind == "refused"
    assert "could not be found" in outcome.reason


def test_a_customer_is_deleted_once_and_one_with_invoices_never(wave) -> None:
    made = wave.made("Customer", name="A")
    assert wave.write("delete", "Customer", id=made["id"]) == Outcome("stored")
    assert wave.get("Customer", made["id"]) == {}
    assert wave.write("delete", "Customer", id=made["id"]).kind == "gone"
    billed = wave.control.dump("invoices")[0]["customer"]["id"]
    refused = wave.write("delete", "Customer", id=billed)
    assert (refused.kind, "invoices" in refused.reason) == ("refused", True)


def test_what_a_record_refers_to_and_cannot_be_found_does_not_make_it_gone(wave) -> None:
    made = invoice(wave)
    body = {"customer": {"id": record_id("Customer", 999)}}
    assert wave.write("update", "Invoice", id=made["id"], body=body).kind == "refused"
    wave.control.delete("invoices", made["id"])
    outcome = wave.write("update", "Invoice", id=made["id"], body={"memo": "x"})
    assert outcome.kind == "gone"


@pytest.mark.parametrize("lag", [0.0, 3.0])
def test_a_customer_that_was_just_created_may_take_a_moment_to_be_found(open_wave, lag) -> None:
    wave = open_wave(switches={"reference_lag": lag})
    assert invoice(wave)["customer"]


@pytest.mark.parametrize("kind", ["drop_after", "timeout", "malformed", "graphql_error"])
def test_a_mutation_without_an_answer_is_in_doubt_and_not_repeated(wave, kind) -> None:
    wave.faults(Fault(kind=kind, method="POST", path="customers", times=1, effect=True))
    assert wave.write("create", "Customer", body={"name": "A"}).kind == "unknown"
    made = [c for c in wave.control.dump("customers") if c["name"] == "A"]
    assert len(made) <= 1


def test_a_mutation_that_was_limited_is_sent_again(wave) -> None:
    wave.faults(Fault(kind="rate_limit", method="POST", path="customers", seconds=2, times=2))
    assert wave.write("create", "Customer", body={"name": "A"}).kind == "stored"


@pytest.mark.parametrize("merges", [False, True])
@pytest.mark.parametrize("null_clears", [False, True])
def test_texts_are_cleared_whichever_way_wave_clears_them(open_wave, merges, null_clears) -> None:
    wave = open_wave(switches={"address_merges": merges, "null_clears": null_clears})
    made = wave.made(
        "Customer", name="A", phone="1", address={"city": "Oslo", "addressLine1": "Gata 1"}
    )
    body = {"phone": None, "address": {"city": "Oslo", "addressLine1": None}}
    before = wave.requests()
    outcome = wave.write("update", "Customer", id=made["id"], body=body)
    assert outcome.kind == "stored"
    assert not outcome.record["phone"]
    assert not outcome.record["address"]["addressLine1"]
    assert outcome.record["address"]["city"] == "Oslo"
    assert wave.requests() - before == (1 if null_clears else 2)
