"""Companies and persons: read alone, created in several requests, changed by adding rows."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from talk_membercare import shapes
from talk_membercare.dated import address_out, contacts_out
from talk_membercare.models import MARKER
from talk_membercare.pages import Lists
from talk_membercare.registers import Registers
from talk_membercare.settings import MemberCareSettings
from talk_sdk.errors import MissingError, RejectedError, RemoteError, UnavailableError
from talk_sdk.http import Client
from talk_sdk.operations import Operation, Raw
from talk_sdk.rest import object_in

__all__ = ["PATHS", "Members"]

PATHS = {"Companies": "/companies", "Persons": "/persons"}
PATCHED = {"companyName": "companyName", "firstname": "firstName", "lastname": "lastName"}
"""Names that are read → names in a PATCH."""
ADDRESSES = {"primary": 1, "secondary": 2}
_DEBTOR = 1
_ROWS = ("addresses", "contacts")


class Members:
    """The members' own endpoints."""

    def __init__(
        self,
        client: Client,
        lists: Lists,
        registers: Registers,
        settings: MemberCareSettings,
        category: int,
    ) -> None:
        """Keep the parts."""
        self._client = client
        self._lists = lists
        self._registers = registers
        self._settings = settings
        self._category = category
        self._zone = ZoneInfo(settings.time_zone)

    def now(self) -> str:
        """This moment by MemberCare's clock, as it writes times: local, to the second."""
        http = self._client.http
        moment = http.clock.now() + http.skew if http.skew else http.clock.now()
        return moment.astimezone(self._zone).replace(tzinfo=None).isoformat(timespec="seconds")

    # --- in ---------------------------------------------------------------------------------------

    def shaped(self, entity: str, raw: Raw) -> Raw:
        """A member as the tables speak of it."""
        shape = shapes.company_in if entity == "Companies" else shapes.person_in
        return shape(raw, self._settings, self.now())

    def one(self, entity: str, number: str) -> Raw:
        """One member.

        Raises:
            MissingError: there is none.
            UnavailableError: its rows are not to be had.
        """
        if entity == "Persons":
            query = {"includeEmployments": "true", "onlyValid": "false"}
            return self.shaped(
                entity, object_in(self._client.get(self._path(entity, number), query))
            )
        raw = object_in(self._client.get(self._path(entity, number)))
        if all(raw.get(name) is None for name in _ROWS):
            raw = {**raw, **self._rows(number)}
        return self.shaped(entity, raw)

    def _rows(self, number: str) -> Raw:
        """The rows of a company, which may not show them when it is read alone.

        As a debtor it may; null can also mean that there are none, and if it says nothing else
        only a search that asks for rows tells.
        """
        debtor = object_in(self._client.get(f"/debtors/{quote(number, safe='')}"))
        if any(debtor.get(name) is not None for name in _ROWS):
            return {name: debtor.get(name) for name in _ROWS}
        found = self._searched(number)
        if found is None and self._settings.lag_s:
            # A list may be behind what was just created.
            self._client.http.clock.sleep(self._settings.lag_s)
            found = self._searched(number)
        if found is None:
            raise UnavailableError(
                f"{self._client.http.system}: the API shows no addresses of company {number}."
            )
        return {name: found.get(name) for name in _ROWS}

    def _searched(self, number: str) -> Raw | None:
        query = {"searchString": number, "includeAddressAndContactInfo": "true"}
        for page in self._lists.pages("/companies/search", query, "debtorAccountNumber"):
            for row in page:
                if row.get("debtorAccountNumber") == number:
                    return row
        return None

    def _path(self, entity: str, number: str) -> str:
        return f"{PATHS[entity]}/{quote(number, safe='')}"

    # --- out --------------------------------------------------------------------------------------

    def create(self, operation: Operation) -> Raw:
        """Create a member: itself first, with our key, then what belongs to it.

        Once it is there, no failure means that it is not: what is missing is found out and added
        later, when the member has been found by its key.
        """
        entity, body = operation.entity, operation.body or {}
        key, system = str(operation.marker), self._registers.foreign_system()
        # What can be refused of an address is refused before there is anything.
        addresses = self._addresses(body)
        mapping = {"externalId": key, "foreignSystem": {"id": system}}
        sent = {
            **{name: body[name] for name in PATCHED if name in body},
            "financeType": _DEBTOR,
            "externalId": shapes.OURS + key,
            "foreignSystemMappings": [mapping],
        }
        if entity == "Companies":
            sent["category"] = {"id": self._category}
        made = object_in(self._client.send("POST", PATHS[entity], json=sent))
        number = str(made.get("debtorAccountNumber") or "")

        def complete() -> Raw:
            if not number:
                raise UnavailableError(f"{entity} was created without an account number.")
            if shapes.linked_key(made, self._settings) != key:
                self._link(entity, number, key)
            self._belongings(entity, number, body, addresses)
            return self.one(entity, number)

        return self._certainly_there(complete)

    def _certainly_there(self, call: Callable[[], Raw]) -> Raw:
        try:
            return call()
        except RemoteError as error:
            raise UnavailableError(error.message) from error

    def update(self, operation: Operation) -> Raw:
        """Change a member's own properties, and add rows for what else is new.

        Raises:
            MissingError: there is no such member any more.
            RejectedError: something else that this needs is missing.
        """
        entity, number = operation.entity, str(operation.id)
        try:
            return self._changed(entity, number, operation.body or {})
        except MissingError as error:
            self.one(entity, number)
            raise RejectedError(error.message) from error

    def _changed(self, entity: str, number: str, body: Raw) -> Raw:
        own = {theirs: body[ours] for ours, theirs in PATCHED.items() if ours in body}
        addresses = self._addresses(body)
        if own:
            self._client.send("PATCH", self._path(entity, number), json=own)
        self._belongings(entity, number, body, addresses)
        stored = self.one(entity, number)
        if stored[MARKER] is not None and shapes.linked_key(stored, self._settings) is None:
            # Its creation was cut before this.
            self._link(entity, number, str(stored[MARKER]))
            stored = self.one(entity, number)
        return stored

    def _link(self, entity: str, number: str, key: str) -> None:
        path = f"{self._path(entity, number)}/foreignSystem/{self._registers.foreign_system()}"
        self._client.send("POST", path, params={"externalId": key})

    def _addresses(self, body: Raw) -> dict[str, Raw]:
        """The rows that say the addresses in a body; none without country and postal code."""
        found = {}
        for name, type_ in ADDRESSES.items():
            address = body.get(name) or {}
            country = (address.get("country") or {}).get("iso2Letter")
            code = address.get("postalCode") or {}
            if country and code.get("zipCode"):
                place = self._registers.place(country, code["zipCode"], code.get("city"))
                found[name] = address_out(address, place, type_, self.now()[:10])
        return found

    def _belongings(self, entity: str, number: str, body: Raw, addresses: dict[str, Raw]) -> None:
        path = self._path(entity, number)
        if "registration" in body:
            self._register(path, body["registration"])
        rows = contacts_out(body.get("contact") or {}, self.now()[:10])
        if rows:
            self._client.send("POST", f"{path}/contacts", json=rows)
        if addresses:
            # The new ones first: a cut between the two must not look like no address.
            self._client.send("POST", f"{path}/addresses", json=list(addresses.values()))
        for name in addresses:
            for row in body[name].get("rows") or ():
                ended = {"end": f"{self.now()[:10]}T00:00:00"}
                with suppress(MissingError):  # somebody has deleted it since
                    self._client.send("PATCH", f"{path}/postalAddress/{row}", json=ended)

    def _register(self, path: str, registration: dict[str, Any]) -> None:
        many = f"{path}/registrationNumbers/{self._settings.registration}"
        number, row = registration.get("number"), registration.get("id")
        if number and row:
            self._client.send("PATCH", f"{many}/{row}", json={"number": number})
        elif number:
            self._client.send("POST", many, json={"number": number})
        elif row:
            self._client.send("DELETE", f"{many}/{row}")
