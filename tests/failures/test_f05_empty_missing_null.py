"""F5: empty, missing and null mixed up.

A property is set, cleared, or not said. What an answer does not say clears nothing anywhere; what
it says to be empty is cleared everywhere; and a value that was not said for a while is the same
value when it is said again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture
def bench(pair: Any) -> Any:
    """A customer with a telephone number that both systems have."""
    pair.control("shop").create(
        "customers", {"name": "Ola", "email": "ola@example.no", "phone": "+4722334455"}
    )
    pair.quiet()
    return pair


def without(name: str) -> Callable[[str, Any], Any]:
    """Answers in which a field is missing, wherever it stands."""

    def change(_path: str, body: Any) -> Any:
        if isinstance(body, dict):
            return {key: change("", value) for key, value in body.items() if key != name}
        return [change("", each) for each in body] if isinstance(body, list) else body

    return change


@pytest.mark.parametrize(("system", "other"), [("shop", "erp"), ("erp", "shop")])
def test_an_answer_that_does_not_say_a_field_clears_it_nowhere(
    bench: Any, between: Callable[..., None], system: str, other: str
) -> None:
    phone = bench.row(other)["phone"]
    twin = bench.twins[system]
    between(bench, system, change=without("phone"))
    (row,) = bench.rows(system)
    bench.control(system).edit("customers", str(next(iter(row.values()))), {"name": "Ola N"})
    bench.quiet()
    assert (bench.row(other)["name"], bench.row(other)["phone"]) == ("Ola N", phone)
    bench.twins[system] = twin
    assert bench.quiet() == 0
    assert bench.row(other)["phone"] == phone
    assert not bench.status().conflicts


@pytest.mark.parametrize(
    ("system", "other", "empty"),
    [("shop", "erp", None), ("shop", "erp", "  "), ("erp", "shop", None), ("erp", "shop", "")],
)
def test_what_is_said_to_be_empty_is_cleared_everywhere(
    bench: Any, system: str, other: str, empty: str | None
) -> None:
    (row,) = bench.rows(system)
    bench.control(system).edit("customers", str(next(iter(row.values()))), {"phone": empty})
    bench.quiet()
    assert bench.row(other)["phone"] in {None, ""}


def test_at_first_linking_a_value_beats_none(pair: Any) -> None:
    """That one of two systems has never had a value is no edit."""
    record = {"name": "Ola", "email": "ola@example.no"}
    pair.control("shop").create("customers", {**record, "phone": "+4722334455", "mobile": None})
    pair.clock.advance(600)
    pair.control("erp").create(
        "customers", {**record, "phone": None, "mobile": "90000000", "customerType": "P"}
    )
    pair.quiet()
    assert (pair.row("shop")["phone"], pair.row("shop")["mobile"]) == (
        "+4722334455", "+4790000000",
    )  # fmt: skip
    assert pair.row("erp")["phone"] is not None
    assert pair.row("erp")["mobile"] is not None
    assert not pair.status().conflicts


def test_a_value_that_was_cleared_is_not_filled_in_again_in_silence(
    make: Callable[..., Any],
) -> None:
    """Somebody has cleared it: a system that is linked later and has one is in conflict."""
    bench = make("shop", "erp", "outlet")
    record = {"name": "Ola", "email": "ola@example.no"}
    bench.source["systems"]["outlet"]["entities"] = {"Customer": {"create": False}}
    ident = bench.control("shop").create("customers", {**record, "note": "gammelt"})
    bench.quiet()
    bench.clock.advance(600)
    bench.control("shop").edit("customers", ident, {"note": None})
    bench.quiet()
    bench.control("outlet").create("customers", {**record, "note": "fra utsalget"})
    bench.quiet()
    assert [conflict.reason.partition(":")[0] for conflict in bench.status().conflicts] == ["notes"]
