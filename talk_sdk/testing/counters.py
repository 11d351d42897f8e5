"""What a twin's server counts: requests, reads and effects, exactly, under its own lock."""

from __future__ import annotations

from collections import Counter
from typing import TypedDict


class Counts(TypedDict):
    """A copy of the counters, as plain JSON data."""

    requests: dict[str, dict[str, int]]
    """Method -> collection -> every request that arrived, refused and dropped ones included."""
    reads: dict[str, int]
    """Collection -> GET requests that were answered."""
    effects: dict[str, dict[str, int]]
    """Collection -> create, update, adjust, delete -> effects of the API, not users'."""


class Counters:
    """Counts what arrives at a server and what it does; the caller holds the store's lock."""

    def __init__(self) -> None:
        self._requests: Counter[tuple[str, str]] = Counter()
        self._reads: Counter[str] = Counter()
        self._effects: Counter[tuple[str, str]] = Counter()

    def request(self, method: str, collection: str) -> None:
        """Count a request that has arrived."""
        self._requests[method, collection] += 1

    def read(self, collection: str) -> None:
        """Count a read that was answered."""
        self._reads[collection] += 1

    def effect(self, collection: str, kind: str) -> None:
        """Count a record that the API created, updated, adjusted or deleted."""
        self._effects[collection, kind] += 1

    def snapshot(self) -> Counts:
        """The counts of this moment."""
        return {
            "requests": _nested(self._requests),
            "reads": dict(self._reads),
            "effects": _nested(self._effects),
        }

    def reset(self) -> None:
        """Begin again at nothing."""
        self._requests.clear()
        self._reads.clear()
        self._effects.clear()


def _nested(counts: Counter[tuple[str, str]]) -> dict[str, dict[str, int]]:
    result: dict[str, dict[str, int]] = {}
    for (outer, inner), count in counts.items():
        result.setdefault(outer, {})[inner] = count
    return result
