"""The twin of Squarespace in this process, raw or under the connector, on a virtual clock.

Everything that is sent and answered is held against the description of the API, where that is at
hand.
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
import talk_squarespace as hooks
from talk_squarespace.settings import SiteSettings

from talk_sdk.http import Http
from talk_sdk.operations import Change, Operation, Outcome, Page, Raw, Session, Simulator
from talk_sdk.testing.clock import VirtualClock
from talk_sdk.testing.control import LocalControl, local_control
from talk_sdk.testing.faults import Fault, Faults
from talk_sdk.testing.neutral import Deal, World
from talk_sdk.testing.transport import WsgiTransport
from talk_sdk.testing.world import awkward_world

PUBLISHED = Path(__file__).parents[4] / "shared" / "specs" / "squarespace.openapi.json"
STORE_PAGE = "5d2f8a1c4b7e9f0011223344"
SYSTEMS = ("customwebshop", "squarespace")
NOWHERE = World((), (), ())


class Published:
    """The description of the API."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = _nullable(document)
        self.paths = [
            (re.compile(re.sub(r"\\{\w+\\}", r"[^/]+", re.escape(path)) + "$"), path)
            for path in sorted(document["paths"], key=lambda path: "{" in path)
        ]

    def check(self, schema: Any, value: Any) -> None:
        whole = {**schema, "components": self.document["components"]}
        problems = jsonschema.Draft202012Validator(whole).iter_errors(value)
        assert [f"{each.json_path}: {each.message}" for each in problems] == []

    def hold(self, request: httpx.Request, answer: httpx.Response) -> None:
        path = next((text for regex, text in self.paths if regex.match(request.url.path)), None)
        assert path is not None, f"the API has no {request.url.path}"
        operation = self.document["paths"][path][request.method.lower()]
        known = {each["name"] for each in operation.get("parameters", []) if "name" in each}
        assert set(request.url.params) <= known
        body = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if body and answer.status_code < 300:
            self.check(body["schema"], json.loads(request.content))
        told = operation["responses"].get(str(answer.status_code), {}).get("content")
        if told and answer.content:
            self.check(told["application/json"]["schema"], json.loads(answer.content))


def _nullable(node: Any) -> Any:
    """OpenAPI 3.0's `nullable` as JSON schema; lists with no data are null as the facts say."""
    if isinstance(node, list):
        return [_nullable(each) for each in node]
    if not isinstance(node, dict):
        return node
    found = {name: _nullable(each) for name, each in node.items()}
    if node.get("nullable") or node.get("type") == "array":
        found.pop("nullable", None)
        return {"anyOf": [found, {"type": "null"}]}
    return found


class Held(WsgiTransport):
    """The transport onto a twin that holds both sides against the description."""

    published = Published(json.loads(PUBLISHED.read_text())) if PUBLISHED.exists() else None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        answer = super().handle_request(request)
        if self.published is not None and not _tampered(answer):
            self.published.hold(request, answer)
        return answer


def _tampered(answer: httpx.Response) -> bool:
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


def kroner(value: str) -> dict[str, str]:
    return {"currency": "NOK", "value": value}


def a_product(name: str = "Stol", *skus: str, **more: Any) -> dict[str, Any]:
    """A product; with several skus one of several variants, each with its sku as its size."""
    variants = [
        {"sku": sku, "pricing": {"basePrice": kroner("100.00")}, "stock": {"quantity": 5},
         "attributes": {"Size": sku} if len(skus) > 1 else None}
        for sku in skus or ("S-1",)
    ]  # fmt: skip
    names = ["Size"] if len(skus) > 1 else []
    return {"type": "PHYSICAL", "storePageId": STORE_PAGE, "name": name, "isVisible": True,
            "variantAttributes": names, "variants": variants, **more}  # fmt: skip


class Facts:
    """What people do on the site."""

    control: LocalControl

    def product(self, name: str = "Stol", *skus: str, **more: Any) -> tuple[str, ...]:
        """Create a product; gives its id and those of its variants."""
        id_ = self.control.create("products", a_product(name, *skus, **more))
        row = next(r for r in self.control.dump("products") if r["id"] == id_)
        return id_, *(variant["id"] for variant in row["variants"])

    def order(self, *lines: Mapping[str, Any], **more: Any) -> str:
        """An order that a shopper placed."""
        rows = [{"quantity": 1, "unitPricePaid": kroner("100.00"), **line} for line in lines]
        who = {"firstName": "Åse", "lastName": "Lund", "countryCode": "NO", "city": "Oslo"}
        return self.control.create("orders", {
            "customerEmail": "aase@example.no", "billingAddress": who, "shippingAddress": who,
            "lineItems": rows or [{"quantity": 1, "unitPricePaid": kroner("1.00"),
                                   "lineItemType": "CUSTOM", "productName": "Gave"}], **more,
        })  # fmt: skip

    def stock(self, variant: str) -> int:
        rows = {row["variantId"]: row for row in self.control.dump("inventory")}
        return int(rows[variant]["quantity"])

    def requests(self, method: str = "") -> int:
        counts = self.control.counters()["requests"]
        return sum(sum(by.values()) for verb, by in counts.items() if method in {"", verb})

    def effects(self, collection: str) -> dict[str, int]:
        return self.control.counters()["effects"].get(collection, {})


@dataclass
class Api(Facts):
    """The twin, spoken to in raw HTTP."""

    http: httpx.Client
    control: LocalControl
    clock: VirtualClock

    def get(self, path: str, **query: Any) -> Any:
        answer = self.http.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any, key: str | None = None) -> httpx.Response:
        headers = {} if key is None else {"Idempotency-Key": key}
        return self.http.post(path, json=body, headers=headers)


@pytest.fixture
def open_api():
    """Opens twins that are spoken to raw."""
    found: list[Api] = []

    def make(world: World = NOWHERE, **switches: Any) -> Api:
        twin, clock = twin_of(world, switches)
        headers = {"Authorization": f"Bearer {twin.settings['api_key']}", "User-Agent": "test/1"}
        transport = Held(twin.app, clock)
        http = httpx.Client(transport=transport, base_url="http://site", headers=headers)
        found.append(Api(http, local_control(twin), clock))
        return found[-1]

    yield make
    for each in found:
        each.http.close()


@pytest.fixture
def api(open_api):
    """An empty site."""
    return open_api()


@dataclass
class Site(Facts):
    """A session of the connector with everything around it."""

    twin: Simulator
    clock: VirtualClock
    settings: SiteSettings
    http: Http
    session: Session
    control: LocalControl

    def faults(self, *faults: Fault) -> None:
        self.control.faults(faults)

    def pages(self, entity: str, since: str | None = None) -> list[Page]:
        return list(hooks.talk_read(self.session, entity, since))

    def records(self, entity: str, since: str | None = None) -> list[Raw]:
        return [r for page in self.pages(entity, since) for r in page.records]

    def customers(self) -> list[Raw]:
        return [r for page in self.pages("Order") for r in page.derived["Customer"]]

    def cursor(self, since: str | None = None) -> str | None:
        return self.pages("Order", since)[-1].cursor

    def get(self, entity: str, *ids: str) -> dict[str, Raw]:
        return dict(hooks.talk_get(self.session, entity, ids))

    def write(self, kind: Any, entity: str, **more: Any) -> Outcome:
        values: dict[str, Any] = {"id": None, "changes": (), "reason": "", "key": "k-1"}
        operation = Operation("site", entity, kind, "x:1", **(values | more))
        (outcome,) = hooks.talk_write(self.session, [operation])
        return outcome

    def move(self, id_: str, before: str, after: str, **more: Any) -> Outcome:
        changes = (Change("stock", before, after),)
        return self.write("adjust", "Sesamproducts", id=id_, changes=changes, **more)


def opened(
    *, world: World = NOWHERE, writes: bool = True,
    switches: Mapping[str, Any] | None = None, **settings: Any,
) -> Site:  # fmt: skip
    twin, clock = twin_of(world, switches)
    chosen = SiteSettings.model_validate({"base_url": "http://site", **twin.settings, **settings})
    http = Http(
        "site", clock=clock, rng=random.Random(0),
        transport=lambda: Held(twin.app, clock), writes=writes,
    )  # fmt: skip
    session = hooks.talk_open(chosen, http)
    return Site(twin, clock, chosen, http, session, local_control(twin))


@pytest.fixture
def open_site():
    """Opens twins with a session, and closes them at the end."""
    found: list[Site] = []

    def make(**options: Any) -> Site:
        found.append(opened(**options))
        return found[-1]

    yield make
    for each in found:
        each.http.close()


@pytest.fixture
def site(open_site):
    """An empty site under the connector."""
    return open_site()


@pytest.fixture
def world():
    """A world of awkward records."""
    return awkward_world(4, 40, 40, 40, systems=SYSTEMS)


@pytest.fixture
def deals(world: World) -> list[Deal]:
    """What was bought on the site: no carts, and nothing that was born elsewhere.

    The latter could only be an import, which does not tell whose it is.
    """
    here = world.within("squarespace").deals
    own = [deal for deal in here if deal.number is None or len(deal.systems) == 1]
    assert len(own) < len(here)
    return [deal for deal in own if deal.status != "draft"]
