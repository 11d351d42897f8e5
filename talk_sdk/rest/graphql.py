"""GraphQL over HTTP: documents tell reads from writes, and errors are faults as of any API."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from typing import Any

from talk_sdk.errors import (
    DeniedError,
    MissingError,
    RejectedError,
    RemoteError,
    UnavailableError,
)
from talk_sdk.http import Answer, Auth, Effect, Http
from talk_sdk.operations import Raw

__all__ = ["GraphQL", "effect_of"]

_WORD = re.compile(
    r'"""(?:\\"""|.)*?"""|"(?:\\.|[^"\\\n])*"|#[^\n]*|[{}()]|[_A-Za-z][_0-9A-Za-z]*', re.DOTALL
)
_REJECTED = frozenset(
    {"BAD_USER_INPUT", "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED", "VARIABLE_VALUE"}
)
_THROTTLED = frozenset({"RATE_LIMITED", "THROTTLED", "TOO_MANY_REQUESTS"})
_SAID = 300  # characters of an error that a message quotes

Special = Callable[[Mapping[str, Any], str], RemoteError | None]
"""(error, sentence) → what an API's own error means; None for the usual meaning."""


@lru_cache(maxsize=256)
def effect_of(document: str) -> Effect:
    """Whether a document reads or writes, by its operations.

    >>> effect_of("query ($id: ID!) { thing(id: $id) { mutation } }")
    'read'
    >>> effect_of("fragment F on T { id } mutation { make { ...F } }")
    'write'
    """
    depth, begins = 0, True
    for word in _WORD.findall(document):
        if word in "{(":
            depth += 1
        elif word in "})":
            depth -= 1
            begins = depth == 0 and word == "}"
        elif depth == 0 and begins and word[0] not in '"#':
            if word in {"mutation", "subscription"}:
                return "write"
            begins = False
    return "read"


class GraphQL:
    """An endpoint. Shared by all threads.

    Faults are named as those of any API, wherever they stand: in the HTTP status, or in
    `errors` under status 200. What a payload says of itself is its connector's business.
    """

    def __init__(
        self, http: Http, url: str, auth: Auth | None, special: Special | None = None
    ) -> None:
        """Nothing is asked yet.

        Args:
            http: the account's.
            url: the endpoint.
            auth: how requests are signed.
            special: what errors mean that only this API has.
        """
        self.http = http
        self._url = url
        self._client = http.client("", auth=auth)
        self._special = special

    def execute(
        self,
        document: str,
        variables: Mapping[str, Any] | None = None,
        *,
        absent: Collection[str] = (),
    ) -> Raw:
        """The `data` of the answer.

        Args:
            document: one operation, with its fragments; values go in variables.
            variables: its variables; None values are sent as null.
            absent: codes of errors that are no fault here: the data says null in that place.

        Raises:
            UnavailableError: not reached, 429, 5xx, an internal error, or neither data nor
                errors.
            DeniedError: the token is not accepted, or lacks a right.
            MissingError: an object does not exist.
            RejectedError: the document or a variable is wrong.
            SafetyError: a mutation in a dry run.
        """
        answer = self._client.send(
            "POST",
            self._url,
            json={"query": document, "variables": dict(variables or {})},
            effect=effect_of(document),
            fault=lambda answer: self._fault(answer, absent, effect_of(document)),
        )
        data: Raw = answer.json()["data"]
        return data

    def _fault(self, answer: Answer, absent: Collection[str], effect: str) -> RemoteError | None:
        body = answer.json()
        errors = body.get("errors") if isinstance(body, dict) else None
        for error in errors if isinstance(errors, list) else ():
            fault = self._meaning(error if isinstance(error, dict) else {}, absent)
            if fault is not None:
                # A mutation that has answered was done, whatever part of its answer failed.
                return (
                    UnavailableError(fault.message)
                    if effect == "write" and _has_data(body)
                    else fault
                )
        if not isinstance(body, dict) or not isinstance(body.get("data"), dict):
            return UnavailableError(f"{answer.system}: the API answered neither data nor errors.")
        return None

    def _meaning(self, error: Mapping[str, Any], absent: Collection[str]) -> RemoteError | None:
        extensions = error.get("extensions")
        extensions = extensions if isinstance(extensions, dict) else {}
        code = str(extensions.get("code") or "")
        if code in absent:
            return None
        said = str(error.get("message") or code or "an error without words")[:_SAID]
        path = ".".join(map(str, error.get("path") or ()))
        text = f"{self.http.system}: {said.rstrip('.')}"
        text += f" (at {path})." if path else "."
        special = self._special(error, text) if self._special else None
        return special or _usual_meaning(code, text, self.http.system)


def _has_data(body: Mapping[str, Any]) -> bool:
    data = body.get("data")
    return isinstance(data, dict) and any(value is not None for value in data.values())


def _usual_meaning(code: str, text: str, system: str) -> RemoteError:
    """What the codes mean on which GraphQL servers agree; any other is the server's own fault."""
    if code in _THROTTLED:
        return UnavailableError(text, reached=False, retry_after=1.0)
    if code in _REJECTED:
        return RejectedError(text)
    if code == "UNAUTHENTICATED":
        return DeniedError(f"{text} Check the credentials of {system} in talk.toml.")
    if code == "FORBIDDEN":
        return DeniedError(f"{text} The credentials of {system} lack a right.")
    return MissingError(text) if code == "NOT_FOUND" else UnavailableError(text)
