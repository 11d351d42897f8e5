"""The peers' own environments, installed by name, kept between runs."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from talk_bench.rounds import say

__all__ = ["Peer", "peer"]

KEPT = Path(".nox") / "bench-peers"
"""Beside nox's own environments, which git ignores."""
CONFIGURED = Path("benchmarks") / "peers"
INSTALL_S = 900.0
WORDS = 300  # characters of an installer's complaint that a reason quotes
VERSION = "import importlib.metadata as m, sys; print(m.version(sys.argv[1]))"


@dataclass(frozen=True)
class Peer:
    """A peer that is installed.

    Attributes:
        files: its configuration and programs.
        bin: the commands of its environment.
        label: its name and version.
    """

    files: Path
    bin: Path
    label: str

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.bin / "python"


def peer(root: Path, name: str) -> Peer:
    """Install a peer, unless it is there.

    Args:
        root: the clone.
        name: a folder of benchmarks/peers, whose requirements.txt names the peer first.

    Raises:
        RuntimeError: it cannot be installed; why.
    """
    files, environment = root / CONFIGURED / name, root / KEPT / name
    wanted = files / "requirements.txt"
    distribution = wanted.read_text(encoding="utf-8").split()[0]
    found = Peer(files, environment / "bin", distribution)
    done = environment / wanted.name
    if not done.exists() or done.read_bytes() != wanted.read_bytes():
        say(f"installing {distribution} into {environment}")
        _install(found, wanted)
        shutil.copyfile(wanted, done)
    version = _run(distribution, [found.python, "-c", VERSION, distribution])
    return Peer(files, found.bin, f"{distribution} {version.strip()}")


def _install(wanted: Peer, requirements: Path) -> None:
    environment, uv = wanted.bin.parent, shutil.which("uv")
    install: list[str | Path]
    if uv:
        _run(wanted.label, [uv, "venv", "--clear", "--python", sys.executable, environment])
        install = [uv, "pip", "install", "--python", wanted.python]
    else:
        _run(wanted.label, [sys.executable, "-m", "venv", "--clear", environment])
        install = [wanted.python, "-m", "pip", "install", "--quiet"]
    _run(wanted.label, [*install, "-r", requirements])


def _run(what: str, command: Sequence[str | Path]) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - an installer, and what it has installed
            command, check=True, capture_output=True, text=True, timeout=INSTALL_S
        )
    except subprocess.CalledProcessError as error:
        said = " ".join((error.stderr or error.stdout).split())[-WORDS:]
        raise RuntimeError(f"{what} could not be installed: {said}") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RuntimeError(f"{what} could not be installed: {error}") from None
    return done.stdout
