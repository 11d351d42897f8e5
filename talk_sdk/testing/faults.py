"""What goes wrong at a twin, as data: which request it hits, and how it shows.

Transport faults cannot be carried out by the application itself: it does (or does not do) what was
asked, then reports the fault in a private header, and the adapter in front of it drops the
connection or lets the time run out. So one application serves a virtual and a real clock.
"""

from __future__ import annotations

import random
import re
import threading
from typing import TYPE_CHECKING, Any, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from talk_sdk.testing.service import Call

TRANSPORT_HEADER = "X-Talk-Sim-Transport"
"""`drop` or `timeout`: how the adapter is to end the connection instead of answering."""
DELAY_HEADER = "X-Talk-Sim-Delay"
"""Seconds that the adapter lets pass before it answers or ends the connection."""

FaultKind = Literal[
    "latency",
    "rate_limit",
    "server_error",
    "malformed",
    "short_page",
    "empty_page",
    "repeated_page",
    "expired_token",
    "drop_before",
    "drop_after",
    "timeout",
    "graphql_error",
]


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One rule: the requests that it matches and what happens to them.

    Attributes:
        kind: What happens. `drop_before` ends the connection before the effect, `drop_after` after
            it; `malformed` cuts the answer in the middle, after the effect; `short_page` serves
            half a page, `empty_page` claims that there is nothing, `repeated_page` serves the
            collection's last page once more; `graphql_error` answers 200 with an internal error
            in the body, where the system speaks GraphQL.
        method: HTTP method, or `*`.
        path: Regular expression that is searched in the path.
        nth: Only these matching requests, counted from 1 since the rule was set.
        probability: Chance that a matching request is hit.
        times: At most so many hits; none means no bound.
        seconds: Latency, `Retry-After`, or how long a time-out lasts.
        status: Status of a `server_error`.
        effect: Whether a request that times out, or ends in a `graphql_error`, has taken effect.
    """

    kind: FaultKind
    method: str = "*"
    path: str = ""
    nth: int | tuple[int, ...] | None = None
    probability: float = 1.0
    times: int | None = None
    seconds: float = 1.0
    status: int = 503
    effect: bool = True


class _Rule:
    """A fault with its count of matching requests and of hits."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self._path = re.compile(fault.path)
        self._nth = (fault.nth,) if isinstance(fault.nth, int) else fault.nth
        self._seen = 0
        self._hits = 0

    def hits(self, method: str, path: str, rng: random.Random) -> bool:
        fault = self.fault
        if fault.method not in ("*", method) or not self._path.search(path):
            return False
        self._seen += 1
        if self._nth is not None and self._seen not in self._nth:
            return False
        if fault.times is not None and self._hits >= fault.times:
            return False
        if fault.probability < 1.0 and rng.random() >= fault.probability:
            return False
        self._hits += 1
        return True


class Faults:
    """The plan of faults and the switches of one twin; may be changed while it runs.

    Switches turn features of the system off, or on: `idempotency` (keys are remembered), `marker`
    (the field for foreign keys is kept and can be searched), `adjust` (counters can be moved by a
    difference), `versions` (stale versions are refused), `lag` (seconds by which listings are
    behind; reads by id are current). A twin declares those that only its system has.

    Attributes:
        on_request: Called with every request before it is handled, outside of the lock, so that a
            test can edit as a user between two requests.
        refused: A text that the system takes from its users alone: what comes by the API and has
            it anywhere, in upper or lower case, is refused as invalid.
    """

    def __init__(self, seed: int = 0, faults: Iterable[Fault] = ()) -> None:
        self.on_request: Callable[[Call], None] | None = None
        self.refused = ""
        self._rng = random.Random(seed)
        self._lock = threading.Lock()
        self._rules: list[_Rule] = []
        self._switches: dict[str, bool | float] = {
            "idempotency": True,
            "marker": True,
            "adjust": True,
            "versions": True,
            "lag": 0.0,
        }
        self.plan(faults)

    def plan(self, faults: Iterable[Fault | Mapping[str, Any]]) -> None:
        """Replace the plan; every rule counts its requests from here."""
        rules = [_Rule(msgspec.convert(fault, Fault)) for fault in faults]
        with self._lock:
            self._rules = rules

    def declare(self, switches: Mapping[str, bool | float]) -> None:
        """Add the switches that a twin has beside the common ones, with their defaults."""
        with self._lock:
            self._switches = {**switches, **self._switches}

    def switch(self, name: str, value: bool | float) -> None:
        """Set a switch.

        Raises:
            KeyError: No switch has this name.
        """
        with self._lock:
            if name not in self._switches:
                raise KeyError(f"no switch {name!r}; there are {', '.join(self._switches)}")
            self._switches[name] = value

    def enabled(self, name: str) -> bool:
        """Whether the feature of this name is on."""
        return bool(self._switches[name])

    def value(self, name: str) -> float:
        """The number that the switch of this name is set to."""
        return float(self._switches[name])

    @property
    def lag(self) -> float:
        """Seconds by which listings are behind."""
        return float(self._switches["lag"])

    def decide(self, method: str, path: str) -> tuple[Fault, ...]:
        """The faults that hit this request; asking counts, so ask once a request."""
        if not self._rules:
            return ()
        with self._lock:
            return tuple(rule.fault for rule in self._rules if rule.hits(method, path, self._rng))
