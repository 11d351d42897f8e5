"""What the same machine does with nothing but the necessary calls: httpx, orjson, sqlite3.

`python -P -m talk_bench.floors VERB JSON`, in a process of its own like the engine's work.
"""

from __future__ import annotations

import json
import socket
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import httpx
import orjson
import xxhash

from talk_bench.records import CUSTOMER, PAGE, customer

__all__ = [
    "carry",
    "complete",
    "drain",
    "main",
    "posts",
    "read",
    "recent",
    "rescan",
    "state",
    "upsert",
]

Facts = dict[str, Any]
Raw = dict[str, Any]
SORTED = orjson.OPT_SORT_KEYS
FRAME = {"id", "etag", "created_at", "updated_at"}
TABLE = """
    CREATE TABLE IF NOT EXISTS link (
        system TEXT, ext TEXT, digest BLOB, shadow BLOB, PRIMARY KEY (system, ext)
    ) WITHOUT ROWID
"""
UPSERT = """
    INSERT INTO link VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET digest = excluded.digest, shadow = excluded.shadow
"""


def read(*, url: str, typed: bool) -> Facts:
    """Read all customers; `typed`: each checked against the connector's model."""
    check = _check()
    began, count = time.perf_counter(), 0
    for records in _pages(url):
        if typed:
            for record in records:
                check(record)
        count += len(records)
    return {"work_s": time.perf_counter() - began, "count": count}


def state(*, urls: Sequence[str], store: str) -> Facts:
    """Read systems, typed, and keep what they say with a digest: a first time."""
    check = _check()
    began, count = time.perf_counter(), 0
    database = _database(store)
    for url in urls:
        for records in _pages(url):
            for record in records:
                check(record)
            with database:
                database.executemany(UPSERT, _rows(url, records))
            count += len(records)
    database.close()
    return {"work_s": time.perf_counter() - began, "count": count}


def rescan(*, url: str, store: str) -> Facts:
    """Read a system and find out that nothing has changed since `state`."""
    began, count, changed = time.perf_counter(), 0, 0
    database = _database(store)
    for records in _pages(url):
        marks = ",".join("?" * len(records))
        query = f"SELECT ext, digest FROM link WHERE system = ? AND ext IN ({marks})"  # noqa: S608
        known = dict(database.execute(query, (url, *(r["id"] for r in records))))
        changed += sum(known.get(ext) != digest for _, ext, digest, _ in _rows(url, records))
        count += len(records)
    database.close()
    return {"work_s": time.perf_counter() - began, "count": count, "changed": changed}


def recent(*, urls: Sequence[str], since: str, store: str) -> Facts:
    """Read what has changed in systems since a time, and keep it: a run with little to do."""
    began, count = time.perf_counter(), 0
    database = _database(store)
    for url in urls:
        for records in _pages(url, since):
            with database:
                database.executemany(UPSERT, _rows(url, records))
            count += len(records)
    database.close()
    return {"work_s": time.perf_counter() - began, "count": count}


def upsert(*, count: int, store: str) -> Facts:
    """Keep rows, without any HTTP."""
    records = [{"id": str(number), **customer(number)} for number in range(count)]
    began = time.perf_counter()
    database = _database(store)
    for start in range(0, count, PAGE):
        with database:
            database.executemany(UPSERT, _rows("a", records[start : start + PAGE]))
    database.close()
    return {"work_s": time.perf_counter() - began, "count": count}


def posts(*, source: str, url: str, flying: int) -> Facts:
    """Read a system and create its records in another, with so many requests in flight."""
    began = time.perf_counter()
    records = (each for page in _pages(source) for each in page)
    _fly((("POST", f"{url}/{CUSTOMER}", each) for each in records), flying)
    return {"work_s": time.perf_counter() - began}


def complete(*, urls: Sequence[str], flying: int) -> Facts:
    """Read two systems, and create in each what only the other has."""
    began = time.perf_counter()
    held = [{each["email"]: each for page in _pages(url) for each in page} for url in urls]
    pairs = ((held[0], held[1], urls[1]), (held[1], held[0], urls[0]))
    requests = (
        ("POST", f"{url}/{CUSTOMER}", record)
        for source, target, url in pairs
        for email, record in source.items()
        if email not in target
    )
    _fly(requests, flying)
    return {"work_s": time.perf_counter() - began}


def carry(*, source: str, since: str, system: str, url: str, flying: int) -> Facts:
    """Change in another system, by the same numbers, what has changed in one since a time."""
    began = time.perf_counter()
    records = [each for page in _pages(source, since) for each in page]
    place = f"{url}/{CUSTOMER}/{system}"
    _fly((("PATCH", place + each["id"][1:], each) for each in records), flying)
    return {"work_s": time.perf_counter() - began, "count": len(records)}


def _fly(requests: Iterator[tuple[str, str, Raw]], flying: int) -> None:
    lock = threading.Lock()

    def following() -> tuple[str, str, Raw] | None:
        with lock:
            return next(requests, None)

    def send() -> None:
        with _client() as client:
            while (request := following()) is not None:
                method, url, record = request
                content = orjson.dumps({k: v for k, v in record.items() if k not in FRAME})
                orjson.loads(client.request(method, url, content=content).raise_for_status().read())

    threads = [threading.Thread(target=send) for _ in range(flying)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def drain(*, url: str, count: int, content: str | None) -> Facts:
    """Ask for the same thing again and again, over bare sockets, and look at no answer.

    Two connections, one of which always has a request waiting: the server is never idle.
    """
    host, path = url.removeprefix("http://").split("/", 1)
    name, _, port = host.partition(":")
    body = content or ""
    verb = "POST" if content else "GET"
    request = f"{verb} /{path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(body)}\r\n\r\n"
    sent = (request + body).encode()
    began = time.perf_counter()
    sockets = [socket.create_connection((name, int(port))) for _ in range(2)]
    for each in sockets:
        each.sendall(sent)
    total = 0
    for number in range(count):
        each = sockets[number % 2]
        total += _drained(each)
        each.sendall(sent)
    for each in sockets:
        total += _drained(each)
        each.close()
    return {"work_s": time.perf_counter() - began, "bytes": total}


def _drained(answering: socket.socket) -> int:
    """Take one answer off a socket; returns the size of its body."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += answering.recv(1 << 16)
    head, _, body = received.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    left = length - len(body)
    while left > 0:
        left -= len(answering.recv(min(left, 1 << 18)))
    return length


def _client() -> httpx.Client:
    """A client that loads no CA bundle, as no TLS is spoken: neither does talk-sdk."""
    return httpx.Client(verify=False)  # noqa: S501 - plain HTTP on loopback


def _pages(url: str, since: str | None = None) -> Iterator[list[Raw]]:
    query: dict[str, Any] = {"limit": PAGE}
    if since is not None:
        query["updated_since"] = since
    with _client() as client:
        while True:
            answer = client.get(f"{url}/{CUSTOMER}", params=query)
            body = orjson.loads(answer.content)
            yield body["data"]
            if body["next_cursor"] is None:
                return
            query["cursor"] = body["next_cursor"]


def _check() -> Callable[[Raw], object]:
    """What checks a record against the connector's model; imported only where it is needed."""
    from talk_bench.connector.models import Customer

    return Customer.model_validate


def _rows(system: str, records: Iterable[Raw]) -> Iterator[tuple[str, str, bytes, bytes]]:
    for record in records:
        said = orjson.dumps(record, option=SORTED)
        yield system, record["id"], xxhash.xxh3_128_digest(said), said


def _database(store: str) -> sqlite3.Connection:
    database = sqlite3.connect(store)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute(TABLE)
    return database


def main() -> None:
    """Do one piece of work."""
    verbs: dict[str, Callable[..., Facts]] = {
        "carry": carry, "complete": complete, "drain": drain, "posts": posts, "read": read,
        "recent": recent, "rescan": rescan, "state": state, "upsert": upsert,
    }  # fmt: skip
    print(json.dumps(verbs[sys.argv[1]](**json.loads(sys.argv[2]))))  # noqa: T201 - for the parent


if __name__ == "__main__":
    main()
