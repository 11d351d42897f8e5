"""What one system of the page server holds: encoded records in the order of their times."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson

from talk_bench.records import CUSTOMER, PAGE, Digest, Raw, digest, stamp_of

__all__ = ["Collection", "StaleError"]

EMPTY: Raw = {
    "name": None, "is_company": False, "account_number": None, "vat_no": None, "email": None,
    "first_name": None, "last_name": None, "phone": None, "mobile": None, "fax": None,
    "website": None, "note": None, "language": None, "currency": None, "active": True,
    "address1": None, "address2": None, "zip": None, "city": None, "country": None,
    "delivery_name": None, "delivery_instructions": None,
}  # fmt: skip


class StaleError(Exception):
    """The record is not what the client has seen."""


class Collection:
    """The records of one entity. Each is encoded once; a page is only put together.

    Args:
        system: its name; with the entity, the beginning of every id.
        entity: of what.
        now: the time of a change, as the API writes it; never goes back.
    """

    def __init__(self, system: str, entity: str, now: Callable[[], str]) -> None:
        """Start empty."""
        self._prefix, self._now = f"{system}-{entity[0].lower()}", now
        self._empty = EMPTY if entity == CUSTOMER else {}
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self._ids: list[str | None] = []  # None: the record has moved on to a later time
        self._stamps: list[str] = []
        self._place: dict[str, int] = {}
        self._bodies: dict[str, bytes] = {}
        self._keys: dict[str, str] = {}
        self._lines = 0

    def seed(self, number: int, content: Raw) -> None:
        """Put a record in that has been there for long."""
        record = {**self._empty, **self._numbered(content, {})}
        self._store(f"{self._prefix}{number}", record, 1, stamp_of(number))

    def page(self, since: str | None, cursor: str | None) -> bytes:
        """A page of the records of a time or later, from a place on."""
        start = int(cursor) if cursor else bisect_left(self._stamps, since or "")
        found: list[bytes] = []
        total = len(self._ids)
        while start < total and len(found) < PAGE:
            ident = self._ids[start]
            start += 1
            if ident is not None:
                found.append(self._bodies[ident])
        while start < total and self._ids[start] is None:
            start += 1
        following = b'"%d"' % start if start < total else b"null"
        return b'{"data":[' + b",".join(found) + b'],"next_cursor":' + following + b"}"

    def listing(self, bodies: Iterator[bytes]) -> bytes:
        """A page that is the only one."""
        return b'{"data":[' + b",".join(bodies) + b'],"next_cursor":null}'

    def by_ids(self, ids: str) -> bytes:
        """The records of these ids."""
        return self.listing(self._bodies[i] for i in ids.split(",") if i in self._bodies)

    def by_field(self, name: str, value: str) -> bytes:
        """The records with a value in a field."""
        return self.listing(b for b in self._bodies.values() if orjson.loads(b)[name] == value)

    def get(self, ident: str) -> bytes | None:
        """One record."""
        return self._bodies.get(ident)

    def create(self, content: Raw, key: str) -> bytes:
        """A new record; the same one again for a key that was used before."""
        ident = self._keys.get(key) if key else None
        if ident is None:
            ident = f"{self._prefix}n{len(self._bodies)}"
            self._keys[key] = ident
            self._store(ident, {**self._empty, **self._numbered(content, {})}, 1, self._now())
        return self._bodies[ident]

    def change(self, ident: str, content: Raw, seen: str) -> bytes:
        """Change fields of a record; `KeyError` if there is none.

        Raises:
            StaleError: it has another etag than the one that was seen.
        """
        record = orjson.loads(self._bodies[ident])
        if seen and seen != record["etag"]:
            raise StaleError
        self._ids[self._place[ident]] = None
        revision = int(record["etag"]) + 1
        self._store(ident, {**record, **self._numbered(content, record)}, revision, self._now())
        return self._bodies[ident]

    def digest(self) -> Digest:
        """How many records there are, and the hash of their content."""
        return digest(orjson.loads(body) for body in self._bodies.values())

    def _store(self, ident: str, record: Mapping[str, Any], revision: int, stamp: str) -> None:
        created = record.get("created_at", stamp)
        frame = {"id": ident, "etag": str(revision), "created_at": created, "updated_at": stamp}
        # A copy: what orjson gives holds on to the far larger buffer that it was written into.
        self._bodies[ident] = bytes(memoryview(orjson.dumps({**frame, **record, **frame})))
        self._place[ident] = len(self._ids)
        self._ids.append(ident)
        self._stamps.append(stamp)

    def _numbered(self, content: Raw, before: Raw) -> Raw:
        """The content, its lines on top of those of their ids, with an id where one has none."""
        if "lines" not in content:
            return content
        known = {line["id"]: line for line in before.get("lines", ())}
        return {**content, "lines": [self._line(line, known) for line in content["lines"]]}

    def _line(self, line: Raw, known: Mapping[str, Raw]) -> Raw:
        if line.get("id"):
            return {**known.get(line["id"], {}), **line}
        self._lines += 1
        return {**line, "id": f"{self._prefix}l{self._lines}"}
