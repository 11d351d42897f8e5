"""Countries and postal codes of the twin, and what addresses make of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from talk_membercare.simulator_context import (
    BASE,
    Context,
    Raw,
    answer,
    missing,
    page_in_order,
    refuse,
)
from talk_sdk.testing.service import Answer, Call, Route

if TYPE_CHECKING:
    from collections.abc import Mapping

COUNTRIES = {
    "NO": "Norge", "SE": "Sverige", "DK": "Danmark", "DE": "Tyskland", "GB": "Storbritannia",
    "JP": "Japan", "FI": "Finland", "US": "USA", "FR": "Frankrike", "NL": "Nederland",
}  # fmt: skip
KNOWN = {
    "NO": {"0155": "Oslo", "5003": "Bergen", "9008": "Tromsø", "8006": "Bodø", "7010": "Trondheim"},
    "DK": {"1550": "København", "8000": "Aarhus C"},
}
"""Postal codes that are there from the start; each has one city."""


@dataclass
class Places:
    """The registers that addresses are made of."""

    context: Context
    codes: dict[tuple[str, str], Raw] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Fill the register of postal codes."""
        for country, codes in KNOWN.items():
            for code, city in codes.items():
                self.add(country, code, city)

    def add(self, country: str, code: str, city: str | None) -> Raw:
        """The postal code of this country, a new one if it is not there yet."""
        made = {
            "url": f"{BASE}/addresses/countries/{country}/postalCodes",
            "id": 3_000 + len(self.codes),
            "zipCode": code,
            "city": city,
            "country": self.country(country),
        }
        return self.codes.setdefault((country, code), made)

    def country(self, iso2: str) -> Raw:
        """A country as the API shows it."""
        return {
            "url": f"{BASE}/addresses/countries/{iso2}",
            "id": 500 + list(COUNTRIES).index(iso2),
            "iso3Letter": None,
            "iso2Letter": iso2,
            "name": COUNTRIES[iso2],
        }

    # --- what an address says ---------------------------------------------------------------------

    def settle(self, address: Mapping[str, Any], *, by_user: bool) -> Raw:
        """An address with its country and postal code as the registers have them.

        Raises:
            RefusedError: it has none, or none that is known.
        """
        iso2 = self._country_in(address.get("country") or {}, by_user=by_user)
        demanding = self.context.on("full_addresses") and not by_user
        if iso2 is None and demanding:
            raise refuse("Country must be set on the address")
        return {
            **address,
            "country": None if iso2 is None else self.country(iso2),
            "postalCode": self._code_in(address.get("postalCode") or {}, iso2, by_user=by_user),
        }

    def _country_in(self, said: Mapping[str, Any], *, by_user: bool) -> str | None:
        if self.context.on("places_by_id") and not by_user:
            told = {self.country(iso2)["id"]: iso2 for iso2 in COUNTRIES}.get(said.get("id"))
        else:
            told = said.get("iso2Letter") if said.get("iso2Letter") in COUNTRIES else None
        if told is None and (said.get("id") or said.get("iso2Letter")):
            raise refuse("The country does not exist")
        return told

    def _code_in(self, said: Mapping[str, Any], iso2: str | None, *, by_user: bool) -> Raw | None:
        zip_code = said.get("zipCode")
        if self.context.on("places_by_id") and not by_user:
            known = [c for (own, _), c in self.codes.items() if own == iso2]
            found = next((c for c in known if c["id"] == said.get("id")), None)
        else:
            found = self.codes.get((iso2 or "", zip_code or ""))
        if found is not None:
            return found
        if by_user or self.context.on("any_postal_code"):
            return self.add(iso2, zip_code, said.get("city")) if iso2 and zip_code else None
        if zip_code or said.get("id") or self.context.on("full_addresses"):
            raise refuse("The postal code does not exist in the country")
        return None

    # --- what the API answers ---------------------------------------------------------------------

    def routes(self) -> list[Route]:
        """The registers' paths."""
        many = f"{BASE}/addresses/countries"
        codes = f"{many}/<id>/postalCodes"
        return [
            Route("GET", many, "countries", self.countries, "Countries"),
            Route("GET", f"{many}/<id>", "countries", self.one, "One country"),
            Route("GET", codes, "postal_codes", self.listed, "Its postal codes"),
            Route("POST", codes, "postal_codes", self.create, "Add a postal code"),
        ]

    def countries(self, call: Call) -> Answer:
        """All countries."""
        return self._page(call, [self.country(iso2) for iso2 in COUNTRIES])

    def one(self, call: Call) -> Answer:
        """One country."""
        return answer(self.country(self._need(call)))

    def listed(self, call: Call) -> Answer:
        """The postal codes of a country."""
        iso2 = self._need(call)
        return self._page(call, [code for (own, _), code in self.codes.items() if own == iso2])

    def create(self, call: Call) -> Answer:
        """Add a postal code; a country has each but once."""
        iso2, said = self._need(call), call.json()
        if not said.get("zipCode") or not said.get("city"):
            raise refuse("Postal code and city must be set")
        if (iso2, said["zipCode"]) in self.codes:
            raise refuse("The postal code exists already")
        self.context.store.counters.effect("postal_codes", "create")
        return answer(self.add(iso2, said["zipCode"], said["city"]))

    def _page(self, call: Call, rows: list[Raw]) -> Answer:
        return page_in_order(self.context, call, rows, lambda row: row)

    def _need(self, call: Call) -> str:
        iso2 = unquote(call.id)
        if iso2 not in COUNTRIES:
            raise missing("The country does not exist")
        return iso2
