"""What a system refuses keeps nothing else of a record from reaching it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from talk_sdk._engine.refusals import acceptable, basis, joined, lifted
from talk_sdk._engine.steps import Step

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
