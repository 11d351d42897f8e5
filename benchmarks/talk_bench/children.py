"""Pieces of work in processes of their own: what each took, and what it says it has done."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Sample", "python", "run"]

MEASURED = Path(__file__).with_name("measured.py")
WORDS = 2000  # characters of a child's complaint that a message quotes
MEGA = 1000 * 1000
PIECE = 1024 if sys.platform != "darwin" else 1
"""The bytes that ru_maxrss counts in (getrusage(2))."""


@dataclass(frozen=True)
class Sample:
    """One round of one contestant.

    Attributes:
        work_s: seconds of the work itself, imports left out, as the child says; `wall_s` where
            it says nothing.
        wall_s: seconds from the process's start to its end.
        cpu_s: seconds of CPU time of the process and what it has waited for.
        rss_mb: peak of resident memory, in MB.
        facts: what else the child said, such as the count and hash of what it has stored.
    """

    work_s: float
    wall_s: float
    cpu_s: float
    rss_mb: float
    facts: Mapping[str, Any] = field(default_factory=dict)


def run(
    command: Sequence[str | os.PathLike[str]],
    *,
    folder: Path,
    environ: Mapping[str, str] | None = None,
) -> Sample:
    """Run a command to its end and measure it. The last line that it prints may be its facts.

    Args:
        command: program and arguments.
        folder: where it runs.
        environ: further variables.

    Raises:
        RuntimeError: it failed; with the end of what it said.
    """
    with tempfile.TemporaryDirectory(prefix="talk-bench-run-") as place:
        out, complaints, taken = (Path(place) / name for name in ("out", "err", "taken"))
        with out.open("wb") as stdout, complaints.open("wb") as stderr:
            ended = subprocess.run(  # noqa: S603 - commands of our own
                [sys.executable, "-I", "-S", MEASURED, taken, *command], check=False, cwd=folder,
                stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr,
                env=_environ(environ or {}),
            )  # fmt: skip
        if ended.returncode:
            said = complaints.read_text(errors="replace") or out.read_text(errors="replace")
            shown = " ".join(map(str, command))[:WORDS]
            raise RuntimeError(f"`{shown}` failed: {said[-WORDS:]}")
        facts = _facts(out.read_bytes())
        took = json.loads(taken.read_text())
    work = float(facts.pop("work_s", took["wall_s"]))
    return Sample(work, took["wall_s"], took["cpu_s"], took["maxrss"] * PIECE / MEGA, facts)


def _environ(further: Mapping[str, str]) -> dict[str, str]:
    """Whoever installs a program lets its imports be compiled once: so does the benchmark."""
    found = {**os.environ, **further}
    found.pop("PYTHONDONTWRITEBYTECODE", None)
    return found


def python(module: str, verb: str, folder: Path, **words: Any) -> Sample:
    """Run one of our own modules, `python -P -m talk_bench.MODULE VERB JSON`, and measure it."""
    command = (sys.executable, "-P", "-m", f"talk_bench.{module}", verb, json.dumps(words))
    return run(command, folder=folder)


def _facts(out: bytes) -> dict[str, Any]:
    lines = out.splitlines()
    if not lines or not lines[-1].startswith(b"{"):
        return {}
    found: dict[str, Any] = json.loads(lines[-1])
    return found
