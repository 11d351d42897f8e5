"""Reading by time of change: whatever moves while the pages are read, nothing is lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talk_sdk.errors import UnavailableError
from talk_sdk.rest import TimedPage, windows

START = datetime(2026, 11, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
Row = dict[str, Any]


class Listing:
    """Records sorted by time of change, cut into numbered pages, as a server with a bound has."""

    def __init__(self, times: list[int], size: int, *, inclusive: bool, says_total: bool) -> None:
        self.times = dict(enumerate(times))
        self.size = size
        self.inclusive = inclusive
        self.says_total = says_total
        self.asked = 0
        self.cut: frozenset[int] = frozenset()
        self.meanwhile: Callable[[Listing], None] = lambda _self: None

    def fetch(self, after: datetime | None, number: int) -> TimedPage:
        self.asked += 1
        since = -1e9 if after is None else (after - START).total_seconds()
        rows = sorted((t, i) for i, t in self.times.items()
                      if t > since or (self.inclusive and t == since))  # fmt: skip
        page = rows[(number - 1) * self.size : number * self.size]
        pages = max(1, -(-len(rows) // self.size))
        self.meanwhile(self)
        if self.asked in self.cut:
            page = page[: len(page) // 2]
        return TimedPage(
            number,
            [{"id": i, "at": t} for t, i in page],
            number >= pages,
            len(rows) if self.says_total else None,
            pages if self.says_total else None,
        )

    def read(self, start: int | None = None) -> list[Row]:
        pages = windows(
            self.fetch, lambda r: str(r["id"]), lambda r: START + timedelta(seconds=r["at"]),
            None if start is None else START + timedelta(seconds=start), SECOND, "books: things",
        )  # fmt: skip
        return [row for rows, _ in pages for row in rows]


def seen(rows: list[Row]) -> set[tuple[int, int]]:
    return {(row["id"], row["at"]) for row in rows}


@given(
    times=st.lists(st.integers(0, 12), max_size=40),
    size=st.integers(1, 7),
    inclusive=st.booleans(),
    says_total=st.booleans(),
)
def test_every_record_comes_once(
    times: list[int], size: int, inclusive: bool, says_total: bool
) -> None:
    listing = Listing(times, size, inclusive=inclusive, says_total=says_total)
    rows = listing.read()

    assert seen(rows) == {*enumerate(times)}
    assert len(rows) == len(times)


@given(
    times=st.lists(st.integers(0, 30), min_size=3, max_size=40),
    size=st.integers(1, 7),
    inclusive=st.booleans(),
    edits=st.lists(st.integers(0, 39), max_size=12),
)
def test_records_that_change_meanwhile_hide_no_other(
    times: list[int], size: int, inclusive: bool, edits: list[int]
) -> None:
    """Each edit moves a record to the end, and all behind it move up by one."""
    listing = Listing(times, size, inclusive=inclusive, says_total=True)
    clock = [100]

    def edit(here: Listing) -> None:
        if edits:
            clock[0] += 5
            here.times[edits.pop() % len(times)] = clock[0]

    listing.meanwhile = edit
    try:
        rows = listing.read()
    except UnavailableError:
        return  # a read that may have lost something says so
    assert {row["id"] for row in rows} == {*range(len(times))}
    late = {ident: at for ident, at in listing.times.items() if at > 100}
    last = {row["id"]: row["at"] for row in rows}
    assert [i for i in late if last[i] > late[i]] == []


def test_edits_between_distinct_times_never_break_the_read() -> None:
    listing = Listing([*range(0, 200, 2)], 10, inclusive=False, says_total=True)
    clock = [1000]

    def edit(here: Listing) -> None:
        clock[0] += 1
        here.times[clock[0] % 100] = clock[0]

    listing.meanwhile = lambda here: edit(here) if here.asked < 8 else None
    assert {row["id"] for row in listing.read()} == {*range(100)}


def test_a_page_of_one_moment_is_passed_by_its_number() -> None:
    listing = Listing([5] * 23 + [9], 4, inclusive=True, says_total=True)

    assert len(listing.read()) == 24


def test_an_incremental_read_begins_at_its_start() -> None:
    listing = Listing([*range(20)], 4, inclusive=False, says_total=True)

    assert {row["at"] for row in listing.read(start=15)} == {16, 17, 18, 19}


@given(
    times=st.lists(st.integers(0, 12), min_size=1, max_size=40),
    size=st.integers(2, 7),
    cut=st.sets(st.integers(2, 30), max_size=6),
)
def test_a_page_that_is_cut_short_is_made_up_for_or_noticed_before_its_time_is_passed(
    times: list[int], size: int, cut: set[int]
) -> None:
    listing = Listing(times, size, inclusive=False, says_total=True)
    listing.cut = frozenset(cut)
    found = windows(
        listing.fetch, lambda r: str(r["id"]), lambda r: START + timedelta(seconds=r["at"]),
        None, SECOND, "books: things",
    )  # fmt: skip
    rows: list[Row] = []
    try:
        for page, _ in found:
            rows += page
    except UnavailableError:
        # What is older than the latest by more than the margin was not passed unseen.
        latest = max((row["at"] for row in rows), default=0)
        passed = {i for i, at in enumerate(times) if at < latest - 1}
        assert passed <= {row["id"] for row in rows}
        return
    assert {row["id"] for row in rows} == {*range(len(times))}


def page(number: int | None, *times: int, last: bool = False, total: int | None = None) -> Any:
    rows = [{"id": t, "at": t} for t in times]
    return TimedPage(number, rows, last, total)


@pytest.mark.parametrize(
    ("pages", "words"),
    [
        ([page(2, 1, 2)], "page 1 was asked for, 2 came"),
        ([page(1)], "came empty"),
        ([page(1, 3, 2)], "not in order"),
        ([page(1, 1, 2, total=9, last=True)], "gave 2 different records of 9"),
        ([page(1, 10, 20), page(1, 10, 20)], "had not been asked for"),
        ([page(None, 5, 6), page(None, 1, 2)], "had not been asked for"),
    ],
)
def test_a_read_that_may_have_lost_records_is_an_error(pages: list[Any], words: str) -> None:
    rest = iter(pages)
    found = windows(
        lambda _after, _number: next(rest), lambda r: str(r["id"]),
        lambda r: START + timedelta(seconds=r["at"]), None, SECOND, "books: things",
    )  # fmt: skip
    with pytest.raises(UnavailableError, match=words):
        list(found)
