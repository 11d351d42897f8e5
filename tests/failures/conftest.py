"""What the tests of known failures share: systems in process, the real runner, a virtual clock."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

import pytest

from talk_sdk.operations import Simulator
from talk_sdk.reports import Report, Status
from talk_sdk.testing.control import LocalControl
from talk_sdk.testing.faults import Fault
from talk_sdk.testing.neutral import World
from talk_sdk.testing.workbench import Workbench

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

CONNECTORS = {
    "shop": "customwebshop", "outlet": "customwebshop", "erp": "customerp", "books": "wave",
    "crm": "webcrm", "club": "membercare",
}  # fmt: skip
DAY = 25 * 3600.0
"""Seconds after which everything is read once more, deletions included."""


class KilledError(BaseException):
    """The process is gone: no handler may run on."""


class Bench(Workbench):
    """Empty systems, known by short names; a run is a minute and a half after the last one."""

    def sync(
        self, *, after: float = 90.0, approve_deletes: int = 0, approve_creates: int = 0
    ) -> Report:
        """One run."""
        self.clock.advance(after)
        with self.runner() as runner:
            return runner.sync(
                approve=True, approve_deletes=approve_deletes, approve_creates=approve_creates
            )

    def quiet(self, most: int = 2) -> int:
        """Run until nothing is written; returns how many runs wrote."""
        runs = 0
        while self._wrote():
            runs += 1
            assert runs <= most, f"still writing after {most} runs: {self.writes()}"
        return runs

    def quiet_for_good(self) -> int:
        """The same, and nothing is written either when everything is read once more."""
        runs = self.quiet()
        self.sync(after=DAY)
        assert not any(self.writes().values()), f"it wrote after it had been quiet: {self.writes()}"
        return runs

    def _wrote(self) -> bool:
        self.reset()
        self.sync()
        return any(self.writes().values())

    def killed(self, name: str, count: int = 1) -> bool:
        """A run that dies when it passes a step for the n-th time; whether it came to that."""
        left = count

        def step(passed: str) -> None:
            nonlocal left
            left -= passed == name
            if left == 0:
                raise KilledError(name)

        self.clock.advance(90)
        try:
            with self.runner(step=step) as runner:
                runner.sync(approve=True)
        except KilledError:
            return True
        return False

    def status(self) -> Status:
        """What the store knows."""
        with self.runner() as runner:
            return runner.status()

    def fault(self, system: str, kind: str, **parts: Any) -> None:
        """The one fault that a system has from now on."""
        self.faults[system].plan([Fault(kind=kind, **parts)])  # type: ignore[arg-type]

    def well(self) -> None:
        """No faults any more."""
        for faults in self.faults.values():
            faults.plan([])

    def rows(self, system: str, collection: str = "customers") -> list[dict[str, Any]]:
        """The records of a system, in the order in which they were made."""
        return self.control(system).dump(collection)

    def row(self, system: str, collection: str = "customers", **fields: Any) -> dict[str, Any]:
        """The one record that has these values."""
        rows = self.rows(system, collection)
        found = [r for r in rows if all(str(r.get(n)) == str(v) for n, v in fields.items())]
        assert len(found) == 1, f"{len(found)} of {len(rows)} {collection} have {fields}"
        return found[0]

    def counts(self, collection: str = "customers") -> dict[str, int]:
        """System → how many records it has."""
        return {name: len(self.rows(name, collection)) for name in self.twins}

    def made(self, system: str, collection: str = "customers") -> int:
        """How many records the API created since the counters were reset."""
        return self.control(system).counters()["effects"].get(collection, {}).get("create", 0)

    def replace(self, system: str, app: WSGIApplication) -> None:
        """Put another application in the place of a system's own."""
        twin = self.twins[system]
        self.twins[system] = Simulator(app, twin.settings, twin.control)

    def control(self, system: str) -> LocalControl:
        """The control plane of a system, whatever stands before it."""
        return super().control(system)


class Between:
    """Stands before a system: serves pages of another size, or other bodies."""

    def __init__(
        self,
        app: WSGIApplication,
        *,
        page: int | None = None,
        change: Callable[[str, Any], Any] = lambda _path, body: body,
    ) -> None:
        self._app, self._page, self._change = app, page, change

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        if self._page is not None:
            query = parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)
            sizes = {"limit", "pageSize"}
            environ["QUERY_STRING"] = urlencode(
                [(name, self._page if name in sizes else value) for name, value in query]
            )
        began: list[Any] = []

        def start(*parts: Any) -> Any:
            began[:] = parts
            return lambda _data: None

        body = b"".join(self._app(environ, start))
        if body.startswith(b"{"):
            body = json.dumps(self._change(environ["PATH_INFO"], json.loads(body))).encode()
        status, headers, *rest = began
        kept = [(n, v) for n, v in headers if n.lower() != "content-length"]
        start_response(status, [*kept, ("Content-Length", str(len(body)))], *rest)
        return [body]


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Bench]:
    """A bench of systems by their short names, in the order of talk.toml."""

    def build(*systems: str, **parts: Any) -> Bench:
        empty = World((), (), ())
        return Bench(tmp_path, empty, {name: CONNECTORS[name] for name in systems}, **parts)

    return build


@pytest.fixture
def pair(make: Callable[..., Bench]) -> Bench:
    """A shop and an ERP."""
    return make("shop", "erp")


@pytest.fixture
def between() -> Callable[..., None]:
    """Put something between the engine and a system: see `Between`."""

    def put(bench: Bench, system: str, **parts: Any) -> None:
        bench.replace(system, Between(bench.twins[system].app, **parts))

    return put


@pytest.fixture
def follow() -> Mapping[str, Any]:
    """Settings of a shop that deletes what was deleted elsewhere."""
    kinds = ("Customer", "Product", "Order")
    return {"entities": {kind: {"on_delete": "delete"} for kind in kinds}}
