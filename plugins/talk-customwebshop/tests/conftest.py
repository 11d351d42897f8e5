"""The connector over the webshop's twin, in this process and on a virtual clock."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import pytest
import talk_customwebshop as hooks
from talk_customwebshop.settings import WebshopSettings

from talk_sdk.http import Http
from talk_sdk.operations import Change, Operation, Outcome, Page, Raw, Session, Simulator
from talk_sdk.testing.clock import VirtualClock
from talk_sdk.testing.control import LocalControl, local_control
from talk_sdk.testing.faults import Fault, Faults
from talk_sdk.testing.transport import WsgiTransport
from talk_sdk.testing.world import awkward_world


@dataclass
class Shop:
    """A session with everything around it."""

    twin: Simulator
    clock: VirtualClock
    settings: WebshopSettings
    http: Http
    session: Session
    control: LocalControl

    def faults(self, *faults: Fault) -> None:
        self.control.faults(faults)

    def pages(self, entity: str, since: str | None = None) -> list[Page]:
        return list(hooks.talk_read(self.session, entity, since))

    def ids(self, entity: str, since: str | None = None) -> list[str]:
        return [r["id"] for page in self.pages(entity, since) for r in page.records]

    def get(self, entity: str, *ids: str) -> dict[str, Raw]:
        return dict(hooks.talk_get(self.session, entity, ids))

    def find(self, entity: str, key: str, *values: str) -> list[Raw]:
        return list(hooks.talk_find(self.session, entity, key, values))

    def write(self, kind: Any, entity: str, **more: Any) -> Outcome:
        values: dict[str, Any] = {"id": None, "changes": (), "reason": "", "key": "k-1"}
        operation = Operation("shop", entity, kind, "x:1", **(values | more))
        (outcome,) = hooks.talk_write(self.session, [operation])
        return outcome

    def move(self, product: str, before: str | None, after: str, **more: Any) -> Outcome:
        changes = (Change("stock", before, after),)
        return self.write("adjust", "Product", id=product, changes=changes, **more)

    def requests(self) -> int:
        return sum(sum(by.values()) for by in self.control.counters()["requests"].values())


def opened(*, parties: int = 450, deals: int = 60, writes: bool = True, **settings: Any) -> Shop:
    clock = VirtualClock()
    twin = hooks.talk_simulator(awkward_world(4, parties, 20, deals), clock, Faults())
    chosen = WebshopSettings.model_validate(
        {"base_url": "http://shop/api", **twin.settings, **settings}
    )
    http = Http(
        "shop",
        clock=clock,
        rng=random.Random(0),
        transport=lambda: WsgiTransport(twin.app, clock),
        writes=writes,
    )
    session = hooks.talk_open(chosen, http)
    return Shop(twin, clock, chosen, http, session, local_control(twin))


@pytest.fixture
def open_shop():
    """Opens twins with a session, and closes them at the end."""
    shops: list[Shop] = []

    def make(**options: Any) -> Shop:
        shops.append(opened(**options))
        return shops[-1]

    yield make
    for each in shops:
        each.http.close()


@pytest.fixture
def shop(open_shop):
    """A shop with more customers than one page holds."""
    return open_shop()
