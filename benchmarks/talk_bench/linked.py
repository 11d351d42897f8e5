"""Two systems that are in sync already: re-scans, a few changes, memory, the store's size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from talk_bench.budgets import Row, missing
from talk_bench.children import Sample, python, run
from talk_bench.records import CUSTOMER
from talk_bench.rounds import Contestants, Medians, race, say
from talk_bench.serving import Server
from talk_bench.sizes import WORKERS, Bench
from talk_bench.starting import bare_start, talk
from talk_bench.workspace import Workspace
from talk_bench.writing import arrived

__all__ = ["linked"]

MICRO = 1e6
Race = dict[str, Medians]


@dataclass(frozen=True)
class _Pair:
    """Two systems that are linked, at one number of records."""

    count: int
    server: Server
    workspace: Workspace
    store: Path
    first: Sample
    floor: Sample
    size: int

    @property
    def urls(self) -> list[str]:
        """The addresses of both."""
        return [f"{self.server.url}/a", f"{self.server.url}/b"]


def linked(bench: Bench) -> Iterator[Row]:
    """The same at several numbers of records, in turn: nothing may grow faster than they."""
    with ExitStack() as stack:
        pairs = [_pair(bench, stack, count) for count in bench.sizes.rescans]
        few, many = pairs[0], pairs[-1]
        scans = race("re-scan", _rescans(bench, pairs), bench.sizes.rounds)
        yield from _scan_rows(pairs, scans)
        for pair in pairs:
            pair.workspace.configure()
        changes = race(
            f"{bench.sizes.changes} changes", _changes(bench, few) | _changes(bench, many),
            bench.sizes.rounds,
        )  # fmt: skip
        yield from _change_rows(bench, few, many, changes)
        yield from _memory_rows(few, many)
        yield _status_row(many, _status(bench, many.workspace))


def _pair(bench: Bench, stack: ExitStack, count: int) -> _Pair:
    say(f"linking {count:,} records of two systems")
    server = stack.enter_context(Server({name: {CUSTOMER: (0, count)} for name in ("a", "b")}))
    content = server.digest("a")
    workspace = Workspace(bench.folder / f"linked{count}", server.url, ["a", "b"])
    first = workspace.sync()
    if first.facts["written"] or (server.digest("a"), server.digest("b")) != (content,) * 2:
        raise RuntimeError("Systems with the same records were not left as they were.")
    store = bench.folder / f"floor{count}.db"
    urls = [f"{server.url}/a", f"{server.url}/b"]
    floor = python("floors", "state", bench.folder, urls=urls, store=str(store))
    return _Pair(count, server, workspace, store, first, floor, workspace.bytes())


def _rescans(bench: Bench, pairs: Sequence[_Pair]) -> Contestants:
    found: Contestants = {}
    for pair in pairs:
        pair.workspace.configure(whole=["a"])
        found[_named("floor", pair)] = partial(_floor_rescan, bench, pair)
        found[_named("talk-sdk", pair)] = partial(_rescan, pair)
    return found


def _named(who: str, pair: _Pair) -> str:
    return f"{who}, {pair.count:,}"


def _floor_rescan(bench: Bench, pair: _Pair) -> Sample:
    words = {"url": pair.urls[0], "store": str(pair.store)}
    sample = python("floors", "rescan", bench.folder, **words)
    if (sample.facts["count"], sample.facts["changed"]) != (pair.count, 0):
        raise RuntimeError(f"The floor's re-scan found {sample.facts}.")
    return sample


def _rescan(pair: _Pair) -> Sample:
    sample = pair.workspace.sync()
    if sample.facts["read"]["a.Customer"] != pair.count or sample.facts["written"]:
        raise RuntimeError(f"The re-scan of {pair.count} records did {sample.facts}.")
    return sample


def _changes(bench: Bench, pair: _Pair) -> Contestants:
    """Some records change in one system; each contestant finds its own changes."""
    server, workspace, urls = pair.server, pair.workspace, pair.urls
    rounds = iter(range(10**6))

    def edit() -> str:
        since = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")  # noqa: TID251 - the server's
        note = {"note": f"edit {next(rounds)}"}
        server.change("a", {f"a-c{number}": note for number in range(bench.sizes.changes)})
        return since

    def floor() -> Sample:
        words = {"urls": urls, "since": edit(), "store": str(pair.store)}
        return python("floors", "recent", bench.folder, **words)

    def plan() -> Sample:
        edit()
        sample = workspace.plan()
        if sample.facts["planned"] != bench.sizes.changes:
            raise RuntimeError(f"{sample.facts['planned']} writes were planned.")
        workspace.sync()
        return sample

    def floor_writes() -> Sample:
        words = {"source": urls[0], "since": edit(), "url": urls[1], "flying": WORKERS}
        sample = arrived(server, python("floors", "carry", bench.folder, system="b", **words))
        workspace.sync()
        return sample

    def sync() -> Sample:
        edit()
        return arrived(server, workspace.sync())

    return {
        _named("floor", pair): floor, _named("plan", pair): plan,
        _named("floor, writes", pair): floor_writes, _named("sync", pair): sync,
    }  # fmt: skip


def _status(bench: Bench, workspace: Workspace) -> Race:
    command = [talk(), "-c", str(workspace.config), "status"]
    return race("talk status", {
        "floor, an interpreter": lambda: bare_start(bench.folder),
        "talk status": lambda: run(command, folder=bench.folder),
    }, bench.sizes.rounds)  # fmt: skip


def _scan_rows(pairs: Sequence[_Pair], scans: Race) -> Iterator[Row]:
    many = pairs[-1]
    ours, bare = scans[_named("talk-sdk", many)], scans[_named("floor", many)]
    took = {pair.count: scans[_named("talk-sdk", pair)].work_s for pair in pairs}
    yield Row("rescan", ours.work_s / bare.work_s, measured={
        "floor_us": bare.work_s / many.count * MICRO, "records": many.count,
        "rounds": ours.rounds, "talk_rss_mb": ours.rss_mb,
        **{f"talk_at_{count}_us": work / count * MICRO for count, work in took.items()},
    })  # fmt: skip
    yield _growth(took)


def _growth(took: Mapping[int, float]) -> Row:
    """What a further record costs among many, over what it costs among few.

    The difference of two numbers of records leaves out what a run costs without any.
    """
    few, some, many = took.items()
    early = (some[1] - few[1]) / (some[0] - few[0])
    late = (many[1] - some[1]) / (many[0] - some[0])
    if min(early, late) <= 0:
        return missing("rescan_growth", "too few records to tell from noise")
    return Row("rescan_growth", late / early, measured={
        "among_few_us": early * MICRO, "among_many_us": late * MICRO, "fewest": few[0],
        "most": many[0],
    })  # fmt: skip


def _change_rows(bench: Bench, few: _Pair, many: _Pair, changes: Race) -> Iterator[Row]:
    for name, floor, talk_sdk in (
        ("incremental", "floor", "plan"),
        ("incremental_writes", "floor, writes", "sync"),
    ):
        ours, bare = changes[_named(talk_sdk, many)], changes[_named(floor, many)]
        yield Row(name, ours.wall_s / bare.wall_s, measured={
            "talk_s": ours.wall_s, "floor_s": bare.wall_s, "talk_rss_mb": ours.rss_mb,
            "records": many.count, "changes": bench.sizes.changes, "rounds": ours.rounds,
        })  # fmt: skip
    grown = changes[_named("plan", many)].wall_s / changes[_named("plan", few)].wall_s
    yield Row("incremental_growth", grown, measured={"fewest": few.count, "most": many.count})


def _status_row(pair: _Pair, found: Race) -> Row:
    status, bare = found["talk status"], found["floor, an interpreter"]
    return Row("start_status", status.wall_s / bare.wall_s, measured={
        "talk_s": status.wall_s, "floor_s": bare.wall_s, "records": pair.count,
    })  # fmt: skip


def _memory_rows(few: _Pair, many: _Pair) -> Iterator[Row]:
    yield Row("memory", many.first.rss_mb / many.floor.rss_mb, measured={
        "talk_mb": many.first.rss_mb, "floor_mb": many.floor.rss_mb, "records": many.count,
        "rounds": 1,
    })  # fmt: skip
    yield Row("memory_mb", many.first.rss_mb, measured={"records": many.count, "rounds": 1})
    yield Row("memory_growth", many.first.rss_mb / few.first.rss_mb, measured={
        "fewest": few.count, "most": many.count,
    })  # fmt: skip
    yield Row("store_bytes", many.size / (2 * many.count), measured={"records": many.count})
