"""Match, merge and plan as pure functions over worlds that were perturbed N ways.

Two to five systems that change what is written to them each in its own way, users who edit between
the rounds, every step assumed done, in any order, until nothing is left to do. Every row of the
decision tables has to be reached by these worlds; the last test counts and prints them.
"""

from __future__ import annotations

from collections import Counter
from copy import copy
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from talk_sdk._engine.match import Candidate, Group, Join, Review, Row, decide
from tests.engine.pure.partitions import REVIEWS, match_all
from tests.engine.pure.worlds import MOST, NAMES, Played, finals, play

MANY = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
WORLDS = st.randoms(use_true_random=False)
"""Chance that shrinks: hypothesis draws each choice."""
ORDERS = st.integers(1, 2**32)

REACHED = (
    *(f"merge: {what}" for what in (
        "counted", "edited", "first value", "newest, by record time",
        "newest, seen unchanged after the other edit", "a tie, by the order in talk.toml",
        "same value, in full", "a system is preferred",
    )),
    *(f"conflict: {what}" for what in (
        "newest, by record time", "newest, seen unchanged after the other edit",
        "a tie, by the order in talk.toml", "a system is preferred", "you are asked",
        "deleted elsewhere and edited here: kept",
    )),
    *(f"step: {kind}" for kind in ("create", "update", "adjust", "archive", "delete")),
    *(f"skip: {what}" for what in (
        "it is off", "deleted in", "it was deleted there and is not made anew",
        "it was deleted elsewhere",
    )),
    *(f"drift: {what}" for what in (
        "the API cannot change it", "the API demands a value", "the API keeps it at",
    )),
    *(f"match: {what}" for what in ("Join", "New", "Wait", "Join by a lower key", *REVIEWS)),
)  # fmt: skip
"""The rows of the decision tables."""


def played(rng: Random, order: int = 0) -> Played:
    """The world that `rng` draws; the same again for a copy of it."""
    return play(copy(rng), shuffle=Random(order))


@MANY
@given(WORLDS)
def test_a_world_comes_to_rest_and_stays_there(rng: Random) -> None:
    """I1: few rounds write after the last edit, then none."""
    world = played(rng)
    assert world.quiet_after <= 3 + MOST


@MANY
@given(WORLDS)
def test_at_rest_every_system_says_the_golden_value_in_its_own_words(rng: Random) -> None:
    """I2: or it is drift, or a person is asked about it, or nothing may be written there."""
    world = played(rng)
    drift = {(d.system, d.property) for each in world.planned for d in each.drift}
    for side in world.sides:
        if side.link is None or side.record is None or side.link.state != "live":
            continue
        for name in NAMES:
            value, there = world.golden.data.get(name), side.link.shadow.get(name)
            held = name in side.link.held or "update" in side.target.off
            if held or (side.name, name) in drift or name not in side.mapping.creatable:
                continue
            wire = side.mapping.put(name, value, world.golden.data)
            change = side.normalise.get(name)
            own = side.mapping.inbound({"number": "A-1", name: change(wire) if change else wire})
            same = side.mapping.says(name, value, there, world.golden.data)
            assert same or there == own.get(name), (side.name, name, value, there)


@MANY
@given(WORLDS)
def test_no_edit_is_lost(rng: Random) -> None:
    """I3: it stands, or a later edit replaced it, or it is in the list with the other value."""
    world = played(rng)
    listed = {(c.property, v) for c in world.conflicts for v in c.values.values()}
    asked = {(side.link.pending.get(n), n) for side in world.sides
             if side.link is not None for n in side.link.held}  # fmt: skip
    for edit in world.edits:
        side = next(each for each in world.sides if each.name == edit.side)
        value = world.golden.data.get(edit.name)
        if value == edit.value or (edit.name, edit.value) in listed:
            continue
        if (edit.value, edit.name) in asked or world.deleted:
            continue
        later = [e for e in world.edits if e.name == edit.name and e.round >= edit.round
                 and e != edit]  # fmt: skip
        assert later or side.mapping.says(edit.name, value, edit.value, world.golden.data), edit


@MANY
@given(WORLDS)
def test_no_value_is_invented(rng: Random) -> None:
    """I4: what the golden record says was typed by somebody, or was there from the start."""
    world = played(rng)
    for name in NAMES:
        if name == "stock":
            continue
        before = {m.before for each in world.merged for m in each.moves if m.property == name}
        typed = {e.value for e in world.edits if e.name == name}
        first = {each.first[name] for each in world.merged if name in each.first} | {
            m.after
            for each in world.merged
            for m in each.moves
            if m.property == name and m.decision == "same value, in full"
        }
        conflicts = {v for c in world.conflicts if c.property == name for v in c.values.values()}
        value = world.golden.data.get(name)
        assert value is None or value in before | typed | first | conflicts, (name, value)


@MANY
@given(WORLDS)
def test_every_count_is_added_once(rng: Random) -> None:
    world = played(rng)
    if world.deleted or any(side.target.off for side in world.sides):
        return
    if any(side.link is not None and "stock" in side.link.held for side in world.sides):
        return
    assert float(str(world.golden.data["stock"])) == float(5 + world.counted)


@MANY
@given(WORLDS, ORDERS)
def test_the_order_of_systems_and_steps_changes_nothing(rng: Random, order: int) -> None:
    """I9."""
    one, other = played(rng), played(rng, order)
    assert finals(one.sides, one.golden) == finals(other.sides, other.golden)


@MANY
@given(WORLDS, ORDERS)
def test_rows_are_matched_the_same_in_any_order_and_never_two_of_one_side(
    rng: Random, order: int
) -> None:
    """I5, I9: and nobody is dropped."""
    one = match_all(copy(rng), Random(0))
    other = match_all(copy(rng), Random(order))
    assert one.partition() == other.partition()
    for members in one.members.values():
        sides = [one.rows[link].side for link in members]
        assert len(sides) == len(set(sides)), "two records of one system are one"
    placed = {link for members in one.members.values() for link in members}
    assert placed | one.reviewed | one.waiting == set(one.rows)


@MANY
@given(WORLDS)
def test_rows_that_differ_in_a_stronger_key_are_never_joined_by_a_weaker_one(rng: Random) -> None:
    found = match_all(copy(rng), Random(0), later=0.0)
    for members in found.members.values():
        assert not [n for n in members for rank in (1, 2) if found.forced(n, members, rank)]


def test_rows_that_one_key_joins_are_no_record_that_one_of_them_contradicts() -> None:
    """One shares an e-mail with a record whose organisation number is not that of the other."""
    rows = [
        Row(1, ("a", "Item"), {1: "100", 2: "phone"}),
        Row(2, ("b", "Item"), {2: "phone", 3: "m"}),
    ]
    other = Candidate("g", frozenset({("c", "Item")}), {1: frozenset({"200"}), 3: frozenset({"m"})})
    (decision,) = decide(Group(2, "phone", rows, [], {2: [other]}))
    assert isinstance(decision, Review)
    agreeing = Candidate("g", frozenset({("c", "Item")}), {3: frozenset({"m"})})
    assert decide(Group(2, "phone", rows, [], {2: [agreeing]})) == [Join("g", (1, 2))]


@pytest.fixture(scope="module")
def reached() -> Counter[str]:
    """How often each row of the tables was reached, by worlds without hypothesis's choice."""
    counts: Counter[str] = Counter()
    for seed in range(1500):
        counts += played(Random(seed)).reached
        counts += match_all(Random(seed), Random(seed)).reached
    return counts


def test_every_row_of_the_decision_tables_is_reached(reached: Counter[str], capsys: Any) -> None:
    with capsys.disabled():
        print("\nrows of the decision tables:")  # noqa: T201 - it is to be seen
        for name in sorted({*reached, *REACHED}):
            print(f"{reached[name]:8d}  {name}")  # noqa: T201
    assert [name for name in REACHED if not reached[name]] == []
