"""webCRM: organisations with a main person, opportunities with lines that are records of their own.

Its records are opened into what the others have in one: the person under the organisation, the
lines under the opportunity, both lines of an address. What a user changes goes to where it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar
from zoneinfo import ZoneInfo

from talk_sdk.testing.simulation.dialects.dialect import Dialect, Raw
from talk_sdk.testing.simulation.dialects.webcrm_records import (
    ADDRESSES,
    ITEM,
    dashed,
    folded_dashed,
    for_many,
    lines_of,
    mains,
    organisation_of,
    put_lines,
    put_person,
    shown_in,
    written_together,
)
from talk_sdk.testing.simulation.sides import Side, plain
from talk_sdk.testing.simulation.turns import (
    COUNTRIES,
    cut_at,
    folded,
    inverse,
    number,
    organisation,
    phone,
    rounded,
    same,
    text,
)

if TYPE_CHECKING:
    from talk_sdk.testing.control import LocalControl
    from talk_sdk.testing.records import Effect
    from talk_sdk.testing.simulation.trace import Exchange

__all__ = ["WebCrm"]

_ZONE = ZoneInfo("Europe/Copenhagen")
_NESTED = 3
"""Names in the path of what belongs to one record."""
_OWNERS = {
    "persons": ("customers", "PersonOrganisationId"),
    "quotation_lines": ("orders", "QuotationLineOpportunityId"),
}
_LEVELS = {1: "draft", 2: "open", 3: "closed", 4: "cancelled"}
_NAMES = {**COUNTRIES, "FI": "Finland", "NL": "Nederland"}
_CODES = {name: code for code, name in _NAMES.items()} | {"Storbritannien": "GB"}


def _day(raw: Any) -> str | None:
    """The day on which a moment lies where the company is."""
    moment = datetime.fromisoformat(raw)
    return None if moment.year == 1 else moment.astimezone(_ZONE).date().isoformat()


def _amount(path: str, places: int) -> Side:
    """Nought is nothing."""

    def some(turn: Callable[[Any], Any]) -> Callable[[Any], Any]:
        return lambda value: turn(value) or None

    return Side(path, some(number), lambda value: value or 0, some(rounded(places)))


def _short(path: str) -> Side:
    return Side(path, text, cut=cut_at(50))


def _address(ours: str, line: str, wire: str) -> dict[str, Side]:
    paths = {"line1": f"{line}1", "line2": f"{line}2", "postal_code": f"{wire}PostCode",
             "city": f"{wire}City", "subdivision": f"{wire}State"}  # fmt: skip
    cut = {"city": cut_at(50)}
    return {f"{ours}.{part}": Side(path, text, cut=cut.get(part, same))
            for part, path in paths.items()}  # fmt: skip


class WebCrm(Dialect):
    """What is written is read again, and has no version; our key tells of each create."""

    connector = "webcrm"
    stepwise = True
    follows: ClassVar = {"products": ("delete",)}
    proven = True
    timed_lines = False
    bare_lists = True
    entities: ClassVar = {
        "Organisations": "customers", "Products": "products", "Opportunities": "orders",
    }  # fmt: skip
    places: ClassVar = {
        "customers": {
            "in": "organisations", "id": "OrganisationId", "tag": "OrganisationCompanyDescription",
        },
        "products": {"in": "linked_data", "id": f"{ITEM}Id", "tag": f"{ITEM}DataMemo"},
        "orders": {
            "in": "opportunities", "id": "OpportunityId", "tag": "OpportunityNote",
            "customer": "OpportunityOrganisationId",
        },
        "lines": {"tag": "QuotationLineData1", "product": "Product"},
    }  # fmt: skip
    sides: ClassVar = {
        "customers": {
            **plain(name="OrganisationName"),
            **plain(organisation, organisation_number="OrganisationVatNumber"),
            **plain(folded, email="MainPerson.PersonEmail"),
            **plain(first_name="MainPerson.PersonFirstName"),
            "last_name": Side("MainPerson.PersonLastName", dashed),
            **plain(phone, phone="OrganisationTelephone", mobile="MainPerson.PersonMobilePhone"),
            **plain(phone, fax="OrganisationFax"),
            "website": _short("OrganisationWww"),
            **plain(currency="OrganisationCurrencyName"),
            "active": Side(
                "OrganisationStatus",
                lambda raw: raw != "Arkivert",
                lambda active: "Kunde" if active else "Arkivert",
                default=True,
            ),
            **_address("billing_address", "Billing", "Organisation"),
            "billing_address.country": Side("OrganisationCountry", _CODES.get, _NAMES.get),
            **_address("shipping_address", "Delivery", "OrganisationDelivery"),
        },
        "products": {
            "number": Side(f"{ITEM}Data4", folded_dashed),
            "name": Side(f"{ITEM}Data1", dashed),
            "unit_price": _amount(f"{ITEM}Price", 6),
            "cost_price": _amount(f"{ITEM}CostPrice", 6),
            "tax_rate": Side(
                f"{ITEM}VatCode", lambda raw: number(raw or None), lambda value: f"{value:f}"
            ),
            "unit": Side(f"{ITEM}Data2", dashed),
        },
        "orders": {
            **plain(number="OpportunityNumber"),
            "date": Side("OpportunityOrderDate", _day, lambda day: f"{day}T00:00:00+01:00"),
            **plain(currency="OpportunityCurrencyName"),
            "status": Side("OpportunityLevel", _LEVELS.get, inverse(_LEVELS), default="draft"),
            **plain(title="OpportunityDescription"),
            "discount": _amount("OpportunityDiscount", 4),
        },
        "lines": {
            # Its number is how a line tells its product; so it is looked at as that.
            "quantity": _amount("QuotationLineQuantity", 6),
            "unit_price": _amount("QuotationLinePrice", 6),
            "discount": _amount("QuotationLineDiscount", 4),
            "tax_rate": _amount("QuotationLineVatPercentage", 4),
        },
    }

    # --- what people see and do -------------------------------------------------------------------

    def rows(self, control: LocalControl, _settings: Raw, kind: str) -> Iterator[Raw]:
        """Each with its main person, or with its lines."""
        records = control.dump(self.places[kind]["in"])
        if kind == "customers":
            people = mains(control.dump("persons"))
            return (organisation_of(row, people.get(row["OrganisationId"])) for row in records)
        if kind == "orders":
            lines = lines_of(control)
            return ({**row, "lines": lines.get(row["OpportunityId"], [])} for row in records)
        return iter(records)

    def edit(
        self, control: LocalControl, settings: Raw, kind: str, before: Raw, changes: dict[str, Any]
    ) -> None:
        """An organisation's person and an opportunity's lines are edited where they are."""
        places = self.places[kind]
        own = self.closed(kind, changes, before, settings)
        person, lines = own.pop("MainPerson", None), own.pop("lines", None)
        id_ = before[places["id"]]
        if own:
            control.edit(places["in"], str(id_), own)
        if person:
            put_person(control, id_, before["MainPerson"], person)
        if lines is not None:
            put_lines(control, id_, before["lines"], lines)

    def create(
        self, control: LocalControl, settings: Raw, kind: str, record: dict[str, Any]
    ) -> None:
        """An organisation with a person, an opportunity with lines, an item of the catalogue."""
        own = self.closed(kind, record, {}, settings)
        person, lines = own.pop("MainPerson", None), own.pop("lines", None)
        id_ = int(control.create(self.places[kind]["in"], own))
        if person:
            put_person(control, id_, {}, person)
        if lines is not None:
            put_lines(control, id_, [], lines)

    def closed(
        self, kind: str, changes: dict[str, Any], before: Raw, _settings: Raw
    ) -> dict[str, Any]:
        """Both lines of an address in one text."""
        own = dict(changes)
        if kind == "customers":
            for line, wire in ADDRESSES.items():
                both = [f"{line}1", f"{line}2"]
                if own.keys() & set(both):
                    parts = [own.pop(name, before.get(name)) or "" for name in both]
                    own[wire] = "\n".join(parts)
        if kind == "products" and not before:
            own[f"{ITEM}EntityType"] = "Product"
        return own

    def wire_id(self, id_: str) -> Any:
        """A number."""
        return int(id_)

    def place_of(self, effect: Effect, control: LocalControl) -> tuple[str, str]:
        """The organisation of a person, the opportunity of a line."""
        owner = _OWNERS.get(effect.collection)
        if owner is None:
            return super().place_of(effect, control)
        part = control.resources[effect.collection].collection.get(effect.id)
        kind, name = owner
        return (kind, str(part.values[name])) if part else (effect.collection, effect.id)

    # --- what goes over the wire ------------------------------------------------------------------

    def part(self, kind: str, name: str) -> str:
        """Persons and lines are shown by themselves."""
        side = self.sides[kind].get(name)
        person = side is not None and side.path.startswith("MainPerson")
        return "persons" if person else kind

    def meant(self, _exchange: Exchange) -> str | None:
        """Any write, as one takes many requests."""
        return None

    def belongs(self, path: str, place: tuple[str, str]) -> bool:
        """Those of its person and its lines, too; so a look-up by our key."""
        kind, id_ = place
        own = {"customers": "/Organisations", "products": "/QuotationLines/LinkedData",
               "orders": "/Opportunities"}[kind]  # fmt: skip
        parts = {"customers": ("/Persons", "/Queries"), "orders": ("/QuotationLines", "/Queries")}
        if path.startswith("/QuotationLines/LinkedData"):
            return path in {own, f"{own}/{id_}"}
        return f"{path}/".startswith((f"{own}/{id_}/", *parts.get(kind, ())))

    def doubtful(self, exchange: Exchange) -> bool:
        """What is read after a write belongs to it."""
        return not exchange.path.startswith(("/Auth", "/Queries"))

    def erases(self, exchange: Exchange) -> bool:
        """No record has a version."""
        return bool(exchange.effects)

    def only_to_write(self, look: Exchange, then: Exchange) -> bool | None:
        """What is read so that whole records can be written, or is read again at once."""
        if then.method == "GET" and (then.path, then.query) == (look.path, look.query):
            return True
        if for_many(look) is not None:
            return written_together(look, then)
        names = look.path.strip("/").split("/")
        if then.method == "GET":
            return False
        if len(names) == _NESTED and names[1].isdigit():
            return then.path.startswith(f"/{names[-1]}")
        return names[-1].isdigit() and then.path.startswith(look.path)

    def shown(self, exchange: Exchange, control: LocalControl) -> Iterator[tuple[str, str]]:
        """Records, wherever they are listed; of a list of lines those that are there in full.

        A list of contacts shows main persons, too, and nobody looks at these there.
        """
        if exchange.method == "GET" and not exchange.path.endswith("LinkedSetup"):
            told = json.loads(exchange.body)
            found = shown_in(exchange.path, told if isinstance(told, list) else [told], control)
            contacts = exchange.reading == (exchange.system, "Persons")
            yield from (place for place in found if place[0] != "persons" or not contacts)
