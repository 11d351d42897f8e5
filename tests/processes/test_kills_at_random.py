"""`talk sync` killed at random moments, over real servers: `nox -s kills` does more of it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

import pytest

from talk_sdk.testing.kills.users import CONNECTORS, LISTED, Users
from talk_sdk.testing.neutral import World
from talk_sdk.testing.workbench import Workbench


@pytest.mark.parametrize(("kind", "seed"), [("sqlite_file", 3), ("postgres_database", 4)])
def test_runs_that_are_killed_leave_no_duplicate_and_no_lost_edit(
    request: pytest.FixtureRequest, kind: str, seed: int
) -> None:
    store = request.getfixturevalue(kind).url
    call = [sys.executable, "-m", "talk_sdk.testing.kills", "--kills", "12", "--seed", str(seed),
            "--store", store]  # fmt: skip
    done = subprocess.run(call, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    last = done.stdout.splitlines()[-1]
    assert re.fullmatch(
        r"\d+ kills, \d+ with a write in flight: 0 duplicates, 0 lost edits, 0 disagreements,"
        r" \d+ waiting for a person",
        last,
    )


@pytest.fixture
def worked(tmp_path: Path) -> tuple[Users, Workbench]:
    """Users who have made and edited something, and systems that have come to agree on it."""
    bench = Workbench(tmp_path, World((), (), ()), CONNECTORS)
    users = Users({name: bench.control(name) for name in CONNECTORS}, Random(5))
    for _ in range(12):
        users.act()
        bench.clock.advance(90)
        with bench.runner() as runner:
            runner.sync(approve=True)
    with bench.runner() as runner:
        bench.clock.advance(90)
        runner.sync(approve=True)
    assert list(users.judge([])) == []
    return users, bench


def customer(bench: Workbench, system: str) -> dict[str, Any]:
    return bench.control(system).dump("customers")[0]


def test_the_judge_sees_a_duplicate(worked: tuple[Users, Workbench]) -> None:
    users, bench = worked
    bench.control("erp").create(
        "customers", {"name": "Copy", "remark": customer(bench, "erp")["remark"]}
    )
    assert [kind for kind, _ in users.judge([])].count("duplicate") == 1


def test_the_judge_sees_what_is_missing(worked: tuple[Users, Workbench]) -> None:
    users, bench = worked
    bench.control("shop").delete("customers", customer(bench, "shop")["id"])
    assert "disagreement" in [kind for kind, _ in users.judge([])]


def test_the_judge_tells_a_lost_edit_from_one_that_is_listed(
    worked: tuple[Users, Workbench],
) -> None:
    users, bench = worked
    users.remember(customer(bench, "shop")["note"], "name", "shop", "Typed")
    assert [kind for kind, _ in users.judge([])] == ["lost edit"]
    conflict = {"property": "name", "values": {"shop": "Typed", "sent": "Other"}}
    assert [kind for kind, _ in users.judge([conflict])] == [LISTED]
