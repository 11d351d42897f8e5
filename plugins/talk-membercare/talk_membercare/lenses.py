"""Lenses that only MemberCare needs."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import Any

from talk_sdk.lenses import Lens, decimal_number

__all__ = ["placed", "priced_shipping"]


@cache
def placed(*properties: str) -> Lens:
    """A part of an address that stands only where other parts of it do.

    MemberCare takes an address with country and postal code or not at all. A part reads as none
    where the address lacks them, and cannot be said.
    """

    def get(wire: Any, *others: Any) -> Any:
        return wire if all(others) else None

    def put(value: Any, *others: Any) -> Any:
        if not all(others):
            raise ValueError("MemberCare keeps an address only with a country and a postal code")
        return value

    return Lens("placed", get, put, properties)


@cache
def priced_shipping(product: str | None) -> Lens:
    """The amount for shipping, which stands on a line of its own; nothing for none.

    Without a product for it an amount cannot be said.
    """
    money = decimal_number(8)

    def get(wire: Any) -> Decimal | None:
        value: Decimal = money.get(wire)
        return value or None

    def put(value: Decimal) -> Any:
        if not value:
            return None
        if product is None:
            raise ValueError(
                "MemberCare has no field for shipping, name a product for it in shipping_product"
            )
        return money.put(value)

    # The product is named: to name another one is another rule, and has what was not said be said.
    name = "priced_shipping" if product is None else f"priced_shipping({product})"
    return Lens(name, get, put)
