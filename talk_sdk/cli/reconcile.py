"""`talk reconcile`: what differs that no sync can see?"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Annotated

import typer

from talk_sdk.cli.output import JSON_HELP, counts, print_json, print_table, shown
from talk_sdk.cli.plan import plan_json
from talk_sdk.cli.progress import progress
from talk_sdk.cli.sync import OUTCOMES, YES_HELP, Asking, report_json
from talk_sdk.cli.wiring import wiring

if TYPE_CHECKING:
    from talk_sdk.reports import Divergence, Reconciliation

__all__ = ["reconcile"]

REPAIR_HELP = "Mend what differs; by default nothing is written to any system."
REPAIRS_HELP = "Let N records of a concept be repaired, where [brakes] allows fewer."
LIMIT = 20
LIMIT_HELP = "How many differences to list; 0 for all that are kept. [default: 20, with --json all]"
KINDS = {
    "missed": "says what no read has shown",
    "unread": "was never read",
    "gone": "is gone, and no read has shown it",
    "reverted": "stands in an older state, as after a restore",
    "different": "differs from the golden record, though nobody changed it",
}


def reconcile(
    context: typer.Context,
    repair: Annotated[bool, typer.Option("--repair", help=REPAIR_HELP)] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help=YES_HELP)] = False,
    approve_repairs: Annotated[int, typer.Option(min=0, metavar="N", help=REPAIRS_HELP)] = 0,
    limit: Annotated[int | None, typer.Option(min=0, help=LIMIT_HELP, show_default=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Find what differs that no sync can see, and mend it.

    A sync reads what has changed. A change that came to light too late for that, an edit that
    did not move its time of change, a system or a store that was restored from a backup stay
    unseen: run this every night. Everything that is linked is compared in full: it reads every
    record of every system, so it takes as long as the first sync did.

    Nothing is written without --repair. With it, a missed edit is merged like any other, a
    system that says another thing than all the others is written once more, and our own copy is
    corrected where all systems agree. If more of a concept differs than [brakes] allows, none of
    it is repaired before you approve. What a system makes of a value again is told once, as drift.

    Exit codes: 0 nothing differs, or all of it was repaired; 1 something still differs;
    3 something could not be compared, or needs your approval.
    """
    wired = wiring(context)
    terminal = wired.is_terminal()
    with progress(terminal=terminal) as view, wired.runner(view.event) as runner:
        asking = Asking(view, terminal=terminal)
        found = runner.reconcile(
            repair=repair, approve=True if yes else asking.approve, approve_repairs=approve_repairs
        )
        view.stop()
        if as_json:
            print_json(_as_json(found, limit or None))
        else:
            _print(found, LIMIT if limit is None else limit or None)
    raise typer.Exit(OUTCOMES[found.outcome])


def _as_json(found: Reconciliation, limit: int | None) -> dict[str, object]:
    return {
        "run": found.run,
        "outcome": found.outcome,
        "compared": counts(found.compared, ("system", "entity")),
        "counts": counts(found.counts, ("system", "entity", "property", "kind")),
        "divergences": found.divergences[:limit],
        "repaired": found.repaired,
        "drift": found.drift,
        "problems": found.problems,
        "plan": None if found.plan is None else plan_json(found.plan, limit),
        "report": None if found.report is None else report_json(found.report),
        "seconds": found.seconds,
    }


def _print(found: Reconciliation, limit: int | None) -> None:
    print_table(
        ("entity", "property", "differ", "why"),
        [
            (f"{system}.{entity}", name or "(the record)", count, KINDS[kind])
            for (system, entity, name, kind), count in sorted(found.counts.items())
        ],
    )
    for each in found.divergences[:limit]:
        _print_one(each)
    left = sum(found.counts.values()) - len(found.divergences[:limit])
    if left:
        typer.echo(f"… and {left} more: `talk reconcile --limit 0` lists them.")
    for drift in found.drift:
        place = f"{drift.system}.{drift.entity} {drift.property} of {drift.record}"
        typer.echo(f"drift: {place}: {drift.reason}")
    for problem in found.problems:
        typer.echo(f"problem: {problem}", err=True)
    typer.echo(_summary(found))


def _print_one(each: Divergence) -> None:
    record = f"{each.system}.{each.entity}:{each.id}"
    known = "" if each.record == record else f", known as {each.record}"
    values = f": {shown(each.ours)} here, {shown(each.theirs)} there"
    said = f" {each.property}{values}" if each.ours != each.theirs else f" {each.property}".rstrip()
    typer.echo(f"{record}{known}{said}; repair: {each.remedy}.")


def _summary(found: Reconciliation) -> str:
    records = f"{sum(found.compared.values())} records compared, in {found.seconds:.1f} s"
    differ = sum(found.counts.values())
    if not differ:
        return f"Nothing differs: {records} (run {found.run})."
    if found.plan is not None:
        writes: dict[str, int] = defaultdict(int)
        for (system, _, _), count in found.plan.counts.items():
            writes[system] += count
        amounts = ", ".join(f"{count} in {system}" for system, count in sorted(writes.items()))
        return (
            f"{differ} differences: {records}. `talk reconcile --repair` mends them; with all that"
            f" a sync would write now that is {amounts or 'nothing'} to be written."
        )
    return f"{differ} differences, {found.repaired} records repaired: {records} (run {found.run})."
