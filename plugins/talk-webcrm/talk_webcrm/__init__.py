"""The connector for webCRM. The hooks load what they need when called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talk_sdk import hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from talk_sdk.clock import Clock
    from talk_sdk.connector import Connector, Entity
    from talk_sdk.http import Http
    from talk_sdk.mapping import Mapping as EntityMapping
    from talk_sdk.operations import Operation, Outcome, Page, Raw, Session, Simulator
    from talk_sdk.testing.faults import Faults
    from talk_sdk.testing.neutral import World
    from talk_webcrm.settings import CrmSettings


@hookimpl
def talk_connector() -> Connector:
    """WebCRM."""
    from talk_webcrm.settings import CONNECTOR

    return CONNECTOR


@hookimpl
def talk_entities(settings: CrmSettings) -> Sequence[Entity]:
    """What the API can do with each record type."""
    from talk_webcrm.models import entities

    return entities(settings)


@hookimpl
def talk_mappings(settings: CrmSettings) -> Sequence[EntityMapping]:
    """The tables."""
    from talk_webcrm.mappings import mappings

    return mappings(settings)


@hookimpl
def talk_open(settings: CrmSettings, http: Http) -> Session:
    """Sign in."""
    from talk_webcrm.login import open_crm

    return open_crm(settings, http)


@hookimpl
def talk_read(session: Session, entity: str, since: str | None) -> Iterator[Page]:
    """Records, page by page."""
    pages: Iterator[Page] = session.client.read(entity, since)
    return pages


@hookimpl
def talk_get(session: Session, entity: str, ids: Sequence[str]) -> Mapping[str, Raw]:
    """Records by id."""
    found: Mapping[str, Raw] = session.client.get(entity, ids)
    return found


@hookimpl
def talk_find(session: Session, entity: str, key: str, values: Sequence[str]) -> Sequence[Raw]:
    """Records by our key, organisations by their VAT number."""
    found: Sequence[Raw] = session.client.find(entity, key, values)
    return found


@hookimpl
def talk_write(session: Session, operations: Sequence[Operation]) -> Sequence[Outcome]:
    """Create one by one, change many together, lines one by one."""
    outcomes: Sequence[Outcome] = session.client.write(operations)
    return outcomes


@hookimpl
def talk_simulator(world: World, clock: Clock, faults: Faults) -> Simulator:
    """WebCRM's twin."""
    from talk_webcrm.simulator import simulator

    return simulator(world, clock, faults)
