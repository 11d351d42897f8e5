"""Puts the commands together, and turns what they raise into a sentence and an exit code."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from talk_sdk.cli import (
    check,
    conflicts,
    failed,
    init,
    login,
    plan,
    plugins,
    reconcile,
    review,
    status,
    sync,
    undo,
    why,
)
from talk_sdk.cli.wiring import STOPPED, USAGE, Wiring, only_runner
from talk_sdk.errors import ConfigError, PluginError, TalkError

__all__ = ["build", "main"]

HELP = "--help"
INTERRUPTED = 130
COMMANDS = (
    init.init,
    plugins.plugins,
    login.login,
    check.check,
    plan.plan,
    sync.sync,
    reconcile.reconcile,
    undo.undo,
    status.status,
    conflicts.conflicts,
    review.review,
    failed.failed,
    why.why,
)
EPILOG = (
    "Exit codes: 0 done; 1 done, with items that wait for somebody; 2 usage or configuration; "
    "3 stopped, for example because a system is down."
)


class Commands(TyperGroup):
    """All commands: a user's mistake is one line, never a traceback."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Show a command's help before typer loads pydantic to check the options before it."""
        if HELP in args:
            for name in args[: args.index(HELP)]:
                if command := self.get_command(ctx, name):
                    command.make_context(name, [HELP], parent=ctx)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run a command and give its errors the exit codes of `talk --help`."""
        try:
            return super().invoke(ctx)
        except TalkError as error:
            typer.echo(f"error: {' '.join(error.message.split())}", err=True)
            usage = isinstance(error, ConfigError | PluginError)
            raise typer.Exit(USAGE if usage else STOPPED) from None
        except KeyboardInterrupt:
            typer.echo("error: interrupted; nothing is lost, run it again.", err=True)
            raise typer.Exit(INTERRUPTED) from None


def main() -> None:
    """Run `talk` with the process's arguments."""
    try:
        build()(prog_name="talk", obj=Wiring(open_runner=only_runner))
    except Exception:  # noqa: BLE001 - a bug must not look like exit code 1, "done with open items"
        import traceback

        traceback.print_exc()
        raise SystemExit(STOPPED) from None


def build() -> typer.Typer:
    """A `talk` command; `obj=Wiring(...)` replaces what it is connected to."""
    app = typer.Typer(
        cls=Commands,
        add_completion=False,
        no_args_is_help=True,
        # Rich's help costs more than half of the start-up; its tracebacks show local values.
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        epilog=EPILOG,
    )
    app.callback()(_root)
    for command in COMMANDS:
        app.command()(command)
    if importlib.util.find_spec("talk_sdk.cli.demo"):
        app.command()(importlib.import_module("talk_sdk.cli.demo").demo)
    return app


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"talk-sdk {version('talk-sdk')}")
        raise typer.Exit


def _root(
    context: typer.Context,
    config: Annotated[
        Path, typer.Option("--config", "-c", help="The workspace's configuration.")
    ] = Path("talk.toml"),
    _version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    """Keep the records of several business systems in sync, in every direction."""
    context.obj = (context.obj or Wiring()).at(config)
