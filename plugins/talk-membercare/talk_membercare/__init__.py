"""The connector for MemberCare. The hooks load what they need when called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talk_sdk import hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from talk_membercare.settings import MemberCareSettings
    from talk_sdk.clock import Clock
    from talk_sdk.connector import Connector, Entity
    from talk_sdk.http import Http
    from talk_sdk.mapping import Mapping as EntityMapping
    from talk_sdk.operations import Operation, Outcome, Page, Raw, Session, Simulator
    from talk_sdk.testing.faults import Faults
    from talk_sdk.testing.neutral import World


@hookimpl
def talk_connector() -> Connector:
    """MemberCare."""
    from talk_membercare.settings import CONNECTOR

    return CONNECTOR


@hookimpl
def talk_entities(settings: MemberCareSettings) -> Sequence[Entity]:
    """What the API can do with each record type."""
    from talk_membercare.models import entities

    return entities(settings)


@hookimpl
def talk_mappings(settings: MemberCareSettings) -> Sequence[EntityMapping]:
    """The tables."""
    from talk_membercare.mappings import mappings

    return mappings(settings)


@hookimpl
def talk_open(settings: MemberCareSettings, http: Http) -> Session:
    """Sign in."""
    from talk_membercare.account import open_membercare

    return open_membercare(settings, http)


@hookimpl
def talk_read(session: Session, entity: str, since: str | None) -> Iterator[Page]:
    """All records, or the members changed since."""
    pages: Iterator[Page] = session.client.read(entity, since)
    return pages


@hookimpl
def talk_get(session: Session, entity: str, ids: Sequence[str]) -> Mapping[str, Raw]:
    """Records by id."""
    found: Mapping[str, Raw] = session.client.get(entity, ids)
    return found


@hookimpl
def talk_find(session: Session, entity: str, key: str, values: Sequence[str]) -> Sequence[Raw]:
    """Members by the key that we gave them."""
    found: Sequence[Raw] = session.client.find(entity, key, values)
    return found


@hookimpl
def talk_write(session: Session, operations: Sequence[Operation]) -> Sequence[Outcome]:
    """Create, change, bill."""
    return [session.client.write(operation) for operation in operations]


@hookimpl
def talk_simulator(world: World, clock: Clock, faults: Faults) -> Simulator:
    """MemberCare's twin."""
    from talk_membercare.simulator import simulator

    return simulator(world, clock, faults)
