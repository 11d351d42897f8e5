"""Between what webCRM answers, what the tables speak of, and what webCRM wants to be sent.

Pure. Unset values that look like data are none on this side and unset values on that; what is
read only or censored there is never sent back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, get_args, get_type_hints

from talk_sdk.models import WireModel
from talk_sdk.operations import Raw
from talk_webcrm import models
from talk_webcrm.mappings import EMPTY

__all__ = [
    "NEVER",
    "PENDING",
    "cleaned",
    "is_person",
    "main_of",
    "opportunity_in",
    "organisation_in",
    "organisation_out",
    "sendable",
    "unset",
    "with_data",
]

NEVER = "0001-01-01T00:00:00+00:00"
"""A date that is not set."""
PENDING = "+"
"""What our key ends with on an opportunity whose lines are still being created."""
_NOTHING = re.compile(r"0001-01-01T.*|\(censored\)")
_CHOICE = re.compile(r"\w+(Custom|Plus|XText)\d+")
_CHOSEN_NOTHING = re.compile(r"--[^-]+--|\[\]")
_READ_ONLY = re.compile(
    r".*(CreatedAt|CreatedBy|UpdatedAt|UpdatedBy|TelephoneSearch|LastDisplayedAt|LastItem\w*|"
    r"CompareName|Combined|History|LoginLog|LastLoginDateTime)"
    r"|PersonName|\w+LevelText"
)
_RAW_COLUMN = re.compile(r"RowNumber|[a-z]+_\w+")
_ADDRESSES = ("OrganisationAddress", "OrganisationDeliveryAddress")
_MODELS: Mapping[str, type[WireModel]] = {
    "Organisations": models.Organisations, "Persons": models.Persons,
    "Opportunities": models.Opportunities, "Quotationline": models.Quotationline,
    "Products": models.Products, "Catalogue": models.Products,
}  # fmt: skip


# --- in -------------------------------------------------------------------------------------------


def cleaned(record: Raw) -> Raw:
    """A record without the values that only look like data, and without raw columns of a query.

    Numbers stay: whether nought is nothing is for the tables to say. References of nought are
    none.
    """
    return {n: _meant(n, value) for n, value in record.items() if not _RAW_COLUMN.fullmatch(n)}


def _meant(name: str, value: Any) -> Any:
    if isinstance(value, str):
        chosen = _CHOICE.fullmatch(name) and _CHOSEN_NOTHING.fullmatch(value)
        return None if chosen or _NOTHING.fullmatch(value) else value
    if value == 0 and name.endswith(("OrganisationId", "PersonId", "Level")):
        return None
    return value


def organisation_in(record: Raw, person: Raw | None) -> Raw:
    """An organisation with its main person, its addresses line by line; as new as the newer.

    Its kind is said only where a number proves it: private persons are organisations here too.
    """
    found = cleaned(record)
    for name in _ADDRESSES:
        first, _, rest = (found.pop(name, None) or "").replace("\r\n", "\n").partition("\n")
        found[f"{name}Line1"], found[f"{name}Line2"] = first, rest.replace("\n", " ")
    found["MainPerson"] = None if person is None else _part(person)
    if str(found.get("OrganisationVatNumber") or "").strip():
        found["Kind"] = "organisation"
    times = [record.get("OrganisationUpdatedAt"), (person or {}).get("PersonUpdatedAt")]
    found["ChangedAt"] = max(filter(None, times), key=datetime.fromisoformat, default=None)
    return found


def _part(person: Raw) -> Raw:
    return {name: _meant(name, person.get(name)) for name in models.PersonPart.model_fields}


def main_of(persons: Iterable[Raw]) -> dict[int, Raw]:
    """The main person of each organisation: of several the one with the lowest id."""
    found: dict[int, Raw] = {}
    for person in persons:
        organisation = person.get("PersonOrganisationId") or 0
        known = found.get(organisation)
        if organisation and (known is None or person["PersonId"] < known["PersonId"]):
            found[organisation] = person
    return found


def opportunity_in(record: Raw, lines: Sequence[Raw], marker: str) -> Raw:
    """An opportunity with its lines, in their order; without any while they are being created."""
    found = cleaned(record)
    key = str(found.get(marker) or "")
    if key.endswith(PENDING):
        return {**found, marker: key.removesuffix(PENDING)}
    places = sorted(lines, key=lambda line: (line["QuotationLineSortOrder"] or 0, _line_id(line)))
    return {**found, "Quotationlines": places}


def _line_id(line: Raw) -> int:
    return int(line["QuotationLineId"])


# --- out ------------------------------------------------------------------------------------------


def organisation_out(body: Raw, fresh: Raw) -> Raw:
    """The organisation's own part of a body, as webCRM has it; addresses in one text.

    `fresh` is the record as it is, from which the line that is not in the body is taken.
    """
    sent = {name: value for name, value in body.items() if name != "MainPerson"}
    now = organisation_in(fresh, None)
    for name in _ADDRESSES:
        lines = [f"{name}Line1", f"{name}Line2"]
        if any(line in sent for line in lines):
            parts = [sent.pop(line, now.get(line)) or "" for line in lines]
            sent[name] = "\n".join(parts).rstrip("\n")
    if "OrganisationCountryData" in sent:
        code = (sent["OrganisationCountryData"] or {}).get("CodeISO")
        sent.setdefault("OrganisationCountry", None)
        name = sent["OrganisationCountry"]
        sent["OrganisationCountryData"] = {"CodeISO": code or "", "Name": name or ""}
    return sent


def sendable(record: Raw) -> Raw:
    """What may be sent back of a record that was read, so that a whole one can be written."""
    return {
        name: value
        for name, value in record.items()
        if value is not None
        and not _READ_ONLY.fullmatch(name)
        and not _RAW_COLUMN.fullmatch(name)
        and not (isinstance(value, str) and _NOTHING.fullmatch(value))
    }


def unset(kind: str, body: Raw) -> Raw:
    """A body with webCRM's own unset values where it says nothing.

    What is known of no field is a text: so are the custom fields that talk.toml may name.
    """
    zero = _zeros(kind)
    return {n: zero.get(n, "") if value is None else value for n, value in body.items()}


@cache
def _zeros(kind: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, hint in get_type_hints(_MODELS[kind]).items():
        parts = {hint, *get_args(hint)}
        if models.Time in parts:
            found[name] = NEVER
        elif int in parts:
            found[name] = 0
    return found


def with_data(prefix: str, used: Iterable[int], record: Raw) -> Raw:
    """A record without an empty Data field among those in use: webCRM does not take such."""
    names = [f"{prefix}Data{number}" for number in used]
    return {**record, **{name: record.get(name) or EMPTY for name in names}}


def is_person(part: Raw | None) -> bool:
    """Whether there is anything to say of a person."""
    return any(value not in {None, "", EMPTY} for value in (part or {}).values())
