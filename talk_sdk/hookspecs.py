"""The hooks of talk-sdk: what a connector offers, and where other plugins come in.

A connector is a module of hooks named by an entry point of the group
`talk_sdk.connectors`; exactly one plain implementation of each connector hook is allowed.
Other plugins (`talk_sdk.plugins`) come in at `talk_inbound`, `talk_veto` and `talk_event`,
and see every connector. Hooks are called per page and per batch, never per record.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from talk_sdk.clock import Clock
    from talk_sdk.connector import Connector, Entity
    from talk_sdk.events import Event
    from talk_sdk.http import Http, OAuthApp, Vault
    from talk_sdk.mapping import Mapping as EntityMapping
    from talk_sdk.models import Settings
    from talk_sdk.operations import Operation, Outcome, Page, Raw, Session, Simulator

__all__ = ["CONNECTOR_HOOKS", "OPTIONAL_HOOKS", "PROJECT", "hookimpl", "hookspec"]

PROJECT = "talk_sdk"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)

CONNECTOR_HOOKS = (
    "talk_connector",
    "talk_entities",
    "talk_mappings",
    "talk_open",
    "talk_read",
    "talk_get",
    "talk_find",
    "talk_write",
)
"""Hooks of which a connector has exactly one plain implementation."""

OPTIONAL_HOOKS = ("talk_login", "talk_simulator")
"""Hooks of which a connector has at most one plain implementation."""


@hookspec(firstresult=True)
def talk_connector() -> Connector:
    """Called once, when plugins are loaded: the product this connector is for."""


@hookspec(firstresult=True)
def talk_entities(settings: Settings) -> Sequence[Entity]:
    """Called when a runner is built: the entities of this account and what they can do."""


@hookspec(firstresult=True)
def talk_mappings(settings: Settings) -> Sequence[EntityMapping]:
    """Called when a runner is built: the tables from entities to concepts."""


@hookspec(firstresult=True)
def talk_open(settings: Settings, http: Http, vault: Vault) -> Session:
    """Called once per run and system, before anything is read: log in, tell whose account it is.

    `vault` keeps tokens that the system rotates. May raise any `RemoteError`: the system is
    then left out of the run.
    """


@hookspec(firstresult=True)
def talk_login(settings: Settings) -> OAuthApp | None:
    """Called by `talk login`: where a person agrees that we may use the account (OAuth 2.0).

    None if these settings need no sign-in: there is a token that does not expire. What the
    sign-in brings is in the vault when `talk_open` is called: `access_token`, `refresh_token`,
    and whatever else the token endpoint says.
    """


@hookspec(firstresult=True)
def talk_read(session: Session, entity: str, since: str | None) -> Iterator[Page]:
    """Called once per run and entity, in a worker thread: the records, page by page.

    `since` is the cursor of the last page that was stored, None for a full read. The last
    page says `complete=True`; a read that ends without it was cut short. May raise any
    `RemoteError` between pages.
    """


@hookspec(firstresult=True)
def talk_inbound(system: str, entity: str, records: Sequence[Raw]) -> Sequence[Raw]:
    """Called for every record on its way in: pages, gets, finds, answers to writes.

    Wrappers return the records as the engine may see them, one for each given, in their
    order. A property that is removed is *not said*: it is neither stored nor cleared.
    """


@hookspec
def talk_veto(
    system: str, entity: str, operations: Sequence[Operation]
) -> Mapping[int, str] | None:
    """Called with every batch before it is journaled, in the runner's thread.

    Returns the index of each operation that must not be sent → the reason. Nothing for none.
    """


@hookspec(firstresult=True)
def talk_get(session: Session, entity: str, ids: Sequence[str]) -> Mapping[str, Raw]:
    """Called with at most `Entity.get_batch` ids: the records, by the id they were asked for.

    An id left out is *proven* absent (404, 410). A record may carry another id than the one
    it was found under (merged in the source). A connector that cannot tell raises.
    """


@hookspec(firstresult=True)
def talk_find(session: Session, entity: str, key: str, values: Sequence[str]) -> Sequence[Raw]:
    """Called to look records up by their marker or a field of `Entity.find`.

    `key` is the field's path on the wire, `values` its wire values as text.
    """


@hookspec(firstresult=True)
def talk_write(session: Session, operations: Sequence[Operation]) -> Sequence[Outcome]:
    """Called in a worker thread with at most `Entity.batch` operations on distinct records.

    One outcome per operation, in their order. Deterministic in the operation: what is
    replayed is what was sent. May raise `DeniedError`: the system is left alone. Wrappers
    may only observe.
    """


@hookspec(firstresult=True)
def talk_simulator(world: Any, clock: Clock, faults: Any) -> Simulator:
    """Called by tests and the demo: the connector's twin, seeded from a neutral world."""


@hookspec
def talk_event(event: Event) -> None:
    """Called with everything that happens in a run, in the runner's thread.

    An observer that raises is reported and never stops a run.
    """
