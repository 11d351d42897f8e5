"""Start `talk sync`, kill it, go on; at the end let it finish, and look at what there is."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import Any, Self

from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from talk_sdk._store.engines import engine_of
from talk_sdk._store.schema import intents
from talk_sdk.testing.kills.users import CONNECTORS, Users
from talk_sdk.testing.kills.witness import STAGES, Witness
from talk_sdk.testing.serve import SimulatorProcess
from talk_sdk.testing.workbench import BASE_URLS

__all__ = ["Killing"]

_EMPTY = {"parties": 0, "items": 0, "deals": 0}
_SLOW = [
    {"kind": "latency", "method": method, "seconds": 0.12} for method in ("POST", "PUT", "PATCH")
]
"""Writes take their time, so that a kill meets some in flight."""
_MOMENTS = ("start", "settle", "collect", "merge", "plan", "apply", "apply", "apply")
_LONGEST = 120.0  # seconds that a run may take


class Killing:
    """Servers, a workspace, users, and somebody who kills.

    Attributes:
        stages: in which stage the runs were that were killed.
        in_flight: how many of them had a write without an answer.
        users: who edits.
    """

    def __init__(self, folder: Path, seed: int, store: str | None = None) -> None:
        """Nothing runs yet; use it as a context manager. The store is empty, or a new file."""
        self._folder, self._rng = folder, Random(seed)
        self._url = store or f"sqlite:///{folder / 'talk.db'}"
        self._stack = ExitStack()
        self._witness = Witness(folder)
        self.stages: Counter[str] = Counter()
        self.in_flight = 0
        self.finished = 0

    def __enter__(self) -> Self:
        """Start the servers."""
        servers = {
            name: self._stack.enter_context(SimulatorProcess(connector, sizes=_EMPTY))
            for name, connector in CONNECTORS.items()
        }
        self._controls = {name: server.control for name, server in servers.items()}
        self.users = Users(self._controls, self._rng)
        self._write_config(servers)
        return self

    def __exit__(self, *_: object) -> None:
        """End them."""
        self._stack.close()

    def _write_config(self, servers: dict[str, SimulatorProcess]) -> None:
        lines = []
        for name, server in servers.items():
            path = BASE_URLS[CONNECTORS[name]].split(".test", 1)[1]
            settings = {"connector": CONNECTORS[name], "base_url": server.base_url + path,
                        **server.settings}  # fmt: skip
            lines.append(f"[systems.{name}]")
            lines += [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
        lines += ["[store]", f"url = {json.dumps(self._url)}"]
        (self._folder / "talk.toml").write_text("\n".join(lines), encoding="utf-8")

    # --- killing ----------------------------------------------------------------------------------

    def kill_once(self) -> bool:
        """Edit, run, kill; False if the run was through before it could be killed."""
        for _ in range(self._rng.randint(1, 3)):
            self.users.act()
        self._slow_down()
        process = self._start()
        try:
            self._wait(process, self._moment())
            if self._rng.random() < 0.3:
                self.users.act()
            over = process.poll() is not None
        finally:
            _kill(process)
        if over:
            self.finished += 1
            return False
        stage = self._witness.stage()
        self.stages[stage] += 1
        self.in_flight += stage == "apply" and bool(self._unanswered())
        return True

    def _moment(self) -> str:
        """Any; while few had a write in flight, one in which some can have."""
        drawn = self._rng.choice(_MOMENTS)
        return "apply" if self.in_flight * 3 < self.stages.total() else drawn

    def _start(self, *words: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "talk_sdk", *(words or ("sync", "--yes")), "--json"],
            cwd=self._folder, env=self._witness.environ(), start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def _wait(self, process: subprocess.Popen[bytes], moment: str) -> None:
        """Wait until the run has come to a stage, and for a while that nobody knows."""
        until = time.monotonic() + _LONGEST
        stages = list(dict.fromkeys(STAGES.values()))
        while process.poll() is None and time.monotonic() < until:
            stage = self._witness.stage()
            if stages.index(stage) >= stages.index(moment):
                break
            time.sleep(0.002)
        time.sleep(self._rng.uniform(0.0, 0.4 if moment in {"start", "apply"} else 0.02))

    def _unanswered(self) -> int:
        """How many writes were journaled whose answer is not stored."""
        query = select(func.count()).where(intents.c.state.not_in(("settled", "review")))
        engine = engine_of(self._url, durable=True)
        try:
            with engine.connect() as connection:
                return connection.execute(query).scalar_one()
        except DBAPIError:  # its tables are not there yet
            return 0
        finally:
            engine.dispose()

    def _slow_down(self) -> None:
        for control in self._controls.values():
            control.faults(_SLOW)

    # --- finishing --------------------------------------------------------------------------------

    def finish(self) -> tuple[int, dict[str, Any]]:
        """Run until nothing is written: how many runs wrote, and the report of the last."""
        for control in self._controls.values():
            control.faults([])
        for runs in range(10):
            report = self._through()
            if not report["written"]:
                return runs, report
        raise AssertionError(f"it still writes: {report['written']}")

    def conflicts(self) -> Any:
        """The list of conflicts, settled ones too."""
        return self._through("conflicts")

    def _through(self, *words: str) -> Any:
        """What a command says that nobody kills."""
        process = self._start(*words)
        out, err = process.communicate(timeout=_LONGEST)
        if process.returncode not in {0, 1} or b"Traceback" in err:
            raise AssertionError(f"a run ended with {process.returncode}: {err.decode()}")
        return json.loads(out)


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.kill(process.pid, signal.SIGKILL)
    process.communicate()
