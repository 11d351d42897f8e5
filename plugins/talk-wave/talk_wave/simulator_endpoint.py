"""The endpoint: from a request's body to the JSON that answers it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
from graphql import ExecutionResult, GraphQLError, execute_sync

from talk_sdk.testing.service import Answer, Call, RefusedError, Route
from talk_wave.simulator_context import Context, as_error
from talk_wave.simulator_documents import PATH, Document, address_of, document
from talk_wave.simulator_schema import schema

if TYPE_CHECKING:
    from talk_wave.simulator_auth import Sessions
    from talk_wave.simulator_books import Books

INVALID = "GRAPHQL_VALIDATION_FAILED"
INTERNAL = "INTERNAL_SERVER_ERROR"
SUMMARY = "Run a GraphQL operation"


@dataclass(frozen=True)
class Asked:
    """What a request's body says."""

    document: Document
    variables: Mapping[str, Any]
    operation: str | None


class Endpoint:
    """Answers GraphQL requests.

    Args:
        books: What is kept.
        sessions: Who is signed in.
    """

    def __init__(self, books: Books, sessions: Sessions) -> None:
        self._books = books
        self._sessions = sessions
        self._errors_told = 0

    def recognise(self, call: Call) -> Route | None:
        """Give a GraphQL request the method and path by which faults and counters know it."""
        if (call.request.method, call.request.path) != ("POST", PATH):
            return None
        asked = _asked(call)
        if asked is None:
            return Route("POST", PATH, "invalid", _malformed, SUMMARY, public=True)
        handler = partial(self._answer, asked)
        operation = asked.document.operation(asked.operation)
        if asked.document.errors or operation is None:
            call.path = f"{PATH}/invalid"
            return Route("POST", call.path, "invalid", handler, SUMMARY, own_sign_in=True)
        address = address_of(operation, asked.variables)
        call.method, call.path, call.id = address.method, address.path, address.id or ""
        call.arguments = _arguments(asked)
        lists = address.method == "GET"
        return Route(
            call.method, call.path, address.collection, handler, SUMMARY,
            lists=lists, own_sign_in=True,
        )  # fmt: skip

    def render_error(self, refused: RefusedError) -> bytes:
        """A refusal by HTTP status."""
        if refused.code in {"invalid_request", "invalid_client"}:
            return msgspec.json.encode({"error": refused.code})
        error = GraphQLError(refused.message, extensions={"code": refused.code.upper()})
        return msgspec.json.encode({"errors": [self._told(error, INTERNAL)]})

    def _answer(self, asked: Asked, call: Call) -> Answer:
        problem = self._problem(asked)
        if problem:
            return Answer(200, msgspec.json.encode({"errors": problem}))
        broken = next((fault for fault in call.faults if fault.kind == "graphql_error"), None)
        if broken is not None and not broken.effect:
            return self._broken()
        result = self._run(asked, Context(call, self._books, self._sessions.grant(call)))
        if broken is not None:
            return self._broken()
        return self._result(result)

    def _problem(self, asked: Asked) -> list[dict[str, Any]]:
        """Why the document is not even run."""
        faults = self._books.faults
        if asked.document.errors:
            return [self._told(error, INVALID) for error in asked.document.errors]
        if asked.document.texts is not None and not faults.enabled("inline_strings"):
            message = "Texts must be given as variables."
            return [self._told(GraphQLError(message, [asked.document.texts]), INVALID)]
        most = int(faults.value("max_cost"))
        cap = int(faults.value("page_cap"))
        cost = asked.document.cost(asked.operation, asked.variables, cap)
        if cost > most:
            message = f"The query exceeds the maximum cost of {most}. Actual cost is {cost}"
            return [self._told(GraphQLError(message), INVALID)]
        return []

    @staticmethod
    def _run(asked: Asked, context: Context) -> ExecutionResult:
        assert asked.document.tree is not None  # noqa: S101 - narrows the type
        return execute_sync(
            schema(),
            asked.document.tree,
            variable_values=dict(asked.variables),
            operation_name=asked.operation,
            context_value=context,
            field_resolver=_read,
        )

    def _result(self, result: ExecutionResult) -> Answer:
        answer: dict[str, Any] = {}
        status = 200
        if result.errors:
            answer["errors"] = [self._told(each, self._code(each)) for each in result.errors]
            refused = {each["extensions"]["code"] for each in answer["errors"]}
            if "UNAUTHENTICATED" in refused and self._books.faults.enabled("http_401"):
                status = 401
            if all(each.path is None for each in result.errors):
                # The variables do not fit: nothing was run, so there are no data.
                return Answer(status, msgspec.json.encode(answer))
        answer["data"] = result.data
        return Answer(status, msgspec.json.encode(answer))

    def _code(self, error: GraphQLError) -> str:
        if error.path is not None:
            return INTERNAL
        by_name = self._books.faults.enabled("variable_value_code")
        return "VARIABLE_VALUE" if by_name else "BAD_USER_INPUT"

    def _broken(self) -> Answer:
        told = self._told(GraphQLError("Internal server error"), INTERNAL)
        return Answer(200, msgspec.json.encode({"errors": [told], "data": None}))

    def _told(self, error: GraphQLError, code: str) -> dict[str, Any]:
        self._errors_told += 1
        return as_error(error, code, self._errors_told)


def _read(source: Any, info: Any, **_arguments: Any) -> Any:
    """A field that stands in the record itself."""
    return source.get(info.field_name)


def _asked(call: Call) -> Asked | None:
    """What the body says; none if it is not what GraphQL over HTTP asks for."""
    try:
        body = msgspec.json.decode(call.body)
    except msgspec.DecodeError:
        return None
    if not isinstance(body, dict) or not isinstance(body.get("query"), str):
        return None
    variables = body.get("variables") or {}
    operation = body.get("operationName")
    if not isinstance(variables, dict) or not isinstance(operation, str | None):
        return None
    return Asked(document(body["query"]), variables, operation or None)


def _arguments(asked: Asked) -> dict[str, str]:
    """What tells one listing from another, the number of the page under the name `page`."""
    pages: Sequence[str] | frozenset[str] = asked.document.pages
    told = {
        "page" if name in pages else f"${name}": _text(value)
        for name, value in asked.variables.items()
    }
    return {"query": asked.document.text, **told}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _malformed(_call: Call) -> Answer:
    raise RefusedError(400, "bad_request", "a JSON object with a query is expected")
