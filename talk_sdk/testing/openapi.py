"""The OpenAPI 3.1 document of a twin, made from its routes and field tables."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from talk_sdk.testing.service import Route


def document(
    title: str,
    routes: Sequence[Route],
    schemas: Mapping[str, Mapping[str, Any]],
    security: Mapping[str, Any],
) -> dict[str, Any]:
    """The document.

    Args:
        title: The API's name.
        routes: Its paths; `sends` and `gives` name schemas.
        schemas: Name -> JSON schema.
        security: The one security scheme.
    """
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        path = re.sub(r"<(\w+)>", r"{\1}", route.path)
        paths.setdefault(path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": "1.0.0"},
        "paths": paths,
        "security": [{"default": []}],
        "components": {"schemas": dict(schemas), "securitySchemes": {"default": dict(security)}},
    }


def page_schema(record: str, items: str, **others: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of a page: the list of records under `items`, and what stands beside it."""
    listed = {"type": "array", "items": {"$ref": f"#/components/schemas/{record}"}}
    return {"type": "object", "properties": {items: listed, **others}, "required": [items, *others]}


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": route.summary,
        "parameters": _parameters(route),
        "responses": {
            str(route.success): _answer(route),
            "default": {
                "description": "Refused",
                "content": _content("Error"),
            },
        },
    }
    if route.sends is not None:
        operation["requestBody"] = {"required": True, "content": _content(route.sends)}
    if route.public:
        operation["security"] = []
    return operation


def _answer(route: Route) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": HTTPStatus(route.success).phrase}
    if route.gives is not None:
        answer["content"] = _content(route.gives)
    return answer


def _content(schema: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}


def _parameters(route: Route) -> list[dict[str, Any]]:
    found = [_parameter(name, "path") for name in re.findall(r"<(\w+)>", route.path)]
    found += [_parameter(name, "query", note) for name, note in route.query.items()]
    return found + [_parameter(name, "header", note) for name, note in route.headers.items()]


def _parameter(name: str, place: str, note: str = "") -> dict[str, Any]:
    parameter: dict[str, Any] = {"name": name, "in": place, "schema": {"type": "string"}}
    if place == "path":
        parameter["required"] = True
    if note:
        parameter["description"] = note
    return parameter
