"""Orders in the shape of the tables, who bought, and imports as the API wants them. Pure.

Amounts are net on our side. Squarespace tells the tax of an order, and of no line.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from datetime import UTC
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from babel.numbers import get_currency_precision

from talk_sdk.operations import Operation, Raw
from talk_sdk.rest import moment_in
from talk_squarespace.mappings import PAYMENT
from talk_squarespace.settings import SiteSettings

__all__ = ["customers_in", "order_in", "order_out"]

OURS = "talk:"
"""What the reference of an imported order without a number begins with."""
_STATUSES = frozenset({"PENDING", "FULFILLED", "CANCELED"})
_HUNDRED = Decimal(100)

# --- in -------------------------------------------------------------------------------------------


def order_in(raw: Raw, settings: SiteSettings, known: Collection[str]) -> Raw:
    """An order as the tables want it; `known` are the products that there are."""
    imported = raw.get("channel") == "external"
    rate = _rate(raw, settings)
    net = raw.get("priceTaxInterpretation") != "INCLUSIVE"
    addresses = {n: _address_in(raw.get(n)) for n in ("billingAddress", "shippingAddress")}
    found = {
        **raw, **addresses,
        "number": _number(raw, settings, imported=imported),
        "currency": (raw.get("grandTotal") or {}).get("currency"),
        "discountPercent": _percent(raw),
        "lineItems": [_line_in(line, rate, known, net=net) for line in raw["lineItems"] or ()],
    }  # fmt: skip
    for name, words in (("fulfillmentStatus", _STATUSES), ("paymentState", PAYMENT)):
        if found.get(name) not in words:
            found.pop(name, None)  # new words appear without a new version
    if not imported:
        found["bornOn"] = raw.get("createdOn")
    email = str(raw.get("customerEmail") or "").strip().lower()
    named = (addresses["billingAddress"] or {}).get("name")
    if email or (named and not imported):
        found["customer"] = email or raw["id"]
    if (shipping := _netted(raw.get("shippingTotal"), rate, net=net)) is not None:
        found["shipping"] = shipping
    return found


def _number(raw: Raw, settings: SiteSettings, *, imported: bool) -> str | None:
    if not imported:
        return f"{settings.order_prefix}{raw.get('orderNumber')}"
    reference = str(raw.get("externalOrderReference") or "")
    return None if reference.startswith(OURS) else reference or None


def _amount(money: Any) -> Decimal:
    return Decimal(str((money or {}).get("value") or 0))


def _rate(raw: Raw, settings: SiteSettings) -> Decimal | None:
    """The percentage of tax on an order, where one alone explains what it says of its tax."""
    tax = _amount(raw.get("taxTotal"))
    inclusive = raw.get("priceTaxInterpretation") == "INCLUSIVE"
    goods = _amount(raw.get("subtotal")) - _amount(raw.get("discountTotal"))
    if not tax:
        return Decimal(0) if inclusive else None
    near = Decimal("0.005") * (len(raw["lineItems"] or ()) + 1)

    def explains(rate: Decimal) -> bool:
        part = rate / (_HUNDRED + rate) if inclusive else rate / _HUNDRED
        bases = (goods + _amount(raw.get("shippingTotal")), goods)
        return any(abs(base * part - tax) <= near for base in bases)

    own = settings.tax_percent
    if own is not None and explains(own):
        return own
    found = [rate for rate in map(Decimal, range(1, 51)) if explains(rate)]
    return found[0] if len(found) == 1 else None


def _netted(money: Any, rate: Decimal | None, *, net: bool) -> str | None:
    """An amount without tax; None where nobody knows how much of it is tax."""
    if money is None or (rate is None and not net):
        return None
    amount = _amount(money)
    if not net and rate:
        amount = (amount / (1 + rate / _HUNDRED)).quantize(Decimal("1e-8"), ROUND_HALF_UP)
    return f"{amount:f}"


def _percent(raw: Raw) -> str | None:
    prices, discount = _amount(raw.get("subtotal")), _amount(raw.get("discountTotal"))
    if not prices or not discount:
        return None
    return f"{(discount / prices * 100).quantize(Decimal('0.01'), ROUND_HALF_UP):f}"


def _line_in(line: Raw, rate: Decimal | None, known: Collection[str], *, net: bool) -> Raw:
    found = dict(line)
    if line.get("variantId") is None:
        found["product"] = None
    elif line.get("productId") in known:
        found["product"] = f"{line['productId']}/{line['variantId']}"
    # Of a product that there is not any more nothing is said: what others know of it stays.
    price = _netted(line.get("unitPricePaid"), rate, net=net)
    if price is not None:
        found["unitPrice"] = price
    if rate is not None:
        found["taxPercent"] = f"{rate:f}"
    return found


def _address_in(address: Any) -> Raw | None:
    if not address:
        return None
    names = (str(address.get(part) or "").strip() for part in ("firstName", "lastName"))
    return {**address, "name": " ".join(filter(None, names)) or None}


def customers_in(orders: Iterable[Raw]) -> list[Raw]:
    """Who bought: of each key the latest order speaks."""
    found: dict[str, Raw] = {}
    for order in orders:
        if "customer" in order:
            customer = _customer(order)
            other = found.get(customer["key"])
            if other is None or int(other["version"]) <= int(customer["version"]):
                found[customer["key"]] = customer
    return list(found.values())


def _customer(order: Raw) -> Raw:
    billing = order.get("billingAddress") or {}
    placed, moved = (_second(order, name) for name in ("createdOn", "modifiedOn"))
    digits = re.sub(r"\D", "", str(order.get("orderNumber") or "")) or "0"
    return {
        "key": order["customer"],
        "version": str((placed * 10**12 + int(digits) % 10**12) * 10**11 + moved),
        "createdOn": order.get("createdOn"), "modifiedOn": order.get("modifiedOn"),
        "email": order.get("customerEmail"),
        **{name: billing.get(name) for name in ("name", "firstName", "lastName", "phone")},
        **{name: order.get(name) for name in ("billingAddress", "shippingAddress")},
    }  # fmt: skip


def _second(order: Raw, field: str) -> int:
    moment = moment_in(order, field)
    return int(moment.replace(tzinfo=UTC).timestamp()) if moment else 0


# --- out ------------------------------------------------------------------------------------------


def order_out(operation: Operation, settings: SiteSettings) -> Raw:
    """An import: net, or with tax where the store's prices are so. The same whenever it is sent."""
    body, cent = operation.body or {}, get_currency_precision(settings.currency)
    own, included = settings.tax_percent, settings.tax_percent is not None

    def money(amount: Decimal) -> Raw:
        kept = amount.quantize(Decimal(1).scaleb(-cent), ROUND_HALF_UP)
        return {"currency": settings.currency, "value": f"{kept:f}"}

    lines, tax = [], Decimal(0)
    for line in body.get("lineItems") or ():
        rate = Decimal(str(line.get("taxPercent") or own or 0))
        price = Decimal(str(line.get("unitPrice") or 0))
        price *= 1 - Decimal(str(line.get("discountPercent") or 0)) / _HUNDRED
        paid = money(price * (1 + rate / _HUNDRED) if included else price)
        lines.append({**_what(line), "quantity": line["quantity"], "unitPricePaid": paid})
        base = _amount(paid) * line["quantity"]
        tax += base * (rate / (_HUNDRED + rate) if included else rate / _HUNDRED)
    goods = sum((_amount(x["unitPricePaid"]) * x["quantity"] for x in lines), Decimal(0))
    percent = Decimal(str(body.get("discountPercent") or 0)) / _HUNDRED
    discount, taxed = money(goods * percent), money(tax * (1 - percent))
    shipping = Decimal(str(body.get("shipping") or 0))
    sent = money(shipping * (1 + (own or 0) / _HUNDRED))
    total = goods - _amount(discount) + _amount(sent) + (0 if included else _amount(taxed))
    found = {
        "channelName": settings.channel,
        "externalOrderReference": body.get("number") or f"{OURS}{operation.golden}",
        "createdOn": body["createdOn"],
        "priceTaxInterpretation": "INCLUSIVE" if included else "EXCLUSIVE",
        "lineItems": lines, "fulfillments": [], "fulfillmentStatus": body["fulfillmentStatus"],
        "subtotal": money(goods), "taxTotal": taxed, "shippingTotal": sent,
        "discountTotal": discount,
        "grandTotal": money(total), "inventoryBehavior": "SKIP",
        "shopperFulfillmentNotificationBehavior": "SKIP",
        **{n: _address_out(body[n]) for n in ("billingAddress", "shippingAddress") if body.get(n)},
    }  # fmt: skip
    if _amount(sent):
        found["shippingLines"] = [{"method": "Shipping", "amount": sent}]
    if _amount(discount):
        found["discountLines"] = [{"name": "Discount", "amount": discount}]
    if body["fulfillmentStatus"] == "FULFILLED":
        found["fulfilledOn"] = body["createdOn"]
    return found


def _what(line: Raw) -> Raw:
    if line.get("product"):
        variant = str(line["product"]).rpartition("/")[2]
        return {"lineItemType": "PHYSICAL_PRODUCT", "variantId": variant}
    return {"lineItemType": "CUSTOM", "title": line.get("productName") or "-"}


def _address_out(address: Raw) -> Raw:
    first, _, last = str(address.get("name") or "").rpartition(" ")
    found = {name: value for name, value in address.items() if name != "name" and value}
    names = {"firstName": first or last, "lastName": last if first else ""}
    return {**found, **{name: value for name, value in names.items() if value}}
