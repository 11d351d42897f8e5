"""Signing in to the twin: an application token by four transports, access tokens, the pace."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING, Any

import msgspec

from talk_sdk.testing.service import Answer, Call, RefusedError, Route

if TYPE_CHECKING:
    from collections.abc import Mapping

    from talk_sdk.testing.records import Store

__all__ = ["AUTH_CODE", "SYSTEM_ID", "Sessions"]

AUTH_CODE = "6f2c9d1e-0b1a-4a57-9c0e-talk00000001"
"""The application token; the twin's, worth nothing elsewhere."""
SYSTEM_ID = 39329
_MINUTE = timedelta(minutes=1)


@dataclass
class Sessions:
    """The tokens that are valid, and how often the application came in the last minute."""

    store: Store
    tokens: dict[str, datetime] = field(default_factory=dict)
    refresh: set[str] = field(default_factory=set)
    recent: deque[datetime] = field(default_factory=deque)
    issued: int = 0

    def routes(self) -> list[Route]:
        """The paths of the sign-in."""
        return [
            Route("POST", "/Auth/ApiLogin", "auth", self._login, "Log in", public=True),
            Route("POST", "/Auth/ApiRefresh", "auth", self._refresh, "Log in again", public=True),
            Route("GET", "/Auth", "auth", self._whoami, "Who is logged in"),
        ]

    def sign_in(self, call: Call) -> None:
        """Let a request with a valid token pass, if there were not too many.

        Raises:
            RefusedError: 401, or 429 over the limit of requests a minute.
        """
        token = call.headers.get("Authorization", "").removeprefix("Bearer ")
        until = self.tokens.get(token)
        if until is None or until <= self.store.clock.now():
            raise RefusedError(401, "UnauthorizedException", "Authorization has been denied.")
        self._pace()

    def _pace(self) -> None:
        now, most = self.store.clock.now(), int(self.store.faults.value("per_minute"))
        while self.recent and self.recent[0] <= now - _MINUTE:
            self.recent.popleft()
        if len(self.recent) >= most:
            wait = ceil((self.recent[0] + _MINUTE - now).total_seconds())
            message = (
                f"The request was throttled. The limit of {most} requests per minute is reached"
            )
            raise RefusedError(429, "TooManyRequestsException", message,
                               headers={"Retry-After": str(wait)})  # fmt: skip
        self.recent.append(now)

    def _login(self, call: Call) -> Answer:
        if AUTH_CODE in _said(call, "authCode"):
            return self._granted()
        return self._refused()

    def _refresh(self, call: Call) -> Answer:
        known = self.refresh & set(_said(call, "refreshToken"))
        if not known:
            return self._refused()
        self.refresh -= known
        return self._granted()

    def _refused(self) -> Answer:
        if self.store.faults.enabled("login_401"):
            raise RefusedError(401, "UnauthorizedException", "Invalid application token.")
        return Answer(200, msgspec.json.encode({
            "AccessToken": None, "RefreshToken": None, "Error": "invalid_grant",
            "ErrorDescription": "Invalid application token.", "IsError": True, "ExpiresIn": 0,
            "TokenType": None,
        }))  # fmt: skip

    def _granted(self) -> Answer:
        self.issued += 1
        access, refresh = f"access-{self.issued:04d}-d41f", f"refresh-{self.issued:04d}-77ab"
        life = int(self.store.faults.value("token_life"))
        self.tokens[access] = self.store.clock.now() + timedelta(seconds=life)
        self.refresh.add(refresh)
        return Answer(200, msgspec.json.encode({
            "AccessToken": access, "RefreshToken": refresh, "Error": None,
            "ErrorDescription": None, "IsError": False, "ExpiresIn": life, "TokenType": "Bearer",
            "SystemId": SYSTEM_ID,
        }))  # fmt: skip

    def _whoami(self, _call: Call) -> Answer:
        return Answer(200, msgspec.json.encode({"SystemId": SYSTEM_ID}))


def _said(call: Call, name: str) -> list[str]:
    """What a request says under a name, in whichever transport and case."""
    body: Mapping[str, Any] = call.request.form
    if call.request.mimetype == "application/json":
        body = call.json()
    pairs = [*body.items(), *call.headers.items()]
    return [str(value) for key, value in pairs if key.casefold() == name.casefold()]
