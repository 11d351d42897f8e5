"""What MemberCare has its own numbers for: countries, postal codes, foreign systems, products."""

from __future__ import annotations

import threading
from typing import Any
from urllib.parse import quote

from talk_membercare.pages import Lists
from talk_membercare.settings import MemberCareSettings
from talk_sdk.errors import RejectedError, UnavailableError
from talk_sdk.http import Client
from talk_sdk.operations import Raw
from talk_sdk.rest import object_in

__all__ = ["Registers"]


class Registers:
    """Look-ups that are made once a session. Shared by all threads."""

    def __init__(self, client: Client, lists: Lists, settings: MemberCareSettings) -> None:
        """Nothing is looked up yet."""
        self._client = client
        self._lists = lists
        self._name = settings.foreign_system
        self._lock = threading.RLock()
        self._countries: dict[str, Raw] = {}
        self._codes: dict[str, dict[str, Raw]] = {}
        self._products: dict[str, Raw] | None = None

    # --- places -----------------------------------------------------------------------------------

    def place(self, iso2: str, code: str, city: str | None) -> Raw:
        """A country and a postal code by which an address is told, each by number and by name.

        A postal code that MemberCare does not know is added, with the city.

        Raises:
            RejectedError: it does not know the country, or not the code and nobody knows the city.
        """
        with self._lock:
            country = self._country(iso2)
            found = self._known_codes(iso2).get(code) or self._add_code(iso2, code, city)
        return {
            "country": {name: country.get(name) for name in ("id", "iso2Letter", "name")},
            "postalCode": {name: found.get(name) for name in ("id", "zipCode", "city")},
        }

    def _country(self, iso2: str) -> Raw:
        if not self._countries:
            pages = self._lists.pages("/addresses/countries", {}, "id")
            self._countries = {str(row["iso2Letter"]): row for page in pages for row in page}
        if iso2 not in self._countries:
            raise RejectedError(f"{self._client.http.system}: MemberCare has no country {iso2}.")
        return self._countries[iso2]

    def _known_codes(self, iso2: str) -> dict[str, Raw]:
        if iso2 not in self._codes:
            pages = self._lists.pages(self._codes_of(iso2), {}, "id")
            self._codes[iso2] = {str(row["zipCode"]): row for page in pages for row in page}
        return self._codes[iso2]

    def _add_code(self, iso2: str, code: str, city: str | None) -> Raw:
        if not city:
            raise RejectedError(
                f"{self._client.http.system}: MemberCare has no postal code {code} in {iso2},"
                " and the address names no city to add it with."
            )
        sent = {"zipCode": code, "city": city}
        try:
            made = object_in(self._client.send("POST", self._codes_of(iso2), json=sent))
        except RejectedError:
            # Somebody may have added it since.
            self._codes.pop(iso2)
            if code not in self._known_codes(iso2):
                raise
            return self._codes[iso2][code]
        self._codes[iso2][code] = made
        return made

    def _codes_of(self, iso2: str) -> str:
        return f"/addresses/countries/{quote(iso2, safe='')}/postalCodes"

    # --- foreign systems --------------------------------------------------------------------------

    def foreign_systems(self) -> list[int]:
        """The ids of the foreign systems that have our name; there may be none yet."""
        rows: Any = self._client.get("/foreignSystems").json()
        if not isinstance(rows, list):
            raise UnavailableError(
                f"{self._client.http.system}: /foreignSystems answered something else than a list."
            )
        return sorted(int(row["id"]) for row in rows if row.get("name") == self._name)

    def foreign_system(self) -> int:
        """The id of our foreign system, which is added where it is missing."""
        with self._lock:
            known = self.foreign_systems()
            if known:
                return known[0]
            sent = {"name": self._name}
            return int(object_in(self._client.send("POST", "/foreignSystems", json=sent))["id"])

    # --- products ---------------------------------------------------------------------------------

    def product(self, number: object) -> Raw | None:
        """The one product with a product identification (in any case), if there is one."""
        with self._lock:
            if self._products is None:
                found: dict[str, list[Raw]] = {}
                for page in self._lists.pages("/products", {}, "id"):
                    for row in page:
                        own = (row.get("financeDimensions") or {}).get("productIdentification")
                        found.setdefault(str(own or "").casefold(), []).append(row)
                found.pop("", None)
                self._products = {n: rows[0] for n, rows in found.items() if len(rows) == 1}
            return self._products.get(str(number or "").casefold())
