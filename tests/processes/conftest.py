"""`talk` in a folder of its own, over real servers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from talk_sdk.cli import build
from talk_sdk.testing.serve import SimulatorProcess
from talk_sdk.testing.workbench import BASE_URLS

SMALL = {"parties": 14, "items": 6, "deals": 8}
EMPTY = {"parties": 0, "items": 0, "deals": 0}
CONNECTORS = {"shop": "customwebshop", "erp": "customerp", "books": "wave"}
SECRETS = {"SHOP_TOKEN": "shop-token-7f3a", "ERP_PASSWORD": "erp-password-9c1d"}


@dataclass
class Servers:
    shop: SimulatorProcess
    erp: SimulatorProcess


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    with (
        SimulatorProcess("customwebshop", sizes=SMALL) as shop,
        SimulatorProcess("customerp", sizes=SMALL) as erp,
    ):
        yield Servers(shop, erp)


@dataclass
class Workspace:
    """A folder with a talk.toml, and `talk` in it."""

    folder: Path
    servers: Servers

    @property
    def config(self) -> Path:
        return self.folder / "talk.toml"

    def start(self, *words: str) -> subprocess.Popen[str]:
        """A process, in the folder, as a person types it."""
        return subprocess.Popen(
            [sys.executable, "-m", "talk_sdk", *words], cwd=self.folder,
            env=os.environ | SECRETS, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def run(self, *words: str) -> tuple[int, str, str]:
        process = self.start(*words)
        out, err = process.communicate(timeout=60)
        assert "Traceback" not in err, err
        return process.returncode, out, err

    def quick(self, *words: str) -> Result:
        """The same without a new process."""
        return CliRunner().invoke(build(), ["-c", str(self.config), *words], env=SECRETS)

    def init(self) -> tuple[str, ...]:
        """The words that write a good talk.toml."""
        return (
            "init", "--system", "shop=customwebshop", "--system", "erp=customerp",
            "--set", f"shop.base_url={self.servers.shop.base_url}/api",
            "--set", f"erp.base_url={self.servers.erp.base_url}/erp/v1",
            "--set", "erp.username=talk",
        )  # fmt: skip

    def change(self, old: str, new: str) -> None:
        text = self.config.read_text(encoding="utf-8")
        assert old in text, old
        self.config.write_text(text.replace(old, new, 1), encoding="utf-8")

    def add(self, text: str) -> None:
        self.config.write_text(self.config.read_text(encoding="utf-8") + text, encoding="utf-8")


@pytest.fixture
def empty(tmp_path: Path, servers: Servers) -> Workspace:
    return Workspace(tmp_path, servers)


@pytest.fixture
def workspace(empty: Workspace) -> Workspace:
    done = empty.quick(*empty.init())
    assert done.exit_code == 0, done.output
    return empty


class Installation:
    """Empty systems as real servers, and `talk` as a real process."""

    def __init__(self, folder: Path, servers: dict[str, SimulatorProcess], store: str) -> None:
        self.folder = folder
        self.servers = servers
        self.store = store
        self.workers = 4
        self.extra: dict[str, dict[str, Any]] = {name: {} for name in servers}

    def control(self, system: str) -> Any:
        return self.servers[system].control

    def talk(self, *words: str) -> subprocess.Popen[str]:
        """Start a command."""
        return subprocess.Popen(
            [sys.executable, "-m", "talk_sdk", "-c", str(self._config()), *words],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def _config(self) -> Path:
        parts = []
        for name, server in self.servers.items():
            connector = CONNECTORS[name]
            settings = {
                "connector": connector,
                "base_url": server.base_url + BASE_URLS[connector].split(".test", 1)[1],
                **server.settings, **self.extra[name],
            }  # fmt: skip
            parts.append(f"[systems.{name}]")
            parts += [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
        parts += [
            "[sync]",
            f"workers = {self.workers}",
            "[store]",
            f"url = {json.dumps(self.store)}",
        ]
        path = self.folder / "talk.toml"
        path.write_text("\n".join(parts), encoding="utf-8")
        return path

    def quick(self, *words: str) -> dict[str, Any]:
        """The same without a new process, to its end."""
        done = CliRunner().invoke(build(), ["-c", str(self._config()), *words, "--json"])
        assert done.exit_code in {0, 1}, done.output
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def sync(self) -> dict[str, Any]:
        """One whole run."""
        return self.quick("sync", "--yes")

    def settle(self) -> None:
        """Run until nothing is written any more."""
        for _ in range(5):
            if not self.sync()["written"]:
                return
        raise AssertionError("still writing")

    def kill_in(self, system: str, method: str, path: str) -> None:
        """Kill a run when the server has had the effect and the client has no answer."""
        assert self.kill_at(system, method, path, 1) == 1

    def kill_at(self, system: str, method: str, path: str, after: int) -> int:
        """The same after so many effects in all; returns how many there were."""
        control = self.control(system)
        control.reset_counters()
        control.faults(
            [{"kind": "timeout", "method": method, "path": path, "seconds": 20, "times": 1}]
        )
        process = self.talk("sync", "--yes")
        try:
            self.wait_for(lambda: self.effects(system) >= after)
            assert process.poll() is None, process.communicate()
        finally:
            os.kill(process.pid, signal.SIGKILL)
            process.communicate()
            control.faults([])
        return self.effects(system)

    @staticmethod
    def wait_for(ready: Callable[[], bool]) -> None:
        until = time.monotonic() + 60
        while not ready():
            assert time.monotonic() < until, "it did not happen"
            time.sleep(0.02)

    def effects(self, system: str) -> int:
        """How much was written since the counters were reset."""
        found = self.control(system).counters()["effects"]
        return sum(sum(kinds.values()) for kinds in found.values())

    def status(self) -> dict[str, Any]:
        return self.quick("status")


@pytest.fixture
def install(tmp_path: Path) -> Iterator[Callable[..., Installation]]:
    """Start empty systems; they end with the test."""
    with ExitStack() as started:

        def build(*systems: str, store: str = "sqlite:///talk.db") -> Installation:
            servers = {
                name: started.enter_context(SimulatorProcess(CONNECTORS[name], sizes=EMPTY))
                for name in systems
            }
            return Installation(tmp_path, servers, store)

        yield build
