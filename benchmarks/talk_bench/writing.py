"""Creating A → B, each measured time with the destination's count and content right."""

from __future__ import annotations

from collections.abc import Iterator

from talk_bench.budgets import Row
from talk_bench.children import Sample, python
from talk_bench.records import CUSTOMER
from talk_bench.rounds import Medians, race
from talk_bench.serving import Server
from talk_bench.sizes import WORKERS, Bench
from talk_bench.workspace import Workspace

__all__ = ["arrived", "writing"]

SLOW_S = 0.05


def writing(bench: Bench) -> Iterator[Row]:
    """A first sync that creates everything, at no latency and at 50 ms a POST."""
    quick = _pipe(bench, bench.sizes.creates, 0.0)
    yield _row("creates", quick, "floor, one after the other", bench.sizes.creates)
    slow = _pipe(bench, bench.sizes.creates_slow, SLOW_S)
    yield _row("creates_50ms", slow, FLYING, bench.sizes.creates_slow)


FLYING = f"floor, {WORKERS} in flight"


def _row(name: str, found: dict[str, Medians], floor: str, count: int) -> Row:
    ours, bare = found["talk-sdk"], found[floor]
    return Row(name, ours.work_s / bare.work_s, measured={
        "talk_per_s": count / ours.work_s, "floor_per_s": count / bare.work_s,
        "floor_flying_per_s": count / found[FLYING].work_s, "talk_cpu_s": ours.cpu_s,
        "talk_rss_mb": ours.rss_mb, "records": count, "rounds": ours.rounds,
    })  # fmt: skip


def _pipe(bench: Bench, count: int, delay_s: float) -> dict[str, Medians]:
    with Server({"a": {CUSTOMER: (0, count)}, "b": {}}) as server:
        server.delay(delay_s)
        a, b = f"{server.url}/a", f"{server.url}/b"

        def floor(flying: int) -> Sample:
            server.clear("b")
            sample = python("floors", "posts", bench.folder, source=a, url=b, flying=flying)
            return arrived(server, sample)

        def talk_sdk() -> Sample:
            server.clear("b")
            workspace = Workspace(bench.folder / "pipe", server.url, ["a", "b"])
            return arrived(server, workspace.sync())

        contestants = {FLYING: lambda: floor(WORKERS), "talk-sdk": talk_sdk}
        if not delay_s:
            contestants["floor, one after the other"] = lambda: floor(1)
        what = f"create {count:,} at {delay_s * 1000:.0f} ms"
        return race(what, contestants, bench.sizes.rounds)


def arrived(server: Server, sample: Sample, source: str = "a", target: str = "b") -> Sample:
    """The sample, if what is in one system is in the other.

    Raises:
        RuntimeError: it is not.
    """
    sent, came = server.digest(source), server.digest(target)
    if sent != came:
        raise RuntimeError(f"{source} has {sent}, {target} has {came}: not everything arrived.")
    return sample
