"""Finds the installed plugins, and keeps one that is broken from taking the others along.

Connectors (entry point group `talk_sdk.connectors`) and other plugins (`talk_sdk.plugins`) are
loaded one at a time. Every connector gets a plugin manager of its own, with its module, all
other plugins and the core's default implementations, so that no call can reach the hooks of
another connector.
"""

from __future__ import annotations

import difflib
import importlib.metadata
import os
from collections.abc import Iterable, Mapping, Sequence
from types import ModuleType
from typing import TYPE_CHECKING

import msgspec
import pluggy

from talk_sdk import hookspecs
from talk_sdk.connector import Connector
from talk_sdk.errors import PluginError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from talk_sdk.events import Event
    from talk_sdk.operations import Raw

__all__ = [
    "CONNECTORS",
    "DISABLE",
    "PLUGINS",
    "Broken",
    "LoadedConnector",
    "LoadedPlugin",
    "Plugins",
    "load",
]

CONNECTORS = "talk_sdk.connectors"
PLUGINS = "talk_sdk.plugins"
DISABLE = "TALK_DISABLE_PLUGINS"


class Broken(msgspec.Struct, frozen=True):
    """A plugin that could not be loaded, and why."""

    name: str
    group: str
    distribution: str
    version: str
    error: str


class LoadedConnector(msgspec.Struct, frozen=True):
    """A connector with the hooks that are called for its systems, wrappers of others included."""

    name: str
    distribution: str
    version: str
    connector: Connector
    hooks: pluggy.HookRelay


class LoadedPlugin(msgspec.Struct, frozen=True):
    """A plugin that is no connector: it wraps hooks or observes."""

    name: str
    distribution: str
    version: str


class Plugins(msgspec.Struct, frozen=True):
    """All that is installed.

    Attributes:
        connectors: by name, as talk.toml names them.
        observers: the other plugins.
        broken: what could not be loaded.
        disabled: names that `TALK_DISABLE_PLUGINS` turned off.
        listeners: per plugin that implements `talk_event`, connectors included, its hooks.
    """

    connectors: Mapping[str, LoadedConnector]
    observers: Sequence[LoadedPlugin] = ()
    broken: Sequence[Broken] = ()
    disabled: frozenset[str] = frozenset()
    listeners: Mapping[str, pluggy.HookRelay] = msgspec.field(default_factory=dict)

    def connector(self, name: str, *, system: str) -> LoadedConnector:
        """The connector that a system of talk.toml names.

        Raises:
            PluginError: it is not installed, broken or turned off; with the way out.
        """
        if found := self.connectors.get(name):
            return found
        start = f"System {system} needs the connector `{name}`, which is"
        broken = [b for b in self.broken if b.name == name and b.group == CONNECTORS]
        if broken:
            causes = "; ".join(f"{b.distribution} {b.version}: {b.error}" for b in broken)
            raise PluginError(f"{start} broken ({causes}).")
        if name in self.disabled:
            raise PluginError(f"{start} turned off by {DISABLE}.")
        close = difflib.get_close_matches(name, self.connectors, n=1)
        guess = f"did you mean `{close[0]}`? If not, " if close else ""
        raise PluginError(f"{start} not installed: {guess}`pip install talk-{name}` installs it.")

    def notify(self, event: Event) -> list[str]:
        """Tell every plugin that listens; returns a sentence for each that raised."""
        complaints = []
        for name, hooks in self.listeners.items():
            try:
                hooks.talk_event(event=event)
            except Exception as error:  # noqa: BLE001 - an observer never stops a run
                complaints.append(f"The plugin {name} failed at talk_event: {_cause(error)}.")
        return complaints


class _Core:
    """What the core answers where no plugin does."""

    @staticmethod
    @hookspecs.hookimpl
    def talk_inbound(records: Sequence[Raw]) -> Sequence[Raw]:
        """Without wrappers, records come in as they are."""
        return records


def load(
    entry_points: Iterable[EntryPoint] | None = None, environ: Mapping[str, str] | None = None
) -> Plugins:
    """Load what is installed; never raises because of a plugin.

    Args:
        entry_points: what is installed; by default what importlib.metadata finds.
        environ: for `TALK_DISABLE_PLUGINS`, a comma-separated list of names; by default the
            process's environment.
    """
    names = (os.environ if environ is None else environ).get(DISABLE, "").split(",")
    off = frozenset(name.strip() for name in names if name.strip())
    installed = _installed() if entry_points is None else entry_points
    found = [p for p in installed if p.group in {CONNECTORS, PLUGINS} and p.name not in off]

    broken: list[Broken] = []
    connectors: dict[str, tuple[EntryPoint, ModuleType, Connector]] = {}
    plugins: dict[str, tuple[EntryPoint, ModuleType]] = {}
    for point in found:
        try:
            _refuse_twins(point, found)
            module = _module(point)
            if point.group == CONNECTORS:
                connectors[point.name] = point, module, _connector(point, module)
            else:
                plugins[point.name] = point, _plugin(module)
        except Exception as error:  # noqa: BLE001 - whatever a plugin does, the others are loaded
            broken.append(Broken(point.name, point.group, *_origin(point), error=_cause(error)))

    others = {name: module for name, (_, module) in plugins.items()}
    return Plugins(
        connectors={
            name: LoadedConnector(name, *_origin(point), connector, _hooks(module, others))
            for name, (point, module, connector) in connectors.items()
        },
        observers=[LoadedPlugin(name, *_origin(point)) for name, (point, _) in plugins.items()],
        broken=broken,
        disabled=off,
        listeners=_listeners({name: part[1] for name, part in connectors.items()} | others),
    )


def _installed() -> list[EntryPoint]:
    return [
        *importlib.metadata.entry_points(group=CONNECTORS),
        *importlib.metadata.entry_points(group=PLUGINS),
    ]


def _refuse_twins(point: EntryPoint, found: Iterable[EntryPoint]) -> None:
    same = [p for p in found if (p.group, p.name) == (point.group, point.name) and p is not point]
    if same:
        others = " and ".join(" ".join(_origin(other)) for other in same)
        raise PluginError(f"`{point.name}` is also the name of {others}: uninstall one of them")


def _module(point: EntryPoint) -> ModuleType:
    """Import an entry point's module and check every hook in it against its specification."""
    module = point.load()
    if not isinstance(module, ModuleType):
        raise PluginError(f"`{point.value}` is not a module")
    manager = _manager(module)
    known = {name for name in vars(hookspecs) if name.startswith("talk_")}
    for caller in manager.get_hookcallers(module) or ():
        if caller.name not in known:
            close = difflib.get_close_matches(caller.name, known, n=1)
            guess = f", did you mean `{close[0]}`?" if close else ""
            raise PluginError(f"`{caller.name}` is not a hook{guess}")
    manager.check_pending()
    if "talk_inbound" in _implemented(module, plain=True):
        raise PluginError("`talk_inbound` has to be a wrapper: `@hookimpl(wrapper=True)`")
    return module


def _connector(point: EntryPoint, module: ModuleType) -> Connector:
    """Ask a module for its connector and check what it promises."""
    plain = _implemented(module, plain=True)
    lacking = [f"`{name}`" for name in hookspecs.CONNECTOR_HOOKS if name not in plain]
    if lacking:
        raise PluginError(f"it does not implement {', '.join(lacking)}")
    connector = _manager(module).hook.talk_connector()
    if not isinstance(connector, Connector):
        raise PluginError("`talk_connector` does not return a Connector")
    if connector.name != point.name:
        raise PluginError(
            f"its entry point is called `{point.name}`, its connector `{connector.name}`"
        )
    return connector


def _plugin(module: ModuleType) -> ModuleType:
    """Check a plugin that is no connector: it may wrap a connector's hooks, not answer them."""
    if not _implemented(module):
        raise PluginError("it implements no hook")
    only = {*hookspecs.CONNECTOR_HOOKS, *hookspecs.OPTIONAL_HOOKS}
    if plain := sorted(only & _implemented(module, plain=True)):
        raise PluginError(
            f"`{plain[0]}` is a connector's hook: in another plugin it has to be a wrapper"
        )
    return module


def _manager(module: ModuleType) -> pluggy.PluginManager:
    """A plugin manager that knows all hooks and one module."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(module)
    return manager


def _hooks(module: ModuleType, others: Mapping[str, ModuleType]) -> pluggy.HookRelay:
    """The hooks of one connector, with everybody who may come in."""
    manager = _manager(module)
    for name, other in others.items():
        manager.register(other, name=f"{PLUGINS}:{name}")
    manager.register(_Core)
    return manager.hook


def _listeners(modules: Mapping[str, ModuleType]) -> dict[str, pluggy.HookRelay]:
    """For each module that observes, a relay that reaches only it, so that its failure is known."""
    return {
        name: _manager(module).hook
        for name, module in modules.items()
        if "talk_event" in _implemented(module, plain=True)
    }


def _implemented(module: ModuleType, *, plain: bool = False) -> set[str]:
    """The hooks that a module implements; `plain`: other than as a wrapper."""
    manager = _manager(module)
    return {
        caller.name
        for caller in manager.get_hookcallers(module) or ()
        for implementation in caller.get_hookimpls()
        if not (plain and (implementation.wrapper or implementation.hookwrapper))
    }


def _origin(point: EntryPoint) -> tuple[str, str]:
    """The distribution that a plugin comes from, and its version."""
    dist = point.dist
    return (dist.name, dist.version) if dist else (point.module, "of no distribution")


def _cause(error: Exception) -> str:
    if isinstance(error, PluginError):
        return error.message
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
