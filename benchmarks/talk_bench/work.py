"""The engine at work, in a process of its own: `python -P -m talk_bench.work VERB JSON`.

Prints one line of JSON: the seconds of the work without the imports, and what was done.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from talk_sdk.events import Event

__all__ = ["main", "plan", "read", "sync"]

Facts = dict[str, Any]


def read(*, url: str) -> Facts:
    """Read all customers of a system with the connector, each checked against its model."""
    from talk_bench import connector
    from talk_bench.connector.models import Customer
    from talk_bench.connector.settings import BenchSettings
    from talk_sdk.clock import SystemClock
    from talk_sdk.http import Http

    began = time.perf_counter()
    http = Http("a", clock=SystemClock(), rng=Random(0))  # noqa: S311 - jitter
    session = connector.talk_open(BenchSettings(base_url=url), http)
    count = 0
    for page in connector.talk_read(session, Customer.__name__, None):
        for raw in page.records:
            Customer.model_validate(raw)
            count += 1
    http.close()
    return {"work_s": time.perf_counter() - began, "count": count}


def sync(*, config: str) -> Facts:
    """One run that writes what it has to."""
    from talk_sdk import Runner

    marks: dict[str, float] = {}
    began = time.perf_counter()

    def watch(event: Event) -> None:
        marks[event.kind] = time.perf_counter() - began

    with Runner.from_config(config, on_event=watch) as runner:
        gc.freeze()  # as `talk` does: what is loaded by now stays
        report = runner.sync(approve=True)
    took = time.perf_counter() - began
    if report.problems:
        raise RuntimeError("; ".join(report.problems))
    return {
        "work_s": took,
        "collected_s": marks["collected"],
        "read": {".".join(place): count for place, count in report.read.items()},
        "written": {".".join(kind): count for kind, count in report.written.items()},
        "open": dict(report.open),
    }


def plan(*, config: str) -> Facts:
    """One run that only shows what it would write."""
    from talk_sdk import Runner

    began = time.perf_counter()
    with Runner.from_config(config) as runner:
        gc.freeze()
        planned = sum(1 for _ in runner.plan())
    return {"work_s": time.perf_counter() - began, "planned": planned}


def main() -> None:
    """Do one piece of work."""
    verbs: dict[str, Callable[..., Facts]] = {"read": read, "sync": sync, "plan": plan}
    print(json.dumps(verbs[sys.argv[1]](**json.loads(sys.argv[2]))))  # noqa: T201 - for the parent


if __name__ == "__main__":
    main()
