"""F1: a duplicate after a crash or a time-out on create.

The request to create has gone out and nobody knows what became of it. Whatever step we die at, and
whatever happens to the answer, a record is created at most once per system: it is found again by
its marker, by the key of the request, or by a match key; where a system has nothing of the kind, a
person is asked, and there is never a blind second POST.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


def keyless(bench: Any) -> None:
    """A customer in each system, who has nothing that the other could know him by."""
    bench.control("shop").create("customers", {"name": "Fra butikken"})
    bench.control("erp").create("customers", {"name": "Fra regnskapet"})


@pytest.mark.parametrize(
    "step", ["page stored", "match", "plan", "journaled", "answered", "answer stored"]
)
def test_whatever_step_a_run_dies_at_each_record_is_created_once(pair: Any, step: str) -> None:
    keyless(pair)
    assert pair.killed(step)
    pair.killed(step)
    pair.quiet()
    assert pair.counts() == {"shop": 2, "erp": 2}
    assert pair.status().open == {}


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "timeout"])
def test_whatever_becomes_of_the_answer_each_record_is_created_once(pair: Any, kind: str) -> None:
    keyless(pair)
    for system in ("shop", "erp"):
        pair.fault(system, kind, method="POST", path="customers", times=1)
    pair.sync()
    pair.well()
    pair.quiet()
    assert pair.counts() == {"shop": 2, "erp": 2}
    assert pair.status().open == {}


def test_the_record_is_found_by_its_key_where_a_system_keeps_no_mark_of_ours(
    make: Callable[..., Any],
) -> None:
    bench = make("shop", "erp", settings={"erp": {"marker": False}})
    bench.faults["erp"].switch("marker", False)
    bench.control("shop").create("customers", {"name": "Ola", "email": "ola@example.no"})
    bench.fault("erp", "drop_after", method="POST", path="customers", times=1)
    bench.killed("answered")
    bench.well()
    bench.quiet()
    assert bench.counts() == {"shop": 1, "erp": 1}
    assert bench.status().open == {}


def test_where_nothing_proves_it_a_person_is_asked_and_nothing_is_sent_again(
    make: Callable[..., Any],
) -> None:
    bench = make("shop", "erp", settings={"erp": {"marker": False}})
    bench.faults["erp"].switch("marker", False)
    bench.control("shop").create("customers", {"name": "Nøkkelløs"})
    bench.fault("erp", "drop_after", method="POST", path="customers", times=1)
    bench.sync()
    bench.well()
    for _ in range(3):
        bench.sync()
    assert bench.control("erp").counters()["requests"]["POST"] == {"customers": 1}
    assert bench.counts() == {"shop": 1, "erp": 1}
    assert bench.status().open["reviews"] == 1


def test_a_mark_that_a_system_was_never_seen_to_keep_proves_no_absence(pair: Any) -> None:
    """It takes our mark and empties the field: that nothing has the mark says nothing."""
    pair.control("shop").create("customers", {"name": "Nøkkelløs"})
    pair.fault("erp", "drop_after", method="POST", path="customers", times=1)
    pair.sync()
    pair.well()
    made = str(pair.row("erp")["customerId"])
    pair.control("erp").edit("customers", made, {"externalReference": None})
    for _ in range(3):
        pair.sync()
    assert pair.counts() == {"shop": 1, "erp": 1}
    assert pair.status().open["reviews"] == 1
