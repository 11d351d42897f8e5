"""One run at a time: the second is refused by name, and a killed one holds nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from talk_sdk._store import Store, schema
from talk_sdk.errors import SafetyError, StoreError

HOLDER = """
import sys, time
from talk_sdk._store import Store
store = Store(sys.argv[1], workspace="w")
with store.locked("talk sync"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def url(database: Any) -> str:
    return str(database.url)


@pytest.fixture
def holder(url: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that owns the workspace until its input is closed."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, url],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process


def test_a_second_run_is_refused_at_once_and_told_who_holds_it(
    url: str, holder: subprocess.Popen[str]
) -> None:
    store = Store(url, workspace="w")

    with pytest.raises(StoreError) as refused, store.locked("talk sync"):
        pass
    assert f"talk sync on {os.uname().nodename}, process {holder.pid}" in refused.value.message
    store.close()


def test_a_workspace_can_be_looked_at_while_a_run_holds_it(
    url: str, holder: subprocess.Popen[str]
) -> None:
    store = Store(url, workspace="w")
    with store.write():
        pass
    store.close()


def test_the_workspace_is_free_as_soon_as_its_owner_is_killed(
    url: str, holder: subprocess.Popen[str]
) -> None:
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()

    store = Store(url, workspace="w")
    with store.locked("talk plan"):
        store.check_lease()
    store.close()


def test_a_run_that_ends_frees_the_workspace(url: str, holder: subprocess.Popen[str]) -> None:
    holder.communicate("")

    store = Store(url, workspace="w")
    with store.locked("talk plan"):
        pass
    with store.locked("talk sync"):
        pass
    store.close()


def test_a_run_that_was_taken_over_writes_nothing_more(url: str, database: Any) -> None:
    """Whatever let the second one in: a lock file removed by hand, a session that was ended."""
    first, second = Store(url, workspace="w"), Store(url, workspace="w")
    with first.locked("talk sync"):
        database.break_lock()
        with second.locked("talk sync"):
            for _ in range(2):
                with pytest.raises((SafetyError, StoreError)) as stopped, first.write() as writing:
                    writing.execute(schema.lease.update().values(rules="of the first"))
                assert "\n" not in stopped.value.message
            second.check_lease()
    assert second.rows(select(schema.lease.c.rules)) == [("",)]
    first.close()
    second.close()


def test_a_run_of_an_earlier_epoch_is_told_that_it_was_taken_over(url: str, database: Any) -> None:
    store = Store(url, workspace="w")
    with store.locked("talk sync"):
        store.check_lease()
        database.run("UPDATE lease SET epoch = epoch + 1")
        with pytest.raises(SafetyError, match="Another run has taken over"):
            store.check_lease()
    store.close()
