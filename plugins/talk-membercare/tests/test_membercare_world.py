"""What the tables read out of the twin is what the neutral world says.

The twin is seeded by hand, never through the tables, so that no mistake cancels itself out.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
import talk_membercare as hooks

from talk_sdk.concepts import CONCEPTS
from talk_sdk.mapping import Compiled, compile_mapping
from talk_sdk.testing.neutral import Address, Company, Deal, Party
from talk_sdk.testing.world import awkward_world

WORLD = awkward_world(11, 90, 60, 90, systems=("customwebshop", "membercare"))
HERE = WORLD.within("membercare")


@pytest.fixture
def mc(open_mc: Callable[..., Any]) -> Any:
    return open_mc(world=WORLD)


def table(mc: Any, entity: str) -> Compiled:
    return next(c for c in map(compile_mapping, hooks.talk_mappings(mc.settings))
                if c.entity == entity)  # fmt: skip


def by_identity(mc: Any, entity: str, collection: str) -> dict[str, Any]:
    """Hidden identity → record, closed ones looked up."""
    identities = mc.control.identities(collection)
    return {identity: mc.one(entity, id_) for id_, identity in identities.items()}


def address(ours: str, said: Address) -> dict[str, Any]:
    whole = bool(said.postal_code and said.country)
    names = ("line1", "line2", "postal_code", "city", "country")
    return {f"{ours}.{name}": getattr(said, name) if whole else None for name in names}


def party_says(party: Party) -> dict[str, Any]:
    kind = {"kind": "organisation"} if isinstance(party, Company) else {}
    return {
        "name": party.name, "email": party.email, "website": party.website,
        "active": party.active, **kind, **address("billing_address", party.billing),
        **address("shipping_address", party.shipping),
    }  # fmt: skip


def canonical(mapping: Compiled, facts: dict[str, Any]) -> dict[str, Any]:
    return {n: mapping.concept.properties[n].canonical(v or None) if v is not False else False
            for n, v in facts.items()}  # fmt: skip


def test_companies_say_what_the_world_says(mc: Any) -> None:
    mapping = table(mc, "Companies")
    records = by_identity(mc, "Companies", "companies")
    for party in HERE.parties:
        said = mapping.inbound(records[party.identity])
        facts = canonical(mapping, party_says(party))
        assert {name: said.get(name) for name in facts} == facts
        digits = "".join(filter(str.isdigit, party.organisation_number or "")) or None
        assert said["organisation_number"] == digits
        assert (said["phone"] is None) is (not (party.phone or "").strip())
        assert ("kind" in said) is isinstance(party, Company)


def test_products_say_what_the_world_says(mc: Any) -> None:
    mapping = table(mc, "Products")
    records = by_identity(mc, "Products", "products")
    for item in HERE.items:
        facts = {"number": item.sku, "name": item.name, "active": item.active}
        said = mapping.inbound(records[item.identity])
        assert {name: said[name] for name in facts} == canonical(mapping, facts)
        assert Decimal(str(said["tax_rate"])) == item.vat_percent


def cents(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"), ROUND_HALF_UP)


def net(deal: Deal) -> Decimal:
    kept = 1 - deal.discount_percent / 100
    lines = [x.quantity * x.unit_price * kept * (1 - x.discount_percent / 100) for x in deal.lines]
    return sum(map(cents, lines), Decimal(0)) + deal.shipping_price


def test_invoices_say_what_the_world_says(mc: Any) -> None:
    mapping = table(mc, "Invoices")
    records = by_identity(mc, "Invoices", "invoices")
    payers = {who: id_ for id_, who in mc.control.identities("companies").items()}
    products = {who: id_ for id_, who in mc.control.identities("products").items()}
    deals = [deal for deal in HERE.deals if deal.status in {"open", "closed"} and deal.party]
    assert set(records) == {deal.identity for deal in deals}
    for deal in deals:
        said = mapping.inbound(records[deal.identity])
        assert said["number"] == deal.number
        assert said["customer"] == f"Companies:{payers[deal.party]}"
        assert said["date"] == deal.day.isoformat()
        assert Decimal(str(said["shipping"] or 0)) == deal.shipping_price
        total, tax = (Decimal(str(said[name])) for name in ("total", "tax_total"))
        assert total - tax == net(deal)
        lines = mapping.lines(records[deal.identity])["lines"]
        assert [line.properties["description"] for line in lines] == [
            CONCEPTS["order"].children["lines"].properties["description"].canonical(x.text)
            for x in deal.lines
        ]
        for line, fact in zip(lines, deal.lines, strict=True):
            assert Decimal(str(line.properties["quantity"])) == fact.quantity
            assert line.properties["sku"] == fact.sku
            known = f"Products:{products[fact.item]}" if fact.item else None
            assert line.properties["product"] == known
