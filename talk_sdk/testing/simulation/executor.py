"""Workers in one thread: the order in which things are read, sent and answered is drawn."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from random import Random
from typing import TypeVar

from talk_sdk._engine.workers import Ahead, Failed, Finished, Lane

__all__ = ["Serial"]

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class Serial:
    """Implements the engine's `Workers`; with the same generator, the same order.

    Attributes:
        reading: whose next page is being asked for; none between pages.
    """

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self.reading: Hashable = None

    def stream(
        self, reads: Mapping[K, Callable[[], Iterator[T]]]
    ) -> Iterator[tuple[K, T | Failed | Finished]]:
        """See `Workers`: the next page of any read, in drawn order."""
        open_reads: list[tuple[K, Iterator[T]]] = [(key, read()) for key, read in reads.items()]
        while open_reads:
            index = self._rng.randrange(len(open_reads))
            key, pages = open_reads[index]
            item: T | Failed | Finished
            self.reading = key
            try:
                item = next(pages)
            except StopIteration:
                item = Finished()
            except Exception as error:  # noqa: BLE001 - handed to the runner, as threads do
                item = Failed(error)
            finally:
                self.reading = None
            if isinstance(item, Failed | Finished):
                del open_reads[index]
            yield key, item

    def results(self, lanes: Mapping[str, Lane[K, T]]) -> Iterator[list[tuple[K, T | Failed]]]:
        """See `Workers`: calls are made, and their results handed over, in drawn order."""
        waiting: list[tuple[str, K, Callable[[], T]]] = []
        done: list[tuple[str, K, T | Failed]] = []
        ahead = {name: Ahead(lane) for name, lane in lanes.items()}
        free = {name: lane.width for name, lane in lanes.items()}
        while True:
            self._fill(ahead, free, waiting)
            if not waiting and not done:
                return
            for name, calls in ahead.items():
                calls.prepare(self._rng.randint(0, lanes[name].width))
            yield []
            if waiting and (not done or self._rng.random() < 0.5):
                name, key, call = waiting.pop(self._rng.randrange(len(waiting)))
                done.append((name, key, _outcome(call)))
                continue
            together = [done.pop(self._rng.randrange(len(done)))]
            while done and self._rng.random() < 0.3:
                together.append(done.pop(self._rng.randrange(len(done))))
            for name, _, _ in together:
                free[name] += 1
            yield [(key, result) for _, key, result in together]

    def _fill(
        self,
        ahead: Mapping[str, Ahead[K, T]],
        free: dict[str, int],
        waiting: list[tuple[str, K, Callable[[], T]]],
    ) -> None:
        names = list(ahead)
        self._rng.shuffle(names)
        for name in names:
            while free[name] and (item := ahead[name].next()) is not None:
                waiting.append((name, *item))
                free[name] -= 1


def _outcome(call: Callable[[], T]) -> T | Failed:
    try:
        return call()
    except Exception as error:  # noqa: BLE001 - handed to the runner, as threads do
        return Failed(error)
