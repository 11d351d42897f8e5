"""`talk failed`: records that cannot be processed, and what is to become of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from talk_sdk.cli.output import JSON_HELP, print_json, shown
from talk_sdk.cli.wiring import DONE, OPEN, USAGE, wiring

if TYPE_CHECKING:
    from talk_sdk.reports import Failure

__all__ = ["failed"]

NAMES_HELP = "Failed records, as they are listed: shop.Customer:17."
RETRY_HELP = "Try them again with the next sync."
DISCARD_HELP = "Do not list them any more, unless they fail for another reason."
EVERY_HELP = "All that are listed."
RAW_HELP = "Show each record as the API answered it. It may hold personal data."
LIMIT = 20


def failed(
    context: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(help=NAMES_HELP, metavar="[RECORD]...")
    ] = None,
    retry: Annotated[bool, typer.Option("--retry", help=RETRY_HELP)] = False,
    discard: Annotated[bool, typer.Option("--discard", help=DISCARD_HELP)] = False,
    every: Annotated[bool, typer.Option("--every", help=EVERY_HELP)] = False,
    raw: Annotated[bool, typer.Option("--raw", help=RAW_HELP)] = False,
    as_json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """List records that could not be read or were refused, and why; try them again, or forget them.

    A record that is corrected, in whichever system, is tried again by itself.
    """
    if (retry and discard) or (retry or discard) != bool(names or every):
        typer.echo("error: name records, or --every, and one of --retry and --discard.", err=True)
        raise typer.Exit(USAGE)
    with wiring(context).runner() as runner:
        found = runner.inbox.failed()
        if retry or discard:
            act = runner.inbox.retry if retry else runner.inbox.discard
            count = act([each.name for each in found] if every else names or [])
            words = "`talk sync` tries them again" if retry else "they are listed no more"
            typer.echo(f"{count} records: {words}.", err=as_json)
            found = runner.inbox.failed()
    if as_json:
        print_json(found)
    else:
        _print(found, raw=raw)
    raise typer.Exit(OPEN if found else DONE)


def _print(found: Sequence[Failure], *, raw: bool) -> None:
    for each in found[:LIMIT]:
        typer.secho(each.name, bold=True)
        what = "could not be read" if each.direction == "read" else "was not written"
        typer.echo(f"  {what}: {each.reason}")
        typer.echo(
            f"  {each.times} times, {each.first:%Y-%m-%d %H:%M} to {each.last:%Y-%m-%d %H:%M}"
        )
        if raw and each.raw is not None:
            for name, value in each.raw.items():
                typer.echo(f"      {name}: {shown(value)}")
    if len(found) > LIMIT:
        typer.echo(f"… and {len(found) - LIMIT} more: `talk failed --json` lists all.")
    if not found:
        typer.echo("Nothing has failed.")
