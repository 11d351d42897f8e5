"""Fills the twin of webCRM from the neutral world: wire records written by hand, no mapping."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from talk_webcrm.simulator_records import COUNTRIES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from talk_sdk.testing.neutral import Deal, DealLine, Item, Party, World
    from talk_sdk.testing.resource import Resource

__all__ = ["OWN", "seed"]

LEVEL = {"draft": 1, "open": 2, "closed": 3, "cancelled": 4}
OWN = "Nordlys AS"
"""The organisation that uses the system: products that it registered for itself are its own."""


def seed(world: World, resources: Mapping[str, Resource]) -> None:
    """Create what the world says exists in webCRM at the start."""
    here = world.within("webcrm")
    ids: dict[str, int] = {}
    numbers: dict[str, str | None] = {}
    for party in here.parties:
        made = resources["organisations"].plant(party, _organisation(party))
        ids[party.identity] = int(made)
        if party.first_name or party.last_name or party.email:
            resources["persons"].plant(party, _person(party, int(made)))
    for item in here.items:
        resources["linked_data"].plant(item, _item(item))
        numbers[item.identity] = item.sku
    for deal in here.deals:
        if deal.party is None:
            continue
        opportunity = int(resources["opportunities"].plant(deal, _opportunity(deal, ids)))
        for place, line in enumerate(deal.lines, 1):
            values = _line(line, opportunity, place, numbers)
            resources["quotation_lines"].plant(deal, values)


def _organisation(party: Party) -> dict[str, Any]:
    billing, shipping = party.billing, party.shipping
    return {
        "OrganisationName": party.name,
        "OrganisationVatNumber": party.organisation_number or "",
        "OrganisationTelephone": party.phone or "",
        "OrganisationWww": party.website or "",
        "OrganisationCompanyDescription": party.note or "",
        "OrganisationCurrencyName": party.currency or "",
        "OrganisationStatus": "Kunde" if party.active else "Arkivert",
        "OrganisationAddress": "\n".join(filter(None, (billing.line1, billing.line2))),
        "OrganisationPostCode": billing.postal_code or "",
        "OrganisationCity": billing.city or "",
        "OrganisationState": billing.region or "",
        "OrganisationCountry": COUNTRIES.get(billing.country or "", ""),
        "OrganisationDeliveryAddress": "\n".join(filter(None, (shipping.line1, shipping.line2))),
        "OrganisationDeliveryPostCode": shipping.postal_code or "",
        "OrganisationDeliveryCity": shipping.city or "",
        "OrganisationDeliveryState": shipping.region or "",
        "OrganisationCustom3": "--Velg--",
        "OrganisationCustom4": "[]",
    }


def _person(party: Party, organisation: int) -> dict[str, Any]:
    return {
        "PersonOrganisationId": organisation,
        "PersonFirstName": party.first_name or "",
        "PersonLastName": party.last_name or "-",
        "PersonEmail": party.email or "",
        "PersonMobilePhone": party.mobile or "",
    }


def _item(item: Item) -> dict[str, Any]:
    prefix = "QuotationLineLinkedDataItem"
    return {
        f"{prefix}Data1": item.name,
        f"{prefix}Data2": item.unit or "-",
        f"{prefix}Data4": item.sku or "-",
        f"{prefix}DataMemo": item.description or "",
        f"{prefix}Price": item.price,
        f"{prefix}CostPrice": item.cost or 0,
        f"{prefix}VatCode": f"{item.vat_percent:f}",
        f"{prefix}EntityType": "Product",
    }


def _opportunity(deal: Deal, ids: Mapping[str, int]) -> dict[str, Any]:
    return {
        "OpportunityOrganisationId": ids[str(deal.party)],
        "OpportunityNumber": deal.number or "",
        "OpportunityDescription": deal.title or "",
        "OpportunityNote": deal.note or "",
        "OpportunityCurrencyName": deal.currency,
        "OpportunityDiscount": deal.discount_percent,
        "OpportunityOrderDate": f"{deal.day.isoformat()}T00:00:00+01:00",
        "OpportunityLevel": LEVEL[deal.status],
        "OpportunityOrderValue": sum((_amount(line) for line in deal.lines), Decimal(0)),
    }


def _amount(line: DealLine) -> Decimal:
    return line.quantity * line.unit_price * (1 - line.discount_percent / 100)


def _line(
    line: DealLine, opportunity: int, place: int, numbers: Mapping[str, str | None]
) -> dict[str, Any]:
    number = line.sku or (numbers.get(line.item) if line.item else None)
    return {
        "QuotationLineOpportunityId": opportunity,
        "QuotationLineSortOrder": place * 10,
        "QuotationLineData1": line.text or "-",
        "QuotationLineData2": "-",
        "QuotationLineData4": number or "-",
        "QuotationLineQuantity": line.quantity,
        "QuotationLinePrice": line.unit_price,
        "QuotationLineDiscount": line.discount_percent,
        "QuotationLineVatPercentage": line.vat_percent,
    }
