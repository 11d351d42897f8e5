"""From configuration and plugins to systems at work: settings, entities, tables, promises."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from random import Random
from typing import TYPE_CHECKING

import xxhash

from talk_sdk import _config
from talk_sdk._config import Config, SystemConfig
from talk_sdk._engine.flows import Flow, Flows, Place
from talk_sdk._engine.run import Bound, Run, Toggle
from talk_sdk._engine.workers import Failed, Lane
from talk_sdk._plugins import LoadedConnector, Plugins
from talk_sdk._store import Store, journal
from talk_sdk.concepts import CONCEPTS
from talk_sdk.connector import Entity
from talk_sdk.errors import (
    ConfigError,
    DeniedError,
    PluginError,
    RemoteError,
    SafetyError,
    TalkError,
)
from talk_sdk.http import Http, Vault
from talk_sdk.mapping import Compiled, compile_mapping

if TYPE_CHECKING:
    from talk_sdk._engine.conditions import Condition
    from talk_sdk.clock import Clock
    from talk_sdk.http import Transport

__all__ = ["bind", "identify", "open_all", "rules_digest"]


def bind(
    config: Config,
    plugins: Plugins,
    *,
    clock: Clock,
    rng: Random,
    transports: Mapping[str, Transport],
    vault: Callable[[str], Vault],
    writes: bool,
) -> dict[str, Bound]:
    """The systems of talk.toml, in its order, not opened yet.

    Raises:
        ConfigError: settings, toggles or mappings are wrong.
        PluginError: a connector is missing or breaks a promise.
    """
    found = {}
    for order, system in enumerate(config.systems.values()):
        loaded = plugins.connector(system.connector, system=system.name)
        http = Http(
            system.name, clock=clock, rng=rng, transport=transports.get(system.name),
            writes=writes, timeout_s=config.sync.timeout,
        )  # fmt: skip
        found[system.name] = _bind(config, system, order, loaded, http, vault(system.name))
    _config.check_entities(config, {name: bound.entities for name, bound in found.items()})
    _check_ranks(found.values())
    flows = _flows(config, found)
    for bound in found.values():
        bound.flows = flows
        bound.mappings = {
            entity: mapping
            for entity, mapping in bound.mappings.items()
            if flows.takes_part((bound.name, entity))
        }
    return found


def _flows(config: Config, systems: Mapping[str, Bound]) -> Flows:
    """The dataflows of talk.toml: each between two tables of one concept, and possible.

    Raises:
        ConfigError: a flow makes no sense, or a condition is none.
    """
    named = {}
    for number, each in enumerate(config.dataflow, 1):
        try:
            source, target = (_mapped(systems, place) for place in (each.source, each.target))
            _check_flow(systems, source, target, each)
            when, belongs = map(_condition, (each.when, each.filter))
        except ConfigError as error:
            raise ConfigError(f"Dataflow {number}: {error.message}") from None
        named[source, target] = Flow(each.creation, when, belongs)
    return Flows(named, Flow() if config.sync.default == "all" else None)


def _condition(text: str | None) -> Condition | None:
    if not text:
        return None
    from talk_sdk._engine.conditions import Condition  # JMESPath takes 30 ms to import

    return Condition(text)


def _mapped(systems: Mapping[str, Bound], place: str) -> Place:
    system, _, entity = place.partition(".")
    if entity not in systems[system].mappings:
        raise ConfigError(f"{place} has no mapping, so that nothing of it is synchronised.")
    return system, entity


def _check_flow(
    systems: Mapping[str, Bound], source: Place, target: Place, flow: _config.Dataflow
) -> None:
    concepts = [
        systems[system].mappings[entity].concept.name for system, entity in (source, target)
    ]
    if concepts[0] != concepts[1]:
        raise ConfigError(
            f"{flow.source} is of the kind {concepts[0]}, {flow.target} of {concepts[1]}: a"
            " dataflow is between records of one kind."
        )
    declared = systems[target[0]].entities[target[1]]
    if flow.creation != "linked" and (not declared.create or declared.derived_from):
        raise ConfigError(
            f'the API of {target[0]} cannot create a {target[1]}: write rule = "linked".'
        )


def _bind(
    config: Config,
    system: SystemConfig,
    order: int,
    loaded: LoadedConnector,
    http: Http,
    vault: Vault,
) -> Bound:
    settings = _config.settings(system, loaded.connector.settings)
    entities: dict[str, Entity] = {
        entity.name: entity for entity in loaded.hooks.talk_entities(settings=settings)
    }
    mappings: dict[str, Compiled] = {}
    for mapping in loaded.hooks.talk_mappings(settings=settings):
        overrides = config.mapping.get(f"{system.name}.{mapping.entity}", {})
        table = mapping.changed(system.name, overrides) if overrides else mapping
        try:
            mappings[mapping.entity] = compile_mapping(table)
        except PluginError as error:
            if not overrides:
                raise
            raise ConfigError(f'[mapping."{system.name}.{mapping.entity}"]: {error}') from None
        if mapping.entity not in entities:
            raise PluginError(
                f"The connector {loaded.name} maps {mapping.entity}, which is none of its"
                f" entities ({', '.join(entities)})."
            )
    _check_owners(system.name, entities, mappings)
    toggles = {
        name: Toggle(t.write, t.create, t.update, t.full_sync, t.delete, t.on_delete)
        for name, t in system.entities.items()
    }
    _check_deletions(system.name, entities, mappings, toggles)
    workers = min(config.sync.workers, loaded.connector.workers)
    return Bound(
        system.name, order, loaded.name, loaded.version, loaded.hooks, settings, entities,
        mappings, toggles, http, vault, workers,
    )  # fmt: skip


def _check_deletions(
    system: str,
    entities: Mapping[str, Entity],
    mappings: Mapping[str, Compiled],
    toggles: Mapping[str, Toggle],
) -> None:
    """What `on_delete` asks for has to be possible there."""
    for name, toggle in toggles.items():
        if toggle.on_delete == "delete" and not entities[name].delete:
            why = f"the API cannot delete a {name}"
        elif toggle.on_delete == "archive" and "active" not in mappings[name].writable:
            why = f"a {name} there cannot be made inactive"
        else:
            continue
        raise ConfigError(
            f'[systems.{system}.entities.{name}] on_delete = "{toggle.on_delete}": {why}.'
            ' Write "ignore", or another of "archive" and "delete".'
        )


def _check_owners(
    system: str, entities: Mapping[str, Entity], mappings: Mapping[str, Compiled]
) -> None:
    """A property belongs to one entity of a system; others may read it."""
    owners: dict[tuple[str, str], str] = {}
    for name, mapping in mappings.items():
        entity = entities[name]
        if entity.derived_from or not (entity.create or entity.update):
            continue
        for prop in mapping.creatable:
            other = owners.setdefault((mapping.concept.name, prop), name)
            if other != name:
                raise PluginError(
                    f"{system}: {other} and {name} both write {mapping.concept.name}.{prop};"
                    " mark it read_only in one of them."
                )


def _check_ranks(systems: Iterable[Bound]) -> None:
    """A rank of a concept means the same key in every system."""
    ranks: dict[tuple[str, int], tuple[str, tuple[str, ...]]] = {}
    for bound in systems:
        for entity, mapping in bound.mappings.items():
            for rank, names in mapping.keys.items():
                place = f"{bound.name}.{entity}"
                other, known = ranks.setdefault((mapping.concept.name, rank), (place, names))
                if known != names:
                    raise PluginError(
                        f"{other} matches {mapping.concept.name} at rank {rank} by"
                        f" {' + '.join(known)}, {place} by {' + '.join(names)};"
                        " a rank has to mean the same everywhere."
                    )


def open_all(run: Run) -> None:
    """Log in everywhere; a system that cannot be reached is left out of the run."""
    lanes = {b.name: Lane(1, iter([(b.name, b.open)])) for b in run.systems.values()}
    for together in run.workers.results(lanes):
        for name, result in together:
            bound = run.systems[name]
            if isinstance(result, Failed):
                run.leave_out(name, bound.entities, opening_error(result.error, bound))
                continue
            bound.session = result
            skew = bound.http.skew
            run.skews[name] = 0.0 if skew is None else skew.total_seconds()


def opening_error(error: BaseException, bound: Bound) -> TalkError:
    """Why a system could not be opened, for a person."""
    if isinstance(error, RemoteError) and not isinstance(error, DeniedError):
        return type(error)(
            f"{error.message} Check base_url of {bound.name} in talk.toml, and that it is up."
        )
    if isinstance(error, TalkError):
        return error
    return PluginError(
        f"The connector {bound.connector} failed while opening {bound.name}:"
        f" {type(error).__name__}: {error}."
    )


def identify(run: Run, plugins: Plugins) -> None:
    """Make sure that every system is the account that it was, before a record is compared.

    Raises:
        SafetyError: it is another one.
    """
    watchers = sorted(f"{p.name} {p.version}" for p in plugins.observers)
    with run.store.write() as connection:
        for bound in run.systems.values():
            if bound.session is None:
                continue
            account = bound.session.account
            known = journal.known_system(connection, bound.name)
            if known is not None and known != (bound.connector, account.id):
                raise SafetyError(
                    f"{bound.name} is another account now: {bound.connector} {account.id!r}"
                    f" ({account.name}), not {known[0]} {known[1]!r} as before. Nothing was"
                    " read or written. Correct its settings in talk.toml; for a new account"
                    " use a new system name or a new [store]."
                )
            journal.save_system(
                connection, bound.name, bound.connector, account.id, account.name,
                run.skews.get(bound.name, 0.0),
            )  # fmt: skip
            bound.epoch = {
                entity: _digest(
                    run.store, account.id, bound.version, *_seen_by(bound, entity, watchers)
                )
                for entity in bound.mappings
            }
            bound.seeds = {
                entity: xxhash.xxh3_64_intdigest(repr(_seen_by(bound, entity, watchers)).encode())
                for entity in bound.mappings
            }


def _seen_by(bound: Bound, entity: str, watchers: list[str]) -> tuple[object, ...]:
    """What decides how a raw record looks to the engine, and what is derived from it."""
    conditions = bound.flows.conditions((bound.name, entity))
    seen: tuple[object, ...] = bound.mappings[entity].digest, watchers
    seen += (conditions,) if conditions else ()
    for name, declared in bound.entities.items():
        if declared.derived_from == entity and name in bound.mappings:
            seen += _seen_by(bound, name, watchers)
    return seen


def _digest(store: Store, *parts: object) -> str:
    return xxhash.xxh3_128_hexdigest(repr((store.workspace, *parts)).encode())


def rules_digest(systems: Mapping[str, Bound]) -> str:
    """Changes whenever a plan could come out otherwise for records that have not changed."""
    parts = [
        (bound.name, bound.version, entity, mapping.digest, bound.toggle(entity),
         bound.entities[entity].create, bound.entities[entity].update,
         bound.entities[entity].delete)
        for bound in systems.values()
        for entity, mapping in bound.mappings.items()
    ]  # fmt: skip
    flows = next(iter(systems.values())).flows.digest()
    found = (sorted(map(repr, parts)), list(CONCEPTS), flows)
    return xxhash.xxh3_128_hexdigest(repr(found).encode())
