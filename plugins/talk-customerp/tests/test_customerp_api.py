"""What the ERP's API may answer beside what its twin does, request by request."""

from __future__ import annotations

import json
import random

import pytest
import talk_customerp as hooks
from talk_customerp.settings import ErpSettings

from talk_sdk.errors import DeniedError, UnavailableError
from talk_sdk.http import Http
from talk_sdk.operations import Operation
from talk_sdk.testing.clock import VirtualClock

URL = "http://erp/erp/v1"
COMPANY = {"companyId": 7, "name": "Company", "permissions": {"orders": "r"}}


@pytest.fixture
def http():
    http = Http("erp", clock=VirtualClock(), rng=random.Random(0))
    yield http
    http.close()


@pytest.fixture
def session(http, httpx_mock):
    httpx_mock.add_response(url=f"{URL}/company", json=COMPANY)
    return hooks.talk_open(_settings(), http)


def _settings(**more) -> ErpSettings:
    given = {"base_url": URL, "username": "u", "password": "pa55", **more}
    return ErpSettings.model_validate(given)


def _write(session, kind="create", **more):
    values = {"id": None, "changes": (), "reason": "", "key": "k-1"}
    operation = Operation("erp", "Customer", kind, "x:1", **(values | more))
    (outcome,) = hooks.talk_write(session, [operation])
    return outcome


def _list(*items, page=1, total=None):
    total = len(items) if total is None else total
    return {"items": list(items), "page": page, "pageSize": 500, "total": total}


def test_rights_that_the_erp_does_not_tell_are_not_made_up(session) -> None:
    assert session.permissions == {"Order": "read"}


@pytest.mark.parametrize("body", [{}, {"companyId": None}, {"name": "Company"}])
def test_company_without_identity_is_not_opened(http, httpx_mock, body) -> None:
    httpx_mock.add_response(json=body)
    with pytest.raises(UnavailableError, match="whose books they are"):
        hooks.talk_open(_settings(), http)


def test_password_that_is_refused_leaves_the_erp_alone(http, httpx_mock) -> None:
    httpx_mock.add_response(status_code=401, json={"message": "wrong"})
    with pytest.raises(DeniedError, match="credentials of erp") as told:
        hooks.talk_open(_settings(), http)
    assert "pa55" not in told.value.message


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"items": None, "page": 1, "total": 0},
        {"items": [], "page": 1},
        {"items": [], "total": 0},
        {"items": [], "page": 1, "total": "0"},
        _list({"customerId": 1}, total=2),
        _list(total=3),
        _list({"customerId": 1}, page=2),
    ],
)
def test_page_of_another_shape_is_no_empty_page(session, httpx_mock, body) -> None:
    httpx_mock.add_response(json=body, is_reusable=True)
    with pytest.raises(UnavailableError):
        list(hooks.talk_read(session, "Customer", None))


def test_record_that_is_listed_twice_counts_once(session, httpx_mock) -> None:
    httpx_mock.add_response(json=_list({"customerId": 1}, {"customerId": 1}, total=2))
    httpx_mock.add_response(json=_list({"customerId": 1}, page=2, total=2))
    with pytest.raises(UnavailableError, match="after 1 different records of 2"):
        list(hooks.talk_read(session, "Customer", None))


def test_read_since_asks_from_before_the_hour_that_comes_twice(session, httpx_mock) -> None:
    httpx_mock.add_response(json=_list())
    (*_, page) = hooks.talk_read(session, "Order", "2026-10-25T02:30:00")
    assert (page.cursor, page.complete) == ("2026-10-25T02:30:00", True)
    asked = httpx_mock.get_requests()[-1].url.params
    assert asked["modifiedFrom"] == "2026-10-25T01:29:55"


def test_answer_to_a_write_without_an_id_leaves_doubt(session, httpx_mock) -> None:
    httpx_mock.add_response(status_code=201, json={"ok": True})
    assert _write(session, body={"name": "A"}).kind == "unknown"


def test_marker_goes_with_a_create_and_version_with_an_update(session, httpx_mock) -> None:
    httpx_mock.add_response(json={"customerId": 1}, is_reusable=True)
    _write(session, body={"name": "A"}, marker="w:1")
    assert json.loads(httpx_mock.get_requests()[-1].content) == {
        "name": "A",
        "externalReference": "w:1",
    }
    whole = {"name": "B", "version": 9}
    _write(session, "update", id="1", version="8", body=whole)
    request = httpx_mock.get_requests()[-1]
    assert (request.method, request.url.path) == ("PUT", "/erp/v1/customers/1")
    assert json.loads(request.content) == {"name": "B", "version": 8}
    assert whole["version"] == 9
