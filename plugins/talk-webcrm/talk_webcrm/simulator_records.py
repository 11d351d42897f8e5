"""The records of the twin of webCRM: what the system adds to them, refuses, and derives."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from talk_sdk.testing.fields import InvalidError
from talk_sdk.testing.records import Author, Collection, Snapshot, Store
from talk_sdk.testing.resource import Resource
from talk_sdk.testing.service import NUMBERS, RefusedError
from talk_webcrm.simulator_tables import KINDS, LINKED, Kind

if TYPE_CHECKING:
    from talk_sdk.testing.fields import Values
    from talk_sdk.testing.neutral import Thing

__all__ = ["COUNTRIES", "LEVELS", "USED_DATA", "Crm"]

ZONE = ZoneInfo("Europe/Copenhagen")
USED_DATA = (1, 2, 4)
"""The Data fields that are in use here: 1 the item's name, 2 its unit, 4 its number."""
LEVELS = {1: "Tilbud", 2: "Ordre", 3: "Faktureret", 4: "Annulleret"}
"""The steps of the pipeline here."""
COUNTRIES = {"NO": "Norge", "SE": "Sverige", "DK": "Danmark", "DE": "Tyskland", "JP": "Japan",
             "GB": "Storbritannien", "FI": "Finland", "NL": "Nederlandene"}  # fmt: skip
"""The countries that the system knows the codes of."""

Moved = Callable[[Mapping[str, Any], Author], None]


@dataclass(frozen=True)
class Lines(Resource):
    """Quotation lines: whoever writes one moves its opportunity.

    Attributes:
        moved: Told of the values of each line that was written or deleted.
    """

    moved: Moved = lambda _values, _author: None

    def create(
        self, values: Mapping[str, Any], author: Author, *, thing: Thing | None = None
    ) -> Snapshot:
        """See `Resource`."""
        snapshot = super().create(values, author, thing=thing)
        self.moved(snapshot.values, author)
        return snapshot

    def change(
        self, id_: str, changes: Mapping[str, Any], author: Author, *, whole: bool = False,
        kind: Any = "update",
    ) -> Snapshot:  # fmt: skip
        """See `Resource`."""
        snapshot = super().change(id_, changes, author, whole=whole, kind=kind)
        self.moved(snapshot.values, author)
        return snapshot

    def remove(self, id_: str, author: Author) -> None:
        """See `Resource`."""
        values = self.need(id_).values
        super().remove(id_, author)
        self.moved(values, author)


class Crm:
    """Everything that one webCRM system holds."""

    def __init__(self, store: Store) -> None:
        self.store = store
        completes = {
            "organisations": self._organisation, "persons": self._person,
            "opportunities": self._opportunity, "quotation_lines": self._line,
            "products": self._product, "linked_data": self._linked,
        }  # fmt: skip
        self.resources: dict[str, Resource] = {
            kind.name: self._resource(kind, completes[kind.name]) for kind in KINDS
        }
        self._numbers = 1000

    def _resource(self, kind: Kind, complete: Any) -> Resource:
        collection = Collection(
            self.store, kind.name, issue=str, granularity=timedelta(seconds=1), keys={},
            encode=lambda snapshot: NUMBERS.encode(record(kind, snapshot)),
        )  # fmt: skip
        finish = self._finisher(kind, complete)
        if kind.name == "quotation_lines":
            return Lines(collection, kind.table, finish, self._moved)
        return Resource(collection, kind.table, finish)

    def _finisher(self, kind: Kind, complete: Any) -> Any:
        def finish(
            values: Values, before: Mapping[str, Any] | None, author: Author, _id: str | None
        ) -> None:
            self._fit(kind, values)
            complete(values, before, author)

        return finish

    def _fit(self, kind: Kind, values: Values) -> None:
        for name, most in kind.longest.items():
            if len(values[name] or "") > most:
                if self.store.faults.enabled("overlong_refused"):
                    raise InvalidError(name, f"must have at most {most} characters")
                values[name] = values[name][:most]

    def _exists(self, collection: str, id_: Any, field: str) -> None:
        if self.resources[collection].collection.get(str(id_)) is None:
            raise InvalidError(field, f"there is no {id_}")

    # --- what is added to each ------------------------------------------------------------------

    def _organisation(
        self, values: Values, _before: Mapping[str, Any] | None, author: Author
    ) -> None:
        if not values["OrganisationName"]:
            raise InvalidError("OrganisationName", "is required")
        values["OrganisationCompareName"] = re.sub(r"\W", "", values["OrganisationName"]).lower()
        values["OrganisationTelephoneSearch"] = _searchable(values["OrganisationTelephone"])
        if not (self.store.faults.enabled("country_data_writable") and author.who == "api"):
            country = values["OrganisationCountry"]
            code = next((c for c, name in COUNTRIES.items() if name == country), "")
            values["OrganisationCountryData"] = {"Name": country, "CodeISO": code}

    def _person(self, values: Values, before: Mapping[str, Any] | None, _author: Author) -> None:
        organisation = values["PersonOrganisationId"]
        if before is None and organisation:
            self._exists("organisations", organisation, "PersonOrganisationId")
        if not organisation and self.store.faults.enabled("person_needs_organisation"):
            raise InvalidError("PersonOrganisationId", "is required")
        names = (values[f"Person{part}Name"] for part in ("First", "Middle", "Last"))
        values["PersonName"] = " ".join(filter(None, names))
        values["PersonTelephoneSearch"] = _searchable(values["PersonDirectPhone"])

    def _opportunity(
        self, values: Values, before: Mapping[str, Any] | None, _author: Author
    ) -> None:
        organisation = values["OpportunityOrganisationId"]
        if organisation != (before or {}).get("OpportunityOrganisationId"):
            self._exists("organisations", organisation, "OpportunityOrganisationId")
        level = values["OpportunityLevel"] or 1
        if level not in LEVELS:
            raise InvalidError("OpportunityLevel", f"must be one of {', '.join(map(str, LEVELS))}")
        values["OpportunityLevel"] = level
        values["OpportunityLevelText"] = LEVELS[level]
        if not values["OpportunityNumber"] and self.store.faults.enabled("auto_number"):
            self._numbers += 1
            values["OpportunityNumber"] = f"T-{self._numbers}"

    def _line(self, values: Values, before: Mapping[str, Any] | None, author: Author) -> None:
        parent = values["QuotationLineOpportunityId"]
        if parent != (before or {}).get("QuotationLineOpportunityId"):
            self._exists("opportunities", parent, "QuotationLineOpportunityId")
        self._fill("QuotationLine", values, author)

    def _product(self, values: Values, before: Mapping[str, Any] | None, _author: Author) -> None:
        owner = values["ProductOrganisationId"]
        if owner != (before or {}).get("ProductOrganisationId"):
            self._exists("organisations", owner, "ProductOrganisationId")
        shown = (values["ProductCustom1"], values["ProductCustom2"])
        values["ProductCombined"] = " ".join(filter(None, shown))

    def _linked(self, values: Values, _before: Mapping[str, Any] | None, author: Author) -> None:
        self._fill(LINKED.prefix, values, author)

    def _fill(self, prefix: str, values: Values, author: Author) -> None:
        """Data fields in use are never empty: people see to that, the API refuses."""
        if not self.store.faults.enabled("linked_data"):
            return
        for number in USED_DATA:
            name = f"{prefix}Data{number}"
            if values[name]:
                continue
            if author.who == "api" and self.store.faults.enabled("data_required"):
                raise InvalidError(name, "must not be empty")
            values[name] = "-" if author.who != "api" else ""

    def _moved(self, line: Mapping[str, Any], author: Author) -> None:
        """What a line does to its opportunity."""
        id_ = str(line["QuotationLineOpportunityId"])
        opportunities = self.resources["opportunities"].collection
        parent, faults = opportunities.get(id_), self.store.faults
        touches, computes = faults.enabled("line_touches"), faults.enabled("value_from_lines")
        if parent is None or author.who == "seed" or not (touches or computes):
            return
        value = self._value(id_) if computes else parent.values["OpportunityOrderValue"]
        values = {**parent.values, "OpportunityOrderValue": value}
        opportunities.update(id_, values, author, stamp=touches)

    def _value(self, opportunity: str) -> Decimal:
        total = Decimal(0)
        for line in self.resources["quotation_lines"].collection.current():
            values = line.values
            if str(values["QuotationLineOpportunityId"]) == opportunity:
                kept = 1 - Decimal(values["QuotationLineDiscount"]) / 100
                amount = Decimal(values["QuotationLineQuantity"]) * values["QuotationLinePrice"]
                total += amount * kept
        return total

    # --- what only the API does -----------------------------------------------------------------

    def from_catalogue(self, body: dict[str, Any]) -> dict[str, Any]:
        """A line's body with what its catalogue item says where the body says nothing.

        Raises:
            InvalidError: there is no such item.
        """
        item = body.pop("QuotationLineLinkedDataId", 0)
        if not item:
            return body
        self._exists("linked_data", item, "QuotationLineLinkedDataId")
        values = self.resources["linked_data"].need(str(item)).values
        given = {f"QuotationLineData{n}": values[f"{LINKED.prefix}Data{n}"] for n in range(1, 10)}
        given["QuotationLinePrice"] = values[f"{LINKED.prefix}Price"]
        given["QuotationLineCostPrice"] = values[f"{LINKED.prefix}CostPrice"]
        return {**given, **body}

    def paced(self, kind: Kind) -> None:
        """Creates in too quick a succession fail on the generation of ids.

        Raises:
            RefusedError: 500; a moment later the same is taken.
        """
        seconds = self.store.faults.value("id_generation")
        known = self.resources[kind.name].collection.current()
        if not seconds or not known:
            return
        if self.store.clock.now() - known[-1].written < timedelta(seconds=seconds):
            raise RefusedError(500, "IdGenerationException", "The id could not be generated.")


def record(kind: Kind, snapshot: Snapshot) -> dict[str, Any]:
    """A record as the API shows it. Offsets vary: some are written in UTC, some in local time."""
    found = {kind.id: int(snapshot.id), **snapshot.values}
    if kind is not LINKED:
        local = int(snapshot.id) % 2 == 1
        found |= {
            f"{kind.prefix}CreatedAt": _time(snapshot.created, local=local),
            f"{kind.prefix}CreatedBy": "Anna Admin",
            f"{kind.prefix}UpdatedAt": _time(snapshot.modified, local=local),
            f"{kind.prefix}UpdatedBy": "Anna Admin",
        }
    return found


def _time(moment: datetime, *, local: bool) -> str:
    return (moment.astimezone(ZONE) if local else moment).isoformat()


def _searchable(phone: str) -> str:
    digits = re.sub(r"\D", "", phone or "")
    return f"--{digits}" if digits else ""
