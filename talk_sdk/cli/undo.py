"""`talk undo`: give what a run has changed its values of before."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Annotated

import typer

from talk_sdk.cli.confirming import confirmed
from talk_sdk.cli.output import JSON_HELP, print_json, print_table, shown
from talk_sdk.cli.plan import plan_json
from talk_sdk.cli.progress import progress
from talk_sdk.cli.sync import OUTCOMES, report_json
from talk_sdk.cli.wiring import DONE, STOPPED, wiring

if TYPE_CHECKING:
    from talk_sdk.cli.wiring import Wiring
    from talk_sdk.reports import Ran, Undo

__all__ = ["undo"]

RUN_HELP = "The run, or how its id begins; without it, the last runs are listed."
YES_HELP = "Do it without a question."
LISTED = 50


def undo(
    context: typer.Context,
    run: Annotated[str | None, typer.Argument(metavar="RUN", help=RUN_HELP)] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help=YES_HELP)] = False,
    as_json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Take back what a run has changed, in all systems.

    The properties that it has changed get the values of before it.

    Without RUN the last runs are listed. With it, what would be restored is shown, and what
    cannot be: a property that was edited since keeps its value, and a record that the run
    created, archived or deleted in a system stays so. Then you are asked; without a terminal
    nothing is written unless you say --yes.

    What is restored counts as an edit of yours, newer than all others. The same undo once more
    changes nothing, and an undo is undone like any other run.

    Exit codes: 0 done, shown or listed; 1 done, with items that wait for somebody; 3 stopped.
    """
    wired = wiring(context)
    if run is None:
        _list(wired, as_json=as_json)
    elif yes:
        _do(wired, run, as_json=as_json)
    else:
        found = _show(wired, run, as_json=as_json)
        if not found.restored or as_json:
            raise typer.Exit(STOPPED if found.problems else DONE)
        if not wired.is_terminal():
            typer.echo("Nothing was written: `talk undo RUN --yes` does it.", err=True)
        elif confirmed("Undo this?"):
            _do(wired, found.undone.id, as_json=False)
        raise typer.Exit(STOPPED if found.problems else DONE)


def _list(wired: Wiring, *, as_json: bool) -> None:
    with wired.runner() as runner:
        found = runner.runs()
    if as_json:
        print_json(found)
    elif not found:
        typer.echo("No run has written anything yet.")
    else:
        print_table(("run", "kind", "started", "outcome", "writes"), list(map(_row, found)))
        typer.echo("`talk undo RUN` shows what undoing one of them would write.")
    raise typer.Exit(DONE)


def _row(ran: Ran) -> tuple[str, str, str, str, int]:
    return ran.id, ran.kind, f"{ran.started:%Y-%m-%d %H:%M:%S}", ran.outcome, ran.written


def _show(wired: Wiring, run: str, *, as_json: bool) -> Undo:
    with progress(terminal=wired.is_terminal()) as view, wired.runner(view.event) as runner:
        found = runner.plan_undo(run)
        view.stop()
        if as_json:
            print_json(_as_json(found))
            return found
        _print(found, "would be restored")
        if found.plan is not None:
            writes: dict[str, int] = defaultdict(int)
            for (system, _, _), count in found.plan.counts.items():
                writes[system] += count
            amounts = ", ".join(f"{count} in {system}" for system, count in sorted(writes.items()))
            typer.echo(f"Writes planned: {amounts or 'none'}.")
    return found


def _do(wired: Wiring, run: str, *, as_json: bool) -> None:
    with progress(terminal=wired.is_terminal()) as view, wired.runner(view.event) as runner:
        found = runner.undo(run, approve=True)
        view.stop()
    report = found.report
    if as_json:
        print_json(_as_json(found))
    else:
        _print(found, "restored")
        if report is not None:
            writes = sum(report.written.values())
            typer.echo(f"Undone. Writes: {writes}, in {report.seconds:.1f} s (run {report.run}).")
    raise typer.Exit(DONE if report is None else OUTCOMES[report.outcome])


def _as_json(found: Undo) -> dict[str, object]:
    return {
        "undone": found.undone,
        "restored": found.restored,
        "kept": found.kept,
        "problems": found.problems,
        "plan": None if found.plan is None else plan_json(found.plan, None),
        "report": None if found.report is None else report_json(found.report),
    }


def _print(found: Undo, what: str) -> None:
    ran = found.undone
    typer.secho(f"{ran.kind} {ran.id} of {ran.started:%Y-%m-%d %H:%M:%S}", bold=True)
    for each in found.restored[:LISTED]:
        values = f"{shown(each.before)} → {shown(each.after)}"
        typer.echo(f"  {each.record} {each.property}: {values}")
    if len(found.restored) > LISTED:
        typer.echo(f"  … and {len(found.restored) - LISTED} more: `talk undo RUN --json` has all.")
    for kept in found.kept[:LISTED]:
        typer.echo(f"not undone: {f'{kept.record} {kept.property}'.rstrip()}: {kept.reason}")
    if len(found.kept) > LISTED:
        typer.echo(f"not undone: {len(found.kept) - LISTED} more, see `talk undo RUN --json`.")
    for problem in found.problems:
        typer.echo(f"problem: {problem}", err=True)
    count = len(found.restored)
    typer.echo(f"Properties {what}: {count}." if count else "There is nothing to undo.")
