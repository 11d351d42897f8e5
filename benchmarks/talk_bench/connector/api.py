"""The page server's endpoints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from functools import partial

from talk_bench.connector.settings import BenchSettings
from talk_sdk.http import Client, Http
from talk_sdk.operations import Account, Operation, Outcome, Page, Raw, Session
from talk_sdk.rest import (
    by_ids,
    cursor_pages,
    matching,
    object_in,
    outcome_of,
    records_in,
    since_utc,
)

__all__ = ["Pages", "open_pages"]

PAGE = 200


def open_pages(settings: BenchSettings, http: Http) -> Session:
    """Sign in, and learn which system it is."""
    client = http.client(settings.base_url)
    account = object_in(client.get("/account"))
    return Session(Account(str(account["id"])), Pages(client, settings))


class Pages:
    """One system of the page server. Shared by all threads."""

    def __init__(self, client: Client, settings: BenchSettings) -> None:
        """Keep the parts."""
        self._client = client
        self._system = client.http.system
        self._overlap = timedelta(seconds=settings.overlap_s)

    def read(self, entity: str, since: str | None) -> Iterator[Page]:
        """All records, or those changed since a cursor, by time of change; lazy."""
        start = None if since is None else since_utc(since, self._overlap)
        fetch = partial(self._page, entity, {"updated_since": start})
        cursor = since
        for records, last in cursor_pages(fetch, f"{self._system}: {entity}"):
            if records:
                cursor = str(records[-1]["updated_at"])
            yield Page(records, cursor, complete=last)

    def get(self, entity: str, ids: Sequence[str]) -> Mapping[str, Raw]:
        """Records by id; one left out does not exist."""

        def many(wanted: Sequence[str]) -> Sequence[Raw]:
            return self._page(entity, {"ids": ",".join(wanted)}, None)[0]

        def one(id_: str) -> Raw:
            return object_in(self._client.get(f"/{entity}/{id_}"))

        return by_ids(many, one, ids, lambda record: str(record["id"]))

    def find(self, entity: str, key: str, values: Sequence[str]) -> Sequence[Raw]:
        """Records with one of the values in a field."""
        found: dict[str, Raw] = {}
        for value in dict.fromkeys(values):
            pages = cursor_pages(partial(self._page, entity, {key: value}), self._system)
            records = matching((each for each, _ in pages), key, value)
            found.update((str(record["id"]), record) for record in records)
        return list(found.values())

    def write(self, operation: Operation) -> Outcome:
        """Send one operation."""
        send = {"create": self._create, "update": self._update}
        return outcome_of(operation, partial(send[operation.kind], operation))

    def _page(
        self, entity: str, query: Mapping[str, str | None], cursor: str | None
    ) -> tuple[list[Raw], str | None]:
        answer = self._client.get(f"/{entity}", {**query, "limit": PAGE, "cursor": cursor})
        body = object_in(answer)
        return records_in(answer, body, "data"), body.get("next_cursor")

    def _create(self, operation: Operation) -> Raw:
        headers = {"Idempotency-Key": operation.key}
        path = f"/{operation.entity}"
        return object_in(self._client.send("POST", path, json=operation.body, headers=headers))

    def _update(self, operation: Operation) -> Raw:
        path = f"/{operation.entity}/{operation.id}"
        headers = {"If-Match": f'"{operation.version}"'} if operation.version else {}
        return object_in(self._client.send("PATCH", path, json=operation.body, headers=headers))
