"""Wave's lists: numbered pages, read in order of the last change; small enough to be answered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from talk_sdk.errors import RejectedError, UnavailableError
from talk_sdk.operations import Page, Raw
from talk_sdk.rest import GraphQL, TimedPage, windows
from talk_wave import documents
from talk_wave.settings import WaveSettings

__all__ = ["CostError", "Lists", "id_of", "listed"]

PAGES = {"Customer": 200, "Product": 200, "Invoice": 100}
"""Records a page at first; 200 is the most that is known to work."""
MARGIN = timedelta(seconds=1)
"""The precision of Wave's times is not known; to the second is the coarsest that was seen."""


class CostError(RejectedError):
    """The query costs more than Wave allows: smaller pages cost less."""


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


class Lists:
    """The lists of one business. Shared by all threads; what was learnt of page sizes changes."""

    def __init__(self, gql: GraphQL, business: str, settings: WaveSettings) -> None:
        """Nothing is read yet."""
        self._gql = gql
        self._system = gql.http.system
        self._business = business
        self._technical = {settings.line_product, settings.shipping_product} - {None}
        self._overlap = timedelta(seconds=settings.overlap_s + settings.lag_s) + MARGIN
        self._sizes = dict(PAGES)

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
                fresh = [r for r in records if seen.get(id_of(r)) != _moment(r["modifiedAt"])]
                if turn == 1 < len(places):
                    seen = self._edge(seen, records, cursors[place])
                yield Page(
                    self._wanted(entity, fresh),
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
        found = {**seen, **{id_of(record): _moment(record["modifiedAt"]) for record in records}}
        return {ident: time for ident, time in found.items() if time >= since}

    def _changed(
        self, entity: str, chosen: Mapping[str, Any], cursor: str
    ) -> Iterator[tuple[list[Raw], bool]]:
        start = _moment(cursor) - self._overlap if cursor else None
        what = f"{self._system}: the list of {entity}"
        fetch = partial(self._page, entity, chosen)
        return windows(fetch, id_of, lambda record: _time(record, what), start, MARGIN, what)

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

    def with_email(self, email: str) -> Iterator[Sequence[Raw]]:
        """Pages of the customers that an e-mail address finds."""
        number, last = 0, False
        while not last:
            number += 1
            size = self._sizes["Customer"]
            page = self._listed(documents.FIND_CUSTOMERS, {"email": email}, number, size)
            yield page.records
            last = page.last


def _latest(cursor: str, records: Sequence[Raw]) -> str:
    """The later of a cursor and the times of some records, in Wave's own words."""
    texts = [cursor, *(str(record["modifiedAt"]) for record in records)]
    return max(filter(None, texts), key=_moment, default="")


def id_of(record: Raw) -> str:
    """A record's id."""
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
