"""Starting: what a command costs before it does anything."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from talk_bench.budgets import Row
from talk_bench.children import Sample, run
from talk_bench.rounds import race
from talk_bench.sizes import Bench

__all__ = ["bare_start", "starting", "talk"]

HEAVY = ("alembic", "httpx", "pydantic", "sqlalchemy", "talk_bench")
"""What the budget says that help does not import; the last one stands for all plugins."""
WHAT_WAS_IMPORTED = """
import contextlib, json, sys
from talk_sdk.cli import main
sys.argv = ["talk", "--help"]
with contextlib.suppress(SystemExit), contextlib.redirect_stdout(sys.stderr):
    main()
print(json.dumps({"modules": [name for name in %r if name in sys.modules]}))
"""


def starting(bench: Bench) -> Iterator[Row]:
    """`talk --help`, beside an interpreter that does nothing."""
    found = race("start", {
        "floor, an interpreter": lambda: bare_start(bench.folder),
        "talk --help": lambda: run([talk(), "--help"], folder=bench.folder),
    }, bench.sizes.rounds)  # fmt: skip
    shown, bare = found["talk --help"], found["floor, an interpreter"]
    yield Row("start_help", shown.wall_s / bare.wall_s, measured={
        "talk_s": shown.wall_s, "floor_s": bare.wall_s, "rounds": shown.rounds,
    })  # fmt: skip
    program = WHAT_WAS_IMPORTED % (HEAVY,)
    modules = run([sys.executable, "-P", "-c", program], folder=bench.folder).facts["modules"]
    yield Row("start_imports", len(modules))


def bare_start(folder: Path) -> Sample:
    """An interpreter that does nothing."""
    return run([sys.executable, "-c", "pass"], folder=folder)


def talk() -> str:
    """The command `talk` of this environment.

    Raises:
        RuntimeError: there is none.
    """
    beside = Path(sys.executable).parent
    found = shutil.which("talk", path=str(beside))
    if found is None:
        raise RuntimeError(f"There is no command `talk` in {beside}: install talk-sdk there.")
    return found
