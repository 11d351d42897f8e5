"""The ERP's paths, and the OpenAPI document that describes them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from talk_customerp import simulator_tables as tables
from talk_sdk.testing.openapi import document, page_schema
from talk_sdk.testing.service import Answer, Call, Route

if TYPE_CHECKING:
    from collections.abc import Sequence

    from talk_sdk.testing.fields import Table

BASE = "/erp/v1"
LISTING = {
    "page": "number of the page, from 1; sorted by id",
    "pageSize": "records a page, at most 500",
    "ids": "these records, separated by commas; missing ones are left out",
    "externalReference": "records with this reference",
}
MODIFIED_FROM = {"modifiedFrom": "modified at this local time or later, like 2026-11-01T10:05:00"}
TEXT, NUMBER = {"type": "string"}, {"type": "integer"}
LOCAL_TIME = {"type": "string", "description": "the company's local time, without zone"}
TYPES: tuple[tuple[str, str, Table, dict[str, str], dict[str, dict[str, str]]], ...] = (
    (
        "customers",
        "Customer",
        tables.CUSTOMER,
        {"email": "customers with this e-mail", "orgNo": "customers with this number"},
        {"customerId": NUMBER, "lastModified": LOCAL_TIME, "version": NUMBER},
    ),
    (
        "products",
        "Product",
        tables.PRODUCT,
        {"articleNo": "the product with this number"},
        {"productId": NUMBER, "version": NUMBER},
    ),
    (
        "orders",
        "Order",
        tables.ORDER,
        {
            "orderNo": "the order with this number",
            "shopOrderNo": "orders with this number of the shop",
            **MODIFIED_FROM,
        },
        {"orderId": NUMBER, "lastModified": LOCAL_TIME},
    ),
)


class Handlers(Protocol):
    """What answers the paths."""

    def company(self, call: Call) -> Answer:
        """`GET /company`."""

    def list(self, name: str, keys: Sequence[str], call: Call) -> Answer:
        """`GET /<collection>`."""

    def get(self, name: str, call: Call) -> Answer:
        """`GET /<collection>/<id>`."""

    def create(self, name: str, call: Call) -> Answer:
        """`POST /<collection>`."""

    def replace(self, name: str, call: Call) -> Answer:
        """`PUT /<collection>/<id>`."""


def describe(erp: Handlers) -> list[Route]:
    """All paths, that of the document among them."""
    routes = [Route("GET", f"{BASE}/company", "company", erp.company, "Company", gives="Company")]
    for collection, schema, _, filters, _ in TYPES:
        routes += _record_routes(erp, collection, schema, filters)
    body = msgspec.json.encode(
        document("Custom ERP", routes, _schemas(), {"type": "http", "scheme": "basic"})
    )
    published = partial(_publish, body)
    for path in ("/openapi.json", f"{BASE}/openapi.json"):
        routes.append(Route("GET", path, "openapi", published, "This document", public=True))
    return routes


def _publish(body: bytes, _call: Call) -> Answer:
    return Answer(200, body)


def _record_routes(erp: Handlers, name: str, schema: str, filters: dict[str, str]) -> list[Route]:
    many, one = f"{BASE}/{name}", f"{BASE}/{name}/<id>"
    keys = [key for key in filters if key not in MODIFIED_FROM]
    listing, get = partial(erp.list, name, keys), partial(erp.get, name)
    create, replace = partial(erp.create, name), partial(erp.replace, name)
    fields = f"{schema}Fields"
    return [
        Route(
            "GET", many, name, listing, f"List {name} by id", {**LISTING, **filters},
            gives=f"{schema}Page", lists=True,
        ),
        Route(
            "POST", many, name, create, f"Create one of the {name}", sends=fields, gives=schema,
            success=201,
        ),
        Route("GET", one, name, get, f"One of the {name}", gives=schema),
        Route(
            "PUT", one, name, replace, "Replace the record; what is left out becomes null",
            sends=fields, gives=schema,
        ),
    ]  # fmt: skip


def _schemas() -> dict[str, dict[str, Any]]:
    company = ("companyId", "name", "timeZone", "currency", "language", "serverTime")
    detail = {"type": "object", "properties": {"field": TEXT, "problem": TEXT}}
    schemas: dict[str, dict[str, Any]] = {
        "Company": {
            "type": "object",
            "properties": dict.fromkeys(company, TEXT) | {"permissions": {"type": "object"}},
        },
        "Error": {
            "type": "object",
            "properties": {"message": TEXT, "details": {"type": "array", "items": detail}},
        },
    }
    for _, name, table, _, stamps in TYPES:
        schemas |= _record_schemas(name, table, stamps)
    return schemas


def _record_schemas(
    name: str, table: Table, stamps: dict[str, dict[str, str]]
) -> dict[str, dict[str, Any]]:
    fields = table.json_schema()
    own = fields["properties"]
    kept = {key: schema | {"readOnly": True} for key, schema in stamps.items()}
    sent = {**own, "version": NUMBER} if "version" in stamps else own
    pages = dict.fromkeys(("page", "pageSize", "total"), NUMBER)
    return {
        name: {**fields, "properties": {**kept, **own}},
        f"{name}Fields": {**fields, "properties": sent},
        f"{name}Page": page_schema(name, "items", **pages),
    }
