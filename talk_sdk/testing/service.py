"""The request handling that all twins share: routes, sign-in, faults, counting, error answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from email.utils import format_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import msgspec
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request

from talk_sdk.testing.faults import DELAY_HEADER, TRANSPORT_HEADER, Fault
from talk_sdk.testing.fields import InvalidError

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

    from werkzeug.datastructures import Headers

    from talk_sdk.testing.records import Store

NUMBERS = msgspec.json.Encoder(decimal_format="number")
"""Encodes decimals as JSON numbers."""


class RefusedError(Exception):
    """The server's refusal, before it is put into the system's own error body."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        field: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.field = field
        self.headers = dict(headers or {})


@dataclass
class Answer:
    """What a handler gives back."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Call:
    """One request, as a handler and the hook `Faults.on_request` see it."""

    method: str
    path: str
    request: Request
    id: str = ""
    """The `<id>` of the path."""
    faults: tuple[Fault, ...] = ()
    arguments: Mapping[str, str] | None = None
    """What a request carries in its body that stands for query parameters."""
    route: Route | None = None
    """Who answers, if path and method do not tell."""

    @property
    def query(self) -> Mapping[str, str]:
        """The query parameters, the first of each name."""
        return self.request.args if self.arguments is None else self.arguments

    @property
    def headers(self) -> Headers:
        """The headers, by names in any case."""
        return self.request.headers

    @property
    def body(self) -> bytes:
        """The body as sent."""
        return self.request.get_data()

    def json(self) -> dict[str, Any]:
        """The body as a JSON object; numbers with a point are decimals.

        Raises:
            RefusedError: It is no JSON object.
        """
        try:
            value = _DECODER.decode(self.body)
        except msgspec.DecodeError as error:
            raise RefusedError(400, "malformed", f"not JSON: {error}") from None
        if not isinstance(value, dict):
            raise RefusedError(400, "malformed", "a JSON object is expected")
        return value

    def whole_number(self, name: str, default: int, *, most: int | None = None) -> int:
        """A query parameter that is a whole number from 1, cut to `most`."""
        raw = self.query.get(name)
        if raw is None:
            return default
        if not raw.isdecimal() or int(raw) < 1:
            raise InvalidError(name, "must be a whole number from 1")
        return int(raw) if most is None else min(int(raw), most)

    def hit_by(self, kind: str) -> bool:
        """Whether a fault of this kind hits the request."""
        return any(fault.kind == kind for fault in self.faults)


_DECODER = msgspec.json.Decoder(float_hook=Decimal)


@dataclass(frozen=True, eq=False)
class Route:
    """A path and method of the API, with what its OpenAPI entry says."""

    method: str
    path: str
    collection: str
    handler: Callable[[Call], Answer]
    summary: str
    query: Mapping[str, str] = field(default_factory=dict)
    """Parameter -> description."""
    headers: Mapping[str, str] = field(default_factory=dict)
    sends: str | None = None
    """Name of the schema of the request's body."""
    gives: str | None = None
    """Name of the schema of the answer."""
    success: int = 200
    lists: bool = False
    public: bool = False
    """Answered without sign-in."""
    own_sign_in: bool = False
    """The handler itself checks the credentials, and says that they have expired."""


class Service:
    """A twin's WSGI application.

    Args:
        store: What it keeps.
        routes: Its paths.
        sign_in: Raises `RefusedError` unless the request carries the right credentials.
        render_error: Refusal -> the JSON body in the system's own form.
        invalid_status: Status of a refused value.
        recognise: For an API whose requests all have one path: gives a call the method and path
            by which faults and counters know it, and the route that answers it; gives none
            if path and method tell.
    """

    def __init__(
        self,
        store: Store,
        routes: Sequence[Route],
        *,
        sign_in: Callable[[Call], None],
        render_error: Callable[[RefusedError], bytes],
        invalid_status: int,
        recognise: Callable[[Call], Route | None] | None = None,
    ) -> None:
        self._store = store
        self._sign_in = sign_in
        self._render_error = render_error
        self._invalid_status = invalid_status
        self._recognise = recognise
        rules = [Rule(route.path, methods=[route.method], endpoint=route) for route in routes]
        self._paths = Map(rules, redirect_defaults=False).bind("")
        self._last_pages: dict[tuple[str, frozenset[tuple[str, str]]], bytes] = {}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        request = Request(environ)
        call = Call(request.method, request.path, request)
        # An unread body would be taken for the next request of a kept connection.
        _ = call.body
        if self._recognise is not None:
            call.route = self._recognise(call)
        hook = self._store.faults.on_request
        if hook is not None:
            hook(call)
        answer = self.respond(call)
        headers = {
            "Date": format_datetime(self._store.clock.now(), usegmt=True),
            "Content-Type": "application/json",
            **answer.headers,
        }
        if answer.status != HTTPStatus.NO_CONTENT:
            headers["Content-Length"] = str(len(answer.body))
        start_response(f"{answer.status} {HTTPStatus(answer.status).phrase}", [*headers.items()])
        return [answer.body]

    def respond(self, call: Call) -> Answer:
        """Answer one request, with the faults that hit it."""
        route, refusal = self._match(call)
        call.faults = faults = self._store.faults.decide(call.method, call.path)
        transport = _transport_headers(faults)
        with self._store.lock:
            self._store.counters.request(call.method, route.collection if route else "unknown")
            if any(_prevents_effect(fault) for fault in faults):
                return Answer(503, b"", transport)
            try:
                if route is None:
                    raise refusal
                answer = self._handle(route, call)
            except RefusedError as refused:
                answer = self._error(refused)
            except InvalidError as invalid:
                answer = self._error(
                    RefusedError(
                        self._invalid_status, "invalid", invalid.problem, field=invalid.field
                    )
                )
        if call.hit_by("malformed"):
            answer = Answer(answer.status, answer.body[: len(answer.body) // 2], answer.headers)
        answer.headers.update(transport)
        return answer

    def _match(self, call: Call) -> tuple[Route | None, RefusedError]:
        nothing = RefusedError(404, "not_found", "no such path")
        if call.route is not None:
            return call.route, nothing
        try:
            route, arguments = self._paths.match(call.path, call.method)
        except HTTPException as error:
            if error.code == HTTPStatus.METHOD_NOT_ALLOWED:
                nothing = RefusedError(405, "method_not_allowed", "the path has no such method")
            return None, nothing
        call.id = arguments.get("id", "")
        return route, nothing

    def _handle(self, route: Route, call: Call) -> Answer:
        _refuse_by_fault(call.faults, route)
        if not (route.public or route.own_sign_in):
            self._sign_in(call)
        server_error = next((each for each in call.faults if each.kind == "server_error"), None)
        if server_error is not None:
            body = b"<html><body><h1>The server is busy</h1></body></html>"
            return Answer(server_error.status, body, {"Content-Type": "text/html"})
        listing = (call.path, _question(call))
        repeated = route.lists and call.hit_by("repeated_page") and listing in self._last_pages
        if repeated and "ids" not in call.query:  # a look-up has no page before
            answer = Answer(200, self._last_pages[listing])
        else:
            answer = route.handler(call)
        if route.lists:
            self._last_pages[listing] = answer.body
        if call.method == "GET":
            self._store.counters.read(route.collection)
        return answer

    def _error(self, refused: RefusedError) -> Answer:
        return Answer(refused.status, self._render_error(refused), refused.headers)


def _question(call: Call) -> frozenset[tuple[str, str]]:
    """What a list was asked for, whichever of its pages."""
    return frozenset(
        (name, value) for name, value in call.query.items() if name not in {"cursor", "page"}
    )


def _transport_headers(faults: Iterable[Fault]) -> dict[str, str]:
    headers = {}
    for fault in faults:
        if fault.kind in ("drop_before", "drop_after"):
            headers[TRANSPORT_HEADER] = "drop"
        elif fault.kind == "timeout":
            headers[TRANSPORT_HEADER] = "timeout"
            headers[DELAY_HEADER] = str(fault.seconds)
        elif fault.kind == "latency":
            headers[DELAY_HEADER] = str(fault.seconds)
    return headers


def _prevents_effect(fault: Fault) -> bool:
    return fault.kind == "drop_before" or (fault.kind == "timeout" and not fault.effect)


def _refuse_by_fault(faults: Iterable[Fault], route: Route) -> None:
    for fault in faults:
        if fault.kind == "rate_limit":
            wait = {"Retry-After": f"{fault.seconds:g}"}
            raise RefusedError(429, "rate_limited", "too many requests", headers=wait)
        if fault.kind == "expired_token" and not route.own_sign_in:
            raise RefusedError(401, "token_expired", "the credentials have expired")
