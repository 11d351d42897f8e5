"""Laws of what stands between MemberCare's records and the tables: lenses, dated rows, lines."""

from __future__ import annotations

import random
from collections import Counter
from contextlib import suppress
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from talk_membercare import dated, invoicing
from talk_membercare.lenses import placed, priced_shipping
from talk_membercare.mappings import mappings
from talk_membercare.settings import MemberCareSettings

from talk_sdk.errors import MappingError
from talk_sdk.mapping import Compiled, compile_mapping

LAWS = settings(deadline=None, max_examples=200)
TODAY = "2026-11-01"
SETTINGS = MemberCareSettings.model_validate(
    {
        "base_url": "http://mc.test/api/v1", "client_api_key": "x", "person": "2",
        "order_dimension": "dimension5", "line_product": "DIVERSE", "shipping_product": "FRAKT",
    }
)  # fmt: skip
texts = st.one_of(st.none(), st.text(st.characters(codec="utf-8", categories=["L", "N"]),
                                     min_size=1, max_size=12))  # fmt: skip
days = st.sampled_from([f"2026-{month:02d}-{day:02d}" for month in (9, 10, 11) for day in
                        (1, 2, 28)])  # fmt: skip


def table(entity: str) -> Compiled:
    return next(c for c in map(compile_mapping, mappings(SETTINGS)) if c.entity == entity)


# --- lenses ---------------------------------------------------------------------------------------


@LAWS
@given(texts, texts, texts)
def test_a_part_of_an_address_stands_only_with_its_place(value: Any, code: Any, land: Any) -> None:
    lens = placed("billing_address.postal_code", "billing_address.country")
    assert lens.get(value, code, land) == (value if code and land else None)
    if code and land:
        assert lens.get(lens.put(value, code, land), code, land) == value
    else:
        with pytest.raises(ValueError, match="only with a country and a postal code"):
            lens.put(value, code, land)


@LAWS
@given(st.decimals(0, 10**6, places=2), st.sampled_from(["FRAKT", None]))
def test_shipping_reads_as_it_was_written_or_cannot_be_said(value: Decimal, product: Any) -> None:
    lens = priced_shipping(product)
    try:
        wire = lens.put(value)
    except ValueError:
        assert product is None
        assert value
        return
    assert (None if wire is None else lens.get(wire)) == (value or None)


def test_a_companys_table_reads_what_it_writes() -> None:
    reached: Counter[str] = Counter()
    mapping = table("Companies")
    drawn = st.fixed_dictionaries({
        "billing_address.country": st.sampled_from(["NO", "SE", None]),
        **dict.fromkeys(
            (f"billing_address.{n}" for n in ("postal_code", "city", "line1", "line2")), texts
        ),
    })  # fmt: skip

    @LAWS
    @given(drawn)
    def law(values: dict[str, Any]) -> None:
        kept: dict[str, Any] = {}
        for name, value in values.items():
            with suppress(MappingError):
                kept[name] = mapping.render(name, value, {**values, **kept})
        again = mapping.inbound(mapping.outbound(kept, kept))
        assert {n: v for n, v in again.items() if n in kept} == kept
        assert {n for n, v in values.items() if v is not None} <= set(kept) or not all(
            values[f"billing_address.{name}"] for name in ("country", "postal_code")
        )
        reached.update(name for name, value in again.items() if value is not None)

    law()
    assert len(reached) == 5


# --- dated rows -----------------------------------------------------------------------------------

rows = st.lists(
    st.fixed_dictionaries({
        "type": st.sampled_from([1, 2, 3]), "value": st.integers(0, 99).map(str),
        "start": days.map(lambda day: f"{day}T00:00:00"),
        "end": st.one_of(st.none(), days.map(lambda day: f"{day}T00:00:00")),
    }),
    max_size=8,
).map(lambda found: [{**row, "id": place} for place, row in enumerate(found)])  # fmt: skip


@LAWS
@given(rows, st.randoms(use_true_random=False))
def test_the_order_in_which_rows_come_says_nothing(found: list[Any], rng: random.Random) -> None:
    mixed = list(found)
    rng.shuffle(mixed)
    assert dated.contacts_in(mixed, TODAY) == dated.contacts_in(found, TODAY)


@LAWS
@given(rows, st.fixed_dictionaries({"email": texts, "phone": texts}))
def test_what_is_added_holds_from_today_on_whatever_was_there(
    found: list[Any], contact: dict[str, Any]
) -> None:
    added = dated.contacts_out(contact, TODAY)
    later = [{**row, "id": 100 + place} for place, row in enumerate(added)]
    before, after = (dated.contacts_in(r, TODAY) for r in (found, [*found, *later]))
    assert after == {**before, **{n: v for n, v in contact.items() if v is not None}}


PARTS = ("street", "number", "letter", "floor", "suite", "location", "attention", "careOf",
         "postOfficeBox")  # fmt: skip
parts = st.fixed_dictionaries(dict.fromkeys(PARTS, texts))
PLACE = {"country": {"id": 500, "iso2Letter": "NO"}, "postalCode": {"id": 1, "zipCode": "0155"}}


@LAWS
@given(parts, texts)
def test_an_address_that_is_written_back_is_the_same_and_a_new_line_is_a_street(
    said: dict[str, Any], line: Any
) -> None:
    row = {**said, **PLACE, "id": 7, "addressType": 1, "start": "2026-01-01T00:00:00"}
    read = dated.address_in([row], (0, 1), TODAY)
    assert read is not None
    same = dated.address_out(read, PLACE, 1, TODAY)
    assert {name: same[name] for name in said} == said
    moved = dated.address_out({**read, "line": line}, PLACE, 1, TODAY)
    again = dated.address_in([{**moved, "id": 8}], (0, 1), TODAY)
    assert again is not None
    assert again["line"] == line
    assert (again["careOf"], again["attention"]) == (said["careOf"], said["attention"])


# --- invoices -------------------------------------------------------------------------------------

lines = st.lists(
    st.fixed_dictionaries({
        "description": st.sampled_from(["Stol", "Bord"]), "sku": st.sampled_from(["S-1", "S-2"]),
        "quantity": st.sampled_from([1, 2, Decimal("0.5"), 12]),
        "unitPrice": st.decimals(0, 10_000, places=2), "vatPercent": st.sampled_from([0, 15, 25]),
        "discountPercent": st.sampled_from([None, 0, 10, Decimal("12.5")]),
    }),
    min_size=1, max_size=4,
)  # fmt: skip


def bought(found: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    body = {"payer": {"company": "1001"}, "lines": found, "orderNumber": "O-1", **more}
    rates = dict(enumerate(Decimal(line["vatPercent"]) for line in found))
    return invoicing.purchase_out(body, "k", SETTINGS, {**rates, len(found): Decimal(25)})


def billed(sent: dict[str, Any]) -> dict[str, Any]:
    """The invoice that a purchase becomes, written by hand."""
    return {
        "id": 1, "source": 5, "payer": {"debtorAccountNumber": "1001", "memberType": 2},
        "invoiceItems": [
            {
                "description": line["description"], "quantity": line["amount"],
                "unitPrice": (line["totalPriceWithoutVat"] / Decimal(line["amount"])).quantize(
                    Decimal("0.01"), ROUND_HALF_UP),
                "totalPrice": line["totalPriceWithoutVat"], "totalVat": line["totalVat"],
                "financeDimensions": line["financeDimensions"], "sequence": line["sequence"],
            }
            for line in reversed(sent["externalPurchaseItems"])
        ],
    }  # fmt: skip


@LAWS
@given(lines, st.sampled_from([None, 0, 5]), st.sampled_from([None, Decimal("99.50")]))
def test_an_invoice_says_what_the_order_costs(
    found: list[dict[str, Any]], discount: Any, shipping: Any
) -> None:
    sent = bought(found, discountPercent=discount, shipping=shipping)
    invoice = billed(sent)
    assert invoicing.alike(sent, invoice)
    read = invoicing.invoice_in(invoice, SETTINGS, lambda _: None)
    left = 1 - Decimal(discount or 0) / 100
    net = sum(
        (Decimal(line["quantity"]) * line["unitPrice"] * left
         * (1 - Decimal(line["discountPercent"] or 0) / 100)).quantize(
            Decimal("0.01"), ROUND_HALF_UP)
        for line in found
    )  # fmt: skip
    assert read["total"] - read["taxTotal"] == net + (shipping or 0)
    assert (read["shipping"], read["orderNumber"]) == (shipping, "O-1")
    assert [line["description"] for line in read["lines"]] == [x["description"] for x in found]
    # Of a few cents no rate can be told.
    dear = [
        (line["vatPercent"], x["vatPercent"])
        for line, x in zip(read["lines"], found, strict=True)
        if line["quantity"] * line["unitPrice"] >= 100
    ]
    assert all(told == rate for told, rate in dear)


@LAWS
@given(lines, st.data())
def test_an_invoice_that_differs_in_a_line_is_another_one(
    found: list[dict[str, Any]], data: Any
) -> None:
    sent = bought(found)
    invoice = billed(sent)
    field, value = data.draw(st.sampled_from(
        [("description", "Lampe"), ("quantity", 99), ("totalPrice", Decimal("0.01") + 10**6),
         ("totalVat", Decimal(10**6)), ("financeDimensions", {"productIdentification": "S-9"})]
    ))  # fmt: skip
    item = data.draw(st.sampled_from(invoice["invoiceItems"]))
    item[field] = value
    assert not invoicing.alike(sent, invoice)
    assert not invoicing.alike(sent, {**billed(sent), "source": 2})
    assert not invoicing.alike(sent, {**invoice, "invoiceItems": invoice["invoiceItems"][1:]})
