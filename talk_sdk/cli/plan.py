"""`talk plan`: what would a run write, and why?"""

from __future__ import annotations

import textwrap
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from talk_sdk.cli.output import (
    JSON_HELP,
    change_lines,
    counts,
    print_counts,
    print_json,
    shown,
)
from talk_sdk.cli.progress import progress
from talk_sdk.cli.wiring import DONE, STOPPED, wiring

if TYPE_CHECKING:
    from talk_sdk.operations import Drift, Operation, Plan, Skip

__all__ = ["KINDS", "plan", "plan_json"]

KINDS = ("create", "update", "adjust", "archive", "delete")
LIMIT = 5
LIMIT_HELP = (
    "How many writes of one kind to list for each entity; 0 for all. [default: 5, with --json all]"
)
SAVE_HELP = "Save it, to be looked at and then applied with `talk sync --plan FILE`."
REASONS = 20
WIDTH = 100
INDENT = " " * 6
SHORT = 60


def plan(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
    save: Annotated[Path | None, typer.Option(metavar="FILE", help=SAVE_HELP)] = None,
    limit: Annotated[int | None, typer.Option(min=0, help=LIMIT_HELP, show_default=False)] = None,
) -> None:
    """Show what a sync would write, property by property. Writes to no system."""
    wired = wiring(context)
    with progress(terminal=wired.is_terminal()) as view, wired.runner(view.event) as runner:
        found = runner.plan(save=save)
        view.stop()
        if as_json:
            print_json(plan_json(found, limit or None))
        else:
            _print(found, LIMIT if limit is None else limit or None)
    raise typer.Exit(STOPPED if found.problems else DONE)


def plan_json(found: Plan, limit: int | None) -> dict[str, object]:
    """A plan as JSON can have it, with the first operations of each entity and kind, or all."""
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
            for operation in _first(found, limit)
        ],
        "skips": found.skips,
        "drift": found.drift,
        "problems": found.problems,
    }


def _first(operations: Iterable[Operation], limit: int | None) -> Iterator[Operation]:
    """The first operations of each entity and kind, so that many of one do not hide the others."""
    met: Counter[tuple[str, str, str]] = Counter()
    for operation in operations:
        key = (operation.system, operation.entity, operation.kind)
        met[key] += 1
        if limit is None or met[key] <= limit:
            yield operation


def _print(found: Plan, limit: int | None) -> None:
    rows: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for (system, entity, kind), count in found.counts.items():
        rows[system, entity][kind] = count
    print_counts(rows, KINDS)
    for place in sorted(rows):
        _print_group(found, place, rows[place], limit)
    _print_skips(found.skips, found.problems)
    _print_drift(found.drift)
    for problem in found.problems:
        typer.echo(f"problem: {problem}", err=True)
    if not len(found):
        typer.echo("Nothing to write.")
    else:
        typer.echo(f"Writes planned: {len(found)} (digest {found.digest}). `talk sync` does them.")


def _print_group(
    found: Plan, place: tuple[str, str], by_kind: dict[str, int], limit: int | None
) -> None:
    """The operations of one entity. The plan is read once for each, so none is kept in memory."""
    typer.secho(".".join(place), bold=True)
    own = (o for o in found if (o.system, o.entity) == place)
    for operation in _first(own, limit):
        there = f" (id {operation.id})" if operation.id else ""
        typer.echo(f"  {operation.kind} {operation.record}{there}: {operation.reason}")
        _print_changes(operation)
    left = {kind: count - limit for kind, count in by_kind.items() if limit and count > limit}
    if left:
        more = " and ".join(f"{left[kind]} more to {kind}" for kind in KINDS if kind in left)
        typer.echo(f"  … and {more}: `talk plan --limit 0` lists all.")
    typer.echo()


def _print_changes(operation: Operation) -> None:
    """A line for each property; what a new record will hold stands together."""
    if operation.kind != "create":
        for change in operation.changes:
            for line in change_lines(change):
                typer.echo(f"{INDENT}{line}")
        return
    said = []
    for change in operation.changes:
        after = change.after
        value = f"{len(after)}" if isinstance(after, list) else shown(after, SHORT)
        said.append(f"{change.property}: {value}")
    text = "; ".join(said)
    typer.echo(
        textwrap.fill(
            text, WIDTH, initial_indent=INDENT, subsequent_indent=INDENT,
            break_long_words=False, break_on_hyphens=False,
        )
    )  # fmt: skip


def _print_skips(skips: Sequence[Skip], problems: Sequence[str]) -> None:
    """What is not written, by reason: one cause often holds many records."""
    groups: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for skip in skips:
        # A problem is told by itself.
        reason = f"{skip.system} is left out" if skip.reason in problems else skip.reason
        groups[skip.system, skip.entity, reason].append(skip.record)
    for (system, entity, reason), records in list(groups.items())[:REASONS]:
        typer.echo(f"skipped: {system}.{entity} {_named(records)}: {reason}")
    if len(groups) > REASONS:
        typer.echo(f"skipped: {len(groups) - REASONS} more reasons; `talk plan --json` has all.")


def _print_drift(drift: Sequence[Drift]) -> None:
    """What a system cannot hold."""
    groups: dict[tuple[str, str, str, str], list[str]] = defaultdict(list)
    for found in drift:
        groups[found.system, found.entity, found.property, found.reason].append(found.record)
    for (system, entity, name, reason), records in list(groups.items())[:REASONS]:
        typer.echo(f"drift: {system}.{entity} {name} of {_named(records)}: {reason}")
    if len(groups) > REASONS:
        typer.echo(f"drift: {len(groups) - REASONS} more; `talk plan --json` has all.")


def _named(records: Sequence[str]) -> str:
    return records[0] if len(records) == 1 else f"{records[0]} and {len(records) - 1} more"
