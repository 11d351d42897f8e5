"""The twin and the connector over it, in this process and on a virtual clock.

Every request and every answer is checked against the API's description, where that is at hand.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from talk_sdk.testing.transport import WsgiTransport

SPEC = Path(__file__).parents[4] / "shared" / "specs" / "membercare.openapi.json"
BASE = "/api/v1"


class Specification:
    """The API's description; says of an exchange what does not fit."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self._defs = {
            name: _json_schema(schema) for name, schema in document["components"]["schemas"].items()
        }
        self._paths = [
            (re.compile(re.sub(r"\{\w+\}", "[^/]+", path) + "$"), path.count("{"), operations)
            for path, operations in document["paths"].items()
        ]

    def check(self, request: httpx.Request, answer: httpx.Response) -> None:
        operation = self._operation(request)
        if operation is None:
            assert answer.status_code in {404, 405}, f"{request.method} {request.url.path}"
            return
        known = {p["name"] for p in operation.get("parameters", ()) if p["in"] == "query"}
        assert set(request.url.params) <= known, f"{request.url} has an unknown parameter"
        if answer.status_code < 400:
            self._check_sent(request, operation)
        self._check_answer(answer, operation)

    def _operation(self, request: httpx.Request) -> Any:
        path = request.url.path.removeprefix(BASE)
        found = [(holes, ops) for rule, holes, ops in self._paths
                 if rule.match(path) and request.method.lower() in ops]  # fmt: skip
        return min(found, key=lambda each: each[0])[1][request.method.lower()] if found else None

    def _check_sent(self, request: httpx.Request, operation: Any) -> None:
        body = operation.get("requestBody")
        if body is None:
            assert not request.content, f"{request.method} {request.url.path} takes no body"
            return
        schema = body["content"]["application/json"]["schema"]
        self._validate(json.loads(request.content), schema, f"sent to {request.url.path}")

    def _check_answer(self, answer: httpx.Response, operation: Any) -> None:
        kind = answer.headers.get("Content-Type", "")
        if answer.status_code in {401, 403, 429, 503} or not kind.startswith("application/json"):
            return
        success = answer.status_code < 300
        told = operation["responses"].get("200" if success else str(answer.status_code))
        told = told or operation["responses"].get("default")
        assert told is not None, f"{answer.request.url} answered {answer.status_code}"
        if "$ref" in told:
            told = self._document["components"]["responses"][told["$ref"].rpartition("/")[2]]
        content = told.get("content", {}).get("application/json")
        if content is None:
            assert not answer.content, f"{answer.request.url} answers no body"
            return
        self._validate(answer.json(), content["schema"], f"answered by {answer.request.url}")

    def _validate(self, value: Any, schema: Any, what: str) -> None:
        whole = {**_json_schema(schema), "$defs": self._defs}
        for error in Draft202012Validator(whole).iter_errors(value):
            raise AssertionError(f"{what}: {error.json_path}: {error.message[:300]}")


def _json_schema(schema: Any) -> Any:
    """OpenAPI 3.0 as JSON Schema; an object has the properties that are told and no others."""
    if isinstance(schema, list):
        return [_json_schema(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return {"anyOf": [{"$ref": f"#/$defs/{name}"}, {"type": "null"}]}
    found = {
        key: value if key in {"enum", "pattern", "required"} else _json_schema(value)
        for key, value in deepcopy(schema).items()
        if not key.startswith("x-") and key not in {"nullable", "readOnly", "description"}
    }
    if "properties" in schema:
        found["properties"] = {n: _json_schema(s) for n, s in schema["properties"].items()}
        found.setdefault("additionalProperties", False)
    if schema.get("nullable") and "type" in found:
        found["type"] = [found["type"], "null"]
    return found


@cache
def specification() -> Specification | None:
    if not SPEC.exists():
        return None
    return Specification(json.loads(SPEC.read_text(encoding="utf-8")))


class CheckedTransport(WsgiTransport):
    """A transport onto the twin that checks what passes."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = super().handle_request(request)
        answer.read()
        answer.request = request
        spec = specification()
        if spec is not None and not self.lenient:
            spec.check(request, answer)
        return answer

    lenient = False


@pytest.fixture
def checked() -> Callable[..., CheckedTransport]:
    """Makes transports that check what passes."""
    return CheckedTransport


@pytest.fixture
def clients() -> Iterator[list[httpx.Client]]:
    """Clients that are closed at the end."""
    found: list[httpx.Client] = []
    yield found
    for each in found:
        each.close()
