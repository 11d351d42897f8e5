"""`talk check`: is everything there that a run needs?"""

from __future__ import annotations

from typing import Annotated

import typer

from talk_sdk.cli.output import JSON_HELP, print_json, print_table
from talk_sdk.cli.wiring import DONE, STOPPED, wiring

__all__ = ["check"]


def check(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Check settings, connections, accounts, clocks and permissions. Writes nothing."""
    with wiring(context).runner() as runner:
        checks = runner.check()
    if as_json:
        print_json(checks)
    else:
        rows = [(c.system, c.name, "ok" if c.ok else "FAILED", c.message) for c in checks]
        print_table(("system", "check", "", ""), rows)
        failed = sum(not c.ok for c in checks)
        typer.echo(f"{failed} of {len(checks)} checks failed." if failed else "All is well.")
    raise typer.Exit(DONE if all(c.ok for c in checks) else STOPPED)
