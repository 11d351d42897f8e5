"""A record type of a twin: what is written to it goes through its field table, whoever writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import xxhash

from talk_sdk.testing.records import SEED
from talk_sdk.testing.service import Answer, Call, RefusedError

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from talk_sdk.clock import Clock
    from talk_sdk.testing.fields import Table, Values
    from talk_sdk.testing.neutral import Thing
    from talk_sdk.testing.records import Author, Collection, Kind, Snapshot

Complete = Callable[["Values", Mapping[str, Any] | None, "Author", str | None], None]
"""(values, before, author, id): what the system adds or refuses; changes `values` in place."""


def _nothing(
    _values: Values, _before: Mapping[str, Any] | None, _author: Author, _id: str | None
) -> None:
    """Most record types need no more than their field table."""


@dataclass(frozen=True)
class Resource:
    """The records of one type, written by the API, by a user, or by the seeding.

    Attributes:
        complete: What the system adds to a record, or refuses about it.
    """

    collection: Collection
    table: Table
    complete: Complete = _nothing

    def need(self, id_: str) -> Snapshot:
        """The record of this id.

        Raises:
            RefusedError: There is none (404).
        """
        snapshot = self.collection.get(id_)
        if snapshot is None:
            raise RefusedError(404, "not_found", f"no {self.collection.name} {id_}")
        return snapshot

    def create(
        self, values: Mapping[str, Any], author: Author, *, thing: Thing | None = None
    ) -> Snapshot:
        """Keep a new record; with the times and the identity of a thing of the world.

        Raises:
            InvalidError: A value is not taken.
        """
        by_user = author.who != "api"
        accepted = self.table.accept(values, None, whole=True, by_user=by_user)
        self.complete(accepted, None, author, None)
        if thing is None:
            return self.collection.insert(accepted, author)
        snapshot = self.collection.insert(
            accepted, author, created=thing.created, modified=thing.modified
        )
        self.collection.identities[snapshot.id] = thing.identity
        return snapshot

    def plant(self, thing: Thing, values: Mapping[str, Any]) -> str:
        """Create the record of a thing that is there from the start; gives its id."""
        return self.create(values, SEED, thing=thing).id

    def change(
        self,
        id_: str,
        changes: Mapping[str, Any],
        author: Author,
        *,
        whole: bool = False,
        kind: Kind = "update",
    ) -> Snapshot:
        """Write over a record; with `whole`, what is left out is cleared.

        Raises:
            RefusedError: There is none (404).
            InvalidError: A value is not taken.
        """
        found = self.need(id_)
        by_user = author.who != "api"
        accepted = self.table.accept(changes, found.values, whole=whole, by_user=by_user)
        self.complete(accepted, found.values, author, found.id)
        return self.collection.update(found.id, accepted, author, kind)

    def remove(self, id_: str, author: Author) -> None:
        """Delete a record.

        Raises:
            RefusedError: There is none (404).
        """
        self.need(id_)
        self.collection.delete(id_, author)


@dataclass
class Replays:
    """Answers remembered by idempotency key, for `lifetime`."""

    clock: Clock
    lifetime: timedelta
    _answers: dict[str, tuple[datetime, int, Answer]] = field(default_factory=dict)

    def once(self, call: Call, key: str | None, act: Callable[[], Answer]) -> Answer:
        """Act, or give the answer that the same request got before.

        Raises:
            RefusedError: The key came before, with another body (409).
        """
        if key is None:
            return act()
        digest = xxhash.xxh3_64_intdigest(call.path.encode() + b"\n" + call.body)
        now = self.clock.now()
        held = self._answers.get(key)
        if held is not None and now - held[0] < self.lifetime:
            if held[1] != digest:
                raise RefusedError(409, "idempotency_mismatch", "the key came with other content")
            replayed = held[2].headers | {"Idempotent-Replayed": "true"}
            return Answer(held[2].status, held[2].body, replayed)
        answer = act()
        self._answers[key] = (now, digest, Answer(answer.status, answer.body, dict(answer.headers)))
        return answer

    def clear(self) -> None:
        """Forget all keys, as a server does that was restored from a backup."""
        self._answers.clear()
