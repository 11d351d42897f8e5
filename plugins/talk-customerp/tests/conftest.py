"""The connector over the ERP's twin, in this process and on a virtual clock."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
import talk_customerp as hooks
from talk_customerp.settings import ErpSettings

from talk_sdk.http import Http
from talk_sdk.operations import Operation, Outcome, Page, Raw, Session, Simulator
from talk_sdk.testing.clock import START, VirtualClock
from talk_sdk.testing.control import LocalControl, local_control
from talk_sdk.testing.faults import Fault, Faults
from talk_sdk.testing.transport import WsgiTransport
from talk_sdk.testing.world import awkward_world

IDS = {"Customer": "customerId", "Product": "productId", "Order": "orderId"}


@dataclass
class Erp:
    """A session with everything around it."""

    twin: Simulator
    clock: VirtualClock
    settings: ErpSettings
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
        return [str(r[IDS[entity]]) for r in self.records(entity, since)]

    def get(self, entity: str, *ids: str) -> dict[str, Raw]:
        return dict(hooks.talk_get(self.session, entity, ids))

    def find(self, entity: str, key: str, *values: str) -> list[Raw]:
        return list(hooks.talk_find(self.session, entity, key, values))

    def write(self, kind: Any, entity: str, **more: Any) -> Outcome:
        values: dict[str, Any] = {"id": None, "changes": (), "reason": "", "key": "k-1"}
        operation = Operation("erp", entity, kind, "x:1", **(values | more))
        (outcome,) = hooks.talk_write(self.session, [operation])
        return outcome

    def requests(self) -> int:
        return sum(sum(by.values()) for by in self.control.counters()["requests"].values())


def opened(
    *, parties: int = 900, deals: int = 60, writes: bool = True, start: datetime = START,
    **settings: Any,
) -> Erp:  # fmt: skip
    clock = VirtualClock(start)
    twin = hooks.talk_simulator(awkward_world(4, parties, 20, deals), clock, Faults())
    chosen = ErpSettings.model_validate(
        {"base_url": "http://erp/erp/v1", **twin.settings, **settings}
    )
    http = Http(
        "erp",
        clock=clock,
        rng=random.Random(0),
        transport=lambda: WsgiTransport(twin.app, clock),
        writes=writes,
    )
    session = hooks.talk_open(chosen, http)
    return Erp(twin, clock, chosen, http, session, local_control(twin))


@pytest.fixture
def open_erp():
    """Opens twins with a session, and closes them at the end."""
    erps: list[Erp] = []

    def make(**options: Any) -> Erp:
        erps.append(opened(**options))
        return erps[-1]

    yield make
    for each in erps:
        each.http.close()


@pytest.fixture
def erp(open_erp):
    """An ERP with more customers than one page holds."""
    return open_erp()
