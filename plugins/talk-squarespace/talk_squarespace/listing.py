"""Reading lists whose cursor is no snapshot, in whichever order of time the API has them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from talk_sdk.errors import UnavailableError
from talk_sdk.operations import Raw
from talk_sdk.rest import moment_in

__all__ = ["BEGINNING", "changed"]

BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
"""Before there was anything."""
MARGIN = timedelta(seconds=1)
"""Times may lack their fraction, and bounds may be exclusive."""
Fetch = Callable[[Mapping[str, str]], tuple[Sequence[Raw], str | None]]
"""Parameters → rows, and the cursor of the next page; None after the last."""


def changed(
    fetch: Fetch, start: datetime, end: datetime, what: str
) -> Iterator[tuple[list[Raw], bool]]:
    """Every state once of what changed between two moments: (rows, whether the last), lazily.

    A row that changes while pages are read moves, and the cursor, which counts rows, then passes
    others by. So the next page is not asked for by its cursor: it is the first page of what lies
    beyond the last row in time. Cursors are followed only through rows of one moment, and these
    are read until a reading brings nothing new.

    Args:
        fetch: gives a page.
        start: from where.
        end: to where; in the future, so that what changes meanwhile stays inside.
        what: how messages call the read.

    Raises:
        UnavailableError: a page that was announced is empty, or rows are in no order of time.
    """
    seen: set[tuple[str, datetime]] = set()
    low, high, last = start, end, False
    while not last:
        pair = {"modifiedAfter": _text(low), "modifiedBefore": _text(high)}
        known = len(seen)
        rows, pages, last = _stretch(fetch, pair, what)
        times = [_time(row, what) for row in rows]
        fresh = []
        for row, time in zip(rows, times, strict=True):
            if (str(row.get("id")), time) not in seen:
                seen.add((str(row.get("id")), time))
                fresh.append(row)
        if pages > 1 and len(seen) > known:
            yield fresh, False
            last = False
            continue
        yield fresh, last
        if not last and times[0] < times[-1]:
            low = times[-1] - MARGIN
        elif not last:
            high = times[-1] + MARGIN


def _stretch(fetch: Fetch, pair: Mapping[str, str], what: str) -> tuple[list[Raw], int, bool]:
    """The first page, and those after it while all rows are of one moment."""
    rows: list[Raw] = []
    query, pages = pair, 0
    while True:
        page, cursor = fetch(query)
        pages += 1
        rows += page
        if cursor is None:
            return rows, pages, True
        if not page:
            raise UnavailableError(f"{what}: a page that was announced came empty.")
        times = [_time(row, what) for row in rows]
        signs = {later > earlier for earlier, later in pairwise(times) if later != earlier}
        if len(signs) > 1:
            raise UnavailableError(f"{what} is not in order of time.")
        if abs(times[-1] - times[0]) > 2 * MARGIN:
            return rows, pages, False
        query = {"cursor": cursor}


def _time(row: Raw, what: str) -> datetime:
    moment = moment_in(row, "modifiedOn")
    if moment is None:
        raise UnavailableError(f"{what}: a row does not say when it changed.")
    return moment.replace(tzinfo=UTC)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
