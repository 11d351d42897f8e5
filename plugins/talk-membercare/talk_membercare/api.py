"""MemberCare's endpoints: reading, looking up, and who writes what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import chain
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from talk_membercare import invoicing, shapes
from talk_membercare.billing import Billing
from talk_membercare.members import PATHS, Members
from talk_membercare.models import MARKER
from talk_membercare.pages import Lists
from talk_membercare.registers import Registers
from talk_membercare.settings import MemberCareSettings
from talk_sdk.errors import MissingError, RejectedError
from talk_sdk.http import Client
from talk_sdk.operations import Operation, Outcome, Page, Raw
from talk_sdk.rest import object_in, outcome_of, since_local

__all__ = ["MemberCare"]

KINDS = {"Persons": 1, "Companies": 2}
KEY = "debtorAccountNumber"


class MemberCare:
    """One account. Shared by all threads; only what was looked up once changes."""

    def __init__(self, client: Client, settings: MemberCareSettings, category: int) -> None:
        """Use `account.open_membercare`, which signs in."""
        self._client = client
        self._system = client.http.system
        self._settings = settings
        self._zone = ZoneInfo(settings.time_zone)
        self._overlap = timedelta(seconds=settings.overlap_s + settings.lag_s)
        self._lists = Lists(client)
        self._registers = Registers(client, self._lists, settings)
        self._members = Members(client, self._lists, self._registers, settings, category)
        self._billing = Billing(client, self._lists, self._registers, settings)

    # --- in ---------------------------------------------------------------------------------------

    def read(self, entity: str, since: str | None) -> Iterator[Page]:
        """All records, or the members changed since a cursor; lazy.

        Raises:
            UnavailableError: a list ended before all announced records had come.
        """
        if entity in PATHS:
            return self._read_members(entity, since)
        readers = {
            "Organizations": self._read_organizations,
            "Products": self._read_products,
            "Invoices": self._read_invoices,
        }
        return readers[entity]()

    def _read_members(self, entity: str, since: str | None) -> Iterator[Page]:
        """The order of lists says nothing, so the cursor comes with the end of the read.

        It is no later than the read's beginning: what changes while pages are read may stand on
        one that was read already.
        """
        began = self._members.now()
        latest = since or ""
        records = self._all(entity) if since is None else self._changed(entity, since)
        for page in records:
            latest = max([latest, *(str(each["changed"]) for each in page if each["changed"])])
            yield Page(page)
        cursor = max(since or "", min(latest, began))
        yield Page((), cursor or None, complete=True)

    def _all(self, entity: str) -> Iterator[list[Raw]]:
        query = {
            "Companies": {"includeAddressAndContactInfo": "true"},
            "Persons": {"onlyValid": "false", "includeEmployments": "true"},
        }[entity]
        shown: set[str] = set()
        for page in self._lists.pages(PATHS[entity], query, KEY):
            shown.update(str(raw[KEY]) for raw in page)
            yield [self._members.shaped(entity, raw) for raw in page]
        if entity == "Companies":
            yield from self._closed(shown)

    def _closed(self, shown: set[str]) -> Iterator[list[Raw]]:
        """Companies that their list leaves out, for they are closed: debtors they are still."""
        for page in self._debtors({}):
            numbers = [number for number in _of("Companies", page) if number not in shown]
            yield list(self.get("Companies", numbers).values())

    def _debtors(self, query: Mapping[str, Any]) -> Iterator[list[Raw]]:
        return self._lists.pages("/debtors", {**query, "includeCreditors": "true"}, KEY)

    def _changed(self, entity: str, since: str) -> Iterator[list[Raw]]:
        """Debtors tell who has changed; each is then looked up by itself.

        In which zone the filter is meant is not known: the earlier is asked for, and who had
        changed before is not looked up again.
        """
        start = since_local(since, self._overlap, self._settings.time_zone)
        moment = datetime.fromisoformat(start).replace(tzinfo=self._zone).astimezone(UTC)
        earlier = min(start, moment.replace(tzinfo=None).isoformat())
        for page in self._debtors({"changedAfter": earlier}):
            late = [row for row in page if str(row.get("lastChange") or start)[:19] >= start[:19]]
            yield list(self.get(entity, _of(entity, late)).values())

    def _read_organizations(self) -> Iterator[Page]:
        for page in self._lists.pages("/organizations", {}, "identificationNumber"):
            yield Page([self._organization(raw) for raw in page])
        yield Page((), complete=True)

    def _organization(self, raw: Raw) -> Raw:
        """A unit names its company by a link only."""
        link, company = raw.get("companyLink"), None
        if link:
            number = str(link).rstrip("/").rpartition("/")[2]
            company = self.get("Companies", [number]).get(number)
        return shapes.organization_in(raw, company, self._members.now())

    def _read_products(self) -> Iterator[Page]:
        for page in self._lists.pages("/products", {}, "id"):
            yield Page(page)
        yield Page((), complete=True)

    def _read_invoices(self) -> Iterator[Page]:
        """Invoices, each with its payer; credit notes are no orders."""
        for page in self._lists.pages("/invoices", {}, "id"):
            raws = [raw for raw in page if not invoicing.is_credit(raw)]
            payers = [raw["payer"] for raw in raws if raw.get("payer")]
            others = [p for p in payers if p.get("memberType") not in {KINDS["Companies"], None}]
            derived = [shapes.payer_in(payer, self._members.now()) for payer in others]
            yield Page([self._billing.shaped(raw) for raw in raws], derived={"Payers": derived})
        yield Page((), complete=True)

    def get(self, entity: str, ids: Sequence[str]) -> Mapping[str, Raw]:
        """Records by id; one left out does not exist.

        Raises:
            RejectedError: payers have no address of their own.
        """
        found = {}
        for id_ in dict.fromkeys(ids):
            try:
                found[id_] = self._one(entity, id_)
            except MissingError:
                continue
        return found

    def _one(self, entity: str, id_: str) -> Raw:
        if entity in PATHS:
            return self._members.one(entity, id_)
        if entity == "Payers":
            raise RejectedError(f"{self._system}: payers come with their invoices only.")
        path = f"/{entity.lower()}/{quote(id_, safe='')}"
        raw = object_in(self._client.get(path))
        if entity == "Invoices":
            return self._billing.shaped(raw)
        return self._organization(raw) if entity == "Organizations" else raw

    def find(self, entity: str, key: str, values: Sequence[str]) -> Sequence[Raw]:
        """Members by our key: those that are linked, and those whose creation was cut before.

        Raises:
            RejectedError: any other look-up; MemberCare has no filter for it.
        """
        if key != MARKER or entity not in PATHS:
            raise RejectedError(f"{self._system}: MemberCare finds no {entity} by {key}.")
        found: dict[str, Raw] = {}
        for value in dict.fromkeys(values):
            rows = self._linked(entity, value) or self._provisional(entity, value)
            found |= {str(row[KEY]): row for row in rows}
        return list(found.values())

    def _linked(self, entity: str, value: str) -> list[Raw]:
        query = {"externalId": value, "onlyValid": "false"}
        ids = {
            str(raw[KEY])
            for system in self._registers.foreign_systems()
            for page in self._lists.pages(f"/foreignSystems/{system}{PATHS[entity]}", query, KEY)
            for raw in page
        }
        rows = self.get(entity, sorted(ids)).values()
        return [row for row in rows if row[MARKER] == value]

    def _provisional(self, entity: str, value: str) -> list[Raw]:
        """Companies cannot be searched for by `externalId`: all of them are looked through."""
        wanted = shapes.OURS + value
        if entity == "Persons":
            search = partial(self._client.get, "/persons/search/by/externalid")
            try:
                ids = {str(object_in(search({"externalId": wanted}))[KEY])}
            except MissingError:
                return []
        else:
            pages = chain(self._lists.pages("/companies", {}, KEY), self._debtors({}))
            ids = {str(raw[KEY]) for page in pages for raw in page
                   if raw.get("externalId") == wanted}  # fmt: skip
        return list(self.get(entity, sorted(ids)).values())

    # --- out --------------------------------------------------------------------------------------

    def write(self, operation: Operation) -> Outcome:
        """Send one operation."""
        if operation.entity == "Invoices":
            return outcome_of(operation, partial(self._billing.create, operation))
        send = self._members.create if operation.kind == "create" else self._members.update
        return outcome_of(operation, partial(send, operation))


def _of(entity: str, debtors: Iterable[Raw]) -> list[str]:
    """The account numbers of the debtors that are such members."""
    return [str(row[KEY]) for row in debtors if row.get("memberType") == KINDS[entity]]
