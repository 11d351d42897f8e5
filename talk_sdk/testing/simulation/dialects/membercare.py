"""MemberCare: companies whose contacts are dated rows; the simulation looks at customers alone.

Its products cannot be written and its invoices never change, so there is nothing to meet there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar
from zoneinfo import ZoneInfo

from talk_sdk.testing.simulation.dialects.dialect import Dialect, Raw
from talk_sdk.testing.simulation.sides import Side
from talk_sdk.testing.simulation.turns import Turn, folded, phone, text

if TYPE_CHECKING:
    from talk_sdk.testing.control import LocalControl
    from talk_sdk.testing.simulation.trace import Exchange

__all__ = ["MemberCare"]

_ZONE = ZoneInfo("Europe/Oslo")
_TYPES = {"email": (1, 2), "phone": (3, 4), "mobile": (5, 6), "fax": (7,), "website": (8,)}
"""Contact -> the types of its rows, the first for what is typed."""


def _contact(name: str, read: Turn = text) -> Side:
    """What was emptied elsewhere stays: nobody can end a contact."""
    return Side(f"contact.{name}", read, lags=lambda value, _shown: value is None)


def _any(_value: Any, _shown: Any) -> bool:
    """Only what has a country, a code and a city can be said, and the city is the register's."""
    return True


def _address(ours: str, path: str) -> dict[str, Side]:
    parts = {"line1": "street", "line2": "location", "postal_code": "postalCode.zipCode",
             "city": "postalCode.city", "country": "country.iso2Letter"}  # fmt: skip
    return {f"{ours}.{part}": Side(f"{path}.{name}", text, lags=_any)
            for part, name in parts.items()}  # fmt: skip


class MemberCare(Dialect):
    """What is written is read again, and has no version; our key tells of each create."""

    connector = "membercare"
    stepwise = True
    kinds = ("customers",)
    noteless = True
    proven = True
    settings: ClassVar = {"reread_h": 0.01, "entities": {"Invoices": {"write": False}}}
    entities: ClassVar = {"Companies": "customers", "Organizations": "customers"}
    places: ClassVar = {
        "customers": {"in": "companies", "id": "debtorAccountNumber", "tag": "contact.website"},
    }
    sides: ClassVar = {
        "customers": {
            "name": Side("companyName", text),
            "number": Side("debtorAccountNumber", text, assigns=True),
            "email": _contact("email", folded),
            "phone": _contact("phone", phone),
            "mobile": _contact("mobile", phone),
            "fax": _contact("fax", phone),
            "website": _contact("website"),
            **_address("billing_address", "billing"),
            **_address("shipping_address", "shipping"),
            "shipping_address.name": Side("shipping.attention", text, lags=_any),
        },
    }

    # --- what people see and do -------------------------------------------------------------------

    def rows(self, control: LocalControl, _settings: Raw, kind: str) -> Iterator[Raw]:
        """Companies with the contacts that hold today."""
        records = control.dump("companies") if kind == "customers" else []
        today = _today(control)
        return (_opened(row, today) for row in records)

    def edit(
        self,
        control: LocalControl,
        _settings: Raw,
        _kind: str,
        before: Raw,
        changes: dict[str, Any],
    ) -> None:
        """A contact is changed where it stands, or ended."""
        own = dict(changes)
        typed = own.pop("contact", None)
        if typed is not None:
            own["contacts"] = _typed(before["contacts"] or [], typed, _today(control))
        control.edit("companies", str(before["debtorAccountNumber"]), own)

    def create(
        self, control: LocalControl, _settings: Raw, _kind: str, record: dict[str, Any]
    ) -> None:
        """A company that may be billed."""
        own = dict(record)
        contacts = _typed([], own.pop("contact", {}), _today(control))
        category = {"url": None, "id": 11, "description": "Kunde", "valid": True}
        control.create(
            "companies", {**own, "contacts": contacts, "category": category, "financeType": 1}
        )

    # --- what it cannot ---------------------------------------------------------------------------

    def unedited(self, kind: str, name: str) -> bool:
        """Addresses are looked at only for the values that come from there."""
        return kind == "customers" and "_address." in name

    def refuses(self, reason: str) -> bool:
        """A code that its register does not know, without a city to add it with."""
        return "the address names no city to add it with" in reason

    # --- what goes over the wire ------------------------------------------------------------------

    def part(self, kind: str, name: str) -> str:
        """Contacts are not shown wherever the company is."""
        side = self.sides.get(kind, {}).get(name)
        contact = side is not None and side.path.startswith("contact.")
        return "contacts" if contact else kind

    def meant(self, _exchange: Exchange) -> str | None:
        """Any write, as one takes many requests."""
        return None

    def doubtful(self, exchange: Exchange) -> bool:
        """What is read after a write belongs to it."""
        return exchange.method != "GET" or exchange.path.rsplit("/", 1)[-1].isdigit()

    def erases(self, exchange: Exchange) -> bool:
        """No record has a version."""
        return bool(exchange.effects)

    def belongs(self, path: str, place: tuple[str, str]) -> bool:
        """Those of its rows, too, and of the registers that its addresses need."""
        about = (f"/companies/{place[1]}", f"/debtors/{place[1]}", "/companies/search",
                 "/foreignSystem", "/addresses")  # fmt: skip
        return any(part in path for part in about)

    def shown(self, exchange: Exchange, control: LocalControl) -> Iterator[tuple[str, str]]:
        """Companies, wherever they are listed; their contacts where the answer has them."""
        if exchange.method != "GET" or not exchange.body:
            return
        told = json.loads(exchange.body)
        records = told.get("result") or [told] if isinstance(told, dict) else []
        current = {row["debtorAccountNumber"]: row for row in control.dump("companies")}
        for record in records:
            row = current.get(record.get("debtorAccountNumber"))
            if row is None:
                continue
            id_ = str(row["debtorAccountNumber"])
            if record.get("companyName") == row["companyName"]:
                yield "customers", id_
            if record.get("contacts") is not None and record["contacts"] == row["contacts"]:
                yield "contacts", id_


def _today(control: LocalControl) -> str:
    return f"{control.store.clock.now().astimezone(_ZONE):%Y-%m-%d}"


def _opened(record: Raw, today: str) -> Raw:
    """With what holds: of each kind the row that began last, of those the one added last."""
    contacts = _holding(record["contacts"] or [], today)
    places = {row["addressType"]: row for row in _holding(record["addresses"] or [], today)}
    contact = {
        name: next((row["value"] for row in reversed(contacts) if row["type"] in types), None)
        for name, types in _TYPES.items()
    }
    billing, shipping = places.get(1, {}), places.get(2, {})
    return {**record, "contact": contact, "billing": billing, "shipping": shipping}


def _holding(rows: list[Raw], today: str) -> list[Raw]:
    held = [row for row in rows if row["start"][:10] <= today
            and (row["end"] is None or row["end"][:10] > today)]  # fmt: skip
    return sorted(held, key=lambda row: (row["start"][:10], row["id"]))


def _typed(rows: list[Raw], contact: Raw, today: str) -> list[Raw]:
    """The rows after somebody has typed some contacts, or ended them."""
    kept = list(rows)
    for name, value in contact.items():
        own = [row for row in kept if row["type"] in _TYPES[name]]
        kept = [row for row in kept if row not in own]
        if value is None:
            kept += [{**row, "end": row["end"] or f"{today}T00:00:00"} for row in own]
            continue
        last = max(own, key=lambda row: (row["start"][:10], row["id"]), default=None)
        kept += [row for row in own if row is not last]
        kept.append({**(last or {"type": _TYPES[name][0]}), "value": value, "end": None})
    return kept
