"""`talk` in a folder of its own, over real servers."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from talk_sdk.cli import build
from talk_sdk.testing.serve import SimulatorProcess

SMALL = {"parties": 14, "items": 6, "deals": 8}
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
