import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from talk_sdk.testing.remote import ControlError
from talk_sdk.testing.serve import SimulatorProcess, load_hooks

HOOKS = """
from talk_customwebshop.simulator import simulator

def talk_simulator(world, clock, faults):
    return simulator(world, clock, faults)
"""
METADATA = "Metadata-Version: 2.1\nName: talk-corner\nVersion: 1.0\n"
SIZES = {"parties": 20, "items": 10, "deals": 10}


@pytest.fixture
def path_with_plugin(tmp_path, monkeypatch):
    """An installed distribution that brings the connector `corner`, visible to child processes."""
    (tmp_path / "talk_corner.py").write_text(HOOKS)
    info = tmp_path / "talk_corner-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(METADATA)
    (info / "entry_points.txt").write_text("[talk_sdk.connectors]\ncorner = talk_corner\n")
    folders = [str(tmp_path), *filter(None, sys.path)]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(folders))


def test_real_server_with_control_beside_it(path_with_plugin):
    with SimulatorProcess("corner", world_seed=7, sizes=SIZES) as server:
        token = {"Authorization": f"Bearer {server.settings['token']}"}
        with httpx.Client(base_url=f"{server.base_url}/api", headers=token) as http:
            _check_requests(server, http)
            _check_faults(server, http)
        pid = server.pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def _check_requests(server, http):
    made = http.post("/customers", json={"name": "A"}).json()
    http.get(f"/customers/{made['id']}")
    stream = http.get("/shop").extensions["network_stream"]
    again = http.get("/shop").extensions["network_stream"]
    assert stream.get_extra_info("client_addr") == again.get_extra_info("client_addr")
    counts = server.control.counters()
    assert counts["requests"] == {"POST": {"customers": 1}, "GET": {"customers": 1, "shop": 2}}
    assert counts["effects"] == {"customers": {"create": 1}}
    assert server.control.edit("customers", made["id"], {"name": "B"})["name"] == "B"
    assert [effect.who for effect in server.control.effects()] == ["api", "user"]
    assert server.control.identities("customers")[made["id"]] is None
    assert made["id"] in {record["id"] for record in server.control.dump("customers")}
    with pytest.raises(ControlError, match="no customers nobody"):
        server.control.delete("customers", "nobody")


def _check_faults(server, http):
    server.control.reset_counters()
    server.control.faults([{"kind": "drop_after", "method": "POST", "times": 1}])
    with pytest.raises(httpx.RemoteProtocolError):
        http.post("/customers", json={"name": "C"})
    assert server.control.counters()["effects"] == {"customers": {"create": 1}}
    server.control.faults([{"kind": "latency", "seconds": 0.2}])
    began = time.monotonic()
    assert http.get("/shop").status_code == 200
    assert time.monotonic() - began >= 0.2
    server.control.faults([])


def test_server_ends_with_its_parent(path_with_plugin):
    script = (
        "import os\n"
        "from talk_sdk.testing.serve import SimulatorProcess\n"
        f"server = SimulatorProcess('corner', sizes={SIZES!r}).__enter__()\n"
        "print(server.base_url, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    parent = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    url = parent.stdout.strip()
    assert url.startswith("http://127.0.0.1:"), parent.stderr
    for _ in range(100):
        try:
            httpx.get(url, trust_env=False)
        except httpx.TransportError:
            return
        time.sleep(0.05)
    pytest.fail("the server outlived its parent")


def test_shutdown_by_control(path_with_plugin):
    with SimulatorProcess("corner", sizes=SIZES) as server:
        server.control.shutdown()
        for _ in range(100):
            try:
                httpx.get(server.base_url, trust_env=False)
            except httpx.TransportError:
                break
            time.sleep(0.05)
        else:
            pytest.fail("the server goes on")


def test_connector_that_is_not_installed_is_named():
    with pytest.raises(LookupError, match="nowhere"):
        load_hooks("nowhere")


def test_threads_share_the_server_and_are_counted_exactly(path_with_plugin):
    with SimulatorProcess("corner", sizes=SIZES) as server:
        token = {"Authorization": f"Bearer {server.settings['token']}"}

        def create(number):
            with httpx.Client(headers=token, trust_env=False, verify=False) as http:
                url = f"{server.base_url}/api/customers"
                return [http.post(url, json={"name": f"{number}"}).json()["id"] for _ in range(10)]

        with ThreadPoolExecutor(4) as pool:
            ids = [id_ for made in pool.map(create, range(4)) for id_ in made]
        assert len(set(ids)) == 40
        assert server.control.counters()["effects"] == {"customers": {"create": 40}}
