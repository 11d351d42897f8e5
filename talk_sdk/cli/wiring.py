"""What commands are connected to: the workspace, the runner, the plugins, the terminal."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import typer

    from talk_sdk._plugins import Plugins
    from talk_sdk._runner import Runner
    from talk_sdk.events import Event

__all__ = ["DONE", "OPEN", "STOPPED", "USAGE", "Wiring", "only_runner", "wiring"]

DONE, OPEN, USAGE, STOPPED = range(4)
"""The exit codes."""

OnEvent = Callable[["Event"], None]


def _open_runner(config: Path, on_event: OnEvent | None) -> Runner:
    from talk_sdk import Runner

    return Runner.from_config(config, on_event=on_event)


def only_runner(config: Path, on_event: OnEvent | None) -> Runner:
    """Open the only workspace of a process, which ends with it.

    What is loaded by now stays: it is searched for garbage no more, which takes more of a read
    than the garbage that a read makes.
    """
    runner = _open_runner(config, on_event)
    gc.freeze()
    return runner


def _load_plugins() -> Plugins:
    from talk_sdk._plugins import load

    return load()


def _is_terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


@dataclass(frozen=True)
class Wiring:
    """What commands are connected to. The defaults are the real things, loaded when called.

    Attributes:
        config: the talk.toml.
        open_runner: opens the workspace.
        load_plugins: what is installed.
        is_terminal: whether there is a person to ask and to show progress to.
    """

    config: Path = Path("talk.toml")
    open_runner: Callable[[Path, OnEvent | None], Runner] = _open_runner
    load_plugins: Callable[[], Plugins] = _load_plugins
    is_terminal: Callable[[], bool] = _is_terminal

    def at(self, config: Path) -> Wiring:
        """The same for another talk.toml."""
        return replace(self, config=config)

    def runner(self, on_event: OnEvent | None = None) -> Runner:
        """Open the workspace."""
        return self.open_runner(self.config, on_event)


def wiring(context: typer.Context) -> Wiring:
    """What the command of this context is connected to."""
    found = context.obj
    return found if isinstance(found, Wiring) else Wiring()
