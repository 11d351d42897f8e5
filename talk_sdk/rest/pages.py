"""Page styles. A read that may have lost records ends in an error, never as if complete."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from xxhash import xxh3_64_intdigest

from talk_sdk.errors import UnavailableError
from talk_sdk.operations import Raw

__all__ = ["NumberedPage", "cursor_pages", "numbered_pages"]

_BUCKETS = 0xFFFF


def cursor_pages(
    fetch: Callable[[str | None], tuple[Sequence[Raw], str | None]], what: str
) -> Iterator[tuple[Sequence[Raw], bool]]:
    """Pages that each name the next: (records, whether it was the last), lazily.

    Args:
        fetch: cursor (None for the first page) → records and the next cursor, None at the end.
        what: how messages call the read, for example `shop: /customers`.

    Raises:
        UnavailableError: a cursor came twice, or a page that was announced is empty.
    """
    cursor: str | None = None
    asked: set[str] = set()
    while True:
        records, following = fetch(cursor)
        if cursor is not None and not records:
            raise UnavailableError(f"{what}: a page that was announced came empty.")
        if following is not None and following in asked:
            raise UnavailableError(f"{what}: the pages do not advance, one came twice.")
        yield records, following is None
        if following is None:
            return
        asked.add(following)
        cursor = following


@dataclass(frozen=True, slots=True)
class NumberedPage:
    """One page of a numbered listing.

    Attributes:
        number: the page's number, as the server says it; not as it was asked for.
        records: its records.
        total: how many records there are on all pages together.
    """

    number: int
    records: Sequence[Raw]
    total: int


class _Distinct:
    """Counts different things, of which it keeps 8 bytes each: a million ids take 24 MB, not 92.

    Two of a million are taken for one with a chance of one in 30 million.
    """

    def __init__(self) -> None:
        self.count = 0
        self._buckets: dict[int, array[int]] = {}

    def add(self, thing: object) -> None:
        digest = xxh3_64_intdigest(repr(thing).encode("utf-8", "surrogatepass"))
        bucket = self._buckets.get(digest & _BUCKETS)
        if bucket is None:
            bucket = self._buckets[digest & _BUCKETS] = array("Q")
        if digest not in bucket:
            bucket.append(digest)
            self.count += 1


def numbered_pages(
    fetch: Callable[[int], NumberedPage], id_of: Callable[[Raw], object], what: str
) -> Iterator[Sequence[Raw]]:
    """Pages by number, from 1, lazily; ends without an error only if all records were seen.

    Records that are deleted while the pages are read move the later ones forward, over the
    edge of a page that was already read: a total that falls is such a loss. (A record that is
    deleted and another one that is created between the same two requests cannot be told.)

    Args:
        fetch: number → page.
        id_of: what tells two records apart.
        what: how messages call the read.

    Raises:
        UnavailableError: another page than the one asked for, a total that falls, or a page
            with nothing new before as many different records as the total were seen.
    """
    seen = _Distinct()
    number = total = 0
    while number == 0 or seen.count < total:
        number += 1
        page = fetch(number)
        if page.number != number:
            raise UnavailableError(f"{what}: page {number} was asked for, {page.number} came.")
        if page.total < total:
            raise UnavailableError(f"{what}: records vanished while the pages were read.")
        total = page.total
        known = seen.count
        for record in page.records:
            seen.add(id_of(record))
        if seen.count == known and known < total:
            raise UnavailableError(
                f"{what}: the pages end after {known} different records of {total}."
            )
        yield page.records
