"""The demo from curtain to curtain: servers, plan, three runs, a story between them, a verdict."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from talk_sdk._runner import Runner
from talk_sdk.testing.demo.judge import Expectation, Verdict, judge
from talk_sdk.testing.demo.readers import READERS, look
from talk_sdk.testing.demo.sights import COLLECTIONS, Sights
from talk_sdk.testing.demo.story import tell
from talk_sdk.testing.serve import SimulatorProcess
from talk_sdk.testing.world import awkward_world

if TYPE_CHECKING:
    from talk_sdk.operations import Plan
    from talk_sdk.reports import Report, Status

__all__ = ["ALL_NAMES", "NAMES", "SEED", "Act", "FullStage", "Play", "Stage", "playing"]

SEED = 7
NAMES = {"customwebshop": "shop", "customerp": "erp", "wave": "books"}
"""Connector → the name of its system, in the order of the demo's talk.toml."""
ALL_NAMES = NAMES | {"webcrm": "crm", "membercare": "members", "squarespace": "site"}
"""The same of all connectors that have a part in a demo."""
UNHURRIED = ("webcrm", "squarespace")
"""Connectors whose systems take so many requests a minute: nobody waits that long for a demo."""


def playing(names: Mapping[str, str] = NAMES) -> dict[str, str]:
    """Those of some connectors that are installed with their simulators: two make a demo."""
    installed = {point.name for point in entry_points(group="talk_sdk.connectors")}
    lacks = find_spec("graphql") is None
    return {c: n for c, n in names.items() if c in installed and not (c == "wave" and lacks)}


@dataclass(frozen=True)
class Act:
    """One run: what the servers counted, how long it took.

    `reads` counts requests for lists, by collection of the API.
    """

    name: str
    requests: Mapping[str, int]
    writes: Mapping[str, int]
    reads: Mapping[str, Mapping[str, int]]
    seconds: float
    report: Report

    def seen(self, system: str) -> dict[str, int]:
        """Entity → how many records the system's lists gave the engine."""
        return {e: count for (s, e), count in sorted(self.report.read.items()) if s == system}

    def as_json(self) -> dict[str, Any]:
        """The run as `--report` writes it."""
        return {
            "name": self.name, "requests": dict(self.requests), "writes": dict(self.writes),
            "reads": {system: dict(found) for system, found in self.reads.items()},
            "records": {system: self.seen(system) for system in self.requests},
            "seconds": round(self.seconds, 2),
        }  # fmt: skip


class Stage:
    """The simulators of the installed connectors as real servers, and a workspace for them.

    Attributes:
        cast: connector → name, of those that play if they are installed.
    """

    cast: Mapping[str, str] = NAMES

    def __init__(self, folder: Path, **sizes: int) -> None:
        """Nothing runs before the stage is entered."""
        self.folder = folder
        self.sizes = sizes
        self.servers: dict[str, SimulatorProcess] = {}
        self.names = playing(self.cast)
        drawn: dict[str, Any] = {**sizes, "systems": tuple(self.names)}
        self.world = awkward_world(SEED, **drawn)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Start the servers and write the talk.toml."""
        with ExitStack() as stack:
            for connector, name in self.names.items():
                server = SimulatorProcess(
                    connector, world_seed=SEED, sizes=self.sizes, systems=tuple(self.names)
                )
                self.servers[name] = stack.enter_context(server)
                if connector in UNHURRIED:
                    server.control.switch("per_minute", 1_000_000)
            self._stack = stack.pop_all()
        self.config.write_text(self._toml(), encoding="utf-8")
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the servers."""
        self._stack.close()

    @property
    def config(self) -> Path:
        """The workspace's talk.toml."""
        return self.folder / "talk.toml"

    def _toml(self) -> str:
        parts = ["# The demo's workspace. Its servers are simulators on this machine.\n"]
        for connector, name in self.names.items():
            server = self.servers[name]
            parts.append(f'[systems.{name}]\nconnector = "{connector}"')
            parts.append(f'base_url = "{server.base_url}{READERS[connector].base}"')
            parts += [f"{key} = {_toml(value)}" for key, value in server.settings.items()]
            parts.append("")
        return "\n".join(parts)

    @property
    def controls(self) -> dict[str, Any]:
        """System → its control plane."""
        return {name: server.control for name, server in self.servers.items()}

    def sights(self) -> dict[str, Sights]:
        """What every system holds now."""
        return {
            name: look(connector, self.servers[name].base_url, self.servers[name].settings)
            for connector, name in self.names.items()
        }

    def fixed(self) -> dict[str, frozenset[str]]:
        """System → collections in which nothing is ever changed from outside."""
        return {name: READERS[connector].fixed for connector, name in self.names.items()}

    def judge(self, expectations: list[Expectation]) -> Verdict:
        """Whether the systems agree."""
        sights = self.sights()
        identities = {
            name: {
                c: self.controls[name].identities(READERS[connector].named.get(c, c))
                for c in COLLECTIONS if c in sights[name]
            }
            for connector, name in self.names.items()
        }  # fmt: skip
        lacks = {name: READERS[connector].lacks for connector, name in self.names.items()}
        shop = NAMES["customwebshop"]
        return judge(self.world, sights, identities, expectations, shop, lacks)


class FullStage(Stage):
    """All systems that have a part in a demo, with fewer records of each."""

    cast = ALL_NAMES

    def __init__(self, folder: Path, **sizes: int) -> None:
        """Nothing runs before the stage is entered."""
        super().__init__(folder, **{"parties": 300, "items": 200, "deals": 400, **sizes})


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(k)} = {_toml(v)}" for k, v in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)


@dataclass
class Play:
    """The demo's course. Each method is one scene; `on_event` hears what the runs do."""

    stage: Stage
    on_event: Callable[[Any], None] | None = None
    acts: list[Act] = field(default_factory=list)
    expectations: list[Expectation] = field(default_factory=list)

    def plan(self) -> tuple[Plan, dict[tuple[str, str, str], int]]:
        """What the first run would write."""
        with Runner.from_config(self.stage.config, on_event=self.on_event) as runner:
            plan = runner.plan()
            return plan, dict(plan.counts)

    def run(self, name: str) -> Act:
        """One run, counted by the servers."""
        for control in self.stage.controls.values():
            control.reset_counters()
        with Runner.from_config(self.stage.config, on_event=self.on_event) as runner:
            report = runner.sync(approve=True)
        counts = {name_: c.counters() for name_, c in self.stage.controls.items()}
        act = Act(
            name,
            {
                s: sum(sum(c.values()) for c in found["requests"].values())
                for s, found in counts.items()
            },
            {
                s: sum(sum(k.values()) for k in found["effects"].values())
                for s, found in counts.items()
            },
            {s: found["reads"] for s, found in counts.items()},
            report.seconds,
            report,
        )
        self.acts.append(act)
        return act

    def story(self) -> list[tuple[str, str]]:
        """Users edit; returns who did what."""
        stage = self.stage
        happened, self.expectations = tell(stage.controls, stage.sights(), stage.fixed())
        return happened

    def status(self) -> Status:
        """What waits for somebody."""
        with Runner.from_config(self.stage.config) as runner:
            return runner.status()

    def verdict(self) -> Verdict:
        """Whether the systems agree, whether anything is there twice."""
        return self.stage.judge(self.expectations)
