"""Wave's twin signs in with OAuth2 as Wave does: codes, PKCE, rotating refresh tokens, scopes."""

from __future__ import annotations

import hashlib
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from talk_wave.simulator import CLIENT_ID, CLIENT_SECRET, simulator

from talk_sdk.operations import Simulator
from talk_sdk.testing.clock import VirtualClock
from talk_sdk.testing.control import LocalControl, local_control
from talk_sdk.testing.faults import Fault, Faults
from talk_sdk.testing.neutral import World
from talk_sdk.testing.transport import WsgiTransport

VERIFIER = "v" * 43
CHALLENGE = urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
REDIRECT = "http://127.0.0.1:8914/back"
EVERYTHING = "account:* business:* customer:* invoice:* product:* user:* offline_access"
USER = "{ user { id } }"


@dataclass
class Wave:
    http: httpx.Client
    twin: Simulator
    control: LocalControl
    clock: VirtualClock

    def authorize(self, **changes: str | None) -> dict[str, str]:
        """What the browser is sent back with."""
        asked: dict[str, str | None] = {
            "client_id": CLIENT_ID,
            "redirect_uri": REDIRECT,
            "response_type": "code",
            "scope": EVERYTHING,
            "state": "s-1",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            **changes,
        }
        query = {name: value for name, value in asked.items() if value is not None}
        answer = self.http.get("/oauth2/authorize/", params=query)
        assert answer.status_code == 302, answer.text
        where = urlsplit(answer.headers["Location"])
        assert f"{where.scheme}://{where.netloc}{where.path}" == REDIRECT
        return {name: values[0] for name, values in parse_qs(where.query).items()}

    def token(self, **form: str) -> httpx.Response:
        client = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        return self.http.post("/oauth2/token/", data={**client, **form})

    def trade(self, code: str, **changes: str) -> httpx.Response:
        form = {"redirect_uri": REDIRECT, "code_verifier": VERIFIER, **changes}
        return self.token(grant_type="authorization_code", code=code, **form)

    def refresh(self, token: str) -> httpx.Response:
        return self.token(grant_type="refresh_token", refresh_token=token)

    def pair(self, scope: str = EVERYTHING) -> dict[str, Any]:
        answer = self.trade(self.authorize(scope=scope)["code"])
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def ask(self, token: str, document: str = USER, /, **variables: Any) -> Any:
        headers = {"Authorization": f"Bearer {token}"}
        body = {"query": document, "variables": variables}
        return self.http.post("/graphql/public", json=body, headers=headers).json()

    def code(self, token: str, document: str = USER, /, **variables: Any) -> str | None:
        """The code of the error, or none."""
        errors = self.ask(token, document, **variables).get("errors")
        return str(errors[0]["extensions"]["code"]) if errors else None


@pytest.fixture
def wave() -> Iterator[Wave]:
    clock = VirtualClock()
    twin = simulator(World((), (), ()), clock, Faults())
    with httpx.Client(transport=WsgiTransport(twin.app, clock), base_url="http://wave") as http:
        yield Wave(http, twin, local_control(twin), clock)


def test_consent_sends_the_browser_back_with_code_and_state(wave: Wave) -> None:
    back = wave.authorize()
    assert set(back) == {"code", "state"}
    assert back["state"] == "s-1"


def test_denied_consent_sends_it_back_with_an_error(wave: Wave) -> None:
    wave.control.switch("deny_consent", True)
    assert wave.authorize() == {"error": "access_denied", "state": "s-1"}


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"scope": "customer:fly"}, "invalid_scope"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": "transaction:read"}, "invalid_scope"),
    ],
)
def test_wrong_authorization_requests_are_told_to_the_client(
    wave: Wave, changes: dict[str, str | None], error: str
) -> None:
    assert wave.authorize(**changes)["error"] == error


def test_scope_to_read_transactions_may_exist(wave: Wave) -> None:
    wave.control.switch("transaction_read", True)
    assert "code" in wave.authorize(scope="transaction:read")


def test_unknown_client_is_sent_nowhere(wave: Wave) -> None:
    query = {"client_id": "other", "redirect_uri": REDIRECT, "response_type": "code"}
    answer = wave.http.get("/oauth2/authorize/", params=query)
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_client"})


def test_code_is_traded_for_a_pair_that_names_its_business(wave: Wave) -> None:
    pair = wave.pair()
    assert pair["businessId"] == wave.twin.settings["business_id"]
    assert (pair["token_type"], pair["expires_in"]) == ("Bearer", 7200)
    assert set(pair["scope"].split()) == set(EVERYTHING.split())
    assert wave.code(pair["access_token"]) is None


def test_code_is_good_for_one_attempt_within_ten_minutes(wave: Wave) -> None:
    code = wave.authorize()["code"]
    assert wave.trade(code).status_code == 200
    answer = wave.trade(code)
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_grant"})
    late = wave.authorize()["code"]
    wave.clock.advance(600)
    assert wave.trade(late).status_code == 400


@pytest.mark.parametrize(
    "changes", [{"code_verifier": "w" * 43}, {"code_verifier": ""}, {"redirect_uri": "http://x/"}]
)
def test_code_needs_its_verifier_and_its_redirect(wave: Wave, changes: dict[str, str]) -> None:
    answer = wave.trade(wave.authorize()["code"], **changes)
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_grant"})


def test_code_without_challenge_needs_no_verifier(wave: Wave) -> None:
    back = wave.authorize(code_challenge=None, code_challenge_method=None)
    assert wave.trade(back["code"], code_verifier="").status_code == 200


def test_token_requests_are_forms_of_the_client(wave: Wave) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": "x"}
    answer = wave.http.post("/oauth2/token/", json=form)
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_request"})
    answer = wave.http.post("/oauth2/token/", data={**form, "client_id": CLIENT_ID})
    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})
    assert wave.token(grant_type="password").json() == {"error": "unsupported_grant_type"}


def test_client_may_sign_in_by_header(wave: Wave) -> None:
    pair = wave.pair()
    basic = b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
    form = {"grant_type": "refresh_token", "refresh_token": pair["refresh_token"]}
    headers = {"Authorization": f"Basic {basic}"}
    assert wave.http.post("/oauth2/token/", data=form, headers=headers).status_code == 200


def test_refresh_token_needs_the_scope_offline_access(wave: Wave) -> None:
    assert "refresh_token" not in wave.pair("user:read")
    assert "refresh_token" in wave.pair("user:read offline_access")


def test_access_token_lives_two_hours(wave: Wave) -> None:
    token = wave.pair()["access_token"]
    wave.clock.advance(7199)
    assert wave.code(token) is None
    wave.clock.advance(1)
    assert wave.code(token) == "UNAUTHENTICATED"


def test_full_access_token_does_not_expire(wave: Wave) -> None:
    wave.clock.advance(400 * 86_400)
    assert wave.code(str(wave.twin.settings["access_token"])) is None


def test_refresh_rotates_the_pair_and_kills_the_old_one_at_once(wave: Wave) -> None:
    old = wave.pair()
    new = wave.refresh(old["refresh_token"]).json()
    assert new["access_token"] != old["access_token"]
    assert new["refresh_token"] != old["refresh_token"]
    assert wave.code(old["access_token"]) == "UNAUTHENTICATED"
    assert wave.code(new["access_token"]) is None
    answer = wave.refresh(old["refresh_token"])
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_grant"})


def test_refresh_whose_answer_is_lost_leaves_no_valid_token(wave: Wave) -> None:
    pair = wave.pair()
    wave.control.faults([Fault(kind="drop_after", path="/oauth2/token/")])
    with pytest.raises(httpx.RemoteProtocolError):
        wave.refresh(pair["refresh_token"])
    wave.control.faults([])
    assert wave.refresh(pair["refresh_token"]).status_code == 400
    assert wave.code(pair["access_token"]) == "UNAUTHENTICATED"


def test_lapsed_plan_answers_refreshing_with_403_and_keeps_the_pair(wave: Wave) -> None:
    pair = wave.pair()
    wave.control.switch("lapsed", True)
    assert wave.refresh(pair["refresh_token"]).status_code == 403
    wave.control.switch("lapsed", False)
    assert wave.refresh(pair["refresh_token"]).status_code == 200


def test_revoked_tokens_are_dead(wave: Wave) -> None:
    pair, client = wave.pair(), {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    form = {**client, "token": pair["refresh_token"]}
    assert wave.http.post("/oauth2/token-revoke/", data=form).status_code == 200
    assert wave.code(pair["access_token"]) == "UNAUTHENTICATED"
    assert wave.refresh(pair["refresh_token"]).status_code == 400
    assert wave.http.post("/oauth2/token-revoke/", data=form).status_code == 200


def test_token_of_one_business_answers_only_for_that(wave: Wave) -> None:
    token = wave.pair()["access_token"]
    document = "query ($id: ID) { business(id: $id) { id } businesses { edges { node { id } } } }"
    mine = wave.twin.settings["business_id"]
    answer = wave.ask(token, document)["data"]
    assert answer["business"] == {"id": mine}
    assert [edge["node"]["id"] for edge in answer["businesses"]["edges"]] == [mine]
    full = wave.ask(str(wave.twin.settings["access_token"]), document)["data"]["businesses"]
    other = full["edges"][1]["node"]["id"]
    assert wave.code(token, document, id=other) == "NOT_FOUND"
    assert wave.code(str(wave.twin.settings["access_token"]), document, id=other) is None


def test_application_is_told_to_its_own_tokens(wave: Wave) -> None:
    document = "{ oAuthApplication { clientId } }"
    answer = wave.ask(wave.pair()["access_token"], document)["data"]
    assert answer == {"oAuthApplication": {"clientId": CLIENT_ID}}
    assert wave.ask(str(wave.twin.settings["access_token"]), document)["data"] == {
        "oAuthApplication": None
    }


def test_scope_to_write_does_not_include_reading(wave: Wave) -> None:
    create = """mutation ($input: CustomerCreateInput!) { customerCreate(input: $input) {
      didSucceed customer { name } } }"""
    read = "{ business { customers { edges { node { name } } } } }"
    sent = {"businessId": wave.twin.settings["business_id"], "name": "A"}
    writer = wave.pair("customer:write")["access_token"]
    reader = wave.pair("customer:read")["access_token"]
    answer = wave.ask(writer, create, input=sent)["data"]["customerCreate"]
    assert answer == {"didSucceed": True, "customer": {"name": "A"}}
    assert wave.code(writer, read) == "FORBIDDEN"
    assert wave.code(reader, create, input=sent) == "FORBIDDEN"
    assert wave.code(reader, read) is None
    assert len(wave.control.dump("customers")) == 1


def test_sending_invoices_has_a_scope_of_its_own(wave: Wave) -> None:
    send = """mutation ($input: InvoiceSendInput!) { invoiceSend(input: $input) { didSucceed } }"""
    sent = {"invoiceId": "nothing", "to": ["a@x.no"], "attachPDF": False}
    writer = wave.pair("invoice:write")["access_token"]
    assert wave.code(writer, send, input=sent) == "FORBIDDEN"
    sender = wave.pair("invoice:send")["access_token"]
    assert wave.code(sender, send, input=sent) == "NOT_FOUND"


def test_token_requests_are_counted_as_auth(wave: Wave) -> None:
    wave.refresh(wave.pair()["refresh_token"])
    assert wave.control.counters()["requests"] == {"GET": {"auth": 1}, "POST": {"auth": 2}}
