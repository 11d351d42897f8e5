"""What happens to the store in mid-run: taken over, restarted, full, locked by somebody else."""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

STOPPED = 3
MANY = 12


@pytest.fixture
def make(install: Callable[..., Any]) -> Callable[[str], Any]:
    """A shop with customers that the ERP lacks, one request in flight per system."""

    def build(store: str) -> Any:
        found = install("shop", "erp", store=store)
        found.workers = 1
        for number in range(MANY):
            person = {"name": f"Kunde {number}", "email": f"k{number}@example.no"}
            found.control("shop").create("customers", person)
        return found

    return build


def stop_in_mid_run(workspace: Any, after: int) -> subprocess.Popen[str]:
    """A run that waits for the answer to one of its writes, which the ERP has carried out."""
    control = workspace.control("erp")
    control.reset_counters()
    control.faults(
        [{"kind": "latency", "method": "POST", "path": "customers", "nth": after,
          "seconds": 3}]
    )  # fmt: skip
    process: subprocess.Popen[str] = workspace.talk("sync", "--yes")
    workspace.wait_for(lambda: workspace.effects("erp") >= after)
    assert process.poll() is None, process.communicate()
    return process


def sentence(process: subprocess.Popen[str]) -> str:
    """What a run that could not go on said."""
    out, err = process.communicate(timeout=120)
    assert process.returncode == STOPPED, (out, err)
    (line,) = [line for line in err.splitlines() if line.startswith("error: ")]
    assert "Traceback" not in err
    return line


def agreed(workspace: Any) -> None:
    """Nobody is there twice, nobody is missing, an edit of the meantime is everywhere."""
    shop, erp = workspace.control("shop"), workspace.control("erp")
    first = next(c for c in shop.dump("customers") if c["name"] == "Kunde 0")
    shop.edit("customers", first["id"], {"note": "ring først"})
    workspace.settle()
    for control in (shop, erp):
        names = sorted(c["name"] for c in control.dump("customers"))
        assert names == sorted(f"Kunde {number}" for number in range(MANY))
    assert [c["remark"] for c in erp.dump("customers") if c["name"] == "Kunde 0"] == ["ring først"]
    status = workspace.status()
    assert (status["reviews"], status["parked"], status["dead_letters"]) == ([], [], [])


def test_a_paused_run_that_was_taken_over_finishes_one_request_and_stores_nothing(
    make: Callable[[str], Any], database: Any
) -> None:
    workspace = make(database.url)
    paused = stop_in_mid_run(workspace, 3)
    os.kill(paused.pid, signal.SIGSTOP)
    try:
        database.break_lock()
        workspace.control("erp").faults([])
        workspace.settle()
        before, written = database.dump(), workspace.effects("erp")
    finally:
        os.kill(paused.pid, signal.SIGCONT)

    said = sentence(paused)
    assert "taken over" in said or "terminating connection" in said
    assert workspace.effects("erp") == written
    assert database.dump() == before
    agreed(workspace)


def test_a_server_that_is_restarted_in_mid_run_ends_the_run_and_nothing_is_made_twice(
    make: Callable[[str], Any], postgres_database: Any
) -> None:
    workspace, server = make(postgres_database.url), postgres_database.server
    cut_short = stop_in_mid_run(workspace, 3)
    server.crash()
    try:
        said = sentence(cut_short)
        assert "run again when the server can be reached" in said
        refused = sentence(workspace.talk("sync", "--yes"))
        assert "Connection refused" in refused
    finally:
        server.start()
    assert workspace.effects("erp") == 3
    agreed(workspace)


def test_a_disk_that_is_full_ends_the_run_and_nothing_is_made_twice(
    make: Callable[[str], Any], sqlite_file: Any
) -> None:
    """No file of the process may grow: as on a full disk, where this needs no root."""
    workspace = make(sqlite_file.url)
    cut_short = stop_in_mid_run(workspace, 3)
    size = Path(f"{sqlite_file.path}-wal").stat().st_size
    resource.prlimit(cut_short.pid, resource.RLIMIT_FSIZE, (size, size))

    said = sentence(cut_short)
    assert str(sqlite_file.path) in said
    assert f"the disk of {sqlite_file.path.parent} is full or fails" in said
    agreed(workspace)


def test_a_store_that_another_program_has_locked_ends_the_run_and_nothing_is_made_twice(
    make: Callable[[str], Any], sqlite_file: Any
) -> None:
    workspace = make(sqlite_file.url)
    cut_short = stop_in_mid_run(workspace, 3)
    with closing(sqlite3.connect(sqlite_file.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        said = sentence(cut_short)
    assert "another program has talk.db locked: end it, then run again" in said
    assert str(sqlite_file.path) in said
    agreed(workspace)
