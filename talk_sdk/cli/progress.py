"""Shows a run while it works: bars on a terminal, a line for each stage elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Protocol

import typer

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from talk_sdk.events import Event

__all__ = ["Shown", "progress"]

READING = {"collecting", "collected"}
"""Events that move the bar of an entity that is read."""

STAGES = {
    "collected": "read",
    "matched": "matched",
    "merged": "merged",
    "planned": "planned",
}
"""Events that end a stage, and its word."""

TROUBLE = {"left_out": "left out", "refused": "refused"}
"""Events that a person has to know of, wherever they are shown."""


class Shown(Protocol):
    """A view of a run. Everything goes to stderr: stdout is for results."""

    def event(self, event: Event) -> None:
        """Show that something happened."""

    def stop(self) -> None:
        """Leave the terminal alone, for a question or a result; the next event starts again."""


@contextmanager
def progress(*, terminal: bool) -> Iterator[Shown]:
    """A view of the run in this block."""
    shown: Shown = Bars() if terminal else Lines()
    try:
        yield shown
    finally:
        shown.stop()


class Lines:
    """A line for each stage, for logs."""

    def event(self, event: Event) -> None:
        """Write a line if a stage has ended or something went wrong."""
        if event.kind in STAGES:
            typer.echo(" ".join(filter(None, (STAGES[event.kind], _amount(event)))), err=True)
        elif event.kind in TROUBLE:
            typer.echo(_trouble(event), err=True)

    def stop(self) -> None:
        """Nothing to leave: lines are written at once."""


class Bars:
    """A bar for each entity that is read, and one for all that is written."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._tasks: dict[str, TaskID] = {}
        self._bars: Progress | None = None

    def event(self, event: Event) -> None:
        """Move the bar that the event belongs to; systems are read side by side."""
        with self._lock:
            if event.kind in TROUBLE:
                self._running().console.print(_trouble(event), markup=False, highlight=False)
            elif event.kind in READING:
                total = event.count if event.kind == "collected" else event.total
                self._move(f"reading {_place(event)}", event.count, total)
            elif event.kind == "applying":
                # Entities take turns, and the count is of all of them.
                self._move("writing", event.count, event.total)

    def _move(self, name: str, count: int, total: int | None) -> None:
        bars = self._running()
        if name not in self._tasks:
            self._tasks[name] = bars.add_task(name, total=total)
        bars.update(self._tasks[name], completed=count, total=total)

    def stop(self) -> None:
        """Leave the bars as they are, on the screen; what comes later gets new ones."""
        with self._lock:
            if self._bars:
                self._bars.stop()
            self._bars = None
            self._tasks.clear()

    def _running(self) -> Progress:
        if self._bars is None:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

            columns = (TextColumn("{task.description}", markup=False), BarColumn())
            self._bars = Progress(*columns, MofNCompleteColumn(), console=Console(stderr=True))
            self._bars.start()
        return self._bars


def _place(event: Event) -> str:
    return ".".join(part for part in (event.system, event.entity) if part)


def _amount(event: Event) -> str:
    amount = f"{event.count} of {event.total}" if event.total else str(event.count)
    return f"{_place(event)}: {amount}" if _place(event) else amount if event.count else ""


def _trouble(event: Event) -> str:
    where = " ".join(part for part in (_place(event), event.record) if part)
    # What a system answered is told with the system's name in front.
    message = event.message.removeprefix(f"{event.system}: ") if event.system else event.message
    return f"{TROUBLE[event.kind]}: {where}: {message}"
