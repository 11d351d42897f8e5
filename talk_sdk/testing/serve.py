"""A twin as a real server: in a process of its own, on loopback, with a control server beside it.

`SimulatorProcess` starts one and ends it; `python -m talk_sdk.testing.serve customwebshop` starts
one by hand. The server ends with its parent, however that ends: the parent holds its standard
input open, and a closed one means that nobody is there any more.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Self

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from talk_sdk.clock import SystemClock
from talk_sdk.testing.clock import SkewedClock
from talk_sdk.testing.control import ControlPlane
from talk_sdk.testing.faults import DELAY_HEADER, TRANSPORT_HEADER, Faults
from talk_sdk.testing.remote import RemoteControl
from talk_sdk.testing.transport import WsgiTransport
from talk_sdk.testing.world import SYSTEMS, TWO, awkward_world

if TYPE_CHECKING:
    from types import TracebackType
    from wsgiref.types import WSGIApplication

    from talk_sdk.operations import Simulator

__all__ = ["SimulatorProcess", "WsgiTransport", "load_hooks", "main"]

LOOPBACK = "127.0.0.1"
GRACE_S = 5.0
"""How long a server may take to end before it is killed."""


def load_hooks(connector: str) -> Any:
    """The module of hooks of an installed connector.

    Raises:
        LookupError: No installed distribution brings this connector.
    """
    found = list(entry_points(group="talk_sdk.connectors", name=connector))
    if not found:
        raise LookupError(
            f"no connector {connector!r} is installed; its distribution must name its module "
            "of hooks in the entry-point group 'talk_sdk.connectors'"
        )
    return found[0].load()


class SimulatorProcess:
    """A twin served in a process of its own while the `with` block lasts.

    Args:
        connector: Name of an installed connector, or of no matter which if `module` is given.
        world_seed: Seed of the world; the same seed, sizes and systems give every system the same
            world.
        sizes: `parties`, `items` and `deals` of the world.
        systems: Connectors whose systems are in the world: the same for all servers of one set.
            By default those of `TWO`, and the served one.
        module: Dotted name of the module of hooks, for a connector that is not installed.
        skew_s: By how much the server's clock is wrong.
        port: The API's port; 0 lets the operating system choose.

    Attributes:
        base_url: The server's address; a connector's `base_url` is this and the API's base path.
        control: The control of the server; not counted.
        settings: What a `talk.toml` section for this system holds, `base_url` excepted.
    """

    def __init__(
        self,
        connector: str,
        world_seed: int = 0,
        sizes: Mapping[str, int] | None = None,
        *,
        systems: Sequence[str] = (),
        module: str | None = None,
        skew_s: float = 0.0,
        port: int = 0,
    ) -> None:
        self._arguments = [connector, "--seed", str(world_seed), "--skew", str(skew_s)]
        if systems:
            self._arguments += ["--systems", ",".join(systems)]
        self._arguments += ["--port", str(port), "--attached"]
        if module is not None:
            self._arguments += ["--module", module]
        for name, count in (sizes or {}).items():
            self._arguments += [f"--{name}", str(count)]
        self.base_url = ""
        self.settings: Mapping[str, object] = {}

    @property
    def pid(self) -> int:
        """The server's process id."""
        return self._process.pid

    def __enter__(self) -> Self:
        """Start the server; returns when it answers."""
        command = [sys.executable, "-m", "talk_sdk.testing.serve", *self._arguments]
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._end()
            raise RuntimeError(f"the server {self._arguments[0]} did not start, see above")
        started = json.loads(line)
        self.base_url = started["base_url"]
        self.settings = started["settings"]
        self.control = RemoteControl(started["control_url"])
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the server."""
        self.control.close()
        self._end()

    def _end(self) -> None:
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        try:
            process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def main(arguments: list[str] | None = None) -> None:
    """Serve a twin until the control server is told to shut down, or the parent is gone."""
    options = _parse(arguments)
    hooks = import_module(options.module) if options.module else load_hooks(options.connector)
    sizes = {"parties": options.parties, "items": options.items, "deals": options.deals}
    world = awkward_world(options.seed, **sizes, systems=_systems(options))
    clock = SkewedClock(SystemClock(), timedelta(seconds=options.skew))
    twin: Simulator = hooks.talk_simulator(world=world, clock=clock, faults=Faults(options.seed))
    done = threading.Event()
    plane = twin.control
    if isinstance(plane, ControlPlane):
        plane.state.on_shutdown.append(done.set)
    servers = [_server(twin.app, options.port), _server(plane, 0)]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    base_url, control_url = (f"http://{LOOPBACK}:{server.port}" for server in servers)
    started = {
        "base_url": base_url,
        "control_url": control_url,
        "settings": dict(twin.settings),
    }
    print(json.dumps(started), flush=True)  # noqa: T201 - how the parent learns the ports
    if options.attached:
        threading.Thread(target=_until_parent_is_gone, args=(done,), daemon=True).start()
    with contextlib.suppress(KeyboardInterrupt):
        done.wait()
    for server in servers:
        server.shutdown()
        server.server_close()


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m talk_sdk.testing.serve")
    parser.add_argument("connector", help="name of the connector whose system is to be served")
    parser.add_argument("--module", help="its module of hooks, if it is not installed")
    parser.add_argument("--seed", type=int, default=0, help="seed of the world")
    parser.add_argument("--parties", type=int, default=600)
    parser.add_argument("--items", type=int, default=300)
    parser.add_argument("--deals", type=int, default=900)
    parser.add_argument(
        "--systems", metavar="CONNECTOR,...",
        help="connectors whose systems are in the world: the same for all servers of one set"
             f" (default: {','.join(TWO)}, and the one that is served)",
    )  # fmt: skip
    parser.add_argument("--skew", type=float, default=0.0, help="seconds the clock is wrong by")
    parser.add_argument("--port", type=int, default=0, help="port of the API, 0: any free one")
    parser.add_argument("--attached", action="store_true", help="end when standard input closes")
    return parser.parse_args(arguments)


def _systems(options: argparse.Namespace) -> Sequence[str]:
    if options.systems:
        return str(options.systems).split(",")
    served = [options.connector] if options.connector in SYSTEMS[len(TWO) :] else []
    return [*TWO, *served]


def _server(app: WSGIApplication, port: int) -> BaseWSGIServer:
    return make_server(LOOPBACK, port, app, threaded=True, request_handler=_Handler)


def _until_parent_is_gone(done: threading.Event) -> None:
    sys.stdin.read()
    done.set()


class _Handler(WSGIRequestHandler):
    """Keeps connections open between requests, and carries out the faults that a twin reports.

    Werkzeug's own way of running an application waits after each answer for what the client may
    still send, which on a kept connection is the next request.
    """

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16

    def run_wsgi(self) -> None:
        """Answer one request: now, later, or never."""
        status, headers = "", list[tuple[str, str]]()

        def start_response(given: str, pairs: list[tuple[str, str]], _error: Any = None) -> Any:
            nonlocal status, headers
            status, headers = given, pairs

        body = b"".join(self.server.app(self.make_environ(), start_response))
        private = {name: value for name, value in headers if name in _PRIVATE}
        time.sleep(float(private.get(DELAY_HEADER, "0")))
        if TRANSPORT_HEADER in private:
            self.close_connection = True
            return
        code, _, phrase = status.partition(" ")
        self.send_response_only(int(code), phrase)
        for name, value in headers:
            if name not in _PRIVATE:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


_PRIVATE = frozenset((TRANSPORT_HEADER, DELAY_HEADER))


if __name__ == "__main__":
    main()
