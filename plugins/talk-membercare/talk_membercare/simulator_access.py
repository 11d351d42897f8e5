"""Signing in to the twin: tokens that are had for a key, and that die."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from talk_membercare.simulator_context import BASE, Context, answer, local, missing, refuse
from talk_sdk.testing.service import Answer, Call, RefusedError, Route

if TYPE_CHECKING:
    from collections.abc import Mapping

API_KEY = "mc-key-5d21"
PERSON = "2"


@dataclass
class Tokens:
    """The tokens that were given, and when each dies."""

    context: Context
    _known: dict[str, datetime] = field(default_factory=dict)

    def routes(self) -> list[Route]:
        """Two routes to one token."""
        path = f"{BASE}/token"
        return [
            Route("GET", path, "token", self.by_query, "A token", public=True),
            Route("POST", path, "token", self.by_body, "A token", public=True),
        ]

    def by_query(self, call: Call) -> Answer:
        """`GET /token?clientApiKey=..&personToImpersonate=..`."""
        return self._token(call.query)

    def by_body(self, call: Call) -> Answer:
        """`POST /token`."""
        return self._token(call.json())

    def _token(self, said: Mapping[str, Any]) -> Answer:
        if said.get("clientApiKey") != API_KEY:
            raise refuse("The key is not valid")
        if said.get("personToImpersonate") != PERSON:
            raise missing("The person to impersonate does not exist")
        store = self.context.store
        dies = store.clock.now() + timedelta(seconds=store.faults.value("token_life"))
        value = f"7d0c2f6e-0000-4000-8000-{len(self._known):012d}"
        self._known[value] = dies
        utc = dies.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds")
        told = utc if self.context.on("expiration_utc") else local(dies)
        return answer({"value": value, "expiration": told})

    def sign_in(self, call: Call) -> None:
        """Let nobody in without a token that lives; it stands in a header of its own, bare."""
        dies = self._known.get(call.headers.get("token", ""))
        if dies is None or dies <= self.context.store.clock.now():
            status = 403 if self.context.on("dead_is_403") else 401
            raise RefusedError(status, "empty", "no token, or one that is dead")
