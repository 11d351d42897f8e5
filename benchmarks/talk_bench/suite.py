"""The measurements, in their order, and which rows each gives."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Collection, Iterator, Mapping
from collections.abc import Set as AbstractSet

from talk_bench.budgets import BUDGETS, Row, missing
from talk_bench.cards import two_way_peer
from talk_bench.linked import linked
from talk_bench.meeting import matching, ordering, two_way
from talk_bench.peers import piping, reading_peers
from talk_bench.reading import ceiling, reading
from talk_bench.rounds import say
from talk_bench.sizes import Bench
from talk_bench.starting import starting
from talk_bench.writing import writing

__all__ = ["MEASUREMENTS", "measure"]

Measurement = Callable[[Bench], Iterator[Row]]

MEASUREMENTS: Mapping[Measurement, tuple[str, ...]] = {
    ceiling: ("server_read", "server_create"),
    starting: ("start_help", "start_imports"),
    reading: ("read_typed", "read_first"),
    writing: ("creates", "creates_50ms"),
    two_way: ("two_way_first", "two_way_idle", "three_systems"),
    matching: ("match",),
    ordering: ("order_lines",),
    reading_peers: ("peer_read_dlt", "peer_read_singer", "peer_read_airbyte"),
    piping: ("peer_pipe_dlt", "peer_pipe_singer"),
    two_way_peer: ("peer_first_vdirsyncer", "peer_idle_vdirsyncer", "peer_changes_vdirsyncer"),
    linked: (
        "rescan",
        "rescan_growth",
        "incremental",
        "incremental_growth",
        "incremental_writes",
        "memory",
        "memory_mb",
        "memory_growth",
        "store_bytes",
        "start_status",
    ),
}
"""Each with the rows that it gives: rows of one measurement are measured together."""


def measure(bench: Bench, only: AbstractSet[str]) -> dict[str, Row]:
    """Every row of the table, in its order; those that nobody asked for say so.

    A measurement that fails gives rows with its reason, and the others go on.
    """
    rows = {name: missing(name, "not asked for") for name in BUDGETS}
    for measurement, names in MEASUREMENTS.items():
        if not only.isdisjoint(names):
            rows |= _measured(bench, measurement, names)
    return rows


def _measured(bench: Bench, measurement: Measurement, names: Collection[str]) -> dict[str, Row]:
    rows: dict[str, Row] = {}
    bench.folder.mkdir(parents=True, exist_ok=True)
    try:
        for row in measurement(bench):
            rows[row.name] = row
            say(f"  {row.name}: {row.value if row.value is not None else row.reason}")
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        say(f"  {measurement.__name__} failed: {error}")
        failed = {name: missing(name, f"failed: {error}") for name in names if name not in rows}
        rows |= failed
    finally:
        shutil.rmtree(bench.folder, ignore_errors=True)
    return rows
