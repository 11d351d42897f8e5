"""Signing in: a person agrees in a browser; the vault has the tokens if the account is right."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping

from talk_sdk._engine.run import Bound
from talk_sdk.errors import ConfigError, SafetyError, UnfitError
from talk_sdk.http import MemoryVault
from talk_sdk.http.oauth import exchange, start
from talk_sdk.operations import Account

__all__ = ["keep", "sign_in"]


def sign_in(
    bound: Bound, visit: Callable[[str], str], redirect_uri: str
) -> tuple[Mapping[str, str], Account]:
    """The tokens of a sign-in, and whose account they open. Nothing is kept yet.

    Settings that do not fit the account are no reason to throw its tokens away: `talk check`
    names them.

    Raises:
        ConfigError: the system needs no sign-in.
        RemoteError: the person declined, or the system does not take the tokens.
    """
    app = bound.hooks.talk_login(settings=bound.settings)
    if app is None:
        raise ConfigError(
            f"{bound.name} needs no sign-in: what it needs stands in talk.toml;"
            " `talk check` tests it."
        )
    begun = start(app, redirect_uri, secrets.token_urlsafe(32))
    tokens = exchange(bound.http, app, begun, visit(begun.url))
    vault, bound.vault = bound.vault, MemoryVault(tokens)
    try:
        try:
            account = bound.open().account
        except UnfitError as error:
            account = Account(*error.account)
        return bound.vault.read(), account
    finally:
        bound.vault = vault


def keep(
    bound: Bound, tokens: Mapping[str, str], account: Account, known: tuple[str, str] | None
) -> None:
    """Put the tokens into the vault, if they are of the account that was synchronised before.

    Raises:
        SafetyError: they are of another one; the vault stays as it was.
    """
    if known not in {None, (bound.connector, account.id)}:
        raise SafetyError(
            f"You have signed in to another account than before: {account.name} ({account.id})."
            " Nothing was changed; sign in to the right one, or use a new system name for this"
            " one."
        )
    with bound.vault.locked():
        bound.vault.write(tokens)
