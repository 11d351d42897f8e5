"""`talk status`: what is linked, and what waits for somebody?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from talk_sdk.cli.output import JSON_HELP, counts, print_json, print_table
from talk_sdk.cli.wiring import DONE, OPEN, wiring

if TYPE_CHECKING:
    from collections.abc import Sequence

    from talk_sdk.reports import Item, Status

__all__ = ["status"]

LIMIT = 20


def status(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Show links, conflicts and all that waits for somebody. Reaches out to no system."""
    with wiring(context).runner() as runner:
        found = runner.status()
    if as_json:
        print_json(_as_json(found))
    else:
        _print(found)
    raise typer.Exit(OPEN if found.open else DONE)


def _as_json(found: Status) -> dict[str, object]:
    return {
        "systems": found.systems,
        "last_run": found.last_run,
        "links": counts(found.links, ("system", "entity")),
        "open": found.open,
        "dead_letters": found.dead_letters,
        "parked": found.parked,
        "reviews": found.reviews,
        "conflicts": found.conflicts,
        "dead_links": found.dead_links,
        "dormant": counts(found.dormant, ("system", "entity")),
    }


def _print(found: Status) -> None:
    when = f"{found.last_run:%Y-%m-%d %H:%M:%S %Z}" if found.last_run else "never"
    typer.echo(f"Systems: {', '.join(found.systems)}. Last run: {when}.")
    print_table(("system", "entity", "links"), [(*key, n) for key, n in found.links.items()])
    if found.dormant:
        typer.echo("Resting, as no dataflow joins them to the others any more:")
        print_table(("system", "entity", "records"), [(*k, n) for k, n in found.dormant.items()])
    _print_items("Dead letters: records that cannot be processed", found.dead_letters)
    _print_items("Parked: records that wait for another one", found.parked)
    _print_items("Reviews: questions to you", found.reviews)
    _print_items(
        "Conflicts: two edits of one property (`talk conflicts` shows the values)", found.conflicts
    )
    _print_items("Dead links: records that are gone from a system", found.dead_links)
    if found.open:
        waiting = ", ".join(f"{count} {kind}" for kind, count in found.open.items())
        typer.echo(f"Waiting for somebody: {waiting}.")
    else:
        typer.echo("Nothing waits for anybody.")


def _print_items(title: str, items: Sequence[Item]) -> None:
    if not items:
        return
    typer.secho(title, bold=True)
    rows = [(f"{i.system}.{i.entity}", i.id, f"{i.since:%Y-%m-%d %H:%M}", i.reason) for i in items]
    print_table(("entity", "id", "since", "why"), rows[:LIMIT])
    if len(items) > LIMIT:
        typer.echo(f"… and {len(items) - LIMIT} more: `talk status --json` lists all.")
