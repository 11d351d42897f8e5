"""The connector for the page server. The hooks load what they need when called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talk_sdk import hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from talk_bench.connector.settings import BenchSettings
    from talk_sdk.connector import Connector, Entity
    from talk_sdk.http import Http
    from talk_sdk.mapping import Mapping as EntityMapping
    from talk_sdk.operations import Operation, Outcome, Page, Raw, Session


@hookimpl
def talk_connector() -> Connector:
    """The page server."""
    from talk_bench.connector.settings import CONNECTOR

    return CONNECTOR


@hookimpl
def talk_entities(settings: BenchSettings) -> Sequence[Entity]:
    """What the API can do with each record type."""
    from talk_bench.connector.models import entities

    return entities(settings)


@hookimpl
def talk_mappings() -> Sequence[EntityMapping]:
    """The tables."""
    from talk_bench.connector.mappings import MAPPINGS

    return MAPPINGS


@hookimpl
def talk_open(settings: BenchSettings, http: Http) -> Session:
    """Sign in."""
    from talk_bench.connector.api import open_pages

    return open_pages(settings, http)


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
    """Records by a field."""
    found: Sequence[Raw] = session.client.find(entity, key, values)
    return found


@hookimpl
def talk_write(session: Session, operations: Sequence[Operation]) -> Sequence[Outcome]:
    """Create and change."""
    return [session.client.write(operation) for operation in operations]
