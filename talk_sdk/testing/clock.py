"""Clocks for tests: time that moves only when somebody sleeps or a test says so."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from talk_sdk.clock import Clock

START = datetime(2026, 11, 1, 10, 0, tzinfo=UTC)
"""The instant at which a virtual clock begins unless told otherwise."""


class VirtualClock:
    """A clock that stands still until somebody sleeps on it; safe to share between threads."""

    def __init__(self, start: datetime = START) -> None:
        self._start = start
        self._elapsed = 0.0
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """The virtual instant, aware, in UTC."""
        return self._start + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        """Virtual seconds since the clock was made."""
        return self._elapsed

    def sleep(self, seconds: float) -> None:
        """Let virtual time pass; returns at once."""
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Move the clock on by so many seconds; it never goes back."""
        with self._lock:
            self._elapsed += max(0.0, seconds)

    def offset(self, seconds: float) -> Clock:
        """A view of this clock that is wrong by so many seconds, for a server with clock skew."""
        return SkewedClock(self, timedelta(seconds=seconds))


@dataclass(frozen=True)
class SkewedClock:
    """A view of another clock: its wall time is off by `skew`, its passing of time is the same."""

    clock: Clock
    skew: timedelta

    def now(self) -> datetime:
        """The other clock's instant plus the skew."""
        return self.clock.now() + self.skew

    def monotonic(self) -> float:
        """The other clock's monotonic seconds."""
        return self.clock.monotonic()

    def sleep(self, seconds: float) -> None:
        """Sleep on the other clock."""
        self.clock.sleep(seconds)
