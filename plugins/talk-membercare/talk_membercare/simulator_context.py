"""What all parts of the twin share: its store, its clock in local time, answers and refusals."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import msgspec
import xxhash

from talk_sdk.testing.fields import Field
from talk_sdk.testing.paging import numbered
from talk_sdk.testing.service import NUMBERS, Answer, Call, RefusedError

if TYPE_CHECKING:
    from talk_sdk.testing.records import Snapshot, Store
    from talk_sdk.testing.resource import Resource

BASE = "/api/v1"
ZONE = ZoneInfo("Europe/Oslo")
Raw = dict[str, Any]


@dataclass
class Context:
    """The twin's store and what it numbers.

    Attributes:
        resources: collection -> how it is written.
        systems: the foreign systems that mappings are for, by id.
        row: gives the next id of an address, a contact, a number, a mapping, an invoice line.
    """

    store: Store
    resources: dict[str, Resource] = field(default_factory=dict)
    systems: dict[int, str] = field(default_factory=dict)
    _rows: Iterable[int] = field(default_factory=lambda: count(70_001))

    def row(self) -> int:
        """The next id of a row that belongs to a record."""
        return next(iter(self._rows))

    def on(self, switch: str) -> bool:
        """Whether a switch is on."""
        return self.store.faults.enabled(switch)

    def now(self) -> str:
        """This moment in local time, to the second."""
        return local(self.store.clock.now())

    def today(self) -> str:
        """This day in local time, as the API writes days."""
        return self.now()[:10] + "T00:00:00"


def local(instant: datetime) -> str:
    """An instant as the API writes it: local time, no offset, to the second."""
    return instant.astimezone(ZONE).replace(tzinfo=None).isoformat(timespec="seconds")


def free(name: str, default: Any = None) -> Field:
    """A field that keeps whatever JSON it is given; what is in it is checked elsewhere."""
    return Field(name, {}, lambda raw: raw, default=default)


# --- answers --------------------------------------------------------------------------------------


def answer(value: Any, status: int = 200) -> Answer:
    """A JSON body."""
    return Answer(status, NUMBERS.encode(value))


def done(context: Context) -> Answer:
    """The answer of a route that has none to give."""
    return Answer(200 if context.on("ok_is_200") else 204, b"")


def page(
    context: Context, call: Call, snapshots: Sequence[Snapshot], show: Callable[[Snapshot], Raw]
) -> Answer:
    """One page of a list of records, which may be in an order that says nothing."""
    if not context.on("sorted"):
        snapshots = sorted(snapshots, key=lambda each: xxhash.xxh3_64_intdigest(each.id.encode()))
    return page_in_order(context, call, snapshots, show)


def page_in_order(
    context: Context, call: Call, rows: Sequence[Any], show: Callable[[Any], Raw]
) -> Answer:
    """One page of a list as it is, with links to its neighbours that keep the filters."""
    most = int(context.store.faults.value("page_cap"))
    size = call.whole_number("pageSize", 50, most=most)
    cut = numbered(rows, call, size)
    pages = -(-cut.total // size)

    def link(step: int) -> str:
        query = {**call.query, "page": str(cut.number + step), "pageSize": str(size)}
        return f"{call.request.base_url}?{urlencode(query)}"

    return answer(
        {
            "totalCount": cut.total,
            "totalPages": pages,
            "previousPageUrl": link(-1) if cut.number > 1 else None,
            "nextPageUrl": link(+1) if cut.number < pages else None,
            "result": [show(each) for each in cut.records] or empty(context),
        }
    )


def empty(context: Context) -> list[Any] | None:
    """How a list with nothing in it is said."""
    return None if context.on("null_lists") else []


def filled(context: Context, shown: Raw) -> Raw:
    """A member with its lists, the empty ones as such are said."""
    lists = ("contacts", "addresses", "foreignSystemMappings", "employments")
    bare = [name for name in lists if shown.get(name) == []]
    return {**shown, **{name: empty(context) for name in bare}}


def mapping_row(context: Context, system: int, external: str) -> Raw:
    """A record's id in a foreign system, as it is kept.

    Raises:
        RefusedError: there is no such system (404).
    """
    if system not in context.systems:
        raise missing("The foreign system does not exist")
    told = {"id": system, "name": context.systems[system]}
    return {"id": context.row(), "externalId": external, "foreignSystem": told}


def flag(call: Call, name: str, *, default: bool) -> bool:
    """A query parameter that is true or false."""
    return call.query.get(name, str(default)).lower() == "true"


# --- refusals -------------------------------------------------------------------------------------


def refuse(text: str) -> RefusedError:
    """400 with a bare text."""
    return RefusedError(400, "text", text)


def missing(text: str, *, problem: bool = False) -> RefusedError:
    """404 with a bare text, or a ProblemDetails object."""
    return RefusedError(404, "problem" if problem else "text", text)


def render_error(context: Context, refused: RefusedError) -> bytes:
    """The body of a refusal: a text, an object, or nothing."""
    if refused.status in {401, 403}:
        return b""
    if refused.code in {"problem", "not_found"} or refused.status in {405, 429}:
        titles = {404: "Not Found", 405: "Method Not Allowed", 429: "Too Many Requests"}
        return msgspec.json.encode(
            {
                "type": "https://tools.ietf.org/html/rfc7231#section-6.5.4",
                "title": titles.get(refused.status, "Bad Request"),
                "status": refused.status,
                "detail": None,
                "instance": None,
            }
        )
    text = refused.message if refused.field is None else f"{refused.field}: {refused.message}"
    if context.on("plain_errors"):
        refused.headers["Content-Type"] = "text/plain"
        return text.encode()
    return msgspec.json.encode(text)


def body_list(call: Call) -> list[Raw]:
    """The body as a JSON list of objects."""
    try:
        found = _DECODER.decode(call.body)
    except msgspec.DecodeError:
        raise refuse("The body is no JSON") from None
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise refuse("A list of objects is expected")
    return found


_DECODER = msgspec.json.Decoder(float_hook=Decimal)


def tail(call: Call) -> str:
    """The last part of the path."""
    return call.path.rsplit("/", 1)[-1]


def chosen(values: Mapping[str, Any], names: Iterable[str]) -> Raw:
    """Those of the values that are there."""
    return {name: values[name] for name in names if name in values}
