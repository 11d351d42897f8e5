"""Which records a connection finds, in what order, and which of them a page holds."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from talk_wave.simulator_context import Context, refusal

if TYPE_CHECKING:
    from talk_sdk.testing.records import Snapshot
    from talk_wave.simulator_books import Books
    from talk_wave.simulator_records import Records

Arguments = Mapping[str, Any]
Test = Callable[["Snapshot"], bool]
DEFAULT_SIZE = 10


def found(
    context: Context, records: Records, arguments: Arguments, filters: Sequence[Test]
) -> Sequence[Snapshot]:
    """The records that a connection finds, sorted."""
    order = arguments.get("sort") or ["CREATED_AT_ASC"]
    bounds = arguments.get("modifiedAtAfter"), arguments.get("modifiedAtBefore")
    if order == ["MODIFIED_AT_ASC"]:
        rows = _between(context, records.listed_by_time(), bounds)
    else:
        rows = _sorted(context.books, records.listed(), order)
        filters = [*filters, _within(context, bounds)] if any(bounds) else filters
    for test in filters:
        rows = [row for row in rows if test(row)]
    return rows


def page(context: Context, records: Records, rows: Sequence[Snapshot], arguments: Arguments) -> Any:
    """A connection with one page of the rows.

    Raises:
        GraphQLError: There are no such pages.
    """
    number, size = page_of(context, arguments)
    total = 0 if context.call.hit_by("empty_page") else len(rows)
    shown = rows[(number - 1) * size : number * size] if total else ()
    if context.call.hit_by("short_page"):
        shown = shown[: max(1, len(shown) // 2)]
    told = context.enabled("page_totals")
    return {
        "edges": [{"node": records.node(row)} for row in shown],
        "pageInfo": {
            "currentPage": number,
            "totalPages": -(-total // size) if told else None,
            "totalCount": total if told else None,
        },
    }


def page_of(context: Context, arguments: Arguments) -> tuple[int, int]:
    """Number and size of the page asked for.

    Raises:
        GraphQLError: They are not from 1, or the size is too large.
    """
    number, size = (arguments.get(name) for name in ("page", "pageSize"))
    number = 1 if number is None else number
    size = DEFAULT_SIZE if size is None else size
    if number < 1 or size < 1:
        raise refusal("BAD_USER_INPUT", "page and pageSize must be at least 1.")
    cap = int(context.books.faults.value("page_cap"))
    if size > cap and context.enabled("large_pages_refused"):
        raise refusal("BAD_USER_INPUT", f"pageSize must be at most {cap}.")
    return number, min(size, cap)


def archived(context: Context, arguments: Arguments) -> list[Test]:
    """The filter `isArchived`, with what it means when it is left out."""
    wanted = arguments.get("isArchived")
    if wanted is None:
        if context.enabled("archived_listed"):
            return []
        wanted = False
    return [lambda row: row.values["isArchived"] is wanted]


def email(context: Context, arguments: Arguments) -> list[Test]:
    """The filter `email`."""
    wanted = arguments.get("email")
    if wanted is None:
        return []
    if context.enabled("email_exact"):
        return [lambda row: row.values["email"] == wanted]
    part = wanted.casefold()
    return [lambda row: part in (row.values["email"] or "").casefold()]


def equals(arguments: Arguments, *names: str) -> list[Test]:
    """Filters that compare a field of the same name."""
    return [
        lambda row, name=name: row.values[name] == arguments[name]  # type: ignore[misc]
        for name in names
        if arguments.get(name) is not None
    ]


def invoice_filters(context: Context, arguments: Arguments) -> list[Test]:
    """The filters of invoices."""
    status = context.books.invoices.status
    makers: Mapping[str, Callable[[Any], Test]] = {
        "status": lambda wanted: lambda row: status(row.values) == wanted,
        "customerId": lambda wanted: lambda row: row.values["customer"]["id"] == wanted,
        "currency": lambda wanted: lambda row: row.values["currency"]["code"] == wanted,
        # No invoice of the twin comes from an estimate.
        "sourceId": lambda _: lambda _row: False,
        "invoiceDateStart": lambda wanted: lambda row: row.values["invoiceDate"] >= wanted,
        "invoiceDateEnd": lambda wanted: lambda row: row.values["invoiceDate"] <= wanted,
        "invoiceNumber": lambda wanted: lambda row: wanted in row.values["invoiceNumber"],
        "amountDue": lambda wanted: lambda row: Decimal(row.values["amountDue"]["value"]) == wanted,
    }
    return [
        make(arguments[name]) for name, make in makers.items() if arguments.get(name) is not None
    ]


def _between(
    context: Context, rows: Sequence[Snapshot], bounds: tuple[datetime | None, datetime | None]
) -> Sequence[Snapshot]:
    """The same as `_within`, of rows sorted by time."""
    first, last = (bisect_left, bisect_right) if context.enabled("inclusive") else (
        bisect_right,
        bisect_left,
    )  # fmt: skip
    after, before = bounds
    start = 0 if after is None else first(rows, after, key=_modified)
    end = len(rows) if before is None else last(rows, before, key=_modified)
    return rows[start:end]


def _within(context: Context, bounds: tuple[datetime | None, datetime | None]) -> Test:
    after, before = bounds
    inclusive = context.enabled("inclusive")

    def test(row: Snapshot) -> bool:
        if inclusive and row.modified in {after, before}:
            return True
        return (after is None or row.modified > after) and (before is None or row.modified < before)

    return test


def _modified(row: Snapshot) -> datetime:
    return row.modified


def _sorted(books: Books, rows: Sequence[Snapshot], order: Sequence[str]) -> Sequence[Snapshot]:
    """Sorted by the first of the order, equal ones by the next, and so on."""
    for each in reversed(order):
        name, _, direction = each.rpartition("_")
        rows = sorted(rows, key=_key(books, name), reverse=direction == "DESC")
    return rows


def _key(books: Books, name: str) -> Callable[[Snapshot], Any]:
    keys: Mapping[str, Callable[[Snapshot], Any]] = {
        "CREATED_AT": lambda row: row.created,
        "MODIFIED_AT": _modified,
        "NAME": lambda row: row.values["name"].casefold(),
        "AMOUNT_DUE": lambda row: Decimal(row.values["amountDue"]["value"]),
        "AMOUNT_PAID": lambda row: Decimal(row.values["amountPaid"]["value"]),
        "TOTAL": lambda row: Decimal(row.values["total"]["value"]),
        "DUE_AT": lambda row: row.values["dueDate"],
        "INVOICE_DATE": lambda row: row.values["invoiceDate"],
        "INVOICE_NUMBER": lambda row: row.values["invoiceNumber"],
        "STATUS": lambda row: books.invoices.status(row.values),
        "CUSTOMER_NAME": lambda row: (
            books.customers.last(row.values["customer"]["id"]).values["name"].casefold()
        ),
    }
    return keys[name]
