"""A workspace over in-process simulators: the real runner and store, a virtual clock.

For tests of the engine and of plugins with the engine; the simulation builds on it too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from talk_sdk._plugins import Plugins, load
from talk_sdk._runner import Runner
from talk_sdk.testing.clock import VirtualClock
from talk_sdk.testing.control import LocalControl, local_control
from talk_sdk.testing.faults import Faults
from talk_sdk.testing.transport import WsgiTransport

if TYPE_CHECKING:
    from talk_sdk.operations import Simulator
    from talk_sdk.testing.neutral import World

__all__ = ["BASE_URLS", "Workbench"]

BASE_URLS = {
    "customwebshop": "http://shop.test/api",
    "customerp": "http://erp.test/erp/v1",
    "wave": "http://wave.test/graphql/public",
    "webcrm": "http://webcrm.test",
    "membercare": "http://membercare.test/api/v1",
    "squarespace": "http://squarespace.test",
}
"""Where the simulators of the connectors that ship with talk-sdk have their API."""


class Workbench:
    """Simulators of some connectors and a workspace that synchronises them.

    Attributes:
        clock: virtual; all simulators share it, but for `skews`.
        faults: per system.
        twins: per system, its simulator.
    """

    def __init__(
        self,
        folder: Path,
        world: World | Mapping[str, World],
        systems: Mapping[str, str],
        *,
        settings: Mapping[str, Mapping[str, Any]] | None = None,
        skews: Mapping[str, float] | None = None,
        config: Mapping[str, Any] | None = None,
        plugins: Plugins | None = None,
        seed: int = 0,
    ) -> None:
        """Start the simulators.

        Args:
            folder: where the store is kept.
            world: what the simulators hold at first: one for all of them, which tells them apart
                by their connectors, or name → its own.
            systems: name → connector, in the order of talk.toml.
            settings: name → further settings of its `[systems]` table.
            skews: name → seconds that its clock is ahead.
            config: further sections of talk.toml.
            plugins: what is installed; by default what really is.
            seed: of faults and jitter.
        """
        self.clock = VirtualClock()
        self.plugins = plugins or load()
        self.seed = seed
        self.faults = {name: Faults(seed=seed + i) for i, name in enumerate(systems)}
        self.twins: dict[str, Simulator] = {}
        for name, connector in systems.items():
            self.twins[name] = self.plugins.connectors[connector].hooks.talk_simulator(
                world=world[name] if isinstance(world, Mapping) else world,
                clock=self.clock.offset((skews or {}).get(name, 0.0)),
                faults=self.faults[name],
            )  # fmt: skip
        self.source: dict[str, Any] = {
            "systems": {
                name: {
                    "connector": connector,
                    "base_url": BASE_URLS[connector],
                    **self.twins[name].settings,
                    **(settings or {}).get(name, {}),
                }
                for name, connector in systems.items()
            },
            "store": {"url": f"sqlite:///{folder / 'talk.db'}"},
            **(config or {}),
        }

    def control(self, system: str) -> LocalControl:
        """The control plane of a system: edits as a user makes them, counters."""
        return local_control(self.twins[system])

    def runner(self, **parts: Any) -> Runner:
        """A runner for the workspace; `parts` as `Runner` takes them."""

        def transport(name: str) -> Callable[[], WsgiTransport]:
            return lambda: WsgiTransport(self.twins[name].app, self.clock)

        return Runner.from_config(
            self.source,
            plugins=self.plugins,
            clock=self.clock,
            rng=Random(self.seed),
            transports={name: transport(name) for name in self.twins},
            **{"durable": False, **parts},
        )

    def writes(self) -> dict[str, int]:
        """Per system, how many effects the API had since the counters were reset."""
        return {
            name: sum(
                sum(kinds.values()) for kinds in self.control(name).counters()["effects"].values()
            )
            for name in self.twins
        }

    def reset(self) -> None:
        """Count from zero."""
        for name in self.twins:
            self.control(name).reset_counters()
