"""Fills the twin from the neutral world: records written by hand, no mapping.

Who buys is a company here, also a private person: that is how what is sold to them is billed.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from talk_membercare.simulator_billing import purchase
from talk_membercare.simulator_context import ZONE

if TYPE_CHECKING:
    from datetime import date, datetime

    from talk_membercare.simulator_context import Context, Raw
    from talk_sdk.testing.neutral import Address, Deal, DealLine, Party, World

LINE_PRODUCT = "DIVERSE"
SHIPPING_PRODUCT = "FRAKT"
ORDER_DIMENSION = "dimension5"
BILLED = frozenset({"open", "closed"})
"""Orders that are invoices here: MemberCare knows neither drafts nor cancelled ones."""
CONTACTS = (("email", 1), ("phone", 3), ("mobile", 5), ("website", 8))


def seed(world: World, context: Context) -> None:
    """Create what the world says exists in MemberCare at the start."""
    here, resources = world.within("membercare"), context.resources
    ids: dict[str, str] = {}
    for party in here.parties:
        ids[party.identity] = resources["companies"].plant(party, _company(party))
    for item in here.items:
        values = {
            "name": item.name,
            "vatPercent": item.vat_percent,
            "productGroup": {"url": None, "id": 31, "name": "Varer", "valid": True},
            "financeDimensions": _dimensions(item.sku),
            "valid": item.active,
        }
        resources["products"].plant(item, values)
    for deal in here.deals:
        if deal.status in BILLED and deal.party is not None:
            resources["invoices"].plant(deal, _invoice(context, deal, ids[deal.party]))


def _dimensions(product: str | None, order: str | None = None) -> Raw:
    names = ("department", "dimension3", "dimension4")
    return {"productIdentification": product, **dict.fromkeys(names), ORDER_DIMENSION: order}


# --- companies ------------------------------------------------------------------------------------


def _company(party: Party) -> dict[str, Any]:
    since = _day(party.created)
    contacts = [
        {"type": kind, "value": value, "start": since}
        for name, kind in CONTACTS
        if (value := getattr(party, name))
    ]
    number = party.organisation_number
    return {
        "companyName": party.name,
        "category": {"url": None, "id": 11, "description": "Kunde", "valid": True},
        "financeType": 1,
        "contacts": contacts,
        "addresses": [*_address(party.billing, 1, since), *_address(party.shipping, 2, since)],
        "numbers": {"norwegianCompanyNumber": number} if number else {},
        "closeDate": None if party.active else since,
    }


def _address(address: Address, rule: int, since: str) -> list[dict[str, Any]]:
    if not address.postal_code or not address.country:
        return []
    return [
        {
            "addressType": rule,
            "attention": getattr(address, "name", None),
            "street": address.line1,
            "location": address.line2,
            "postalCode": {"zipCode": address.postal_code, "city": address.city},
            "country": {"iso2Letter": address.country},
            "start": since,
        }
    ]


# --- invoices -------------------------------------------------------------------------------------


def _invoice(context: Context, deal: Deal, payer: str) -> dict[str, Any]:
    lines = [_line(line, place, deal) for place, line in enumerate(deal.lines, 1)]
    if deal.shipping_price:
        place, price = len(lines) + 1, deal.shipping_price
        freight = _priced("Frakt", Decimal(1), price, price * 25 / 100, place)
        lines.append({**freight, "financeDimensions": _dimensions(SHIPPING_PRODUCT, deal.number)})
    made = purchase(context, payer, lines)
    made["creationInfo"]["when"] = _local(deal.created)
    made["financeDate"] = made["incomeDate"] = _day(deal.day)
    made["payDueDate"] = _day(deal.due) if deal.due else made["financeDate"]
    return made


def _line(line: DealLine, place: int, deal: Deal) -> dict[str, Any]:
    kept = (1 - line.discount_percent / 100) * (1 - deal.discount_percent / 100)
    total = line.quantity * line.unit_price * kept
    made = _priced(line.text, line.quantity, total, total * line.vat_percent / 100, place)
    return {**made, "financeDimensions": _dimensions(line.sku or LINE_PRODUCT, deal.number)}


def _priced(text: str, amount: Decimal, total: Decimal, vat: Decimal, place: int) -> Raw:
    return {
        "description": text,
        "amount": amount,
        "totalPriceWithoutVat": total,
        "totalVat": vat,
        "sequence": place,
    }


def _day(day: date | datetime) -> str:
    return f"{day:%Y-%m-%d}T00:00:00"


def _local(moment: datetime) -> str:
    return moment.astimezone(ZONE).replace(tzinfo=None).isoformat(timespec="seconds")
