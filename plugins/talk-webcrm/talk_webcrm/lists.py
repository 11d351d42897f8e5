"""Lists of webCRM: bare arrays in an order that nobody promises, without a total."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from talk_sdk.errors import UnavailableError
from talk_sdk.http import Answer, Client
from talk_sdk.operations import Raw
from talk_sdk.rest import TimedPage, moment_in, windows
from talk_webcrm.models import Kind

__all__ = [
    "MARGIN", "SIZE", "agreeing", "by_keys", "changed", "pages", "quoted", "rows_in", "shown",
    "since_of",
]  # fmt: skip

SIZE = 1000
"""Records on a page, the most that there are."""
MARGIN = timedelta(seconds=1)
"""Times are whole seconds."""
_PASSES = 4
_KEYS = 20  # that one script asks for: how long a script may be is not known


def rows_in(answer: Answer) -> list[Raw]:
    """The records of an answer.

    Raises:
        UnavailableError: it is no array of records.
    """
    rows = answer.json()
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        bare = answer.url.split("?", 1)[0]
        raise UnavailableError(f"{answer.system}: {bare} answered no list of records.")
    return rows


def pages(client: Client, path: str, script: str | None = None) -> Iterator[list[Raw]]:
    """Pages by number, up to one that is not full."""
    number, full = 0, True
    while full:
        number += 1
        query = {"script": script, "Page": number, "Size": SIZE}
        rows = rows_in(client.get(path, query))
        full = len(rows) >= SIZE
        yield rows


def agreeing(client: Client, path: str, id_field: str, script: str | None = None) -> Sequence[Raw]:
    """All records of a list, once two readings in a row have shown the same ones.

    There is no total and no order: what is deleted meanwhile moves others over the edge of a page
    that was read already, and a page that is cut short looks like the last one. A line that is
    missing would be a line that somebody deleted.

    Raises:
        UnavailableError: no two readings agree.
    """
    before: set[object] | None = None
    for _ in range(_PASSES):
        rows = {row.get(id_field): row for page in pages(client, path, script) for row in page}
        if before == rows.keys():
            return list(rows.values())
        before = set(rows)
    raise UnavailableError(f"{client.http.system}: {path} gave other records at each reading.")


def changed(client: Client, kind: Kind, since: datetime | None) -> Iterator[tuple[list[Raw], bool]]:
    """Records by time of change: (records, whether these were the last), lazily."""
    what = f"{client.http.system}: the table {kind.table}"

    def time_of(record: Raw) -> datetime:
        moment = moment_in(record, kind.updated)
        if moment is None:
            raise UnavailableError(f"{what} has a record without the time of its change.")
        return moment.replace(tzinfo=UTC)

    def fetch(after: datetime | None, number: int) -> TimedPage:
        rows = _page(client, kind, after, number)
        if not rows and number == 1:
            rows = _page(client, kind, after, number)  # an end that is one is one twice
        # A short page is the last only if what follows it was asked for, and is nothing.
        nothing_new = (
            number == 1 and after is not None and bool(rows)
            and len(rows) < SIZE and time_of(rows[-1]) - MARGIN <= after
        )  # fmt: skip
        return TimedPage(None, rows, last=not rows or nothing_new)

    return windows(fetch, lambda r: str(r.get(kind.id)), time_of, since, MARGIN, what)


def _page(client: Client, kind: Kind, after: datetime | None, number: int) -> list[Raw]:
    where = "" if after is None else f" WHERE {kind.updated} >= '{_text(after)}'"
    script = f"SELECT * FROM {kind.table}{where} ORDER BY {kind.updated}"  # noqa: S608 - as the API wants it
    return rows_in(client.get("/Queries", {"script": script, "Page": number, "Size": SIZE}))


def _text(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.0000000Z"


def since_of(cursor: str | None, overlap: timedelta) -> datetime | None:
    """From where to read, for a cursor in the server's own words."""
    if not cursor:
        return None
    return datetime.fromisoformat(cursor).astimezone(UTC) - overlap


def by_keys(
    client: Client, table: str, field: str, keys: Iterable[object]
) -> Iterator[Sequence[Raw]]:
    """The records of a table with one of these numbers or texts in a field, lazily."""
    for script in _scripts(table, field, keys):
        yield agreeing(client, "/Queries", f"{table}Id", script)


def shown(client: Client, kind: Kind, ids: Iterable[int]) -> Iterator[Raw]:
    """The records of these ids as one look shows them, lazily: what it leaves out may be there."""
    for script in _scripts(kind.table, kind.id, ids):
        yield from rows_in(client.get("/Queries", {"script": script, "Page": 1, "Size": SIZE}))


def _scripts(table: str, field: str, keys: Iterable[object]) -> Iterator[str]:
    wanted = list(dict.fromkeys(keys))
    for start in range(0, len(wanted), _KEYS):
        tests = [f"{field} = {quoted(key)}" for key in wanted[start : start + _KEYS]]
        yield f"SELECT * FROM {table} WHERE {' OR '.join(tests)}"  # noqa: S608 - all is quoted


def quoted(key: object) -> str:
    """A literal of a script."""
    return str(key) if isinstance(key, int) else "'" + str(key).replace("'", "''") + "'"
