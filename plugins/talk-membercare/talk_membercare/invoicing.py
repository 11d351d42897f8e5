"""Between invoices, purchases and what the tables speak of.

Pure functions; arguments are left as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from talk_membercare.settings import MemberCareSettings
from talk_sdk.operations import Raw

__all__ = ["alike", "invoice_in", "is_credit", "purchase_out"]

ProductOf = Callable[[str | None], Raw | None]
"""Product identification → product."""
_COMPANY = 2
_SHOP = 5
_CENT = Decimal("0.01")


def is_credit(raw: Raw) -> bool:
    """Whether an invoice is a credit note, which is no order."""
    return raw.get("creditedInvoiceId") is not None


def invoice_in(raw: Raw, settings: MemberCareSettings, product_of: ProductOf) -> Raw:
    """An invoice as the tables speak of it; `product_of` knows products by identification.

    Its prices are what is paid, so there are no discounts any more.
    """
    payer = raw.get("payer") or {}
    company = payer.get("memberType") in {_COMPANY, None}
    number = payer.get("debtorAccountNumber")
    items = sorted(raw.get("invoiceItems") or (), key=lambda item: item.get("sequence") or 0)
    freight = [i for i in items if _product(i) == settings.shipping_product is not None]
    net, vat = (_sum(items, name) for name in ("totalPrice", "totalVat"))
    dimension = settings.order_dimension
    numbers = [_dimension(item, dimension) for item in items] if dimension else []
    return {
        "id": raw.get("id"),
        "payer": {"company": number if company else None, "other": None if company else number},
        "orderNumber": next(filter(None, numbers), None),
        "status": "open",
        "paymentStatus": _payment(raw, items, net + vat),
        "date": _day(raw.get("financeDate")),
        "dueDate": _day(raw.get("payDueDate")),
        "currency": settings.currency,
        "shipping": _sum(freight, "totalPrice") if freight else None,
        "discountPercent": 0,
        "total": net + vat,
        "taxTotal": vat,
        "lines": [_line_in(item, product_of) for item in items if item not in freight],
        "created": (raw.get("creationInfo") or {}).get("when"),
        "financeStatus": raw.get("financeStatus"),
        "source": raw.get("source"),
    }


def _line_in(item: Raw, product_of: ProductOf) -> Raw:
    sku = _product(item)
    known = product_of(sku)
    return {
        "description": item.get("description"),
        "quantity": item.get("quantity"),
        "unitPrice": item.get("unitPrice"),
        "sku": sku,
        "product": None if known is None else {"id": known.get("id")},
        "vatPercent": _rate(item, known),
        "discountPercent": 0,
    }


def _rate(item: Raw, product: Raw | None) -> Decimal | None:
    """A line's VAT in percent: the product's, or a whole one, if that gives the line's amount."""
    net, vat = _number(item.get("totalPrice")), _number(item.get("totalVat"))
    if not net:
        return None
    exact = vat / net * 100
    told = [_number((product or {}).get("vatPercent")), exact.quantize(Decimal(1), ROUND_HALF_UP)]
    near = (rate for rate in told if abs(net * rate / 100 - vat) <= _CENT)
    return next(near, exact.quantize(_CENT, ROUND_HALF_UP))


def _payment(raw: Raw, items: Sequence[Raw], total: Decimal) -> str:
    if items and all(item.get("isCredited") for item in items):
        return "refunded"
    paid = _sum(raw.get("payments") or (), "amount")
    if paid >= total and (paid or not total):
        return "paid"
    return "partial" if paid > 0 else "unpaid"


def _product(item: Raw) -> str | None:
    return _dimension(item, "productIdentification")


def _dimension(item: Raw, name: str) -> str | None:
    value: str | None = (item.get("financeDimensions") or {}).get(name)
    return value or None


def _day(text: Any) -> str | None:
    return None if text is None else str(text)[:10]


def _sum(rows: Sequence[Raw], name: str) -> Decimal:
    return sum((_number(row.get(name)) for row in rows), Decimal(0))


def _number(value: Any) -> Decimal:
    return Decimal(str(value or 0))


# --- purchases ------------------------------------------------------------------------------------


def purchase_out(
    body: Raw, key: str, settings: MemberCareSettings, rate_of: Mapping[int, Decimal]
) -> Raw:
    """The purchase that says an order; `rate_of` has each line's VAT in percent, by its place.

    Discounts, also the order's own, are in the lines' totals, which MemberCare takes; shipping
    is a line of its own, the last.
    """
    left = 1 - _number(body.get("discountPercent")) / 100
    lines = [
        (line, _number(line.get("unitPrice")) * left * (1 - _number(line.get("discountPercent"))
                                                        / 100))
        for line in body.get("lines") or ()
    ]  # fmt: skip
    if body.get("shipping") is not None:
        freight = {"description": "Frakt", "quantity": 1, "sku": settings.shipping_product}
        lines.append((freight, _number(body["shipping"])))
    return {
        "debtorAccountNumber": body["payer"]["company"],
        "externalPurchaseItems": [
            _item(line, price, rate_of[place], place + 1, _dimensions(line, body, settings), key)
            for place, (line, price) in enumerate(lines)
        ],
    }


def _item(
    line: Raw, price: Decimal, rate: Decimal, sequence: int, dimensions: Raw, key: str
) -> Raw:
    total = (_number(line.get("quantity")) * price).quantize(_CENT, ROUND_HALF_UP)
    return {
        "description": line.get("description"),
        "amount": line.get("quantity"),
        "totalPriceWithoutVat": total,
        "totalVat": (total * rate / 100).quantize(_CENT, ROUND_HALF_UP),
        "sequence": sequence,
        "financeDimensions": dimensions,
        "externalSourceIdentification": key,
    }


def _dimensions(line: Raw, body: Raw, settings: MemberCareSettings) -> Raw:
    found = {"productIdentification": line.get("sku")}
    if settings.order_dimension is not None and body.get("orderNumber") is not None:
        found[settings.order_dimension] = body["orderNumber"]
    return found


def alike(sent: Raw, invoice: Raw) -> bool:
    """Whether an invoice bills, line by line, what a purchase did."""
    if invoice.get("source") not in {_SHOP, None}:
        return False
    items = sorted(invoice.get("invoiceItems") or (), key=lambda item: item.get("sequence") or 0)
    billed = [
        (i.get("description"), _number(i.get("quantity")), _cents(i.get("totalPrice")),
         _cents(i.get("totalVat")), _product(i))
        for i in items
    ]  # fmt: skip
    bought = [
        (i["description"], _number(i["amount"]), _cents(i["totalPriceWithoutVat"]),
         _cents(i["totalVat"]), i["financeDimensions"]["productIdentification"])
        for i in sent["externalPurchaseItems"]
    ]  # fmt: skip
    return billed == bought


def _cents(value: Any) -> Decimal:
    return _number(value).quantize(_CENT, ROUND_HALF_UP)
