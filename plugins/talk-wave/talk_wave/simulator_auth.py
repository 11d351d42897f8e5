"""Signing in: a full access token, and OAuth2 with codes, PKCE and rotating refresh tokens."""

from __future__ import annotations

import hashlib
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import msgspec

from talk_sdk.testing.service import Answer, Call, RefusedError, Route
from talk_wave.simulator_business import BUSINESS_ID

if TYPE_CHECKING:
    from talk_sdk.testing.records import Store

ACCESS_TOKEN = "wave-full-access-31c7e0"  # noqa: S105 - the twin's, worth nothing elsewhere
CLIENT_ID = "talk-client-5b02"
CLIENT_SECRET = "talk-secret-c94e"  # noqa: S105 - as above
LIFETIME = timedelta(hours=2)
CODE_LIFETIME = timedelta(minutes=10)
RESOURCES = (
    "account", "business", "customer", "invoice", "product", "sales_tax", "transaction", "user",
    "vendor",
)  # fmt: skip
RIGHTS = ("read", "write", "*")


@dataclass(frozen=True)
class Grant:
    """What a token allows.

    Attributes:
        scopes: As granted.
        business: The only business that it answers for; none for a full access token.
        expires: Until when it is valid; none for ever.
    """

    scopes: frozenset[str]
    business: str | None = None
    expires: datetime | None = None

    def allows(self, resource: str, right: str) -> bool:
        """Whether it reaches so far; the right to write does not include reading."""
        return not self.scopes.isdisjoint((f"{resource}:{right}", f"{resource}:*"))


FULL = Grant(frozenset(f"{resource}:*" for resource in RESOURCES))


@dataclass(frozen=True)
class _Code:
    scopes: frozenset[str]
    redirect: str
    challenge: str | None
    expires: datetime


@dataclass(frozen=True)
class _Pair:
    access: str
    scopes: frozenset[str]


class Sessions:
    """The tokens that are valid, and the paths that give them out.

    Args:
        store: The clock and the switches.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._grants = {ACCESS_TOKEN: FULL}
        self._codes: dict[str, _Code] = {}
        self._pairs: dict[str, _Pair] = {}
        self._issued = 0

    def routes(self) -> list[Route]:
        """The paths of OAuth2."""
        return [
            Route(method, path, "auth", handler, summary, public=True)
            for method, path, handler, summary in (
                ("GET", "/oauth2/authorize/", self._authorize, "Ask the user for access"),
                ("POST", "/oauth2/authorize/", self._authorize, "Ask the user for access"),
                ("POST", "/oauth2/token/", self._token, "Trade a code or a refresh token"),
                ("POST", "/oauth2/token-revoke/", self._revoke, "End a token"),
            )
        ]

    def grant(self, call: Call) -> Grant | None:
        """What the request's token allows; none if it has no valid one."""
        kind, _, token = call.headers.get("Authorization", "").partition(" ")
        grant = self._grants.get(token) if kind == "Bearer" else None
        if grant is None or call.hit_by("expired_token"):
            return None
        if grant.expires is not None and self._store.clock.now() >= grant.expires:
            return None
        return grant

    def _authorize(self, call: Call) -> Answer:
        asked = call.query if call.method == "GET" else call.request.form
        redirect = asked.get("redirect_uri", "")
        if asked.get("client_id") != CLIENT_ID or "://" not in redirect:
            # Whoever asks is not known, so the browser is sent nowhere.
            return _oauth_error("invalid_client", 400)
        problem = self._problem_of(asked)
        result = {"error": problem} if problem else {"code": self._new_code(asked, redirect)}
        if "state" in asked:
            result["state"] = asked["state"]
        joint = "&" if "?" in redirect else "?"
        return Answer(302, b"", {"Location": f"{redirect}{joint}{urlencode(result)}"})

    def _problem_of(self, asked: Mapping[str, str]) -> str | None:
        if asked.get("response_type") != "code":
            return "unsupported_response_type"
        if "code_challenge" in asked and asked.get("code_challenge_method") != "S256":
            return "invalid_request"
        scopes = asked.get("scope", "").split()
        if not scopes or not all(self._is_scope(scope) for scope in scopes):
            return "invalid_scope"
        return "access_denied" if self._store.faults.enabled("deny_consent") else None

    def _is_scope(self, scope: str) -> bool:
        resource, _, right = scope.partition(":")
        if scope in {"offline_access", "invoice:send"}:
            return True
        if scope == "transaction:read" and not self._store.faults.enabled("transaction_read"):
            return False
        return resource in RESOURCES and right in RIGHTS

    def _new_code(self, asked: Mapping[str, str], redirect: str) -> str:
        code = self._mint("code")
        scopes = frozenset(asked["scope"].split())
        expires = self._store.clock.now() + CODE_LIFETIME
        self._codes[code] = _Code(scopes, redirect, asked.get("code_challenge"), expires)
        return code

    def _token(self, call: Call) -> Answer:
        form = _client_form(call)
        if form["grant_type"] == "refresh_token":
            if self._store.faults.enabled("lapsed"):
                return _oauth_error("access_denied", 403)
            pair = self._pairs.pop(form.get("refresh_token", ""), None)
            if pair is None:
                return _oauth_error("invalid_grant", 400)
            # The old access token dies with the old refresh token, at once.
            self._grants.pop(pair.access, None)
            return self._give(pair.scopes)
        if form["grant_type"] != "authorization_code":
            return _oauth_error("unsupported_grant_type", 400)
        # A code is good for one attempt.
        code = self._codes.pop(form.get("code", ""), None)
        if code is None or not self._matches(code, form):
            return _oauth_error("invalid_grant", 400)
        return self._give(code.scopes)

    def _matches(self, code: _Code, form: Mapping[str, str]) -> bool:
        if form.get("redirect_uri") != code.redirect or self._store.clock.now() >= code.expires:
            return False
        return code.challenge is None or code.challenge == _challenge(form.get("code_verifier", ""))

    def _give(self, scopes: frozenset[str]) -> Answer:
        access = self._mint("access")
        expires = self._store.clock.now() + LIFETIME
        self._grants[access] = Grant(scopes, BUSINESS_ID, expires)
        reply: dict[str, str | int] = {
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": int(LIFETIME.total_seconds()),
            "scope": " ".join(sorted(scopes)),
            "businessId": BUSINESS_ID,
        }
        if "offline_access" in scopes:
            refresh = self._mint("refresh")
            self._pairs[refresh] = _Pair(access, scopes)
            reply["refresh_token"] = refresh
        return Answer(200, msgspec.json.encode(reply))

    def _revoke(self, call: Call) -> Answer:
        token = _client_form(call, "token")["token"]
        pair = self._pairs.pop(token, None)
        access = token if pair is None else pair.access
        if access != ACCESS_TOKEN:
            self._grants.pop(access, None)
        # RFC 7009: a token that is not there any more is no error.
        return Answer(200, b"{}")

    def _mint(self, kind: str) -> str:
        self._issued += 1
        return f"{kind}-{hashlib.sha256(f'{kind}{self._issued}'.encode()).hexdigest()[:32]}"


def _client_form(call: Call, needed: str = "grant_type") -> Mapping[str, str]:
    """The form of a request by the application itself.

    Raises:
        RefusedError: It is no form, lacks a field (400), or comes from somebody else (401).
    """
    form = call.request.form
    if call.request.mimetype != "application/x-www-form-urlencoded" or needed not in form:
        raise RefusedError(400, "invalid_request", f"a form with {needed} is expected")
    given = (form.get("client_id", ""), form.get("client_secret", ""))
    kind, _, credentials = call.headers.get("Authorization", "").partition(" ")
    if kind == "Basic":
        name, _, secret = b64decode(credentials).decode().partition(":")
        given = (name, secret)
    if given != (CLIENT_ID, CLIENT_SECRET):
        raise RefusedError(401, "invalid_client", "client id or secret is wrong")
    return form


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return urlsafe_b64encode(digest).decode().rstrip("=")


def _oauth_error(code: str, status: int) -> Answer:
    return Answer(status, msgspec.json.encode({"error": code}))
