"""The control of a twin in another process: the methods of `Control`, sent to its server."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import httpx
import msgspec

from talk_sdk.testing.records import Effect
from talk_sdk.testing.service import NUMBERS

if TYPE_CHECKING:
    from talk_sdk.testing.control import Record
    from talk_sdk.testing.counters import Counts
    from talk_sdk.testing.faults import Fault


class ControlError(Exception):
    """The control server refused what was asked; the message says why."""


class RemoteControl:
    """Control of a twin in another process, by its control server's address."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, trust_env=False, verify=False, timeout=30.0)  # noqa: S501 - loopback without TLS

    def counters(self) -> Counts:
        """See `Control`."""
        counts: Counts = self._call("counters")
        return counts

    def reset_counters(self) -> None:
        """See `Control`."""
        self._call("reset_counters")

    def faults(self, faults: Iterable[Fault | Mapping[str, Any]]) -> None:
        """See `Control`."""
        self._call("faults", list(faults))

    def switch(self, name: str, value: bool | float) -> None:
        """See `Control`."""
        self._call("switch", name, value)

    def create(
        self, collection: str, record: Mapping[str, Any], identity: str | None = None
    ) -> str:
        """See `Control`."""
        return str(self._call("create", collection, record, identity))

    def edit(self, collection: str, id_: str, changes: Mapping[str, Any]) -> Record:
        """See `Control`."""
        record: Record = self._call("edit", collection, id_, changes)
        return record

    def tamper(
        self, collection: str, id_: str, changes: Mapping[str, Any], age_s: float = 0.0
    ) -> Record:
        """See `Control`."""
        record: Record = self._call("tamper", collection, id_, changes, age_s)
        return record

    def adjust(self, collection: str, id_: str, name: str, delta: float) -> Record:
        """See `Control`."""
        record: Record = self._call("adjust", collection, id_, name, delta)
        return record

    def delete(self, collection: str, id_: str) -> None:
        """See `Control`."""
        self._call("delete", collection, id_)

    def restore(self, collection: str, id_: str) -> None:
        """See `Control`."""
        self._call("restore", collection, id_)

    def keep(self) -> None:
        """See `Control`."""
        self._call("keep")

    def go_back(self) -> None:
        """See `Control`."""
        self._call("go_back")

    def merge(self, collection: str, id_: str, into: str) -> None:
        """See `Control`."""
        self._call("merge", collection, id_, into)

    def recycle(self, collection: str, id_: str) -> None:
        """See `Control`."""
        self._call("recycle", collection, id_)

    def dump(self, collection: str) -> list[Record]:
        """See `Control`."""
        return list(self._call("dump", collection))

    def identities(self, collection: str) -> dict[str, str | None]:
        """See `Control`."""
        return dict(self._call("identities", collection))

    def effects(self) -> list[Effect]:
        """See `Control`."""
        return msgspec.convert(self._call("effects"), list[Effect])

    def clear_idempotency(self) -> None:
        """See `Control`."""
        self._call("clear_idempotency")

    def shutdown(self) -> None:
        """See `Control`."""
        # The server may be gone before its answer is out.
        with suppress(httpx.TransportError):
            self._call("shutdown")

    def close(self) -> None:
        """Give the connection back."""
        self._http.close()

    def _call(self, name: str, *arguments: object) -> Any:
        answer = self._http.post(f"/{name}", content=NUMBERS.encode(arguments))
        result = msgspec.json.decode(answer.content)
        if answer.is_error:
            raise ControlError(result["message"])
        return result
