"""The page server: systems with an API of pages, on loopback, and a control beside it.

`python -P -m talk_bench.server SYSTEMS` serves until standard input closes. SYSTEMS is JSON:
system → entity → the numbers of its first records, as `{"a": {"Customer": [0, 1000]}}`.
A bare ASGI application on uvicorn: nothing in the way of what is measured.
"""

from __future__ import annotations

import asyncio
import gc
import json
import socket
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from urllib.parse import parse_qsl

import orjson
import uvicorn

from talk_bench.pages import Collection, StaleError
from talk_bench.records import CUSTOMER, ORDER, Raw, customer, order

__all__ = ["Pages", "main"]

Send = Callable[[Raw], Awaitable[None]]
Receive = Callable[[], Awaitable[Raw]]
Answer = tuple[int, bytes]
MAKERS = {CUSTOMER: customer, ORDER: order}
JSON_TYPE = (b"content-type", b"application/json")


class Pages:
    """The application: `/SYSTEM/ENTITY[/ID]`, `/SYSTEM/account` and `/control/VERB`."""

    def __init__(self, systems: dict[str, dict[str, tuple[int, int]]]) -> None:
        """Make the records."""
        self._delay_s = 0.0
        self._stamp = ""
        self._held: dict[tuple[str, str], Collection] = {}
        for system, entities in systems.items():
            for entity, make in MAKERS.items():
                held = self._held[system, entity] = Collection(system, entity, self._now)
                for number in range(*entities.get(entity, (0, 0))):
                    held.seed(number, make(number))

    async def __call__(self, scope: Raw, receive: Receive, send: Send) -> None:
        """Answer one request."""
        body = b"" if scope["method"] == "GET" else await _body(receive)
        system, name, ident = (*scope["path"][1:].split("/"), "", "")[:3]
        if system == "control":
            status, answer = self._control(name, orjson.loads(body))
        elif name == "account":
            status, answer = 200, orjson.dumps({"id": system})
        elif scope["method"] == "GET":
            status, answer = self._read(self._held[system, name], ident, scope["query_string"])
        else:
            if self._delay_s:
                await asyncio.sleep(self._delay_s)
            headers = dict(scope["headers"])
            status, answer = self._write(self._held[system, name], ident, body, headers)
        length = (b"content-length", b"%d" % len(answer))
        start = {"type": "http.response.start", "status": status, "headers": [JSON_TYPE, length]}
        await send(start)
        await send({"type": "http.response.body", "body": answer})

    def _read(self, held: Collection, ident: str, query: bytes) -> Answer:
        if ident:
            found = held.get(ident)
            return (404, b"{}") if found is None else (200, found)
        asked = dict(parse_qsl(query.decode()))
        asked.pop("limit", None)
        since, cursor = asked.pop("updated_since", None), asked.pop("cursor", None)
        if "ids" in asked:
            return 200, held.by_ids(asked["ids"])
        for name, value in asked.items():
            return 200, held.by_field(name, value)
        return 200, held.page(since, cursor)

    def _write(
        self, held: Collection, ident: str, body: bytes, headers: dict[bytes, bytes]
    ) -> Answer:
        content = orjson.loads(body)
        if not ident:
            return 201, held.create(content, headers.get(b"idempotency-key", b"").decode())
        try:
            return 200, held.change(
                ident, content, headers.get(b"if-match", b"").decode().strip('"')
            )
        except StaleError:
            return 412, b"{}"
        except KeyError:
            return 404, b"{}"

    def _control(self, verb: str, said: Raw) -> Answer:
        """What the benchmark does beside the API: never measured."""
        if verb == "delay":
            self._delay_s = said["seconds"]
            return 200, b"null"
        held = self._held[said["system"], said["entity"]]
        if verb == "digest":
            return 200, orjson.dumps(held.digest())
        if verb == "clear":
            held.clear()
        for ident, content in said.get("changes", {}).items():
            held.change(ident, content, "")
        return 200, b"null"

    def _now(self) -> str:
        # The server's own time, which never goes back: pages are in its order.
        self._stamp = max(self._stamp, datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))  # noqa: TID251
        return self._stamp


async def _body(receive: Receive) -> bytes:
    parts, more = [], True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


async def _serve(app: Pages) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        app, http="httptools", loop="uvloop", lifespan="off", access_log=False, log_level="warning"
    )  # fmt: skip
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve([listener]))
    print(json.dumps({"port": listener.getsockname()[1]}), flush=True)  # noqa: T201 - the parent reads it
    await asyncio.to_thread(sys.stdin.read)
    server.should_exit = True
    await serving


def main() -> None:
    """Serve until standard input closes."""
    import uvloop

    app = Pages(json.loads(sys.argv[1]))
    # Millions of records that are never garbage need not be looked through again and again.
    gc.freeze()
    uvloop.run(_serve(app))


if __name__ == "__main__":
    main()
