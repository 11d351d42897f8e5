"""Fills the twin from the neutral world: records written by hand, no mapping."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from talk_sdk.testing.records import SEED
from talk_wave.simulator_business import FOUNDED, INCOME_ACCOUNT
from talk_wave.simulator_places import province

if TYPE_CHECKING:
    from collections.abc import Mapping

    from talk_sdk.testing.neutral import Address, Deal, DealLine, Item, Party, World
    from talk_wave.simulator_books import Books

STATUS = {"draft": "DRAFT", "open": "SAVED", "closed": "SAVED"}
"""Wave has no cancelled invoices."""


def seed(world: World, books: Books) -> tuple[str, str]:
    """Create what the world says exists in Wave at the start.

    Returns:
        The ids of the products for lines without one, and for shipping; they are of no world.
    """
    here = world.within("wave")
    line, shipping = (_own_product(books, name) for name in ("Diverse", "Frakt"))
    ids: dict[str | None, str] = {None: line}
    for party in here.parties:
        ids[party.identity] = books.resources["customers"].plant(party, _customer(party))
    for item in here.items:
        ids[item.identity] = books.resources["products"].plant(item, _product(item))
    for deal in here.deals:
        if deal.status in STATUS and deal.party is not None:
            books.resources["invoices"].plant(deal, _invoice(deal, ids, shipping))
    return line, shipping


def _own_product(books: Books, name: str) -> str:
    products = books.resources["products"]
    values = {"name": name, "unitPrice": "0", "incomeAccount": {"id": INCOME_ACCOUNT}}
    accepted = products.table.accept(values, None, whole=True, by_user=True)
    products.complete(accepted, None, SEED, None)
    return products.collection.insert(accepted, SEED, created=FOUNDED).id


def _customer(party: Party) -> dict[str, Any]:
    shipping = party.shipping
    return {
        "name": party.name,
        "firstName": party.first_name,
        "lastName": party.last_name,
        "email": party.email,
        "phone": party.phone,
        "mobile": party.mobile,
        "website": party.website,
        "internalNotes": party.note,
        "currency": {"code": party.currency} if party.currency else None,
        "address": _address(party.billing),
        "shippingDetails": {
            "name": shipping.name,
            "phone": shipping.phone,
            "instructions": shipping.instructions,
            "address": _address(shipping),
        },
    }


def _product(item: Item) -> dict[str, Any]:
    return {
        "name": item.name,
        "description": item.description,
        "unitPrice": item.price,
        "isArchived": not item.active,
        "incomeAccount": {"id": INCOME_ACCOUNT},
    }


def _invoice(deal: Deal, ids: Mapping[str | None, str], shipping: str) -> dict[str, Any]:
    items = [_item(line, ids) for line in deal.lines]
    if deal.shipping_price:
        freight = {"product": {"id": shipping}, "quantity": "1", "unitPrice": deal.shipping_price}
        items.append(freight)
    return {
        "customer": {"id": ids[deal.party]},
        "status": STATUS[deal.status],
        "poNumber": deal.number,
        "currency": {"code": deal.currency},
        "invoiceDate": deal.day.isoformat(),
        "dueDate": deal.due.isoformat() if deal.due else None,
        "title": deal.title,
        "memo": deal.note,
        "discounts": _discounts(deal.discount_percent),
        "items": items,
    }


def _item(line: DealLine, ids: Mapping[str | None, str]) -> dict[str, Any]:
    return {
        "product": {"id": ids[line.item]},
        "description": line.text,
        "quantity": line.quantity,
        "unitPrice": line.unit_price,
    }


def _discounts(percent: Decimal) -> list[dict[str, Any]]:
    return [{"discountType": "PERCENTAGE", "percentage": percent}] if percent else []


def _address(address: Address) -> dict[str, Any]:
    return {
        "addressLine1": address.line1,
        "addressLine2": address.line2,
        "city": address.city,
        "postalCode": address.postal_code,
        "province": _province(address),
        "country": {"code": address.country} if address.country else None,
    }


def _province(address: Address) -> dict[str, str] | None:
    """A region only if it is the code of one of the country's provinces."""
    region = address.region
    if not region or province(region) is None or not region.startswith(f"{address.country}-"):
        return None
    return {"code": region}
