"""Who does the HTTP: a bounded pool of threads, or any other order of things.

Stages never see a thread. They ask for pages of several reads at once, for the results of
several calls, and get values in the order in which they come.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Hashable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

__all__ = ["Failed", "Finished", "Lane", "Threads", "Workers"]

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


@dataclass(frozen=True)
class Lane(Generic[K, T]):
    """Calls of one account, and how many of them may be under way."""

    width: int
    calls: Iterator[tuple[K, Callable[[], T]]]


@dataclass(frozen=True, slots=True)
class Failed:
    """A read or call that raised."""

    error: BaseException


@dataclass(frozen=True, slots=True)
class Finished:
    """A read that came to its end."""


class Workers(Protocol):
    """What stages need: both functions run calls elsewhere and yield results here."""

    def stream(
        self, reads: Mapping[K, Callable[[], Iterator[T]]]
    ) -> Iterator[tuple[K, T | Failed | Finished]]:
        """What the reads yield, each in its own order, among each other as it comes."""

    def results(self, lanes: Mapping[str, Lane[K, T]]) -> Iterator[list[tuple[K, T | Failed]]]:
        """The results of calls, those together that came together.

        Each lane has its own width; its iterator is asked for the next call, here, only
        when the lane has a free place.
        """


class _Inbox:
    """Where reading threads deliver, until nobody listens any more."""

    def __init__(self, size: int) -> None:
        self.items: queue.Queue[tuple[Any, Any]] = queue.Queue(maxsize=size)
        self.stop = threading.Event()

    def deliver(self, key: Any, item: Any) -> None:
        while not self.stop.is_set():
            try:
                self.items.put((key, item), timeout=0.2)
            except queue.Full:
                continue
            return


def _work(inbox: _Inbox, key: Any, read: Callable[[], Iterator[Any]]) -> None:
    try:
        for item in read():
            inbox.deliver(key, item)
            if inbox.stop.is_set():
                return
    except Exception as error:  # noqa: BLE001 - handed over to the runner's thread
        inbox.deliver(key, Failed(error))
    else:
        inbox.deliver(key, Finished())


class Threads:
    """Real threads: one for each read, a lane's width for its calls."""

    def stream(
        self, reads: Mapping[K, Callable[[], Iterator[T]]]
    ) -> Iterator[tuple[K, T | Failed | Finished]]:
        """See `Workers`. Pages are read ahead by two per read."""
        inbox = _Inbox(max(2, 2 * len(reads)))
        threads = [
            threading.Thread(
                target=_work, args=(inbox, *item), daemon=True, name=f"talk-read-{item[0]}"
            )
            for item in reads.items()
        ]
        for thread in threads:
            thread.start()
        left = len(threads)
        try:
            while left:
                key, item = inbox.items.get()
                left -= isinstance(item, Failed | Finished)
                yield key, item
        finally:
            inbox.stop.set()
            for thread in threads:
                thread.join(timeout=5)

    def results(self, lanes: Mapping[str, Lane[K, T]]) -> Iterator[list[tuple[K, T | Failed]]]:
        """See `Workers`."""
        with ExitStack() as stack:
            pools = {
                name: stack.enter_context(
                    ThreadPoolExecutor(lane.width, thread_name_prefix=f"talk-{name}")
                )
                for name, lane in lanes.items()
            }
            flying: dict[Future[T], tuple[str, K]] = {}
            landed: queue.SimpleQueue[Future[T]] = queue.SimpleQueue()
            free = {name: lane.width for name, lane in lanes.items()}
            while True:
                _fill(lanes, pools, free, flying, landed)
                if not flying:
                    return
                together: list[tuple[K, T | Failed]] = []
                for future in _waiting(landed):
                    name, key = flying.pop(future)
                    if name in free:
                        free[name] += 1
                    error = future.exception()
                    together.append((key, Failed(error) if error else future.result()))
                yield together


def _waiting(landed: queue.SimpleQueue[Future[T]]) -> Iterator[Future[T]]:
    """The next call that ends, and those that have ended by then."""
    yield landed.get()
    while not landed.empty():
        yield landed.get()


def _fill(
    lanes: Mapping[str, Lane[K, T]],
    pools: Mapping[str, ThreadPoolExecutor],
    free: dict[str, int],
    flying: dict[Future[T], tuple[str, K]],
    landed: queue.SimpleQueue[Future[T]],
) -> None:
    """Give every free place of every lane its next call; a lane that has none leaves `free`."""
    for name in list(free):
        while free.get(name, 0) > 0:
            item = next(lanes[name].calls, None)
            if item is None:
                del free[name]
                break
            future = pools[name].submit(item[1])
            flying[future] = (name, item[0])
            future.add_done_callback(landed.put)
            free[name] -= 1
