"""The twin of Wave's public GraphQL API: its schema run over a store in memory.

All requests of GraphQL have one method and one path. So that faults and counters work as for the
other twins, a request is known to them by what it asks for, the first field of its operation:

- method: GET for a query, POST for a mutation that creates (`customerCreate`, `invoiceClone`,
  `invoicePaymentCreateManual`), DELETE for one that deletes, PATCH for any other;
- path: `/graphql/public/<collection>`, and `/<id>` for the one record that is read or changed.
  Collections are customers, products, invoices, payments, accounts, sales_taxes, vendors,
  transactions, user, currencies, countries, schema (introspection), business (what is left), and
  invalid (documents that do not parse or validate, method POST).

The paths of OAuth2 keep their own; their collection is auth. The fault `graphql_error` answers 200
with INTERNAL_SERVER_ERROR in the body, `expired_token` as to somebody who is not signed in.

A missing scope is answered with FORBIDDEN. What is not known of Wave is a switch, see
`simulator_switches`. The twin keeps the books of the first business only: the others are there,
are empty, and take nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from talk_sdk.operations import Simulator
from talk_sdk.testing.control import ControlPlane, LocalControl
from talk_sdk.testing.records import Store
from talk_sdk.testing.service import Call, Service
from talk_wave.simulator_auth import ACCESS_TOKEN, CLIENT_ID, CLIENT_SECRET, Sessions
from talk_wave.simulator_books import Books
from talk_wave.simulator_business import BUSINESS_ID, INCOME_ACCOUNT
from talk_wave.simulator_endpoint import Endpoint
from talk_wave.simulator_rules import open_books
from talk_wave.simulator_seed import seed
from talk_wave.simulator_switches import SWITCHES

if TYPE_CHECKING:
    from talk_sdk.clock import Clock
    from talk_sdk.testing.faults import Faults
    from talk_sdk.testing.neutral import World

__all__ = ["ACCESS_TOKEN", "BUSINESS_ID", "CLIENT_ID", "CLIENT_SECRET", "simulator"]


def simulator(world: World, clock: Clock, faults: Faults) -> Simulator:
    """Wave with what the world says exists in `wave`."""
    faults.declare(SWITCHES)
    store = Store(clock, faults)
    books = open_books(Books(store))
    line, shipping = seed(world, books)
    sessions = Sessions(store)
    endpoint = Endpoint(books, sessions)
    app = Service(
        store,
        sessions.routes(),
        sign_in=_signed_in_by_the_endpoint,
        render_error=endpoint.render_error,
        invalid_status=400,
        recognise=endpoint.recognise,
    )
    settings = {
        "access_token": ACCESS_TOKEN,
        "business_id": BUSINESS_ID,
        "income_account": INCOME_ACCOUNT,
        "line_product": line,
        "shipping_product": shipping,
    }
    return Simulator(app, settings, ControlPlane(LocalControl(store, books.resources)))


def _signed_in_by_the_endpoint(_call: Call) -> None:
    """No route needs the service's own sign-in."""
