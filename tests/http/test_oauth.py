"""Tokens that rotate: the new pair is kept before it is used, by one refresher at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from random import Random
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import pytest
from pydantic import SecretStr

from talk_sdk.errors import DeniedError, RejectedError, TalkError, UnavailableError
from talk_sdk.http import Http, MemoryVault, OAuth2, OAuthApp
from talk_sdk.http.oauth import exchange, start
from talk_sdk.testing.clock import VirtualClock

APP = OAuthApp(
    "https://id.example/authorize/", "https://id.example/token/", "me", SecretStr("s3cret"),
    ("books:read", "offline_access"),
)  # fmt: skip
BACK = "http://127.0.0.1:8723/callback"


class Server:
    """A token endpoint that rotates, and an API that knows one access token."""

    def __init__(self) -> None:
        self.number = 1
        self.renewals = 0
        self.down = 0
        self.said: list[dict[str, str]] = []
        self.lock = threading.Lock()
        self.before_answer: Callable[[], None] = lambda: None

    @property
    def tokens(self) -> dict[str, Any]:
        return {
            "access_token": f"a{self.number}", "refresh_token": f"r{self.number}",
            "token_type": "Bearer", "expires_in": 7200, "businessId": "B-1",
        }  # fmt: skip

    def __call__(self, request: httpx.Request) -> httpx.Response:
        with self.lock:
            if request.url.path == "/token/":
                return self.token(dict(parse_qsl(request.content.decode())))
            if request.headers.get("Authorization") != f"Bearer a{self.number}":
                return httpx.Response(401)
            return httpx.Response(200, json={"ok": True})

    def token(self, said: dict[str, str]) -> httpx.Response:
        self.said.append(said)
        if self.down:
            self.down -= 1
            return httpx.Response(503)
        if said["grant_type"] == "refresh_token":
            if said["refresh_token"] != f"r{self.number}":
                return httpx.Response(400, json={"error": "invalid_grant"})
            self.number += 1
            self.renewals += 1
        self.before_answer()
        return httpx.Response(200, json=self.tokens)


def account(server: Server, vault: MemoryVault) -> tuple[Http, Any]:
    http = Http(
        "books", clock=VirtualClock(), rng=Random(1),
        transport=lambda: httpx.MockTransport(server),
    )  # fmt: skip
    return http, http.client("https://api.example", auth=OAuth2(http, APP, vault))


PAIR = {"access_token": "a1", "refresh_token": "r1", "businessId": "B-1"}


def test_a_token_that_is_valid_is_used_as_it_is() -> None:
    server = Server()
    _, client = account(server, MemoryVault(PAIR))

    assert client.get("/x").json() == {"ok": True}
    assert server.said == []


def test_an_expired_token_is_renewed_and_the_pair_is_kept_with_what_else_is_known() -> None:
    server, vault = Server(), MemoryVault({**PAIR, "access_token": "a0"})
    _, client = account(server, vault)

    assert client.get("/x").json() == {"ok": True}
    assert vault.read() == {
        "access_token": "a2", "refresh_token": "r2", "businessId": "B-1", "expires_in": "7200",
        "token_type": "Bearer",
    }  # fmt: skip
    assert server.said == [
        {"grant_type": "refresh_token", "refresh_token": "r1", "client_id": "me",
         "client_secret": "s3cret"}
    ]  # fmt: skip


def test_the_new_pair_is_kept_before_it_is_used() -> None:
    order: list[str] = []

    class Watched(MemoryVault):
        def write(self, values: Mapping[str, str]) -> None:
            order.append(f"kept {values['access_token']}")
            super().write(values)

    server = Server()

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/x":
            order.append(f"used {request.headers['Authorization'].removeprefix('Bearer ')}")
        return server(request)

    http = Http(
        "books", clock=VirtualClock(), rng=Random(1),
        transport=lambda: httpx.MockTransport(answer),
    )  # fmt: skip
    vault = Watched({**PAIR, "access_token": "a0"})
    http.client("https://api.example", auth=OAuth2(http, APP, vault)).get("/x")

    assert order == ["used a0", "kept a0", "kept a2", "used a2"]


def test_many_workers_and_several_processes_renew_once() -> None:
    server, vault = Server(), MemoryVault({**PAIR, "access_token": "a0"})
    clients = [account(server, vault)[1] for _ in range(3)]
    gate = threading.Barrier(9)
    failed: list[TalkError] = []

    def work(client: Any) -> None:
        gate.wait()
        try:
            client.get("/x")
        except TalkError as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(clients[i % 3],)) for i in range(9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == []
    assert server.renewals == 1


def test_a_renewal_that_is_not_answered_is_tried_again() -> None:
    server, vault = Server(), MemoryVault({**PAIR, "access_token": "a0"})
    server.down = 2
    _, client = account(server, vault)

    assert client.get("/x").json() == {"ok": True}
    assert server.renewals == 1


def test_a_server_that_is_down_leaves_the_old_pair_to_try_again() -> None:
    server, vault = Server(), MemoryVault({**PAIR, "access_token": "a0"})
    server.down = 99
    _, client = account(server, vault)
    with pytest.raises(UnavailableError):
        client.get("/x")

    server.down = 0
    assert account(server, vault)[1].get("/x").json() == {"ok": True}


def test_a_crash_between_answer_and_storage_is_named_with_the_way_out() -> None:
    server, vault = Server(), MemoryVault({**PAIR, "access_token": "a0"})

    def die() -> None:
        raise KeyboardInterrupt

    server.before_answer = die
    with pytest.raises(KeyboardInterrupt):
        account(server, vault)[1].get("/x")
    server.before_answer = lambda: None
    with pytest.raises(DeniedError, match="cut off before its tokens were stored") as caught:
        account(server, vault)[1].get("/x")
    assert "`talk login books`" in caught.value.message
    assert "s3cret" not in caught.value.message


def test_a_crash_before_the_answer_costs_nothing() -> None:
    """The mark of a renewal alone is no reason to sign in again."""
    server = Server()
    vault = MemoryVault({**PAIR, "access_token": "a0", "renewing": "2026-11-01T10:00:00"})

    assert account(server, vault)[1].get("/x").json() == {"ok": True}
    assert "renewing" not in vault.read()


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_refused_renewal_says_how_to_sign_in_again(status: int) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(status if request.url.path == "/token/" else 401)

    http = Http(
        "books", clock=VirtualClock(), rng=Random(1),
        transport=lambda: httpx.MockTransport(answer),
    )  # fmt: skip
    client = http.client("https://api.example", auth=OAuth2(http, APP, MemoryVault(PAIR)))
    with pytest.raises(DeniedError, match="`talk login books`"):
        client.get("/x")


@pytest.mark.parametrize("status", [400, 401, 404, 503])
def test_a_server_that_repeats_the_request_gives_no_secret_away(status: int) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/token/":
            return httpx.Response(status, content=b"You sent " + request.content)
        return httpx.Response(401)

    http = Http(
        "books", clock=VirtualClock(), rng=Random(1),
        transport=lambda: httpx.MockTransport(answer),
    )  # fmt: skip
    vault = MemoryVault({"access_token": "a1", "refresh_token": "r/e+f=resh"})
    client = http.client("https://api.example", auth=OAuth2(http, APP, vault))
    with pytest.raises(TalkError) as failed:
        client.get("/x")
    for said in (str(failed.value), failed.value.message):
        assert not any(secret in said for secret in ("s3cret", "r/e+f=resh", "r%2Fe%2Bf%3Dresh"))


def test_nobody_has_signed_in() -> None:
    _, client = account(Server(), MemoryVault())
    with pytest.raises(DeniedError, match="nobody has signed in: type `talk login books`"):
        client.get("/x")


def test_a_token_without_a_refresh_token_is_not_renewed() -> None:
    server = Server()
    _, client = account(server, MemoryVault({"access_token": "a0"}))
    with pytest.raises(DeniedError, match="credentials"):
        client.get("/x")
    assert server.said == []


# --- signing in -----------------------------------------------------------------------------------


def test_a_sign_in_asks_with_a_challenge_and_proves_it_at_the_token_endpoint() -> None:
    server = Server()
    http, _ = account(server, MemoryVault())
    begun = start(APP, BACK, "st4te")
    asked = {k: v for k, (v,) in parse_qs(urlsplit(begun.url).query).items()}

    assert begun.url.startswith("https://id.example/authorize/?")
    assert {k: v for k, v in asked.items() if k != "code_challenge"} == {
        "response_type": "code", "client_id": "me", "redirect_uri": BACK, "state": "st4te",
        "scope": "books:read offline_access", "code_challenge_method": "S256",
    }  # fmt: skip
    tokens = exchange(http, APP, begun, f"{BACK}?code=c0de&state=st4te")
    assert (tokens["access_token"], tokens["refresh_token"]) == ("a1", "r1")
    assert server.said == [
        {"grant_type": "authorization_code", "code": "c0de", "redirect_uri": BACK,
         "client_id": "me", "client_secret": "s3cret", "code_verifier": begun.verifier}
    ]  # fmt: skip
    assert begun.verifier not in begun.url


@pytest.mark.parametrize(
    "redirected",
    [
        f"{BACK}?code=c0de&state=another",
        f"{BACK}?error=access_denied&state=st4te",
        f"{BACK}?state=st4te",
    ],
)
def test_a_redirect_that_is_not_of_this_sign_in_brings_no_tokens(redirected: str) -> None:
    server = Server()
    http, _ = account(server, MemoryVault())
    with pytest.raises(DeniedError, match="`talk login books` to try again"):
        exchange(http, APP, start(APP, BACK, "st4te"), redirected)
    assert server.said == []


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(200, text="<html>"), UnavailableError),
        (httpx.Response(200, json={"token_type": "Bearer"}), RejectedError),
        (httpx.Response(400, json={"error": "invalid_grant"}), RejectedError),
        (httpx.Response(500), UnavailableError),
    ],
)
def test_a_token_endpoint_that_answers_something_else_is_a_fault(
    answer: httpx.Response, error: type[TalkError]
) -> None:
    http = Http(
        "books", clock=VirtualClock(), rng=Random(1),
        transport=lambda: httpx.MockTransport(lambda _request: answer),
    )  # fmt: skip
    with pytest.raises(error, match="books"):
        exchange(http, APP, start(APP, BACK, "st4te"), f"{BACK}?code=c0de&state=st4te")


def test_a_simulator_on_this_machine_is_reached_without_tls() -> None:
    local = OAuthApp("http://127.0.0.1:9/authorize/", "http://127.0.0.1:9/t/", "me", SecretStr("x"))
    assert start(local, BACK, "s").url.startswith("http://127.0.0.1:9/authorize/?")
