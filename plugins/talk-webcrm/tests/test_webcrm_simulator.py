"""The twin of webCRM does what its facts say, bullet by bullet; spoken to in raw HTTP."""

from __future__ import annotations

import pytest

from talk_sdk.testing.faults import Fault
from talk_sdk.testing.world import awkward_world

YEAR_1 = "0001-01-01T00:00:00+00:00"
BULK = "/Persons"


# --- auth -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sent",
    [
        {"files": {"authCode": (None, "CODE")}},
        {"data": {"AuthCode": "CODE"}},
        {"json": {"authcode": "CODE"}},
        {"headers": {"AUTHCODE": "CODE"}},
    ],
    ids=["multipart", "form", "json", "header"],
)
def test_an_application_token_logs_in_by_four_transports_in_any_case(api, sent) -> None:
    code = api.twin.settings["auth_code"]
    sent = {
        how: {n: (None, code) if isinstance(v, tuple) else code for n, v in what.items()}
        for how, what in sent.items()
    }
    told = api.http.post("/Auth/ApiLogin", **sent).json()
    assert (told["IsError"], told["ExpiresIn"], told["SystemId"]) == (False, 3600, 39329)
    answer = api.http.get(
        "/Persons", headers={"Authorization": f"Bearer {told['AccessToken']}"}, params={"Size": 1}
    )
    assert answer.status_code == 200


def test_an_access_token_lives_an_hour_and_a_refresh_token_gives_another_one(api) -> None:
    told = api.http.post(
        "/Auth/ApiLogin", headers={"authCode": api.twin.settings["auth_code"]}
    ).json()
    api.clock.advance(3601)
    assert api.http.get("/Persons").status_code == 401
    fresh = api.http.post("/Auth/ApiRefresh", headers={"refreshToken": told["RefreshToken"]}).json()
    api.http.headers["Authorization"] = f"Bearer {fresh['AccessToken']}"
    assert api.http.get("/Persons").status_code == 200


@pytest.mark.parametrize(("denied", "status"), [(False, 200), (True, 401)])
def test_a_refused_login_is_said_in_the_body_or_by_401(open_api, denied, status) -> None:
    api = open_api(login_401=denied)
    answer = api.http.post("/Auth/ApiLogin", data={"authCode": "wrong"})
    assert answer.status_code == status
    assert denied or (answer.json()["IsError"], answer.json()["AccessToken"]) == (True, None)


# --- rate limit -----------------------------------------------------------------------------------


def test_more_than_250_requests_a_minute_are_throttled_until_the_minute_has_slid_on(api) -> None:
    answers = [api.http.get("/Persons") for _ in range(251)]
    assert [a.status_code for a in answers] == [200] * 250 + [429]
    assert answers[-1].headers["Retry-After"] == "60"
    told = answers[-1].json()
    assert (told["Type"], told["RetryAfterSeconds"]) == ("TooManyRequestsException", 60)
    assert "250 requests per minute" in told["Message"]
    api.clock.advance(60)
    assert api.http.get("/Persons").status_code == 200


# --- paging ---------------------------------------------------------------------------------------


def test_pages_are_bare_arrays_that_end_in_an_empty_one(api) -> None:
    ids = {api.organisation() for _ in range(5)}
    pages = [api.get("/Organisations", Page=n, size=2) for n in (1, 2, 3, 4)]
    assert [len(page) for page in pages] == [2, 2, 1, 0]
    assert {row["OrganisationId"] for page in pages for row in page} == ids


def test_a_list_has_an_order_of_its_own_unless_switched(open_api) -> None:
    for switched in (False, True):
        api = open_api(lists_by_id=switched)
        ids = [api.organisation() for _ in range(20)]
        listed = [row["OrganisationId"] for row in api.get("/Organisations", Page=1, Size=50)]
        assert (listed == ids) is switched
        assert sorted(listed) == ids


@pytest.mark.parametrize("query", [{"Page": 0}, {"Size": 1001}, {"Size": "x"}])
def test_page_and_size_have_their_limits(api, query) -> None:
    answer = api.http.get("/Persons", params=query)
    assert answer.status_code == 400
    assert answer.json()["Message"]


# --- incremental reading --------------------------------------------------------------------------


def test_queries_read_what_changed_since_in_order_and_past_a_thousand_rows(api) -> None:
    for number in range(1003):
        api.organisation(OrganisationName=f"N{number}")
    api.clock.advance(10)
    late = [api.organisation(OrganisationName="late") for _ in range(2)]
    script = (
        "SELECT * FROM Organisation WHERE OrganisationUpdatedAt >= '2026-11-01T10:00:00.0000000Z'"
        " ORDER BY OrganisationUpdatedAt"
    )
    first, second = (api.query(script, Page=n, Size=1000) for n in (1, 2))
    assert (len(first), len(second)) == (1000, 5)
    assert [row["OrganisationId"] for row in second[-2:]] == late
    newer = script.replace("10:00:00", "10:00:10")
    assert [row["OrganisationId"] for row in api.query(newer, Size=1000)] == late


def test_queries_know_columns_joins_and_or_and_brackets(api) -> None:
    one, two = api.organisation(OrganisationName="O'Brien"), api.organisation()
    for organisation, name in ((one, "Å"), (one, "B"), (two, "C")):
        api.made("/Persons", PersonId=0, PersonOrganisationId=organisation, PersonLastName=name)
    rows = api.query(
        "SELECT PersonLastName, OrganisationName FROM Person JOIN Organisation"
        " ON (Person.PersonOrganisationId = Organisation.OrganisationId)"
        " WHERE OrganisationName = 'o''BRIEN' AND (PersonLastName = 'å' OR PersonLastName = 'c')"
    )
    assert [(r["PersonLastName"], r["OrganisationName"]) for r in rows] == [("Å", "O'Brien")]
    down = api.query("SELECT PersonId FROM Person ORDER BY PersonId DESC")
    assert [r["PersonId"] for r in down] == [3, 2, 1]
    assert {"RowNumber", "o_lastUpdatedById"} <= down[0].keys()


def test_queries_compare_an_enumeration_by_its_number(api) -> None:
    entity = {"QuotationLineLinkedDataItemEntityType": "Product"}
    made = int(api.control.create("linked_data", entity))
    rows = api.query("SELECT * FROM LinkedData WHERE LinkedDataItemEntityType = 7")
    assert [row["LinkedDataItemId"] for row in rows] == [made]


def test_queries_may_not_know_lines_and_products(open_api) -> None:
    for known in (False, True):
        api = open_api(line_tables=known)
        answer = api.http.get("/Queries", params={"script": "SELECT * FROM QuotationLine"})
        assert answer.status_code == (200 if known else 400)


@pytest.mark.parametrize(
    "script",
    ["DELETE FROM Person", "SELECT * FROM Person WHERE PersonId LIKE 1", "SELECT * FROM Nothing",
     "SELECT * FROM Person WHERE PersonId = ", "SELECT * FROM Person ; x"],
)  # fmt: skip
def test_queries_refuse_what_no_client_was_seen_to_use(api, script) -> None:
    assert api.http.get("/Queries", params={"script": script}).status_code == 400


def test_times_have_offsets_that_vary_and_whole_seconds(api) -> None:
    api.clock.advance(0.7)
    odd, even = api.organisation(), api.organisation()
    assert api.get(f"/Organisations/{odd}")["OrganisationUpdatedAt"] == "2026-11-01T11:00:00+01:00"
    assert api.get(f"/Organisations/{even}")["OrganisationUpdatedAt"] == "2026-11-01T10:00:00+00:00"


def test_a_filter_in_a_list_is_ignored_and_children_have_lists_of_their_own(api) -> None:
    one, two = api.organisation(), api.organisation()
    for organisation in (one, two):
        api.made("/Persons", PersonId=0, PersonOrganisationId=organisation, PersonLastName="P",
                 PersonEmail=f"{organisation}@x.no")  # fmt: skip
    assert len(api.get("/Persons", PersonEmail="1@x.no")) == 2
    (own,) = api.get(f"/Organisations/{one}/Persons")
    assert own["PersonOrganisationId"] == one


def test_lists_and_queries_may_lag_while_reads_by_id_do_not(api) -> None:
    api.control.switch("lag", 20)
    made = api.organisation()
    assert api.get("/Organisations") == api.query("SELECT * FROM Organisation") == []
    assert api.get(f"/Organisations/{made}")["OrganisationId"] == made
    api.clock.advance(21)
    assert len(api.get("/Organisations")) == 1


# --- defaults that look like data -----------------------------------------------------------------


def test_unset_values_look_like_data(api) -> None:
    made = api.organisation(OrganisationCustom3="--Velg--", OrganisationTelephone="94 09 33 33")
    organisation = api.get(f"/Organisations/{made}")
    assert organisation["OrganisationVatVerifiedAt"] == YEAR_1
    assert (organisation["OrganisationFax"], organisation["OrganisationPlus1"]) == ("", None)
    assert organisation["OrganisationOwner"] == 0
    assert organisation["OrganisationCustom3"] == "--Velg--"
    assert organisation["OrganisationTelephoneSearch"] == "--94093333"
    person = api.made("/Persons", PersonId=0, PersonOrganisationId=made, PersonLastName="-")
    assert api.get(f"/Persons/{person}")["PersonPassword"] == "(censored)"
    opportunity = api.made("/Opportunities", OpportunityId=0, OpportunityOrganisationId=made)
    told = api.get(f"/Opportunities/{opportunity}")
    assert (told["OpportunityDiscount"], told["OpportunityOrderDate"]) == (0, YEAR_1)


# --- create ---------------------------------------------------------------------------------------


def test_a_create_answers_the_bare_id_and_of_an_organisation_nothing(api) -> None:
    answer = api.post("/Organisations", OrganisationId=0, OrganisationName="A")
    assert (answer.status_code, answer.content) == (200, b"")
    assert api.made("/Persons", PersonId=0, PersonOrganisationId=1, PersonLastName="X") == 1


def test_what_a_create_answers_is_a_switch(open_api) -> None:
    api = open_api(organisation_answer=2.0, create_answer=0.0)
    answer = api.post("/Organisations", OrganisationId=0, OrganisationName="A")
    assert answer.json()["OrganisationId"] == 1
    answer = api.post("/Persons", PersonId=0, PersonOrganisationId=1, PersonLastName="X")
    assert answer.content == b""


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/Organisations", {"OrganisationId": 0}, "OrganisationName"),
        ("/Organisations", {"OrganisationName": "A"}, "OrganisationId"),
        ("/Persons", {"PersonId": 0, "PersonOrganisationId": 1}, "PersonLastName"),
        ("/Persons", {"PersonId": 0, "PersonLastName": "-"}, "PersonOrganisationId"),
        ("/Opportunities", {"OpportunityId": 0}, "OpportunityOrganisationId"),
        ("/QuotationLines", {"QuotationLineId": 0}, "QuotationLineOpportunityId"),
        ("/Products", {"ProductId": 0}, "ProductOrganisationId"),
    ],
)
def test_a_create_needs_an_id_of_nought_a_name_and_what_it_belongs_to(
    api, path, body, field
) -> None:
    api.organisation()
    answer = api.http.post(path, json=body)
    assert answer.status_code == 400
    assert field in answer.json()["Message"]


def test_a_persons_full_name_is_computed_and_its_organisation_stays(api) -> None:
    one, two = api.organisation(), api.organisation()
    id_ = api.made("/Persons", PersonId=0, PersonOrganisationId=one, PersonFirstName="Åse",
                   PersonLastName="Lund")  # fmt: skip
    api.put(f"/Persons/{id_}", PersonId=id_, PersonLastName="Moe", PersonOrganisationId=two)
    person = api.get(f"/Persons/{id_}")
    assert (person["PersonName"], person["PersonOrganisationId"]) == ("Moe", one)


def test_overlong_text_is_refused_or_cut(open_api) -> None:
    for refused in (True, False):
        api = open_api(overlong_refused=refused, organisation_answer=1.0)
        api.unheld()
        answer = api.post("/Organisations", OrganisationId=0, OrganisationName="x" * 201)
        assert answer.status_code == (400 if refused else 200)
        if not refused:
            assert len(api.get("/Organisations/1")["OrganisationName"]) == 200


def test_creating_too_fast_fails_and_a_retry_helps(open_api) -> None:
    api = open_api(id_generation=1.0)
    body = {"OrganisationId": 0, "OrganisationName": "A"}
    assert api.http.post("/Organisations", json=body).status_code == 200
    assert api.http.post("/Organisations", json=body).status_code == 500
    api.clock.advance(1)
    assert api.http.post("/Organisations", json=body).status_code == 200


def test_an_opportunity_is_moved_by_a_path_of_its_own(api) -> None:
    one, two = api.organisation(), api.organisation()
    id_ = api.made("/Opportunities", OpportunityId=0, OpportunityOrganisationId=one)
    api.put(f"/Opportunities/{id_}", OpportunityId=id_, OpportunityOrganisationId=two)
    assert api.get(f"/Opportunities/{id_}")["OpportunityOrganisationId"] == one
    answer = api.post(f"/Opportunities/{id_}/Move", NewOrganisationId=two)
    assert (answer.status_code, answer.content) == (204, b"")
    assert api.get(f"/Opportunities/{id_}")["OpportunityOrganisationId"] == two


# --- update ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("merges", [False, True])
def test_a_put_replaces_the_record_or_merges_into_it(open_api, merges) -> None:
    api = open_api(put_merges=merges)
    id_ = api.organisation(OrganisationCity="Oslo")
    answer = api.put(f"/Organisations/{id_}", OrganisationId=id_, OrganisationName="B")
    assert (answer.status_code, answer.content) == (200, b"")
    assert api.get(f"/Organisations/{id_}")["OrganisationCity"] == ("Oslo" if merges else "")


def test_a_put_has_the_id_in_its_body_too(api) -> None:
    id_ = api.organisation()
    assert api.put(f"/Organisations/{id_}", OrganisationName="B").status_code == 400
    assert api.put("/Organisations/99", OrganisationId=99).status_code == 404


def test_a_bulk_patch_tells_of_each_item_inside_a_200(api) -> None:
    organisation = api.organisation()
    known = api.made("/Persons", PersonId=0, PersonOrganisationId=organisation, PersonLastName="A")
    answer = api.http.patch(
        BULK,
        json=[
            {"PersonId": known, "PersonFirstName": "B", "PersonLastName": "A"},
            {"PersonId": 0, "PersonOrganisationId": organisation, "PersonLastName": "C"},
            {"PersonId": 0, "PersonOrganisationId": organisation},
            {"PersonId": 77, "PersonLastName": "D"},
        ],
    )
    assert answer.status_code == 200
    first, second, third, fourth = answer.json()
    assert (first, second) == (str(known), "2")
    assert "PersonLastName" in third
    assert "77" in fourth
    person = api.get(f"/Persons/{known}")
    assert (person["PersonFirstName"], person["PersonLastName"]) == ("B", "A")


@pytest.mark.parametrize("merges", [True, False])
def test_a_bulk_patch_changes_what_is_sent_or_replaces_the_record(open_api, merges) -> None:
    api = open_api(patch_merges=merges)
    id_ = api.organisation(OrganisationCity="Oslo")
    sent = {"OrganisationId": id_, "OrganisationName": "B"}
    assert api.http.patch("/Organisations", json=[sent]).json() == [str(id_)]
    assert api.get(f"/Organisations/{id_}")["OrganisationCity"] == ("Oslo" if merges else "")


def test_a_bulk_patch_may_tell_nothing_of_what_it_has_changed(open_api) -> None:
    api = open_api(patch_tells=False)
    sent = [{"OrganisationId": api.organisation(), "OrganisationName": "B"}, {"OrganisationId": 77}]
    told, refused = api.http.patch("/Organisations", json=sent).json()
    assert (told, "77" in refused) == ("", True)


@pytest.mark.parametrize("refused", [True, False])
def test_read_only_values_are_refused_or_ignored(open_api, refused) -> None:
    api = open_api(read_only_refused=refused, put_merges=True)
    id_ = api.organisation()
    answer = api.put(f"/Organisations/{id_}", OrganisationId=id_, OrganisationHistory="x")
    assert answer.status_code == (400 if refused else 200)
    assert api.get(f"/Organisations/{id_}")["OrganisationHistory"] == ""


def test_a_censored_password_is_never_taken_back(api) -> None:
    api.organisation()
    id_ = api.made("/Persons", PersonId=0, PersonOrganisationId=1, PersonLastName="A")
    sent = {"PersonId": id_, "PersonLastName": "A", "PersonPassword": "(censored)"}
    assert api.http.put(f"/Persons/{id_}", json=sent).status_code == 400


def test_every_put_moves_the_time_of_change(api) -> None:
    id_ = api.organisation()
    before = api.get(f"/Organisations/{id_}")
    api.clock.advance(5)
    api.put(f"/Organisations/{id_}", OrganisationId=id_, OrganisationName="A")
    after = api.get(f"/Organisations/{id_}")
    assert after["OrganisationUpdatedAt"] != before["OrganisationUpdatedAt"]
    assert after["OrganisationCreatedAt"] == before["OrganisationCreatedAt"]


# --- delete ---------------------------------------------------------------------------------------


def test_only_products_lines_and_the_catalogue_can_be_deleted(api) -> None:
    organisation = api.organisation()
    opportunity = api.made(
        "/Opportunities", OpportunityId=0, OpportunityOrganisationId=organisation
    )
    line = api.made("/QuotationLines", QuotationLineId=0, QuotationLineOpportunityId=opportunity,
                    QuotationLineData1="a", QuotationLineData2="b",
                    QuotationLineData4="c")  # fmt: skip
    product = api.made("/Products", ProductId=0, ProductOrganisationId=organisation)
    for path in (f"/QuotationLines/{line}", f"/Products/{product}"):
        assert api.http.delete(path).status_code == 200
        assert api.http.get(path).status_code == 404


@pytest.mark.parametrize("path", ["Organisations", "Persons", "Opportunities"])
def test_the_others_cannot(api, path) -> None:
    api.organisation()
    api.unheld()
    assert api.http.delete(f"/{path}/1").status_code == 405


def test_a_delete_of_the_whole_catalogue_is_one_request(api) -> None:
    api.control.create("linked_data", {})
    assert api.http.delete("/QuotationLines/LinkedData").status_code == 200
    assert api.get("/QuotationLines/LinkedData") == []


# --- errors, hooks --------------------------------------------------------------------------------


def test_a_stray_401_is_no_proof_of_a_dead_token(api) -> None:
    api.control.faults([Fault(kind="expired_token", nth=1)])
    assert [api.http.get("/Persons").status_code for _ in range(2)] == [401, 200]


def test_hooks_are_kept_by_type(api) -> None:
    hook = {"Id": 0, "EventType": "Update", "Filter": ["All"], "IsEnabled": True,
            "TargetUrl": "https://x.example/1"}  # fmt: skip
    id_ = api.made("/Organisations/Hooks", **hook)
    assert api.get("/Organisations/Hooks") == [{**hook, "Id": id_}]
    changed = {**hook, "Id": id_, "IsEnabled": False}
    api.put(f"/Organisations/Hooks/{id_}", **changed)
    assert api.get(f"/Organisations/Hooks/{id_}") == changed
    assert api.get("/Persons/Hooks") == []
    incomplete = {"Id": 0, "Filter": ["All"], "IsEnabled": True}
    assert api.http.post("/Persons/Hooks", json=incomplete).status_code == 400
    assert api.http.delete(f"/Organisations/Hooks/{id_}").status_code == 200
    assert api.get("/Organisations/Hooks") == []


# --- products and lines ---------------------------------------------------------------------------


def test_a_registered_product_has_no_name_of_its_own_but_a_combined_one(api) -> None:
    organisation = api.organisation()
    id_ = api.made("/Products", ProductId=0, ProductOrganisationId=organisation, ProductPrice=12.5,
                   ProductCustom1="S-1", ProductCustom2="Stol")  # fmt: skip
    product = api.get(f"/Products/{id_}")
    assert (product["ProductCombined"], product["ProductPrice"]) == ("S-1 Stol", 12.5)
    assert [p["ProductId"] for p in api.get(f"/Organisations/{organisation}/Products")] == [id_]


def test_the_set_up_tells_which_data_fields_are_in_use(api) -> None:
    setup = api.get("/QuotationLines/LinkedSetup")
    used = [n for n in range(1, 10) if setup[f"QuotationLineLinkedSetupUseLinkedField{n}"]]
    assert used == [1, 2, 4]


@pytest.mark.parametrize("required", [True, False])
def test_data_fields_must_not_be_empty(open_api, required) -> None:
    api = open_api(data_required=required)
    item = {"QuotationLineLinkedDataItemId": 0, "QuotationLineLinkedDataItemData1": "Stol"}
    answer = api.http.post("/QuotationLines/LinkedData", json=item)
    assert answer.status_code == (400 if required else 200)


def test_a_line_mirrors_its_catalogue_item_and_does_not_say_which(api) -> None:
    item = api.control.create(
        "linked_data",
        {f"QuotationLineLinkedDataItem{n}": v
         for n, v in {"Data1": "Stol", "Data4": "S-1", "Price": 9.5}.items()},
    )  # fmt: skip
    opportunity = api.made(
        "/Opportunities", OpportunityId=0, OpportunityOrganisationId=api.organisation()
    )
    line = api.made("/QuotationLines", QuotationLineId=0, QuotationLineOpportunityId=opportunity,
                    QuotationLineLinkedDataId=int(item), QuotationLineQuantity=2)  # fmt: skip
    (told,) = api.get(f"/Opportunities/{opportunity}/QuotationLines")
    assert told["QuotationLineId"] == line
    assert (told["QuotationLineData4"], told["QuotationLinePrice"]) == ("S-1", 9.5)
    assert "QuotationLineLinkedDataId" not in told


def test_linked_data_may_be_switched_off(open_api) -> None:
    api = open_api(linked_data=False)
    for path in ("LinkedSetup", "LinkedData"):
        assert api.http.get(f"/QuotationLines/{path}").status_code == 404


@pytest.mark.parametrize(("touches", "computes"), [(False, False), (True, True)])
def test_what_a_line_does_to_its_opportunity_is_a_switch(open_api, touches, computes) -> None:
    api = open_api(line_touches=touches, value_from_lines=computes)
    id_ = api.made("/Opportunities", OpportunityId=0, OpportunityOrganisationId=api.organisation())
    before = api.get(f"/Opportunities/{id_}")
    api.clock.advance(5)
    line = {"QuotationLineOpportunityId": id_, "QuotationLineQuantity": 2, "QuotationLinePrice": 3}
    api.control.create("quotation_lines", line)
    after = api.get(f"/Opportunities/{id_}")
    assert (after["OpportunityUpdatedAt"] != before["OpportunityUpdatedAt"]) is touches
    assert after["OpportunityOrderValue"] == (6 if computes else 0)


# --- quirks ---------------------------------------------------------------------------------------


def test_prices_are_doubles(api) -> None:
    organisation = api.organisation()
    id_ = api.made("/Products", ProductId=0, ProductOrganisationId=organisation, ProductPrice=0.1)
    assert api.get(f"/Products/{id_}")["ProductPrice"] == 0.1
    bad = {"ProductId": id_, "ProductOrganisationId": organisation, "ProductPrice": "0.1"}
    assert api.http.put(f"/Products/{id_}", json=bad).status_code == 400


@pytest.mark.parametrize("writable", [False, True])
def test_a_country_is_a_name_and_its_code_follows_or_is_written(open_api, writable) -> None:
    api = open_api(country_data_writable=writable, put_merges=True)
    id_ = api.organisation(OrganisationCountry="Danmark")
    assert api.get(f"/Organisations/{id_}")["OrganisationCountryData"]["CodeISO"] == "DK"
    sent = {"OrganisationId": id_, "OrganisationCountryData": {"Name": "Norge", "CodeISO": "NO"}}
    api.http.put(f"/Organisations/{id_}", json=sent)
    told = api.get(f"/Organisations/{id_}")["OrganisationCountryData"]
    assert told["CodeISO"] == ("NO" if writable else "DK")


def test_levels_are_numbered_steps_with_names_of_the_system(api) -> None:
    organisation = api.organisation()
    id_ = api.made("/Opportunities", OpportunityId=0, OpportunityOrganisationId=organisation,
                   OpportunityLevel=2)  # fmt: skip
    assert api.get(f"/Opportunities/{id_}")["OpportunityLevelText"] == "Ordre"
    wrong = {"OpportunityId": 0, "OpportunityOrganisationId": organisation, "OpportunityLevel": 9}
    assert api.http.post("/Opportunities", json=wrong).status_code == 400


@pytest.mark.parametrize("auto", [False, True])
def test_opportunities_are_numbered_by_the_system_or_not(open_api, auto) -> None:
    api = open_api(auto_number=auto)
    id_ = api.made("/Opportunities", OpportunityId=0, OpportunityOrganisationId=api.organisation())
    assert bool(api.get(f"/Opportunities/{id_}")["OpportunityNumber"]) is auto


def test_a_world_is_there_once(open_api) -> None:
    world = awkward_world(4, 60, 30, 60, systems=("customwebshop", "webcrm"))
    api = open_api(world, lists_by_id=True)
    here = world.within("webcrm")
    names = [row["OrganisationName"] for row in api.get("/Organisations", Size=1000)]
    assert names == [party.name for party in here.parties]
    items = api.get("/QuotationLines/LinkedData")
    told = [item["QuotationLineLinkedDataItemData1"] for item in items]
    assert told == [item.name for item in here.items]
    deals = [deal for deal in here.deals if deal.party]
    assert len(api.get("/Opportunities", Size=1000)) == len(deals)
    lines = api.get("/QuotationLines", Size=1000)
    assert len(lines) == sum(len(deal.lines) for deal in deals)


def test_page_that_is_served_again_is_one_of_the_same_list(api) -> None:
    organisation = api.organisation()
    orders = [api.made("/Opportunities", OpportunityId=0, OpportunityOrganisationId=organisation)
              for _ in range(2)]  # fmt: skip
    for order in orders:
        data = {f"QuotationLineData{number}": "-" for number in (1, 2, 4)}
        api.made("/QuotationLines", QuotationLineId=0, QuotationLineOpportunityId=order, **data)
    api.get(f"/Opportunities/{orders[0]}/QuotationLines")
    api.control.faults([Fault(kind="repeated_page")])
    (line,) = api.get(f"/Opportunities/{orders[1]}/QuotationLines")
    assert line["QuotationLineOpportunityId"] == orders[1]
