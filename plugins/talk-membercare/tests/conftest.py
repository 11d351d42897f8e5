"""The twin and the connector over it, in this process and on a virtual clock.

Every request and every answer is checked against the API's description, where that is at hand.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
import talk_membercare as hooks
from jsonschema import Draft202012Validator
from talk_membercare.settings import MemberCareSettings

from talk_sdk.http import Http
from talk_sdk.operations import Operation, Outcome, Page, Raw, Session, Simulator
from talk_sdk.testing.clock import VirtualClock
from talk_sdk.testing.control import LocalControl, local_control
from talk_sdk.testing.faults import Fault, Faults
from talk_sdk.testing.neutral import World
from talk_sdk.testing.transport import WsgiTransport
from talk_sdk.testing.world import awkward_world

SPEC = Path(__file__).parents[4] / "shared" / "specs" / "membercare.openapi.json"
BASE = "/api/v1"
COLLECTIONS = {"Companies": "companies", "Persons": "persons", "Invoices": "invoices",
               "Products": "products", "Organizations": "organizations"}  # fmt: skip


class Specification:
    """The API's description; says of an exchange what does not fit."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self._validators: dict[str, Any] = {}
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
        try:
            value = answer.json()
        except ValueError:
            return  # cut on the way, as a fault has it
        if isinstance(value, dict) and isinstance(value.get("result"), list):
            value["result"] = value["result"][:5]  # the others are of the same make
        self._validate(value, content["schema"], f"answered by {answer.request.url}")

    def _validate(self, value: Any, schema: Any, what: str) -> None:
        key = json.dumps(schema, sort_keys=True)
        if key not in self._validators:
            whole = {**_json_schema(schema), "$defs": self._defs}
            self._validators[key] = Draft202012Validator(whole)
        for error in self._validators[key].iter_errors(value):
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


@dataclass
class MemberCare:
    """A session with everything around it."""

    twin: Simulator
    clock: VirtualClock
    settings: MemberCareSettings
    http: Http
    session: Session
    control: LocalControl

    def faults(self, *faults: Fault) -> None:
        self.control.faults(faults)

    def pages(self, entity: str, since: str | None = None) -> list[Page]:
        return list(hooks.talk_read(self.session, entity, since))

    def records(self, entity: str, since: str | None = None) -> list[Raw]:
        return [r for page in self.pages(entity, since) for r in page.records]

    def ids(self, entity: str, since: str | None = None) -> list[str]:
        (key,) = [e.id for e in hooks.talk_entities(self.settings) if e.name == entity]
        return [str(r[key]) for r in self.records(entity, since)]

    def known(self, entity: str) -> list[str]:
        """The ids that there are."""
        return list(self.control.identities(COLLECTIONS[entity]))

    def get(self, entity: str, *ids: str) -> dict[str, Raw]:
        return dict(hooks.talk_get(self.session, entity, ids))

    def one(self, entity: str, id_: str) -> Raw:
        return self.get(entity, id_)[id_]

    def find(self, entity: str, key: str, *values: str) -> list[Raw]:
        return list(hooks.talk_find(self.session, entity, key, values))

    def write(self, kind: Any, entity: str, **more: Any) -> Outcome:
        values: dict[str, Any] = {"id": None, "changes": (), "reason": "", "key": "k-1"}
        if kind == "create":
            values["marker"] = "w:g"
        operation = Operation("mc", entity, kind, "x:1", **(values | more))
        (outcome,) = hooks.talk_write(self.session, [operation])
        return outcome

    def made(self, entity: str, marker: str = "w:g", **body: Any) -> Raw:
        """A record that the connector has created."""
        outcome = self.write("create", entity, body=body, marker=marker)
        assert outcome.kind == "stored", outcome.reason
        assert outcome.record is not None
        return outcome.record

    def changed(self, entity: str, id_: str, **body: Any) -> Raw:
        """A record that the connector has changed."""
        outcome = self.write("update", entity, id=id_, body=body)
        assert outcome.kind == "stored", outcome.reason
        assert outcome.record is not None
        return outcome.record

    def requests(self) -> int:
        return sum(sum(by.values()) for by in self.control.counters()["requests"].values())


def opened(
    *, world: World | None = None, writes: bool = True, switches: dict[str, Any] | None = None,
    **settings: Any,
) -> MemberCare:  # fmt: skip
    clock, faults = VirtualClock(), Faults()
    twin = hooks.talk_simulator(world or World((), (), ()), clock, faults)
    for name, value in (switches or {}).items():
        faults.switch(name, value)
    given = {"base_url": f"http://mc.test{BASE}", **twin.settings, **settings}
    chosen = MemberCareSettings.model_validate(given)
    http = Http(
        "mc", clock=clock, rng=random.Random(0), writes=writes,
        transport=lambda: CheckedTransport(twin.app, clock),
    )  # fmt: skip
    session = hooks.talk_open(chosen, http)
    return MemberCare(twin, clock, chosen, http, session, local_control(twin))


@pytest.fixture
def open_mc() -> Iterator[Callable[..., MemberCare]]:
    """Opens twins with a session, and closes them at the end."""
    found: list[MemberCare] = []

    def make(**options: Any) -> MemberCare:
        found.append(opened(**options))
        return found[-1]

    yield make
    for each in found:
        each.http.close()


@pytest.fixture
def mc(open_mc: Callable[..., MemberCare]) -> MemberCare:
    """An empty account."""
    return open_mc()


@pytest.fixture
def full(open_mc: Callable[..., MemberCare]) -> MemberCare:
    """An account with companies, products and invoices."""
    world = awkward_world(4, 60, 20, 60, systems=("customwebshop", "membercare"))
    return open_mc(world=world)
