"""Rows that hold from one day to another: which of them holds today, and what replaces it.

MemberCare changes addresses and contacts by adding rows; the ids of rows are no data. Of several
rows that hold, the one that began last counts, of those the one that was added last. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from talk_sdk.operations import Raw

__all__ = ["address_in", "address_out", "contacts_in", "contacts_out", "holding", "last_change"]

KINDS: Mapping[str, tuple[int, ...]] = {
    "email": (1, 2), "phone": (3, 4), "mobile": (5, 6), "fax": (7,), "website": (8,),
}  # fmt: skip
"""What is kept of a member's contacts: name → types in the API, the first for what is written."""
_PARTS = (
    "attention", "careOf", "street", "number", "letter", "floor", "suite", "location",
    "postOfficeBox",
)  # fmt: skip
_LINE = ("number", "letter", "floor", "suite")


def holding(rows: Sequence[Raw], today: str) -> list[Raw]:
    """The rows that hold on a day (ISO), the one that counts last."""
    held = [
        row
        for row in rows
        if str(row.get("start") or "")[:10] <= today
        and (row.get("end") is None or str(row["end"])[:10] > today)
    ]
    return sorted(held, key=lambda row: (str(row.get("start") or "")[:10], row.get("id") or 0))


def last_change(record: Raw) -> Any:
    """When a member was changed last, or any of its rows: these may leave the member's own alone.

    Times are texts of one form, local and to the second.
    """
    rows = [*(record.get("addresses") or ()), *(record.get("contacts") or ())]
    times = [str(each["lastChange"])[:19] for each in [record, *rows] if each.get("lastChange")]
    return max(times, default=None)


# --- contacts -------------------------------------------------------------------------------------


def contacts_in(rows: Sequence[Raw], today: str) -> Raw:
    """What holds of each kind: name → value."""
    held = holding(rows, today)
    return {
        name: next((row.get("value") for row in reversed(held) if row.get("type") in types), None)
        for name, types in KINDS.items()
    }


def contacts_out(contact: Mapping[str, Any], today: str) -> list[Raw]:
    """The rows to add for some values; nothing can be added that says that there is none."""
    return [
        {"type": KINDS[name][0], "value": value, "start": f"{today}T00:00:00"}
        for name, value in contact.items()
        if value is not None
    ]


# --- addresses ------------------------------------------------------------------------------------


def address_in(rows: Sequence[Raw], types: Sequence[int], today: str) -> Raw | None:
    """The address of one of some types that holds, with its parts; None if there is none.

    `line` is street, number, letter, floor and suite together, `rows` the ids of all that hold.
    """
    held = [row for row in holding(rows, today) if row.get("addressType") in types]
    if not held:
        return None
    parts = {name: held[-1].get(name) for name in _PARTS}
    return {
        **parts,
        "line": _line(parts),
        "postalCode": held[-1].get("postalCode"),
        "country": held[-1].get("country"),
        "rows": [row.get("id") for row in held],
    }


def _line(parts: Mapping[str, Any]) -> str | None:
    house = f"{parts.get('number') or ''}{parts.get('letter') or ''}"
    found = [parts.get("street"), house, parts.get("floor"), parts.get("suite")]
    return " ".join(str(part) for part in found if part) or None


def address_out(address: Mapping[str, Any], place: Raw, type_: int, today: str) -> Raw:
    """The row that says an address; `place` has its country and postal code as MemberCare does.

    A line that was changed stands in `street` as a whole.
    """
    parts = {name: address.get(name) for name in _PARTS}
    if address.get("line") != _line(parts):
        parts |= {"street": address.get("line"), **dict.fromkeys(_LINE)}
    return {**parts, **place, "addressType": type_, "start": f"{today}T00:00:00"}
