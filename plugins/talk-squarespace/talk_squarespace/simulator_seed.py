"""Fills the twin of Squarespace from the neutral world: wire records by hand, no mapping.

A site has customers by their orders only; parties without an order are not there.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from html import escape
from typing import TYPE_CHECKING, Any

from talk_squarespace.simulator_tables import PAGE, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from talk_sdk.testing.neutral import Address, Deal, DealLine, Item, Party, World
    from talk_squarespace.simulator_records import Site

__all__ = ["seed"]

STATUS = {"draft": "PENDING", "open": "PENDING", "closed": "FULFILLED", "cancelled": "CANCELED"}


def seed(world: World, site: Site) -> None:
    """Create what the world says exists in Squarespace at the start."""
    here = world.within("squarespace")
    parties = {party.identity: party for party in here.parties}
    variants: dict[str, str] = {}
    for item in here.items:
        made = site.products.plant(item, _product(item))
        variants[item.identity] = site.products.need(made).values["variants"][0]["id"]
    for deal in here.deals:
        if deal.status != "draft" and not _elsewhere(deal):  # a cart is no order
            site.orders.plant(deal, _order(deal, parties.get(deal.party or ""), variants))


def _elsewhere(deal: Deal) -> bool:
    """Whether an order was born in another system: a site has it as an import or not at all."""
    return deal.number is not None and len(deal.systems) > 1


def _product(item: Item) -> dict[str, Any]:
    text = (item.description or "").strip()
    lines = [escape(line, quote=False) for line in text.split("\n")] if text else []
    weight = item.weight_kg
    return {
        "type": "PHYSICAL", "storePageId": PAGE, "name": item.name[:200],
        "description": f"<p>{'<br>'.join(lines)}</p>" if lines else "",
        "isVisible": item.active,
        "variants": [{
            "sku": item.sku or item.identity,
            "pricing": {
                "basePrice": text_of(item.price),
                "salePrice": None if item.sale_price is None else text_of(item.sale_price),
                "onSale": item.sale_price is not None,
            },
            "stock": {"quantity": item.stock, "unlimited": False},
            "gtin": item.barcode,
            "shippingMeasurements": None if weight is None else {
                "weight": {"unit": "KILOGRAM", "value": float(weight)}
            },
        }],
    }  # fmt: skip


def _order(deal: Deal, party: Party | None, variants: Mapping[str, str]) -> dict[str, Any]:
    who = party or deal.guest
    first = (party.first_name if party else None) or (who.name if who else None)
    last = party.last_name if party else None
    lines = [_line(line, variants) for line in deal.lines]
    prices = sum((Decimal(line["unitPricePaid"]["value"]) * line["quantity"] for line in lines),
                 Decimal(0))  # fmt: skip
    discount = prices * deal.discount_percent / 100
    return {
        "createdOn": f"{deal.day.isoformat()}T10:00:00Z",
        "customerEmail": who.email if who else None,
        "billingAddress": {
            "firstName": first, "lastName": last, "phone": who.phone if who else None,
            **_address(deal.billing),
        },
        "shippingAddress": {
            "firstName": first, "lastName": last, "phone": deal.shipping.phone,
            **_address(deal.shipping),
        },
        "fulfillmentStatus": STATUS[deal.status],
        "priceTaxInterpretation": "EXCLUSIVE",
        "lineItems": lines,
        "discountTotal": text_of(discount),
        "shippingTotal": text_of(deal.shipping_price),
    }  # fmt: skip


def _line(line: DealLine, variants: Mapping[str, str]) -> dict[str, Any]:
    price = line.unit_price * (1 - line.discount_percent / 100)
    quantity = max(1, int(line.quantity.quantize(Decimal(1), ROUND_HALF_UP)))
    kept = {"quantity": quantity, "unitPricePaid": text_of(price)}
    if line.item is None:
        return {"lineItemType": "CUSTOM", "productName": line.text, "sku": line.sku, **kept}
    return {"lineItemType": "PHYSICAL_PRODUCT", "variantId": variants[line.item], **kept}


def _address(address: Address) -> dict[str, str | None]:
    return {
        "address1": address.line1, "address2": address.line2, "city": address.city,
        "state": address.region, "countryCode": address.country,
        "postalCode": address.postal_code,
    }  # fmt: skip
