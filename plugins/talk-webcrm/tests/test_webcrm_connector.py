"""The connector does over webCRM's twin what its entities declare."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta

import pytest
import talk_webcrm as hooks
from pydantic import ValidationError
from talk_webcrm.settings import CrmSettings

from talk_sdk.errors import (
    ConfigError,
    DeniedError,
    MappingError,
    RejectedError,
    SafetyError,
    UnavailableError,
)
from talk_sdk.mapping import compile_mapping
from talk_sdk.testing.faults import Fault

ENTITIES = ("Organisations", "Persons", "Products", "Opportunities")
OTHER_WAY = {
    "login_401": True, "lists_by_id": True, "organisation_answer": 1.0, "create_answer": 1.0,
    "auto_number": True, "person_needs_organisation": False, "overlong_refused": False,
    "put_merges": True, "patch_merges": True, "patch_tells": False,
    "read_only_refused": False, "data_required": False,
    "country_data_writable": True, "line_touches": True, "value_from_lines": True,
}  # fmt: skip
BOTH = pytest.mark.parametrize("switches", [{}, OTHER_WAY], ids=["strict", "other way"])


def _company(crm, **body):
    sent = {"OrganisationName": "Åse AS", **body}
    return crm.made("Organisations", **sent)


def _order(crm, lines=(), **body):
    owner = _company(crm)["OrganisationId"]
    return crm.made(
        "Opportunities", OpportunityOrganisationId=owner, Quotationlines=list(lines), **body
    )


def _line(name, quantity=1, **more):
    return {"Number": "-", "Name": name, "QuotationLineQuantity": quantity, **more}


def _texts(opportunity):
    return [(x["Name"], x["QuotationLineQuantity"]) for x in opportunity["Quotationlines"]]


# --- what is declared -----------------------------------------------------------------------------


def test_import_of_the_hooks_is_light() -> None:
    heavy = "{'pydantic', 'httpx', 'msgspec', 'talk_sdk.mapping'}"
    code = f"import sys, talk_webcrm; assert not {heavy} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_setting_is_described() -> None:
    assert all(field.description for field in CrmSettings.model_fields.values())


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"products": "registered"}, "need product_organisation"),
        ({"item_name": 4}, "different Data fields"),
        ({"levels": {"won": "open"}}, "levels are numbers in quotes"),
        ({"active_status": "A", "archived_status": "A"}, "must differ"),
        ({"time_zone": "Copenhagen"}, "is no time zone"),
        ({"language": "??"}, "is no language"),
    ],
)
def test_settings_that_cannot_be_are_a_sentence(wrong, said) -> None:
    with pytest.raises(ValidationError, match=said):
        CrmSettings.model_validate({"auth_code": "x", **wrong})


def test_entities_declare_what_the_api_can(crm) -> None:
    found = {entity.name: entity for entity in hooks.talk_entities(crm.settings)}
    assert tuple(found) == ENTITIES
    assert {name for name, e in found.items() if e.incremental} == {"Organisations", "Persons"}
    assert found["Opportunities"].marker == "OpportunityCustom15"
    assert found["Products"].marker is None
    assert found["Organisations"].reread == timedelta(hours=24)
    assert {e.deletes for e in found.values()} == {"listing"}


def test_every_record_of_a_world_validates_and_fits_its_table(open_crm) -> None:
    crm = open_crm(parties=80, items=40, deals=80)
    tables = {m.entity: compile_mapping(m) for m in hooks.talk_mappings(crm.settings)}
    models = {e.name: e.model for e in hooks.talk_entities(crm.settings)}
    for entity in ENTITIES:
        records = crm.records(entity)
        assert records or entity == "Persons"
        for record in records:
            models[entity].model_validate(record)
            tables[entity].inbound(record)
            tables[entity].lines(record)


# --- signing in -----------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["form", "multipart", "json", "header"])
def test_login_by_each_transport_tells_whose_system_it_is(open_crm, how) -> None:
    assert open_crm(login=how).session.account.id == "39329"


@pytest.mark.parametrize("denied", [False, True])
def test_wrong_token_is_a_sentence_without_the_token(open_crm, denied) -> None:
    with pytest.raises(DeniedError, match=r"Check auth_code of crm in talk\.toml") as told:
        open_crm(auth_code="not-this-one", switches={"login_401": denied})
    assert "not-this-one" not in told.value.message


def test_token_that_dies_is_renewed_in_the_middle_of_a_read_and_of_a_write(open_crm) -> None:
    crm = open_crm(parties=3)
    crm.clock.advance(3601)
    assert len(crm.records("Organisations")) == len(crm.control.dump("organisations"))
    crm.clock.advance(3601)
    assert _company(crm)["OrganisationName"] == "Åse AS"


def test_stray_401_costs_a_login_and_nothing_else(crm) -> None:
    crm.faults(Fault(kind="expired_token", method="POST", path="/Organisations$", times=1))
    _company(crm)
    assert crm.effects("organisations") == {"create": 1}


def test_data_field_that_is_not_in_use_is_named_with_those_that_are(open_crm) -> None:
    with pytest.raises(ConfigError, match=r"item_number: Data5 is not in use.*Data1, Data2, Data4"):
        open_crm(item_number=5)


# --- reading --------------------------------------------------------------------------------------


def test_organisations_are_read_past_a_thousand_rows_each_with_its_main_person(crm) -> None:
    for number in range(1203):
        made = crm.control.create("organisations", {"OrganisationName": f"N{number}"})
        person = {"PersonOrganisationId": int(made), "PersonLastName": f"P{number}"}
        crm.control.create("persons", person)
    pages = crm.pages("Organisations")
    found = {r["OrganisationName"]: r["MainPerson"]["PersonLastName"]
             for page in pages for r in page.records}  # fmt: skip
    assert found == {f"N{n}": f"P{n}" for n in range(1203)}
    assert [page.complete for page in pages] == [False] * (len(pages) - 1) + [True]


def test_of_several_persons_the_lowest_id_is_the_customers_and_the_others_are_contacts(crm) -> None:
    made = int(crm.control.create("organisations", {"OrganisationName": "A"}))
    for name in ("First", "Second", "Third"):
        crm.control.create("persons", {"PersonOrganisationId": made, "PersonLastName": name})
    (organisation,) = crm.records("Organisations")
    assert organisation["MainPerson"]["PersonLastName"] == "First"
    assert [r["PersonLastName"] for r in crm.records("Persons")] == ["Second", "Third"]
    cursor = crm.cursor("Persons")
    crm.clock.advance(60)
    crm.control.edit("persons", "1", {"PersonTitle": "x"})
    crm.control.edit("persons", "3", {"PersonTitle": "y"})
    found = {r["PersonLastName"]: r["PersonTitle"] for r in crm.records("Persons", cursor)}
    assert (found["Third"], "First" in found) == ("y", False)


def test_incremental_read_has_what_changed_itself_or_in_its_persons(crm) -> None:
    for name in ("A", "B", "C"):
        made = int(crm.control.create("organisations", {"OrganisationName": name}))
        crm.control.create("persons", {"PersonOrganisationId": made, "PersonLastName": name})
    crm.clock.advance(60)
    cursor = crm.cursor("Organisations")
    crm.control.edit("organisations", "1", {"OrganisationCity": "Bodø"})
    crm.control.edit("persons", "2", {"PersonEmail": "b@x.no"})
    crm.clock.advance(60)
    found = {r["OrganisationName"]: r for r in crm.records("Organisations", cursor)}
    assert found["A"]["OrganisationCity"] == "Bodø"
    assert found["B"]["MainPerson"]["PersonEmail"] == "b@x.no"
    after = crm.cursor("Organisations", cursor)
    crm.clock.advance(60)
    assert crm.records("Organisations", after)[0]["OrganisationName"] in {"A", "B"}
    assert after != cursor


def test_private_person_is_told_from_a_company_by_a_number_alone(crm) -> None:
    assert _company(crm, OrganisationVatNumber="987654321")["Kind"] == "organisation"
    assert "Kind" not in crm.made("Organisations", OrganisationName="Kari", marker="ws:2")


def test_organisation_is_as_new_as_the_newer_of_itself_and_its_main_person(crm) -> None:
    made = _company(crm, MainPerson={"PersonEmail": "a@x.no"})
    crm.clock.advance(60)
    crm.control.edit("persons", "1", {"PersonEmail": "b@x.no"})
    assert crm.one("Organisations", made["OrganisationId"])["ChangedAt"] > made["ChangedAt"]


def test_unset_values_are_none_and_are_not_taken_for_data(crm) -> None:
    crm.control.create("organisations", {"OrganisationName": "A", "OrganisationCustom3": "--Velg--",
                                         "OrganisationCustom4": "[]"})  # fmt: skip
    crm.control.create("opportunities", {"OpportunityOrganisationId": 1})
    crm.control.create("persons", {"PersonOrganisationId": 1, "PersonLastName": "-"})
    (organisation,) = crm.records("Organisations")
    assert organisation["OrganisationCustom3"] is organisation["OrganisationCustom4"] is None
    assert organisation["OrganisationVatVerifiedAt"] is None
    (opportunity,) = crm.records("Opportunities")
    assert (opportunity["OpportunityOrderDate"], opportunity["OpportunityPersonId"]) == (None, None)
    tables = {m.entity: compile_mapping(m) for m in hooks.talk_mappings(crm.settings)}
    customer = tables["Organisations"].inbound(organisation)
    assert {value for name, value in customer.items() if name not in {"name", "active"}} == {None}
    order = tables["Opportunities"].inbound(opportunity)
    said = {name for name, value in order.items() if value is not None}
    assert said == {"customer", "status"}


def test_raw_columns_of_a_query_are_no_fields(crm) -> None:
    _company(crm)
    (listed,) = crm.records("Organisations")
    assert listed == crm.one("Organisations", listed["OrganisationId"])


def test_opportunities_come_with_their_lines_in_their_order(crm) -> None:
    crm.control.create("organisations", {"OrganisationName": "A"})
    crm.control.create("opportunities", {"OpportunityOrganisationId": 1})
    for name, place in (("b", 20), ("a", 10), ("c", 20)):
        crm.control.create("quotation_lines", {"QuotationLineOpportunityId": 1,
                                               "QuotationLineData1": name,
                                               "QuotationLineSortOrder": place})  # fmt: skip
    (found,) = crm.records("Opportunities")
    assert [line["Name"] for line in found["Quotationlines"]] == ["a", "b", "c"]
    assert crm.one("Opportunities", 1) == found


def test_deleted_line_shows_at_once_whether_or_not_it_moves_its_opportunity(open_crm) -> None:
    for touches in (False, True):
        crm = open_crm(switches={"line_touches": touches})
        made = _order(crm, [_line("a"), _line("b")])
        crm.clock.advance(60)
        crm.control.delete("quotation_lines", str(made["Quotationlines"][0]["QuotationLineId"]))
        (found,) = crm.records("Opportunities")
        assert _texts(found) == [("b", 1)]


@pytest.mark.parametrize("kind", ["short_page", "empty_page"])
@pytest.mark.parametrize("nth", [1, 2])
def test_list_of_lines_that_is_cut_short_is_no_list(crm, kind, nth) -> None:
    _order(crm, [_line("a"), _line("b"), _line("c")])
    crm.faults(Fault(kind=kind, path="/QuotationLines$", nth=nth))
    (found,) = crm.records("Opportunities")
    assert len(found["Quotationlines"]) == 3


def test_lines_that_read_otherwise_each_time_stop_the_read(crm) -> None:
    _order(crm, [_line("a"), _line("b")])
    crm.faults(Fault(kind="short_page", path="/QuotationLines$", nth=1))
    assert crm.records("Opportunities")
    crm.faults(Fault(kind="short_page", path="/QuotationLines$", nth=(1, 3)))
    with pytest.raises(UnavailableError, match="other records at each reading"):
        crm.records("Opportunities")


@pytest.mark.parametrize("kind", ["short_page", "empty_page"])
def test_query_that_is_cut_short_loses_nothing(crm, kind) -> None:
    for number in range(30):
        crm.control.create("organisations", {"OrganisationName": f"N{number}"})
        crm.clock.advance(2)
    crm.faults(Fault(kind=kind, path="/Queries$", nth=2))
    found = {record["OrganisationName"] for record in crm.records("Organisations")}
    assert found == {f"N{number}" for number in range(30)}


def test_order_is_not_shown_with_lines_from_before_it(crm) -> None:
    _order(crm, [_line("a")])
    owner = crm.control.dump("organisations")[0]["OrganisationId"]

    def type_in(call) -> None:
        if call.path == "/Queries" and len(crm.control.dump("opportunities")) == 1:
            id_ = int(crm.control.create("opportunities", {"OpportunityOrganisationId": owner}))
            line = {"QuotationLineOpportunityId": id_, "QuotationLineData1": "b"}
            crm.control.create("quotation_lines", line)

    crm.control.store.faults.on_request = type_in
    (page,) = crm.pages("Opportunities")
    assert [[name for name, _ in _texts(record)] for record in page.records] == [["a"], ["b"]]


@pytest.mark.parametrize("kind", ["short_page", "empty_page"])
def test_record_is_not_shown_without_what_belongs_to_it(crm, kind) -> None:
    opportunity = _order(crm, [_line("a"), _line("b")])["OpportunityId"]
    crm.faults(Fault(kind=kind, path="/Opportunities/.*/QuotationLines$", nth=1))
    assert _texts(crm.one("Opportunities", opportunity)) == [("a", 1), ("b", 1)]


@pytest.mark.parametrize("kind", ["short_page", "empty_page"])
def test_main_person_that_a_list_leaves_out_is_not_made_again(crm, kind) -> None:
    company = _company(crm, MainPerson={"PersonLastName": "Lund"})["OrganisationId"]
    crm.faults(Fault(kind=kind, path="/Persons$", nth=1))
    crm.changed("Organisations", company, MainPerson={"PersonFirstName": "Åse"})
    (person,) = crm.control.dump("persons")
    assert person["PersonFirstName"] == "Åse"


@pytest.mark.parametrize("kind", ["short_page", "empty_page"])
def test_look_up_that_is_cut_short_finds_nevertheless(crm, kind) -> None:
    company = _company(crm, MainPerson={"PersonLastName": "Lund"})["OrganisationId"]
    crm.faults(Fault(kind=kind, path="/Queries$", nth=1))
    (found,) = crm.find("Organisations", "OrganisationCustom15", "ws:1")
    assert found["OrganisationId"] == company
    cursor = crm.cursor("Organisations")
    crm.control.edit("organisations", str(company), {"OrganisationCity": "Bodø"})
    for nth in range(1, 6):
        crm.faults(Fault(kind=kind, path="/Queries$", nth=nth))
        for record in crm.records("Organisations", cursor):
            assert record["MainPerson"]["PersonLastName"] == "Lund"


def test_body_cut_in_the_middle_is_no_page(crm) -> None:
    _company(crm)
    crm.faults(Fault(kind="malformed", path="/Queries$", nth=(1, 2, 3, 4)))
    with pytest.raises(UnavailableError, match="no JSON"):
        crm.records("Organisations")


def test_throttled_read_waits_as_long_as_it_is_asked_to(open_crm) -> None:
    crm = open_crm(parties=3, switches={"per_minute": 3.0})
    before = crm.clock.monotonic()
    assert len(crm.records("Organisations")) == len(crm.control.dump("organisations"))
    assert crm.clock.monotonic() - before >= 60


def test_listing_that_lags_is_overlapped_and_read_by_id_is_current(open_crm) -> None:
    crm = open_crm(lag_s=20)
    ids = [crm.control.create("organisations", {"OrganisationName": n}) for n in ("A", "B")]
    crm.clock.advance(60)
    crm.control.switch("lag", 20)
    crm.control.edit("organisations", ids[0], {"OrganisationCity": "x"})
    assert crm.one("Organisations", ids[0])["OrganisationCity"] == "x"
    crm.clock.advance(15)
    crm.control.edit("organisations", ids[1], {"OrganisationCity": "y"})
    crm.clock.advance(21)
    cursor = crm.cursor("Organisations")
    found = {r["OrganisationName"]: r["OrganisationCity"] for r in
             crm.records("Organisations", cursor)}  # fmt: skip
    assert found == {"A": "x", "B": "y"}


def test_absence_is_proven_by_404_alone(crm) -> None:
    made = _company(crm)
    known = str(made["OrganisationId"])
    assert list(crm.get("Organisations", known, "999")) == [known]
    crm.faults(Fault(kind="server_error", path="/Organisations/999"))
    with pytest.raises(UnavailableError):
        crm.get("Organisations", "999")


def test_look_ups_are_by_our_key_and_by_vat_number(crm) -> None:
    made = _company(crm, OrganisationVatNumber="NO 1")
    assert crm.find("Organisations", "OrganisationCustom15", "ws:1", "WS:1", "ws:2") == [made]
    assert crm.find("Organisations", "OrganisationVatNumber", "no 1") == [made]
    assert crm.find("Organisations", "OrganisationVatNumber", "O'") == []
    for entity, key in (("Organisations", "OrganisationName"), ("Products", "Number")):
        with pytest.raises(RejectedError, match="finds no"):
            crm.find(entity, key, "x")


def test_catalogue_that_is_switched_off_is_a_sentence_and_lines_are_read_all_the_same(
    open_crm,
) -> None:
    crm = open_crm(switches={"linked_data": False})
    with pytest.raises(RejectedError, match="linked data is switched off"):
        crm.records("Products")
    made = _order(crm, [_line("a", Number="S-1")])
    assert "Product" not in made["Quotationlines"][0]


# --- organisations and persons --------------------------------------------------------------------


@BOTH
def test_organisation_is_created_with_its_main_person_whatever_a_post_answers(
    open_crm, switches
) -> None:
    crm = open_crm(switches=switches)
    made = _company(
        crm, MainPerson={"PersonEmail": "a@x.no", "PersonLastName": "-"},
        OrganisationAddressLine1="Storgata 1", OrganisationAddressLine2="2. etg.",
        OrganisationCountry="Danmark", OrganisationCountryData={"CodeISO": "DK"},
    )  # fmt: skip
    assert made["MainPerson"]["PersonEmail"] == "a@x.no"
    assert made["OrganisationAddressLine2"] == "2. etg."
    (kept,) = crm.control.dump("organisations")
    assert kept["OrganisationAddress"] == "Storgata 1\n2. etg."
    assert kept["OrganisationCountryData"] == {"CodeISO": "DK", "Name": "Danmark"}
    assert kept["OrganisationCustom15"] == "ws:1"
    assert crm.effects("persons") == {"create": 1}


@pytest.mark.parametrize("answer", [0.0, 1.0, 2.0])
def test_create_answers_nothing_an_id_or_the_record(open_crm, answer) -> None:
    # The record is what a later client saw; the description has a number, or nothing.
    switches = {"organisation_answer": answer, "create_answer": answer}
    crm = open_crm(switches=switches, held=answer == 1.0)
    owner = _company(crm)["OrganisationId"]
    person = crm.made("Persons", PersonOrganisationId=owner, PersonLastName="X", marker="ws:2")
    assert person["PersonId"] == 1
    assert crm.made("Products", Number="S-1", Name="Stol")["Number"] == "S-1"
    made = crm.made("Opportunities", OpportunityOrganisationId=owner, Quotationlines=[_line("a")])
    assert _texts(made) == [("a", 1)]


def test_organisation_without_anything_to_say_of_a_person_has_none(crm) -> None:
    made = _company(crm, MainPerson={"PersonLastName": "-", "PersonEmail": None})
    assert made["MainPerson"] is None
    changed = crm.changed(
        "Organisations", made["OrganisationId"], MainPerson={"PersonEmail": "a@x.no"}
    )
    assert changed["MainPerson"]["PersonLastName"] == "-"


@BOTH
def test_update_changes_what_is_sent_and_keeps_what_is_not_modelled(open_crm, switches) -> None:
    crm = open_crm(switches=switches)
    made = _company(crm, OrganisationCity="Oslo", OrganisationFax="1")
    id_ = str(made["OrganisationId"])
    crm.control.edit("organisations", id_, {
        "OrganisationIndustry": "Bygg", "OrganisationOwner": 7, "OrganisationPlus1": "x",
        "OrganisationXDate1": "2026-01-01T00:00:00Z", "OrganisationMemo": "--nei--",
    })  # fmt: skip
    changed = crm.changed("Organisations", id_, OrganisationCity="Bodø", OrganisationFax=None)
    assert (changed["OrganisationCity"], changed["OrganisationFax"]) == ("Bodø", "")
    (kept,) = crm.control.dump("organisations")
    assert (kept["OrganisationIndustry"], kept["OrganisationOwner"]) == ("Bygg", 7)
    assert (kept["OrganisationPlus1"], kept["OrganisationMemo"]) == ("x", "--nei--")
    assert kept["OrganisationXDate1"].startswith("2026-01-01")


def test_one_line_of_an_address_keeps_the_other(crm) -> None:
    made = _company(crm, OrganisationDeliveryAddressLine1="A", OrganisationDeliveryAddressLine2="B")
    id_ = made["OrganisationId"]
    crm.changed("Organisations", id_, OrganisationDeliveryAddressLine1="C")
    assert crm.control.dump("organisations")[0]["OrganisationDeliveryAddress"] == "C\nB"
    crm.changed("Organisations", id_, OrganisationDeliveryAddressLine2=None)
    assert crm.control.dump("organisations")[0]["OrganisationDeliveryAddress"] == "C"


@BOTH
def test_country_that_is_cleared_is_cleared_by_name_and_by_code(open_crm, switches) -> None:
    crm = open_crm(switches=switches)
    country = {"OrganisationCountry": "Norge", "OrganisationCountryData": {"CodeISO": "NO"}}
    id_ = _company(crm, **country)["OrganisationId"]
    crm.changed("Organisations", id_, OrganisationCountryData={"CodeISO": None})
    (kept,) = crm.control.dump("organisations")
    assert (kept["OrganisationCountry"], kept["OrganisationCountryData"]["CodeISO"]) == ("", "")


def test_main_person_alone_is_written_alone(crm) -> None:
    made = _company(crm, MainPerson={"PersonEmail": "a@x.no"})
    crm.control.reset_counters()
    crm.changed("Organisations", made["OrganisationId"], MainPerson={"PersonFirstName": "Åse"})
    assert (crm.effects("organisations"), crm.effects("persons")) == ({}, {"update": 1})
    assert crm.control.dump("persons")[0]["PersonEmail"] == "a@x.no"


def test_person_resigns_instead_of_being_deleted(crm) -> None:
    owner = _company(crm, MainPerson={"PersonEmail": "a@x.no"})["OrganisationId"]
    made = crm.made("Persons", PersonOrganisationId=owner, PersonLastName="-", marker="ws:2")
    changed = crm.changed("Persons", made["PersonId"], PersonStatus="Resigned")
    assert changed["PersonStatus"] == "Resigned"


# --- products -------------------------------------------------------------------------------------


@BOTH
def test_catalogue_item_has_its_words_in_the_fields_that_the_set_up_names(
    open_crm, switches
) -> None:
    crm = open_crm(switches=switches)
    made = crm.made("Products", Number="S-1", Name="Stol", QuotationLineLinkedDataItemPrice=9.5)
    (kept,) = crm.control.dump("linked_data")
    prefix = "QuotationLineLinkedDataItem"
    assert [kept[f"{prefix}Data{n}"] for n in (1, 2, 3, 4)] == ["Stol", "-", "", "S-1"]
    assert (kept[f"{prefix}Price"], kept[f"{prefix}EntityType"]) == (9.5, "Product")
    changed = crm.changed("Products", made[f"{prefix}Id"], Name="Krakk",
                          QuotationLineLinkedDataItemPrice=None)  # fmt: skip
    assert (changed["Name"], changed["Number"], changed[f"{prefix}Price"]) == ("Krakk", "S-1", 0)


def test_registered_products_are_those_of_one_organisation(open_crm) -> None:
    crm = open_crm(products="registered", product_organisation=1)
    for name in ("Own", "Other"):
        crm.control.create("organisations", {"OrganisationName": name})
    crm.control.create("products", {"ProductOrganisationId": 2, "ProductCustom1": "X"})
    made = crm.made("Products", Number="S-1", Name="Stol", ProductPrice=9.5, ProductQuantity=4)
    assert [r["Number"] for r in crm.records("Products")] == ["S-1"]
    kept = crm.control.dump("products")[1]
    assert (kept["ProductOrganisationId"], kept["ProductCustom1"]) == (1, "S-1")
    changed = crm.changed("Products", made["ProductId"], ProductQuantity=3)
    assert (changed["ProductQuantity"], changed["ProductPrice"]) == (3, 9.5)


# --- opportunities and lines ----------------------------------------------------------------------


@BOTH
def test_lines_are_created_changed_moved_and_deleted_one_by_one(open_crm, switches) -> None:
    crm = open_crm(switches=switches)
    made = _order(crm, [_line("a"), _line("b", 2), _line("c", 3)])
    assert _texts(made) == [("a", 1), ("b", 2), ("c", 3)]
    assert made["OpportunityCustom15"] == "ws:1"
    a, _, c = made["Quotationlines"]
    crm.control.reset_counters()
    wanted = [{**c, "QuotationLineQuantity": 9}, _line("new", 4), a]
    crm.get("Opportunities", str(made["OpportunityId"]))
    changed = crm.changed("Opportunities", made["OpportunityId"], Quotationlines=wanted)
    assert _texts(changed) == [("c", 9), ("new", 4), ("a", 1)]
    assert changed["Quotationlines"][0]["QuotationLineId"] == c["QuotationLineId"]
    assert crm.effects("quotation_lines") == {"update": 2, "create": 1, "delete": 1}


def test_untouched_lines_are_not_written(crm) -> None:
    made = _order(crm, [_line("a"), _line("b")])
    crm.control.reset_counters()
    wanted = [made["Quotationlines"][0], {**made["Quotationlines"][1], "Name": "B"}]
    crm.changed("Opportunities", made["OpportunityId"], Quotationlines=wanted)
    assert crm.effects("quotation_lines") == {"update": 1}


def test_edit_of_an_untouched_line_while_others_are_written_is_not_taken_for_an_answer(crm) -> None:
    made = _order(crm, [_line("a", 1), _line("b", 2)])
    first = made["Quotationlines"][0]

    def faster(request) -> None:
        if request.method == "PUT" and "/QuotationLines/" in request.path:
            crm.control.store.faults.on_request = None
            changes = {"QuotationLineQuantity": 7}
            crm.control.edit("quotation_lines", str(first["QuotationLineId"]), changes)

    crm.control.store.faults.on_request = faster
    wanted = [first, {**made["Quotationlines"][1], "QuotationLineQuantity": 9}]
    answer = crm.changed("Opportunities", made["OpportunityId"], Quotationlines=wanted)
    assert _texts(answer) == [("a", 1), ("b", 9)]
    (shown,) = crm.get("Opportunities", str(made["OpportunityId"])).values()
    assert _texts(shown) == [("a", 7), ("b", 9)]


def test_number_of_a_new_record_that_is_cut_short_is_not_taken_for_anothers(crm) -> None:
    for number in range(9):
        crm.made("Products", Number=f"S-{number}", Name="Stol")
    crm.faults(Fault(kind="malformed", method="POST"))
    outcome = crm.write("create", "Products", body={"Number": "S-10", "Name": "Bord"})
    assert (outcome.kind, "another record" in outcome.reason) == ("unknown", True)


def test_product_is_deleted_and_a_second_delete_finds_nothing(crm) -> None:
    made = crm.made("Products", Number="S-9", Name="Stol")
    (id_,) = [str(made[e.id]) for e in hooks.talk_entities(crm.settings) if e.name == "Products"]
    assert crm.write("delete", "Products", id=id_).kind == "stored"
    assert crm.get("Products", id_) == {}
    assert crm.write("delete", "Products", id=id_).kind == "gone"


def test_line_that_nobody_was_shown_is_not_deleted(crm) -> None:
    made = _order(crm, [_line("a"), _line("b")])
    id_ = made["OpportunityId"]
    crm.get("Opportunities", str(id_))
    crm.control.create("quotation_lines", {"QuotationLineOpportunityId": id_,
                                           "QuotationLineData1": "theirs"})  # fmt: skip
    changed = crm.changed("Opportunities", id_, Quotationlines=made["Quotationlines"][:1])
    assert sorted(name for name, _ in _texts(changed)) == ["a", "theirs"]


@pytest.mark.parametrize(("method", "outcome"), [("DELETE", "stored"), ("PUT", "unknown")])
def test_line_that_somebody_deletes_meanwhile_does_not_bury_its_order(crm, method, outcome) -> None:
    made = _order(crm, [_line("a"), _line("b")])
    id_, line = made["OpportunityId"], made["Quotationlines"][1]

    def faster(call) -> None:
        if call.method == method and call.path.startswith("/QuotationLines/"):
            crm.control.store.faults.on_request = None
            crm.control.delete("quotation_lines", str(line["QuotationLineId"]))

    crm.control.store.faults.on_request = faster
    changed = {**line, "QuotationLineQuantity": 9}
    wanted = made["Quotationlines"][:1] + ([changed] if method == "PUT" else [])
    crm.get("Opportunities", str(id_))
    done = crm.write("update", "Opportunities", id=id_, body={"Quotationlines": wanted})
    assert done.kind == outcome
    assert _texts(crm.one("Opportunities", id_)) == [("a", 1)]


def test_lines_without_their_ids_are_known_again_by_what_they_say(crm) -> None:
    made = _order(crm, [_line("a"), _line("b")])
    crm.control.reset_counters()
    changed = crm.changed("Opportunities", made["OpportunityId"],
                          Quotationlines=[_line("a"), _line("b"), _line("c")])  # fmt: skip
    assert _texts(changed) == [("a", 1), ("b", 1), ("c", 1)]
    assert crm.effects("quotation_lines") == {"create": 1}


def test_write_of_lines_moves_the_opportunitys_time_of_change(crm) -> None:
    made = _order(crm, [_line("a")])
    crm.clock.advance(60)
    changed = crm.changed("Opportunities", made["OpportunityId"], Quotationlines=[])
    assert changed["OpportunityUpdatedAt"] != made["OpportunityUpdatedAt"]


@BOTH
def test_line_is_of_the_product_whose_number_it_has(open_crm, switches) -> None:
    crm = open_crm(switches=switches)
    stol, krakk = (
        crm.made("Products", Number=number, Name=number)["QuotationLineLinkedDataItemId"]
        for number in ("S-1", "K-1")
    )
    made = _order(crm, [{"Product": stol, "Name": "En stol"}, {"Number": "free", "Name": "x"}])
    first, second = made["Quotationlines"]
    assert (first["Product"], first["Number"]) == (stol, "S-1")
    assert "Product" not in second
    changed = crm.changed("Opportunities", made["OpportunityId"],
                          Quotationlines=[{**first, "Product": krakk}, second])  # fmt: skip
    assert changed["Quotationlines"][0]["Product"] == krakk
    assert crm.control.dump("quotation_lines")[0]["QuotationLineData4"] == "K-1"


def test_number_that_several_products_have_tells_none(crm) -> None:
    for _ in range(2):
        crm.control.create("linked_data", {"QuotationLineLinkedDataItemData4": "S-1"})
    made = _order(crm, [_line("a", Number="S-1")])
    assert "Product" not in made["Quotationlines"][0]


@pytest.mark.parametrize("numbers", [("-", "-"), ("S-1", "S-1")])
def test_product_that_no_number_tells_is_told_by_its_id(crm, numbers) -> None:
    for number in numbers:
        crm.control.create("linked_data", {"QuotationLineLinkedDataItemData4": number})
    made = _order(crm, [_line("a", Product=2)])
    (line,) = made["Quotationlines"]
    assert (line["Product"], line["Number"]) == (2, None)
    assert crm.control.dump("quotation_lines")[0]["QuotationLineData4"] == "#2"
    changed = crm.changed("Opportunities", made["OpportunityId"],
                          Quotationlines=[{**line, "QuotationLineQuantity": 5}])  # fmt: skip
    assert changed["Quotationlines"][0]["Product"] == 2


def test_line_of_a_product_that_was_deleted_is_refused_and_its_order_stays(crm) -> None:
    made = _order(crm)
    body = {"Quotationlines": [_line("a", Product=7)]}
    outcome = crm.write("update", "Opportunities", id=made["OpportunityId"], body=body)
    assert (outcome.kind, "product 7 was deleted" in outcome.reason) == ("refused", True)


def test_opportunity_moves_to_another_organisation(crm) -> None:
    made = _order(crm)
    other = crm.made("Organisations", OrganisationName="B", marker="ws:9")["OrganisationId"]
    changed = crm.changed("Opportunities", made["OpportunityId"], OpportunityOrganisationId=other,
                          OpportunityDescription="moved")  # fmt: skip
    assert changed["OpportunityOrganisationId"] == other
    assert changed["OpportunityDescription"] == "moved"


def test_amounts_and_dates_are_cleared_by_webcrms_own_nothing(crm) -> None:
    made = _order(crm, OpportunityDiscount=5, OpportunityOrderDate="2026-05-01T00:00:00+02:00")
    crm.changed("Opportunities", made["OpportunityId"], OpportunityDiscount=None,
                OpportunityOrderDate=None)  # fmt: skip
    (kept,) = crm.control.dump("opportunities")
    assert kept["OpportunityDiscount"] == 0
    assert kept["OpportunityOrderDate"] == "0001-01-01T00:00:00+00:00"


# --- what goes wrong ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "outcome", "effects"),
    [("drop_after", "unknown", 1), ("timeout", "unknown", 1), ("server_error", "unknown", 0),
     ("rate_limit", "unsent", 0)],
)  # fmt: skip
def test_lost_answer_to_a_create_leaves_doubt(crm, kind, outcome, effects) -> None:
    crm.faults(Fault(kind=kind, method="POST", path="/Organisations$", seconds=60))
    body = {"OrganisationName": "A"}
    assert crm.write("create", "Organisations", body=body).kind == outcome
    assert len(crm.control.dump("organisations")) == effects


def test_refusal_quotes_webcrm(crm) -> None:
    outcome = crm.write("create", "Opportunities", body={"OpportunityOrganisationId": 99})
    assert outcome.kind == "refused"
    assert "OpportunityOrganisationId: there is no 99" in outcome.reason


@pytest.mark.parametrize("path", ["/Persons$", "/Organisations/1/Persons$", "/Organisations/1$"])
@pytest.mark.parametrize("kind", ["expired_token", "server_error"])
def test_fault_after_the_first_effect_of_a_create_is_doubt_whatever_it_is(crm, path, kind) -> None:
    crm.faults(Fault(kind=kind, path=path))
    body = {"OrganisationName": "A", "MainPerson": {"PersonEmail": "a@x.no"}}
    assert crm.write("create", "Organisations", body=body).kind == "unknown"
    assert crm.effects("organisations") == {"create": 1}


def test_opportunity_whose_lines_were_cut_does_not_say_which_it_has(crm) -> None:
    owner = _company(crm)["OrganisationId"]
    crm.faults(Fault(kind="server_error", method="POST", path="/QuotationLines$", nth=2))
    body = {"OpportunityOrganisationId": owner, "Quotationlines": [_line("a"), _line("b")]}
    assert crm.write("create", "Opportunities", body=body).kind == "unknown"
    crm.faults()
    (found,) = crm.find("Opportunities", "OpportunityCustom15", "ws:1")
    (read,) = crm.records("Opportunities")
    assert "Quotationlines" not in found
    assert "Quotationlines" not in read
    assert found["OpportunityCustom15"] == read["OpportunityCustom15"] == "ws:1"
    noted = crm.changed("Opportunities", found["OpportunityId"], OpportunityNote="Haster")
    assert (noted["OpportunityNote"], "Quotationlines" in noted) == ("Haster", False)
    done = crm.changed(
        "Opportunities", found["OpportunityId"], Quotationlines=[_line("a"), _line("b")]
    )
    assert _texts(done) == [("a", 1), ("b", 1)]
    assert crm.effects("quotation_lines") == {"create": 2}


def test_update_of_a_deleted_record_is_gone(crm) -> None:
    made = crm.made("Products", Number="S-1", Name="Stol")
    id_ = made["QuotationLineLinkedDataItemId"]
    crm.control.delete("linked_data", str(id_))
    assert crm.write("update", "Products", id=id_, body={"Name": "x"}).kind == "gone"


def test_ids_that_could_not_be_generated_leave_doubt_and_no_record(open_crm) -> None:
    crm = open_crm(switches={"id_generation": 5.0})
    _company(crm)
    assert crm.write("create", "Organisations", body={"OrganisationName": "B"}).kind == "unknown"
    assert len(crm.control.dump("organisations")) == 1


def test_a_plan_cannot_write(open_crm) -> None:
    crm = open_crm(writes=False, parties=3)
    assert crm.records("Organisations")
    with pytest.raises(SafetyError):
        crm.write("create", "Organisations", body={"OrganisationName": "A"})
    assert crm.control.counters()["effects"] == {}


def test_catalogue_is_never_deleted_as_a_whole(open_crm) -> None:
    crm = open_crm(items=5)
    product = crm.records("Products")[0]
    crm.changed("Products", product["QuotationLineLinkedDataItemId"], Name="x")
    assert crm.control.counters()["requests"].get("DELETE") is None


# --- words of each system -------------------------------------------------------------------------


def test_words_that_the_settings_do_not_know_say_where_to_name_them(open_crm) -> None:
    crm = open_crm()
    crm.control.create("organisations", {"OrganisationName": "A",
                                         "OrganisationCurrencyName": "Kroner"})  # fmt: skip
    (record,) = crm.records("Organisations")
    tables = {m.entity: compile_mapping(m) for m in hooks.talk_mappings(crm.settings)}
    with pytest.raises(MappingError, match="name it in `currencies`"):
        tables["Organisations"].inbound(record)
    named = crm.settings.model_copy(update={"currencies": {"kroner": "NOK"}})
    tables = {m.entity: compile_mapping(m) for m in hooks.talk_mappings(named)}
    assert tables["Organisations"].inbound(record)["currency"] == "NOK"


def test_without_an_archived_status_and_levels_nothing_is_archived_or_moved(open_crm) -> None:
    crm = open_crm(archived_status=None, levels={})
    tables = {m.entity: compile_mapping(m) for m in hooks.talk_mappings(crm.settings)}
    assert "active" not in tables["Organisations"].writable
    assert "status" not in tables["Opportunities"].writable
