"""Answers in the shape that was asked for: anything else is a fault, never an empty answer."""

from __future__ import annotations

from typing import Any

from talk_sdk.errors import UnavailableError
from talk_sdk.http import Answer
from talk_sdk.operations import Raw

__all__ = ["object_in", "records_in"]


def object_in(answer: Answer) -> Raw:
    """The answer's body, which must be a JSON object.

    Raises:
        UnavailableError: it is something else, or no JSON at all.
    """
    body = answer.json()
    if not isinstance(body, dict):
        raise UnavailableError(f"{_who(answer)} answered something else than a JSON object.")
    return body


def records_in(answer: Answer, body: Raw, field: str) -> list[Raw]:
    """The list of objects in a field of a body.

    Raises:
        UnavailableError: there is none.
    """
    records: Any = body.get(field)
    if not isinstance(records, list) or not all(isinstance(each, dict) for each in records):
        raise UnavailableError(f"{_who(answer)} answered no list of records in {field!r}.")
    return records


def _who(answer: Answer) -> str:
    return f"{answer.system}: {answer.url.split('?', 1)[0]}"
