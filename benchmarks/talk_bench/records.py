"""The records of the benchmarks, made from their numbers, and the hash of their content."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import xxhash

__all__ = ["CUSTOMER", "ORDER", "PAGE", "Digest", "customer", "digest", "order", "stamp_of"]

CUSTOMER, ORDER = "Customer", "Order"
PAGE = 200
"""Records a page."""
LINES = 200
"""Lines of an order."""

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
NOTE = (
    "Wants invoices by e-mail on the last day of the month and deliveries before noon; rings"
    " twice. Customer no."
)
FRAME = frozenset({"id", "etag", "created_at", "updated_at"})
"""What a system gives a record by itself: no content."""
WEIGHTS = (3, 2, 7, 6, 5, 4, 3, 2)
ONE_WORD = 2**64

Raw = dict[str, Any]
Digest = tuple[int, str]
"""How many records, and the hash of what they say."""


def stamp_of(number: int) -> str:
    """The time of change of a record that nobody has changed yet; one record a second."""
    return (BEGIN + timedelta(seconds=number)).strftime("%Y-%m-%dT%H:%M:%SZ")


def customer(number: int) -> Raw:
    """The content of a customer: the 22 of its 26 fields that are no system's own."""
    return {
        "name": f"Nordic Trading Company {number} AS",
        "is_company": True,
        "account_number": f"K{number:08d}",
        "vat_no": _organisation(number),
        "email": f"purchasing.{number}@nordic-trading.example",
        "first_name": f"Kari {number % 1000}",
        "last_name": "Nordmann-Johansen",
        "phone": f"+472{2000000 + number % 1000000:07d}",
        "mobile": f"+479{1000000 + number % 1000000:07d}",
        "fax": f"+472{3000000 + number % 1000000:07d}",
        "website": f"https://www.nordic-trading.example/{number}",
        "note": f"{NOTE} {number}.",
        "language": "nb",
        "currency": "NOK",
        "active": True,
        "address1": f"Karl Johans gate {number % 500}",
        "address2": f"Entrance B, floor {number % 12}",
        "zip": f"{number % 10000:04d}",
        "city": "Oslo",
        "country": "NO",
        "delivery_name": f"Warehouse {number % 100}, Kari Nordmann",
        "delivery_instructions": "Use the gate at the back; the bell does not work.",
    }


def order(number: int) -> Raw:
    """The content of an order with many lines."""
    return {
        "number": f"O{number:06d}",
        "title": f"Standing order {number}",
        "currency": "NOK",
        "lines": [
            {
                "sku": f"SKU-{line:05d}",
                "text": f"Article {line} in the colour of the season",
                "quantity": f"{1 + line % 9}.000",
                "unit_price": f"{10 + line}.50",
            }
            for line in range(LINES)
        ],
    }


def digest(records: Iterable[Mapping[str, Any]]) -> Digest:
    """The number of records and a hash of their content, whatever their order and their ids."""
    count = total = 0
    for record in records:
        count += 1
        total += xxhash.xxh3_64_intdigest(orjson.dumps(_content(record), option=SORTED))
    return count, f"{total % ONE_WORD:016x}"


SORTED = orjson.OPT_SORT_KEYS


def _content(record: Mapping[str, Any]) -> Raw:
    said = {name: value for name, value in record.items() if name not in FRAME}
    if "lines" in said:
        said["lines"] = [{**line, "id": None} for line in said["lines"]]
    return said


def _organisation(number: int) -> str | None:
    """A number of nine digits whose last one checks the others, as Norway gives them.

    Where that digit would have to be a ten there is no such number: one customer in eleven has
    none, and is known by the e-mail address alone.
    """
    base = 80_000_000 + number
    rest = sum(w * int(d) for w, d in zip(WEIGHTS, str(base), strict=True)) % 11
    return None if rest == 1 else f"{base}{(11 - rest) % 11}"
