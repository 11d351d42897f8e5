"""Answers: no digit is lost, and every status is the fault that it stands for."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import httpx
import pytest

from talk_sdk.errors import (
    DeniedError,
    MissingError,
    RejectedError,
    StaleError,
    UnavailableError,
)
from talk_sdk.http import Answer
from talk_sdk.http.answers import fault_of

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


def _answer(content: bytes) -> Answer:
    return Answer(200, {}, content, "shop", "http://shop/api/orders?token=abc")


def _fault(status: int, text: str = "", **headers: str):
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = httpx.Response(status, text=text, headers=names)
    return fault_of("shop", "GET", "http://shop/api/orders?token=abc", answer, NOON)


def test_fractions_are_decimals_with_all_their_digits() -> None:
    found = _answer(b'{"a": 0.1, "b": 12345678901234567890.123456789, "c": 1e2, "d": 7}').json()
    assert found == {
        "a": Decimal("0.1"),
        "b": Decimal("12345678901234567890.123456789"),
        "c": Decimal("1e2"),
        "d": 7,
    }
    assert [type(value) for value in found.values()] == [Decimal, Decimal, Decimal, int]


@pytest.mark.parametrize("content", [b"", b"<html>", b'{"a": 1', b"\xff", b'{"a": NaN}'])
def test_body_that_is_no_json_leaves_doubt_and_says_where(content) -> None:
    with pytest.raises(UnavailableError, match="http://shop/api/orders answered") as told:
        _answer(content).json()
    assert told.value.reached
    assert "abc" not in told.value.message


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (302, UnavailableError),
        (400, RejectedError),
        (401, DeniedError),
        (403, DeniedError),
        (404, MissingError),
        (405, RejectedError),
        (408, UnavailableError),
        (409, StaleError),
        (410, MissingError),
        (412, StaleError),
        (422, RejectedError),
        (429, UnavailableError),
        (500, UnavailableError),
        (503, UnavailableError),
    ],
)
def test_status_is_the_fault_that_it_stands_for(status, error) -> None:
    fault = _fault(status, '{"message":\n "no"}')
    assert type(fault) is error
    assert f'HTTP {status}: {{"message": "no"}}' in fault.message
    assert "token" not in fault.message


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_success_is_no_fault(status) -> None:
    assert _fault(status) is None


@pytest.mark.parametrize("status", [200 + 229, 408, 500, 504])
def test_only_a_429_is_certain_to_have_had_no_effect(status) -> None:
    assert _fault(status).reached is (status != 429)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("30", 30.0),
        ("Sun, 01 Nov 2026 12:02:00 GMT", 120.0),
        ("Sun, 01 Nov 2026 11:00:00 GMT", 0.0),
        ("soon", 1.0),
        ("", 1.0),
    ],
)
def test_wait_is_read_in_seconds_or_as_a_date(header, seconds) -> None:
    assert _fault(429, Retry_After=header).retry_after == seconds


def test_busy_server_may_say_how_long() -> None:
    assert _fault(503).retry_after is None
    assert _fault(503, Retry_After="7").retry_after == 7


def test_long_body_is_quoted_in_part() -> None:
    assert _fault(400, "x" * 5000).message.endswith("x" * 300 + "…")


def test_half_a_character_costs_no_page() -> None:
    answer = Answer(
        200, {}, rb'[{"name": "\ud83d", "price": 1.10}, {"name": "B"}]', "shop", "http://x"
    )
    assert answer.json() == [{"name": "\ud83d", "price": Decimal("1.10")}, {"name": "B"}]


@pytest.mark.parametrize("content", [b"<html>", rb'{"name": "\ud83d', b'{"name": "\xff"}'])
def test_what_is_no_json_is_no_answer(content: bytes) -> None:
    with pytest.raises(UnavailableError, match="no JSON"):
        Answer(200, {}, content, "shop", "http://x").json()
