"""The page server as a process of its own, while a `with` block lasts."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self
from urllib.request import Request, urlopen

from talk_bench.records import CUSTOMER

__all__ = ["Seeds", "Server"]

Seeds = Mapping[str, Mapping[str, tuple[int, int]]]
"""System → entity → first number and the one after the last."""
LONG_S = 600.0


class Server:
    """The server of these systems.

    Attributes:
        url: its address; a system's `base_url` is this and the system's name.
    """

    def __init__(self, seeds: Seeds) -> None:
        """Keep what it is to hold."""
        self._seeds = seeds
        self.url = ""

    def __enter__(self) -> Self:
        """Start it; returns when it answers."""
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-P", "-m", "talk_bench.server", json.dumps(self._seeds)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise RuntimeError("The page server did not start, see above.")
        self.url = f"http://127.0.0.1:{json.loads(line)['port']}"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def digest(self, system: str, entity: str = CUSTOMER) -> tuple[int, str]:
        """How many records a system has, and the hash of their content."""
        count, content = self._control("digest", system=system, entity=entity)
        return count, content

    def clear(self, system: str, entity: str = CUSTOMER) -> None:
        """Take a system's records away."""
        self._control("clear", system=system, entity=entity)

    def change(self, system: str, changes: Mapping[str, Any], entity: str = CUSTOMER) -> None:
        """Edit records as people do: id → fields."""
        self._control("change", system=system, entity=entity, changes=changes)

    def get(self, system: str, entity: str, ident: str) -> dict[str, Any]:
        """One record, as the API has it."""
        with urlopen(f"{self.url}/{system}/{entity}/{ident}", timeout=LONG_S) as answer:  # noqa: S310
            found: dict[str, Any] = json.load(answer)
        return found

    def delay(self, seconds: float) -> None:
        """Let every write wait so long."""
        self._control("delay", seconds=seconds)

    def _control(self, verb: str, **said: Any) -> Any:
        request = Request(  # noqa: S310 - our own server
            f"{self.url}/control/{verb}", json.dumps(said).encode(), method="POST"
        )
        with urlopen(request, timeout=LONG_S) as answer:  # noqa: S310
            return json.load(answer)
