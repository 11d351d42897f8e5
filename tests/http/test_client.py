"""Clients: reads are tried again, writes only where they had no effect, all at one pace."""

from __future__ import annotations

import random
import threading
from decimal import Decimal

import httpx
import pytest
from pydantic import SecretStr

from talk_sdk.errors import DeniedError, RemoteError, SafetyError, UnavailableError
from talk_sdk.http import Basic, Bearer, Http
from talk_sdk.http.budget import Budget
from talk_sdk.testing.clock import VirtualClock

URL = "http://shop/api"


class Server:
    """Answers what a test says, one after the other; the last for ever."""

    def __init__(self, *answers) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.lock = threading.Lock()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        with self.lock:
            self.requests.append(request)
            found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(found, Exception):
            raise found
        return found if isinstance(found, httpx.Response) else httpx.Response(found, json={})


def http_of(server: Server, **options) -> Http:
    clock = options.pop("clock", None) or VirtualClock()
    transport = lambda: httpx.MockTransport(server)  # noqa: E731 - a factory, as Http takes it
    return Http("shop", clock=clock, rng=random.Random(0), transport=transport, **options)


def test_read_is_tried_again_until_it_works() -> None:
    server = Server(503, httpx.ReadTimeout("slow"), httpx.ConnectError("no route"), 200)
    assert http_of(server).client(URL).get("/orders").status == 200
    assert len(server.requests) == 4


@pytest.mark.parametrize(
    ("path", "params", "asked"),
    [
        ("/orders?page=2&sort=a%20b", None, "/api/orders?page=2&sort=a%20b"),
        ("http://shop/api/orders?cursor=x", None, "/api/orders?cursor=x"),
        ("http://shop/api/orders?cursor=x", {"limit": 5}, "/api/orders?cursor=x&limit=5"),
        ("/orders", {"limit": 5, "since": None}, "/api/orders?limit=5"),
        ("/orders", None, "/api/orders"),
    ],
)
def test_a_path_keeps_its_query_and_parameters_come_beside_it(path, params, asked) -> None:
    server = Server(200)
    http_of(server).client(URL).get(path, params)
    assert server.requests[0].url.raw_path.decode() == asked


def test_read_is_given_up_after_its_attempts() -> None:
    server = Server(503)
    with pytest.raises(UnavailableError, match="HTTP 503"):
        http_of(server, attempts=3).client(URL).get("/orders")
    assert len(server.requests) == 3


def test_waits_between_tries_grow_on_the_clock() -> None:
    clock = VirtualClock()
    with pytest.raises(UnavailableError):
        http_of(Server(500), clock=clock).client(URL).get("/orders")
    assert 0.7 <= clock.monotonic() <= 2.1


@pytest.mark.parametrize(
    "answer", [500, 503, httpx.ReadTimeout("slow"), httpx.RemoteProtocolError("dropped")]
)
def test_write_that_may_have_had_its_effect_is_sent_once(answer) -> None:
    server = Server(answer)
    with pytest.raises(UnavailableError) as told:
        http_of(server).client(URL).send("POST", "/orders", json={})
    assert told.value.reached
    assert len(server.requests) == 1


@pytest.mark.parametrize("answer", [429, httpx.ConnectError("no"), httpx.ConnectTimeout("no")])
def test_write_that_certainly_had_none_is_sent_again(answer) -> None:
    server = Server(answer, answer, 201)
    assert http_of(server).client(URL).send("POST", "/orders", json={}).status == 201
    assert len(server.requests) == 3


def test_write_that_was_never_reached_says_so() -> None:
    with pytest.raises(UnavailableError) as told:
        http_of(Server(429)).client(URL).send("POST", "/orders", json={})
    assert not told.value.reached


@pytest.mark.parametrize("status", [400, 404, 409, 412, 422])
def test_what_cannot_get_better_is_not_repeated(status) -> None:
    server = Server(status)
    with pytest.raises(RemoteError):
        http_of(server).client(URL).get("/orders")
    assert len(server.requests) == 1


def test_api_that_does_not_say_how_long_to_wait_cools_down_as_its_connector_knows() -> None:
    clock = VirtualClock()
    start = clock.monotonic()
    client = http_of(Server(429, 200), clock=clock).client(URL, cool_down_s=60.0)
    assert client.send("POST", "/orders", json={}).status == 200
    assert clock.monotonic() - start >= 60


def test_wait_that_the_server_asks_for_holds_all_threads() -> None:
    clock = VirtualClock()
    starts: list[float] = []
    lock = threading.Lock()
    busy = httpx.Response(429, headers={"Retry-After": "30"})
    answers = [busy]

    def answer(_request: httpx.Request) -> httpx.Response:
        with lock:
            starts.append(clock.monotonic())
            return answers.pop() if answers else httpx.Response(200, json={})

    http = http_of(Server(200), clock=clock)
    http._transport = lambda: httpx.MockTransport(answer)
    client = http.client(URL)
    # Without a retry of its own, so that the others alone are seen to wait.
    http.attempts = 1
    with pytest.raises(UnavailableError):
        client.get("/orders")
    threads = [threading.Thread(target=client.get, args=("/orders",)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert starts[0] == 0
    assert all(start >= 30 for start in starts[1:])
    assert len(starts) == 5


def test_budget_never_shortens_a_wait() -> None:
    clock = VirtualClock()
    budget = Budget(clock, random.Random(0))
    budget.hold(60)
    budget.hold(1)
    budget.wait()
    assert clock.monotonic() >= 60
    before = clock.monotonic()
    budget.wait()
    assert clock.monotonic() == before


def test_plan_cannot_write_whatever_the_method() -> None:
    server = Server(200)
    client = http_of(server, writes=False).client(URL)
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        with pytest.raises(SafetyError, match=f"shop: {method} /orders was refused"):
            client.send(method, "/orders", json={})
    with pytest.raises(SafetyError):
        client.send("GET", "/orders/1/delete", effect="write")
    assert server.requests == []
    client.get("/orders")
    client.send("POST", "/search", json={}, effect="read")
    assert len(server.requests) == 2


def test_read_by_post_is_tried_again() -> None:
    server = Server(503, 200)
    http_of(server).client(URL).send("POST", "/search", json={}, effect="read")
    assert len(server.requests) == 2


def test_numbers_are_sent_with_all_their_digits() -> None:
    server = Server(200)
    sent = {"a": Decimal("0.10"), "b": Decimal("12345678901234567890.123456789")}
    http_of(server).client(URL).send("POST", "/orders", json=sent)
    assert server.requests[0].content == b'{"a":0.10,"b":12345678901234567890.123456789}'
    assert server.requests[0].headers["Content-Type"] == "application/json"


def test_encoded_body_is_a_form_unless_the_headers_say_otherwise() -> None:
    server = Server(200)
    client = http_of(server).client(URL)
    client.send("POST", "/a", form="x=1")
    client.send("POST", "/a", form="--b--", headers={"Content-Type": "multipart/form-data"})
    found = [(r.headers["Content-Type"], r.content) for r in server.requests]
    assert found == [
        ("application/x-www-form-urlencoded", b"x=1"),
        ("multipart/form-data", b"--b--"),
    ]


def test_parameters_that_are_none_are_left_out() -> None:
    server = Server(200)
    http_of(server).client(URL + "/").get("/orders", {"since": None, "q": "å&=", "n": 3})
    assert str(server.requests[0].url) == f"{URL}/orders?q=%C3%A5%26%3D&n=3"


def test_clients_of_one_thread_share_a_connection_pool() -> None:
    http = http_of(Server(200))
    assert http.wire(URL) is http.wire(URL)
    http.close()


def test_clock_of_the_server_is_learnt() -> None:
    date = {"Date": "Sun, 01 Nov 2026 10:00:07 GMT"}
    http = http_of(Server(httpx.Response(200, json={}, headers=date)))
    http.client(URL).get("/orders")
    assert http.skew is not None
    assert http.skew.total_seconds() == 7


def test_date_that_is_none_teaches_nothing() -> None:
    http = http_of(Server(httpx.Response(200, json={}, headers={"Date": "today"})))
    http.client(URL).get("/orders")
    assert http.skew is None


# --- credentials ----------------------------------------------------------------------------------


class Renewable:
    """Credentials that a server can take back."""

    def __init__(self) -> None:
        self.number = 1

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer t{self.number}"}

    def renew(self, refused: dict[str, str]) -> bool:
        if refused == self.headers():
            self.number += 1
        return True


def test_credentials_are_renewed_once_and_the_request_repeated() -> None:
    server = Server(401, 200)
    client = http_of(server).client(URL, auth=Renewable())
    assert client.send("POST", "/orders", json={}).status == 200
    sent = [request.headers["Authorization"] for request in server.requests]
    assert sent == ["Bearer t1", "Bearer t2"]


def test_credentials_that_stay_refused_are_a_sentence() -> None:
    server = Server(401)
    with pytest.raises(DeniedError, match="Check the credentials of shop"):
        http_of(server).client(URL, auth=Renewable()).get("/orders")
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("auth", "header"),
    [
        (Bearer(SecretStr("s3cret")), "Bearer s3cret"),
        (Basic("Åse", SecretStr("s3cret")), "Basic w4VzZTpzM2NyZXQ="),
    ],
)
def test_fixed_credentials_are_sent_and_never_told(auth, header) -> None:
    server = Server(401)
    with pytest.raises(DeniedError) as told:
        http_of(server).client(URL, auth=auth).get("/orders")
    assert [r.headers["Authorization"] for r in server.requests] == [header]
    assert "s3cret" not in told.value.message + repr(auth)


def test_time_out_is_told_in_seconds_and_without_the_query() -> None:
    client = http_of(Server(httpx.ReadTimeout("")), timeout_s=5, attempts=1).client(URL)
    with pytest.raises(UnavailableError, match="no answer within 5 s") as told:
        client.get("/orders", {"token": "abc"})
    assert "abc" not in told.value.message
