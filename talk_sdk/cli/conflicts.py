"""`talk conflicts`: two edits of one property, and which of them stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from talk_sdk.cli.output import JSON_HELP, print_json, print_table, shown
from talk_sdk.cli.wiring import DONE, OPEN, USAGE, wiring

if TYPE_CHECKING:
    from talk_sdk.reports import Conflict

__all__ = ["conflicts"]

IDS_HELP = "Conflicts to settle, by their numbers."
TAKE_HELP = "The system whose value stands in them."
OF_HELP = "Settle all open conflicts of this property, as customer.email."
EVERY_HELP = "Settle all open conflicts in which that system has a value."
LIMIT = 20


def conflicts(
    context: typer.Context,
    ids: Annotated[list[int] | None, typer.Argument(help=IDS_HELP, metavar="[ID]...")] = None,
    take: Annotated[str, typer.Option(metavar="SYSTEM", help=TAKE_HELP)] = "",
    of: Annotated[str, typer.Option(metavar="PROPERTY", help=OF_HELP)] = "",
    every: Annotated[bool, typer.Option("--every", help=EVERY_HELP)] = False,
    as_json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """List two edits of one property, and say which stands; the next sync writes it.

    `talk conflicts 12 --take shop` settles one, `--take shop --of customer.email` all open ones
    of a property, `--take shop --every` all. Conflicts that a rule of [conflicts] has settled can
    be settled otherwise, by their numbers.
    """
    if not take and (ids or of or every):
        typer.echo("error: say with --take which system's value stands.", err=True)
        raise typer.Exit(USAGE)
    with wiring(context).runner() as runner:
        if take:
            chosen = ids or _chosen(runner.inbox.conflicts(), take, of, every=every)
            settled = runner.inbox.settle(chosen, take_from=take)
            typer.echo(f"Settled: {settled}. `talk sync` writes what stands.", err=as_json)
        found = runner.inbox.conflicts()
    if as_json:
        print_json(found)
    else:
        _print(found)
    raise typer.Exit(OPEN if any(each.open for each in found) else DONE)


def _chosen(found: Sequence[Conflict], system: str, of: str, *, every: bool) -> list[int]:
    if not of and not every:
        typer.echo("error: name conflicts by their numbers, or --of a property, or --every.",
                   err=True)  # fmt: skip
        raise typer.Exit(USAGE)
    return [
        each.id
        for each in found
        if each.open and system in each.values and (every or each.name == of)
    ]


def _print(found: Sequence[Conflict]) -> None:
    waiting = [each for each in found if each.open]
    settled = [each for each in found if not each.open]
    _table("Waiting for you: `talk conflicts ID --take SYSTEM` says which stands", waiting, None)
    _table("Settled", settled, LIMIT)
    if len(settled) > LIMIT:
        typer.echo(f"… and {len(settled) - LIMIT} more: `talk conflicts --json` lists all.")
    if not found:
        typer.echo("No conflicts.")


def _table(title: str, found: Sequence[Conflict], most: int | None) -> None:
    if not found:
        return
    typer.secho(title, bold=True)
    rows = [
        (each.id, each.record, each.property, _values(each), each.decision,
         f"{each.since:%Y-%m-%d %H:%M}")
        for each in found[:most]
    ]  # fmt: skip
    print_table(("id", "record", "property", "values", "decision", "since"), rows)


def _values(found: Conflict) -> str:
    return "; ".join(f"{system}: {shown(value, 40)}" for system, value in found.values.items())
