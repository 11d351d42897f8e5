"""Where tokens live that a system gives and takes back: read, replaced, locked."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

__all__ = ["MemoryVault", "Vault"]


class Vault(Protocol):
    """The secrets of one account that change while it is used: a rotated token, its partner.

    What is kept are texts by name. Whoever renews a token holds the lock, so that one process
    and one thread at a time does it, and reads the vault again under the lock.
    """

    def read(self) -> Mapping[str, str]:
        """What is kept now; nothing if nothing was."""

    def write(self, values: Mapping[str, str]) -> None:
        """Keep exactly this. It is on the disk when this returns."""

    def locked(self) -> AbstractContextManager[None]:
        """Held by one thread of one process at a time."""


class MemoryVault:
    """A vault that forgets everything with the process: for tests and for look-only programs."""

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        """Start with some values."""
        self._values = dict(values or {})
        self._lock = threading.Lock()

    def read(self) -> Mapping[str, str]:
        """See `Vault`."""
        return dict(self._values)

    def write(self, values: Mapping[str, str]) -> None:
        """See `Vault`."""
        self._values = dict(values)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """See `Vault`."""
        with self._lock:
            yield
