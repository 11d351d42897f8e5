"""OAuth 2.0 with tokens that rotate (RFC 6749, 7636, 8252): signing in, and renewing.

The words on the wire are oauthlib's, which does no I/O. The new pair of tokens is in the vault
before it is used; what cannot be repaired ends in a sentence that says how to sign in again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, quote_plus

import msgspec
from pydantic import SecretStr

from talk_sdk.errors import (
    DeniedError,
    MissingError,
    RejectedError,
    RemoteError,
    StaleError,
    UnavailableError,
)
from talk_sdk.http.client import Client, Http
from talk_sdk.http.vault import Vault

if TYPE_CHECKING:
    from oauthlib.oauth2 import WebApplicationClient

__all__ = ["Authorization", "OAuth2", "OAuthApp", "exchange", "start"]

Tokens = Mapping[str, str]
_SECRET = frozenset({"client_secret", "code", "code_verifier", "refresh_token"})
"""What of a request to the token endpoint is in no message."""
_RENEWING = "renewing"
"""The mark in the vault of a renewal that was begun and whose answer is not stored yet."""


@dataclass(frozen=True)
class OAuthApp:
    """Who we are to a system's authorisation server, and where that is.

    Attributes:
        authorize_url: where a person agrees, in a browser.
        token_url: where codes and refresh tokens become access tokens.
        client_id, client_secret: of the application that the user has registered there.
        scopes: what is asked for.
    """

    authorize_url: str
    token_url: str
    client_id: str
    client_secret: SecretStr
    scopes: tuple[str, ...] = ()


class Authorization(msgspec.Struct, frozen=True):
    """A sign-in that has begun: the page to open, and what its redirect has to prove."""

    url: str
    redirect_uri: str
    state: str
    verifier: str


def start(app: OAuthApp, redirect_uri: str, state: str) -> Authorization:
    """The page on which a person agrees, for a sign-in with PKCE (S256).

    `state` is a fresh text that nobody can guess.
    """
    client = _client(app)
    verifier = client.create_code_verifier(64)
    challenge = client.create_code_challenge(verifier, "S256")
    url = client.prepare_request_uri(
        _secured(app.authorize_url), redirect_uri, " ".join(app.scopes) or None, state,
        code_challenge=challenge, code_challenge_method="S256",
    )  # fmt: skip
    return Authorization(_back(url, app.authorize_url), redirect_uri, state, verifier)


def exchange(http: Http, app: OAuthApp, begun: Authorization, redirected: str) -> Tokens:
    """The tokens for the address that the person's browser was sent back to.

    Raises:
        DeniedError: the person declined, or the answer is not of this sign-in.
        RemoteError: the server does not take the code.
    """
    from oauthlib.oauth2 import OAuth2Error

    client = _client(app)
    try:
        found = client.parse_request_uri_response(_secured(redirected), begun.state)
    except OAuth2Error as error:
        raise DeniedError(
            f"{http.system}: the sign-in was not completed: {error.description or error.error}."
            f" Type `talk login {http.system}` to try again."
        ) from None
    body = client.prepare_request_body(
        found["code"], begun.redirect_uri, code_verifier=begun.verifier,
        client_secret=app.client_secret.get_secret_value(),
    )  # fmt: skip
    return _tokens(http, app, body)


class OAuth2:
    """Access tokens that expire, with a refresh token that is replaced at each renewal.

    Shared by all threads of an account. One thread of one process renews at a time, the others
    find its result in the vault.
    """

    def __init__(self, http: Http, app: OAuthApp, vault: Vault) -> None:
        """Take what the vault holds; `talk login` puts the first pair there."""
        self._http = http
        self._app = app
        self._vault = vault
        self._tokens = vault.read()

    def headers(self) -> dict[str, str]:
        """The Authorization header.

        Raises:
            DeniedError: nobody has signed in yet.
        """
        token = self._tokens.get("access_token")
        if token is None:
            raise DeniedError(
                f"{self._http.system}: nobody has signed in: type `talk login {self._http.system}`."
            )
        return {"Authorization": f"Bearer {token}"}

    def renew(self, refused: dict[str, str]) -> bool:
        """Get a new pair and store it, unless somebody else has done so.

        Raises:
            DeniedError: the refresh token is not taken any more; says how to sign in again.
            UnavailableError: the server cannot be asked now.
        """
        with self._vault.locked():
            held = self._vault.read()
            if f"Bearer {held.get('access_token')}" != refused.get("Authorization"):
                self._tokens = held
                return "access_token" in held
            if "refresh_token" not in held:
                return False
            # A process that dies between the answer and its storage leaves this mark behind.
            self._vault.write({**held, _RENEWING: self._http.clock.now().isoformat()})
            fresh = self._refreshed(held)
            kept = {name: value for name, value in held.items() if name != _RENEWING}
            stored = {**kept, **fresh}
            self._vault.write(stored)
            self._tokens = stored
            return True

    def _refreshed(self, held: Tokens) -> Tokens:
        body = _client(self._app).prepare_refresh_body(
            refresh_token=held["refresh_token"], client_id=self._app.client_id,
            client_secret=self._app.client_secret.get_secret_value(),
        )  # fmt: skip
        try:
            return _tokens(self._http, self._app, body)
        except (DeniedError, RejectedError) as error:
            system = self._http.system
            cut_off = (
                " An earlier renewal was cut off before its tokens were stored, and they cannot"
                " be had again."
                if _RENEWING in held
                else ""
            )
            raise DeniedError(
                f"{system}: the token cannot be renewed.{cut_off} Type `talk login {system}`"
                f" to sign in again. ({error.message})"
            ) from None


def _tokens(http: Http, app: OAuthApp, body: str) -> Tokens:
    """Ask the token endpoint; what it says of the account beside the tokens is kept too."""
    from oauthlib.oauth2 import OAuth2Error

    client: Client = http.client("")
    try:
        answer = client.send("POST", app.token_url, form=body, effect="auth")
    except (MissingError, StaleError) as error:
        raise RejectedError(_without_secrets(error.message, body)) from None
    except RemoteError as error:
        error.message = _without_secrets(error.message, body)
        error.args = (error.message,)
        raise
    try:
        found: dict[str, Any] = json.loads(answer.content)
        _client(app).parse_request_body_response(answer.content.decode())
    except OAuth2Error as error:
        raise RejectedError(
            f"{http.system}: {app.token_url} answered {error.error}: {error.description}."
        ) from None
    except (ValueError, UnicodeDecodeError):
        raise UnavailableError(
            f"{http.system}: {app.token_url} answered something that is no JSON."
        ) from None
    return {name: str(value) for name, value in found.items() if _kept(value)}


def _without_secrets(text: str, body: str) -> str:
    """What a server said, which may be the request once more."""
    for name, value in parse_qsl(body):
        if name in _SECRET:
            for form in (value, quote(value, safe=""), quote_plus(value)):
                text = text.replace(form, "***")
    return text


def _kept(value: object) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)


def _client(app: OAuthApp) -> WebApplicationClient:
    from oauthlib.oauth2 import WebApplicationClient

    return WebApplicationClient(app.client_id)


def _secured(url: str) -> str:
    """The same address for oauthlib, which knows no exemption for loopback (RFC 8252, 8.3)."""
    return "https" + url.removeprefix("http") if url.startswith("http://") else url


def _back(url: str, original: str) -> str:
    return "http" + url.removeprefix("https") if original.startswith("http://") else url
