"""The webshop's endpoints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from functools import partial
from urllib.parse import quote

from talk_customwebshop.guests import guests_in, with_guest_key
from talk_customwebshop.settings import WebshopSettings
from talk_sdk.errors import MissingError, RejectedError, StaleError, UnavailableError
from talk_sdk.http import Answer, Bearer, Client, Http
from talk_sdk.operations import Account, Operation, Outcome, Page, Raw, Session
from talk_sdk.rest import (
    PLAIN,
    Codec,
    by_ids,
    cursor_pages,
    matching,
    moment_in,
    object_in,
    outcome_of,
    records_in,
    since_utc,
)

__all__ = ["Shop", "open_shop"]

PATHS = {"Customer": "/customers", "Product": "/products", "Order": "/orders"}
PAGE = 200


def open_shop(settings: WebshopSettings, http: Http, codec: Codec = PLAIN) -> Session:
    """Sign in, and learn whose shop it is and what we may do there.

    Raises:
        RemoteError: the shop does not answer, or does not accept the token.
    """
    client = http.client(settings.base_url, auth=Bearer(settings.token))
    shop = object_in(client.get("/shop"))
    account = Account(str(shop.get("id") or ""), str(shop.get("name") or ""))
    if not account.id:
        raise UnavailableError(f"{http.system}: the API does not tell whose shop it is.")
    return Session(account, Shop(client, settings, codec), _permissions(shop.get("scopes") or ()))


def _permissions(scopes: Sequence[str]) -> dict[str, str]:
    rights: dict[str, list[str]] = {}
    for scope in scopes:
        collection, _, right = scope.partition(":")
        rights.setdefault("/" + collection, []).append(right)
    return {entity: " and ".join(rights[path]) for entity, path in PATHS.items() if path in rights}


class Shop:
    """One webshop's API. Shared by all threads; every record in and out passes the codec."""

    def __init__(self, client: Client, settings: WebshopSettings, codec: Codec = PLAIN) -> None:
        """Keep the parts; `open_shop` checks the credentials."""
        self._client = client
        self._system = client.http.system
        self._codec = codec
        self._keys = settings.idempotency_keys
        self._overlap = timedelta(seconds=settings.overlap_s + settings.lag_s)

    # --- in ---------------------------------------------------------------------------------------

    def read(self, entity: str, since: str | None) -> Iterator[Page]:
        """All records, or those changed since a cursor, by time of change; lazy.

        Raises:
            UnavailableError: the pages do not advance or are out of order.
        """
        path = self._path(entity)
        start = None if since is None else since_utc(since, self._overlap)
        fetch = partial(self._page, entity, {"updated_since": start})
        cursor, latest = since, None
        for records, last in cursor_pages(fetch, f"{self._system}: {path}"):
            for record in records:
                moment = moment_in(record, "updated_at")
                if moment is None:
                    continue
                if latest is not None and moment < latest:
                    # A cursor taken from such a page would pass records that were not read.
                    raise UnavailableError(f"{self._system}: {path} is not in order of time.")
                latest, cursor = moment, str(record["updated_at"])
            derived = {"Guest": guests_in(records)} if entity == "Order" else {}
            yield Page(records, cursor, complete=last, derived=derived)

    def get(self, entity: str, ids: Sequence[str]) -> Mapping[str, Raw]:
        """Records by id; one left out does not exist.

        Raises:
            RejectedError: guests have no address of their own.
        """
        path = self._path(entity)

        def many(wanted: Sequence[str]) -> Sequence[Raw]:
            return self._page(entity, {"ids": ",".join(wanted)}, None)[0]

        def one(id_: str) -> Raw:
            return self._record(entity, self._client.get(f"{path}/{quote(id_, safe='')}"))

        return by_ids(many, one, ids, lambda record: str(record.get("id")))

    def find(self, entity: str, key: str, values: Sequence[str]) -> Sequence[Raw]:
        """Records with one of the values in a field.

        Raises:
            RejectedError: the API ignores the filter.
        """
        path = self._path(entity)
        found: dict[str, Raw] = {}
        for value in dict.fromkeys(values):
            fetch = partial(self._page, entity, {key: value})
            pages = (records for records, _ in cursor_pages(fetch, f"{self._system}: {path}"))
            found.update((str(r.get("id")), r) for r in matching(pages, key, value))
        return list(found.values())

    def _path(self, entity: str) -> str:
        path = PATHS.get(entity)
        if path is None:
            raise RejectedError(
                f"{self._system}: {entity} has no address of its own, it comes with the orders."
            )
        return path

    def _page(
        self, entity: str, query: Mapping[str, str | None], cursor: str | None
    ) -> tuple[list[Raw], str | None]:
        answer = self._client.get(PATHS[entity], {**query, "limit": PAGE, "cursor": cursor})
        body = object_in(answer)
        records = [self._decoded(entity, each) for each in records_in(answer, body, "data")]
        following = body.get("next_cursor")
        return records, None if following is None else str(following)

    def _record(self, entity: str, answer: Answer) -> Raw:
        record = self._decoded(entity, object_in(answer))
        if not record.get("id"):
            raise UnavailableError(f"{self._system}: the API answered a {entity} without id.")
        return record

    def _decoded(self, entity: str, record: Raw) -> Raw:
        decoded = self._codec.decode(entity, record)
        return with_guest_key(decoded) if entity == "Order" else decoded

    # --- out --------------------------------------------------------------------------------------

    def write(self, operation: Operation) -> Outcome:
        """Send one operation."""
        send = {"create": self._create, "update": self._update, "adjust": self._adjust,
                "delete": self._delete}  # fmt: skip
        return outcome_of(operation, partial(send[operation.kind], operation))

    def _create(self, operation: Operation) -> Raw:
        return self._keyed(operation, PATHS[operation.entity], self._body(operation))

    def _delete(self, operation: Operation) -> None:
        self._client.send("DELETE", self._path_of(operation), headers=_seen(operation))

    def _update(self, operation: Operation) -> Raw:
        seen = _seen(operation)
        path, body = self._path_of(operation), self._body(operation)
        answer = self._client.send("PATCH", path, json=body, headers=seen)
        return self._record(operation.entity, answer)

    def _adjust(self, operation: Operation) -> Raw:
        (change,) = operation.changes
        delta = Decimal(str(change.after or 0)) - Decimal(str(change.before or 0))
        # Never rounded here: what was sent is what the counter is expected to have moved by.
        body = {"delta": int(delta) if delta == int(delta) else delta}
        try:
            return self._keyed(operation, f"{self._path_of(operation)}/stock", body)
        except MissingError as error:
            # Either the product is gone, or this shop has no such address.
            self._record(operation.entity, self._client.get(self._path_of(operation)))
            raise RejectedError(error.message) from error

    def _keyed(self, operation: Operation, path: str, body: Raw) -> Raw:
        keyed = self._keys and bool(operation.key)
        headers = {"Idempotency-Key": operation.key} if keyed else {}
        try:
            answer = self._client.send("POST", path, json=body, headers=headers)
        except StaleError as error:
            if not keyed:
                raise
            # The key was used before: what came with it then has happened.
            raise UnavailableError(error.message) from error
        return self._record(operation.entity, answer)

    def _body(self, operation: Operation) -> Raw:
        body = {k: v for k, v in (operation.body or {}).items() if k != "guest_key"}
        return self._codec.encode(operation.entity, body)

    def _path_of(self, operation: Operation) -> str:
        return f"{PATHS[operation.entity]}/{quote(str(operation.id), safe='')}"


def _seen(operation: Operation) -> dict[str, str]:
    """The header by which a server refuses what somebody else has changed since."""
    return {} if operation.version is None else {"If-Match": f'"{operation.version}"'}
