"""`talk why`: who said what a record says, and where it went?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from talk_sdk.cli.output import JSON_HELP, print_json, shown
from talk_sdk.cli.wiring import DONE, wiring

if TYPE_CHECKING:
    from talk_sdk.reports import Said, Why

__all__ = ["why"]

SYSTEM_HELP = "A system, as talk.toml names it."
ENTITY_HELP = "One of its entities."
ID_HELP = "The record's id there."
NAME_HELP = "One property alone, as email or lines[2].quantity."


def why(
    context: typer.Context,
    system: Annotated[str, typer.Argument(help=SYSTEM_HELP)],
    entity: Annotated[str, typer.Argument(help=ENTITY_HELP)],
    ident: Annotated[str, typer.Argument(metavar="ID", help=ID_HELP)],
    name: Annotated[str | None, typer.Argument(metavar="[PROPERTY]", help=NAME_HELP)] = None,
    as_json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Tell who set what a record says, when, what it replaced, and what each system has.

    For example `talk why shop Customer 17 email`. Reaches out to no system.
    """
    with wiring(context).runner() as runner:
        found = runner.why(system, entity, ident, name)
    if as_json:
        print_json(found)
    else:
        _print(found, whole=name is None)
    raise typer.Exit(DONE)


def _print(found: Why, *, whole: bool) -> None:
    origin = f", known as {found.origin}" if found.origin not in {"", found.record} else ""
    typer.secho(f"{found.record}{origin}: {found.state}", bold=True)
    for said in found.properties:
        _print_said(said, whole=whole)


def _print_said(said: Said, *, whole: bool) -> None:
    """A property; of a whole record only what is not as everywhere, and what has happened."""
    since = "" if said.since is None else f", {said.since:%Y-%m-%d %H:%M}"
    if said.property:
        typer.echo(f"{said.property}: {shown(said.value)} (said by {said.source or '?'}{since})")
    for place in said.places:
        if whole and place.why in {"up to date", "not there"}:
            continue
        where = f"{place.system}.{place.entity}:{place.id}".rstrip(":")
        typer.echo(f"    {where} has {shown(place.value)}: {place.why}")
    for each in said.moments:
        change = "" if not said.property else f"{shown(each.before)} → {shown(each.after)}, "
        typer.echo(f"    {each.at:%Y-%m-%d %H:%M} {each.kind} {each.system}: {change}{each.words}")
