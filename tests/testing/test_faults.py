import random

import httpx
import msgspec
import pytest
from talk_customerp.simulator import simulator as open_erp
from talk_customwebshop.simulator import simulator as open_shop

from talk_sdk.testing.clock import START, VirtualClock
from talk_sdk.testing.control import local_control
from talk_sdk.testing.faults import Fault, Faults
from talk_sdk.testing.transport import WsgiTransport
from talk_sdk.testing.world import small_world


class Twin:
    """A webshop on a virtual clock, with a client that is signed in."""

    def __init__(self):
        self.clock = VirtualClock()
        self.faults = Faults(seed=3)
        world = small_world(random.Random(2), 20)
        twin = open_shop(world, self.clock, self.faults)
        self.control = local_control(twin)
        self.http = httpx.Client(
            transport=WsgiTransport(twin.app, self.clock),
            base_url="http://shop/api",
            headers={"Authorization": f"Bearer {twin.settings['token']}"},
            timeout=10,
        )

    def create(self):
        return self.http.post("/customers", json={"name": "A"})

    def created(self):
        return self.control.counters()["effects"].get("customers", {}).get("create", 0)

    def arrived(self):
        return self.control.counters()["requests"]["POST"]["customers"]


@pytest.fixture
def twin():
    return Twin()


@pytest.mark.parametrize(("kind", "effects"), [("drop_before", 0), ("drop_after", 1)])
def test_dropped_connection_has_its_effect_or_not(twin, kind, effects):
    twin.faults.plan([Fault(kind=kind, times=1)])
    with pytest.raises(httpx.RemoteProtocolError):
        twin.create()
    assert (twin.arrived(), twin.created()) == (1, effects)
    assert twin.create().status_code == 201


@pytest.mark.parametrize("effect", [True, False])
def test_time_out_lasts_as_long_as_the_client_waits(twin, effect):
    twin.faults.plan([Fault(kind="timeout", effect=effect)])
    with pytest.raises(httpx.ReadTimeout):
        twin.create()
    assert twin.created() == int(effect)
    assert (twin.clock.now() - START).total_seconds() == 10


def test_latency_passes_on_the_clock_and_beyond_the_time_out_is_one(twin):
    twin.faults.plan([Fault(kind="latency", seconds=2.5, times=1)])
    assert twin.create().status_code == 201
    assert twin.clock.monotonic() == 2.5
    twin.faults.plan([Fault(kind="latency", seconds=11)])
    with pytest.raises(httpx.ReadTimeout):
        twin.create()


def test_private_headers_do_not_reach_the_client(twin):
    twin.faults.plan([Fault(kind="latency", seconds=0.1)])
    assert not [name for name in twin.create().headers if name.startswith("x-talk")]


def test_rate_limit_says_when_to_come_back_and_does_nothing(twin):
    twin.faults.plan([Fault(kind="rate_limit", seconds=30)])
    answer = twin.create()
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "30")
    assert twin.created() == 0


def test_server_error_is_no_json_and_expired_token_is_401(twin):
    twin.faults.plan([Fault(kind="server_error", status=502, times=1), Fault(kind="expired_token")])
    twin.faults.plan([Fault(kind="server_error", status=502)])
    assert (twin.create().status_code, twin.create().text[:6]) == (502, "<html>")
    twin.faults.plan([Fault(kind="expired_token")])
    assert twin.create().json()["error"]["code"] == "token_expired"
    assert twin.created() == 0


def test_malformed_answer_comes_after_the_effect(twin):
    twin.faults.plan([Fault(kind="malformed")])
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(twin.create().content)
    assert twin.created() == 1


def test_short_page_goes_on_where_it_ended(twin):
    everything = twin.http.get("/customers").json()["data"]
    twin.faults.plan([Fault(kind="short_page", times=1)])
    first = twin.http.get("/customers", params={"limit": len(everything)}).json()
    rest = twin.http.get("/customers", params={"cursor": first["next_cursor"]}).json()
    assert first["data"] + rest["data"] == everything
    assert len(first["data"]) == len(everything) // 2


def test_repeated_and_empty_pages(twin):
    first = twin.http.get("/customers", params={"limit": 2}).json()
    twin.faults.plan([Fault(kind="repeated_page", nth=1), Fault(kind="empty_page", nth=2)])
    following = {"limit": 2, "cursor": first["next_cursor"]}
    assert twin.http.get("/customers", params=following).json() == first
    assert twin.http.get("/customers").json() == {"data": [], "next_cursor": None}
    assert twin.http.get("/customers", params=following).json()["data"] != first["data"]


def test_numbered_pages_can_be_short_while_the_total_tells():
    clock, faults = VirtualClock(), Faults()
    twin = open_erp(small_world(random.Random(2), 20), clock, faults)
    auth = (str(twin.settings["username"]), str(twin.settings["password"]))
    transport = WsgiTransport(twin.app, clock)
    faults.plan([Fault(kind="short_page")])
    with httpx.Client(transport=transport, base_url="http://erp/erp/v1", auth=auth) as http:
        page = http.get("/customers").json()
    assert len(page["items"]) == page["total"] // 2


def test_rules_hit_by_method_path_number_and_chance():
    faults = Faults(
        seed=1, faults=[Fault(kind="latency", method="GET", path="orders$", nth=(2, 3))]
    )
    hits = [bool(faults.decide(method, path)) for method, path in [
        ("GET", "/orders"), ("POST", "/orders"), ("GET", "/orders/1"),
        ("GET", "/orders"), ("GET", "/orders"), ("GET", "/orders"),
    ]]  # fmt: skip
    assert hits == [False, False, False, True, True, False]
    faults.plan([Fault(kind="latency", probability=0.3)])
    count = sum(bool(faults.decide("GET", "/")) for _ in range(1000))
    assert 250 < count < 350


def test_misspelt_faults_and_switches_are_refused():
    with pytest.raises(msgspec.ValidationError, match="latensy"):
        Faults().plan([{"kind": "latensy"}])
    with pytest.raises(KeyError, match="idempotency"):
        Faults().switch("idempotence", False)


def test_user_may_edit_between_two_requests(twin):
    seen = []

    def edit(call):
        if call.method == "PATCH":
            seen.append(call.path)
            twin.control.edit("customers", call.id or "cus_000001", {"note": "user"})

    etag = twin.http.get("/customers/cus_000001").headers["ETag"]
    twin.faults.on_request = edit
    answer = twin.http.patch("/customers/cus_000001", json={}, headers={"If-Match": etag})
    assert (answer.status_code, seen) == (412, ["/api/customers/cus_000001"])


def test_counters_are_exact_and_can_be_reset(twin):
    twin.http.get("/customers")
    twin.http.get("/customers/cus_999999")
    twin.http.get("/nowhere")
    assert twin.control.counters() == {
        "requests": {"GET": {"customers": 2, "unknown": 1}},
        "reads": {"customers": 1},
        "effects": {},
    }
    twin.control.reset_counters()
    assert twin.control.counters() == {"requests": {}, "reads": {}, "effects": {}}
