"""Reading: typed, and with change detection and state."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

from talk_bench.budgets import Row
from talk_bench.children import Sample, python
from talk_bench.records import CUSTOMER, PAGE, customer
from talk_bench.rounds import race
from talk_bench.serving import Server
from talk_bench.sizes import Bench
from talk_bench.workspace import Workspace

__all__ = ["ceiling", "reading"]

MICRO = 1e6
REQUESTS = 2000


def ceiling(bench: Bench) -> Iterator[Row]:
    """How fast the page server is itself: what is measured has to stay well below."""
    with Server({"a": {CUSTOMER: (0, PAGE * 2)}, "b": {}}) as server:
        content = json.dumps(customer(0))
        found = race("server", {
            "pages": lambda: python("floors", "drain", bench.folder, count=REQUESTS,
                                    url=f"{server.url}/a/{CUSTOMER}", content=None),
            "creates": lambda: python("floors", "drain", bench.folder, count=REQUESTS,
                                      url=f"{server.url}/b/{CUSTOMER}", content=content),
        }, bench.sizes.rounds)  # fmt: skip
    yield Row("server_read", REQUESTS * PAGE / found["pages"].work_s)
    yield Row("server_create", REQUESTS / found["creates"].work_s)


def reading(bench: Bench) -> Iterator[Row]:
    """One system, read to its end."""
    count, folder = bench.sizes.read, bench.folder
    with Server({"a": {CUSTOMER: (0, count)}}) as server:
        url = f"{server.url}/a"
        content = server.digest("a")

        def floor_state() -> Sample:
            store = folder / "floor.db"
            store.unlink(missing_ok=True)
            return _all(python("floors", "state", folder, urls=[url], store=str(store)), count)

        def first() -> Sample:
            sample = Workspace(folder / "first", server.url, ["a"]).sync()
            return replace(sample, work_s=sample.facts["collected_s"])

        def floor(*, typed: bool) -> Sample:
            return _all(python("floors", "read", folder, url=url, typed=typed), count)

        found = race(f"read {count:,}", {
            "floor, httpx + orjson": lambda: floor(typed=False),
            "floor, with pydantic": lambda: floor(typed=True),
            "floor, with state": floor_state,
            "floor, sqlite3 alone": lambda: _upsert(bench, count),
            "talk-sdk, typed": lambda: _all(python("work", "read", folder, url=url), count),
            "talk-sdk, till all is stored": first,
        }, bench.sizes.rounds)  # fmt: skip
        if server.digest("a") != content:
            raise RuntimeError("Reading has changed what was read.")
    typed, bare = found["talk-sdk, typed"], found["floor, with pydantic"]
    yield Row("read_typed", typed.work_s / bare.work_s, measured={
        "talk_us": typed.work_s / count * MICRO, "floor_us": bare.work_s / count * MICRO,
        "floor_untyped_us": found["floor, httpx + orjson"].work_s / count * MICRO,
        "records": count, "rounds": typed.rounds,
    })  # fmt: skip
    run, state = found["talk-sdk, till all is stored"], found["floor, with state"]
    yield Row("read_first", run.work_s / state.work_s, measured={
        "talk_us": run.work_s / count * MICRO, "floor_us": state.work_s / count * MICRO,
        "floor_sqlite3_us": found["floor, sqlite3 alone"].work_s / count * MICRO,
        "whole_process_us": run.wall_s / count * MICRO, "records": count, "rounds": run.rounds,
    })  # fmt: skip


def _upsert(bench: Bench, count: int) -> Sample:
    store = bench.folder / "floor.db"
    store.unlink(missing_ok=True)
    return python("floors", "upsert", bench.folder, count=count, store=str(store))


def _all(sample: Sample, count: int) -> Sample:
    if sample.facts["count"] != count:
        raise RuntimeError(f"{sample.facts['count']} records were read, not {count}.")
    return sample
