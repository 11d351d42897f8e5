"""The connector over Wave's twin, in this process and on a virtual clock."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import pytest
import talk_wave as hooks
from talk_wave.settings import WaveSettings

from talk_sdk.http import Http, MemoryVault
from talk_sdk.operations import Operation, Outcome, Page, Raw, Session, Simulator
from talk_sdk.testing.clock import VirtualClock
from talk_sdk.testing.control import LocalControl, local_control
from talk_sdk.testing.faults import Fault, Faults
from talk_sdk.testing.transport import WsgiTransport
from talk_sdk.testing.world import awkward_world

COLLECTIONS = {"Customer": "customers", "Product": "products", "Invoice": "invoices"}
SYSTEMS = ("customwebshop", "customerp", "wave")


@dataclass
class Wave:
    """A session with everything around it."""

    twin: Simulator
    clock: VirtualClock
    settings: WaveSettings
    http: Http
    session: Session
    control: LocalControl
    vault: MemoryVault

    def faults(self, *faults: Fault) -> None:
        self.control.faults(faults)

    def pages(self, entity: str, since: str | None = None) -> list[Page]:
        return list(hooks.talk_read(self.session, entity, since))

    def records(self, entity: str, since: str | None = None) -> list[Raw]:
        return [r for page in self.pages(entity, since) for r in page.records]

    def ids(self, entity: str, since: str | None = None) -> list[str]:
        return [str(r["id"]) for r in self.records(entity, since)]

    def known(self, entity: str) -> list[str]:
        """The ids that there are, without the two products that stand for what is none."""
        technical = {self.settings.line_product, self.settings.shipping_product}
        return [i for i in self.control.identities(COLLECTIONS[entity]) if i not in technical]

    def get(self, entity: str, *ids: str) -> dict[str, Raw]:
        return dict(hooks.talk_get(self.session, entity, ids))

    def find(self, entity: str, key: str, *values: str) -> list[Raw]:
        return list(hooks.talk_find(self.session, entity, key, values))

    def write(self, kind: Any, entity: str, **more: Any) -> Outcome:
        values: dict[str, Any] = {"id": None, "changes": (), "reason": "", "key": "k-1"}
        operation = Operation("books", entity, kind, "x:1", **(values | more))
        (outcome,) = hooks.talk_write(self.session, [operation])
        return outcome

    def made(self, entity: str, **body: Any) -> Raw:
        """A record that the connector has created."""
        outcome = self.write("create", entity, body=body)
        assert outcome.kind == "stored", outcome.reason
        assert outcome.record is not None
        return outcome.record

    def requests(self) -> int:
        return sum(sum(by.values()) for by in self.control.counters()["requests"].values())


def opened(
    *, parties: int = 30, items: int = 20, deals: int = 30, writes: bool = True,
    switches: dict[str, Any] | None = None, vault: dict[str, str] | None = None, **settings: Any,
) -> Wave:  # fmt: skip
    clock, faults = VirtualClock(), Faults()
    world = awkward_world(4, parties, items, deals, systems=SYSTEMS)
    twin = hooks.talk_simulator(world, clock, faults)
    for name, value in (switches or {}).items():
        faults.switch(name, value)
    given = {
        "base_url": "http://wave/graphql/public",
        "oauth_url": "http://wave/oauth2",
        **twin.settings,
        **settings,
    }
    chosen = WaveSettings.model_validate(given)
    http = Http(
        "books",
        clock=clock,
        rng=random.Random(0),
        transport=lambda: WsgiTransport(twin.app, clock),
        writes=writes,
    )
    kept = MemoryVault(vault)
    session = hooks.talk_open(chosen, http, kept)
    return Wave(twin, clock, chosen, http, session, local_control(twin), kept)


@pytest.fixture
def open_wave():
    """Opens twins with a session, and closes them at the end."""
    found: list[Wave] = []

    def make(**options: Any) -> Wave:
        found.append(opened(**options))
        return found[-1]

    yield make
    for each in found:
        each.http.close()


@pytest.fixture
def wave(open_wave):
    """A business with customers, products and invoices."""
    return open_wave()
