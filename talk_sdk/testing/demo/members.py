"""What the demo's judge sees of MemberCare: requests written by hand, and no connector."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import httpx

from talk_sdk.testing.demo.sights import (
    INVOICE,
    Row,
    Sight,
    digits,
    name,
    quantity,
    reach,
    who,
    words,
)

__all__ = [
    "COLLECTIONS_OF_MEMBERS",
    "members_lacks",
    "members_pages",
    "members_sights",
    "sign_in_members",
]

COLLECTIONS_OF_MEMBERS = {"customers": "companies", "orders": "invoices"}

_EMAILS, _PHONES, _POSTAL, _COMPANY = (1, 2), (3, 4), 1, 2
_BILLED = frozenset({"open", "closed"})


def sign_in_members(http: httpx.Client, settings: Mapping[str, Any]) -> None:
    """Get a token for the key."""
    key = {
        "clientApiKey": settings["client_api_key"], "personToImpersonate": settings["person"],
    }  # fmt: skip
    http.headers["token"] = http.post("/token", json=key).raise_for_status().json()["value"]


def members_pages(
    http: httpx.Client, collection: str, _settings: Mapping[str, Any]
) -> Iterator[Row]:
    """All records of a collection of MemberCare, members with their rows."""
    if collection != "customers":
        yield from _pages(http, f"/{COLLECTIONS_OF_MEMBERS.get(collection, collection)}", "")
        return
    listed = set()
    for row in _pages(http, "/companies", "&includeAddressAndContactInfo=true"):
        listed.add(row["debtorAccountNumber"])
        yield row
    # Companies that are closed are among the debtors alone.
    for row in _pages(http, "/debtors", "&includeCreditors=true"):
        number = row["debtorAccountNumber"]
        if row["memberType"] == _COMPANY and number not in listed:
            closed = _answer(http, f"/debtors/{number}")
            yield {**closed, "companyName": closed["name"]}


def _pages(http: httpx.Client, path: str, more: str) -> Iterator[Row]:
    query = f"pageSize=200{more}"
    while query:
        answer = _answer(http, f"{path}?{query}")
        yield from answer["result"] or ()
        query = urlsplit(answer["nextPageUrl"] or "").query


def _answer(http: httpx.Client, path: str) -> Row:
    found: Row = http.get(path).raise_for_status().json(parse_float=Decimal)
    return found


def members_lacks(collection: str, elsewhere: Sequence[Sight]) -> bool:
    """Products cannot be created; drafts and cancelled orders are no invoices."""
    if collection == "orders":
        return not any(sight.values.get("status") in _BILLED for sight in elsewhere)
    return collection == "products"


def members_sights(
    rows: Mapping[str, list[Row]], settings: Mapping[str, Any]
) -> dict[str, list[Sight]]:
    """MemberCare's records, as a person would compare them."""
    return {
        "customers": [_customer(row) for row in rows["customers"]],
        "products": [_product(row) for row in rows["products"]],
        "orders": [_order(row, settings) for row in rows["orders"]],
    }


def _last(rows: Sequence[Row]) -> Row:
    """Of the rows that have not ended the one that began last, of those the newest."""
    held = [row for row in rows if row["end"] is None]
    return max(held, key=lambda row: (row["start"], int(row["id"])), default={})


def _contact(member: Row, types: Sequence[int]) -> str:
    return words(_last([c for c in member["contacts"] or () if c["type"] in types]).get("value"))


def _customer(row: Row) -> Sight:
    """A company, of its dated rows those that hold."""
    # There are no notes, and no city without a postal code and a country.
    number = row["businessNumbers"]["registrationNumberNorwegianCompanyNumber"] or {}
    email, phone = _contact(row, _EMAILS), _contact(row, _PHONES)
    values = {
        "name": name(row["companyName"]), "email": email.lower(), "phone": digits(phone),
        "active": row["closeDate"] is None,
    }  # fmt: skip
    address = _last([a for a in row["addresses"] or () if a["addressType"] == _POSTAL])
    if address:
        code = address["postalCode"]
        values |= {"city": words(code["city"]), "zip": words(code["zipCode"])}
    return Sight(
        row["debtorAccountNumber"],
        who(number.get("number"), email, row["companyName"], phone),
        values,
    )


def _product(row: Row) -> Sight:
    """What can be billed."""
    # It has neither price nor stock.
    called, number = name(row["name"]), row["financeDimensions"]["productIdentification"]
    values = {"name": called, "active": row["valid"]}
    return Sight(str(row["id"]), (words(number).lower() or called,), values)


def _order(row: Row, settings: Mapping[str, Any]) -> Sight:
    """Who pays for how much of what."""
    # Prices are after all discounts, and rounded on their way through a line's total; dates and
    # status are the finance department's own; there are no notes.
    items = sorted(row["invoiceItems"], key=lambda item: int(item["sequence"]))
    sold = [
        item
        for item in items
        if item["financeDimensions"]["productIdentification"] != settings["shipping_product"]
    ]
    numbers = [item["financeDimensions"][settings["order_dimension"]] for item in items]
    number, payer = words(next(filter(None, numbers), None)), row["payer"]
    return Sight(
        str(row["id"]),
        # An invoice that was born here gets no number of others; they know it by its own.
        (number,) if number else (INVOICE, str(row["id"])),
        {
            "pieces": [quantity(item["quantity"]) for item in sold],
            "buyer": reach(_contact(payer, _EMAILS), payer["name"]),
            "invoice": str(row["id"]),
        },
    )
