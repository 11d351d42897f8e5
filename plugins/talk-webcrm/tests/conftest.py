"""The twin of webCRM in this process, raw or under the connector, on a virtual clock.

Everything that is sent and answered is held against the published description of the API, where
that is at hand.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
import talk_webcrm as hooks
from talk_webcrm.settings import CrmSettings

from talk_sdk.http import Http
from talk_sdk.operations import Operation, Outcome, Page, Raw, Session, Simulator
from talk_sdk.testing.clock import VirtualClock
from talk_sdk.testing.control import LocalControl, local_control
from talk_sdk.testing.faults import Fault, Faults
from talk_sdk.testing.neutral import World
from talk_sdk.testing.transport import WsgiTransport
from talk_sdk.testing.world import awkward_world

PUBLISHED = Path(__file__).parents[4] / "shared" / "specs" / "webcrm.openapi.json"
SYSTEMS = ("customwebshop", "webcrm")


class Published:
    """The published description of the API."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.schemas = document["components"]["schemas"]
        self.paths = [
            (re.compile(re.sub(r"\\{\w+\\}", r"[^/]+", re.escape(path)) + "$"), path)
            for path in sorted(document["paths"], key=lambda path: "{" in path)
        ]
        self.seen: set[tuple[str, str]] = set()

    def operation(self, method: str, path: str) -> tuple[str, dict[str, Any]]:
        found = next((text for regex, text in self.paths if regex.match(path)), None)
        assert found is not None, f"the API has no {path}"
        assert method.lower() in self.document["paths"][found], f"{found} has no {method}"
        self.seen.add((method, found))
        return found, self.document["paths"][found][method.lower()]

    def check(self, schema: Any, value: Any) -> None:
        """A null is nothing said: the description has no nulls, the API does."""
        value = without_nulls(value)
        whole = {**schema, "components": self.document["components"]}
        problems = jsonschema.Draft202012Validator(whole).iter_errors(value)
        assert [f"{each.json_path}: {each.message}" for each in problems] == []
        for row in value if isinstance(value, list) else [value]:
            self._known(schema.get("items", schema), row)

    def _known(self, schema: Any, row: Any) -> None:
        name = schema.get("$ref", "").rpartition("/")[2]
        if name and isinstance(row, dict):
            described = self.schemas[name]
            later = described.get("x-properties-added-after-2019", {})
            assert set(row) <= {*described["properties"], *later}, name

    def hold(self, request: httpx.Request, answer: httpx.Response) -> None:
        _, operation = self.operation(request.method, request.url.path)
        body = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if body and answer.status_code < 300 and request.content:
            self.check(body["schema"], json.loads(request.content))
        told = operation["responses"].get(str(answer.status_code), {}).get("content")
        if told and answer.content:
            self.check(told["application/json"]["schema"], json.loads(answer.content))


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_nulls(each) for name, each in value.items() if each is not None}
    return [without_nulls(each) for each in value] if isinstance(value, list) else value


class Held(WsgiTransport):
    """The transport onto a twin that holds both sides against the description."""

    published = Published(json.loads(PUBLISHED.read_text())) if PUBLISHED.exists() else None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        answer = super().handle_request(request)
        if self.published is not None and not self.tampered(answer):
            answer.read()
            self.published.hold(request, answer)
        return answer

    @staticmethod
    def tampered(answer: httpx.Response) -> bool:
        """Whether a fault has cut the body: that is no answer of the API."""
        answer.read()
        try:
            json.loads(answer.content or b"0")
        except ValueError:
            return True
        return False


def twin_of(world: World, switches: Mapping[str, Any] | None) -> tuple[Simulator, VirtualClock]:
    clock, faults = VirtualClock(), Faults()
    twin = hooks.talk_simulator(world, clock, faults)
    for name, value in (switches or {}).items():
        faults.switch(name, value)
    return twin, clock


@dataclass
class Api:
    """The twin, spoken to in raw HTTP."""

    http: httpx.Client
    control: LocalControl
    clock: VirtualClock
    twin: Simulator

    def login(self) -> None:
        answer = self.http.post(
            "/Auth/ApiLogin", data={"authCode": self.twin.settings["auth_code"]}
        )
        self.http.headers["Authorization"] = f"Bearer {answer.json()['AccessToken']}"

    def get(self, path: str, **query: Any) -> Any:
        answer = self.http.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def query(self, script: str, **query: Any) -> Any:
        return self.get("/Queries", script=script, **query)

    def post(self, path: str, **body: Any) -> httpx.Response:
        return self.http.post(path, json=body)

    def put(self, path: str, **body: Any) -> httpx.Response:
        return self.http.put(path, json=body)

    def made(self, path: str, **body: Any) -> int:
        answer = self.post(path, **body)
        assert answer.status_code == 200, answer.text
        return int(answer.text)

    def unheld(self) -> None:
        """From here on things are sent that the description does not allow."""
        self.http._transport.published = None  # type: ignore[attr-defined]

    def organisation(self, **values: Any) -> int:
        return int(self.control.create("organisations", {"OrganisationName": "A", **values}))


@pytest.fixture
def open_api():
    """Opens twins that are spoken to raw."""
    found: list[Api] = []

    def make(world: World | None = None, **switches: Any) -> Api:
        twin, clock = twin_of(world or World((), (), ()), switches)
        http = httpx.Client(transport=Held(twin.app, clock), base_url="http://crm")
        found.append(Api(http, local_control(twin), clock, twin))
        found[-1].login()
        return found[-1]

    yield make
    for each in found:
        each.http.close()


@pytest.fixture
def api(open_api):
    """An empty system."""
    return open_api()


COLLECTIONS = {
    "Organisations": "organisations", "Persons": "persons", "Opportunities": "opportunities",
    "Products": "linked_data",
}  # fmt: skip


@dataclass
class Crm:
    """A session of the connector with everything around it."""

    twin: Simulator
    clock: VirtualClock
    settings: CrmSettings
    http: Http
    session: Session
    control: LocalControl

    def faults(self, *faults: Fault) -> None:
        self.control.faults(faults)

    def pages(self, entity: str, since: str | None = None) -> list[Page]:
        return list(hooks.talk_read(self.session, entity, since))

    def records(self, entity: str, since: str | None = None) -> list[Raw]:
        return [r for page in self.pages(entity, since) for r in page.records]

    def cursor(self, entity: str, since: str | None = None) -> str | None:
        return self.pages(entity, since)[-1].cursor

    def get(self, entity: str, *ids: str) -> dict[str, Raw]:
        return dict(hooks.talk_get(self.session, entity, ids))

    def one(self, entity: str, id_: object) -> Raw:
        return self.get(entity, str(id_))[str(id_)]

    def find(self, entity: str, key: str, *values: str) -> list[Raw]:
        return list(hooks.talk_find(self.session, entity, key, values))

    def write(self, kind: Any, entity: str, **more: Any) -> Outcome:
        values: dict[str, Any] = {"id": None, "changes": (), "reason": "", "key": "k-1"}
        if kind == "create" and entity != "Products":
            values["marker"] = "ws:1"
        if more.get("id") is not None:
            more["id"] = str(more["id"])
        operation = Operation("crm", entity, kind, "x:1", **(values | more))
        (outcome,) = hooks.talk_write(self.session, [operation])
        return outcome

    def change(self, entity: str, bodies: Mapping[Any, Raw]) -> list[Outcome]:
        """What became of updates that were handed over together."""
        operations = [
            Operation("crm", entity, "update", f"x:{id_}", str(id_), (), "", body=body)
            for id_, body in bodies.items()
        ]
        return list(hooks.talk_write(self.session, operations))

    def made(self, entity: str, *, marker: str | None = "ws:1", **body: Any) -> Raw:
        """A record that the connector has created."""
        more = {} if entity == "Products" else {"marker": marker}
        outcome = self.write("create", entity, body=body, **more)
        assert outcome.kind == "stored", outcome.reason
        assert outcome.record is not None
        return outcome.record

    def changed(self, entity: str, id_: object, **body: Any) -> Raw:
        """A record that the connector has changed."""
        outcome = self.write("update", entity, id=id_, body=body)
        assert outcome.kind == "stored", outcome.reason
        assert outcome.record is not None
        return outcome.record

    def requests(self, method: str = "") -> int:
        counts = self.control.counters()["requests"]
        return sum(sum(by.values()) for verb, by in counts.items() if method in {"", verb})

    def effects(self, collection: str) -> dict[str, int]:
        return self.control.counters()["effects"].get(collection, {})


def opened(
    *, parties: int = 0, items: int = 0, deals: int = 0, writes: bool = True,
    switches: Mapping[str, Any] | None = None, held: bool = True, **settings: Any,
) -> Crm:  # fmt: skip
    world = awkward_world(4, parties, items, deals, systems=SYSTEMS)
    twin, clock = twin_of(world, switches)
    chosen = CrmSettings.model_validate({"base_url": "http://crm", **twin.settings, **settings})
    http = Http(
        "crm", clock=clock, rng=random.Random(0),
        transport=lambda: (Held if held else WsgiTransport)(twin.app, clock),
        writes=writes,
    )  # fmt: skip
    session = hooks.talk_open(chosen, http)
    return Crm(twin, clock, chosen, http, session, local_control(twin))


@pytest.fixture
def open_crm():
    """Opens twins with a session, and closes them at the end."""
    found: list[Crm] = []

    def make(**options: Any) -> Crm:
        found.append(opened(**options))
        return found[-1]

    yield make
    for each in found:
        each.http.close()


@pytest.fixture
def crm(open_crm):
    """An empty system under the connector."""
    return open_crm()
