"""The executable schema: Wave's types with their scalars and resolvers, made once a process."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

from graphql import GraphQLInterfaceType, GraphQLObjectType, GraphQLSchema, build_schema

from talk_sdk.testing.kinds import as_decimal
from talk_wave.simulator_billing import BILLING
from talk_wave.simulator_mutations import MUTATIONS
from talk_wave.simulator_queries import BUSINESS, QUERY
from talk_wave.simulator_types import TYPES

_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@cache
def schema() -> GraphQLSchema:
    """The schema; it holds no records, so that all twins share it."""
    made = build_schema((files("talk_wave") / "schema.graphql").read_text("utf-8"))
    for name, parse in (("Decimal", _decimal), ("Date", _date), ("DateTime", _time)):
        scalar: Any = made.type_map[name]
        # The second name is the one that graphql-core has from 3.3.
        scalar.parse_value = scalar.coerce_input_value = parse
    roots = {"Query": QUERY, "Business": BUSINESS, "Mutation": {**MUTATIONS, **BILLING}}
    for kind, resolvers in {**TYPES, **roots}.items():
        holder = made.type_map[kind]
        assert isinstance(holder, GraphQLObjectType)  # noqa: S101 - narrows the type
        for field, resolver in resolvers.items():
            holder.fields[field].resolve = resolver
    discount = made.type_map["InvoiceDiscount"]
    assert isinstance(discount, GraphQLInterfaceType)  # noqa: S101 - narrows the type
    discount.resolve_type = _discount_type
    return made


def _discount_type(value: Any, _info: Any, _type: Any) -> str:
    return (
        "FixedInvoiceDiscount" if value["discountType"] == "FIXED" else "PercentageInvoiceDiscount"
    )


def _decimal(raw: Any) -> Decimal:
    if isinstance(raw, str) and not _NUMBER.fullmatch(raw):
        raise ValueError(f"Decimal cannot represent value: {raw!r}")
    return as_decimal(raw)


def _date(raw: Any) -> str:
    day: date = _parsed(raw, _DAY.fullmatch, date.fromisoformat)
    return day.isoformat()


def _time(raw: Any) -> datetime:
    instant: datetime = _parsed(raw, lambda text: "T" in text, datetime.fromisoformat)
    if instant.tzinfo is None:
        raise ValueError(f"A time with its zone is expected: {raw!r}")
    return instant


def _parsed(raw: Any, fits: Callable[[str], Any], parse: Callable[[str], Any]) -> Any:
    if not isinstance(raw, str) or not fits(raw):
        raise ValueError(f"Not in the form of ISO 8601: {raw!r}")
    return parse(raw)
