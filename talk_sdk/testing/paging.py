"""Two ways in which systems cut their listings into pages."""

from __future__ import annotations

import base64
import binascii
from bisect import bisect_left
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from talk_sdk.testing.fields import InvalidError
from talk_sdk.testing.records import Collection, Snapshot, by_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from talk_sdk.testing.service import Call


@dataclass(frozen=True)
class Slice:
    """The records of one page and how to go on."""

    records: Sequence[Snapshot]
    cursor: str | None = None
    """Of a key-set listing: where the next page begins; none after the last."""
    number: int = 1
    total: int = 0
    """Of numbered pages: records on all pages together."""

    def joined(self, collection: Collection) -> bytes:
        """The records' JSON, separated by commas."""
        return b",".join(collection.body(record) for record in self.records)


def keyset(records: Sequence[Snapshot], call: Call, limit: int) -> Slice:
    """The page after the cursor in `call`, of records sorted by time of modification and id.

    A record that is modified between two requests moves to the end and is seen (again) there;
    none is skipped.

    Raises:
        InvalidError: The cursor is none of ours.
    """
    if call.hit_by("empty_page"):
        return Slice(())
    if call.hit_by("short_page"):
        limit = max(1, limit // 2)
    start = 0
    cursor = call.query.get("cursor")
    if cursor:
        start = bisect_left(records, _decoded(cursor), key=by_time)
    end = start + limit
    following = _encoded(records[end]) if end < len(records) else None
    return Slice(records[start:end], following)


def since(records: Sequence[Snapshot], instant: datetime) -> Sequence[Snapshot]:
    """Those records, sorted by time, that were modified at the instant or later."""
    return records[bisect_left(records, (instant, ""), key=by_time) :]


def numbered(records: Sequence[Snapshot], call: Call, size: int) -> Slice:
    """The page with the number in `call`; pages drift when records are deleted in between."""
    number = call.whole_number("page", 1)
    if call.hit_by("empty_page"):
        return Slice((), number=number)
    page = records[(number - 1) * size : number * size]
    if call.hit_by("short_page"):
        page = page[: len(page) // 2]
    return Slice(page, number=number, total=len(records))


def _encoded(first: Snapshot) -> str:
    return base64.urlsafe_b64encode(f"{first.modified.isoformat()}|{first.id}".encode()).decode()


def _decoded(cursor: str) -> tuple[datetime, str]:
    try:
        instant, id_ = base64.urlsafe_b64decode(cursor).decode().split("|")
        return datetime.fromisoformat(instant), id_
    except (ValueError, binascii.Error):
        raise InvalidError("cursor", "is not a cursor of this server") from None
