"""The connector for Wave Accounting. The hooks load what they need when called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talk_sdk import hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from talk_sdk.clock import Clock
    from talk_sdk.connector import Connector, Entity
    from talk_sdk.http import Http, OAuthApp, Vault
    from talk_sdk.mapping import Mapping as EntityMapping
    from talk_sdk.operations import Operation, Outcome, Page, Raw, Session, Simulator
    from talk_sdk.testing.faults import Faults
    from talk_sdk.testing.neutral import World
    from talk_wave.settings import WaveSettings


@hookimpl
def talk_connector() -> Connector:
    """Wave."""
    from talk_wave.settings import CONNECTOR

    return CONNECTOR


@hookimpl
def talk_entities(settings: WaveSettings) -> Sequence[Entity]:
    """What the API can do with each record type."""
    from talk_wave.models import entities

    return entities(settings)


@hookimpl
def talk_mappings(settings: WaveSettings) -> Sequence[EntityMapping]:
    """The tables."""
    from talk_wave.mappings import mappings

    return mappings(settings)


@hookimpl
def talk_login(settings: WaveSettings) -> OAuthApp | None:
    """Where somebody agrees that we may use the business."""
    from talk_wave.account import oauth_app

    return oauth_app(settings)


@hookimpl
def talk_open(settings: WaveSettings, http: Http, vault: Vault) -> Session:
    """Sign in."""
    from talk_wave.account import open_wave

    return open_wave(settings, http, vault)


@hookimpl
def talk_read(session: Session, entity: str, since: str | None) -> Iterator[Page]:
    """Records by time of their last change."""
    pages: Iterator[Page] = session.client.read(entity, since)
    return pages


@hookimpl
def talk_get(session: Session, entity: str, ids: Sequence[str]) -> Mapping[str, Raw]:
    """Records by id."""
    found: Mapping[str, Raw] = session.client.get(entity, ids)
    return found


@hookimpl
def talk_find(session: Session, entity: str, key: str, values: Sequence[str]) -> Sequence[Raw]:
    """Customers by e-mail: Wave has no other filter for equality."""
    found: Sequence[Raw] = session.client.find(entity, key, values)
    return found


@hookimpl
def talk_write(session: Session, operations: Sequence[Operation]) -> Sequence[Outcome]:
    """Create, change, archive."""
    return [session.client.write(operation) for operation in operations]


@hookimpl
def talk_simulator(world: World, clock: Clock, faults: Faults) -> Simulator:
    """Wave's twin."""
    from talk_wave.simulator import simulator

    return simulator(world, clock, faults)
