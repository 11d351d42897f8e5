"""MemberCare's twin answers as the API is known to: sign-in, lists, members, dated rows, errors.

Requests are written by hand from what is known of the API, never through the connector.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from talk_membercare.simulator import API_KEY, PERSON, simulator

from talk_sdk.operations import Simulator
from talk_sdk.testing.clock import VirtualClock
from talk_sdk.testing.control import LocalControl, local_control
from talk_sdk.testing.faults import Fault, Faults
from talk_sdk.testing.neutral import World
from talk_sdk.testing.world import awkward_world

BOTH = ("customwebshop", "membercare")
EMPTY = World((), (), ())
KUNDE = {"id": 11}
OSLO = {"country": {"id": 500, "iso2Letter": "NO"}, "postalCode": {"id": 3000, "zipCode": "0155"}}


@dataclass
class Twin:
    http: httpx.Client
    twin: Simulator
    control: LocalControl
    clock: VirtualClock

    def get(self, path: str, **query: Any) -> Any:
        answer = self.http.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any = None, **query: Any) -> Any:
        answer = self.http.post(path, json=body, params=query)
        assert answer.status_code in {200, 204}, answer.text
        return answer.json() if answer.content else None

    def refused(self, method: str, path: str, body: Any = None, **query: Any) -> str:
        """The bare text of a 400."""
        answer = self.http.request(method, path, json=body, params=query)
        assert answer.status_code == 400, answer.text
        return str(answer.json())

    def pages(self, path: str, **query: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        page = self.get(path, **query)
        while True:
            found += page["result"] or ()
            if page["nextPageUrl"] is None:
                return found
            page = self.http.get(page["nextPageUrl"]).json()

    def company(self, name: str = "Bygg AS", **more: Any) -> str:
        body = {"companyName": name, "category": KUNDE, "financeType": 1, **more}
        return str(self.post("/companies", body)["debtorAccountNumber"])

    def seen(self, number: str) -> dict[str, Any]:
        """A company with its addresses and contacts."""
        rows = self.pages("/companies", includeAddressAndContactInfo="true")
        (found,) = [row for row in rows if row["debtorAccountNumber"] == number]
        return found


@pytest.fixture
def open_twin(checked, clients) -> Callable[..., Twin]:
    def make(world: World = EMPTY, **switches: Any) -> Twin:
        clock, faults = VirtualClock(), Faults()
        twin = simulator(world, clock, faults)
        for name, value in switches.items():
            faults.switch(name, value)
        http = httpx.Client(transport=checked(twin.app, clock), base_url="http://mc.test/api/v1")
        clients.append(http)
        sent = {"clientApiKey": API_KEY, "personToImpersonate": PERSON}
        http.headers["token"] = http.post("/token", json=sent).json()["value"]
        return Twin(http, twin, local_control(twin), clock)

    return make


@pytest.fixture
def twin(open_twin: Callable[..., Twin]) -> Twin:
    return open_twin()


# --- base URL and auth ----------------------------------------------------------------------------


def test_a_token_is_had_by_get_and_by_post_with_the_same_two_values(twin: Twin) -> None:
    sent = {"clientApiKey": API_KEY, "personToImpersonate": PERSON}
    one, other = twin.get("/token", **sent), twin.post("/token", sent)
    assert one["value"] != other["value"]
    assert set(one) == {"value", "expiration"}


def test_a_wrong_key_and_an_unknown_person_get_no_token(twin: Twin) -> None:
    sent = {"clientApiKey": "x", "personToImpersonate": PERSON}
    assert "key" in twin.refused("POST", "/token", sent)
    sent = {"clientApiKey": API_KEY, "personToImpersonate": "777"}
    assert twin.http.post("/token", json=sent).status_code == 404


def test_the_token_stands_bare_in_a_header_of_its_own(twin: Twin) -> None:
    value = twin.http.headers.pop("token")
    for headers in ({}, {"Authorization": f"Bearer {value}"}, {"token": f"Bearer {value}"}):
        assert twin.http.get("/companies", headers=headers).status_code == 401
    assert twin.http.get("/companies", headers={"token": value}).status_code == 200


@pytest.mark.parametrize(("as_403", "status"), [(False, 401), (True, 403)])
def test_a_token_dies_at_its_expiration_and_the_answer_says_nothing(
    open_twin, as_403, status
) -> None:
    twin = open_twin(token_life=60.0, dead_is_403=as_403)
    twin.clock.advance(61)
    answer = twin.http.get("/companies")
    assert (answer.status_code, answer.content) == (status, b"")


@pytest.mark.parametrize(("utc", "told"), [(False, "12:00:00"), (True, "11:00:00")])
def test_the_expiration_has_no_offset(open_twin, utc, told) -> None:
    twin = open_twin(expiration_utc=utc)
    sent = {"clientApiKey": API_KEY, "personToImpersonate": PERSON}
    assert twin.post("/token", sent)["expiration"] == f"2026-11-01T{told}"


# --- paging ---------------------------------------------------------------------------------------


def test_a_list_has_pages_from_1_of_50_and_links_that_keep_the_filters(open_twin) -> None:
    twin = open_twin(awkward_world(4, 150, 0, 0, systems=BOTH))
    page = twin.get("/companies", includeAddressAndContactInfo="true")
    count = page["totalCount"]
    assert len(page["result"]) == 50
    assert page["totalPages"] == -(-count // 50)
    assert page["previousPageUrl"] is None
    assert "includeAddressAndContactInfo=true" in page["nextPageUrl"]
    assert "pageSize=50" in page["nextPageUrl"]
    following = twin.http.get(page["nextPageUrl"]).json()
    assert following["previousPageUrl"] is not None
    assert any(row["contacts"] is not None for row in following["result"])
    numbers = [r["debtorAccountNumber"] for r in twin.pages("/companies", pageSize=7)]
    assert len(set(numbers)) == len(numbers) == count


@pytest.mark.parametrize("cap", [20.0, 200.0])
def test_a_page_is_cut_to_what_the_server_allows(open_twin, cap) -> None:
    twin = open_twin(awkward_world(4, 400, 0, 0, systems=BOTH), page_cap=cap)
    assert len(twin.get("/companies", pageSize=5000)["result"]) == cap


@pytest.mark.parametrize("ordered", [False, True])
def test_the_order_of_a_list_says_nothing(open_twin, ordered) -> None:
    twin = open_twin(awkward_world(4, 60, 0, 0, systems=BOTH), sorted=ordered)
    numbers = [row["debtorAccountNumber"] for row in twin.pages("/companies")]
    assert (numbers == sorted(numbers, key=int)) is ordered


def test_payments_have_pages_of_their_own_and_some_lists_have_none(open_twin) -> None:
    twin = open_twin(awkward_world(4, 10, 5, 20, systems=BOTH))
    invoice = twin.get("/invoices")["result"][0]["id"]
    for amount in range(12):
        twin.post(f"/invoices/{invoice}/payments", {"amount": amount + 1})
    first = twin.get(f"/invoices/{invoice}/payments")
    assert [len(first["result"]), first["totalCount"]] == [10, 12]
    assert len(twin.get(f"/invoices/{invoice}/payments", page=1, pagesize=10)["result"]) == 2
    for path in ("/products/groups", "/foreignSystems", "/companies/closeReasons"):
        assert isinstance(twin.get(path), list)


# --- incremental reading --------------------------------------------------------------------------


def changed(twin: Twin, after: str, **more: Any) -> set[str]:
    rows = twin.pages("/debtors", changedAfter=after, **more)
    return {row["debtorAccountNumber"] for row in rows}


@pytest.mark.parametrize("inclusive", [False, True])
def test_debtors_tell_who_changed_after_a_moment(open_twin, inclusive) -> None:
    twin = open_twin(inclusive=inclusive)
    early = twin.company("A")
    twin.clock.advance(600)
    late = twin.company("B")
    rows = {row["debtorAccountNumber"]: row for row in twin.pages("/debtors")}
    assert set(rows) == {early, late}
    assert rows[late]["lastChange"] == "2026-11-01T11:10:00"  # local, no offset, no fraction
    assert rows[late]["memberType"] == 2
    assert changed(twin, "2026-11-01T11:05:00") == {late}
    assert changed(twin, "2026-11-01T11:10:00") == ({late} if inclusive else set())


@pytest.mark.parametrize(("local", "found"), [(True, 1), (False, 0)])
def test_the_zone_of_the_filter_is_not_known(open_twin, local, found) -> None:
    twin = open_twin(local_filter=local)
    twin.clock.advance(600)
    twin.company()
    assert len(changed(twin, "2026-11-01T10:30:00")) == found or not local
    assert len(changed(twin, "2026-11-01T11:05:00")) == found


@pytest.mark.parametrize("touch", [False, True])
def test_what_belongs_to_a_member_may_leave_its_time_of_change_alone(open_twin, touch) -> None:
    twin = open_twin(lists_touch=touch)
    number = twin.company()
    twin.clock.advance(600)
    twin.post(f"/companies/{number}/contacts", [{"type": 1, "value": "a@b.no"}])
    assert changed(twin, "2026-11-01T11:05:00") == ({number} if touch else set())
    assert twin.seen(number)["contacts"][0]["lastChange"] == "2026-11-01T11:10:00"
    twin.control.edit("companies", number, {"companyName": "Nytt navn"})
    assert changed(twin, "2026-11-01T11:05:00") == {number}


@pytest.mark.parametrize("listed", [False, True])
def test_pure_creditors_are_asked_for_and_members_of_no_finance_type_may_be_missed(
    open_twin, listed
) -> None:
    twin = open_twin(unset_listed=listed)
    twin.company("Debitor", financeType=1)
    creditor = twin.company("Kreditor", financeType=2)
    unset = twin.company("Ingen", financeType=0)
    plain = changed(twin, "2020-01-01T00:00:00")
    assert creditor not in plain
    assert creditor in changed(twin, "2020-01-01T00:00:00", includeCreditors="true")
    assert (unset in plain) is listed


def test_a_closed_company_leaves_the_list_and_is_there_when_asked_for(twin: Twin) -> None:
    number = twin.company()
    twin.control.edit("companies", number, {"closeDate": "2026-10-01T00:00:00"})
    assert twin.pages("/companies") == []
    assert twin.get(f"/companies/{number}")["closeDate"] == "2026-10-01T00:00:00"


@pytest.mark.parametrize("known", [False, True])
def test_whether_companies_know_the_filter_is_not_known(
    open_twin, known, checked, monkeypatch
) -> None:
    monkeypatch.setattr(checked, "lenient", True)  # the description does not know it
    twin = open_twin(companies_changed_after=known)
    twin.company("A")
    twin.clock.advance(600)
    twin.company("B")
    rows = twin.pages("/companies", changedAfter="2026-11-01T11:05:00")
    assert len(rows) == (1 if known else 2)


@pytest.mark.parametrize("null", [False, True])
def test_a_list_with_nothing_in_it_may_be_null(open_twin, null) -> None:
    twin = open_twin(null_lists=null)
    nothing: list[Any] | None = None if null else []
    assert twin.get("/companies")["result"] == nothing
    number = twin.company()
    assert twin.seen(number)["contacts"] == nothing
    assert twin.get(f"/debtors/{number}")["contacts"] == nothing
    assert twin.post("/persons", {"lastname": "N"})["addresses"] == nothing


def test_companies_are_searched_by_a_text(twin: Twin) -> None:
    number = twin.company("Bygg AS")
    twin.company("Fisk AS")
    found = twin.pages("/companies/search", searchString="bygg")
    assert [row["debtorAccountNumber"] for row in found] == [number]
    assert found[0]["contacts"] is None
    assert len(twin.pages("/companies/search", searchString=number)) == 1


# --- create, update, delete -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["debtorAccountNumber", "name", "nameHistory", "businessNumbers", "addresses",
     "invoiceAddresses", "readdressings", "contacts"],
)  # fmt: skip
def test_a_new_company_must_not_bring_what_has_a_route_of_its_own(twin: Twin, name: str) -> None:
    body = {"companyName": "A", "category": KUNDE, name: []}
    assert name in twin.refused("POST", "/companies", body)
    assert twin.control.counters()["effects"] == {}


@pytest.mark.parametrize("kept", [False, True])
def test_mappings_in_a_new_company_may_be_ignored(open_twin, kept) -> None:
    twin = open_twin(mappings_on_create=kept)
    system = twin.post("/foreignSystems", {"name": "talk"})["id"]
    mapping = {"externalId": "x", "foreignSystem": {"id": system}}
    number = twin.company(foreignSystemMappings=[mapping])
    assert bool(twin.seen(number)["foreignSystemMappings"]) is kept


def test_a_company_needs_a_name_and_a_category(open_twin) -> None:
    twin = open_twin()
    assert twin.refused("POST", "/companies", {"category": KUNDE}) == "Company name must be set"
    assert "category" in twin.refused("POST", "/companies", {"companyName": "A"})
    easy = open_twin(demanding=False)
    assert easy.post("/companies", {"companyName": "A"})["companyName"] == "A"


def test_the_name_is_derived_and_the_account_number_is_given(twin: Twin) -> None:
    body = {"companyName": "Bygg", "companyName2": "avd. Oslo", "category": KUNDE}
    made = twin.post("/companies", body)
    assert made["name"] == "Bygg avd. Oslo"
    assert made["debtorAccountNumber"]
    assert made["url"].endswith(f"/companies/{made['debtorAccountNumber']}")


@pytest.mark.parametrize("alone", [False, True])
def test_lists_are_filled_only_where_they_are_asked_for(open_twin, alone) -> None:
    twin = open_twin(lists_alone=alone)
    number = twin.company()
    twin.post(f"/companies/{number}/contacts", [{"type": 1, "value": "a@b.no"}])
    assert twin.get("/companies")["result"][0]["contacts"] is None
    assert len(twin.seen(number)["contacts"]) == 1
    assert (twin.get(f"/companies/{number}")["contacts"] is not None) is alone
    assert len(twin.get(f"/debtors/{number}")["contacts"]) == 1


@pytest.mark.parametrize("clears", [False, True])
def test_a_put_may_clear_what_it_leaves_out(open_twin, clears) -> None:
    twin = open_twin(put_clears=clears)
    number = twin.company(einvoiceEmail="a@b.no")
    answer = twin.http.put(f"/companies/{number}", json={"companyName": "B", "category": KUNDE})
    assert answer.json()["companyName"] == "B"
    assert answer.json()["einvoiceEmail"] == (None if clears else "a@b.no")


@pytest.mark.parametrize("ok", [False, True])
@pytest.mark.parametrize("clears", [False, True])
def test_a_patch_has_no_body_and_null_may_clear(open_twin, ok, clears) -> None:
    twin = open_twin(ok_is_200=ok, null_clears=clears)
    number = twin.company(einvoiceEmail="a@b.no")
    sent = {"companyName": "B", "einvoiceEmail": None, "closeDate": "2026-01-01T00:00:00"}
    answer = twin.http.patch(f"/companies/{number}", json=sent)
    assert (answer.status_code, answer.content) == (200 if ok else 204, b"")
    stored = twin.get(f"/companies/{number}")
    assert stored["companyName"] == "B"
    assert stored["nameHistory"][0]["companyName"] == "Bygg AS"
    assert stored["closeDate"] is None  # stands in the body, and is ignored
    assert stored["einvoiceEmail"] == (None if clears else "a@b.no")


def test_there_is_no_route_to_delete_a_member(twin: Twin) -> None:
    number = twin.company()
    for path in (f"/companies/{number}", "/persons/1", "/organizations/1", "/invoices/1"):
        assert twin.http.delete(path).status_code == 405


# --- dated rows -----------------------------------------------------------------------------------


def address(**more: Any) -> dict[str, Any]:
    return {"addressType": 1, "street": "Storgata", "number": "1", **OSLO, **more}


def test_an_address_is_edited_by_ending_it_and_adding_another(twin: Twin) -> None:
    number = twin.company()
    (first,) = twin.post(f"/companies/{number}/addresses", [address()])
    assert first["addressLineOne"] == "Storgata 1"
    assert first["postalCode"]["city"] == "Oslo"
    end = {"end": "2026-11-01T00:00:00", "street": "Ignored"}
    path = f"/companies/{number}/postalAddress/{first['id']}"
    assert twin.http.patch(path, json={"end": end["end"]}).status_code == 204
    (second,) = twin.post(f"/companies/{number}/addresses", [address(street="Nygata")])
    rows = {row["id"]: row for row in twin.seen(number)["addresses"]}
    assert rows[first["id"]]["end"] == end["end"]
    assert rows[first["id"]]["street"] == "Storgata"
    assert rows[second["id"]]["end"] is None


def test_an_address_is_deleted_by_its_id_alone(twin: Twin) -> None:
    number = twin.company()
    (row,) = twin.post(f"/companies/{number}/addresses", [address()])
    assert twin.http.delete(f"/addresses/address/{row['id']}").status_code == 204
    assert not twin.seen(number)["addresses"]
    assert twin.http.delete(f"/addresses/address/{row['id']}").status_code == 404


@pytest.mark.parametrize("ends", [False, True])
def test_a_contact_is_only_added_and_the_one_before_may_stay_valid(open_twin, ends) -> None:
    twin = open_twin(contact_ends_others=ends)
    number = twin.company()
    (first,) = twin.post(f"/companies/{number}/contacts", [{"type": 1, "value": "a@b.no"}])
    again = {"id": first["id"], "type": 1, "value": "c@d.no"}
    (second,) = twin.post(f"/companies/{number}/contacts", [again])
    assert second["id"] != first["id"]  # an id in the body is no way to change a row
    rows = {row["id"]: row for row in twin.seen(number)["contacts"]}
    assert (rows[first["id"]]["end"] is not None) is ends
    assert twin.http.patch(f"/companies/{number}/contacts", json=[again]).status_code == 405


@pytest.mark.parametrize("kind", ["norwegianCompanyNumber", "cvr", "se", "vat"])
def test_registration_numbers_have_routes_of_their_own(twin: Twin, kind: str) -> None:
    number = twin.company()
    path = f"/companies/{number}/registrationNumbers/{kind}"
    assert twin.post(path, {"number": "910000001"}) is None
    assert "already" in twin.refused("POST", path, {"number": "910000002"})
    found = twin.get(path)
    row = found[0] if kind == "se" else found
    assert row["number"] == "910000001"
    assert twin.http.patch(f"{path}/{row['id']}", json={"number": "2"}).status_code == 204
    numbers = twin.get(f"/companies/{number}")["businessNumbers"]
    assert '"2"' in str(numbers).replace("'", '"')
    assert twin.http.delete(f"{path}/{row['id']}").status_code == 204
    assert twin.http.patch(f"{path}/{row['id']}", json={"number": "3"}).status_code == 404


def test_countries_and_postal_codes_are_numbers_of_their_own(twin: Twin) -> None:
    norway = {c["iso2Letter"]: c for c in twin.pages("/addresses/countries")}["NO"]
    assert (norway["name"], norway["iso3Letter"]) == ("Norge", None)
    assert twin.get("/addresses/countries/NO")["id"] == norway["id"]
    assert twin.http.get("/addresses/countries/XX").status_code == 404
    codes = twin.pages("/addresses/countries/NO/postalCodes", pageSize=2)
    assert {code["zipCode"]: code["city"] for code in codes}["0155"] == "Oslo"


def test_an_unknown_postal_code_has_to_be_created_first(open_twin) -> None:
    twin = open_twin()
    number = twin.company()
    sent = address(postalCode={"zipCode": "9990", "city": "Båtsfjord"})
    path = f"/companies/{number}/addresses"
    assert "postal code" in twin.refused("POST", path, [sent])
    codes = "/addresses/countries/NO/postalCodes"
    made = twin.post(codes, {"zipCode": "9990", "city": "Båtsfjord"})
    assert "exists" in twin.refused("POST", codes, {"zipCode": "9990", "city": "X"})
    (row,) = twin.post(path, [address(postalCode=made)])
    assert row["postalCode"]["city"] == "Båtsfjord"
    easy = open_twin(any_postal_code=True, places_by_id=False)
    easy.post(f"/companies/{easy.company()}/addresses", [sent])


@pytest.mark.parametrize(("by_id", "country"), [(True, {"id": 500}), (False, {"iso2Letter": "NO"})])
def test_what_an_address_needs_to_name_its_place_is_not_known(open_twin, by_id, country) -> None:
    twin = open_twin(places_by_id=by_id)
    path = f"/companies/{twin.company()}/addresses"
    code = {"id": 3000} if by_id else {"zipCode": "0155"}
    (row,) = twin.post(path, [address(country=country, postalCode=code)])
    assert row["country"]["name"] == "Norge"
    other = {"iso2Letter": "NO"} if by_id else {"id": 500}
    twin.refused("POST", path, [address(country=other, postalCode=code)])


def test_an_address_needs_a_country_and_a_postal_code(open_twin) -> None:
    twin = open_twin()
    path = f"/companies/{twin.company()}/addresses"
    assert "Country" in twin.refused("POST", path, [address(country=None)])
    twin.refused("POST", path, [address(postalCode=None)])
    easy = open_twin(full_addresses=False)
    easy.post(f"/companies/{easy.company()}/addresses", [address(postalCode=None)])


# --- persons --------------------------------------------------------------------------------------


def test_a_persons_post_creates_or_updates(open_twin) -> None:
    twin = open_twin()
    body = {"firstname": "Kari", "lastname": "Nordmann", "birthDate": "1990-01-31T00:00:00"}
    made = twin.post("/persons", body)
    assert made["name"] == "Kari Nordmann"
    again = twin.post("/persons", {"debtorAccountNumber": made["debtorAccountNumber"],
                                   "firstname": "Kaja", "lastname": "Nordmann"})  # fmt: skip
    assert again["debtorAccountNumber"] == made["debtorAccountNumber"]
    assert again["firstname"] == "Kaja"
    assert len(twin.pages("/persons")) == 1


@pytest.mark.parametrize("kept", [False, True])
def test_a_persons_post_may_ignore_contacts(open_twin, kept) -> None:
    twin = open_twin(lists_on_post=kept)
    made = twin.post("/persons", {"lastname": "N", "contacts": [{"type": 1, "value": "a@b.no"}]})
    assert bool(made["contacts"]) is kept


def test_a_persons_patch_has_other_names_than_are_read(twin: Twin) -> None:
    number = twin.post("/persons", {"firstname": "A", "lastname": "B"})["debtorAccountNumber"]
    assert twin.http.patch(f"/persons/{number}", json={"firstName": "C"}).status_code == 204
    assert twin.get(f"/persons/{number}")["firstname"] == "C"


def test_a_person_ends_by_a_date_and_leaves_the_list_of_valid_ones(twin: Twin) -> None:
    number = twin.post("/persons", {"lastname": "B"})["debtorAccountNumber"]
    sent = {"debtorAccountNumber": number, "end": "2026-10-01T00:00:00"}
    assert twin.http.put("/persons", json=sent).status_code == 200
    assert twin.pages("/persons") == []
    assert len(twin.pages("/persons", onlyValid="false")) == 1


def test_employments_come_where_they_are_asked_for(twin: Twin) -> None:
    number = twin.post("/persons", {"lastname": "B"})["debtorAccountNumber"]
    job = {"company": {"debtorAccountNumber": "1001"}, "isPrimary": True}
    twin.control.edit("persons", number, {"employments": [job]})
    assert twin.get(f"/persons/{number}")["employments"] is None
    assert twin.get(f"/persons/{number}", includeEmployments="true")["employments"] == [job]


# --- organizations --------------------------------------------------------------------------------


def test_an_organization_names_its_company_by_a_link_only(twin: Twin) -> None:
    company = twin.company()
    unit = {"identificationNumber": "0301", "name": "Oslo lokallag", "company": company}
    twin.control.create("organizations", unit)
    (row,) = twin.pages("/organizations")
    assert row["companyLink"].endswith(f"/companies/{company}")
    assert "company" not in row
    assert twin.get("/organizations/0301")["fullName"] == "Oslo lokallag"
    assert twin.http.get("/organizations/9").status_code == 404


def test_a_unit_is_created_with_addresses_and_changed_without_them(twin: Twin) -> None:
    body = {"identificationNumber": "0301", "name": "Oslo", "organizationCategory": {"id": 41},
            "contacts": [{"type": 1, "value": "a@b.no"}]}  # fmt: skip
    made = twin.post("/organizations", body)
    assert made["contacts"][0]["value"] == "a@b.no"
    bad = twin.http.post("/organizations", json={"name": "Bergen"})
    assert (bad.status_code, bad.json()["title"]) == (400, "Bad Request")
    changed = twin.http.patch("/organizations/0301", json={"name2": "lokallag"}).json()
    assert changed["fullName"] == "Oslo lokallag"
    assert changed["contacts"] == made["contacts"]


def test_a_unit_can_be_looked_up_by_an_id_elsewhere_that_it_cannot_be_given(twin: Twin) -> None:
    system = twin.post("/foreignSystems", {"name": "talk"})["id"]
    unit = {"identificationNumber": "0301", "name": "Oslo"}
    twin.control.create("organizations", unit)
    assert twin.pages(f"/foreignSystems/{system}/organizations", externalId="x") == []
    link = f"/organizations/0301/foreignSystem/{system}"
    assert twin.http.post(link, params={"externalId": "x"}).status_code == 404


# --- external ids ---------------------------------------------------------------------------------


def test_a_foreign_system_finds_records_by_their_ids_elsewhere(twin: Twin) -> None:
    system = twin.post("/foreignSystems", {"name": "talk"})["id"]
    number, other = twin.company("A"), twin.company("B")
    mapped = f"/foreignSystems/{system}/companies"
    assert twin.post(f"/companies/{number}/foreignSystem/{system}", externalId="w:1") is None
    assert [r["debtorAccountNumber"] for r in twin.pages(mapped, externalId="w:1")] == [number]
    assert twin.pages(mapped, externalId="w:2") == []
    (mapping,) = twin.get(f"/companies/{number}")["foreignSystemMappings"]
    assert mapping["foreignSystem"] == {"id": system, "name": "talk"}
    twin.control.edit("companies", number, {"closeDate": "2026-10-01T00:00:00"})
    assert twin.pages(mapped, externalId="w:1") == []
    assert len(twin.pages(mapped, externalId="w:1", onlyValid="false")) == 1
    assert twin.http.delete(f"/companies/{number}/foreignSystem/{system}").status_code == 204
    assert twin.http.get(f"/companies/{other}/foreignSystem/{system}").status_code == 404


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("unique", [False, True])
def test_how_many_ids_a_record_may_have_there_is_not_known(open_twin, several, unique) -> None:
    twin = open_twin(several_mappings=several, unique_mappings=unique)
    system = twin.post("/foreignSystems", {"name": "talk"})["id"]
    number = twin.company()
    for text in ("one", "two"):
        twin.post(f"/companies/{number}/foreignSystem/{system}", externalId=text)
    assert len(twin.get(f"/companies/{number}")["foreignSystemMappings"]) == 1 + several
    again = f"/companies/{twin.company('B')}/foreignSystem/{system}"
    answer = twin.http.post(again, params={"externalId": "two"})
    assert answer.status_code == (400 if unique else 204)


def test_external_id_is_searched_for_among_persons_only(twin: Twin) -> None:
    number = twin.post("/persons", {"lastname": "B", "externalId": "x-1"})["debtorAccountNumber"]
    search = "/persons/search/by/externalid"
    assert twin.get(search, externalId="x-1")["debtorAccountNumber"] == number
    assert twin.http.get(search, params={"externalId": "x-2"}).status_code == 404
    assert twin.get(f"/companies/{twin.company(externalId='y')}")["externalId"] == "y"
    assert twin.http.get("/companies/search/by/externalid").status_code == 404


def test_foreign_systems_are_created_renamed_and_deleted(twin: Twin) -> None:
    system = twin.post("/foreignSystems", {"name": "a"})["id"]
    assert twin.http.patch(f"/foreignSystems/{system}", json={"name": "b"}).json()["name"] == "b"
    assert twin.get(f"/foreignSystems/{system}")["name"] == "b"
    assert twin.http.delete(f"/foreignSystems/{system}").status_code == 204
    assert twin.get("/foreignSystems") == []


# --- errors ---------------------------------------------------------------------------------------


def test_errors_are_bare_texts_or_problem_objects(open_twin) -> None:
    twin = open_twin()
    assert isinstance(twin.http.get("/companies/9").json(), str)
    assert twin.http.get("/persons/9").json()["title"] == "Not Found"
    assert twin.http.get("/nowhere").json()["status"] == 404
    plain = open_twin(plain_errors=True)
    answer = plain.http.post("/companies", json={})
    assert answer.headers["Content-Type"] == "text/plain"
    assert answer.text == "Company name must be set"


def test_a_limit_is_told_with_a_time_to_wait(twin: Twin) -> None:
    twin.control.faults([Fault(kind="rate_limit", path="companies", seconds=3, times=1)])
    answer = twin.http.get("/companies")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "3")


def test_a_users_edit_and_an_effect_of_the_api_are_told_apart(twin: Twin) -> None:
    number = twin.company()
    twin.control.edit("companies", number, {"contacts": [{"type": 3, "value": "22334455"}]})
    assert [effect.who for effect in twin.control.effects()] == ["api", "user"]
    assert twin.control.counters()["effects"] == {"companies": {"create": 1}}
