"""Fills the webshop's twin from the neutral world: wire records written by hand, no mapping."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talk_sdk.testing.neutral import Company

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from talk_sdk.testing.neutral import Address, Deal, DealLine, Delivery, Item, Party, World
    from talk_sdk.testing.resource import Resource

STATUS = {"draft": "draft", "open": "open", "closed": "completed", "cancelled": "cancelled"}


def seed(world: World, resources: Mapping[str, Resource]) -> None:
    """Create what the world says exists in the webshop at the start."""
    here = world.within("customwebshop")
    ids: dict[str, str] = {}
    for party in here.parties:
        ids[party.identity] = resources["customers"].plant(party, _customer(party))
    for item in here.items:
        ids[item.identity] = resources["products"].plant(item, _product(item))
    for deal in here.deals:
        resources["orders"].plant(deal, _order(deal, ids))


def _customer(party: Party) -> dict[str, Any]:
    return {
        "is_company": isinstance(party, Company),
        "name": party.name,
        "first_name": party.first_name,
        "last_name": party.last_name,
        "email": party.email,
        "phone": party.phone,
        "mobile": party.mobile,
        "vat_no": party.organisation_number,
        "website": party.website,
        "language": party.language,
        "currency": party.currency,
        "note": party.note,
        "active": party.active,
        "newsletter": party.email is not None,
        "billing": _address(party.billing),
        "shipping": _shipping(party.shipping),
    }


def _product(item: Item) -> dict[str, Any]:
    return {
        "sku": item.sku,
        "ean": item.barcode,
        "title": item.name,
        "description": item.description,
        "price": item.price,
        "cost": item.cost,
        "sale_price": item.sale_price,
        "vat_rate": item.vat_percent,
        "unit": item.unit,
        "stock_quantity": item.stock,
        "weight_kg": item.weight_kg,
        "published": item.active,
        "tags": ["nyhet"] if item.stock % 2 else [],
    }


def _order(deal: Deal, ids: Mapping[str, str]) -> dict[str, Any]:
    guest = deal.guest
    return {
        "number": deal.number,
        "customer_id": ids[deal.party] if deal.party else None,
        "guest": {"name": guest.name, "email": guest.email, "phone": guest.phone}
        if guest
        else None,
        "order_date": deal.day.isoformat(),
        "due_date": deal.due.isoformat() if deal.due else None,
        "delivery_date": deal.delivery.isoformat() if deal.delivery else None,
        "currency": deal.currency,
        "status": STATUS[deal.status],
        "title": deal.title,
        "note": deal.note,
        "customer_reference": deal.reference,
        "discount_percent": deal.discount_percent,
        "shipping_price": deal.shipping_price,
        "billing": _address(deal.billing),
        "shipping": _shipping(deal.shipping),
        "lines": [_line(line, ids) for line in deal.lines],
    }


def _line(line: DealLine, ids: Mapping[str, str]) -> dict[str, str | Decimal | None]:
    return {
        "product_id": ids[line.item] if line.item else None,
        "sku": line.sku,
        "text": line.text,
        "quantity": line.quantity,
        "unit_price": line.unit_price,
        "discount_percent": line.discount_percent,
        "vat_rate": line.vat_percent,
    }


def _address(address: Address) -> dict[str, str | None]:
    return {
        "address1": address.line1,
        "address2": address.line2,
        "zip": address.postal_code,
        "city": address.city,
        "state": address.region,
        "country": address.country,
    }


def _shipping(delivery: Delivery) -> dict[str, str | None]:
    return {
        "name": delivery.name,
        "phone": delivery.phone,
        **_address(delivery),
        "instructions": delivery.instructions,
    }
