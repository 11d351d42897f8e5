"""When the process dies: at the how manieth of which steps of a run."""

from __future__ import annotations

from random import Random

__all__ = ["STEPS", "Death", "Killed"]

STEPS = (
    "page", "page stored", "fetched", "match", "merge", "plan", "journaled", "answered",
    "answer stored", "settle", "settled",
)  # fmt: skip
"""Every step that the engine numbers."""
_LATE = STEPS[6:]
"""Those after which something may have been written."""


class Killed(BaseException):
    """The process dies here; not an `Exception`, so that nobody catches it."""


class Death:
    """One that is drawn: for any step, or for the nth of one kind."""

    def __init__(self, rng: Random, most: int = 80) -> None:
        """Draw it; of all steps, the process does not survive so many."""
        if rng.random() < 0.4:
            self._names, self._left = frozenset(STEPS), rng.randrange(1, most)
            return
        late = rng.random() < 0.7
        self._names = frozenset((rng.choice(_LATE if late else STEPS),))
        self._left = rng.randrange(1, min(9, most))

    def comes(self, step: str) -> bool:
        """Whether it comes at this step; it comes once."""
        if step not in self._names:
            return False
        self._left -= 1
        return self._left == 0
