"""Wave's endpoint: reading by time of change, looking up, writing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from talk_sdk.errors import (
    DeniedError,
    MissingError,
    RejectedError,
    RemoteError,
    UnavailableError,
)
from talk_sdk.operations import Operation, Outcome, Page, Raw
from talk_sdk.rest import GraphQL, TimedPage, by_ids, matching, outcome_of, windows
from talk_wave import documents, shapes
from talk_wave.settings import WaveSettings

__all__ = ["CostError", "Wave", "listed", "meaning"]

PAGES = {"Customer": 200, "Product": 200, "Invoice": 100}
"""Records a page at first; 200 is the most that is known to work."""
MARGIN = timedelta(seconds=1)
"""The precision of Wave's times is not known; to the second is the coarsest that was seen."""
WAITS_S = (1.0, 2.0, 4.0)
"""How long to wait for a customer or product that was just created to be there for an invoice."""
_COST = "exceeds the maximum cost"


class CostError(RejectedError):
    """The query costs more than Wave allows: smaller pages cost less."""


def meaning(error: Mapping[str, Any], text: str) -> RemoteError | None:
    """What errors mean that only Wave has."""
    if _COST in str(error.get("message")):
        return CostError(text)
    code = (error.get("extensions") or {}).get("code")
    if code == "NOT_FOUND" and error.get("path") == ["business"]:
        # Not of the record that was asked for: nothing of the business can be seen.
        return DeniedError(f"{text} The token gives no access to this business.")
    return None


def listed(connection: Raw | None) -> tuple[list[Raw], bool, int | None]:
    """The records of a page, whether there are more pages, and how many records there are.

    Where Wave does not say how many pages there are, a page that is not full is the last.
    """
    connection = connection or {}
    info = connection.get("pageInfo") or {}
    nodes = [edge.get("node") for edge in connection.get("edges") or ()]
    if any(node is None for node in nodes):
        raise UnavailableError("Wave listed a record without showing it.")
    pages, current = info.get("totalPages"), info.get("currentPage") or 0
    more = bool(nodes) if pages is None else current < pages
    return nodes, more, info.get("totalCount")


class Wave:
    """One business. Shared by all threads; only what was learnt of page sizes changes."""

    def __init__(
        self, gql: GraphQL, business: str, income: str | None, settings: WaveSettings
    ) -> None:
        """Use `account.open_wave`, which signs in and checks the settings."""
        self._gql = gql
        self._system = gql.http.system
        self._business = business
        self._income = income
        self._shipping = settings.shipping_product
        self._technical = {settings.line_product, settings.shipping_product} - {None}
        self._overlap = timedelta(seconds=settings.overlap_s + settings.lag_s) + MARGIN
        self._sizes = dict(PAGES)

    # --- in ---------------------------------------------------------------------------------------

    def read(self, entity: str, since: str | None) -> Iterator[Page]:
        """All records, or those changed since a cursor, by time of change; lazy.

        Products come in two lists, those on sale and the archived ones, each with a cursor of
        its own; both stand in the cursor, with a blank between. One that goes on sale again
        while all are read can be missing in both, so what is on sale is looked at once more.

        Raises:
            UnavailableError: a list may have lost records.
        """
        lists: Sequence[Mapping[str, Any]] = (
            [{"archived": False}, {"archived": True}] if entity == "Product" else [{}]
        )
        cursors = [*(since or "").split(" "), "", ""][: len(lists)]
        places = [*range(len(lists))]
        if len(lists) > 1 and since is None:
            places.append(0)
        seen: dict[str, datetime] = {}
        for turn, place in enumerate(places, 1):
            for records, last in self._changed(entity, lists[place], cursors[place]):
                cursors[place] = _latest(cursors[place], records)
                fresh = [r for r in records if seen.get(_id(r)) != _moment(r["modifiedAt"])]
                if turn == 1 < len(places):
                    seen = self._edge(seen, records, cursors[place])
                yield Page(
                    [self._in(entity, record) for record in self._wanted(entity, fresh)],
                    " ".join(cursors) if any(cursors) else None,
                    complete=last and turn == len(places),
                )

    def _edge(
        self, seen: Mapping[str, datetime], records: Sequence[Raw], cursor: str
    ) -> dict[str, datetime]:
        """The records that the next look from a cursor shows again, with their times."""
        if not records:
            return dict(seen)
        since = _moment(cursor) - self._overlap
        found = {**seen, **{_id(record): _moment(record["modifiedAt"]) for record in records}}
        return {ident: time for ident, time in found.items() if time >= since}

    def _changed(
        self, entity: str, chosen: Mapping[str, Any], cursor: str
    ) -> Iterator[tuple[list[Raw], bool]]:
        start = _moment(cursor) - self._overlap if cursor else None
        what = f"{self._system}: the list of {entity}"
        fetch = partial(self._page, entity, chosen)
        return windows(fetch, _id, lambda record: _time(record, what), start, MARGIN, what)

    def _page(
        self, entity: str, chosen: Mapping[str, Any], after: datetime | None, number: int
    ) -> TimedPage:
        while True:
            size = self._sizes[entity]
            variables = {**chosen, "after": None if after is None else _text(after)}
            try:
                return self._listed(documents.page_of(entity), variables, number, size)
            except CostError as error:
                if size == 1:
                    raise
                self._sizes[entity] = size // 2
                if number > 1:
                    # Pages of another size have other borders.
                    raise UnavailableError(error.message) from None

    def _listed(
        self, document: str, variables: Mapping[str, Any], number: int, size: int
    ) -> TimedPage:
        asked = {**variables, "business": self._business, "page": number, "size": size}
        business = self._gql.execute(document, asked)["business"] or {}
        connection = business.get("list")
        if connection is None:
            raise UnavailableError(f"{self._system}: Wave answered without the list asked for.")
        records, more, total = listed(connection)
        info = connection.get("pageInfo") or {}
        pages = info.get("totalPages")
        return TimedPage(info.get("currentPage"), records, not more, total, pages)

    def _wanted(self, entity: str, records: Sequence[Raw]) -> Sequence[Raw]:
        """Without the products that only stand for lines without one, and for shipping."""
        if entity != "Product":
            return records
        return [record for record in records if record.get("id") not in self._technical]

    def get(self, entity: str, ids: Sequence[str]) -> Mapping[str, Raw]:
        """Records by id; one left out does not exist: Wave says NOT_FOUND of it alone."""

        def many(wanted: Sequence[str]) -> list[Raw]:
            found = self._by_id(entity, wanted, absent={"NOT_FOUND"})
            return [record for record in found if record is not None]

        def one(id_: str) -> Raw:
            (found,) = self._by_id(entity, [id_], absent=())
            if found is None:
                raise UnavailableError(f"{self._system}: Wave neither shows nor denies a {entity}.")
            return found

        # Alone they are asked for at once: the proof comes with the same request.
        ask = (lambda _ids: []) if len(ids) == 1 else many
        return {id_: self._in(entity, record) for id_, record in by_ids(ask, one, ids, _id).items()}

    def _by_id(self, entity: str, ids: Sequence[str], absent: Any) -> list[Raw | None]:
        variables = {f"id{place}": id_ for place, id_ in enumerate(ids)}
        document = documents.one_of_each(entity, len(ids))
        data = self._gql.execute(document, {**variables, "business": self._business}, absent=absent)
        business = data["business"]
        if business is None:
            raise UnavailableError(f"{self._system}: Wave answered without the business.")
        return [business.get(f"r{place}") for place in range(len(ids))]

    def find(self, entity: str, key: str, values: Sequence[str]) -> Sequence[Raw]:
        """Customers by e-mail.

        Raises:
            RejectedError: any other look-up; Wave has no filter for it.
        """
        if (entity, key) != ("Customer", "email"):
            raise RejectedError(f"{self._system}: Wave finds no {entity} by {key}.")
        found: dict[str, Raw] = {}
        for value in dict.fromkeys(values):
            found.update((_id(r), r) for r in matching(self._by_email(value), key, value))
        return [self._in(entity, record) for record in found.values()]

    def _by_email(self, email: str) -> Iterator[Sequence[Raw]]:
        number, last = 0, False
        while not last:
            number += 1
            size = self._sizes["Customer"]
            page = self._listed(documents.FIND_CUSTOMERS, {"email": email}, number, size)
            yield page.records
            last = page.last

    def _in(self, entity: str, record: Raw) -> Raw:
        return shapes.invoice_in(record, self._shipping) if entity == "Invoice" else record

    # --- out --------------------------------------------------------------------------------------

    def write(self, operation: Operation) -> Outcome:
        """Send one operation."""
        send = self._create if operation.kind == "create" else self._update
        return outcome_of(operation, partial(send, operation))

    def _create(self, operation: Operation) -> Raw | None:
        entity, body = operation.entity, operation.body or {}
        sent = {**self._out(entity, body, create=True), "businessId": self._business}
        if entity == "Product":
            sent["incomeAccountId"] = self._income
        stored = self._patiently(partial(self._mutate, documents.CREATE[entity], entity, sent))
        if stored is not None and body.get("isArchived"):
            return self._archive_after(str(stored["id"]))
        return stored

    def _patiently(self, call: Callable[[], Raw | None]) -> Raw | None:
        """What was created a moment ago may not be there yet for what refers to it."""
        for wait in WAITS_S:
            try:
                return call()
            except (MissingError, RejectedError) as error:
                if "could not be found" not in error.message:
                    raise
                self._gql.http.clock.sleep(wait)
        return call()

    def _update(self, operation: Operation) -> Raw | None:
        entity, id_ = operation.entity, str(operation.id)
        sent = self._out(entity, operation.body or {}, create=False)
        try:
            stored = self._patch(entity, id_, sent) if sent else None
            if (operation.body or {}).get("isArchived"):
                stored = self._archive_after(id_) if sent else self._archive(id_)
        except (MissingError, RejectedError) as error:
            # What could not be found may also be what the record refers to.
            if isinstance(error, MissingError) or "could not be found" in error.message:
                if self.get(entity, [id_]):
                    raise RejectedError(error.message) from None
                raise MissingError(error.message) from None
            raise
        return stored

    def _patch(self, entity: str, id_: str, sent: Raw) -> Raw | None:
        mutate = partial(self._mutate, documents.PATCH[entity], entity)
        stored = mutate({**sent, "id": id_})
        again = shapes.emptied(sent, stored) if stored else None
        stored = stored if again is None else mutate({**again, "id": id_})
        if stored and shapes.unclearable(sent, stored):
            raise RejectedError(
                f"{self._system}: Wave keeps an address that would be empty: take it out in Wave."
            )
        return stored

    def _archive_after(self, id_: str) -> Raw | None:
        """Archive what has just been written: whatever fails now, the write has happened."""
        try:
            return self._archive(id_)
        except RemoteError as error:
            raise UnavailableError(error.message) from None

    def _archive(self, id_: str) -> Raw | None:
        return self._mutate(documents.ARCHIVE, "Product", {"id": id_})

    def _out(self, entity: str, body: Raw, *, create: bool) -> Raw:
        if entity == "Customer":
            return shapes.customer_out(body, create=create)
        if entity == "Product":
            return shapes.product_out(body)
        if shapes.discounted_in_money(body):
            raise RejectedError(
                f"{self._system}: the invoice has a discount that is not one percentage, and keeps"
                " it: change it in Wave."
            )
        return shapes.invoice_out(body, self._shipping, create=create)

    def _mutate(self, document: str, entity: str, sent: Raw) -> Raw | None:
        """The object as stored; None if Wave does not show it.

        Raises:
            RejectedError: Wave refuses what was sent; says why in its own words.
        """
        payload = self._gql.execute(document, {"input": sent})["done"]
        if payload is None:
            raise UnavailableError(f"{self._system}: Wave does not say what became of it.")
        if payload.get("didSucceed") is not True:
            raise RejectedError(f"{self._system}: {_refusal(payload.get('inputErrors'))}")
        record: Raw | None = payload.get(documents.ROOTS[entity])
        return None if record is None else self._in(entity, record)


def _refusal(errors: Any) -> str:
    said = []
    for error in errors or ():
        where = ".".join(str(part) for part in (error.get("path") or ())[1:])
        text = str(error.get("message") or error.get("code") or "refused").rstrip(".")
        said.append(f"{where}: {text}" if where else text)
    return "; ".join(said or ["Wave refused it without a reason"]) + "."


def _latest(cursor: str, records: Sequence[Raw]) -> str:
    """The later of a cursor and the times of some records, in Wave's own words."""
    texts = [cursor, *(str(record["modifiedAt"]) for record in records)]
    return max(filter(None, texts), key=_moment, default="")


def _id(record: Raw) -> str:
    return str(record.get("id"))


def _time(record: Raw, what: str) -> datetime:
    try:
        return _moment(str(record.get("modifiedAt")))
    except ValueError:
        raise UnavailableError(f"{what} has a record without the time of its change.") from None


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _text(moment: datetime) -> str:
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"
