"""The inbox of a workspace: what waits for a person, and what a person says of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager

from sqlalchemy import Connection

from talk_sdk._engine.corrections import anew, unlink
from talk_sdk._engine.reviewing import Desk, explain
from talk_sdk._engine.verdicts import take
from talk_sdk._store import Store, items, letters, questions
from talk_sdk.clock import Clock
from talk_sdk.errors import ConfigError
from talk_sdk.reports import Conflict, Failure, Review

__all__ = ["Inbox"]


class Inbox:
    """Lists what waits for a person, and settles it. Reaches out to no system.

    What is settled here is written by the next `sync`.
    """

    def __init__(
        self,
        store: Callable[[], AbstractContextManager[Store]],
        clock: Clock,
        mint: Callable[[], str],
    ) -> None:
        """Use `Runner.inbox`."""
        self._store = store
        self._clock = clock
        self._mint = mint

    def conflicts(self, *, most: int | None = None) -> list[Conflict]:
        """Two edits of one property: those that wait for a person first, then the newest."""
        with self._store() as store, store.write() as connection:
            return questions.listed(connection, most=most)

    def failed(self) -> list[Failure]:
        """Records that cannot be processed, oldest first. What has gone through is not among them.

        They are tried again by themselves when they change, and when a rule or plugin does.
        """
        with self._store() as store, store.write() as connection:
            return letters.listed(connection)

    def retry(self, names: Iterable[str]) -> int:
        """Let the next run try failed records again, by their names; returns how many.

        Raises:
            ConfigError: no such record has failed.
        """
        return self._each(names, letters.retry)

    def discard(self, names: Iterable[str]) -> int:
        """Do not list failed records any more, unless they fail otherwise; returns how many.

        Raises:
            ConfigError: no such record has failed.
        """
        return self._each(names, letters.discard)

    def _each(self, names: Iterable[str], act: Callable[[Connection, Failure], None]) -> int:
        wanted = list(dict.fromkeys(names))
        with self._locked("talk failed") as connection:
            found = letters.listed(connection, wanted)
            for name in set(wanted) - {each.name for each in found}:
                raise ConfigError(f"{name} has not failed: `talk failed` lists what has.")
            for each in found:
                act(connection, each)
        return len(found)

    def reviews(self) -> list[Review]:
        """The questions to a person, each with what both sides say and what can be answered."""
        with self._store() as store, store.write() as connection:
            return explain(connection, items.open_reviews(connection))

    def answer(self, review: int, choice: str, record: str = "") -> None:
        """Answer a question.

        Args:
            review: its number.
            choice: one of its `choices`: `link` (it is the record that `record` names, as
                `erp.Customer:7`), `new` (one of its own), `ignore` (leave it alone), `done` (the
                write has happened) or `again` (it has not).
            record: what to link with.

        Raises:
            ConfigError: there is no such question, or that is no answer to it.
        """
        with self._locked("talk review") as connection:
            found = items.open_reviews(connection, [review])
            if not found:
                raise ConfigError(f"There is no review {review}: `talk review` lists them.")
            self._desk(connection).settle(found[0], choice, record)

    def unlink(self, record: str) -> None:
        """Take a record (`shop.Customer:17`) away from those that it is linked with.

        Raises:
            ConfigError: it is no linked record, or is linked with no other.
        """
        with self._locked("talk review") as connection:
            unlink(self._desk(connection), record)

    def anew(self, record: str) -> None:
        """Let a record (`shop.Customer:17`) that was deleted there be created there again.

        Raises:
            ConfigError: it is no deleted record, or no other system has it any more.
        """
        with self._locked("talk review") as connection:
            anew(self._desk(connection), record)

    def _desk(self, connection: Connection) -> Desk:
        return Desk(connection, self._mint, self._clock.now().timestamp())

    @contextmanager
    def _locked(self, what: str) -> Iterator[Connection]:
        with self._store() as store, store.locked(what), store.write() as connection:
            yield connection

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
        with self._locked("talk conflicts") as connection:
            found = {each.id: each for each in questions.listed(connection, wanted)}
            for ident in wanted:
                if ident not in found:
                    raise ConfigError(f"There is no conflict {ident}: `talk conflicts` lists them.")
                take(connection, found[ident], take_from, self._clock.now().timestamp())
        return len(wanted)
