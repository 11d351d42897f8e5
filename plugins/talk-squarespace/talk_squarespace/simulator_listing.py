"""How the twin of Squarespace cuts lists: a cursor that counts rows, over what there is right now.

What changes between two pages moves rows over their edge: the cursor is no snapshot.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from talk_sdk.testing.fields import InvalidError
from talk_sdk.testing.service import NUMBERS, Answer, Call, RefusedError
from talk_squarespace.simulator_records import moment_of

if TYPE_CHECKING:
    from talk_sdk.testing.records import Snapshot
    from talk_squarespace.simulator_records import Site

__all__ = ["PAIR", "listed", "pair_of"]

Filter = Mapping[str, str]
PAIR = ("modifiedAfter", "modifiedBefore")


def listed(
    site: Site,
    call: Call,
    field: str,
    rows: Callable[[Filter], Sequence[Snapshot]],
    shown: Callable[[Snapshot], Any],
    names: Sequence[str] = (),
) -> Answer:
    """One page of what `rows` gives for the filter of the first request.

    Args:
        site: the site.
        call: the request; its parameters are `names`, or a cursor alone.
        field: where the rows stand in the answer.
        rows: filter → rows, in the order of the list.
        shown: row → what the API shows.
        names: parameters that the list knows.
    """
    start, asked = 0, {name: call.query[name] for name in names if name in call.query}
    if "cursor" in call.query:
        if asked:
            text = "Cursor cannot be set while other parameters are present."
            raise RefusedError(400, "INVALID_ARGUMENT", text)
        start, asked = _decoded(call.query["cursor"])
    found = rows(asked)
    size = int(site.store.faults.value("page"))
    if call.hit_by("short_page"):
        size = max(1, size // 2)
    page = [] if call.hit_by("empty_page") else found[start : start + size]
    more = bool(page) and start + size < len(found)
    pagination: dict[str, Any] = {"hasNextPage": more, "nextPageCursor": None, "nextPageUrl": None}
    if more or site.on("cursor_at_end"):
        cursor = _encoded(start + size, asked)
        pagination |= {"nextPageCursor": cursor, "nextPageUrl": f"{call.path}?cursor={cursor}"}
    body = {field: [shown(row) for row in page], "pagination": pagination}
    return Answer(200, NUMBERS.encode(body))


def pair_of(site: Site, rows: Sequence[Snapshot], asked: Filter) -> list[Snapshot]:
    """Of rows by time of change those between the two moments, in the order of lists.

    Raises:
        RefusedError: one of them is missing.
    """
    given = [name for name in PAIR if name in asked]
    if len(given) == 1:
        text = "'modifiedBefore' and 'modifiedAfter' must both be specified."
        raise RefusedError(400, "MISSING_ARGUMENT", text)
    found = list(rows)
    if given:
        after, before = (moment_of(asked[name], name) for name in PAIR)
        if after >= before:
            raise InvalidError("modifiedBefore", "must be later than modifiedAfter")
        edge = site.on("inclusive")
        found = [
            row for row in found
            if after < row.modified < before or (edge and row.modified in (after, before))
        ]  # fmt: skip
    return found[::-1] if site.on("newest_first") else found


def _encoded(start: int, asked: Filter) -> str:
    return base64.urlsafe_b64encode(NUMBERS.encode([start, asked])).decode().rstrip("=")


def _decoded(cursor: str) -> tuple[int, dict[str, str]]:
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        return msgspec.json.decode(raw, type=tuple[int, dict[str, str]])
    except (ValueError, binascii.Error, msgspec.DecodeError):
        raise InvalidError("cursor", "is no cursor of this list") from None
