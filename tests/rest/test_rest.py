"""What REST connectors share: no broken read looks complete, no outcome looks better than it is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talk_sdk.errors import (
    DeniedError,
    MissingError,
    RejectedError,
    SafetyError,
    StaleError,
    UnavailableError,
)
from talk_sdk.http import Answer
from talk_sdk.operations import Operation
from talk_sdk.rest import (
    PLAIN,
    NumberedPage,
    by_ids,
    cursor_pages,
    matching,
    moment_in,
    numbered_pages,
    object_in,
    outcome_of,
    records_in,
    since_local,
    since_utc,
)

# --- pages ----------------------------------------------------------------------------------------


def _by_cursor(pages: Any):
    return cursor_pages(lambda cursor: pages[cursor], "shop: /orders")


def test_cursor_is_followed_to_the_end() -> None:
    pages = {None: ([{"id": 1}], "a"), "a": ([{"id": 2}], None)}
    assert list(_by_cursor(pages)) == [([{"id": 1}], False), ([{"id": 2}], True)]


def test_nothing_at_all_is_complete() -> None:
    assert list(_by_cursor({None: ([], None)})) == [([], True)]


@pytest.mark.parametrize("following", ["a", "b"])
def test_cursors_that_go_round_are_an_error(following) -> None:
    pages = {None: ([1], "a"), "a": ([2], "b"), "b": ([3], following)}
    with pytest.raises(UnavailableError, match="do not advance"):
        list(_by_cursor(pages))


def test_announced_page_that_is_empty_is_an_error() -> None:
    with pytest.raises(UnavailableError, match="came empty"):
        list(_by_cursor({None: ([1], "a"), "a": ([], None)}))


def _numbered(*pages: tuple[int, Sequence[int], int]):
    def fetch(number: int) -> NumberedPage:
        page, ids, total = pages[number - 1]
        return NumberedPage(page, [{"id": id_} for id_ in ids], total)

    return [r["id"] for p in numbered_pages(fetch, lambda r: r["id"], "erp: /orders") for r in p]


def test_numbered_pages_end_when_all_were_seen() -> None:
    assert _numbered((1, [1, 2], 3), (2, [3], 3)) == [1, 2, 3]
    assert _numbered((1, [], 0)) == []


def test_record_that_is_added_meanwhile_is_read() -> None:
    assert _numbered((1, [1, 2], 2 + 1), (2, [3], 4), (3, [4], 4)) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("pages", "says"),
    [
        ([(1, [1], 2), (2, [], 2)], "after 1 different records of 2"),
        ([(1, [], 2)], "after 0 different records of 2"),
        ([(1, [1, 2], 3), (2, [2], 3)], "after 2 different records of 3"),
        ([(1, [1, 2], 4), (1, [1, 2], 4)], "page 2 was asked for, 1 came"),
        ([(1, [1, 2], 4), (2, [4], 3)], "vanished"),
    ],
)
def test_read_that_may_have_lost_records_never_looks_complete(pages, says) -> None:
    with pytest.raises(UnavailableError, match=says):
        _numbered(*pages)


# --- bodies ---------------------------------------------------------------------------------------


def _answer(content: bytes) -> Answer:
    return Answer(200, {}, content, "shop", "http://shop/api/orders?secret=1")


@pytest.mark.parametrize("content", [b"[]", b"null", b"1", b'"x"'])
def test_body_that_is_no_object_is_a_fault(content) -> None:
    with pytest.raises(UnavailableError, match=r"shop: http://shop/api/orders answered"):
        object_in(_answer(content))


@pytest.mark.parametrize("body", [{}, {"data": None}, {"data": {}}, {"data": [1]}])
def test_list_that_is_none_is_a_fault_not_an_empty_list(body) -> None:
    with pytest.raises(UnavailableError, match="no list of records in 'data'"):
        records_in(_answer(b""), body, "data")
    assert records_in(_answer(b""), {"data": []}, "data") == []


def test_plain_codec_changes_nothing() -> None:
    record = {"a": 1}
    assert PLAIN.decode("Customer", record) is record
    assert PLAIN.encode("Customer", record) is record


# --- outcomes -------------------------------------------------------------------------------------


def _outcome(kind: Any, error: Exception | None = None):
    def call() -> dict[str, Any]:
        if error is not None:
            raise error
        return {"id": 1}

    return outcome_of(Operation("shop", "Order", kind, "x:1", None, (), ""), call)


def test_stored_is_what_the_system_now_holds() -> None:
    outcome = _outcome("create")
    assert (outcome.kind, outcome.record) == ("stored", {"id": 1})


@pytest.mark.parametrize(
    ("error", "create", "update"),
    [
        (UnavailableError("x", reached=True), "unknown", "unknown"),
        (UnavailableError("x", reached=False), "unsent", "unsent"),
        (RejectedError("x"), "refused", "refused"),
        (StaleError("x"), "refused", "stale"),
        (MissingError("x"), "refused", "gone"),
    ],
)
def test_fault_is_the_outcome_that_it_means(error, create, update) -> None:
    found = [_outcome(kind, error) for kind in ("create", "update", "adjust")]
    assert [outcome.kind for outcome in found] == [create, update, update]
    assert {outcome.reason for outcome in found} == {"x"}


@pytest.mark.parametrize("error", [DeniedError("x"), SafetyError("x")])
def test_what_concerns_the_whole_system_goes_through(error) -> None:
    with pytest.raises(type(error)):
        _outcome("update", error)


# --- times ----------------------------------------------------------------------------------------

OSLO = "Europe/Oslo"
TEN = datetime.fromisoformat("2026-11-01T10:00")


@pytest.mark.parametrize(
    ("cursor", "start"),
    [
        ("2026-11-01T10:00:00Z", "2026-11-01T09:59:55Z"),
        ("2026-11-01T10:00:00.25Z", "2026-11-01T09:59:55.250000Z"),
        ("2026-11-01T11:00:00+01:00", "2026-11-01T09:59:55Z"),
        ("2026-11-01T10:00:00", "2026-11-01T09:59:55Z"),
    ],
)
def test_start_in_utc_is_the_cursor_less_the_overlap(cursor, start) -> None:
    assert since_utc(cursor, timedelta(seconds=5)) == start


@pytest.mark.parametrize(
    ("cursor", "start"),
    [
        ("2026-11-01T11:00:00", "2026-11-01T10:59:55"),
        ("2026-10-25T01:59:59", "2026-10-25T01:59:54"),
        ("2026-10-25T02:00:00", "2026-10-25T01:59:55"),
        ("2026-10-25T02:50:00", "2026-10-25T01:49:55"),
        ("2026-10-25T03:00:02", "2026-10-25T01:59:57"),
        ("2026-10-25T03:00:05", "2026-10-25T03:00:00"),
        ("2027-03-28T03:00:02", "2027-03-28T01:59:57"),
        ("2027-03-28T02:30:00", "2027-03-28T01:29:55"),
    ],
)
def test_local_start_is_outside_of_the_hour_that_comes_twice(cursor, start) -> None:
    assert since_local(cursor, timedelta(seconds=5), OSLO) == start


def test_local_cursor_with_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="has a zone"):
        since_local("2026-11-01T11:00:00Z", timedelta(0), OSLO)


TURNS = [
    datetime.fromisoformat(day)
    for day in ("2026-10-25", "2027-03-28", "2026-11-01", "2027-03-14", "2026-10-03", "2027-04-03")
]
"""Days, in UTC, on which one of the zones below changes its clocks."""


@given(
    st.sampled_from(TURNS).flatmap(lambda day: st.datetimes(day, day + timedelta(days=1))),
    st.integers(0, 7200),
    st.sampled_from([OSLO, "America/New_York", "Australia/Lord_Howe", "UTC"]),
    st.integers(0, 600),
)
def test_whatever_was_edited_since_is_in_the_next_read(moment, later_s, zone, overlap_s) -> None:
    """However a server reads the start: as either of two moments, or as a text."""
    there = ZoneInfo(zone)
    seen = moment.replace(tzinfo=UTC, microsecond=0)
    edited = seen + timedelta(seconds=later_s)

    def local(instant: datetime) -> datetime:
        return instant.astimezone(there).replace(tzinfo=None)

    cursor = local(seen).isoformat()
    start = datetime.fromisoformat(since_local(cursor, timedelta(seconds=overlap_s), zone))
    as_moments = [start.replace(tzinfo=there, fold=fold).astimezone(UTC) for fold in (0, 1)]
    assert max(as_moments) <= seen - timedelta(seconds=overlap_s)
    assert start <= local(edited)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-01T10:00:00Z", TEN),
        ("2026-11-01T11:00:00+01:00", TEN),
        ("2026-11-01T10:00", TEN),
        ("soon", None),
        (None, None),
        (7, None),
    ],
)
def test_time_that_cannot_be_read_is_none(text, moment) -> None:
    assert moment_in({"at": text}, "at") == moment


# --- look-ups -------------------------------------------------------------------------------------


def test_ids_that_a_list_leaves_out_are_asked_for_one_by_one() -> None:
    asked: list[str] = []

    def many(ids: Sequence[str]) -> list[dict[str, Any]]:
        asked.append(",".join(ids))
        return [{"id": "1"}, {"id": "foreign"}]

    def one(id_: str) -> dict[str, Any]:
        asked.append(id_)
        if id_ == "3":
            raise MissingError("gone")
        return {"id": "9", "once": id_}

    found = by_ids(many, one, ["1", "2", "3", "4,5"], lambda record: str(record["id"]))
    assert found == {
        "1": {"id": "1"},
        "2": {"id": "9", "once": "2"},
        "4,5": {"id": "9", "once": "4,5"},
    }
    assert asked == ["1,2,3", "2", "3", "4,5"]


def test_look_up_of_nothing_asks_nothing() -> None:
    assert by_ids(lambda _ids: [], lambda _id: {}, [], str) == {}


def test_records_of_a_server_that_ignores_the_filter_fall_out() -> None:
    records: list[dict[str, Any]] = [
        {"m": " A@x.no "},
        {"m": "aa@x.no"},
        {"m": None},
        {},
        {"m": 12},
    ]
    assert matching([records], "m", "a@X.no") == [{"m": " A@x.no "}]
    assert matching([records], "m", "12") == [{"m": 12}]
    assert matching([], "m", "nobody") == []


def test_an_answer_of_other_records_only_is_no_proof_that_there_is_none() -> None:
    with pytest.raises(RejectedError, match="ignores the filter"):
        matching([[{"m": "a"}], [{"m": None}]], "m", "b")
