"""GraphQL over HTTP: what writes is known by the document, and no error passes as data."""

from __future__ import annotations

from random import Random
from typing import Any

import httpx
import msgspec
import pytest
from pydantic import SecretStr

from talk_sdk.errors import (
    DeniedError,
    MissingError,
    RejectedError,
    SafetyError,
    TalkError,
    UnavailableError,
)
from talk_sdk.http import Bearer, Http
from talk_sdk.rest import GraphQL, effect_of
from talk_sdk.testing.clock import VirtualClock

QUERY = "query ($id: ID) { thing(id: $id) { id } }"
MUTATION = "mutation { make { id } }"


class Server:
    """Answers what it is told to, in turn, the last one for ever."""

    def __init__(self, *answers: Any) -> None:
        self.answers = [*answers]
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, int):
            return httpx.Response(answer)
        return httpx.Response(200, content=msgspec.json.encode(answer))


def endpoint(server: Server, *, writes: bool = True, auth: Any = None, **parts: Any) -> GraphQL:
    http = Http(
        "books", clock=VirtualClock(), rng=Random(1), writes=writes,
        transport=lambda: httpx.MockTransport(server),
    )  # fmt: skip
    return GraphQL(http, "https://books.example/graphql", auth, **parts)


def failed(code: str, message: str = "It is so.", data: Any = None, **more: Any) -> dict[str, Any]:
    return {"errors": [{"message": message, "extensions": {"code": code}, **more}], "data": data}


@pytest.mark.parametrize(
    ("document", "effect"),
    [
        (QUERY, "read"),
        ("{ thing { id } }", "read"),
        ("query mutation { mutation { id } }", "read"),
        ('query { thing(name: "} mutation {") { id } }', "read"),
        ('query { thing(name: """ } " mutation { """) { id } }', "read"),
        ("query ($i: I = {a: 1}) @d(mutation: 1) { thing { id } }", "read"),
        ("# mutation\nquery { thing { id } }", "read"),
        (MUTATION, "write"),
        ("mutation Make($input: I!) { make(input: $input) { id } }", "write"),
        ("fragment F on T { id }\nmutation { make { ...F } }", "write"),
        ("query A { a }\nmutation B { b }", "write"),
        ("subscription { things { id } }", "write"),
    ],
)
def test_a_document_tells_whether_it_writes(document: str, effect: str) -> None:
    assert effect_of(document) == effect


def test_a_dry_run_reads_by_post_and_sends_no_mutation() -> None:
    server = Server({"data": {"thing": {"id": "1"}}})
    gql = endpoint(server, writes=False)

    assert gql.execute(QUERY, {"id": "1"}) == {"thing": {"id": "1"}}
    with pytest.raises(SafetyError, match="a plan never writes"):
        gql.execute(MUTATION)
    assert [request.method for request in server.requests] == ["POST"]
    sent = msgspec.json.decode(server.requests[0].content)
    assert sent == {"query": QUERY, "variables": {"id": "1"}}


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (failed("UNAUTHENTICATED"), DeniedError),
        (failed("FORBIDDEN"), DeniedError),
        (failed("NOT_FOUND", data={"thing": None}), MissingError),
        (failed("GRAPHQL_VALIDATION_FAILED"), RejectedError),
        (failed("BAD_USER_INPUT"), RejectedError),
        (failed("VARIABLE_VALUE"), RejectedError),
        (failed("INTERNAL_SERVER_ERROR"), UnavailableError),
        (failed("SOMETHING_NEW"), UnavailableError),
        ({"errors": [{"message": "Half of it.", "extensions": {}}], "data": {"thing": 1}},
         UnavailableError),
        ({"errors": ["?"], "data": {"thing": 1}}, UnavailableError),
        ({"data": None}, UnavailableError),
        ({"thing": 1}, UnavailableError),
        ([], UnavailableError),
        (400, RejectedError),
        (502, UnavailableError),
    ],
)  # fmt: skip
def test_an_error_is_a_fault_wherever_it_stands(answer: Any, error: type[TalkError]) -> None:
    with pytest.raises(error, match="books"):
        endpoint(Server(answer)).execute(QUERY)


def test_a_message_says_what_and_where() -> None:
    answer = failed("NOT_FOUND", "Thing 'x' could not be found.", path=["business", "thing"])
    with pytest.raises(MissingError) as caught:
        endpoint(Server(answer)).execute(QUERY)

    assert caught.value.message == "books: Thing 'x' could not be found (at business.thing)."


def test_what_may_be_absent_is_null_in_the_data() -> None:
    answer = failed("NOT_FOUND", data={"a": {"id": "1"}, "b": None})

    found = endpoint(Server(answer)).execute(QUERY, absent={"NOT_FOUND"})
    assert found == {"a": {"id": "1"}, "b": None}


def test_another_error_beside_an_absence_is_still_a_fault() -> None:
    answer = failed("NOT_FOUND", data={"a": None})
    answer["errors"].append({"message": "No.", "extensions": {"code": "FORBIDDEN"}})

    with pytest.raises(DeniedError):
        endpoint(Server(answer)).execute(QUERY, absent={"NOT_FOUND"})


def test_a_query_is_tried_again_and_a_mutation_in_doubt_is_not() -> None:
    broken, right = failed("INTERNAL_SERVER_ERROR"), {"data": {"thing": None}}
    reading, writing = Server(broken, right), Server(broken, right)

    assert endpoint(reading).execute(QUERY) == {"thing": None}
    with pytest.raises(UnavailableError) as caught:
        endpoint(writing).execute(MUTATION)
    assert caught.value.reached
    assert (len(reading.requests), len(writing.requests)) == (2, 1)


def test_a_mutation_that_was_throttled_had_no_effect_and_is_sent_again() -> None:
    server = Server(failed("RATE_LIMITED"), 429, {"data": {"make": {"id": "1"}}})

    assert endpoint(server).execute(MUTATION) == {"make": {"id": "1"}}
    assert len(server.requests) == 3


def test_a_token_refused_under_status_200_is_renewed_once() -> None:
    class Renewing:
        def __init__(self) -> None:
            self.token = "old"

        def headers(self) -> dict[str, str]:
            return {"Authorization": f"Bearer {self.token}"}

        def renew(self, refused: dict[str, str]) -> bool:
            assert refused == {"Authorization": "Bearer old"}
            self.token = "new"
            return True

    server = Server(failed("UNAUTHENTICATED"), {"data": {"make": {"id": "1"}}})
    assert endpoint(server, auth=Renewing()).execute(MUTATION) == {"make": {"id": "1"}}
    assert [r.headers["Authorization"] for r in server.requests] == ["Bearer old", "Bearer new"]


def test_a_token_that_cannot_be_renewed_is_refused_at_once() -> None:
    server = Server(failed("UNAUTHENTICATED"))
    with pytest.raises(DeniedError):
        endpoint(server, auth=Bearer(SecretStr("x"))).execute(QUERY)
    assert len(server.requests) == 1


def test_an_api_may_have_errors_of_its_own() -> None:
    def special(error: Any, text: str) -> TalkError | None:
        return RejectedError(text) if "cost" in error["message"] else None

    gql = endpoint(Server(failed("X", "too much cost")), special=special)
    with pytest.raises(RejectedError, match="too much cost"):
        gql.execute(QUERY)


@pytest.mark.parametrize("code", ["FORBIDDEN", "NOT_FOUND", "BAD_USER_INPUT", "THROTTLED"])
def test_a_mutation_whose_data_arrived_was_done_and_is_not_sent_again(code: str) -> None:
    server = Server(failed(code, data={"make": {"id": "1"}}, path=["make", "tax"]))
    with pytest.raises(UnavailableError) as caught:
        endpoint(server).execute(MUTATION)
    assert caught.value.reached
    assert len(server.requests) == 1
