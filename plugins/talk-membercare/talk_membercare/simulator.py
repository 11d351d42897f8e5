"""The twin of MemberCare's REST API: its routes over a store in memory.

Collections: companies, persons, organizations, products, invoices; those that only count requests
are token, debtors, categories, addresses, contacts, numbers, mappings, foreign_systems, countries,
postal_codes, payments. What is not known of MemberCare is a switch, see `simulator_switches`.

A user edits a record in the API's names, but for registration numbers, which stand in `numbers`
(kind -> text), an organization's company and an invoice's payer, which are account numbers. Rows of
`contacts` and `addresses` that have no id get one.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from talk_membercare.simulator_access import API_KEY, PERSON, Tokens
from talk_membercare.simulator_belongings import Belongings
from talk_membercare.simulator_billing import Billing
from talk_membercare.simulator_context import Context, render_error
from talk_membercare.simulator_debtors import Debtors
from talk_membercare.simulator_members import Members
from talk_membercare.simulator_places import Places
from talk_membercare.simulator_records import build
from talk_membercare.simulator_seed import (
    LINE_PRODUCT,
    ORDER_DIMENSION,
    SHIPPING_PRODUCT,
    seed,
)
from talk_membercare.simulator_switches import SWITCHES
from talk_sdk.operations import Simulator
from talk_sdk.testing.control import ControlPlane, LocalControl
from talk_sdk.testing.records import Store
from talk_sdk.testing.service import Service

if TYPE_CHECKING:
    from talk_sdk.clock import Clock
    from talk_sdk.testing.faults import Faults
    from talk_sdk.testing.neutral import World

__all__ = ["API_KEY", "PERSON", "simulator"]


def simulator(world: World, clock: Clock, faults: Faults) -> Simulator:
    """MemberCare with what the world says exists in `membercare`."""
    faults.declare(SWITCHES)
    context = Context(Store(clock, faults))
    places, tokens = Places(context), Tokens(context)
    build(context, places)
    seed(world, context)
    parts = (
        tokens, places, Debtors(context), Members(context), Belongings(context), Billing(context),
    )  # fmt: skip
    app = Service(
        context.store,
        [route for part in parts for route in part.routes()],
        sign_in=tokens.sign_in,
        render_error=partial(render_error, context),
        invalid_status=400,
    )
    settings = {
        "client_api_key": API_KEY,
        "person": PERSON,
        "order_dimension": ORDER_DIMENSION,
        "line_product": LINE_PRODUCT,
        "shipping_product": SHIPPING_PRODUCT,
        "vat_percent": 25.0,
    }
    return Simulator(app, settings, ControlPlane(LocalControl(context.store, context.resources)))
