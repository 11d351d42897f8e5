"""What a test asks of a twin, and what it does to it as a user would: beside the API, not counted.

`LocalControl` acts on a twin in this process, `talk_sdk.testing.remote.RemoteControl` on one behind
a control server; both have the same methods, `ControlPlane` is the thin JSON shell between them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
from werkzeug.wrappers import Request, Response

from talk_sdk.testing.fields import InvalidError
from talk_sdk.testing.kinds import as_decimal, plain
from talk_sdk.testing.records import USER, Author, Effect
from talk_sdk.testing.service import NUMBERS, RefusedError

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

    from talk_sdk.operations import Simulator
    from talk_sdk.testing.counters import Counts
    from talk_sdk.testing.faults import Fault
    from talk_sdk.testing.records import Collection, Snapshot, Store
    from talk_sdk.testing.resource import Replays, Resource

Record = dict[str, Any]


class Control(Protocol):
    """The methods of a control plane; records are wire records of the system."""

    def counters(self) -> Counts:
        """What was requested and done since the start or the last reset."""

    def reset_counters(self) -> None:
        """Count from nothing again."""

    def faults(self, faults: Iterable[Fault | Mapping[str, Any]]) -> None:
        """Replace the plan of faults; none at all ends them."""

    def switch(self, name: str, value: bool | float) -> None:
        """Turn a feature off or on, see `Faults`."""

    def create(
        self, collection: str, record: Mapping[str, Any], identity: str | None = None
    ) -> str:
        """Create a record as a user; gives its id."""

    def edit(self, collection: str, id_: str, changes: Mapping[str, Any]) -> Record:
        """Change fields as a user, read-only ones as well; gives the record."""

    def tamper(
        self, collection: str, id_: str, changes: Mapping[str, Any], age_s: float = 0.0
    ) -> Record:
        """Change fields behind the API's back: the time of the last change stays as it is.

        With `age_s` it goes back by so many seconds, as if the record came from a backup.
        """

    def adjust(self, collection: str, id_: str, name: str, delta: float) -> Record:
        """Move a counter as a user, whatever it is by then: a sale, a delivery."""

    def delete(self, collection: str, id_: str) -> None:
        """Delete a record as a user."""

    def restore(self, collection: str, id_: str) -> None:
        """Put a deleted record back, as from a bin."""

    def recycle(self, collection: str, id_: str) -> None:
        """Let the next new record have the id of a deleted one, as some databases do."""

    def keep(self) -> None:
        """Take a backup of everything, in place of an earlier one."""

    def go_back(self) -> None:
        """Put the backup back: all is as it was then, times and versions too."""

    def merge(self, collection: str, id_: str, into: str) -> None:
        """Merge a record into another one as a user: its id leads there from now on."""

    def dump(self, collection: str) -> list[Record]:
        """All records as they are now."""

    def identities(self, collection: str) -> dict[str, str | None]:
        """Id -> hidden identity; none for records that came by the API."""

    def effects(self) -> list[Effect]:
        """Everything that was done since the start, oldest first."""

    def clear_idempotency(self) -> None:
        """Forget all idempotency keys."""

    def shutdown(self) -> None:
        """End the server; does nothing to a twin in this process."""


@dataclass(frozen=True)
class LocalControl:
    """Control of a twin in this process.

    Args:
        store: What it keeps.
        resources: Collection -> how users write to it.
        replays: Its remembered idempotency keys, if it has such.
        on_shutdown: Called by `shutdown`.
    """

    store: Store
    resources: Mapping[str, Resource]
    replays: Replays | None = None
    on_shutdown: list[Callable[[], None]] = field(default_factory=list)

    def counters(self) -> Counts:
        """See `Control`."""
        with self.store.lock:
            return self.store.counters.snapshot()

    def reset_counters(self) -> None:
        """See `Control`."""
        with self.store.lock:
            self.store.counters.reset()

    def faults(self, faults: Iterable[Fault | Mapping[str, Any]]) -> None:
        """See `Control`."""
        self.store.faults.plan(faults)

    def switch(self, name: str, value: bool | float) -> None:
        """See `Control`."""
        self.store.faults.switch(name, value)

    def create(
        self, collection: str, record: Mapping[str, Any], identity: str | None = None
    ) -> str:
        """See `Control`."""
        with self.store.lock:
            resource = self.resources[collection]
            id_ = resource.create(record, USER).id
            if identity is not None:
                resource.collection.identities[id_] = identity
            return id_

    def edit(self, collection: str, id_: str, changes: Mapping[str, Any]) -> Record:
        """See `Control`."""
        with self.store.lock:
            resource = self.resources[collection]
            return _record(resource.collection, resource.change(str(id_), changes, USER))

    def tamper(
        self, collection: str, id_: str, changes: Mapping[str, Any], age_s: float = 0.0
    ) -> Record:
        """See `Control`."""
        with self.store.lock:
            resource = self.resources[collection]
            before = resource.need(str(id_)).values
            accepted = resource.table.accept(changes, before, whole=False, by_user=True)
            records = resource.collection
            changed = records.update(str(id_), accepted, USER, stamp=False)
            changed.modified -= timedelta(seconds=float(age_s))
            return _record(records, changed)

    def adjust(self, collection: str, id_: str, name: str, delta: float) -> Record:
        """See `Control`."""
        with self.store.lock:
            resource = self.resources[collection]
            before = as_decimal(resource.need(str(id_)).values[name] or 0)
            moved = plain(before + as_decimal(delta))
            author = Author("user", "adjust")
            changed = resource.change(str(id_), {name: moved}, author, kind="adjust")
            return _record(resource.collection, changed)

    def delete(self, collection: str, id_: str) -> None:
        """See `Control`."""
        with self.store.lock:
            self.resources[collection].remove(str(id_), USER)

    def restore(self, collection: str, id_: str) -> None:
        """See `Control`."""
        with self.store.lock:
            self.resources[collection].collection.restore(str(id_), USER)

    def recycle(self, collection: str, id_: str) -> None:
        """See `Control`."""
        with self.store.lock:
            self.resources[collection].collection.recycle(str(id_))

    def keep(self) -> None:
        """See `Control`."""
        with self.store.lock:
            for resource in self.resources.values():
                resource.collection.keep()

    def go_back(self) -> None:
        """See `Control`."""
        with self.store.lock:
            for resource in self.resources.values():
                resource.collection.go_back()

    def merge(self, collection: str, id_: str, into: str) -> None:
        """See `Control`."""
        with self.store.lock:
            self.resources[collection].collection.merge(str(id_), str(into), USER)

    def dump(self, collection: str) -> list[Record]:
        """See `Control`."""
        with self.store.lock:
            records = self.resources[collection].collection
            return [_record(records, snapshot) for snapshot in records.current()]

    def identities(self, collection: str) -> dict[str, str | None]:
        """See `Control`."""
        with self.store.lock:
            records = self.resources[collection].collection
            return {each.id: records.identities.get(each.id) for each in records.current()}

    def effects(self) -> list[Effect]:
        """See `Control`."""
        with self.store.lock:
            return list(self.store.effects)

    def clear_idempotency(self) -> None:
        """See `Control`."""
        with self.store.lock:
            if self.replays is not None:
                self.replays.clear()

    def shutdown(self) -> None:
        """See `Control`."""
        for callback in self.on_shutdown:
            callback()


def _record(collection: Collection, snapshot: Snapshot) -> Record:
    record: Record = msgspec.json.decode(collection.body(snapshot))
    return record


_DECODER = msgspec.json.Decoder(float_hook=Decimal)
_REFUSALS = (RefusedError, InvalidError, ValueError, KeyError, TypeError, AssertionError)
_METHODS = frozenset(name for name in vars(Control) if not name.startswith("_"))


@dataclass(frozen=True)
class ControlPlane:
    """The control's WSGI application: `POST /<method>` with a JSON list of arguments.

    Attributes:
        state: The same control without HTTP between, for tests in this process.
    """

    state: LocalControl

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        request = Request(environ)
        arguments = _DECODER.decode(request.get_data() or b"[]")
        name = request.path.strip("/")
        status = 200
        if name not in _METHODS:
            result, status = {"message": f"no control {name!r}"}, 404
        else:
            try:
                result = getattr(self.state, name)(*arguments)
            except _REFUSALS as error:
                result, status = {"message": f"{type(error).__name__}: {error}"}, 400
        response = Response(NUMBERS.encode(result), status, content_type="application/json")
        return response(environ, start_response)


def local_control(twin: Simulator) -> LocalControl:
    """The control of a twin in this process, without HTTP between.

    Raises:
        TypeError: The twin was not built with this toolkit.
    """
    if not isinstance(twin.control, ControlPlane):
        raise TypeError("the twin's control is not a ControlPlane")
    return twin.control.state
