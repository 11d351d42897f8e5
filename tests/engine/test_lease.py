"""A run asks before each send whether the workspace is still its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from talk_sdk.errors import SafetyError


def test_what_was_journaled_is_not_sent_after_another_run_has_taken_over(
    make: Callable[..., Any], database: Any
) -> None:
    bench = make(config={"sync": {"workers": 1}})
    for number in range(6):
        bench.control("shop").create("customers", {"name": f"Kunde {number}"})

    def take_over(step: str) -> None:
        if step == "answered":
            database.run("UPDATE lease SET epoch = epoch + 1")

    with pytest.raises(SafetyError, match="Another run has taken over"):
        bench.sync(step=take_over)
    assert bench.writes() == {"shop": 0, "erp": 1}

    bench.settle()
    names = sorted(customer["name"] for customer in bench.control("erp").dump("customers"))
    assert names == [f"Kunde {number}" for number in range(6)]
    assert bench.open() == {}
