"""What the demo's judge sees of webCRM: requests written by hand, and no connector."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import httpx

from talk_sdk.testing.demo.sights import (
    Row,
    Sight,
    amount,
    digits,
    name,
    quantity,
    reach,
    who,
    words,
)

__all__ = ["COLLECTIONS_OF_CRM", "crm_pages", "crm_sights", "sign_in_crm"]

COLLECTIONS_OF_CRM = {
    "customers": "organisations", "products": "linked_data", "orders": "opportunities",
}  # fmt: skip

_PATHS = {
    "customers": ("/Organisations", "OrganisationId", "/Persons", "PersonOrganisationId"),
    "orders": ("/Opportunities", "OpportunityId", "/QuotationLines", "QuotationLineOpportunityId"),
}
"""Collection → its path and id; the path of what belongs to its records, and whose it is."""
_ITEM, _LINE = "QuotationLineLinkedDataItem", "QuotationLine"
_SIZE = 1000


def sign_in_crm(http: httpx.Client, settings: Mapping[str, Any]) -> None:
    """Log in with the application's token."""
    answer = http.post("/Auth/ApiLogin", data={"authCode": str(settings["auth_code"])})
    token = answer.raise_for_status().json()["AccessToken"]
    http.headers["Authorization"] = f"Bearer {token}"


def crm_pages(http: httpx.Client, collection: str, _settings: Mapping[str, Any]) -> Iterator[Row]:
    """All records of a collection, each with its persons or lines in `parts`."""
    if collection == "products":
        answer = http.get("/QuotationLines/LinkedData").raise_for_status()
        yield from answer.json(parse_float=Decimal)
        return
    path, id_, path_of_parts, owner = _PATHS[collection]
    parts: dict[int, list[Row]] = {}
    for part in _pages(http, path_of_parts):
        parts.setdefault(part[owner], []).append(part)
    for row in _pages(http, path):
        yield {**row, "parts": parts.get(row[id_], [])}


def _pages(http: httpx.Client, path: str) -> Iterator[Row]:
    number, full = 0, True
    while full:
        number += 1
        answer = http.get(path, params={"Page": number, "Size": _SIZE}).raise_for_status()
        rows = answer.json(parse_float=Decimal)
        full = len(rows) == _SIZE
        yield from rows


def crm_sights(
    rows: Mapping[str, list[Row]], settings: Mapping[str, Any]
) -> dict[str, list[Sight]]:
    """The records of webCRM, as a person would compare them."""
    buyers = {
        row["OrganisationId"]: reach(_main(row).get("PersonEmail"), row["OrganisationName"])
        for row in rows["customers"]
    }
    numbers = {str(row[f"{_ITEM}Id"]): row[f"{_ITEM}Data4"] for row in rows["products"]}
    return {
        "customers": [_customer(row, settings) for row in rows["customers"]],
        "products": [_product(row) for row in rows["products"]],
        "orders": [_order(row, buyers, numbers, settings["levels"]) for row in rows["orders"]],
    }


def _main(organisation: Row) -> Row:
    """The person with whom one speaks: the one who was there first."""
    return min(organisation["parts"], key=lambda person: int(person["PersonId"]), default={})


def _said(value: Any) -> str:
    """A field that must not be empty has a dash."""
    text = words(value)
    return "" if text == "-" else text


def _customer(row: Row, settings: Mapping[str, Any]) -> Sight:
    email, called = _main(row).get("PersonEmail"), row["OrganisationName"]
    return Sight(
        str(row["OrganisationId"]),
        who(row["OrganisationVatNumber"], email, called, row["OrganisationTelephone"]),
        {
            "name": name(called), "email": words(email).lower(),
            "phone": digits(row["OrganisationTelephone"]),
            "note": words(row["OrganisationCompanyDescription"]),
            "city": words(row["OrganisationCity"]), "zip": words(row["OrganisationPostCode"]),
            "active": row["OrganisationStatus"] != settings["archived_status"],
        },
    )  # fmt: skip


def _product(row: Row) -> Sight:
    """An item of the catalogue."""
    # It has neither stock nor a word on whether it is sold.
    called, price = name(row[f"{_ITEM}Data1"]), row[f"{_ITEM}Price"]
    number = _said(row[f"{_ITEM}Data4"]).lower()
    # A price of nought cannot be told from none.
    values = {"name": called} | ({"price": amount(price)} if price else {})
    return Sight(str(row[f"{_ITEM}Id"]), (number or called,), values)


def _number(line: Row, numbers: Mapping[str, str]) -> str:
    """The number of a line's product, which is told by its id if it had none at the time."""
    said = _said(line[f"{_LINE}Data4"])
    return _said(numbers.get(said[1:])).lower() if said.startswith("#") else said.lower()


def _order(
    row: Row, buyers: Mapping[int, str], numbers: Mapping[str, str], levels: Mapping[str, str]
) -> Sight:
    rows = sorted(row["parts"], key=lambda line: (line[f"{_LINE}SortOrder"], line[f"{_LINE}Id"]))
    lines = [
        (
            _number(line, numbers),
            quantity(line[f"{_LINE}Quantity"]),
            amount(line[f"{_LINE}Price"]),
        )
        for line in rows
    ]
    status, day = levels[str(row["OpportunityLevel"])], row["OpportunityOrderDate"]
    values = {
        "status": status, "draft": status == "draft", "lines": lines,
        "amounts": [line[1:] for line in lines], "pieces": [line[1] for line in lines],
        "date": "" if day.startswith("0001") else day[:10],
        "note": words(row["OpportunityNote"]),
        "buyer": buyers.get(row["OpportunityOrganisationId"], ""),
    }  # fmt: skip
    return Sight(str(row["OpportunityId"]), (words(row["OpportunityNumber"]),), values)
