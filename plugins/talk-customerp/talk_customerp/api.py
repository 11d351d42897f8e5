"""The ERP's endpoints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from urllib.parse import quote

from talk_customerp.models import MARKER
from talk_customerp.settings import ErpSettings
from talk_sdk.errors import ConfigError, RejectedError, UnavailableError
from talk_sdk.http import Answer, Basic, Client, Http
from talk_sdk.operations import Account, Operation, Outcome, Page, Raw, Session
from talk_sdk.rest import (
    PLAIN,
    Codec,
    NumberedPage,
    by_ids,
    matching,
    moment_in,
    numbered_pages,
    object_in,
    outcome_of,
    records_in,
    since_local,
)

__all__ = ["Erp", "open_erp"]

PATHS = {"Customer": "/customers", "Product": "/products", "Order": "/orders"}
IDS = {"Customer": "customerId", "Product": "productId", "Order": "orderId"}
RIGHTS = {"r": "read", "w": "write"}
PAGE = 500


def open_erp(settings: ErpSettings, http: Http, codec: Codec = PLAIN) -> Session:
    """Sign in, and learn whose books they are and what we may do there.

    Raises:
        RemoteError: the ERP does not answer, or does not accept the credentials.
        ConfigError: the company has another time zone or language than talk.toml says.
    """
    client = http.client(settings.base_url, auth=Basic(settings.username, settings.password))
    company = object_in(client.get("/company"))
    account = Account(str(company.get("companyId") or ""), str(company.get("name") or ""))
    if not account.id:
        raise UnavailableError(f"{http.system}: the API does not tell whose books they are.")
    _agree(http.system, "time_zone", company.get("timeZone"), settings.time_zone)
    _agree(http.system, "language", company.get("language"), settings.language)
    rights = company.get("permissions") or {}
    words = {
        entity: " and ".join(RIGHTS.get(letter, letter) for letter in rights[path[1:]])
        for entity, path in PATHS.items()
        if path[1:] in rights
    }
    return Session(account, Erp(client, settings, codec), words)


def _agree(system: str, name: str, theirs: object, ours: str) -> None:
    """Times and countries that are read in the wrong way look right, and are wrong for ever."""
    if theirs and theirs != ours:
        raise ConfigError(
            f'[systems.{system}] {name}: the company says {theirs!r}, so write {name} = "{theirs}".'
        )


class Erp:
    """One company's API. Shared by all threads; every record in and out passes the codec."""

    def __init__(self, client: Client, settings: ErpSettings, codec: Codec = PLAIN) -> None:
        """Keep the parts; `open_erp` checks the credentials."""
        self._client = client
        self._system = client.http.system
        self._codec = codec
        self._zone = settings.time_zone
        self._overlap = timedelta(seconds=settings.overlap_s + settings.lag_s)

    # --- in ---------------------------------------------------------------------------------------

    def read(self, entity: str, since: str | None) -> Iterator[Page]:
        """All records, or the orders changed since a cursor, by id; lazy.

        Listings are in order of ids, so the cursor comes with the end of the read only.

        Raises:
            UnavailableError: fewer records came than the API says there are.
        """
        if entity != "Order":
            for records in self._pages(entity, {}):
                yield Page(records)
            yield Page((), complete=True)
            return
        start = None if since is None else since_local(since, self._overlap, self._zone)
        cursor = since
        latest = None if since is None else datetime.fromisoformat(since)
        for records in self._pages(entity, {"modifiedFrom": start}):
            for record in records:
                moment = moment_in(record, "lastModified")
                if moment is not None and (latest is None or moment > latest):
                    latest, cursor = moment, str(record["lastModified"])
            yield Page(records)
        yield Page((), cursor, complete=True)

    def get(self, entity: str, ids: Sequence[str]) -> Mapping[str, Raw]:
        """Records by id; one left out does not exist."""

        def many(wanted: Sequence[str]) -> list[Raw]:
            query = {"ids": ",".join(wanted)}
            return [record for page in self._pages(entity, query) for record in page]

        def one(id_: str) -> Raw:
            return self._record(entity, self._client.get(self._path_of(entity, id_)))

        return by_ids(many, one, ids, partial(_id, entity))

    def find(self, entity: str, key: str, values: Sequence[str]) -> Sequence[Raw]:
        """Records with one of the values in a field.

        Raises:
            RejectedError: the API does not know the filter, or ignores it.
        """
        found: dict[str, Raw] = {}
        for value in dict.fromkeys(values):
            pages = self._pages(entity, {key: value})
            found.update((_id(entity, r), r) for r in matching(pages, key, value))
        return list(found.values())

    def _pages(self, entity: str, query: Mapping[str, str | None]) -> Iterator[Sequence[Raw]]:
        path = PATHS.get(entity)
        if path is None:
            raise RejectedError(f"{self._system}: the API has no {entity}.")

        def fetch(number: int) -> NumberedPage:
            answer = self._client.get(path, {**query, "page": number, "pageSize": PAGE})
            body = object_in(answer)
            records = [self._codec.decode(entity, r) for r in records_in(answer, body, "items")]
            return NumberedPage(
                _count(answer, body, "page"), records, _count(answer, body, "total")
            )

        return numbered_pages(fetch, partial(_id, entity), f"{self._system}: {path}")

    def _record(self, entity: str, answer: Answer) -> Raw:
        record = self._codec.decode(entity, object_in(answer))
        if not record.get(IDS[entity]):
            raise UnavailableError(f"{self._system}: the API answered a {entity} without id.")
        return record

    # --- out --------------------------------------------------------------------------------------

    def write(self, operation: Operation) -> Outcome:
        """Send one operation."""
        send = self._create if operation.kind == "create" else self._replace
        return outcome_of(operation, partial(send, operation))

    def _create(self, operation: Operation) -> Raw:
        body = dict(operation.body or {})
        if operation.marker is not None:
            body[MARKER] = operation.marker
        return self._send("POST", PATHS[operation.entity], operation, body)

    def _replace(self, operation: Operation) -> Raw:
        body = dict(operation.body or {})
        if operation.version is not None:
            body["version"] = int(operation.version)
        path = self._path_of(operation.entity, str(operation.id))
        return self._send("PUT", path, operation, body)

    def _send(self, method: str, path: str, operation: Operation, body: Raw) -> Raw:
        sent = self._codec.encode(operation.entity, body)
        return self._record(operation.entity, self._client.send(method, path, json=sent))

    def _path_of(self, entity: str, id_: str) -> str:
        return f"{PATHS[entity]}/{quote(id_, safe='')}"


def _id(entity: str, record: Raw) -> str:
    return str(record.get(IDS[entity]))


def _count(answer: Answer, body: Raw, field: str) -> int:
    value = body.get(field)
    if isinstance(value, bool) or not isinstance(value, int):
        raise UnavailableError(f"{answer.system}: a list came without {field!r}.")
    return value
