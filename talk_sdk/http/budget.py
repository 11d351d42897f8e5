"""One account's pace: when a system asks to wait, all threads wait."""

from __future__ import annotations

import threading
from random import Random

from talk_sdk.clock import Clock

__all__ = ["Budget"]


class Budget:
    """When the next request of an account may start."""

    def __init__(self, clock: Clock, rng: Random) -> None:
        """Start with no wait."""
        self._clock = clock
        self._rng = rng
        self._until = 0.0
        self._lock = threading.Lock()

    def hold(self, seconds: float) -> None:
        """Let nothing start for so long, and a little more so that workers do not align."""
        with self._lock:
            wait = seconds + self._rng.random() * max(0.1, seconds * 0.1)
            self._until = max(self._until, self._clock.monotonic() + wait)

    def wait(self) -> None:
        """Return when a request may start."""
        while True:
            with self._lock:
                left = self._until - self._clock.monotonic()
            if left <= 0:
                return
            self._clock.sleep(left)
