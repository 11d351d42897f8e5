"""`talk login`: let somebody agree, in a browser, that talk may use an account."""

from __future__ import annotations

from typing import Annotated

import typer

from talk_sdk.cli.wiring import wiring

__all__ = ["login"]

PORT = 8723
PATIENCE_S = 300.0
PORT_HELP = "Where the browser comes back to on this machine; 0 for any free port."
PASTE_HELP = (
    "Do not wait for the browser: paste the address that it was sent to. For a machine that has"
    " no browser."
)
BROWSER_HELP = "Whether to open the page; its address is shown in any case."


def login(
    context: typer.Context,
    system: Annotated[str, typer.Argument(help="The system's name in talk.toml.")],
    port: Annotated[int, typer.Option(help=PORT_HELP)] = PORT,
    paste: Annotated[bool, typer.Option("--paste", help=PASTE_HELP)] = False,
    browser: Annotated[bool, typer.Option(help=BROWSER_HELP)] = True,
) -> None:
    """Sign in to a system that gives tokens only to people, as Wave does.

    Opens the system's page, where you agree; the browser then comes back to a page on this
    machine. The tokens are kept beside talk.toml, readable by you alone, and are renewed by
    themselves.
    """
    from talk_sdk.cli.loopback import HOST, PATH, Loopback

    runner = wiring(context).runner()
    if paste:
        redirect_uri = f"http://{HOST}:{port or PORT}{PATH}"
        account = runner.login(system, _pasted, redirect_uri=redirect_uri)
    else:
        loopback = Loopback(port)
        try:

            def visit(url: str) -> str:
                _show(url, loopback.redirect_uri, browser)
                return loopback.wait(PATIENCE_S)

            account = runner.login(system, visit, redirect_uri=loopback.redirect_uri)
        finally:
            loopback.close()
    typer.echo(f"Signed in to {system}: {account.name or account.id} ({account.id}).")
    typer.echo("Then type: talk check")


def _show(url: str, redirect_uri: str, browser: bool) -> None:
    import webbrowser

    typer.echo(f"Agree on this page:\n\n  {url}\n")
    typer.echo(
        f"The browser then comes back to {redirect_uri}; the application at the other end must"
        " have this address registered. Waiting, Ctrl-C stops."
    )
    if browser:
        webbrowser.open(url)


def _pasted(url: str) -> str:
    typer.echo(f"Agree on this page, in any browser:\n\n  {url}\n")
    typer.echo("The browser is then sent to an address that it may not be able to show.")
    pasted: str = typer.prompt("Paste that address")
    return pasted.strip()
