"""F21: the same job twice.

A workspace is run once at a time, and who comes second is told who is at work. A run that has lost
its workspace to another one (it slept, its lock is gone) is stopped before its next write goes out,
also when the intent is journaled already.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from talk_sdk._store import schema
from talk_sdk.errors import SafetyError, StoreError


def person(bench: Any, name: str) -> None:
    bench.control("shop").create("customers", {"name": name})


def taken_over(bench: Any) -> None:
    """Another run has the workspace now; ours knows nothing of it."""
    with bench.runner()._store() as store, store.write() as connection:
        connection.execute(schema.lease.update().values(epoch=schema.lease.c.epoch + 1))


def sync(bench: Any, step: Callable[[str], None]) -> None:
    bench.clock.advance(90)
    with bench.runner(step=step) as runner:
        runner.sync(approve=True)


def test_a_second_run_is_refused_and_told_who_is_at_work(pair: Any) -> None:
    person(pair, "Ola")
    refused: list[str] = []

    def second(name: str) -> None:
        if name == "plan" and not refused:
            with pytest.raises(StoreError, match="Another run holds this workspace") as error:
                pair.sync()
            refused.append(error.value.message)

    sync(pair, second)
    assert "talk sync on" in refused[0]
    assert pair.counts() == {"shop": 1, "erp": 1}


@pytest.mark.parametrize("step", ["page", "match", "merge", "plan", "journaled", "answered"])
def test_a_run_that_has_lost_its_workspace_writes_nothing_more(pair: Any, step: str) -> None:
    for number in range(12):
        person(pair, f"Kunde {number}")
    lost: list[int] = []

    def asleep(name: str) -> None:
        if name == step and not lost:
            lost.append(pair.made("erp"))
            taken_over(pair)

    with pytest.raises(SafetyError, match="Another run has taken over"):
        sync(pair, asleep)
    under_way = 4 if step == "answered" else 0
    assert pair.made("erp") <= lost[0] + under_way
    pair.quiet()
    assert pair.counts() == {"shop": 12, "erp": 12}
    assert pair.status().open == {}
