"""The twin of webCRM's REST API: its paths over a store in memory, seeded from the neutral world.

What is not known of webCRM is a switch, see `simulator_switches`. Lists of everything and
`/Queries` lag if the switch `lag` says so; reads by id are current, and so are lists of what
belongs to one record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from talk_sdk.operations import Simulator
from talk_sdk.testing.control import ControlPlane, LocalControl
from talk_sdk.testing.records import Store
from talk_sdk.testing.service import Call, RefusedError, Route, Service
from talk_webcrm.simulator_auth import AUTH_CODE, SYSTEM_ID, Sessions
from talk_webcrm.simulator_paths import Paths
from talk_webcrm.simulator_records import Crm
from talk_webcrm.simulator_seed import seed
from talk_webcrm.simulator_switches import SWITCHES

if TYPE_CHECKING:
    from talk_sdk.clock import Clock
    from talk_sdk.testing.faults import Faults
    from talk_sdk.testing.neutral import World

__all__ = ["AUTH_CODE", "SYSTEM_ID", "simulator"]


def simulator(world: World, clock: Clock, faults: Faults) -> Simulator:
    """A webCRM system with what the world says exists in `webcrm`."""
    faults.declare(SWITCHES)
    crm = Crm(Store(clock, faults))
    seed(world, crm.resources)
    sessions = Sessions(crm.store)
    app = Service(
        crm.store,
        [*sessions.routes(), *Paths(crm).routes()],
        sign_in=sessions.sign_in,
        render_error=_error,
        invalid_status=400,
        recognise=_plain_names,
    )
    settings = {
        "auth_code": AUTH_CODE,
        "item_name": 1,
        "item_unit": 2,
        "item_number": 4,
        "levels": {"1": "draft", "2": "open", "3": "closed", "4": "cancelled"},
        "active_status": "Kunde",
        "archived_status": "Arkivert",
    }
    return Simulator(app, settings, ControlPlane(LocalControl(crm.store, crm.resources)))


def _plain_names(call: Call) -> Route | None:
    """Names of query parameters are known in any case."""
    call.arguments = {name.casefold(): value for name, value in call.request.args.items()}
    return None


def _error(refused: RefusedError) -> bytes:
    where = f"{refused.field}: " if refused.field else ""
    body: dict[str, object] = {"Message": f"{where}{refused.message}", "Type": refused.code}
    if "Retry-After" in refused.headers:
        body["RetryAfterSeconds"] = int(refused.headers["Retry-After"])
    return msgspec.json.encode(body)
