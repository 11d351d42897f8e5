"""Reading in order of the last change where an API has numbered pages and a lower bound in time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from math import ceil

from talk_sdk.errors import UnavailableError
from talk_sdk.operations import Raw

__all__ = ["TimedPage", "windows"]


@dataclass(frozen=True, slots=True)
class TimedPage:
    """One page of a listing that is sorted by time of change, the oldest first.

    Attributes:
        number: the page's number, as the server says it; None where it does not say.
        records: its records.
        last: whether the server says that it is the last one.
        total: how many records the listing has; None where the server does not say.
        pages: how many pages; None where the server does not say.
    """

    number: int | None
    records: Sequence[Raw]
    last: bool
    total: int | None = None
    pages: int | None = None


Fetch = Callable[[datetime | None, int], TimedPage]
"""(changed after this moment, page number from 1) → the page."""


def windows(
    fetch: Fetch,
    id_of: Callable[[Raw], str],
    time_of: Callable[[Raw], datetime],
    start: datetime | None,
    margin: timedelta,
    what: str,
) -> Iterator[tuple[list[Raw], bool]]:
    """Records by time of change, each state once: (records, whether these were the last), lazily.

    A record that changes while the pages are read moves to the end of such a listing, and those
    behind it move up, over the edge of a page that was read already. So the next page is not
    asked for by its number: it is the first page of what has changed since the last record seen,
    less a margin. Numbers are used only where a whole page changed at one moment; what comes
    after a record in order of time may then come before it.

    Args:
        fetch: gives a page of what changed after a moment, None for everything.
        id_of: what tells two records apart.
        time_of: when a record changed; aware.
        start: from where to read; None for everything.
        margin: how far equal times may lie apart: the granularity, doubled for a bound that
            may be exclusive.
        what: how messages call the read.

    Raises:
        UnavailableError: a page that was not asked for, out of order, empty before the end, or
            fewer records at the end than the server says there are.
    """
    seen: dict[str, datetime] = {}

    def fresh_of(page: TimedPage, number: int) -> tuple[list[Raw], list[datetime]]:
        times = [time_of(record) for record in page.records]
        _check(page, number, times, start, margin, what)
        rows = zip(page.records, times, strict=True)
        fresh = [record for record, time in rows if seen.get(id_of(record)) != time]
        seen.update((id_of(r), t) for r, t in zip(page.records, times, strict=True))
        return fresh, times

    def known() -> int:
        if start is None:
            return len(seen)
        return sum(time > start or (inclusive and time == start) for time in seen.values())

    number, longest, inclusive = 1, 0, False
    while True:
        page = fetch(start, number)
        longest = max(longest, len(page.records), _shortest(page))
        fresh, times = fresh_of(page, number)
        if number == 1:
            # Whether the bound is inclusive shows in what it lets in.
            inclusive = bool(times) and start is not None and times[0] <= start
        following = None if page.last else times[-1] - margin
        same = start is not None and following is not None and following <= start
        if number > 1 and not same:
            # What left a page that was passed by its number moved others up: looked at from
            # behind, none of these can slip by.
            for earlier in range(number - 1, 0, -1):
                yield fresh_of(fetch(start, earlier), earlier)[0], False
            _passed(page, number * longest, known(), what)
        if following is None:
            _passed(page, page.total or 0, known(), what)
            yield fresh, True
            return
        yield fresh, False
        if same:
            number += 1
            continue
        start, number = following, 1
        seen = {ident: time for ident, time in seen.items() if time >= start}


def _shortest(page: TimedPage) -> int:
    """How many records every page but the last has at least, by the numbers told."""
    return ceil(page.total / page.pages) if page.total and page.pages else 0


def _passed(page: TimedPage, held: int, known: int, what: str) -> None:
    """So many pages hold so many records, unless one of them was cut short."""
    if page.total is not None and known < min(page.total, held):
        raise UnavailableError(
            f"{what}: the pages gave {known} different records of {min(page.total, held)}."
        )


def _check(
    page: TimedPage,
    number: int,
    times: Sequence[datetime],
    start: datetime | None,
    margin: timedelta,
    what: str,
) -> None:
    if page.number is not None and page.number != number:
        raise UnavailableError(f"{what}: page {number} was asked for, {page.number} came.")
    if not page.last and not times:
        raise UnavailableError(f"{what}: a page that was announced came empty.")
    if any(later < earlier for earlier, later in pairwise(times)):
        # A cursor taken from such a page would pass records that were not read.
        raise UnavailableError(f"{what} is not in order of time.")
    if start is not None and times and times[0] < start - margin:
        raise UnavailableError(f"{what}: records came that had not been asked for.")
