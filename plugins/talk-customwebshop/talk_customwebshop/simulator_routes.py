"""The webshop's paths, and the OpenAPI document that describes them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from talk_customwebshop import simulator_tables as tables
from talk_sdk.testing.openapi import document, page_schema
from talk_sdk.testing.service import Answer, Call, Route

if TYPE_CHECKING:
    from collections.abc import Sequence

    from talk_sdk.testing.fields import Table

BASE = "/api"
KEY_HEADER = {"Idempotency-Key": "the same key within 24 hours gives the original answer again"}
LISTING = {
    "updated_since": "modified at this time or later, to the second",
    "limit": "records a page, at most 200",
    "cursor": "next_cursor of the page before",
    "ids": "these records, at most 100, separated by commas; missing ones are left out",
}
TYPES = (
    ("customers", "Customer", tables.CUSTOMER, ("email", "vat_no")),
    ("products", "Product", tables.PRODUCT, ("sku",)),
    ("orders", "Order", tables.ORDER, ("number",)),
)


class Handlers(Protocol):
    """What answers the paths."""

    def account(self, call: Call) -> Answer:
        """`GET /shop`."""

    def list(self, name: str, keys: Sequence[str], call: Call) -> Answer:
        """`GET /<collection>`."""

    def get(self, name: str, call: Call) -> Answer:
        """`GET /<collection>/<id>`."""

    def create(self, name: str, call: Call) -> Answer:
        """`POST /<collection>`."""

    def patch(self, name: str, call: Call) -> Answer:
        """`PATCH /<collection>/<id>`."""

    def delete(self, name: str, call: Call) -> Answer:
        """`DELETE /<collection>/<id>`."""

    def adjust(self, call: Call) -> Answer:
        """`POST /products/<id>/stock`."""


def describe(shop: Handlers) -> list[Route]:
    """All paths, that of the document among them."""
    routes = [
        Route("GET", f"{BASE}/shop", "shop", shop.account, "The account", gives="Shop"),
        Route(
            "POST",
            f"{BASE}/products/<id>/stock",
            "products",
            shop.adjust,
            "Move the stock by a difference",
            headers=KEY_HEADER,
            sends="StockChange",
            gives="Product",
        ),
    ]
    for collection, schema, _, keys in TYPES:
        routes += _record_routes(shop, collection, schema, keys)
    body = msgspec.json.encode(
        document("Custom webshop", routes, _schemas(), {"type": "http", "scheme": "bearer"})
    )
    published = partial(_publish, body)
    summary = "This document"
    for path in ("/openapi.json", f"{BASE}/openapi.json"):
        routes.append(Route("GET", path, "openapi", published, summary, public=True))
    return routes


def _publish(body: bytes, _call: Call) -> Answer:
    return Answer(200, body)


def _record_routes(shop: Handlers, name: str, schema: str, keys: Sequence[str]) -> list[Route]:
    many, one = f"{BASE}/{name}", f"{BASE}/{name}/<id>"
    get, patch = partial(shop.get, name), partial(shop.patch, name)
    create, delete = partial(shop.create, name), partial(shop.delete, name)
    listing = partial(shop.list, name, keys)
    filters = {**LISTING, **{key: f"records with this {key}" for key in keys}}
    match_header = {"If-Match": "the ETag last seen; 412 if the record has changed since"}
    return [
        Route(
            "GET", many, name, listing, f"List {name} by time", filters,
            gives=f"{schema}Page", lists=True,
        ),
        Route(
            "POST", many, name, create, f"Create one of the {name}", headers=KEY_HEADER,
            sends=f"{schema}Fields", gives=schema, success=201,
        ),
        Route("GET", one, name, get, f"One of the {name}", gives=schema),
        Route(
            "PATCH", one, name, patch, "Change what is sent, null clears (RFC 7396)",
            headers=match_header, sends=f"{schema}Changes", gives=schema,
        ),
        Route(
            "DELETE", one, name, delete, f"Delete one of the {name}", headers=match_header,
            success=204,
        ),
    ]  # fmt: skip


def _schemas() -> dict[str, dict[str, Any]]:
    text, instant = {"type": "string"}, {"type": "string", "format": "date-time"}
    schemas: dict[str, dict[str, Any]] = {
        "Shop": {
            "type": "object",
            "properties": {
                "id": text,
                "name": text,
                "time": instant,
                "scopes": {"type": "array", "items": text},
            },
        },
        "StockChange": {
            "type": "object",
            "properties": {"delta": {"type": "integer"}},
            "required": ["delta"],
        },
        "Error": {
            "type": "object",
            "properties": {
                "error": {
                    "type": "object",
                    "properties": {
                        "code": text,
                        "message": text,
                        "field": {"type": ["string", "null"]},
                    },
                }
            },
        },
    }
    stamps = {"id": text, "etag": text, "created_at": instant, "updated_at": instant}
    for _, name, table, _ in TYPES:
        schemas |= _record_schemas(name, table, stamps)
    return schemas


def _record_schemas(
    name: str, table: Table, stamps: dict[str, dict[str, str]]
) -> dict[str, dict[str, Any]]:
    fields = table.json_schema()
    kept = {key: schema | {"readOnly": True} for key, schema in stamps.items()}
    return {
        name: {**fields, "properties": {**kept, **fields["properties"]}},
        f"{name}Fields": fields,
        f"{name}Changes": {"type": "object", "properties": fields["properties"]},
        f"{name}Page": page_schema(name, "data", next_cursor={"type": ["string", "null"]}),
    }
