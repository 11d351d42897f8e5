"""`talk review`: what only a person can tell, and what they say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from talk_sdk.cli.output import JSON_HELP, print_json, shown
from talk_sdk.cli.wiring import DONE, OPEN, USAGE, wiring

if TYPE_CHECKING:
    from talk_sdk.reports import Candidate, Review

__all__ = ["review"]

ID_HELP = "A question, by its number."
LINK_HELP = "It is this record, as erp.Customer:7."
NEW_HELP = "It is a record of its own: it is created in the other systems."
IGNORE_HELP = "Leave it alone from now on."
DONE_HELP = "The write has happened: what is there beside it was counted by others."
AGAIN_HELP = "The write has not happened, or what flips may move again: do it again."
UNLINK_HELP = "Take a record away from those that it is linked with by mistake."
ANEW_HELP = "Create a record again where it was deleted, of what the other systems have."
INDENT = " " * 6


def review(  # noqa: PLR0913, PLR0917 - each an option of its own
    context: typer.Context,
    ident: Annotated[int | None, typer.Argument(help=ID_HELP, metavar="[ID]")] = None,
    link: Annotated[str, typer.Option("--link", metavar="RECORD", help=LINK_HELP)] = "",
    new: Annotated[bool, typer.Option("--new", help=NEW_HELP)] = False,
    ignore: Annotated[bool, typer.Option("--ignore", help=IGNORE_HELP)] = False,
    done: Annotated[bool, typer.Option("--done", help=DONE_HELP)] = False,
    again: Annotated[bool, typer.Option("--again", help=AGAIN_HELP)] = False,
    unlink: Annotated[str, typer.Option("--unlink", metavar="RECORD", help=UNLINK_HELP)] = "",
    anew: Annotated[str, typer.Option("--anew", metavar="RECORD", help=ANEW_HELP)] = "",
    as_json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """List the questions that only you can answer, with both sides; and answer them.

    `talk review 3 --link erp.Customer:7` says that both are one record, `talk review 3 --new` that
    it is one of its own. The next sync does what follows.
    """
    said = {"link": bool(link), "new": new, "ignore": ignore, "done": done, "again": again}
    choices = [name for name, chosen in said.items() if chosen]
    if len(choices) > 1 or (ident is None) != (not choices):
        typer.echo("error: name one question by its number, and give one answer to it.", err=True)
        raise typer.Exit(USAGE)
    with wiring(context).runner() as runner:
        if ident is not None:
            runner.inbox.answer(ident, choices[0], link)
            typer.echo("Settled. `talk sync` does what follows.", err=as_json)
        if unlink:
            runner.inbox.unlink(unlink)
            typer.echo(f"Unlinked {unlink}. `talk plan` shows what follows.", err=as_json)
        if anew:
            runner.inbox.anew(anew)
            typer.echo(f"{anew} is to be made anew. `talk plan` shows it.", err=as_json)
        found = runner.inbox.reviews()
    if as_json:
        print_json(found)
    else:
        _print(found)
    raise typer.Exit(OPEN if found else DONE)


def _print(found: Sequence[Review]) -> None:
    for each in found:
        typer.secho(f"{each.id}: {each.system}.{each.entity} {each.record}", bold=True)
        typer.echo(f"  {each.kind}: {each.reason} (since {each.since:%Y-%m-%d %H:%M})")
        _print_says("was sent" if each.kind in {"create", "counter"} else "it says", each.says)
        for candidate in each.candidates:
            _print_candidate(candidate)
        ways = ", ".join(
            f"--{choice} RECORD" if choice == "link" else f"--{choice}" for choice in each.choices
        )
        typer.echo(f"  Answer with `talk review {each.id}` and one of {ways}.\n")
    if not found:
        typer.echo("No questions.")


def _print_candidate(candidate: Candidate) -> None:
    state = "linked" if candidate.linked else "not linked"
    _print_says(f"could be {candidate.record} ({state})", candidate.says)


def _print_says(title: str, says: Mapping[str, Any]) -> None:
    typer.echo(f"  {title}:")
    for name, value in sorted(says.items()):
        typer.echo(f"{INDENT}{name}: {shown(value, 60)}")
