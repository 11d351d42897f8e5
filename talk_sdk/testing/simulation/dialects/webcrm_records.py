"""What webCRM's users see in one and it keeps apart: an organisation's person, an order's lines."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from talk_sdk.testing.simulation.dialects.dialect import UNSAID, Raw
from talk_sdk.testing.simulation.turns import folded, text

if TYPE_CHECKING:
    from talk_sdk.testing.control import LocalControl
    from talk_sdk.testing.simulation.trace import Exchange

__all__ = [
    "ADDRESSES", "ITEM", "dashed", "folded_dashed", "for_many", "lines_of", "mains",
    "organisation_of", "put_lines", "put_person", "shown_in", "written_together",
]  # fmt: skip

ITEM = "QuotationLineLinkedDataItem"
ADDRESSES = {"Billing": "OrganisationAddress", "Delivery": "OrganisationDeliveryAddress"}
"""What both lines of an address are called when they are apart -> the text that has both."""
_NONE = "-"
"""What stands where a text must not be empty."""


def dashed(raw: Any) -> Any:
    """A text, which is none if it is a dash."""
    value = text(raw)
    return None if value == _NONE else value


def folded_dashed(raw: Any) -> Any:
    """The same, whatever its case."""
    return None if dashed(raw) is None else folded(raw)


# --- what is put together -------------------------------------------------------------------------


def mains(persons: list[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """Of each organisation the person with the lowest id."""
    found: dict[int, dict[str, Any]] = {}
    for person in sorted(persons, key=lambda each: int(each["PersonId"]), reverse=True):
        found[person["PersonOrganisationId"]] = person
    return found


def organisation_of(record: Raw, person: Raw | None) -> Raw:
    """An organisation with its main person, its addresses line by line."""
    found = {**record, "MainPerson": person or {}}
    for line, wire in ADDRESSES.items():
        found[f"{line}1"], _, found[f"{line}2"] = str(record[wire] or "").partition("\n")
    return found


def lines_of(control: LocalControl) -> dict[int, list[Raw]]:
    """The lines of each opportunity in their order, with the product that their number tells."""
    items = {str(item[f"{ITEM}Id"]): item[f"{ITEM}Data4"] for item in control.dump("linked_data")}
    found: dict[int, list[Raw]] = {}
    for line in sorted(control.dump("quotation_lines"), key=_place):
        opened = {**line, "Product": _product(line["QuotationLineData4"], items)}
        found.setdefault(line["QuotationLineOpportunityId"], []).append(opened)
    return found


def _place(line: Raw) -> tuple[int, int]:
    return line["QuotationLineSortOrder"], line["QuotationLineId"]


def _product(word: Any, items: Mapping[str, Any]) -> Any:
    """The id of the product with a number; none without one, and unsaid if there is none or two."""
    typed = folded_dashed(word)
    if typed is None:
        return None
    if typed.startswith("#"):
        return typed.removeprefix("#")
    known = [id_ for id_, own in items.items() if folded_dashed(own) == typed]
    return known[0] if len(known) == 1 else UNSAID


# --- what is told apart ---------------------------------------------------------------------------


def put_person(control: LocalControl, organisation_: int, main: Raw, changes: Raw) -> None:
    """Change the person that there is, else make one if there is anything to say."""
    if "PersonLastName" in changes:
        changes = {**changes, "PersonLastName": changes["PersonLastName"] or _NONE}
    if main:
        control.edit("persons", str(main["PersonId"]), changes)
    elif any(changes.values()):
        new = {"PersonLastName": _NONE, "PersonOrganisationId": organisation_}
        control.create("persons", {**new, **changes})


def put_lines(
    control: LocalControl, opportunity: int, before: list[Raw], wanted: list[dict[str, Any]]
) -> None:
    """Change, add and delete lines; a line that stands in another place gets another number."""
    numbers = {item[f"{ITEM}Id"]: item[f"{ITEM}Data4"] for item in control.dump("linked_data")}
    known = {line["QuotationLineId"]: line for line in before}
    last = 0
    for line in wanted:
        id_, own = line.get("QuotationLineId"), {n: v for n, v in line.items() if n != "Product"}
        place = own.get("QuotationLineSortOrder") or 0
        last = own["QuotationLineSortOrder"] = place if place > last else last + 1
        if id_ is None:
            product = line.get("Product")
            word = numbers[product] if product is not None else _NONE
            own["QuotationLineData4"] = f"#{product}" if word == _NONE and product else word
            control.create("quotation_lines", {**own, "QuotationLineOpportunityId": opportunity})
        elif {**own, "Product": line["Product"]} != known[id_]:
            control.edit("quotation_lines", str(id_), own)
    for id_ in known.keys() - {line.get("QuotationLineId") for line in wanted}:
        control.delete("quotation_lines", str(id_))


# --- what goes over the wire ----------------------------------------------------------------------

_RAW = {"RowNumber", "o_lastUpdatedById"}
"""Columns that only queries have."""
_KEY = "OpportunityCustom15"
_RECORDS = {
    "OrganisationId": ("organisations", "customers"), f"{ITEM}Id": ("linked_data", "products"),
    "OpportunityId": ("opportunities", "orders"),
}  # fmt: skip
_PARTS = (
    ("Persons", "PersonOrganisationId", "persons"),
    ("QuotationLines", "QuotationLineOpportunityId", "lines"),
)


def shown_in(path: str, rows: Sequence[Raw], control: LocalControl) -> Iterator[tuple[str, str]]:
    """Kind and id of what rows show as it is: persons by organisation, lines by opportunity."""
    rows = [{n: value for n, value in row.items() if n not in _RAW} for row in rows]
    for name, (collection, kind) in _RECORDS.items():
        listed = {row[name]: row for row in rows if name in row}
        if listed:
            current = {record[name]: record for record in control.dump(collection)}
            yield from ((kind, str(id_)) for id_, row in listed.items() if current.get(id_) == row)
    for name, owner, kind in _PARTS:
        if path.endswith(f"/{name}") or any(owner in row for row in rows):
            yield from ((kind, str(id_)) for id_ in _whole(name, owner, path, rows, control))


def _whole(
    name: str, owner: str, path: str, rows: Sequence[Raw], control: LocalControl
) -> Iterator[Any]:
    """The owners of whose parts all are shown as they are; a list shows of the others that."""
    collections = {"Persons": "persons", "QuotationLines": "quotation_lines"}
    current = _by_owner(owner, control.dump(collections[name]))
    listed = _by_owner(owner, rows)
    wanted = {int(path.split("/")[2])} if path.count("/") > 1 else current.keys() | listed.keys()
    # As long as lines are being created with their order nobody is told of them.
    unsaid = {record["OpportunityId"] for record in control.dump("opportunities")
              if name == "QuotationLines" and record[_KEY].endswith("+")}  # fmt: skip
    return (id_ for id_ in wanted - unsaid if current.get(id_, {}) == listed.get(id_, {}))


def _by_owner(owner: str, rows: Sequence[Raw]) -> dict[Any, dict[Any, Raw]]:
    name = owner.replace("OrganisationId", "Id").replace("OpportunityId", "Id")
    found: dict[Any, dict[Any, Raw]] = {}
    for row in rows:
        found.setdefault(row[owner], {})[row[name]] = row
    return found


_MANY = re.compile(
    r"/Organisations/(?P<own>\d+)|/Organisations/(?P<main>\d+)/Persons"
    r"|/Queries\?.*WHERE\+(?P<kind>Organisation|Person)(?P<ids>Id\+%3D\+\d+.*)"
)
"""Looks of which many may come before one write: at records, at main persons, and at lists."""


def for_many(look: Exchange) -> re.Match[str] | None:
    """A look that may be one of many before a write of them all."""
    return _MANY.fullmatch(look.path if look.path != "/Queries" else f"{look.path}?{look.query}")


def written_together(look: Exchange, then: Exchange) -> bool | None:
    """Whether a look was for the sake of a write of many; None as long as such a write may come."""
    seen, next_ = for_many(look), for_many(then)
    assert seen is not None
    if then.method == "GET":
        main = seen["main"] is not None
        goes_on = next_ is not None and (next_["kind"] or main == (next_["main"] is not None))
        return None if goes_on else False
    if then.path != ("/Persons" if seen["main"] or seen["kind"] == "Person" else "/Organisations"):
        return False
    told = json.loads(then.sent)
    rows = told if isinstance(told, list) else [told]
    if seen["main"]:
        # Main persons that there are not are made one by one after the others.
        return any(str(row.get("PersonOrganisationId")) == seen["main"] for row in rows) or None
    ids = {seen["own"], *re.findall(r"Id\+%3D\+(\d+)", seen["ids"] or "")}
    return any(str(row[f"{then.path[1:-1]}Id"]) in ids for row in rows)
