"""MemberCare's lists, whose pages name the next one by a link."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from talk_sdk.errors import UnavailableError
from talk_sdk.http import Client
from talk_sdk.operations import Raw
from talk_sdk.rest import cursor_pages, object_in, records_in

__all__ = ["Lists"]

PAGE = 200
"""Records asked for at once; a server that gives fewer says so in its links."""


class Lists:
    """Reads lists to their end."""

    def __init__(self, client: Client) -> None:
        """Keep the client."""
        self._client = client

    def pages(self, path: str, query: Mapping[str, Any], key: str) -> Iterator[list[Raw]]:
        """The records of a list, page by page, lazily; `key` is what tells two of them apart.

        Of a link only the query is followed: the address stays the one that was signed in to.

        Raises:
            UnavailableError: the pages do not advance, records vanished while they were read, or
                fewer came than were announced at first.
        """
        what = f"{self._client.http.system}: {path}"
        seen: set[Any] = set()
        first: int | None = None
        total = 0

        def fetch(link: str | None) -> tuple[list[Raw], str | None]:
            nonlocal first, total
            asked = {**query, "pageSize": PAGE} if link is None else dict(parse_qsl(link))
            answer = self._client.get(path, asked)
            body = object_in(answer)
            before, total = total, int(body.get("totalCount") or 0)
            if total < before:
                # What came after them may have moved over the edge of a page that was read.
                raise UnavailableError(f"{what}: records vanished while the pages were read.")
            first = total if first is None else first
            empty = not total and body.get("result") is None
            records = [] if empty else records_in(answer, body, "result")
            following = body.get("nextPageUrl")
            return records, urlsplit(str(following)).query if following else None

        for records, last in cursor_pages(fetch, what):
            seen.update(record.get(key) for record in records)
            if last and len(seen) < (first or 0):
                raise UnavailableError(f"{what}: {len(seen)} different records of {first} came.")
            yield list(records)
