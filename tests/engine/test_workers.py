"""Workers: who may have how many calls under way, and what is got ready meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from random import Random

import pytest

from talk_sdk._engine.workers import Lane, Threads, Workers
from talk_sdk.testing.simulation.executor import Serial

WIDTH = 3

IMPLEMENTATIONS = pytest.mark.parametrize(
    "workers", [Threads(), Serial(Random(1))], ids=["threads", "serial"]
)


class Desk:
    """Hands out numbered calls and counts what became of them."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.ready = 0
        self.made: list[int] = []

    def calls(self) -> Iterator[tuple[int, Callable[[], int]]]:
        for number in range(self.count):
            self.ready += 1
            yield number, partial(self._make, number)

    def _make(self, number: int) -> int:
        self.made.append(number)
        return -number


@IMPLEMENTATIONS
def test_each_call_is_made_once_and_its_result_handed_over(workers: Workers) -> None:
    one, other = Desk(20), Desk(1)
    lanes = {"a": Lane(WIDTH, one.calls()), "b": Lane(WIDTH, other.calls())}

    found = [item for together in workers.results(lanes) for item in together]

    assert sorted(found) == sorted([(n, -n) for n in range(20)] + [(0, 0)])
    assert (sorted(one.made), other.made) == (list(range(20)), [0])


def test_calls_are_made_ready_while_all_places_are_taken() -> None:
    desk = Desk(20)
    moments = iter(Threads().results({"a": Lane(WIDTH, desk.calls(), ahead=2)}))

    assert next(moments) == []
    assert desk.ready == WIDTH + 2
    assert len(list(moments)) > 1


@IMPLEMENTATIONS
def test_what_is_ready_and_may_not_be_sent_any_more_is_not_sent(workers: Workers) -> None:
    desk, found = Desk(20), list[tuple[int, object]]()
    lane = Lane(1, desk.calls(), lambda _: not found)

    for together in workers.results({"a": lane}):
        found += together

    assert desk.made == [0]
