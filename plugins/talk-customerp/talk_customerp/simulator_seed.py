"""Fills the ERP's twin from the neutral world: wire records written by hand, no mapping."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from talk_customerp.simulator_tables import country_names
from talk_sdk.testing.neutral import Company

if TYPE_CHECKING:
    from collections.abc import Mapping

    from talk_sdk.testing.neutral import Address, Deal, DealLine, Item, Party, World
    from talk_sdk.testing.resource import Resource

STATE = {"draft": 10, "open": 20, "closed": 30, "cancelled": 90}


def seed(world: World, resources: Mapping[str, Resource]) -> None:
    """Create what the world says exists in the ERP at the start."""
    here = world.within("customerp")
    ids: dict[str, int] = {}
    for party in here.parties:
        ids[party.identity] = int(resources["customers"].plant(party, _customer(party)))
    for item in here.items:
        ids[item.identity] = int(resources["products"].plant(item, _product(item)))
    for deal in here.deals:
        resources["orders"].plant(deal, _order(deal, ids))


def _customer(party: Party) -> dict[str, Any]:
    return {
        "customerType": "B" if isinstance(party, Company) else "P",
        "name": party.name,
        "contactFirstName": party.first_name,
        "contactLastName": party.last_name,
        "orgNo": party.organisation_number,
        "email": party.email,
        "phone": party.phone,
        "mobile": party.mobile,
        "web": party.website,
        "remark": party.note,
        "languageCode": party.language,
        "currencyCode": party.currency,
        "blocked": not party.active,
        "creditLimitMinor": 500_000 if isinstance(party, Company) else None,
        "invoiceAddress": _address(party.billing),
        "deliveryAddress": {
            "name": party.shipping.name,
            "phone": party.shipping.phone,
            **_address(party.shipping),
            "instructions": party.shipping.instructions,
        },
    }


def _product(item: Item) -> dict[str, Any]:
    return {
        "articleNo": item.sku,
        "gtin": item.barcode,
        "description": item.name,
        "longText": item.description,
        "salesPriceMinor": item.price * 100,
        "costPriceMinor": None if item.cost is None else item.cost * 100,
        "campaignPriceMinor": None if item.sale_price is None else item.sale_price * 100,
        "vatPercent": item.vat_percent,
        "unitCode": item.unit,
        "onHand": item.stock,
        "weightGrams": None if item.weight_kg is None else item.weight_kg * 1000,
        "discontinued": not item.active,
        "supplierCode": f"L{item.stock % 7}",
    }


def _order(deal: Deal, ids: Mapping[str, int]) -> dict[str, Any]:
    return {
        "shopOrderNo": deal.number if "customwebshop" in deal.systems else None,
        "customerId": ids[deal.party] if deal.party else None,
        "orderDate": deal.day.isoformat(),
        "dueDate": deal.due.isoformat() if deal.due else None,
        "deliveryDate": deal.delivery.isoformat() if deal.delivery else None,
        "currencyCode": deal.currency,
        "state": STATE[deal.status],
        "heading": deal.title,
        "remark": deal.note,
        "yourReference": deal.reference,
        "discountPercent": deal.discount_percent,
        "freightMinor": deal.shipping_price * 100,
        "invoiceAddress": _address(deal.billing),
        "deliveryAddress": {
            "name": deal.shipping.name,
            "phone": deal.shipping.phone,
            **_address(deal.shipping),
            "instructions": deal.shipping.instructions,
        },
        "warehouse": "HOVED",
        "lines": [_line(line, ids) for line in deal.lines],
    }


def _line(line: DealLine, ids: Mapping[str, int]) -> dict[str, int | str | Decimal | None]:
    return {
        "productId": ids[line.item] if line.item else None,
        "articleNo": line.sku,
        "text": line.text,
        "qty": line.quantity,
        "unitPriceMinor": line.unit_price * 100,
        "discountPercent": line.discount_percent,
        "vatPercent": line.vat_percent,
    }


def _address(address: Address) -> dict[str, str | None]:
    return {
        "street1": address.line1,
        "street2": address.line2,
        "postCode": address.postal_code,
        "town": address.city,
        "region": address.region,
        "countryName": country_names()[address.country] if address.country else None,
    }
