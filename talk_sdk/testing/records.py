"""The small store behind a twin: collections of records, their history, and a log of effects."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from talk_sdk.testing.counters import Counters
from talk_sdk.testing.fields import InvalidError

if TYPE_CHECKING:
    from talk_sdk.clock import Clock
    from talk_sdk.testing.faults import Faults

Who = Literal["api", "user", "seed"]
Kind = Literal["create", "update", "adjust", "delete"]


@dataclass(frozen=True)
class Author:
    """Who writes: the API by a method, a user by hand, or the seeding."""

    who: Who
    method: str = ""


SEED = Author("seed")
USER = Author("user")


@dataclass(frozen=True)
class Effect:
    """Something that happened to a record; seeding is not logged."""

    time: datetime
    method: str
    collection: str
    id: str
    kind: Kind
    who: Who


@dataclass(slots=True, eq=False)
class Snapshot:
    """One state of a record; never changed, so that a lagging listing can serve an older one."""

    id: str
    values: Mapping[str, Any]
    created: datetime
    modified: datetime
    version: int
    written: datetime
    deleted: bool = False
    body: bytes | None = None
    """The encoded answer, made once."""


class Collection:
    """The records of one type, in the order of their creation.

    Args:
        store: The store that it belongs to.
        name: Its name in paths, counters and the control plane.
        issue: Running number -> id.
        granularity: To what the system cuts the times that it stamps.
        keys: Field -> how two values of it are compared; these can be looked up fast.
        encode: A record's state -> the bytes of its JSON.
    """

    def __init__(
        self,
        store: Store,
        name: str,
        *,
        issue: Callable[[int], str],
        granularity: timedelta,
        keys: Mapping[str, Callable[[str], str]],
        encode: Callable[[Snapshot], bytes],
    ) -> None:
        self.name = name
        self.identities: dict[str, str] = {}
        self._store = store
        self._issue = issue
        self._granularity = granularity
        self._keys = keys
        self._encode = encode
        self._chains: dict[str, list[Snapshot]] = {}
        self._index: dict[tuple[str, str], dict[str, None]] = {}
        self._issued = 0
        self._gone: dict[str, Snapshot] = {}
        self._recycled: list[Snapshot] = []
        self._merged: dict[str, str] = {}
        self._kept: dict[str, list[Snapshot]] = {}
        self._listing: list[Snapshot] | None = None
        self._by_time: list[Snapshot] | None = None

    def get(self, id_: str) -> Snapshot | None:
        """The record as it is now, or none if there is none."""
        chain = self._chains.get(self._merged.get(id_, id_))
        return None if chain is None or chain[-1].deleted else chain[-1]

    def body(self, snapshot: Snapshot) -> bytes:
        """The JSON of a record."""
        if snapshot.body is None:
            snapshot.body = self._encode(snapshot)
        return snapshot.body

    def current(self) -> Sequence[Snapshot]:
        """All records as they are now, in the order of their creation."""
        if self._listing is None:
            ends = (chain[-1] for chain in self._chains.values())
            self._listing = [end for end in ends if not end.deleted]
        return self._listing

    def listed(self) -> Sequence[Snapshot]:
        """All records as a listing shows them: behind, if the twin lags."""
        lag = self._store.faults.lag
        if not lag:
            return self.current()
        until = self._store.clock.now() - timedelta(seconds=lag)
        seen = (_as_of(chain, until) for chain in self._chains.values())
        return [snapshot for snapshot in seen if snapshot is not None and not snapshot.deleted]

    def listed_by_time(self) -> Sequence[Snapshot]:
        """The same, sorted by time of modification, then id."""
        if self._store.faults.lag:
            return sorted(self.listed(), key=by_time)
        if self._by_time is None:
            self._by_time = sorted(self.current(), key=by_time)
        return self._by_time

    def find(self, key: str, value: str) -> Sequence[Snapshot]:
        """The records with this value of a key, as a listing shows them, oldest first."""
        fold = self._keys[key]
        wanted = fold(value)
        if self._store.faults.lag:
            return [
                snapshot
                for snapshot in self.listed()
                if snapshot.values.get(key) and fold(snapshot.values[key]) == wanted
            ]
        ids = sorted(self._index.get((key, wanted), ()), key=lambda id_: (len(id_), id_))
        return [self._chains[id_][-1] for id_ in ids]

    def taken(self, key: str, value: str, by_other_than: str | None) -> bool:
        """Whether another record has this value of a key at this moment."""
        holders = self._index.get((key, self._keys[key](value)), {})
        return any(id_ != by_other_than for id_ in holders)

    def next_number(self) -> int:
        """The running number that the next record will get."""
        return self._issued + 1

    def insert(
        self,
        values: Mapping[str, Any],
        author: Author,
        *,
        created: datetime | None = None,
        modified: datetime | None = None,
    ) -> Snapshot:
        """Keep a new record under a new id, or one that was to be recycled."""
        self._store.check(values, author)
        before = self._recycled.pop() if self._recycled else None
        id_, version = (before.id, before.version + 2) if before else (self._new_id(), 1)
        now = self._store.clock.now()
        made = self._cut(created or now)
        snapshot = Snapshot(id_, values, made, self._cut(modified or created or now), version, now)
        if author.who == "seed":
            # A replica that lags has long caught up with what was there before it started.
            snapshot.written = snapshot.modified
        self._put(snapshot, author, "create")
        return snapshot

    def _new_id(self) -> str:
        self._issued += 1
        return self._issue(self._issued)

    def update(
        self,
        id_: str,
        values: Mapping[str, Any],
        author: Author,
        kind: Kind = "update",
        *,
        stamp: bool = True,
    ) -> Snapshot:
        """Replace the values of a record that is there; stamps it and raises its version.

        Without `stamp` the time of its last change stays as it is.
        """
        self._store.check(values, author)
        old = self._chains[id_][-1]
        now = self._store.clock.now()
        modified = self._cut(now) if stamp else old.modified
        snapshot = Snapshot(id_, values, old.created, modified, old.version + 1, now)
        self._put(snapshot, author, kind)
        return snapshot

    def delete(self, id_: str, author: Author) -> None:
        """Remove a record that is there; its id is not issued again, unless it is recycled."""
        old = self._gone[id_] = self._chains[id_][-1]
        now = self._store.clock.now()
        gone = Snapshot(id_, old.values, old.created, now, old.version + 1, now, deleted=True)
        self._put(gone, author, "delete")

    def restore(self, id_: str, author: Author) -> Snapshot:
        """Put a deleted record back as it was; a KeyError if there was none."""
        old, now = self._gone.pop(id_), self._store.clock.now()
        back = Snapshot(id_, old.values, old.created, self._cut(now), old.version + 2, now)
        self._put(back, author, "create")
        return back

    def merge(self, id_: str, into: str, author: Author) -> None:
        """Remove a record; whoever asks for it gets the other one, which is stamped."""
        other = self._chains[into][-1]
        self.delete(id_, author)
        self._merged[id_] = into
        self.update(into, other.values, author)

    def keep(self) -> None:
        """Take a backup, in place of an earlier one."""
        self._kept = {id_: list(chain) for id_, chain in self._chains.items()}

    def go_back(self) -> None:
        """Be as the backup says, times and versions too; ids that were issued stay so."""
        self._chains = {id_: list(chain) for id_, chain in self._kept.items()}
        self._index = {}
        for chain in self._chains.values():
            for entry in self._entries(chain[-1]):
                self._index.setdefault(entry, {})[chain[-1].id] = None
        self._listing = self._by_time = None

    def recycle(self, id_: str) -> None:
        """Issue the id of a deleted record for the next new one; a KeyError if there was none.

        Versions go on, so that what was known of the old record changes nothing of the new one.
        """
        self._recycled.append(self._gone.pop(id_))

    def _cut(self, instant: datetime) -> datetime:
        since_midnight = timedelta(
            hours=instant.hour,
            minutes=instant.minute,
            seconds=instant.second,
            microseconds=instant.microsecond,
        )
        return instant - since_midnight % self._granularity

    def _put(self, snapshot: Snapshot, author: Author, kind: Kind) -> None:
        chain = self._chains.setdefault(snapshot.id, [])
        if chain:
            self._unindex(chain[-1])
        lag = self._store.faults.lag
        if not lag:
            chain.clear()
        chain.append(snapshot)
        horizon = snapshot.written - timedelta(seconds=lag)
        while len(chain) > 1 and chain[1].written <= horizon:
            del chain[0]
        if snapshot.deleted:
            if not lag:
                del self._chains[snapshot.id]
        else:
            for entry in self._entries(snapshot):
                self._index.setdefault(entry, {})[snapshot.id] = None
        self._listing = self._by_time = None
        if author.who != "seed":
            self._store.record_effect(self.name, snapshot, author, kind)

    def _unindex(self, snapshot: Snapshot) -> None:
        for entry in self._entries(snapshot):
            self._index.get(entry, {}).pop(snapshot.id, None)

    def _entries(self, snapshot: Snapshot) -> list[tuple[str, str]]:
        found = ((key, fold, snapshot.values.get(key)) for key, fold in self._keys.items())
        return [(key, fold(value)) for key, fold, value in found if value]


def by_time(snapshot: Snapshot) -> tuple[datetime, str]:
    """The order of a listing by time: modified, then id."""
    return snapshot.modified, snapshot.id


def _as_of(chain: Sequence[Snapshot], until: datetime) -> Snapshot | None:
    for snapshot in reversed(chain):
        if snapshot.written <= until:
            return snapshot
    # Its older states were not kept, as nothing lagged then; that it existed is known.
    return chain[0] if chain[0].version > 1 else None


def _says(value: Any, text: str) -> bool:
    if isinstance(value, str):
        return text in value.casefold()
    if isinstance(value, Mapping):
        return any(_says(part, text) for part in value.values())
    return isinstance(value, Sequence) and any(_says(part, text) for part in value)


@dataclass
class Store:
    """Everything that a twin keeps; whoever reads or writes it holds the lock."""

    clock: Clock
    faults: Faults
    lock: threading.RLock = field(default_factory=threading.RLock)
    counters: Counters = field(default_factory=Counters)
    effects: list[Effect] = field(default_factory=list)

    def check(self, values: Mapping[str, Any], author: Author) -> None:
        """See that the API writes nothing that is refused.

        Raises:
            InvalidError: a value has the text that the system does not take.
        """
        if self.faults.refused and author.who == "api":
            for name, value in values.items():
                if _says(value, self.faults.refused.casefold()):
                    raise InvalidError(name, "has signs that are not taken")

    def record_effect(
        self, collection: str, snapshot: Snapshot, author: Author, kind: Kind
    ) -> None:
        """Log an effect, and count it if the API caused it."""
        if author.who == "api":
            self.counters.effect(collection, kind)
        time = snapshot.written
        self.effects.append(Effect(time, author.method, collection, snapshot.id, kind, author.who))
