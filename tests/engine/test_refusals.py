"""What a system refuses keeps nothing else of a record from reaching it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talk_sdk._engine.refusals import acceptable, basis, joined, lifted
from talk_sdk._engine.steps import Step
from talk_sdk.errors import ConfigError
from talk_sdk.testing.faults import Fault

NAMES = st.sets(st.sampled_from("abcdefgh"), min_size=1)


def step(changes: dict[str, int]) -> Step:
    rows = [(name, None, value) for name, value in changes.items()]
    return Step("erp", "Customer", "update", "1", "shop.Customer:1", 1, "7", rows, "edited")


@given(changed=NAMES, bad=st.sets(st.sampled_from("abcdefgh")), later=NAMES)
def test_all_that_a_system_takes_gets_there_and_then_it_is_left_in_peace(
    changed: set[str], bad: set[str], later: set[str]
) -> None:
    refused, requests = "", 0
    for version, names in enumerate((changed, later)):
        wanted = dict.fromkeys(sorted(names), version)
        before = requests
        while (left := acceptable(step(wanted), refused) if refused else step(wanted)) and wanted:
            requests += 1
            said = [name for name, *_ in left.changes]
            if bad & {*said}:
                refused = joined(refused, basis(left))
            else:
                refused = lifted(refused, said) if refused else ""
                wanted = {name: value for name, value in wanted.items() if name not in said}
            assert requests < 100
        assert wanted.keys() == names & bad
        assert requests - before <= 4 * len(names)


@given(changed=NAMES)
def test_another_value_of_what_was_refused_is_tried(changed: set[str]) -> None:
    known = basis(step(dict.fromkeys(changed, 1)))
    other = step(dict.fromkeys(changed, 2))
    assert acceptable(other, known) is other


@pytest.fixture
def refused(make: Any) -> Any:
    """An ERP that cannot name the country of a customer, so that it refuses the record."""
    bench = make()
    person = {"name": "Ola", "email": "ola@example.no", "note": "x" * 3000}
    bench.control("shop").create("customers", person)
    bench.faults["erp"].plan([Fault(kind="server_error", status=422, method="POST")])
    bench.sync()
    bench.faults["erp"].plan([])
    return bench


def inbox(bench: Any, act: Callable[[Any], Any]) -> Any:
    with bench.runner() as runner:
        return act(runner.inbox)


def test_what_was_refused_is_tried_again_only_when_a_person_says_so(refused: Any) -> None:
    (found,) = inbox(refused, lambda box: box.failed())
    assert (found.name.partition(":")[0], found.direction) == ("erp.Customer", "write")
    assert (found.times, found.raw) == (1, None)
    refused.sync()
    assert refused.control("erp").dump("customers") == []
    assert inbox(refused, lambda box: box.retry([found.name])) == 1
    refused.sync()
    assert len(refused.control("erp").dump("customers")) == 1
    assert inbox(refused, lambda box: box.failed()) == []


def test_what_is_discarded_is_not_listed_until_it_fails_otherwise(refused: Any) -> None:
    (found,) = inbox(refused, lambda box: box.failed())
    inbox(refused, lambda box: box.discard([found.name]))
    refused.sync()
    assert refused.open() == {}
    assert refused.control("erp").dump("customers") == []
    (here,) = refused.control("shop").dump("customers")
    refused.control("shop").edit("customers", here["id"], {"name": "Kari"})
    refused.faults["erp"].plan([Fault(kind="server_error", status=422, method="POST")])
    refused.sync()
    assert refused.open() == {"dead letters": 1}


def test_what_was_refused_is_tried_again_when_a_rule_changes(refused: Any) -> None:
    refused.source["mapping"] = {"erp.Customer": {"remark": False}}
    refused.sync()
    assert len(refused.control("erp").dump("customers")) == 1
    assert inbox(refused, lambda box: box.failed()) == []


def test_a_record_that_cannot_be_read_is_shown_as_it_came_and_read_again(bench: Any) -> None:
    shop = bench.control("shop")
    ident = shop.create("customers", {"name": "Ola", "currency": "kroner"})
    bench.sync()
    (found,) = inbox(bench, lambda box: box.failed())
    assert (found.name, found.direction) == (f"shop.Customer:{ident}", "read")
    assert found.raw["currency"] == "kroner"
    bench.clock.advance(3600)
    inbox(bench, lambda box: box.retry([found.name]))
    bench.sync()
    (again,) = inbox(bench, lambda box: box.failed())
    assert (again.times, again.first, again.last > found.last) == (2, found.first, True)
    with pytest.raises(ConfigError, match="has not failed"):
        inbox(bench, lambda box: box.retry(["erp.Customer:999"]))


def test_what_was_refused_is_forgotten_once_somebody_has_made_the_same_there(make: Any) -> None:
    bench = make()
    person = {"name": "Ola", "email": "ola@example.no"}
    own = {"account_number": "10001", "is_company": True}
    bench.control("shop").create("customers", person | own)
    bench.faults["erp"].plan([Fault(kind="server_error", status=422, method="POST")])
    bench.sync()
    bench.faults["erp"].plan([])
    assert bench.open() == {"dead letters": 1}
    (here,) = bench.control("shop").dump("customers")
    bench.control("erp").create("customers", person)  # which the ERP gives the number 10001
    bench.sync()
    assert bench.open() == {}
    assert bench.control("shop").dump("customers") == [here]
