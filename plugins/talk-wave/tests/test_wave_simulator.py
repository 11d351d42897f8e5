"""Wave's twin speaks GraphQL as Wave does: documents, pages, filters, errors, faults, control.

The facts are those of the specification's bullets; documents are written from them by hand.
"""

from __future__ import annotations

import random
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from graphql import get_introspection_query
from talk_wave.simulator import simulator

from talk_sdk.operations import Simulator
from talk_sdk.testing.clock import VirtualClock
from talk_sdk.testing.control import LocalControl, local_control
from talk_sdk.testing.faults import Fault, Faults
from talk_sdk.testing.neutral import World
from talk_sdk.testing.transport import WsgiTransport
from talk_sdk.testing.world import awkward_world, small_world

PAGE = "pageInfo { currentPage totalPages totalCount }"
CREATE = """mutation ($input: CustomerCreateInput!) { customerCreate(input: $input) {
  didSucceed inputErrors { code message path } customer { id name modifiedAt } } }"""
PATCH = """mutation ($input: CustomerPatchInput!) { customerPatch(input: $input) {
  didSucceed inputErrors { code } customer { id name } } }"""
CUSTOMERS = f"""query ($id: ID!, $page: Int, $size: Int, $sort: [CustomerSort!]! =
  [CREATED_AT_DESC], $email: String, $after: DateTime, $before: DateTime) {{
  business(id: $id) {{ customers(page: $page, pageSize: $size, sort: $sort, email: $email,
  modifiedAtAfter: $after, modifiedAtBefore: $before) {{ {PAGE} edges {{ node {{
  id name email modifiedAt isArchived }} }} }} }} }}"""
ADDRESS = "{ addressLine1 addressLine2 city postalCode province { code } country { code } }"
ALL_CUSTOMERS = f"""query ($id: ID!, $size: Int) {{ business(id: $id) {{ customers(pageSize: $size)
  {{ {PAGE} edges {{ node {{ id name firstName lastName displayId email mobile phone fax tollFree
  website internalNotes currency {{ code }} address {ADDRESS} shippingDetails {{ name phone
  instructions address {ADDRESS} }} isArchived createdAt modifiedAt }} }} }} }} }}"""
ALL_INVOICES = f"""query ($id: ID!, $size: Int) {{ business(id: $id) {{ invoices(pageSize: $size)
  {{ {PAGE} edges {{ node {{ id invoiceNumber status customer {{ id }} currency {{ code }}
  invoiceDate dueDate title memo items {{ product {{ id }} description quantity unitPrice taxes
  {{ salesTax {{ id }} }} }} total {{ value }} amountDue {{ value }} modifiedAt }} }} }} }} }}"""


@dataclass
class Wave:
    http: httpx.Client
    twin: Simulator
    control: LocalControl
    clock: VirtualClock

    @property
    def business(self) -> str:
        return str(self.twin.settings["business_id"])

    def post(self, document: str, /, **variables: Any) -> httpx.Response:
        body = {"query": document, "variables": variables}
        return self.http.post("/graphql/public", json=body)

    def ask(self, document: str, /, **variables: Any) -> Any:
        answer = self.post(document, **variables)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def customers(self, **variables: Any) -> Any:
        asked = {"id": self.business, "size": 200, **variables}
        return self.ask(CUSTOMERS, **asked)["data"]["business"]["customers"]

    def names(self, **variables: Any) -> list[str]:
        return [edge["node"]["name"] for edge in self.customers(**variables)["edges"]]

    def create(self, name: str, **values: Any) -> dict[str, Any]:
        sent = {"businessId": self.business, "name": name, **values}
        payload = self.ask(CREATE, input=sent)["data"]["customerCreate"]
        assert payload["didSucceed"], payload
        return dict(payload["customer"])


def open_wave(world: World | None = None) -> Wave:
    clock = VirtualClock()
    world = world or small_world(random.Random(1), systems=("wave", "customerp"), guests_in=())
    twin = simulator(world, clock, Faults())
    token = {"Authorization": f"Bearer {twin.settings['access_token']}"}
    http = httpx.Client(
        transport=WsgiTransport(twin.app, clock), base_url="http://wave", headers=token
    )
    return Wave(http, twin, local_control(twin), clock)


@pytest.fixture
def wave() -> Iterator[Wave]:
    wave = open_wave(World((), (), ()))
    with wave.http:
        yield wave


@pytest.fixture(scope="module")
def full() -> Iterator[Wave]:
    wave = open_wave(awkward_world(2, 500, 60, 500, systems=("wave", "customerp"), guests_in=()))
    with wave.http:
        yield wave


def code(answer: Any) -> str:
    return str(answer["errors"][0]["extensions"]["code"])


# --- transport ----------------------------------------------------------------------------------


def test_there_is_one_url_and_its_body_is_json(wave: Wave) -> None:
    assert wave.http.post("/graphql/public", content=b"{nope").status_code == 400
    assert wave.http.post("/graphql/public", json={"query": 1}).status_code == 400
    assert wave.http.get("/graphql/public/customers").status_code == 404
    assert wave.http.post("/graphql", json={"query": "{ user { id } }"}).status_code == 404


def test_texts_are_given_as_variables_unless_switched(wave: Wave) -> None:
    document = '{ country(code: NO) { name } province(code: "NO-03") { name } }'
    answer = wave.ask(document)
    assert (code(answer), "data" in answer) == ("GRAPHQL_VALIDATION_FAILED", False)
    wave.control.switch("inline_strings", True)
    assert wave.ask(document)["data"]["province"] == {"name": "Oslo"}


def test_introspection_works_without_a_token(wave: Wave) -> None:
    wave.http.headers.pop("Authorization")
    kinds = wave.ask(get_introspection_query())["data"]["__schema"]["types"]
    assert "CustomerPatchInput" in {kind["name"] for kind in kinds}
    answer = wave.ask('{ __type(name: "Customer") { name } }')
    assert answer["data"]["__type"] == {"name": "Customer"}


def test_documents_and_variables_are_validated_before_the_token(wave: Wave) -> None:
    wave.http.headers.pop("Authorization")
    assert code(wave.ask("{ user { nothing } }")) == "GRAPHQL_VALIDATION_FAILED"
    assert code(wave.ask("{ user ")) == "GRAPHQL_VALIDATION_FAILED"
    assert code(wave.ask(CREATE, input={"name": "A"})) == "BAD_USER_INPUT"
    assert code(wave.ask("{ user { id } }")) == "UNAUTHENTICATED"


def test_unknown_argument_is_told_as_an_error_without_data(wave: Wave) -> None:
    answer = wave.ask("query ($n: String) { business(name: $n) { id } }", n="x")
    (error,) = answer["errors"]
    assert error["message"].startswith("Unknown argument")
    assert error["locations"] == [{"line": 1, "column": 31}]
    assert (code(answer), "data" in answer) == ("GRAPHQL_VALIDATION_FAILED", False)


def test_code_of_wrong_variables_can_be_switched(wave: Wave) -> None:
    wave.control.switch("variable_value_code", True)
    answer = wave.ask(CUSTOMERS, id=wave.business, page="one")
    assert (code(answer), "data" in answer) == ("VARIABLE_VALUE", False)


@pytest.mark.parametrize("sent", ["2026-11-01", "2026-11-01T10:00:00", "yesterday", 5])
def test_times_without_zone_are_wrong_variables(wave: Wave, sent: object) -> None:
    assert code(wave.ask(CUSTOMERS, id=wave.business, after=sent)) == "BAD_USER_INPUT"


# --- who is signed in ---------------------------------------------------------------------------


def test_without_login_the_field_is_null_under_status_200(wave: Wave) -> None:
    for header in ({"Authorization": ""}, {"Authorization": "Bearer wrong"}):
        wave.http.headers.update(header)
        answer = wave.ask("{ user { id } }")
        assert answer["data"] == {"user": None}
        (error,) = answer["errors"]
        assert error["message"] == "Login required."
        assert (error["path"], error["extensions"]["code"]) == (["user"], "UNAUTHENTICATED")


def test_without_login_nothing_is_written(wave: Wave) -> None:
    wave.http.headers.pop("Authorization")
    answer = wave.ask(CREATE, input={"businessId": wave.business, "name": "A"})
    assert (answer["data"], code(answer)) == ({"customerCreate": None}, "UNAUTHENTICATED")
    assert wave.control.dump("customers") == []


def test_bad_token_can_be_switched_to_http_401(wave: Wave) -> None:
    wave.control.switch("http_401", True)
    assert wave.post("{ user { id } }").status_code == 200
    wave.http.headers["Authorization"] = "Bearer wrong"
    answer = wave.post("{ user { id } }")
    assert (answer.status_code, code(answer.json())) == (401, "UNAUTHENTICATED")


def test_expired_token_fault_answers_as_to_a_stranger(wave: Wave) -> None:
    wave.control.faults([Fault(kind="expired_token", nth=1)])
    assert code(wave.ask("{ user { id } }")) == "UNAUTHENTICATED"
    assert "errors" not in wave.ask("{ user { id } }")


# --- ids and businesses -------------------------------------------------------------------------


def test_ids_are_opaque_base64_of_business_and_number(wave: Wave) -> None:
    business = b64decode(wave.business).decode()
    kind, _, uuid = business.partition(":")
    assert (kind, len(uuid)) == ("Business", 36)
    inner = b64decode(wave.create("A")["id"]).decode()
    assert inner.startswith(f"{business};Customer:")
    assert inner.rpartition(":")[2].isdecimal()


def test_businesses_are_the_company_another_and_a_personal_one(wave: Wave) -> None:
    document = f"""query ($size: Int) {{ businesses(pageSize: $size) {{ {PAGE} edges {{ node {{
      id isPersonal isClassicInvoicing currency {{ code }} timezone emailSendEnabled }} }} }} }}"""
    found = wave.ask(document, size=2)["data"]["businesses"]
    assert found["pageInfo"] == {"currentPage": 1, "totalPages": 2, "totalCount": 3}
    assert found["edges"][0]["node"] == {
        "id": wave.business,
        "isPersonal": False,
        "isClassicInvoicing": False,
        "currency": {"code": "NOK"},
        "timezone": "Europe/Oslo",
        "emailSendEnabled": True,
    }
    nodes = [edge["node"] for edge in wave.ask(document)["data"]["businesses"]["edges"]]
    assert [node["isPersonal"] for node in nodes] == [False, False, True]
    assert len({node["id"] for node in nodes}) == 3


def test_other_businesses_are_empty_and_take_nothing(wave: Wave) -> None:
    wave.create("A")
    listed = wave.ask("{ businesses { edges { node { id } } } }")["data"]["businesses"]
    other = listed["edges"][1]["node"]["id"]
    assert wave.customers(id=other)["edges"] == []
    answer = wave.ask(CREATE, input={"businessId": other, "name": "B"})
    assert (answer["data"], code(answer)) == ({"customerCreate": None}, "FORBIDDEN")


def test_business_without_id_is_the_default_of_the_user(wave: Wave) -> None:
    answer = wave.ask("{ business { id name } user { defaultEmail } }")["data"]
    assert answer["business"]["id"] == wave.business
    assert "@" in answer["user"]["defaultEmail"]


def test_absent_business_is_null_with_not_found_under_status_200(wave: Wave) -> None:
    answer = wave.ask("query ($id: ID) { business(id: $id) { id } }", id="BAD_ID")
    assert answer["data"] == {"business": None}
    (error,) = answer["errors"]
    assert error["message"] == "Business 'BAD_ID' could not be found."
    assert (error["extensions"]["code"], error["path"]) == ("NOT_FOUND", ["business"])
    assert len(error["extensions"]["id"]) == 36


@pytest.mark.parametrize("field", ["customer", "product", "invoice", "vendor"])
def test_absent_record_is_null_at_its_field(wave: Wave, field: str) -> None:
    document = f"query ($id: ID!, $x: ID!) {{ business(id: $id) {{ {field}(id: $x) {{ id }} }} }}"
    answer = wave.ask(document, id=wave.business, x="nothing")
    assert answer["data"] == {"business": {field: None}}
    assert answer["errors"][0]["path"] == ["business", field]
    assert code(answer) == "NOT_FOUND"


def test_there_is_no_global_node(wave: Wave) -> None:
    answer = wave.ask("query ($id: ID!) { node(id: $id) { id } }", id=wave.business)
    assert code(answer) == "GRAPHQL_VALIDATION_FAILED"


def test_null_of_a_never_null_field_empties_its_parents(wave: Wave) -> None:
    document = """query ($id: ID!) { business(id: $id) { accounts { edges { node {
      id subtype { value %s } } } } } }"""
    answer = wave.ask(document % "archivable", id=wave.business)
    edges = answer["data"]["business"]["accounts"]["edges"]
    assert {edge["node"] for edge in edges} == {None}
    assert code(answer) == "INTERNAL_SERVER_ERROR"
    good = wave.ask(document % "", id=wave.business)["data"]["business"]["accounts"]["edges"]
    assert good[0]["node"]["subtype"] == {"value": "INCOME"}


def test_constants_are_read_in_full(wave: Wave) -> None:
    answer = wave.ask("{ countries { code currency { code } } currencies { code name exponent } }")
    countries = {each["code"]: each["currency"]["code"] for each in answer["data"]["countries"]}
    currencies = {each["code"]: each["exponent"] for each in answer["data"]["currencies"]}
    assert (countries["NO"], currencies["NOK"], currencies["JPY"]) == ("NOK", 2, 0)


def test_vendors_can_only_be_read(wave: Wave) -> None:
    document = f"""query ($id: ID!, $email: String) {{ business(id: $id) {{
      vendors(email: $email) {{ edges {{ node {{ name email address {ADDRESS} }} }} }} }} }}"""
    found = wave.ask(document, id=wave.business, email="nordkraft")["data"]["business"]["vendors"]
    assert [edge["node"]["name"] for edge in found["edges"]] == ["Nordkraft"]
    kinds = wave.ask("{ __schema { mutationType { fields { name } } } }")["data"]["__schema"]
    assert not [each for each in kinds["mutationType"]["fields"] if "vendor" in each["name"]]


# --- pages --------------------------------------------------------------------------------------


def test_pages_are_numbered_from_one_and_hold_ten(full: Wave) -> None:
    first = full.customers(size=None)
    count = len(full.control.dump("customers"))
    assert len(first["edges"]) == 10
    assert first["pageInfo"] == {
        "currentPage": 1,
        "totalPages": -(-count // 10),
        "totalCount": count,
    }
    assert full.customers(size=None, page=1) == first
    for page in (0, -1):
        answer = full.ask(CUSTOMERS, id=full.business, page=page)
        assert (code(answer), answer["data"]["business"]) == (
            "BAD_USER_INPUT",
            {"customers": None},
        )


def test_pages_to_the_end_hold_every_customer_once(full: Wave) -> None:
    seen: list[str] = []
    page, total = 0, 1
    while page < total:
        found = full.customers(page=page + 1, size=37, sort=["MODIFIED_AT_ASC"])
        page, total = found["pageInfo"]["currentPage"], found["pageInfo"]["totalPages"]
        seen += [edge["node"]["id"] for edge in found["edges"]]
    assert len(seen) == len(set(seen))
    assert set(seen) == set(full.control.identities("customers"))
    assert full.customers(page=total + 1, size=37)["edges"] == []


def test_larger_pages_are_cut_to_the_cap_or_refused(full: Wave) -> None:
    assert len(full.customers(size=300)["edges"]) == 200
    assert full.customers(size=300)["pageInfo"]["totalPages"] == 2
    full.control.switch("page_cap", 50)
    assert len(full.customers(size=200)["edges"]) == 50
    full.control.switch("large_pages_refused", True)
    answer = full.ask(CUSTOMERS, id=full.business, size=51)
    full.control.switch("page_cap", 200)
    assert code(answer) == "BAD_USER_INPUT"
    full.control.switch("large_pages_refused", False)


def test_totals_of_pages_may_be_missing(full: Wave) -> None:
    full.control.switch("page_totals", False)
    found = full.customers(page=2, size=5)["pageInfo"]
    full.control.switch("page_totals", True)
    assert found == {"currentPage": 2, "totalPages": None, "totalCount": None}


def test_rows_move_between_pages_if_changed_while_reading(wave: Wave) -> None:
    made = []
    for name in "ABCD":
        made.append(wave.create(name))
        wave.clock.advance(60)
    order = ["MODIFIED_AT_ASC"]
    assert wave.names(page=1, size=2, sort=order) == ["A", "B"]
    wave.ask(PATCH, input={"id": made[0]["id"], "phone": "1"})
    assert wave.names(page=2, size=2, sort=order) == ["D", "A"]  # C is on page 1 now


def test_cost_grows_with_page_size_and_nested_lists(full: Wave) -> None:
    assert "errors" not in full.ask(ALL_CUSTOMERS, id=full.business, size=200)
    answer = full.ask(ALL_INVOICES, id=full.business, size=200)
    (error,) = answer["errors"]
    head, _, cost = error["message"].rpartition(" ")
    assert head == "The query exceeds the maximum cost of 5100. Actual cost is"
    assert int(cost) > 5100
    assert "data" not in answer
    assert "errors" not in full.ask(ALL_INVOICES, id=full.business, size=100)


def test_maximum_cost_is_a_switch(wave: Wave) -> None:
    wave.control.switch("max_cost", 100)
    answer = wave.ask(ALL_CUSTOMERS, id=wave.business, size=200)
    assert "exceeds the maximum cost of 100. Actual cost is " in answer["errors"][0]["message"]
    assert "errors" not in wave.ask(ALL_CUSTOMERS, id=wave.business, size=5)
    wave.control.switch("max_cost", 1e6)
    assert "errors" not in wave.ask(ALL_CUSTOMERS, id=wave.business, size=200)


# --- incremental reading ------------------------------------------------------------------------


def test_default_sort_is_newest_first_and_may_be_left_out(wave: Wave) -> None:
    for name in "ABC":
        wave.create(name)
        wave.clock.advance(2)
    document = "query ($id: ID!) { business(id: $id) { customers { edges { node { name } } } } }"
    found = wave.ask(document, id=wave.business)["data"]["business"]["customers"]["edges"]
    assert [edge["node"]["name"] for edge in found] == ["C", "B", "A"]
    assert wave.names(sort=["NAME_ASC"]) == ["A", "B", "C"]


def test_sort_takes_several_keys(wave: Wave) -> None:
    for name in ("B", "A"):
        wave.create(name)
    wave.clock.advance(2)
    wave.create("C")
    assert wave.names(sort=["CREATED_AT_DESC", "NAME_ASC"]) == ["C", "A", "B"]
    assert wave.names(sort=["CREATED_AT_ASC", "NAME_DESC"]) == ["B", "A", "C"]


@pytest.mark.parametrize("order", ["MODIFIED_AT_ASC", "NAME_ASC"])
def test_bounds_of_modification_exclude_their_instant_unless_switched(
    wave: Wave, order: str
) -> None:
    for name in "ABC":
        wave.create(name)
        wave.clock.advance(1)
    bounds = {"after": "2026-11-01T10:00:00.000Z", "before": "2026-11-01T11:00:02+01:00"}
    assert wave.names(sort=[order], **bounds) == ["B"]
    wave.control.switch("inclusive", True)
    assert wave.names(sort=[order], **bounds) == ["A", "B", "C"]
    assert wave.names(sort=[order], after="2026-11-01T10:00:01.500Z") == ["C"]


def test_times_are_cut_to_the_second_or_the_millisecond(wave: Wave) -> None:
    wave.clock.advance(0.7)
    assert wave.create("A")["modifiedAt"] == "2026-11-01T10:00:00.000Z"
    wave.control.switch("precision", 0.001)
    assert wave.create("B")["modifiedAt"] == "2026-11-01T10:00:00.700Z"


def test_email_filter_finds_more_than_the_address_unless_switched(wave: Wave) -> None:
    for email in ("a@x.no", "Aa@X.no", "b@x.no"):
        wave.create(email, email=email)
    assert sorted(wave.names(email="a@x.no")) == ["Aa@X.no", "a@x.no"]
    assert wave.names(email="c@x.no") == []
    wave.control.switch("email_exact", True)
    assert wave.names(email="a@x.no") == ["a@x.no"]


def test_archived_customers_are_listed_unless_switched(wave: Wave) -> None:
    made = wave.create("A")
    wave.control.edit("customers", made["id"], {"isArchived": True})
    assert [edge["node"]["isArchived"] for edge in wave.customers()["edges"]] == [True]
    wave.control.switch("archived_customers_listed", False)
    assert wave.names() == []


def test_accounts_are_filtered_by_type_and_subtype_and_have_no_modified_filter(wave: Wave) -> None:
    document = """query ($id: ID!, $types: [AccountTypeValue!], $sub: [AccountSubtypeValue!],
      $not: [AccountSubtypeValue!]) { business(id: $id) { accounts(types: $types, subtypes: $sub,
      excludedSubtypes: $not) { edges { node { type { value } subtype { value } } } } } }"""

    def found(**filters: Any) -> list[str]:
        answer = wave.ask(document, id=wave.business, **filters)["data"]["business"]["accounts"]
        return [edge["node"]["subtype"]["value"] for edge in answer["edges"]]

    assert found(types=["INCOME"]) == ["INCOME", "OTHER_INCOME", "DISCOUNTS"]
    assert found(types=["INCOME"], **{"not": ["DISCOUNTS"]}) == ["INCOME", "OTHER_INCOME"]
    assert found(sub=["EXPENSE"]) == ["EXPENSE"]
    bad = """query ($id: ID!, $t: DateTime) { business(id: $id) {
      accounts(modifiedAtAfter: $t) { edges { node { id } } } } }"""
    assert code(wave.ask(bad, id=wave.business)) == "GRAPHQL_VALIDATION_FAILED"


def test_deleted_customer_just_disappears(wave: Wave) -> None:
    made = wave.create("A")
    document = """mutation ($input: CustomerDeleteInput!) { customerDelete(input: $input) {
      didSucceed inputErrors { code } } }"""
    payload = wave.ask(document, input={"id": made["id"]})["data"]["customerDelete"]
    assert payload == {"didSucceed": True, "inputErrors": None}
    assert wave.names() == []
    again = wave.ask(document, input={"id": made["id"]})
    assert (again["data"], code(again)) == ({"customerDelete": None}, "NOT_FOUND")


def test_listing_may_lag_behind_single_reads(wave: Wave) -> None:
    wave.clock.advance(60)
    wave.control.switch("lag", 10)
    made = wave.create("A", email="a@x.no")
    single = "query ($id: ID!, $c: ID!) { business(id: $id) { customer(id: $c) { name } } }"
    assert wave.names() == wave.names(email="a@x.no") == []
    found = wave.ask(single, id=wave.business, c=made["id"])["data"]["business"]["customer"]
    assert found == {"name": "A"}
    wave.clock.advance(11)
    assert wave.names(sort=["MODIFIED_AT_ASC"]) == ["A"]


# --- faults and counters ------------------------------------------------------------------------


def test_requests_are_known_by_what_they_ask_for(wave: Wave) -> None:
    made = wave.create("A")
    wave.ask(PATCH, input={"id": made["id"], "phone": "1"})
    wave.customers()
    wave.ask("query ($id: ID!) { business(id: $id) { name } }", id=wave.business)
    wave.ask("{ user { ")
    counts = wave.control.counters()
    assert counts["requests"] == {
        "POST": {"customers": 1, "invalid": 1},
        "PATCH": {"customers": 1},
        "GET": {"customers": 1, "business": 1},
    }
    assert counts["reads"] == {"customers": 1, "business": 1}
    assert counts["effects"] == {"customers": {"create": 1, "update": 1}}


def test_hook_on_requests_sees_virtual_method_path_and_arguments(wave: Wave) -> None:
    seen: list[tuple[str, str, str]] = []
    wave.control.store.faults.on_request = lambda call: seen.append(
        (call.method, call.path, call.query.get("page", ""))
    )
    made = wave.create("A")
    wave.ask(PATCH, input={"id": made["id"], "phone": "1"})
    wave.customers(page=3)
    wave.ask(
        "query ($b: ID!, $c: ID!) { business(id: $b) { customer(id: $c) { id } } }",
        b=wave.business,
        c=made["id"],
    )
    one = f"/graphql/public/customers/{made['id']}"
    assert seen == [
        ("POST", "/graphql/public/customers", ""),
        ("PATCH", one, ""),
        ("GET", "/graphql/public/customers", "3"),
        ("GET", one, ""),
    ]


def test_rate_limit_is_http_429_with_retry_after(wave: Wave) -> None:
    wave.control.faults([Fault(kind="rate_limit", method="GET", path="customers", seconds=7)])
    wave.create("A")
    answer = wave.post(CUSTOMERS, id=wave.business)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    assert code(answer.json()) == "RATE_LIMITED"


def test_server_error_is_no_json_and_has_no_effect(wave: Wave) -> None:
    wave.control.faults([Fault(kind="server_error", method="POST", status=502)])
    assert wave.post(CREATE, input={"businessId": wave.business, "name": "A"}).status_code == 502
    assert wave.control.dump("customers") == []


@pytest.mark.parametrize("effect", [True, False])
def test_internal_error_in_the_body_before_or_after_the_effect(wave: Wave, effect: bool) -> None:
    wave.control.faults([Fault(kind="graphql_error", method="POST", effect=effect)])
    answer = wave.ask(CREATE, input={"businessId": wave.business, "name": "A"})
    assert (answer["data"], code(answer)) == (None, "INTERNAL_SERVER_ERROR")
    assert len(wave.control.dump("customers")) == effect


def test_dropped_answer_leaves_its_effect(wave: Wave) -> None:
    wave.control.faults([Fault(kind="drop_after", method="POST", path="customers$", nth=1)])
    with pytest.raises(httpx.RemoteProtocolError):
        wave.create("A")
    assert wave.names() == ["A"]


def test_pages_may_be_short_empty_or_repeated(wave: Wave) -> None:
    for name in "ABCD":
        wave.create(name)
    order = ["NAME_ASC"]
    wave.control.faults([Fault(kind="short_page")])
    short = wave.customers(sort=order)
    assert (len(short["edges"]), short["pageInfo"]["totalCount"]) == (2, 4)
    wave.control.faults([Fault(kind="empty_page")])
    empty = wave.customers(sort=order)
    assert (empty["edges"], empty["pageInfo"]["totalCount"]) == ([], 0)
    wave.control.faults([Fault(kind="repeated_page", nth=2)])
    assert wave.names(sort=order, page=1, size=2) == ["A", "B"]
    assert wave.names(sort=order, page=2, size=2) == ["A", "B"]
    assert wave.names(sort=order, page=2, size=2) == ["C", "D"]


def test_answer_may_be_cut_in_the_middle(wave: Wave) -> None:
    wave.control.faults([Fault(kind="malformed")])
    with pytest.raises(ValueError, match="Unterminated"):
        wave.post("{ user { id } }").json()


def test_unknown_switch_is_an_error(wave: Wave) -> None:
    with pytest.raises(KeyError, match="no switch"):
        wave.control.switch("nothing", True)


# --- control and seeding ------------------------------------------------------------------------


def test_users_are_logged_and_not_counted(wave: Wave) -> None:
    id_ = wave.control.create("customers", {"name": "A", "address": {"city": "Oslo"}}, "party-1")
    wave.clock.advance(5)
    record = wave.control.edit("customers", id_, {"address": {"country": {"code": "NO"}}})
    assert record["address"] == {
        "addressLine1": None,
        "addressLine2": None,
        "city": "Oslo",
        "postalCode": None,
        "province": None,
        "country": {"code": "NO"},
    }
    assert record["modifiedAt"] == "2026-11-01T10:00:05.000Z"
    assert wave.control.identities("customers") == {id_: "party-1"}
    wave.control.delete("customers", id_)
    assert wave.control.counters()["effects"] == {}
    assert [effect.kind for effect in wave.control.effects()] == ["create", "update", "delete"]


def test_dump_has_the_shape_in_which_customers_are_read(wave: Wave) -> None:
    wave.create("A", currency="EUR")
    (record,) = wave.control.dump("customers")
    assert record["currency"] == {"code": "EUR"}
    empty = dict.fromkeys(record["address"])
    assert record["address"] == empty
    assert record["shippingDetails"] == {
        "name": None,
        "phone": None,
        "instructions": None,
        "address": empty,
    }
    assert set(record) == {
        "id", "name", "firstName", "lastName", "displayId", "email", "mobile", "phone", "fax",
        "tollFree", "website", "internalNotes", "currency", "address", "shippingDetails",
        "isArchived", "createdAt", "modifiedAt",
    }  # fmt: skip


def test_world_is_planted_with_its_identities(full: Wave) -> None:
    world = awkward_world(2, 500, 60, 500, systems=("wave", "customerp"), guests_in=())
    here = world.within("wave")
    customers = full.control.identities("customers").values()
    assert set(customers) == {party.identity for party in here.parties}
    products = full.control.identities("products")
    own = {full.twin.settings[name] for name in ("line_product", "shipping_product")}
    assert {id_ for id_, identity in products.items() if identity is None} == own
    alive = {deal.identity for deal in here.deals if deal.status != "cancelled" and deal.party}
    assert set(full.control.identities("invoices").values()) == alive


def test_planted_invoices_say_what_the_orders_say(full: Wave) -> None:
    world = awkward_world(2, 500, 60, 500, systems=("wave", "customerp"), guests_in=())
    deals = {deal.identity: deal for deal in world.within("wave").deals}
    identities = full.control.identities("invoices")
    customers = full.control.identities("customers")
    for record in full.control.dump("invoices"):
        deal = deals[str(identities[record["id"]])]
        assert customers[record["customer"]["id"]] == deal.party
        assert record["invoiceDate"] == deal.day.isoformat()
        assert (record["status"] == "DRAFT") == (deal.status == "draft")
        assert len(record["items"]) == len(deal.lines) + bool(deal.shipping_price)
        assert bool(record["discounts"]) == bool(deal.discount_percent)
    numbers = [record["invoiceNumber"] for record in full.control.dump("invoices")]
    assert numbers == [str(number + 1) for number in range(len(numbers))]


def test_twins_of_one_world_are_alike() -> None:
    first, second = open_wave(), open_wave()
    for name in ("customers", "products", "invoices"):
        assert first.control.dump(name) == second.control.dump(name)
    assert first.twin.settings == second.twin.settings


def test_settings_name_the_account_and_the_products_for_lines(wave: Wave) -> None:
    document = """query ($id: ID!, $account: ID!, $line: ID!, $shipping: ID!) { business(id: $id) {
      account(id: $account) { type { value } } a: product(id: $line) { name isSold }
      b: product(id: $shipping) { name isSold } } }"""
    settings = wave.twin.settings
    found = wave.ask(
        document,
        id=wave.business,
        account=settings["income_account"],
        line=settings["line_product"],
        shipping=settings["shipping_product"],
    )["data"]["business"]
    assert found == {
        "account": {"type": {"value": "INCOME"}},
        "a": {"name": "Diverse", "isSold": True},
        "b": {"name": "Frakt", "isSold": True},
    }
