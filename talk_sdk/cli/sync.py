"""`talk sync`: read everything, decide, write."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from talk_sdk.cli.confirming import confirmed
from talk_sdk.cli.output import JSON_HELP, counts, print_counts, print_json
from talk_sdk.cli.plan import KINDS
from talk_sdk.cli.progress import progress
from talk_sdk.cli.wiring import DONE, OPEN, STOPPED, wiring

if TYPE_CHECKING:
    from talk_sdk.cli.progress import Shown
    from talk_sdk.reports import Report

__all__ = ["Asking", "report_json", "sync"]

YES_HELP = "Do not ask before the first write into an entity."
DELETES_HELP = "Let N records of a concept be deleted or archived, where [brakes] allows fewer."
CREATES_HELP = "Let N records be created in an entity, where [brakes] allows fewer."
PLAN_HELP = "Write what this saved plan has, as far as it is still so, and nothing else."
LISTED = 20
OUTCOMES = {"done": DONE, "open": OPEN, "stopped": STOPPED}

FirstWrites = Mapping[tuple[str, str], Mapping[str, int]]


def sync(
    context: typer.Context,
    yes: Annotated[bool, typer.Option("--yes", "-y", help=YES_HELP)] = False,
    approve_deletes: Annotated[int, typer.Option(min=0, metavar="N", help=DELETES_HELP)] = 0,
    approve_creates: Annotated[int, typer.Option(min=0, metavar="N", help=CREATES_HELP)] = 0,
    plan: Annotated[Path | None, typer.Option(metavar="FILE", help=PLAN_HELP)] = None,
    as_json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Bring all systems to the same state. Asks before it writes anywhere for the first time."""
    wired = wiring(context)
    terminal = wired.is_terminal()
    with progress(terminal=terminal) as shown, wired.runner(shown.event) as runner:
        asking = Asking(shown, terminal=terminal)
        report = runner.sync(
            approve=True if yes else asking.approve,
            approve_deletes=approve_deletes, approve_creates=approve_creates, plan=plan,
        )  # fmt: skip
        shown.stop()
    if as_json:
        print_json(report_json(report))
    else:
        _print(report)
    if asking.refused:
        typer.echo(f"Not written: {asking.refused}.", err=True)
        raise typer.Exit(STOPPED)
    raise typer.Exit(OUTCOMES[report.outcome])


class Asking:
    """Shows what would be written for the first time, and asks whether it may be.

    Attributes:
        refused: why nothing was written there; empty if it was approved or never asked.
    """

    def __init__(self, shown: Shown, *, terminal: bool) -> None:
        self._shown = shown
        self._terminal = terminal
        self.refused = ""

    def approve(self, first: FirstWrites) -> bool:
        """Ask; without a terminal there is nobody to ask, and `--yes` is needed."""
        self._shown.stop()
        typer.echo("Nothing has been written here before:", err=True)
        for (system, entity), kinds in sorted(first.items()):
            amounts = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
            typer.echo(f"  {system}.{entity}: {amounts}", err=True)
        if not self._terminal:
            self.refused = "`talk plan` shows what is waiting, `talk sync --yes` writes it"
        elif not confirmed("Write this?"):
            self.refused = "you said no; `talk plan` shows each write"
        return not self.refused


def report_json(report: Report) -> dict[str, object]:
    """What a run did, as JSON can have it."""
    return {
        "run": report.run,
        "outcome": report.outcome,
        "read": counts(report.read, ("system", "entity")),
        "written": counts(report.written, ("system", "entity", "kind")),
        "conflicts": report.conflicts,
        "open": report.open,
        "problems": report.problems,
        "skips": report.skips,
        "drift": report.drift,
        "unapproved": [
            {"system": o.system, "entity": o.entity, "kind": o.kind, "record": o.record, "id": o.id}
            for o in report.unapproved
        ],
        "seconds": report.seconds,
    }


def _print(report: Report) -> None:
    rows: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for place, count in report.read.items():
        rows[place]["read"] = count
    for (system, entity, kind), count in report.written.items():
        rows[system, entity][kind] = count
    print_counts(rows, ("read", *KINDS))
    if report.conflicts:
        typer.echo(f"Conflicts settled: {report.conflicts}. `talk status` lists them.")
    if report.open:
        waiting = ", ".join(f"{count} {kind}" for kind, count in report.open.items())
        typer.echo(f"Waiting for somebody: {waiting}. `talk status` lists them.")
    for each in report.unapproved[:LISTED]:
        typer.echo(f"not in the plan: {each.system}.{each.entity} {each.kind} {each.record}")
    if len(report.unapproved) > LISTED:
        typer.echo(f"not in the plan: {len(report.unapproved) - LISTED} more, see `talk plan`.")
    for problem in report.problems:
        typer.echo(f"problem: {problem}", err=True)
    total = sum(report.written.values())
    end = {"done": "Done", "open": "Done", "stopped": "Stopped"}[report.outcome]
    typer.echo(f"{end}. Writes: {total}, in {report.seconds:.1f} s (run {report.run}).")
