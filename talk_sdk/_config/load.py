"""From a talk.toml, or the same as a mapping, to a checked configuration."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from talk_sdk._config.models import (
    ASK,
    NEWEST,
    Brakes,
    Config,
    Conflicts,
    Dataflow,
    Policy,
    Store,
    Sync,
    SystemConfig,
    Toggles,
    Vault,
)
from talk_sdk._config.pairs import mapping
from talk_sdk._config.sentences import explain, nearest
from talk_sdk.concepts import CONCEPTS
from talk_sdk.errors import ConfigError

__all__ = ["check_entities", "load", "settings"]

Source = str | os.PathLike[str] | Mapping[str, Any]
ModelT = TypeVar("ModelT", bound=BaseModel)

SYSTEM_NAME = re.compile(r"[a-z][a-z0-9_-]*")


def load(source: Source, *, environ: Mapping[str, str] | None = None) -> Config:
    """Read and check a talk.toml, or a mapping of the same shape.

    The settings of each system are filled with the secrets that they name, and checked against
    the connector's own model later, by `settings`, when the plugins are loaded.

    Args:
        source: the file's path, or its content.
        environ: where `{ env = "NAME" }` is looked up; the process's environment by default.

    Raises:
        ConfigError: the file is missing or wrong; one sentence that says where and what to do.
    """
    environ = os.environ if environ is None else environ
    if isinstance(source, Mapping):
        path, data = None, dict(source)
    else:
        path = Path(source)
        data = _parse(path)
    known = [name for name in Config.model_fields if name != "path"]
    for key in data:
        if key not in known:
            raise ConfigError(f"Unknown key `{key}` at the top: {nearest(key, known)}")
    systems = _systems(_table(data, "systems", ""), environ)
    place = {"store": _secrets(_table(data, "store", ""), "[store]", "", environ)}
    store = _section(Store, place, "store")
    return Config(
        path=path,
        systems=systems,
        conflicts=_conflicts(_table(data, "conflicts", ""), systems),
        sync=_section(Sync, data, "sync"),
        dataflow=_dataflows(data.get("dataflow", []), systems),
        brakes=_section(Brakes, data, "brakes"),
        store=store.within(path.parent if path else Path.cwd()),
        vault=_section(Vault, data, "vault").within(path.parent if path else Path.cwd()),
        mapping=mapping(_table(data, "mapping", ""), systems),
    )


def settings(system: SystemConfig, model: type[ModelT]) -> ModelT:
    """A system's settings as the connector's own model.

    Raises:
        ConfigError: a key is unknown, missing or wrong.
    """
    try:
        # What TOML says is data from outside: no coercion is refused that the model allows.
        return model.model_validate(dict(system.settings))
    except ValidationError as error:
        # Not chained: the original shows the values, and they may be secrets.
        raise ConfigError(explain(error, f"systems.{system.name}", model)) from None


def check_entities(config: Config, entities: Mapping[str, Collection[str]]) -> None:
    """Refuse toggles and mappings of entities that no connector has.

    Args:
        config: the configuration.
        entities: per system, the names of its entities.

    Raises:
        ConfigError: an entity is unknown; with the nearest right name.
    """
    named = [(name, entity) for name, s in config.systems.items() for entity in s.entities]
    named += [(system, entity) for system, _, entity in (m.partition(".") for m in config.mapping)]
    places = [place for flow in config.dataflow for place in (flow.source, flow.target)]
    named += [(system, entity) for system, _, entity in (place.partition(".") for place in places)]
    for system, entity in named:
        known = entities.get(system, ())
        if entity not in known:
            raise ConfigError(f"System {system} has no entity `{entity}`: {nearest(entity, known)}")


def _parse(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"There is no {path}: `talk init` writes one.") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}.") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not valid TOML: it is not UTF-8 text.") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from None


def _table(data: Mapping[str, Any], key: str, within: str) -> dict[str, Any]:
    found = data.get(key, {})
    if not isinstance(found, Mapping):
        place = f"{within}.{key}" if within else key
        raise ConfigError(f"`{place}` should be a table, as in `[{place}]`.")
    return dict(found)


def _section(model: type[ModelT], data: Mapping[str, Any], key: str, within: str = "") -> ModelT:
    try:
        return model.model_validate(_table(data, key, within))
    except ValidationError as error:
        table = f"{within}.{key}" if within else key
        raise ConfigError(explain(error, table, model)) from None


def _systems(found: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, SystemConfig]:
    if not found:
        raise ConfigError(
            "No systems are configured: add a `[systems.NAME]` table with a `connector`; "
            "`talk init` writes one."
        )
    return {name: _system(name, _table(found, name, "systems"), environ) for name in found}


def _system(name: str, own: dict[str, Any], environ: Mapping[str, str]) -> SystemConfig:
    if not SYSTEM_NAME.fullmatch(name):
        raise ConfigError(
            f"`{name}` cannot be a system's name: use small letters, digits, `-` and `_`, "
            "and start with a letter."
        )
    place = f"systems.{name}"
    connector = own.pop("connector", None)
    if connector is None:
        raise ConfigError(
            f"[{place}] lacks `connector`: name the plugin for this system; "
            "`talk plugins` lists what is installed."
        )
    if not isinstance(connector, str):
        raise ConfigError(f"`connector` in [{place}] should be a plugin's name, in quotes.")
    entities = _table(own, "entities", place)
    own.pop("entities", None)
    return SystemConfig(
        name=name,
        connector=connector,
        settings=_secrets(own, f"System {name}", "", environ),
        entities={e: _section(Toggles, entities, e, f"{place}.entities") for e in entities},
    )


def _conflicts(table: Mapping[str, Any], systems: Collection[str]) -> Conflicts:
    found = {key: _policy(key, entry, systems) for key, entry in table.items()}
    default = found.pop("default", NEWEST)
    known = _properties()
    for key in found:
        if key not in known:
            raise ConfigError(
                f"Unknown property `{key}` in [conflicts]:"
                f" {nearest(key, ['default', *sorted(known)])}"
            )
    return Conflicts(default=default, properties=found)


def _policy(key: str, entry: object, systems: Collection[str]) -> Policy:
    if entry in ("newest", "ask"):
        return NEWEST if entry == "newest" else ASK
    place = f"`{key}` in [conflicts]"
    named = entry.get("prefer") if isinstance(entry, Mapping) and set(entry) == {"prefer"} else None
    if not isinstance(named, list) or not named or not all(isinstance(n, str) for n in named):
        raise ConfigError(
            f'{place} should be "newest" or "ask", or name systems, as in'
            f" {{ prefer = {json.dumps(sorted(systems))} }}."
        )
    for name in named:
        if name not in systems:
            raise ConfigError(f"{place} names an unknown system `{name}`: {nearest(name, systems)}")
    return Policy(prefer=tuple(named))


def _dataflows(found: object, systems: Collection[str]) -> tuple[Dataflow, ...]:
    if not isinstance(found, list) or not all(isinstance(each, Mapping) for each in found):
        raise ConfigError("`dataflow` should be a list of tables: write each as `[[dataflow]]`.")
    flows = [_dataflow(each, number, systems) for number, each in enumerate(found, 1)]
    known: dict[tuple[str, str], int] = {}
    for number, flow in enumerate(flows, 1):
        first = known.setdefault((flow.source, flow.target), number)
        if first != number:
            raise ConfigError(
                f"Dataflow {number} is from {flow.source} to {flow.target}, as is {first}:"
                " a pair has one rule in each direction."
            )
    return tuple(flows)


def _dataflow(table: Mapping[str, Any], number: int, systems: Collection[str]) -> Dataflow:
    try:
        flow = _section(Dataflow, {"[dataflow]": table}, "[dataflow]")
    except ConfigError as error:
        raise ConfigError(f"Dataflow {number}: {error.message}") from None
    for key, place in (("from", flow.source), ("to", flow.target)):
        system = place.partition(".")[0]
        if system not in systems:
            raise ConfigError(
                f"Dataflow {number}: `{key}` names an unknown system `{system}`:"
                f" {nearest(system, systems)}"
            )
    if flow.source.partition(".")[0] == flow.target.partition(".")[0]:
        raise ConfigError(
            f"Dataflow {number} leads from {flow.source} to {flow.target}: a dataflow is between"
            " two systems."
        )
    return flow


def _properties() -> set[str]:
    """What two systems can differ about: `customer.email`, `order.lines.quantity`."""
    found = set()
    for name, concept in CONCEPTS.items():
        found |= {f"{name}.{each}" for each in concept.properties if each not in concept.unmerged}
        for children, inner in concept.children.items():
            found |= {f"{name}.{children}.{each}" for each in inner.properties}
    return found


def _secrets(value: Any, where: str, key: str, environ: Mapping[str, str]) -> Any:
    """The same value with every `{ env = "NAME" }` in it replaced by what the variable holds."""
    if isinstance(value, Mapping):
        if set(value) == {"env"}:
            return _variable(value["env"], where, key, environ)
        inner = f"{key}." if key else ""
        return {k: _secrets(v, where, f"{inner}{k}", environ) for k, v in value.items()}
    if isinstance(value, list):
        return [_secrets(v, where, f"{key}[{n}]", environ) for n, v in enumerate(value)]
    return value


def _variable(name: object, where: str, key: str, environ: Mapping[str, str]) -> str:
    if not isinstance(name, str) or not name:
        raise ConfigError(f'{where}: `{key}` should be written as {{ env = "NAME" }}.')
    if value := environ.get(name):
        return value
    raise ConfigError(
        f"{where} takes `{key}` from the environment variable {name}, which is not set: "
        f"type `export {name}=…` first."
    )
