"""The inbox of a workspace: what waits for a person, and what a person says of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager

from talk_sdk._engine.verdicts import take
from talk_sdk._store import Store, questions
from talk_sdk.clock import Clock
from talk_sdk.errors import ConfigError
from talk_sdk.operations import Conflict

__all__ = ["Inbox"]


class Inbox:
    """Lists what waits for a person, and settles it. Reaches out to no system.

    What is settled here is written by the next `sync`.
    """

    def __init__(self, store: Callable[[], AbstractContextManager[Store]], clock: Clock) -> None:
        """Use `Runner.inbox`."""
        self._store = store
        self._clock = clock

    def conflicts(self, *, most: int | None = None) -> list[Conflict]:
        """Two edits of one property: those that wait for a person first, then the newest."""
        with self._store() as store, store.write() as connection:
            return questions.listed(connection, most=most)

    def settle(self, ids: Iterable[int], *, take_from: str) -> int:
        """Let the value of one system stand in some conflicts, settled ones too.

        Args:
            ids: the conflicts.
            take_from: the system whose value stands.

        Returns:
            How many were settled.

        Raises:
            ConfigError: there is no such conflict, or the system has no value in it; nothing is
                changed then.
        """
        wanted = list(dict.fromkeys(ids))
        with (
            self._store() as store,
            store.locked("talk conflicts"),
            store.write() as connection,
        ):
            found = {each.id: each for each in questions.listed(connection, wanted)}
            for ident in wanted:
                if ident not in found:
                    raise ConfigError(f"There is no conflict {ident}: `talk conflicts` lists them.")
                take(connection, found[ident], take_from, self._clock.now().timestamp())
        return len(wanted)
