"""One run at a time: the second is refused by name, and a killed one holds nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from talk_sdk._store import Store
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
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'talk.db'}"


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


def test_a_run_that_was_taken_over_writes_nothing_more(url: str) -> None:
    """A lock file that is removed by hand lets a second run in; the first one notices."""
    first, second = Store(url, workspace="w"), Store(url, workspace="w")
    with first.locked("talk sync"):
        Path(url.removeprefix("sqlite:///") + ".lock").unlink()
        with second.locked("talk sync"):
            with pytest.raises(SafetyError, match="taken over"):
                first.check_lease()
            second.check_lease()
    first.close()
    second.close()
