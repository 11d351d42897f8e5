"""Who does the HTTP: a bounded pool of threads, or any other order of things.

Stages never see a thread. They ask for pages of several reads at once, for the results of
several calls, and get values in the order in which they come.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Hashable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any, Generic, Protocol, TypeVar

import msgspec

__all__ = ["Ahead", "Failed", "Finished", "Lane", "Threads", "Workers"]

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


def _always(_key: Any) -> bool:
    return True


class Lane(msgspec.Struct, Generic[K, T], frozen=True):
    """Calls of one account, and how many of them may be under way.

    `still` is asked right before a call is made: one that it refuses is not made. `ahead` calls
    may be made ready before there is a place for them.
    """

    width: int
    calls: Iterator[tuple[K, Callable[[], T]]]
    still: Callable[[K], bool] = _always
    ahead: int = 1


class Ahead(Generic[K, T]):
    """The calls of a lane that come next, made ready while others are under way."""

    def __init__(self, lane: Lane[K, T]) -> None:
        self._lane = lane
        self._ready: deque[tuple[K, Callable[[], T]]] = deque()
        self._more = True

    def prepare(self, count: int) -> None:
        """Have so many calls ready, if there are so many."""
        while self._more and len(self._ready) < count:
            item = next(self._lane.calls, None)
            if item is None:
                self._more = False
            else:
                self._ready.append(item)

    def next(self) -> tuple[K, Callable[[], T]] | None:
        """The call to make now; None if there is none."""
        while True:
            self.prepare(1)
            if not self._ready:
                return None
            item = self._ready.popleft()
            if self._lane.still(item[0]):
                return item


class Failed(msgspec.Struct, frozen=True):
    """A read or call that raised."""

    error: BaseException


class Finished(msgspec.Struct, frozen=True):
    """A read that came to its end."""


class Workers(Protocol):
    """What stages need: both functions run calls elsewhere and yield results here."""

    def stream(
        self, reads: Mapping[K, Callable[[], Iterator[T]]]
    ) -> Iterator[tuple[K, T | Failed | Finished]]:
        """What the reads yield, each in its own order, among each other as it comes."""

    def results(self, lanes: Mapping[str, Lane[K, T]]) -> Iterator[list[tuple[K, T | Failed]]]:
        """The results of calls, those together that came together.

        Each lane has its own width. The next calls are made ready, here, while others are under
        way; an empty list says that all places are taken and that there is time for the caller's
        own work.
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
            ahead = {name: Ahead(lane) for name, lane in lanes.items()}
            free = {name: lane.width for name, lane in lanes.items()}
            flying: dict[Future[T], tuple[str, K]] = {}
            landed: queue.SimpleQueue[Future[T]] = queue.SimpleQueue()
            while True:
                for name, calls in ahead.items():
                    while free[name] and (item := calls.next()) is not None:
                        future = pools[name].submit(item[1])
                        flying[future] = (name, item[0])
                        future.add_done_callback(landed.put)
                        free[name] -= 1
                if not flying:
                    return
                for name, calls in ahead.items():
                    calls.prepare(lanes[name].ahead)
                yield []
                together: list[tuple[K, T | Failed]] = []
                for future in _waiting(landed):
                    name, key = flying.pop(future)
                    free[name] += 1
                    error = future.exception()
                    together.append((key, Failed(error) if error else future.result()))
                yield together


def _waiting(landed: queue.SimpleQueue[Future[T]]) -> Iterator[Future[T]]:
    """The next call that ends, and those that have ended by then."""
    yield landed.get()
    while not landed.empty():
        yield landed.get()
