"""Answers of an API, and the table from HTTP status to fault."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from talk_sdk.errors import (
    DeniedError,
    MissingError,
    RejectedError,
    RemoteError,
    StaleError,
    UnavailableError,
)
from talk_sdk.http.slim import httpx

__all__ = ["Answer", "fault_of"]

_DECODER = msgspec.json.Decoder(float_hook=Decimal)
_WORDS = 300  # characters of an error body that a message quotes


class Answer(msgspec.Struct, frozen=True):
    """A successful answer (2xx)."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    system: str
    url: str

    def json(self) -> Any:
        """The decoded body; fractions are `Decimal`, so that no digit is lost.

        Raises:
            UnavailableError: the body is no JSON; whether the request had its effect is
                then as unknown as with no answer at all.
        """
        try:
            return _decoded(self.content)
        except (msgspec.DecodeError, ValueError):
            bare = self.url.split("?", 1)[0]
            raise UnavailableError(
                f"{self.system}: {bare} answered something that is no JSON."
            ) from None


def _decoded(content: bytes) -> Any:
    """Half a character, as programs of UTF-16 cut it off, costs one record and not the page."""
    try:
        return _DECODER.decode(content)
    except msgspec.DecodeError:
        if rb"\ud" not in content.lower():
            raise
        return json.loads(content, parse_float=Decimal)


def fault_of(  # noqa: PLR0911 - a table
    system: str,
    method: str,
    url: str,
    answer: httpx.Response,
    now: datetime,
    cool_down_s: float = 1.0,
) -> RemoteError | None:
    """The error that a status stands for; None for a success.

    `cool_down_s` is how long to wait after a 429 that does not say.
    """
    status = answer.status_code
    if 200 <= status < 300:  # noqa: PLR2004 - HTTP's own classes
        return None
    what = f"{system}: {method} {url.split('?', 1)[0]} answered HTTP {status}"
    said = _said(answer)
    text = f"{what}: {said}" if said else f"{what}."
    match status:
        case 401:
            return DeniedError(f"{text} Check the credentials of {system} in talk.toml.")
        case 403:
            return DeniedError(f"{text} The credentials of {system} lack a right.")
        case 404 | 410:
            return MissingError(text)
        case 409 | 412:
            return StaleError(text)
        case 429:
            wait = _retry_after(answer, now)
            return UnavailableError(
                text, reached=False, retry_after=cool_down_s if wait is None else wait
            )
        case _ if status >= 500 or status == 408 or status < 400:  # noqa: PLR2004
            return UnavailableError(text, retry_after=_retry_after(answer, now))
        case _:
            return RejectedError(text)


def _said(answer: httpx.Response) -> str:
    """What the body says of the fault, in one line, with a full stop."""
    text = " ".join(answer.text.split())
    if text and text[-1] not in ".!?":
        text += "."
    return text[:_WORDS] + ("…" if len(text) > _WORDS else "")


def _retry_after(answer: httpx.Response, now: datetime) -> float | None:
    text = answer.headers.get("Retry-After", "").strip()
    if not text:
        return None
    if text.isdigit():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - now).total_seconds())
    except (ValueError, TypeError):
        return None
