"""Between what Wave answers, what the tables speak of, and what Wave wants to be sent.

Wave reads and writes in two shapes: `country { code }` comes in, `countryCode` goes out. And it
keeps lines and shipping in one list of items. Pure functions; arguments are left as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import Any

from talk_sdk.lenses import Lens, decimal_text
from talk_sdk.operations import Raw

__all__ = [
    "customer_out",
    "discounted_in_money",
    "emptied",
    "invoice_in",
    "invoice_out",
    "priced_shipping",
    "product_out",
    "unclearable",
]


_PLAIN_CUSTOMER = (
    "name", "firstName", "lastName", "displayId", "email", "phone", "mobile", "fax", "website",
    "internalNotes",
)  # fmt: skip
_PLAIN_INVOICE = (
    "invoiceNumber", "poNumber", "status", "invoiceDate", "dueDate", "title", "memo",
)  # fmt: skip
_PARTS = ("addressLine1", "addressLine2", "city", "postalCode")
_TEXTS = frozenset({*_PLAIN_CUSTOMER, *_PARTS, "description", "instructions", "memo", "poNumber"})
_NOT_NULL = frozenset({"title"})
"""Texts that are never null in Wave: nothing is an empty one."""


@cache
def priced_shipping(product: str | None) -> Lens:
    """The amount for shipping, which stands on an item of its own; nothing for none.

    Without a product for it an amount cannot be said.
    """
    money = decimal_text(8, zero=False)

    def put(value: Decimal) -> str | None:
        amount: str | None = money.put(value)
        if amount is not None and product is None:
            raise ValueError(
                "Wave has no field for shipping, name a product for it in shipping_product"
            )
        return amount

    # The product is named: to name another one is another rule, and has what was not said be said.
    name = "priced_shipping" if product is None else f"priced_shipping({product})"
    return Lens(name, money.get, put)


def emptied(sent: Raw, stored: Raw) -> Raw | None:
    """The same input with empty texts where null has cleared nothing; None if it has.

    Whether null or an empty text clears a field is documented for accounts only.
    """
    return _with_empty_texts(sent) if _uncleared(sent, stored) else None


def _uncleared(sent: Raw, stored: Raw) -> bool:
    for name, value in sent.items():
        there = stored.get(name)
        if isinstance(value, dict) and isinstance(there, dict):
            if _uncleared(value, there):
                return True
        elif value is None and name in _TEXTS and there not in {None, ""}:
            return True
    return False


def unclearable(sent: Raw, stored: Raw) -> bool:
    """Whether an address was to go and stands: Wave refuses an address of empty texts."""
    there = stored.get("address")
    if "address" in sent and sent["address"] is None and isinstance(there, dict):
        return any(
            value not in {None, ""} for value in there.values() if not isinstance(value, dict)
        )
    inner, shown = sent.get("shippingDetails"), stored.get("shippingDetails")
    return isinstance(inner, dict) and isinstance(shown, dict) and unclearable(inner, shown)


def _with_empty_texts(sent: Raw) -> Raw:
    found: Raw = {}
    for name, value in sent.items():
        if isinstance(value, dict):
            found[name] = _with_empty_texts(value)
        else:
            found[name] = "" if value is None and name in _TEXTS else value
    return found


# --- customers ------------------------------------------------------------------------------------


def customer_out(body: Raw, *, create: bool) -> Raw:
    """The input of a mutation for a body, which may be a part of a customer."""
    sent = {name: body[name] for name in _PLAIN_CUSTOMER if name in body}
    if "currency" in body:
        sent["currency"] = _code(body["currency"])
    if "address" in body:
        sent["address"] = _address_out(body["address"])
    if "shippingDetails" in body:
        sent["shippingDetails"] = _shipping_out(body["shippingDetails"] or {})
        if create and not sent["shippingDetails"].get("name"):
            # May be demanded where the rest is sent: goods go to whom the customer is.
            sent["shippingDetails"]["name"] = body.get("name")
    return sent


def _shipping_out(shipping: Raw) -> Raw:
    sent: Raw = {n: shipping[n] for n in ("name", "phone", "instructions") if n in shipping}
    if "address" in shipping:
        sent["address"] = _address_out(shipping["address"])
    return sent


def _address_out(address: Raw | None) -> Raw | None:
    """An address as it is written; one that says nothing is none, as an empty one is refused."""
    address = address or {}
    sent: Raw = {part: address[part] for part in _PARTS if part in address}
    if "country" in address:
        sent["countryCode"] = _code(address["country"])
    if "province" in address:
        # Wave refuses a province of another country, and the whole address with it.
        province, country = _code(address["province"]), sent.get("countryCode")
        belongs = bool(province and country and province.startswith(f"{country}-"))
        sent["provinceCode"] = province if belongs else None
    return sent if any(sent.values()) else None


def _code(value: Raw | None) -> str | None:
    code: str | None = (value or {}).get("code")
    return code


# --- products -------------------------------------------------------------------------------------


def product_out(body: Raw) -> Raw:
    """The input of a mutation for a body; archiving is a mutation of its own."""
    return {name: body[name] for name in ("name", "description", "unitPrice") if name in body}


# --- invoices -------------------------------------------------------------------------------------


def invoice_in(raw: Raw, shipping_product: str | None) -> Raw:
    """An invoice as the tables speak of it: shipping apart from the lines, one discount."""
    items: Sequence[Raw] = raw.get("items") or ()
    freight = [item for item in items if _product(item) == shipping_product is not None]
    found = {name: value for name, value in raw.items() if name not in {"items", "discounts"}}
    found["content"] = {
        "items": [item for item in items if item not in freight],
        "shipping": _amount(freight),
        "freight": freight,
    }
    found["paymentStatus"] = _payment(raw)
    discounts: Sequence[Raw] = raw.get("discounts") or ()
    found["discounting"] = {"all": list(discounts)}
    if _one_percentage(discounts):
        percent = discounts[0]["percentage"] if discounts else None
        found["discounting"]["percent"] = percent
    return found


def _product(item: Raw) -> Any:
    return (item.get("product") or {}).get("id")


def _amount(freight: Sequence[Raw]) -> str | None:
    amounts = [Decimal(str(i["quantity"])) * Decimal(str(i["unitPrice"])) for i in freight]
    return format(sum(amounts, Decimal(0)), "f") if freight else None


def _one_percentage(discounts: Sequence[Raw]) -> bool:
    return not discounts or (len(discounts) == 1 and discounts[0].get("percentage") is not None)


def _payment(raw: Raw) -> str:
    if raw.get("status") in {"PAID", "OVERPAID"}:
        return "paid"
    paid = (raw.get("amountPaid") or {}).get("value")
    return "partial" if paid and Decimal(str(paid)) > 0 else "unpaid"


def discounted_in_money(body: Raw) -> bool:
    """Whether a body would put a percentage where Wave's users gave an amount, or several."""
    discounting = body.get("discounting") or {}
    return "percent" in discounting and not _one_percentage(discounting.get("all") or ())


def invoice_out(body: Raw, shipping_product: str | None, *, create: bool) -> Raw:
    """The input of a mutation for a body, which may be a part of an invoice.

    Its `content` is whole, for Wave replaces the list of items.
    """
    sent = {name: body[name] for name in _PLAIN_INVOICE if name in body}
    for name in _NOT_NULL & sent.keys():
        sent[name] = sent[name] or ""
    if "customer" in body:
        sent["customerId"] = (body["customer"] or {}).get("id")
    if "currency" in body:
        sent["currency"] = _code(body["currency"])
    if "percent" in (body.get("discounting") or {}):
        sent["discounts"] = _discounts_out(body["discounting"]["percent"])
    if "content" in body:
        content = body["content"] or {}
        items = [*(content.get("items") or ()), *_freight_out(content, shipping_product)]
        sent["items"] = [_item_out(item, create=create) for item in items]
    return sent


def _discounts_out(percent: str | None) -> list[Raw]:
    if percent is None or not Decimal(percent):
        return []
    return [{"discountType": "PERCENTAGE", "percentage": percent}]


def _freight_out(content: Raw, shipping_product: str | None) -> list[Raw]:
    """The items for shipping: as they are where they come to the amount, else one of them."""
    amount, there = content.get("shipping"), content.get("freight") or []
    if amount is None or shipping_product is None:
        return []
    said = _amount(there)
    if said is not None and Decimal(said) == Decimal(amount):
        return list(there)
    first: Mapping[str, Any] = there[0] if there else {}
    product = {"id": shipping_product}
    return [{**first, "product": product, "quantity": "1", "unitPrice": amount}]


def _item_out(item: Raw, *, create: bool) -> Raw:
    """A line as it is written. What is not said Wave takes from the product."""
    sent: Raw = {"productId": _product(item)}
    sent |= {
        name: item[name]
        for name in ("description", "quantity", "unitPrice")
        if item.get(name) is not None
    }
    if not create and "description" in item:
        # Somebody took the text away: the product's is not to come in its place.
        sent.setdefault("description", "")
    if "taxes" in item:
        sent["taxes"] = [{"salesTaxId": tax["salesTax"]["id"]} for tax in item["taxes"] or ()]
    return sent
