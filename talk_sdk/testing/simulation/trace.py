"""What went over the wire, line by line, and the tap that writes it down."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

import msgspec

from talk_sdk.testing.faults import TRANSPORT_HEADER

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from talk_sdk.testing.faults import Fault, Faults
    from talk_sdk.testing.records import Effect
    from talk_sdk.testing.service import Call
    from talk_sdk.testing.simulation.views import Twin

__all__ = ["Exchange", "Tap", "Trace"]


@dataclass
class Trace:
    """The lines of one seed."""

    lines: list[str] = field(default_factory=list)

    def add(self, line: str) -> None:
        """One more thing happened."""
        self.lines.append(line)

    def digest(self) -> str:
        """The same for the same sequence of things."""
        return sha256("\n".join(self.lines).encode()).hexdigest()


@dataclass(frozen=True)
class Exchange:
    """One request with its answer, as the wire saw it.

    `reading` is the system and entity for whose list it was asked, if it was for one.
    """

    system: str
    method: str
    path: str
    query: str
    status: int
    body: bytes
    intact: bool
    faults: tuple[Fault, ...]
    effects: tuple[Effect, ...]
    sent: bytes = b""
    reading: Hashable = None


class Tap:
    """A twin's application with somebody listening, and with pages of another size.

    Args:
        twin: whose application it is.
        app: the application.
        faults: the twin's faults, whose hook the tap takes.
        size: records on a page, whatever is asked for.
        before: called with system, method and path before each request is handled.
        after: called with each exchange.
        late: whether a write is to arrive only after its client has given up on it.
        unsaid: whether the answer to a write is to leave out a field that it may leave out.
        reading: for whose list the request is.
    """

    def __init__(
        self,
        twin: Twin,
        app: WSGIApplication,
        faults: Faults,
        size: int,
        *,
        before: Callable[[str, str, str], None],
        after: Callable[[Exchange], None],
        late: Callable[[], bool] = lambda: False,
        unsaid: Callable[[], bool] = lambda: False,
        reading: Callable[[], Hashable] = lambda: None,
    ) -> None:
        self._reading = reading
        self._late = late
        self._unsaid = unsaid
        self._under_way: list[tuple[WSGIEnvironment, bytes]] = []
        self._twin = twin
        self._app = app
        self._size = size
        self._before = before
        self._after = after
        self._call: Call | None = None
        faults.on_request = self._on_request

    def _on_request(self, call: Call) -> None:
        self._call = call
        self._before(self._twin.name, call.method, call.path)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request; or let it be late, and answer none."""
        self.arrive()
        sent = _sized(environ["wsgi.input"].read(), self._size)
        if environ["REQUEST_METHOD"] in self._twin.dialect.late and self._late():
            self._under_way.append((environ, sent))
            start_response("503 Lost", [(TRANSPORT_HEADER, "timeout")])
            return []
        return [self._answered(environ, sent, start_response)]

    def arrive(self) -> None:
        """What is late arrives now; nobody hears the answer."""
        while self._under_way:
            environ, sent = self._under_way.pop(0)
            self._answered(environ, sent, lambda *_: None, heard=False)

    def _answered(
        self, environ: WSGIEnvironment, sent: bytes, start_response: Any, *, heard: bool = True
    ) -> bytes:
        environ["wsgi.input"] = BytesIO(sent)
        environ["CONTENT_LENGTH"] = str(len(sent))
        query = self._paged(environ.get("QUERY_STRING", ""))
        environ["QUERY_STRING"] = query
        effects = self._twin.control.store.effects
        known = len(effects)
        status: list[Any] = []

        def start(line: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            status[:] = [int(line[:3]), heard and TRANSPORT_HEADER not in dict(headers)]
            # Users' edits before the effect are in the log as well.
            return start_response(line, headers, *rest)

        body = b"".join(self._app(environ, start))
        call = self._call
        assert call is not None
        faults = call.faults
        spoilt = call.hit_by("malformed") or call.hit_by("graphql_error")
        intact = status[1] and status[0] < 300 and not spoilt
        done = tuple(e for e in effects[known:] if e.who == "api")
        told = self._told(body) if done and intact and body else body
        self._after(
            Exchange(self._twin.name, call.method, call.path, f"{query}#{_short(sent)}",
                     status[0], body if told is body else b"", intact, faults, done, sent,
                     self._reading())
        )  # fmt: skip
        return told

    def _told(self, body: bytes) -> bytes:
        """The answer to a write; it may say less than has been written."""
        if not self._twin.dialect.unsaid:
            return body
        said = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        told = {name: value for name, value in said.items()
                if name not in self._twin.dialect.unsaid or not self._unsaid()}  # fmt: skip
        return body if told == said else msgspec.json.encode(told)

    def _paged(self, query: str) -> str:
        names = {"limit", "pageSize"}
        pairs = parse_qsl(query, keep_blank_values=True)
        return urlencode([(k, str(self._size) if k in names else v) for k, v in pairs])


def _sized(body: bytes, size: int) -> bytes:
    """A GraphQL query with pages of this size; anything else as it is."""
    if b"pageSize: $" not in body:
        return body
    asked = json.loads(body)
    for name in re.findall(r"pageSize: \$(\w+)", asked["query"]):
        asked["variables"][name] = size
    return json.dumps(asked).encode()


def _short(body: bytes) -> str:
    return sha256(body).hexdigest()[:8] if body else ""
