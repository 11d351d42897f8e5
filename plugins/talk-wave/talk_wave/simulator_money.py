"""What an invoice comes to: lines, a discount before taxes, and taxes by line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from talk_sdk.testing.kinds import rounded
from talk_wave.simulator_places import places_of


@dataclass(frozen=True)
class Tax:
    """A tax's rate as a fraction; a compound one is also taken of the other taxes."""

    rate: Decimal
    compound: bool = False


@dataclass(frozen=True)
class Line:
    """What a line comes to, with an amount for each of its taxes."""

    subtotal: Decimal
    taxes: tuple[Decimal, ...]


@dataclass(frozen=True)
class Totals:
    """What an invoice comes to."""

    lines: tuple[Line, ...]
    subtotal: Decimal
    discount: Decimal
    tax: Decimal

    @property
    def total(self) -> Decimal:
        """What is to be paid."""
        return self.subtotal - self.discount + self.tax


def totals(invoice: Mapping[str, Any], taxes: Mapping[str, Tax]) -> Totals:
    """Add an invoice up; amounts are rounded to the currency's places."""
    places = places_of(invoice["currency"]["code"])
    subtotals = [
        rounded(Decimal(item["quantity"]) * Decimal(item["unitPrice"]), places)
        for item in invoice["items"]
    ]
    subtotal = sum(subtotals, Decimal(0))
    discount = _discount(invoice["discounts"], subtotal, places)
    kept = 1 - discount / subtotal if subtotal else Decimal(1)
    lines = tuple(
        Line(amount, _taxes(amount * kept, item["taxes"], taxes, places))
        for amount, item in zip(subtotals, invoice["items"], strict=True)
    )
    tax = sum((amount for line in lines for amount in line.taxes), Decimal(0))
    return Totals(lines, subtotal, discount, tax)


def _discount(discounts: Sequence[Mapping[str, Any]], subtotal: Decimal, places: int) -> Decimal:
    if not discounts:
        return Decimal(0)
    discount = discounts[0]
    if discount["discountType"] == "FIXED":
        return rounded(Decimal(discount["amount"] or 0), places)
    return rounded(subtotal * Decimal(discount["percentage"] or 0) / 100, places)


def _taxes(
    net: Decimal, applied: Sequence[Mapping[str, Any]], taxes: Mapping[str, Tax], places: int
) -> tuple[Decimal, ...]:
    known = [taxes[each["salesTax"]["id"]] for each in applied]
    simple = sum((net * tax.rate for tax in known if not tax.compound), Decimal(0))
    return tuple(
        rounded((net + simple if tax.compound else net) * tax.rate, places) for tax in known
    )


def as_value(amount: Decimal, currency: str) -> dict[str, str]:
    """An amount as it is kept."""
    return {"value": f"{rounded(amount, places_of(currency)):f}"}


def as_money(value: Mapping[str, str], currency: str) -> dict[str, Any]:
    """An amount in the form of its GraphQL type."""
    minor = int(Decimal(value["value"]).scaleb(places_of(currency)))
    return {
        "value": value["value"],
        "currency": {"code": currency},
        "minorUnitValue": str(minor),
        "raw": minor,
    }
