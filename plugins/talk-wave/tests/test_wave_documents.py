"""Every document and every variable that the connector sends fits Wave's schema."""

from __future__ import annotations

from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from graphql import build_schema, parse, validate
from graphql.language import OperationDefinitionNode
from graphql.utilities import coerce_input_value
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from talk_wave import documents, shapes
from talk_wave.codes import COUNTRIES, CURRENCIES

from talk_sdk.rest import effect_of

TEXT = files("talk_wave").joinpath("schema.graphql").read_text("utf-8")
SCHEMA = build_schema(TEXT)
PUBLISHED = Path(__file__).parents[4] / "shared" / "specs" / "wave.graphql"

ALL = {
    "open": documents.OPEN,
    "names": documents.PRODUCT_NAMES,
    "find": documents.FIND_CUSTOMERS,
    "archive": documents.ARCHIVE,
    **{f"page of {entity}": documents.page_of(entity) for entity in documents.ROOTS},
    **{f"{n} of {e}": documents.one_of_each(e, n) for e in documents.ROOTS for n in (1, 2, 20)},
    **{f"create {entity}": text for entity, text in documents.CREATE.items()},
    **{f"delete {entity}": text for entity, text in documents.DELETE.items()},
    **{f"patch {entity}": text for entity, text in documents.PATCH.items()},
}
WRITES = {name for name in ALL if name.split()[0] in {"create", "delete", "patch", "archive"}}


@pytest.mark.parametrize("name", ALL)
def test_a_document_is_valid_and_tells_whether_it_writes(name: str) -> None:
    parsed = parse(ALL[name])
    assert validate(SCHEMA, parsed) == []
    operations = [d for d in parsed.definitions if isinstance(d, OperationDefinitionNode)]
    assert len(operations) == 1
    assert effect_of(ALL[name]) == ("write" if name in WRITES else "read")


def test_the_schema_is_the_one_that_was_gathered() -> None:
    if not PUBLISHED.exists():
        pytest.skip("the gathered schema is not beside this checkout")
    assert PUBLISHED.read_text("utf-8") == TEXT


def test_no_document_asks_for_what_breaks_the_answer_or_is_about_to_go() -> None:
    """`archivable` empties whole reads; `price`, `internalId` and `raw` are deprecated."""
    for text in ALL.values():
        words = set(text.replace("{", " ").replace("}", " ").split())
        assert not words & {"archivable", "price", "internalId", "raw"}


def test_codes_are_those_of_the_schema() -> None:
    types: Any = SCHEMA.type_map
    assert set(types["CurrencyCode"].values) == CURRENCIES
    assert set(types["CountryCode"].values) == COUNTRIES


# --- variables ------------------------------------------------------------------------------------

words = st.none() | st.text(max_size=8)
address = st.none() | st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("addressLine1", "addressLine2", "city", "postalCode"), words),
        "province": st.none() | st.fixed_dictionaries({"code": st.sampled_from(["NO-50", None])}),
        "country": st.none() | st.fixed_dictionaries({"code": st.sampled_from(["NO", "SE", None])}),
    },
)
shipping = st.none() | st.fixed_dictionaries(
    {}, optional={**dict.fromkeys(("name", "phone", "instructions"), words), "address": address}
)
customers = st.fixed_dictionaries(
    {"name": st.text(max_size=8)},
    optional={
        **dict.fromkeys(("firstName", "displayId", "email", "phone", "fax", "website"), words),
        "internalNotes": words,
        "currency": st.fixed_dictionaries({"code": st.sampled_from(["NOK", None])}),
        "address": address,
        "shippingDetails": shipping,
    },
)
numbers = st.decimals(0, 10**6, places=8).map("{:f}".format)
lines = st.fixed_dictionaries(
    {"product": st.just({"id": "QQ=="})},
    optional={
        "description": words,
        "quantity": st.none() | numbers,
        "unitPrice": st.none() | numbers,
        "taxes": st.lists(st.just({"salesTax": {"id": "QQ=="}}), max_size=2),
    },
)
freights = st.fixed_dictionaries(
    {"product": st.just({"id": "Rg=="}), "quantity": numbers, "unitPrice": numbers}
)
contents = st.fixed_dictionaries(
    {"items": st.lists(lines, max_size=3)},
    optional={"shipping": st.none() | numbers, "freight": st.lists(freights, max_size=2)},
)
invoices = st.fixed_dictionaries(
    {"customer": st.just({"id": "QQ=="})},
    optional={
        **dict.fromkeys(("poNumber", "title", "memo", "invoiceNumber"), words),
        "status": st.sampled_from(["DRAFT", "SAVED"]),
        "currency": st.just({"code": "NOK"}),
        "invoiceDate": st.just("2026-11-01"),
        "discounting": st.fixed_dictionaries({"percent": st.none() | numbers}),
        "content": contents,
    },
)
LAWS = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def fits(input_type: str, value: Any) -> None:
    coerce_input_value(value, SCHEMA.type_map[input_type])  # type: ignore[arg-type]


@LAWS
@given(customers)
def test_a_customer_fits_what_is_written(body: dict[str, Any]) -> None:
    fits("CustomerCreateInput", {**shapes.customer_out(body, create=True), "businessId": "QQ=="})
    fits("CustomerPatchInput", {**shapes.customer_out(body, create=False), "id": "QQ=="})


@LAWS
@given(customers, customers)
def test_empty_texts_in_place_of_null_fit_too(body: dict[str, Any], stored: Any) -> None:
    sent = shapes.customer_out(body, create=False)
    again = shapes.emptied(sent, stored)
    if again is not None:
        fits("CustomerPatchInput", {**again, "id": "QQ=="})
        assert {name: value for name, value in again.items() if value != ""} \
            .keys() <= sent.keys()  # fmt: skip


@LAWS
@given(invoices)
def test_an_invoice_fits_what_is_written(body: dict[str, Any]) -> None:
    sent = shapes.invoice_out(body, "Rg==", create=True)
    fits("InvoiceCreateInput", {**sent, "businessId": "QQ=="})
    sent = shapes.invoice_out(body, "Rg==", create=False)
    fits("InvoicePatchInput", {**sent, "id": "QQ=="})


products = st.fixed_dictionaries(
    {"name": st.text(max_size=5), "unitPrice": numbers},
    optional={"description": words, "isArchived": st.booleans()},
)


@LAWS
@given(products)
def test_a_product_fits_what_is_written(body: dict[str, Any]) -> None:
    sent = shapes.product_out(body)
    fits("ProductCreateInput", {**sent, "businessId": "QQ==", "incomeAccountId": "QQ=="})
    fits("ProductPatchInput", {**sent, "id": "QQ=="})


def stored(sent: dict[str, Any]) -> dict[str, Any]:
    """What Wave shows of an invoice that was written."""
    return {
        "status": "SAVED",
        "amountPaid": {"value": "0.00"},
        "discounts": [
            {"__typename": "PercentageInvoiceDiscount", "percentage": d["percentage"]}
            for d in sent.get("discounts", [])
        ],
        "items": [
            {
                "product": {"id": item["productId"]},
                "description": item.get("description"),
                "quantity": item.get("quantity", "1"),
                "unitPrice": item.get("unitPrice", "0"),
                "taxes": [{"salesTax": {"id": t["salesTaxId"]}} for t in item.get("taxes", [])],
            }
            for item in sent.get("items", [])
        ],
    }


@LAWS
@given(invoices)
def test_what_is_written_of_an_invoice_is_read_again(body: dict[str, Any]) -> None:
    """Lines and shipping stand in one list on the wire, and come apart again."""
    content = body.get("content", {"items": []})
    read = shapes.invoice_in(stored(shapes.invoice_out(body, "Rg==", create=True)), "Rg==")
    assert len(read["content"]["items"]) == len(content["items"])
    for line, item in zip(content["items"], read["content"]["items"], strict=True):
        assert item["description"] == line.get("description")
        assert item["quantity"] == (line.get("quantity") or "1")
    said, shown = content.get("shipping"), read["content"]["shipping"]
    assert (shown is None) == (said is None)
    assert said is None or Decimal(shown) == Decimal(said)
