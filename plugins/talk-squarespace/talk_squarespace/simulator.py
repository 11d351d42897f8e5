"""The twin of Squarespace's Commerce APIs: their paths over a store in memory.

What is not known of Squarespace is a switch, see `simulator_switches`. Left out are images,
profiles and webhooks, none of which the connector uses.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from talk_sdk.operations import Simulator
from talk_sdk.testing.control import ControlPlane, LocalControl
from talk_sdk.testing.records import Store
from talk_sdk.testing.resource import Replays
from talk_sdk.testing.service import Call, RefusedError, Service
from talk_squarespace.simulator_paths import WEBSITE, Paths
from talk_squarespace.simulator_records import Site
from talk_squarespace.simulator_seed import seed
from talk_squarespace.simulator_switches import SWITCHES
from talk_squarespace.simulator_tables import CURRENCY, PAGE

if TYPE_CHECKING:
    from talk_sdk.clock import Clock
    from talk_sdk.testing.faults import Faults
    from talk_sdk.testing.neutral import World

__all__ = ["API_KEY", "CURRENCY", "PAGE", "WEBSITE", "simulator"]

API_KEY = "sq-key-5a1f0c77"
"""The twin's API key, worth nothing elsewhere."""
_KEPT = timedelta(hours=48)
_MINUTE = timedelta(minutes=1)
_TYPES = {401: "AUTHORIZATION_ERROR", 402: "WEBSITE_EXPIRED", 403: "AUTHORIZATION_ERROR",
          405: "METHOD_NOT_ALLOWED", 409: "CONFLICT", 429: "TOO_MANY_REQUESTS",
          500: "SERVER_ERROR", 503: "SERVICE_UNAVAILABLE"}  # fmt: skip


def simulator(world: World, clock: Clock, faults: Faults) -> Simulator:
    """A site with what the world says exists in `squarespace`."""
    faults.declare(SWITCHES)
    site = Site(Store(clock, faults))
    seed(world, site)
    replays = Replays(clock, _KEPT)
    app = Service(
        site.store,
        Paths(site, replays).routes(),
        sign_in=_Door(site.store).sign_in,
        render_error=_error,
        invalid_status=400,
    )
    settings = {"api_key": API_KEY, "currency": CURRENCY, "time_zone": "Europe/Oslo"}
    control = ControlPlane(LocalControl(site.store, site.resources, replays))
    return Simulator(app, settings, control)


@dataclass
class _Door:
    """Who may come in, and how often."""

    store: Store
    recent: deque[datetime] = field(default_factory=deque)
    closed_until: datetime | None = None

    def sign_in(self, call: Call) -> None:
        """Let a request pass.

        Raises:
            RefusedError: 400 without User-Agent, 401 without the key, 429 for a minute after too
                many requests; nothing tells how long.
        """
        if not call.headers.get("User-Agent"):
            text = "Required header 'User-Agent' is not present."
            raise RefusedError(400, "gateway", text, field=call.path)
        if call.headers.get("Authorization") != f"Bearer {API_KEY}":
            raise RefusedError(401, "", "You are not authorized to do that.")
        now = self.store.clock.now()
        while self.recent and self.recent[0] <= now - _MINUTE:
            self.recent.popleft()
        if self.closed_until is not None and now < self.closed_until:
            raise RefusedError(429, "", "Too many requests.")
        if len(self.recent) >= self.store.faults.value("per_minute"):
            self.closed_until = now + _MINUTE
            raise RefusedError(429, "", "Too many requests.")
        self.recent.append(now)


def _error(refused: RefusedError) -> bytes:
    """The application's own error, or its gateway's."""
    if refused.code == "gateway":
        refused.headers["Content-Type"] = "application/problem+json"
        return msgspec.json.encode({
            "type": "about:blank", "title": "Bad Request", "status": refused.status,
            "detail": refused.message, "instance": refused.field,
        })  # fmt: skip
    where = f"{refused.field}: " if refused.field else ""
    subtype = "INVALID_ARGUMENT" if refused.code == "invalid" else refused.code
    return msgspec.json.encode({
        "type": _TYPES.get(refused.status, "INVALID_REQUEST_ERROR"),
        "subtype": subtype if subtype.isupper() else None,
        "message": f"{where}{refused.message}", "details": None, "contextId": "TALKTWIN",
    })  # fmt: skip
