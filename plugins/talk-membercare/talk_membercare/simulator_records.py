"""The records of the twin: what is kept of each, and how the API shows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from talk_membercare.simulator_context import Context, Raw, free
from talk_membercare.simulator_shapes import HOST, company, invoice, organization, person, product
from talk_sdk.testing import kinds as f
from talk_sdk.testing.fields import Table
from talk_sdk.testing.records import Author, Collection, Kind, Snapshot
from talk_sdk.testing.resource import Complete, Resource
from talk_sdk.testing.service import NUMBERS

if TYPE_CHECKING:
    from talk_membercare.simulator_places import Places

LISTS = frozenset({"contacts", "addresses", "numbers", "foreignSystemMappings", "employments"})
"""What belongs to a member and may leave its `lastChange` alone."""

DEBTOR = (
    *(free(name, []) for name in ("contacts", "addresses", "foreignSystemMappings")),
    *(free(name) for name in ("customFieldValues", "closeDate", "closeReason", "externalId")),
    *(free(name) for name in ("einvoiceEan", "einvoiceEmail", "defaultAddressType")),
    *(free(name) for name in ("invoiceDistributionPreference",)),
    free("dafualtPayerRule", 1),
    free("financeType", 0),
)
COMPANY = Table(
    (
        f.text("companyName", trim=True),
        f.text("companyName2", trim=True),
        *(free(name) for name in ("category", "defaultAgreement", "parentCompany")),
        f.flag("publicEstablishment", default=False),
        free("numbers", {}),
        free("nameHistory", []),
        *DEBTOR,
    )
)
PERSON = Table(
    (
        f.text("firstname", trim=True),
        f.text("lastname", trim=True),
        *(free(name) for name in ("birthDate", "gender", "honorific", "startDate", "endDate")),
        *(free(name) for name in ("password", "loginToken", "socialSecurityNumber", "text")),
        free("employments", []),
        *DEBTOR,
    )
)
ORGANIZATION = Table(
    (
        f.text("identificationNumber", trim=True),
        f.text("name", trim=True),
        f.text("name2", trim=True),
        *(free(name) for name in ("organizationCategory", "company", "startDate", "endDate")),
        *(f.flag(n, default=True) for n in ("membershipAllowed", "boardMemberAllowed")),
        f.flag("webEnabled", default=True),
        *(free(name, []) for name in ("contacts", "addresses")),
    )
)
PRODUCT = Table(
    (
        f.text("name", trim=True),
        *(free(name) for name in ("productGroup", "financeDimensions", "vatPercent")),
        f.flag("notOnInvoiceIfZero", default=False),
        f.flag("valid", default=True),
        free("context", 24),
    )
)
INVOICE = Table(
    (
        free("payer"),
        f.choice("financeStatus", (0, 1, 2, 3, -1), default=0),
        *(free(name) for name in ("financeDate", "payDueDate", "incomeDate", "creationInfo")),
        *(free(name) for name in ("creditedInvoiceId", "source")),
        *(free(name, []) for name in ("invoiceItems", "payments")),
    )
)


@dataclass(frozen=True)
class Member(Resource):
    """A person or company: an edit of what belongs to it may leave its time of change alone."""

    touched: Callable[[], bool] = bool

    def change(
        self,
        id_: str,
        changes: Mapping[str, Any],
        author: Author,
        *,
        whole: bool = False,
        kind: Kind = "update",
    ) -> Snapshot:
        """Write over a record; with `whole`, what is left out is cleared."""
        before = self.need(id_).values
        by_user = author.who != "api"
        accepted = self.table.accept(changes, before, whole=whole, by_user=by_user)
        self.complete(accepted, before, author, id_)
        own = any(accepted[n] != before.get(n) for n in accepted if n not in LISTS)
        return self.collection.update(id_, accepted, author, kind, stamp=own or self.touched())


def build(context: Context, places: Places) -> None:
    """The collections, empty."""
    rows = partial(_settle_rows, context, places)
    show: dict[str, tuple[Table, Callable[[Snapshot], Raw], int, Complete | None]] = {
        "companies": (COMPANY, company, 1_000, partial(_complete_company, context, rows)),
        "persons": (PERSON, person, 50_000, rows),
        "organizations": (ORGANIZATION, organization, 0, rows),
        "products": (PRODUCT, product, 100, None),
        "invoices": (INVOICE, partial(invoice, context), 900_000, None),
    }
    for name, (table, shown, first, complete) in show.items():
        collection = Collection(
            context.store, name,
            issue=partial(_numbered, first), granularity=timedelta(seconds=1), keys={},
            encode=partial(_encoded, shown),
        )  # fmt: skip
        made: Resource = Member(collection, table, touched=partial(context.on, "lists_touch"))
        if name in {"products", "invoices"}:
            made = Resource(collection, table)
        context.resources[name] = made if complete is None else replace(made, complete=complete)


def _numbered(first: int, number: int) -> str:
    return str(first + number)


def _encoded(shown: Callable[[Snapshot], Raw], snapshot: Snapshot) -> bytes:
    return NUMBERS.encode(shown(snapshot))


# --- what MemberCare adds -------------------------------------------------------------------------


def _settle_rows(
    context: Context,
    places: Places,
    values: Raw,
    before: Mapping[str, Any] | None,
    author: Author,
    _id: str | None,
) -> None:
    """Contacts and addresses get ids and times; addresses their place in the registers."""
    for name in ("contacts", "addresses"):
        known = {row["id"]: row for row in (before or {}).get(name, ())}
        values[name] = [
            row if known.get(row.get("id")) == row else _row(context, places, name, row, author)
            for row in values.get(name) or ()
        ]


def _row(context: Context, places: Places, name: str, row: Raw, author: Author) -> Raw:
    blank = _CONTACT if name == "contacts" else _ADDRESS
    made = {**dict.fromkeys(blank), **row, "lastChange": context.now()}
    made["id"] = row.get("id") or context.row()
    made["start"] = row.get("start") or context.today()
    made["url"] = f"{HOST}/{name}/{made['id']}"
    if name == "contacts":
        return made
    settled = places.settle(made, by_user=author.who != "api")
    code, country = settled["postalCode"] or {}, settled["country"] or {}
    number = f"{settled['number'] or ''}{settled['letter'] or ''}"
    line = " ".join(filter(None, (settled["street"], number, settled["floor"], settled["suite"])))
    place = " ".join(filter(None, (code.get("zipCode"), code.get("city"))))
    return {
        **settled,
        "addressLineOne": line,
        "zipCityCountry": ", ".join(filter(None, (place, country.get("name")))),
        "streetAndZipOneLine": ", ".join(filter(None, (line, place))),
        "formattedAddress": "\n".join(filter(None, (line, place))),
    }


_CONTACT = ("id", "type", "value", "start", "end", "lastChange")
_ADDRESS = (
    "attention", "careOf", "street", "number", "letter", "floor", "suite", "location",
    "postOfficeBox", "postalCode", "country", "municipality", "end", "addressType",
    "addressDescription",
)  # fmt: skip


def _complete_company(
    context: Context,
    rows: Complete,
    values: Raw,
    before: Mapping[str, Any] | None,
    author: Author,
    id_: str | None,
) -> None:
    rows(values, before, author, id_)
    values["numbers"] = {
        kind: _number(context, said) for kind, said in (values["numbers"] or {}).items() if said
    }
    named = (before or {}).get("companyName")
    if named is not None and named != values["companyName"]:
        ended = {"companyName": named, "companyName2": None, "end": context.today()}
        values["nameHistory"] = [*(before or {}).get("nameHistory", ()), ended]


def _number(context: Context, said: Any) -> Raw:
    """A registration number; a user types just the text."""
    if isinstance(said, dict):
        return said
    return {"id": context.row(), "number": said, "start": context.today(), "end": None}
