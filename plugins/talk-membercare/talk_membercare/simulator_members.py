"""Companies and persons: reading, creating, changing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from talk_membercare import simulator_shapes as shapes
from talk_membercare.simulator_context import (
    BASE,
    Context,
    Raw,
    answer,
    chosen,
    done,
    filled,
    flag,
    mapping_row,
    missing,
    page,
    page_in_order,
    refuse,
)
from talk_membercare.simulator_debtors import changed_after, is_valid
from talk_sdk.testing.records import Author
from talk_sdk.testing.service import Answer, Call, Route

if TYPE_CHECKING:
    from talk_sdk.testing.records import Snapshot

CATEGORIES = [
    {"url": None, "id": 11, "description": "Kunde", "valid": True},
    {"url": None, "id": 12, "description": "Nedlagt", "valid": False},
]
FORBIDDEN = frozenset(
    {"debtorAccountNumber", "name", "nameHistory", "businessNumbers", "addresses",
     "invoiceAddresses", "readdressings", "contacts"}
)  # fmt: skip
"""What the POST of a company must not have."""
COMPANY_NEW = (
    "customFieldValues", "dafualtPayerRule", "einvoiceEan", "einvoiceEmail", "defaultAddressType",
    "externalId", "financeType", "category", "companyName", "companyName2", "defaultAgreement",
    "publicEstablishment", "parentCompany",
)  # fmt: skip
COMPANY_PUT = (
    "companyName", "companyName2", "category", "financeType", "defaultPayerRule",
    "defaultAgreement", "publicEstablishment", "einvoiceEan", "einvoiceEmail", "closeReason",
    "defaultAddressType", "externalId",
)  # fmt: skip
COMPANY_PATCH = (
    "companyName", "companyName2", "financeType", "defaultPayerRule", "einvoiceEan",
    "einvoiceEmail", "closeReason", "externalId", "invoiceDistributionPreference",
)  # fmt: skip
PERSON_POST = (
    "firstname", "lastname", "birthDate", "gender", "honorific", "externalId", "financeType",
    "dafualtPayerRule", "einvoiceEan", "einvoiceEmail",
)  # fmt: skip
PERSON_PATCH = {
    "firstName": "firstname", "lastName": "lastname", "birthDate": "birthDate",
    "externalId": "externalId", "financeType": "financeType", "gender": "gender",
    "honorific": "honorific", "einvoiceEan": "einvoiceEan", "einvoiceEmail": "einvoiceEmail",
}  # fmt: skip
"""Names in a PATCH -> names that are read."""


@dataclass(frozen=True)
class Members:
    """The handlers."""

    context: Context

    def routes(self) -> list[Route]:
        """Their paths."""
        many, one = f"{BASE}/companies", f"{BASE}/companies/<id>"
        people, somebody = f"{BASE}/persons", f"{BASE}/persons/<id>"
        return [
            Route("GET", many, "companies", self.companies, "Companies", lists=True),
            Route("POST", many, "companies", self.create_company, "Create a company"),
            Route("GET", f"{many}/companyCategories", "categories", self.categories, "Categories"),
            Route("GET", f"{many}/closeReasons", "categories", self.close_reasons, "Reasons"),
            Route("GET", f"{many}/search", "companies", self.search, "Find companies", lists=True),
            Route("GET", one, "companies", self.company, "A company"),
            Route("PUT", one, "companies", self.put_company, "Replace 13 properties"),
            Route("PATCH", one, "companies", self.patch_company, "Change some of 12"),
            Route("GET", people, "persons", self.persons, "Persons", lists=True),
            Route("POST", people, "persons", self.post_person, "Create or update a person"),
            Route("PUT", people, "persons", self.put_person, "Start and end"),
            Route("GET", f"{people}/search/by/externalid", "persons", self.by_external_id, "Find"),
            Route("GET", somebody, "persons", self.person, "A person"),
            Route("PATCH", somebody, "persons", self.patch_person, "Change a person"),
        ]

    # --- companies --------------------------------------------------------------------------------

    def companies(self, call: Call) -> Answer:
        """Those that are valid."""
        rows = [
            r for r in self._all("companies") if is_valid(self.context, r.values.get("closeDate"))
        ]
        if self.context.on("companies_changed_after"):
            rows = changed_after(self.context, call, rows)
        return self._page(call, rows)

    def search(self, call: Call) -> Answer:
        """Those whose name or account number contains a text."""
        wanted = call.query.get("searchString", "").casefold()
        rows = [
            row
            for row in self._all("companies")
            if wanted in f"{row.values['companyName']} {row.id}".casefold()
        ]
        return self._page(call, rows)

    def _page(self, call: Call, rows: list[Snapshot]) -> Answer:
        whole = flag(call, "includeAddressAndContactInfo", default=False)
        return page(self.context, call, rows, lambda each: self._company(each, whole=whole))

    def company(self, call: Call) -> Answer:
        """One company, also a closed one."""
        found = self._need("companies", call.id)
        return answer(self._company(found, whole=self.context.on("lists_alone")))

    def _company(self, snapshot: Snapshot, *, whole: bool) -> Raw:
        shown = filled(self.context, shapes.company(snapshot))
        return shown if whole else {**shown, "contacts": None, "addresses": None}

    def create_company(self, call: Call) -> Answer:
        """A new company: its own properties, nothing that belongs to it."""
        said = call.json()
        bad = sorted(FORBIDDEN & said.keys())
        if bad:
            raise refuse(f"{bad[0]} must not be set")
        if self.context.on("demanding"):
            if not said.get("companyName"):
                raise refuse("Company name must be set")
            self._category(said)
        values = chosen(said, COMPANY_NEW)
        if self.context.on("mappings_on_create"):
            values["foreignSystemMappings"] = self._mappings(said)
        author = Author("api", call.method)
        made = self.context.resources["companies"].create(values, author)
        return answer(self._company(made, whole=False))

    def _mappings(self, said: Raw) -> list[Raw]:
        return [
            mapping_row(self.context, each["foreignSystem"]["id"], each["externalId"])
            for each in said.get("foreignSystemMappings") or ()
        ]

    def _category(self, said: Raw) -> None:
        if (said.get("category") or {}).get("id") not in {each["id"] for each in CATEGORIES}:
            raise refuse("The category does not exist")

    def put_company(self, call: Call) -> Answer:
        """Replace thirteen properties."""
        said = call.json()
        self._category(said)
        whole = dict.fromkeys(COMPANY_PUT) if self.context.on("put_clears") else {}
        values = {**whole, **chosen(said, COMPANY_PUT)}
        changed = self._change("companies", call, _renamed(values))
        return answer(self._company(changed, whole=False))

    def patch_company(self, call: Call) -> Answer:
        """Change some of twelve; no body."""
        self._change("companies", call, self._said(chosen(call.json(), COMPANY_PATCH)))
        return done(self.context)

    def _said(self, values: Raw) -> Raw:
        kept = values if self.context.on("null_clears") else _without_nulls(values)
        return _renamed(kept)

    def categories(self, call: Call) -> Answer:
        """What companies may be."""
        return page_in_order(self.context, call, CATEGORIES, lambda row: row)

    def close_reasons(self, _call: Call) -> Answer:
        """Why a company was closed: a bare list."""
        return answer([{"url": None, "id": 21, "description": "Opphørt", "valid": True}])

    # --- persons ----------------------------------------------------------------------------------

    def persons(self, call: Call) -> Answer:
        """Those that are valid, unless all are asked for."""
        rows = self._all("persons")
        if flag(call, "onlyValid", default=True):
            rows = [row for row in rows if is_valid(self.context, row.values.get("closeDate"))]
        hired = flag(call, "includeEmployments", default=False)
        return page(self.context, call, rows, lambda each: self._person(each, hired=hired))

    def person(self, call: Call) -> Answer:
        """One person."""
        found = self._need("persons", call.id, problem=True)
        return answer(self._person(found, hired=flag(call, "includeEmployments", default=False)))

    def by_external_id(self, call: Call) -> Answer:
        """The person with this `externalId`."""
        wanted = call.query.get("externalId")
        for row in self._all("persons"):
            if wanted and row.values.get("externalId") == wanted:
                return answer(self._person(row, hired=False))
        raise missing("", problem=True)

    def post_person(self, call: Call) -> Answer:
        """Update the person with the account number in the body, or create one."""
        said = call.json()
        values, number = chosen(said, PERSON_POST), said.get("debtorAccountNumber")
        author = Author("api", call.method)
        if self.context.on("lists_on_post"):
            values |= chosen(said, ("contacts", "addresses"))
            values["foreignSystemMappings"] = self._mappings(said)
        if number is not None and self.context.resources["persons"].collection.get(number):
            changed = self.context.resources["persons"].change(number, values, author)
            return answer(self._person(changed, hired=False))
        if not values.get("lastname"):
            raise refuse("Last name must be set")
        made = self.context.resources["persons"].create(values, author)
        return answer(self._person(made, hired=False))

    def put_person(self, call: Call) -> Answer:
        """Start and end of a person."""
        said = call.json()
        call.id = str(said.get("debtorAccountNumber"))
        dates = {"startDate": said.get("start"), "endDate": said.get("end")}
        dates["closeDate"] = said.get("end")
        return answer(self._person(self._change("persons", call, dates), hired=False))

    def patch_person(self, call: Call) -> Answer:
        """Change a person; the names are not those that are read."""
        said = {PERSON_PATCH[n]: v for n, v in call.json().items() if n in PERSON_PATCH}
        kept = said if self.context.on("null_clears") else _without_nulls(said)
        self._change("persons", call, kept)
        return done(self.context)

    def _person(self, snapshot: Snapshot, *, hired: bool) -> Raw:
        shown = filled(self.context, shapes.person(snapshot))
        return shown if hired else {**shown, "employments": None}

    # --- all of them ------------------------------------------------------------------------------

    def _all(self, name: str) -> list[Snapshot]:
        return list(self.context.resources[name].collection.listed())

    def _need(self, name: str, id_: str, *, problem: bool = False) -> Snapshot:
        found = self.context.resources[name].collection.get(id_)
        if found is None:
            raise missing(f"There is no {id_} among the {name}", problem=problem)
        return found

    def _change(self, name: str, call: Call, values: Raw) -> Snapshot:
        self._need(name, call.id)
        resource = self.context.resources[name]
        return resource.change(call.id, values, Author("api", call.method))


def _renamed(values: Raw) -> Raw:
    """With the payer's rule under the name that is read."""
    rule = "defaultPayerRule"
    return {("dafualtPayerRule" if n == rule else n): v for n, v in values.items()}


def _without_nulls(values: Raw) -> Raw:
    return {name: value for name, value in values.items() if value is not None}
