"""`talk plan`: what would a run write, and why?"""

from __future__ import annotations

from collections import defaultdict
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from talk_sdk.cli.output import JSON_HELP, change_line, counts, print_json, print_table
from talk_sdk.cli.progress import progress
from talk_sdk.cli.wiring import DONE, STOPPED, wiring

if TYPE_CHECKING:
    from collections.abc import Iterable

    from talk_sdk.operations import Operation, Plan

__all__ = ["plan"]

LIMIT = 50
LIMIT_HELP = "How many operations to list; 0 for all. [default: 50, with --json all]"
SKIPS = 20


def plan(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
    limit: Annotated[int | None, typer.Option(min=0, help=LIMIT_HELP, show_default=False)] = None,
) -> None:
    """Show what a sync would write, property by property. Writes to no system."""
    wired = wiring(context)
    with progress(terminal=wired.is_terminal()) as shown, wired.runner(shown.event) as runner:
        found = runner.plan()
        shown.stop()
        if as_json:
            print_json(_as_json(found, limit or None))
        else:
            _print(found, LIMIT if limit is None else limit or None)
    raise typer.Exit(STOPPED if found.problems else DONE)


def _as_json(found: Plan, limit: int | None) -> dict[str, object]:
    return {
        "digest": found.digest,
        "count": len(found),
        "counts": counts(found.counts, ("system", "entity", "kind")),
        "operations": [
            {
                "system": operation.system,
                "entity": operation.entity,
                "kind": operation.kind,
                "record": operation.record,
                "id": operation.id,
                "changes": operation.changes,
                "reason": operation.reason,
            }
            for operation in islice(found, limit)
        ],
        "skips": found.skips,
        "drift": found.drift,
        "problems": found.problems,
    }


def _print(found: Plan, limit: int | None) -> None:
    _print_counts(found)
    _print_operations(islice(found, limit))
    if limit is not None and len(found) > limit:
        typer.echo(f"… and {len(found) - limit} more: `talk plan --limit 0` lists all.\n")
    for skip in found.skips[:SKIPS]:
        typer.echo(f"skipped: {skip.system}.{skip.entity} {skip.record}: {skip.reason}")
    if len(found.skips) > SKIPS:
        typer.echo(f"skipped: {len(found.skips) - SKIPS} more; `talk plan --json` has all.")
    for drift in found.drift[:SKIPS]:
        typer.echo(
            f"drift: {drift.system}.{drift.entity} {drift.record} {drift.property}: {drift.reason}"
        )
    if len(found.drift) > SKIPS:
        typer.echo(f"drift: {len(found.drift) - SKIPS} more; `talk plan --json` has all.")
    for problem in found.problems:
        typer.echo(f"problem: {problem}", err=True)
    if not len(found):
        typer.echo("Nothing to write.")
    else:
        typer.echo(f"Writes planned: {len(found)} (digest {found.digest}). `talk sync` does them.")


def _print_counts(found: Plan) -> None:
    """One row per system and entity, one column per kind of write."""
    kinds = list(dict.fromkeys(kind for _, _, kind in found.counts))
    rows: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for (system, entity, kind), count in found.counts.items():
        rows[system, entity][kind] = count
    print_table(
        ("system", "entity", *kinds),
        [(*key, *(by_kind.get(kind, 0) for kind in kinds)) for key, by_kind in rows.items()],
    )


def _print_operations(operations: Iterable[Operation]) -> None:
    """Grouped by system and entity, in the order in which the groups are reached."""
    groups: dict[tuple[str, str], list[Operation]] = defaultdict(list)
    for operation in operations:
        groups[operation.system, operation.entity].append(operation)
    for (system, entity), members in groups.items():
        typer.secho(f"{system}.{entity}", bold=True)
        for operation in members:
            there = f" (id {operation.id})" if operation.id else ""
            typer.echo(f"  {operation.kind} {operation.record}{there}: {operation.reason}")
            for change in operation.changes:
                typer.echo(f"      {change_line(change)}")
        typer.echo()
