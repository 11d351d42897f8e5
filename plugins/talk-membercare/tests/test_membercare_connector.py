"""The connector over MemberCare's twin: signing in, reading, looking up."""

from __future__ import annotations

from typing import Any

import pytest
import talk_membercare as hooks
from talk_membercare.simulator import API_KEY

from talk_sdk.errors import ConfigError, DeniedError, RejectedError, SafetyError, UnavailableError
from talk_sdk.mapping import compile_mapping
from talk_sdk.testing.faults import Fault
from talk_sdk.testing.world import awkward_world

BOTH = ("customwebshop", "membercare")
READ = ("Companies", "Persons", "Products", "Invoices", "Organizations")
READING: list[dict[str, Any]] = [
    {}, {"sorted": True}, {"page_cap": 7.0}, {"lists_alone": True}, {"unset_listed": True},
    {"dead_is_403": True}, {"plain_errors": True}, {"null_lists": False},
]  # fmt: skip


def table(mc, entity: str) -> Any:
    (found,) = [compile_mapping(m) for m in hooks.talk_mappings(mc.settings) if m.entity == entity]
    return found


# --- signing in -----------------------------------------------------------------------------------


def test_the_account_is_known_by_its_address(mc) -> None:
    assert mc.session.account.id == "mc.test/api/v1"


@pytest.mark.parametrize("wrong", [{"client_api_key": "wr0ng"}, {"person": "777"}])
def test_a_key_that_is_not_accepted_leaves_membercare_alone(open_mc, wrong) -> None:
    with pytest.raises(DeniedError, match="Check client_api_key and person of mc") as told:
        open_mc(**wrong)
    assert "wr0ng" not in told.value.message


@pytest.mark.parametrize("utc", [False, True])
@pytest.mark.parametrize("as_403", [False, True])
@pytest.mark.parametrize("life", [90.0, 3600.0, 86_400.0])
def test_a_token_that_dies_is_had_anew_before_or_after(open_mc, utc, as_403, life) -> None:
    switches = {"expiration_utc": utc, "dead_is_403": as_403, "token_life": life}
    mc = open_mc(switches=switches)
    mc.made("Companies", companyName="A")
    for step in (life / 2, life, 3 * life):
        mc.clock.advance(step)
        assert len(mc.ids("Companies")) == 1
    tokens = mc.control.counters()["requests"]["POST"]["token"]
    assert 2 < tokens < 8


def test_a_token_that_is_withdrawn_is_had_anew_once(mc) -> None:
    mc.faults(Fault(kind="expired_token", path="companies$", times=1))
    assert mc.ids("Companies") == []
    mc.faults(Fault(kind="expired_token", path="companies$"))
    with pytest.raises(DeniedError):
        mc.ids("Companies")


def test_the_key_is_in_no_address_and_in_no_message(open_mc) -> None:
    mc = open_mc()
    seen = []
    mc.control.store.faults.on_request = lambda call: seen.append(call.request.full_path)
    mc.clock.advance(90_000)
    mc.faults(Fault(kind="server_error", path="companies"))
    with pytest.raises(UnavailableError) as told:
        mc.ids("Companies")
    assert any("token" in path for path in seen)
    assert API_KEY not in "".join(seen) + told.value.message


def test_the_only_category_is_taken_and_of_several_one_is_to_be_named(open_mc, monkeypatch) -> None:
    from talk_membercare import simulator_members

    more = [*simulator_members.CATEGORIES, {"id": 13, "description": "Sponsor", "valid": True}]
    assert open_mc().made("Companies", companyName="A")["category"]["id"] == 11
    with pytest.raises(ConfigError, match="no valid category 12"):
        open_mc(company_category=12)
    monkeypatch.setattr(simulator_members, "CATEGORIES", more)
    with pytest.raises(ConfigError, match="Sponsor: company_category = 13"):
        open_mc()
    assert open_mc(company_category=13).made("Companies", companyName="B")["category"]["id"] == 13


# --- reading --------------------------------------------------------------------------------------


@pytest.mark.parametrize("switches", READING, ids=str)
@pytest.mark.parametrize("entity", ["Companies", "Products", "Invoices"])
def test_lists_are_read_to_the_end(open_mc, entity, switches) -> None:
    world = awkward_world(4, 400, 300, 500, systems=BOTH)
    mc = open_mc(world=world, switches=switches)
    pages = mc.pages(entity)
    assert [page.complete for page in pages] == [False] * (len(pages) - 1) + [True]
    listed = {
        r.id
        for r in mc.control.resources[
            {"Companies": "companies"}.get(entity, entity.lower())
        ].collection.current()
        if r.values.get("closeDate") is None
    }
    assert len(listed) > 150
    assert sorted(mc.ids(entity)) == sorted(listed)


@pytest.mark.parametrize("kind", ["short_page", "repeated_page", "malformed", "empty_page"])
def test_a_page_that_lost_records_is_never_the_end(open_mc, kind) -> None:
    mc = open_mc(world=awkward_world(4, 900, 0, 0, systems=BOTH))
    whole = sorted(mc.ids("Companies"))
    for nth in (1, 2, 3):
        mc.faults(Fault(kind=kind, path="companies$", nth=(nth,)))
        if kind == "empty_page" and nth == 1:
            continue  # the twin says that there is nothing at all
        try:
            found = mc.ids("Companies")
        except UnavailableError:
            continue
        finally:
            mc.faults()
        assert sorted(set(found)) == whole


@pytest.mark.parametrize("vanishes", [False, True])
def test_a_list_that_changes_while_it_is_read_loses_nothing(open_mc, vanishes) -> None:
    """One that grows shows some twice; one that shrinks is read again."""
    mc = open_mc(world=awkward_world(4, 900, 0, 0, systems=BOTH))
    known = mc.ids("Companies")

    def change(call: Any) -> None:
        if call.path.endswith("/companies") and call.query.get("page") == "2":
            mc.control.store.faults.on_request = None
            if vanishes:
                mc.control.edit("companies", known[0], {"closeDate": "2026-01-01T00:00:00"})
            else:
                mc.control.create("companies", {"companyName": "Ny"})

    mc.control.store.faults.on_request = change
    if vanishes:
        with pytest.raises(UnavailableError, match="vanished"):
            mc.ids("Companies")
    else:
        assert set(known) <= set(mc.ids("Companies"))


@pytest.mark.parametrize("local", [False, True])
@pytest.mark.parametrize("inclusive", [False, True])
@pytest.mark.parametrize("alone", [False, True])
def test_who_changed_since_is_read_through_the_debtors(open_mc, local, inclusive, alone) -> None:
    switches = {"local_filter": local, "inclusive": inclusive, "lists_alone": alone}
    mc = open_mc(world=awkward_world(4, 60, 0, 0, systems=BOTH), switches=switches)
    person = mc.made("Persons", lastname="Nordmann", marker="w:p")["debtorAccountNumber"]
    mc.clock.advance(86_400)
    cursors = {entity: mc.pages(entity)[-1].cursor for entity in ("Companies", "Persons")}
    one, other = mc.ids("Companies")[:2]
    mc.control.edit("companies", one, {"companyName": "Før"})
    mc.clock.advance(1)
    mc.control.edit("companies", other, {"companyName": "Etter"})
    mc.control.edit("persons", person, {"firstname": "Kari"})
    found = {r["debtorAccountNumber"]: r for r in mc.records("Companies", cursors["Companies"])}
    assert {one, other} <= set(found)
    assert len(found) < 5
    assert found[one] == mc.one("Companies", one)
    assert mc.ids("Persons", cursors["Persons"]) == [person]


@pytest.mark.parametrize("local", [False, True])
def test_who_changed_before_the_cursor_is_not_looked_up_again(open_mc, local) -> None:
    mc = open_mc(world=awkward_world(4, 20, 0, 0, systems=BOTH), switches={"local_filter": local})
    known = mc.ids("Companies")
    for ident in known:
        mc.control.edit("companies", ident, {"companyName": f"Ny {ident}"})
    mc.clock.advance(1800)
    mc.control.edit("companies", known[0], {"companyName": "Nyere"})
    cursor = mc.pages("Companies")[-1].cursor
    mc.clock.advance(60)
    mc.control.edit("companies", known[1], {"companyName": "Nyest"})
    assert sorted(mc.ids("Companies", cursor)) == sorted(known[:2])


def test_an_edit_while_the_pages_are_read_is_not_passed_by_the_cursor(open_mc) -> None:
    mc = open_mc(world=awkward_world(4, 900, 0, 0, systems=BOTH))
    edited: list[str] = []

    def edit(call: Any) -> None:
        if call.path.endswith("/companies") and call.query.get("page") == "2" and not edited:
            mc.clock.advance(300)
            edited.append(first[0])
            mc.control.edit("companies", first[0], {"companyName": "X"})
            mc.clock.advance(300)
            mc.control.edit("companies", late, {"companyName": "Y"})

    first = mc.ids("Companies")
    late = first[-1]
    mc.control.store.faults.on_request = edit
    pages = mc.pages("Companies")
    assert edited
    mc.clock.advance(3600)
    assert {first[0], late} <= set(mc.ids("Companies", pages[-1].cursor))


def test_an_edit_of_a_row_shows_in_a_full_read_and_in_its_time(mc) -> None:
    number = mc.made("Companies", companyName="A")["debtorAccountNumber"]
    mc.clock.advance(86_400)
    later = mc.made("Companies", companyName="B", marker="w:2")["debtorAccountNumber"]
    cursor = mc.pages("Companies")[-1].cursor
    before = mc.one("Companies", number)["changed"]
    mc.control.edit("companies", number, {"contacts": [{"type": 1, "value": "a@b.no"}]})
    assert mc.ids("Companies", cursor) == [later]  # `lastChange` has not moved
    found = {r["debtorAccountNumber"]: r for r in mc.records("Companies")}[number]
    assert found["contact"]["email"] == "a@b.no"
    assert found["changed"] > before


@pytest.mark.parametrize("entity", READ)
def test_every_record_that_is_read_fits_its_model_and_table(full, entity) -> None:
    (declared,) = [e for e in hooks.talk_entities(full.settings) if e.name == entity]
    person = full.made("Persons", lastname="N", marker="w:p")["debtorAccountNumber"]
    full.control.create("organizations", {"identificationNumber": "03", "name": "Oslo"})
    records = full.records(entity)
    assert records
    for record in records:
        declared.model.model_validate(record)
        assert table(full, entity).inbound(record)
        assert full.one(entity, str(record[declared.id])) == record
    assert person


def test_a_limit_is_waited_for(mc) -> None:
    mc.faults(Fault(kind="rate_limit", path="companies", seconds=7, times=1))
    before = mc.clock.monotonic()
    assert mc.ids("Companies") == []
    assert mc.clock.monotonic() - before >= 7


# --- what a record says ---------------------------------------------------------------------------


@pytest.mark.parametrize("null", [False, True])
@pytest.mark.parametrize("alone", [False, True])
def test_a_company_without_rows_is_one_that_has_none(open_mc, null, alone) -> None:
    mc = open_mc(switches={"null_lists": null, "lists_alone": alone})
    number = mc.made("Companies", companyName="A")["debtorAccountNumber"]
    record = mc.one("Companies", number)
    assert record["primary"] is None
    assert set(record["contact"].values()) == {None}
    (listed,) = mc.records("Companies")
    assert listed == record


def test_what_holds_today_counts_of_dated_rows(mc) -> None:
    rows = [
        {"type": 1, "value": "old@b.no", "start": "2020-01-01T00:00:00"},
        {"type": 2, "value": "now@b.no", "start": "2024-01-01T00:00:00"},
        {"type": 1, "value": "ended@b.no", "start": "2025-01-01T00:00:00",
         "end": "2026-11-01T00:00:00"},
        {"type": 1, "value": "later@b.no", "start": "2026-12-01T00:00:00"},
        {"type": 6, "value": "90112233", "start": "2020-01-01T10:30:00"},
        {"type": 12, "value": "@bygg", "start": "2020-01-01T00:00:00"},
    ]  # fmt: skip
    number = mc.made("Companies", companyName="A")["debtorAccountNumber"]
    mc.control.edit("companies", number, {"contacts": rows})
    contact = mc.one("Companies", number)["contact"]
    assert contact == {"email": "now@b.no", "phone": None, "mobile": "90112233", "fax": None,
                       "website": None}  # fmt: skip
    mc.clock.advance(45 * 86_400)
    assert mc.one("Companies", number)["contact"]["email"] == "later@b.no"


def test_ids_of_rows_are_no_data(mc) -> None:
    made = mc.made("Companies", companyName="A", contact={"email": "a@b.no"})
    mapped = table(mc, "Companies").inbound(made)
    number = made["debtorAccountNumber"]
    rows = [{"type": 1, "value": "a@b.no", "start": "2026-01-01T00:00:00"}]
    mc.control.edit("companies", number, {"contacts": rows})
    assert table(mc, "Companies").inbound(mc.one("Companies", number)) == mapped


def test_a_closed_company_is_inactive_and_read_although_its_list_leaves_it_out(mc) -> None:
    number = mc.made("Companies", companyName="A")["debtorAccountNumber"]
    mc.control.edit("companies", number, {"closeDate": "2026-10-01T00:00:00"})
    assert mc.ids("Companies") == [number]
    assert table(mc, "Companies").inbound(mc.one("Companies", number))["active"] is False


def test_only_a_number_makes_a_company_an_organisation(mc) -> None:
    private = mc.made("Companies", companyName="Kari Nordmann")
    assert "kind" not in table(mc, "Companies").inbound(private)
    number = private["debtorAccountNumber"]
    firm = mc.changed("Companies", number, registration={"number": "987654321"})
    assert table(mc, "Companies").inbound(firm)["kind"] == "organisation"


@pytest.mark.parametrize("kind", ["norwegianCompanyNumber", "cvr", "se", "vat"])
def test_organisations_are_known_by_the_number_that_the_settings_name(open_mc, kind) -> None:
    mc = open_mc(registration=kind)
    made = mc.made("Companies", companyName="A", registration={"number": "987654321"})
    assert made["registration"]["number"] == "987654321"
    number = made["debtorAccountNumber"]
    changed = mc.changed("Companies", number, registration={**made["registration"], "number": "1"})
    assert changed["registration"]["number"] == "1"
    gone = mc.changed("Companies", number, registration={**changed["registration"], "number": None})
    assert gone["registration"] is None


def test_a_person_brings_no_secrets_and_names_the_employer(mc) -> None:
    number = mc.made("Persons", firstname="Kari", lastname="N")["debtorAccountNumber"]
    jobs = [
        {"company": {"debtorAccountNumber": "1001"}, "unemployDate": "2020-01-01T00:00:00",
         "isPrimary": True},
        {"company": {"debtorAccountNumber": "1002"}, "unemployDate": None},
        {"company": {"debtorAccountNumber": "1003"}, "isPrimary": True, "officialTitle": "Leder"},
    ]  # fmt: skip
    secret = {"socialSecurityNumber": {"number": "01019912345"}, "password": "hemmelig"}
    mc.control.edit("persons", number, {"employments": jobs, **secret})
    record = mc.one("Persons", number)
    mapped = table(mc, "Persons").inbound(record)
    assert (mapped["customer"], mapped["title"]) == ("Companies:1003", "Leder")
    assert "01019912345" not in str(record)
    assert "hemmelig" not in str(record)


def test_a_unit_is_its_company_if_that_has_a_number(mc) -> None:
    address = {"line": "Gata 1", "postalCode": {"zipCode": "0155"}, "country": {"iso2Letter": "NO"}}
    number = {"number": "987654321"}
    firm = mc.made("Companies", companyName="A", registration=number, primary=address)
    plain = mc.made("Companies", companyName="B", marker="w:2", primary=address)
    for ident, company in (("1", firm), ("2", None), ("3", plain)):
        link = company["debtorAccountNumber"] if company else None
        unit = {"identificationNumber": ident, "name": f"Lag {ident}", "company": link}
        mc.control.create("organizations", unit)
    said = {r["identificationNumber"]: table(mc, "Organizations").inbound(r)
            for r in mc.records("Organizations")}  # fmt: skip
    assert said["1"] == {"organisation_number": "987654321"}
    assert said["2"]["name"] == "Lag 2"
    assert "billing_address.line1" not in said["2"] or not said["2"]["billing_address.line1"]
    assert said["3"]["billing_address.line1"] == "Gata 1"


# --- looking up -----------------------------------------------------------------------------------


def test_absence_is_proven(full) -> None:
    for entity in READ:
        assert full.get(entity, "4711") == {}


def test_members_are_found_by_our_key_and_by_nothing_else(mc) -> None:
    for entity, body in (("Companies", {"companyName": "A"}), ("Persons", {"lastname": "B"})):
        made = mc.made(entity, marker=f"w:{entity}", **body)
        mc.made(entity, marker=f"w:{entity}2", **body)
        assert mc.find(entity, "foreignId", f"w:{entity}") == [made]
        assert mc.find(entity, "foreignId", "w:nobody") == []
        with pytest.raises(RejectedError, match="finds no"):
            mc.find(entity, "contact.email", "a@b.no")
    with pytest.raises(RejectedError, match="finds no Invoices"):
        mc.find("Invoices", "orderNumber", "1")


def test_a_closed_company_is_still_found_by_our_key(mc) -> None:
    number = mc.made("Companies", companyName="A")["debtorAccountNumber"]
    mc.control.edit("companies", number, {"closeDate": "2026-10-01T00:00:00"})
    (found,) = mc.find("Companies", "foreignId", "w:g")
    assert found["debtorAccountNumber"] == number


def test_a_plan_cannot_write(open_mc) -> None:
    mc = open_mc(writes=False)
    for entity, body in (("Companies", {"companyName": "A"}), ("Persons", {"lastname": "B"})):
        with pytest.raises(SafetyError):
            mc.write("create", entity, body=body)
    assert mc.control.counters()["effects"] == {}
