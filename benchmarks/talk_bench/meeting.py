"""Systems that meet: matched for the first time, then idle; orders with many lines."""

from __future__ import annotations

from collections.abc import Iterator

from talk_bench.budgets import Row
from talk_bench.children import Sample, python
from talk_bench.records import CUSTOMER, ORDER, stamp_of
from talk_bench.rounds import race
from talk_bench.serving import Server
from talk_bench.sizes import WORKERS, Bench
from talk_bench.workspace import Workspace
from talk_bench.writing import arrived

__all__ = ["matching", "ordering", "two_way"]

LINE = 100
"""Which line is edited."""


def two_way(bench: Bench) -> Iterator[Row]:
    """Two, and three, systems that have the same records: a first time, and again."""
    count, names = bench.sizes.two_way, ("a", "b", "c")
    with Server({name: {CUSTOMER: (0, count)} for name in names}) as server:
        urls = [f"{server.url}/{name}" for name in names]
        store = bench.folder / "floor.db"
        pair = Workspace(bench.folder / "two", server.url, names[:2])

        def floor(most: int) -> Sample:
            store.unlink(missing_ok=True)
            return python("floors", "state", bench.folder, urls=urls[:most], store=str(store))

        def three() -> Sample:
            return _idle(Workspace(bench.folder / "three", server.url, names).sync())

        def first() -> Sample:
            pair.forget()
            return _idle(pair.sync())

        def floor_idle() -> Sample:
            words = {"urls": urls[:2], "since": stamp_of(count), "store": str(store)}
            return python("floors", "recent", bench.folder, **words)

        found = race(f"two-way {count:,}", {
            "floor, three": lambda: floor(3), "talk-sdk, three": three,
            "floor, first": lambda: floor(2), "talk-sdk, first": first,
            "floor, idle": floor_idle,
            "talk-sdk, idle": lambda: _idle(pair.sync()),
        }, bench.sizes.rounds)  # fmt: skip
    for name, work in (
        ("three_systems", "three"),
        ("two_way_first", "first"),
        ("two_way_idle", "idle"),
    ):
        ours, bare = found[f"talk-sdk, {work}"], found[f"floor, {work}"]
        yield Row(name, ours.wall_s / bare.wall_s, measured={
            "talk_s": ours.wall_s, "floor_s": bare.wall_s, "talk_cpu_s": ours.cpu_s,
            "talk_rss_mb": ours.rss_mb, "records": count, "rounds": ours.rounds,
        })  # fmt: skip


def _idle(sample: Sample) -> Sample:
    if sample.facts["written"]:
        raise RuntimeError(f"There was nothing to write, and {sample.facts['written']} was.")
    return sample


def matching(bench: Bench) -> Iterator[Row]:
    """Two systems of which each has half of the other's records: the other half is created."""
    count, half = bench.sizes.two_way, bench.sizes.two_way // 2
    seeds = {"a": {CUSTOMER: (0, count)}, "b": {CUSTOMER: (half, half + count)}}

    def floor() -> Sample:
        with Server(seeds) as server:
            urls = [f"{server.url}/a", f"{server.url}/b"]
            sample = python("floors", "complete", bench.folder, urls=urls, flying=WORKERS)
            return arrived(server, sample)

    def talk_sdk() -> Sample:
        with Server(seeds) as server:
            workspace = Workspace(bench.folder / "match", server.url, ["a", "b"])
            return arrived(server, workspace.sync())

    contestants = {"floor": floor, "talk-sdk": talk_sdk}
    found = race(f"match {count:,} and {count:,}", contestants, bench.sizes.rounds)
    ours, bare = found["talk-sdk"], found["floor"]
    yield Row("match", ours.work_s / bare.work_s, measured={
        "talk_s": ours.work_s, "floor_s": bare.work_s, "talk_cpu_s": ours.cpu_s,
        "talk_rss_mb": ours.rss_mb, "records": count, "rounds": ours.rounds,
    })  # fmt: skip


def ordering(bench: Bench) -> Iterator[Row]:
    """Orders of 200 lines in two systems; in one of them a line of one is edited."""
    with Server({"a": {ORDER: (0, bench.sizes.orders)}, "b": {}}) as server:
        workspace = Workspace(bench.folder / "orders", server.url, ["a", "b"])
        _order_arrived(server, workspace.sync())
        rounds = iter(range(10**6))

        def edited() -> Sample:
            lines = server.get("a", ORDER, "a-o0")["lines"]
            lines[LINE] |= {"text": f"Article of round {next(rounds)}"}
            server.change("a", {"a-o0": {"lines": lines}}, ORDER)
            return _order_arrived(server, workspace.sync())

        found = race("a line of 200", {"talk-sdk": edited}, bench.sizes.rounds)["talk-sdk"]
    yield Row("order_lines", found.wall_s, measured={
        "talk_work_s": found.work_s, "talk_cpu_s": found.cpu_s, "talk_rss_mb": found.rss_mb,
        "orders": bench.sizes.orders, "rounds": found.rounds,
    })  # fmt: skip


def _order_arrived(server: Server, sample: Sample) -> Sample:
    sent, came = server.digest("a", ORDER), server.digest("b", ORDER)
    if sent != came:
        raise RuntimeError(f"a has the orders {sent}, b has {came}: not everything arrived.")
    return sample
