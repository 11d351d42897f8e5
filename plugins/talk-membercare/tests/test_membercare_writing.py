"""The connector over MemberCare's twin: creating in several requests, changing by adding rows."""

from __future__ import annotations

from typing import Any

import pytest
import talk_membercare as hooks

from talk_sdk.mapping import compile_mapping
from talk_sdk.testing.faults import Fault

OSLO = {"postalCode": {"zipCode": "0155", "city": "Oslo"}, "country": {"iso2Letter": "NO"}}
GATA = {"line": "Gata 1 B", "location": "Bakgården", **OSLO}
WHOLE = {
    "companyName": "Bygg AS",
    "registration": {"number": "987654321"},
    "contact": {"email": "post@bygg.no", "phone": "22334455", "mobile": "90112233",
                "fax": "22334456", "website": "https://bygg.no"},
    "primary": GATA,
    "secondary": {**GATA, "line": "Lageret 2", "attention": "Kari"},
}  # fmt: skip
SWITCHES: list[dict[str, Any]] = [
    {}, {"mappings_on_create": True}, {"several_mappings": True, "unique_mappings": True},
    {"lists_on_post": True}, {"contact_ends_others": True}, {"full_addresses": False},
    {"places_by_id": False}, {"any_postal_code": True}, {"null_clears": True}, {"ok_is_200": True},
    {"lists_touch": True}, {"lists_alone": True}, {"plain_errors": True}, {"demanding": False},
    {"null_lists": False},
]  # fmt: skip


def inbound(mc, entity: str, record: Any) -> dict[str, Any]:
    (table,) = [compile_mapping(m) for m in hooks.talk_mappings(mc.settings) if m.entity == entity]
    return table.inbound(record)


@pytest.mark.parametrize("switches", SWITCHES, ids=str)
def test_a_company_comes_back_as_it_was_sent(open_mc, switches) -> None:
    mc = open_mc(switches=switches)
    said = inbound(mc, "Companies", mc.made("Companies", **WHOLE))
    assert {name: value for name, value in said.items() if value is not None} == {
        "name": "Bygg AS", "number": "1001", "organisation_number": "987654321",
        "kind": "organisation", "email": "post@bygg.no", "phone": "+4722334455",
        "mobile": "+4790112233", "fax": "+4722334456", "website": "https://bygg.no",
        "active": True,
        "billing_address.line1": "Gata 1 B", "billing_address.line2": "Bakgården",
        "billing_address.postal_code": "0155", "billing_address.city": "Oslo",
        "billing_address.country": "NO",
        "shipping_address.line1": "Lageret 2", "shipping_address.line2": "Bakgården",
        "shipping_address.postal_code": "0155", "shipping_address.city": "Oslo",
        "shipping_address.country": "NO", "shipping_address.name": "Kari",
    }  # fmt: skip


@pytest.mark.parametrize("switches", SWITCHES, ids=str)
def test_a_changed_row_takes_the_place_of_the_one_before(open_mc, switches) -> None:
    mc = open_mc(switches=switches)
    made = mc.made("Companies", **WHOLE)
    number = made["debtorAccountNumber"]
    mc.clock.advance(3 * 86_400)
    # What the engine sends: an address is whole, with what was there right before.
    primary = {**made["primary"], "line": "Nygata 7"}
    changed = mc.changed(
        "Companies", number, companyName="Bygg og Anlegg AS",
        contact={"email": "ny@bygg.no"}, primary=primary,
    )  # fmt: skip
    said = inbound(mc, "Companies", changed)
    assert (said["name"], said["email"]) == ("Bygg og Anlegg AS", "ny@bygg.no")
    assert said["billing_address.line1"] == "Nygata 7"
    assert said["billing_address.line2"] == "Bakgården"
    assert said["shipping_address.line1"] == "Lageret 2"
    assert said["phone"] == "+4722334455"
    rows = next(r for r in mc.control.dump("companies") if r["debtorAccountNumber"] == number)
    ended = [row["end"] for row in rows["addresses"] if row["addressType"] == 1]
    assert ended == ["2026-11-04T00:00:00", None]


def test_two_changes_on_one_day_end_with_the_second(mc) -> None:
    number = mc.made("Companies", **WHOLE)["debtorAccountNumber"]
    for email in ("a@b.no", "c@d.no", "a@b.no"):
        record = mc.changed("Companies", number, contact={"email": email})
        assert record["contact"]["email"] == email


def test_what_we_do_not_know_of_an_address_survives_a_change_of_it(mc) -> None:
    number = mc.made("Companies", companyName="A")["debtorAccountNumber"]
    row = {"addressType": 1, "street": "Gata", "number": "12", "letter": "B", "careOf": "Lund",
           "floor": "2", **OSLO}  # fmt: skip
    mc.control.edit("companies", number, {"addresses": [row]})
    before = mc.one("Companies", number)["primary"]
    assert before["line"] == "Gata 12B 2"
    after = mc.changed("Companies", number, primary={**before, "location": "Bakgården"})["primary"]
    assert (after["street"], after["number"], after["careOf"]) == ("Gata", "12", "Lund")
    assert after["line"] == before["line"]
    moved = mc.changed("Companies", number, primary={**after, "line": "Ny 3"})["primary"]
    assert (moved["street"], moved["number"], moved["floor"]) == ("Ny 3", None, None)
    assert moved["careOf"] == "Lund"


def test_a_city_is_that_of_its_postal_code_and_an_unknown_code_is_added(mc) -> None:
    address = {"line": "X", "country": {"iso2Letter": "NO"}}
    said = {**address, "postalCode": {"zipCode": "0155", "city": "OSLO S"}}
    assert mc.made("Companies", companyName="A", primary=said)["primary"]["postalCode"]["city"] \
        == "Oslo"  # fmt: skip
    said = {**address, "postalCode": {"zipCode": "9990", "city": "Båtsfjord"}}
    made = mc.made("Companies", companyName="B", marker="w:2", primary=said)
    assert made["primary"]["postalCode"]["city"] == "Båtsfjord"
    mc.made("Companies", companyName="C", marker="w:3", primary=said)
    assert mc.control.counters()["effects"]["postal_codes"] == {"create": 1}


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ({"country": {"iso2Letter": "ZW"}, "postalCode": {"zipCode": "1"}}, "no country ZW"),
        ({"country": {"iso2Letter": "NO"}, "postalCode": {"zipCode": "9990"}}, "names no city"),
    ],
)
def test_a_place_that_cannot_be_is_refused_before_there_is_a_company(mc, place, words) -> None:
    outcome = mc.write("create", "Companies", body={"companyName": "A", "primary": place})
    assert outcome.kind == "refused"
    assert words in outcome.reason
    assert mc.control.dump("companies") == []


@pytest.mark.parametrize("switches", [{}, {"lists_on_post": True}, {"null_clears": True}], ids=str)
def test_a_person_is_created_and_changed(open_mc, switches) -> None:
    mc = open_mc(switches=switches)
    contact = {"email": "kari@b.no", "mobile": "90112233"}
    made = mc.made("Persons", firstname="Kari", lastname="Nordmann", contact=contact)
    number = made["debtorAccountNumber"]
    changed = mc.changed("Persons", number, firstname="Kaja", contact={"email": "kaja@b.no"})
    said = inbound(mc, "Persons", changed)
    assert (said["first_name"], said["last_name"]) == ("Kaja", "Nordmann")
    assert (said["email"], said["mobile"]) == ("kaja@b.no", "+4790112233")


def test_a_refusal_says_why_in_membercares_words(mc) -> None:
    outcome = mc.write("create", "Companies", body={"companyName": ""})
    assert outcome.kind == "refused"
    assert "Company name must be set" in outcome.reason
    assert mc.write("update", "Companies", id="4711", body={"companyName": "A"}).kind == "gone"


def test_a_row_that_somebody_has_deleted_does_not_make_the_company_gone(mc) -> None:
    made = mc.made("Companies", **WHOLE)
    number = made["debtorAccountNumber"]
    mc.control.edit("companies", number, {"addresses": []})
    changed = mc.changed("Companies", number, primary={**made["primary"], "line": "Ny 1"})
    assert changed["primary"]["line"] == "Ny 1"
    stale = {"number": "910000001", "id": 4711}
    outcome = mc.write("update", "Companies", id=number, body={"registration": stale})
    assert outcome.kind == "refused"
    assert "no such number" in outcome.reason


def test_a_member_gets_our_key_where_it_can_be_looked_up(mc) -> None:
    made = mc.made("Companies", companyName="A")
    (mapping,) = made["foreignSystemMappings"]
    assert (mapping["externalId"], mapping["foreignSystem"]["name"]) == ("w:g", "talk-sdk")
    assert made["foreignId"] == "w:g"
    mc.made("Companies", companyName="B", marker="w:2")
    assert mc.control.counters()["effects"]["foreign_systems"] == {"create": 1}


# --- creations that are cut -----------------------------------------------------------------------

STEPS = ["companies$", "foreignSystem/", "registrationNumbers", "contacts$", "addresses$"]


@pytest.mark.parametrize("switches", [{}, {"mappings_on_create": True}], ids=str)
@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "timeout", "server_error"])
@pytest.mark.parametrize("step", STEPS)
def test_a_creation_that_is_cut_is_in_doubt_and_found_by_its_key(
    open_mc, step, kind, switches
) -> None:
    mc = open_mc(switches=switches)
    mc.faults(Fault(kind=kind, method="POST", path=step, times=1))
    outcome = mc.write("create", "Companies", body=WHOLE)
    if step == "foreignSystem/" and switches:
        assert outcome.kind == "stored"  # there was nothing to cut
        return
    assert outcome.kind == "unknown"
    made = mc.control.dump("companies")
    found = mc.find("Companies", "foreignId", "w:g")
    assert [f["debtorAccountNumber"] for f in found] == [m["debtorAccountNumber"] for m in made]
    there = step != "companies$" or kind in {"drop_after", "timeout"}
    assert len(made) == there
    assert all(f["foreignId"] == "w:g" for f in found)


def test_a_refusal_after_the_company_is_there_does_not_lose_it(mc) -> None:
    mc.faults(Fault(kind="server_error", method="POST", path="contacts$", status=400))
    outcome = mc.write("create", "Companies", body=WHOLE)
    assert outcome.kind == "unknown"
    assert len(mc.find("Companies", "foreignId", "w:g")) == 1


def test_a_token_that_dies_in_a_creation_does_not_lose_the_company(mc) -> None:
    mc.faults(Fault(kind="expired_token", method="POST", path="contacts$"))
    assert mc.write("create", "Companies", body=WHOLE).kind == "unknown"
    assert len(mc.find("Companies", "foreignId", "w:g")) == 1


def test_a_company_whose_creation_was_cut_is_linked_when_it_is_next_changed(mc) -> None:
    mc.faults(Fault(kind="drop_after", method="POST", path="companies$", times=1))
    assert mc.write("create", "Companies", body=WHOLE).kind == "unknown"
    (found,) = mc.find("Companies", "foreignId", "w:g")
    assert not found["foreignSystemMappings"]
    rest = {name: value for name, value in WHOLE.items() if name != "companyName"}
    done = mc.changed("Companies", found["debtorAccountNumber"], **rest)
    assert done["foreignSystemMappings"][0]["externalId"] == "w:g"
    assert done["contact"]["email"] == "post@bygg.no"
    assert len(mc.control.dump("companies")) == 1


def test_an_external_id_of_somebody_elses_is_no_key_of_ours(mc) -> None:
    number = mc.made("Companies", companyName="A")["debtorAccountNumber"]
    mc.control.edit("companies", number, {"externalId": "K-17", "foreignSystemMappings": []})
    assert mc.one("Companies", number)["foreignId"] is None
    assert mc.find("Companies", "foreignId", "w:g") == []
