"""What the webshop's API may answer beside what its twin does, request by request."""

from __future__ import annotations

import random

import pytest
import talk_customwebshop as hooks
from talk_customwebshop.settings import WebshopSettings

from talk_sdk.errors import DeniedError, UnavailableError
from talk_sdk.http import Http
from talk_sdk.operations import Change, Operation
from talk_sdk.testing.clock import VirtualClock

URL = "http://shop/api"
SHOP = {"id": "shop-1", "name": "Shop", "scopes": ["orders:read"]}
RECORD = {"id": "1", "etag": "e", "updated_at": "2026-11-01T10:00:00Z"}


@pytest.fixture
def http():
    http = Http("shop", clock=VirtualClock(), rng=random.Random(0))
    yield http
    http.close()


@pytest.fixture
def session(http, httpx_mock):
    httpx_mock.add_response(url=f"{URL}/shop", json=SHOP)
    return hooks.talk_open(_settings(), http)


def _settings(**more) -> WebshopSettings:
    return WebshopSettings.model_validate({"base_url": URL, "token": "t0ken", **more})


def _write(session, kind="create", **more):
    values = {"id": None, "changes": (), "reason": "", "key": "k-1"}
    operation = Operation("shop", "Customer", kind, "x:1", **(values | more))
    (outcome,) = hooks.talk_write(session, [operation])
    return outcome


def test_rights_that_the_shop_does_not_tell_are_not_made_up(session) -> None:
    assert session.permissions == {"Order": "read"}


@pytest.mark.parametrize("body", [{}, {"id": None}, {"id": ""}, {"name": "Shop"}])
def test_shop_without_identity_is_not_opened(http, httpx_mock, body) -> None:
    httpx_mock.add_response(json=body)
    with pytest.raises(UnavailableError, match="whose shop it is"):
        hooks.talk_open(_settings(), http)


def test_token_that_is_refused_leaves_the_shop_alone(http, httpx_mock) -> None:
    httpx_mock.add_response(status_code=401, json={"error": {"code": "unauthorized"}})
    with pytest.raises(DeniedError, match="credentials of shop") as told:
        hooks.talk_open(_settings(), http)
    assert "t0ken" not in told.value.message


def test_address_may_end_in_a_slash(http, httpx_mock) -> None:
    httpx_mock.add_response(url=f"{URL}/shop", json=SHOP)
    hooks.talk_open(_settings(base_url=URL + "/"), http)


@pytest.mark.parametrize("body", [[], {}, {"data": None}, {"data": ["x"]}])
def test_page_of_another_shape_is_no_empty_page(session, httpx_mock, body) -> None:
    httpx_mock.add_response(json=body)
    with pytest.raises(UnavailableError):
        list(hooks.talk_read(session, "Customer", None))


def test_page_out_of_order_sets_no_cursor(session, httpx_mock) -> None:
    early = {**RECORD, "id": "2", "updated_at": "2026-10-01T10:00:00Z"}
    httpx_mock.add_response(json={"data": [RECORD, early], "next_cursor": None})
    with pytest.raises(UnavailableError, match="not in order of time"):
        list(hooks.talk_read(session, "Customer", None))


def test_record_with_a_broken_time_delays_no_other(session, httpx_mock) -> None:
    broken = {**RECORD, "id": "2", "updated_at": "soon"}
    httpx_mock.add_response(json={"data": [RECORD, broken], "next_cursor": None})
    (page,) = hooks.talk_read(session, "Customer", None)
    assert [r["id"] for r in page.records] == ["1", "2"]
    assert (page.cursor, page.complete) == (RECORD["updated_at"], True)


def test_read_since_asks_from_before_the_cursor(session, httpx_mock) -> None:
    httpx_mock.add_response(json={"data": [], "next_cursor": None})
    (page,) = hooks.talk_read(session, "Customer", "2026-11-01T10:00:00Z")
    assert page.cursor == "2026-11-01T10:00:00Z"
    asked = httpx_mock.get_requests()[-1].url.params
    assert asked["updated_since"] == "2026-11-01T09:59:55Z"


def test_ids_are_quoted_in_paths(session, httpx_mock) -> None:
    httpx_mock.add_response(json={"data": [], "next_cursor": None})
    httpx_mock.add_response(status_code=404)
    assert hooks.talk_get(session, "Customer", ["a/b?c"]) == {}
    assert httpx_mock.get_requests()[-1].url.raw_path == b"/api/customers/a%2Fb%3Fc"


def test_answer_to_a_write_without_an_id_leaves_doubt(session, httpx_mock) -> None:
    httpx_mock.add_response(status_code=201, json={"ok": True})
    assert _write(session, body={"name": "A"}).kind == "unknown"


def test_key_and_version_are_sent_as_headers(session, httpx_mock) -> None:
    httpx_mock.add_response(json=RECORD, is_reusable=True)
    _write(session, body={"name": "A"})
    assert httpx_mock.get_requests()[-1].headers["Idempotency-Key"] == "k-1"
    _write(session, "update", id="1", version="e-1", body={"name": "A"})
    assert httpx_mock.get_requests()[-1].headers["If-Match"] == '"e-1"'
    _write(session, "update", id="1", body={"name": "A"})
    assert "If-Match" not in httpx_mock.get_requests()[-1].headers


@pytest.mark.parametrize("kind", ["create", "update"])
def test_what_we_made_up_is_never_sent(session, httpx_mock, kind) -> None:
    httpx_mock.add_response(json=RECORD)
    body = {"title": "T", "guest_key": "a@x.no"}
    operation = Operation("shop", "Order", kind, "x:1", "1", (), "", body=body)
    hooks.talk_write(session, [operation])
    assert httpx_mock.get_requests()[-1].content == b'{"title":"T"}'


@pytest.mark.parametrize(
    ("before", "after", "sent"),
    [("3", "5", b'{"delta":2}'), ("5", "3", b'{"delta":-2}'), (None, "1.50", b'{"delta":1.50}')],
)
def test_counter_is_sent_as_a_difference(session, httpx_mock, before, after, sent) -> None:
    httpx_mock.add_response(json=RECORD)
    changes = (Change("stock", before, after),)
    operation = Operation("shop", "Product", "adjust", "x:1", "p1", changes, "", key="k-2")
    (outcome,) = hooks.talk_write(session, [operation])
    assert outcome.kind == "stored"
    request = httpx_mock.get_requests()[-1]
    assert (request.url.path, request.content) == ("/api/products/p1/stock", sent)
    assert request.headers["Idempotency-Key"] == "k-2"
