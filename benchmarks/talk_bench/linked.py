"""Two systems that are in sync already: re-scans, a few changes, memory, the store's size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from talk_bench.budgets import Row, missing
from talk_bench.children import Sample, python, run
from talk_bench.records import CUSTOMER
from talk_bench.rounds import Medians, race, say
from talk_bench.serving import Server
from talk_bench.sizes import WORKERS, Bench
from talk_bench.starting import bare_start, talk
from talk_bench.workspace import Workspace

__all__ = ["linked"]

MICRO = 1e6
Race = dict[str, Medians]


@dataclass
class _Found:
    """What was measured at one number of records."""

    count: int
    first: Sample
    floor: Sample
    scan: Race
    store_bytes: int
    changes: Race | None = None
    status: Race | None = None


def linked(bench: Bench) -> Iterator[Row]:
    """The same at several numbers of records, fewest first: nothing may grow faster than they."""
    counts = bench.sizes.rescans
    found = [_at(bench, count) for count in counts]
    yield from _scan_rows(found)
    yield from _change_rows(bench, found[0], found[-1])
    yield from _memory_rows(found[0], found[-1])


def _at(bench: Bench, count: int) -> _Found:
    say(f"linking {count:,} records of two systems")
    seeds = {name: {CUSTOMER: (0, count)} for name in ("a", "b")}
    with Server(seeds) as server:
        content = server.digest("a")
        workspace = Workspace(bench.folder / f"linked{count}", server.url, ["a", "b"])
        first = workspace.sync()
        store = bench.folder / f"floor{count}.db"
        urls = [f"{server.url}/a", f"{server.url}/b"]
        floor = python("floors", "state", bench.folder, urls=urls, store=str(store))
        size = workspace.bytes()
        scan = _rescans(bench, workspace, urls[0], store, count)
        if first.facts["written"] or (server.digest("a"), server.digest("b")) != (content,) * 2:
            raise RuntimeError("Systems with the same records were not left as they were.")
        found = _Found(count, first, floor, scan, size)
        if count in {bench.sizes.rescans[0], bench.sizes.rescans[-1]}:
            found.changes = _changes(bench, server, workspace, store)
        if count == bench.sizes.rescans[-1]:
            found.status = _status(bench, workspace)
        return found


def _rescans(bench: Bench, workspace: Workspace, url: str, store: Path, count: int) -> Race:
    def floor() -> Sample:
        sample = python("floors", "rescan", bench.folder, url=url, store=str(store))
        if (sample.facts["count"], sample.facts["changed"]) != (count, 0):
            raise RuntimeError(f"The floor's re-scan found {sample.facts}.")
        return sample

    def talk_sdk() -> Sample:
        sample = workspace.sync()
        if sample.facts["read"]["a.Customer"] != count or sample.facts["written"]:
            raise RuntimeError(f"The re-scan of {count} records did {sample.facts}.")
        return sample

    workspace.configure(whole=["a"])
    contestants = {"floor": floor, "talk-sdk": talk_sdk}
    found = race(f"re-scan {count:,}", contestants, bench.sizes.rounds)
    workspace.configure()
    return found


def _changes(bench: Bench, server: Server, workspace: Workspace, store: Path) -> Race:
    """Some records change in one system; each contestant finds its own changes."""
    urls = [f"{server.url}/a", f"{server.url}/b"]
    rounds = iter(range(10**6))

    def edit() -> str:
        since = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")  # noqa: TID251 - the server's
        note = {"note": f"edit {next(rounds)}"}
        server.change("a", {f"a-c{number}": note for number in range(bench.sizes.changes)})
        return since

    def floor() -> Sample:
        words = {"urls": urls, "since": edit(), "store": str(store)}
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
        sample = python("floors", "carry", bench.folder, system="b", **words)
        workspace.sync()
        return sample

    def sync() -> Sample:
        edit()
        sample = workspace.sync()
        if server.digest("a") != server.digest("b"):
            raise RuntimeError("What had changed in one system did not arrive in the other.")
        return sample

    what = f"{bench.sizes.changes} changes of {server.digest('a')[0]:,}"
    contestants = {
        "floor": floor, "talk-sdk, plan": plan, "floor, writes": floor_writes,
        "talk-sdk, sync": sync,
    }  # fmt: skip
    return race(what, contestants, bench.sizes.rounds)


def _status(bench: Bench, workspace: Workspace) -> Race:
    command = [talk(), "-c", str(workspace.config), "status"]
    return race("talk status", {
        "floor, an interpreter": lambda: bare_start(bench.folder),
        "talk status": lambda: run(command, folder=bench.folder),
    }, bench.sizes.rounds)  # fmt: skip


def _scan_rows(found: list[_Found]) -> Iterator[Row]:
    each_us = {f.count: f.scan["talk-sdk"].work_s / f.count * MICRO for f in found}
    last = found[-1]
    yield Row("rescan", last.scan["talk-sdk"].work_s / last.scan["floor"].work_s, measured={
        "floor_us": last.scan["floor"].work_s / last.count * MICRO,
        "records": last.count, "rounds": last.scan["floor"].rounds,
        "talk_rss_mb": last.scan["talk-sdk"].rss_mb,
        **{f"talk_at_{count}_us": us for count, us in each_us.items()},
    })  # fmt: skip
    yield _growth(found)


def _growth(found: list[_Found]) -> Row:
    """What a further record costs among many, over what it costs among few.

    The difference of two numbers of records leaves out what a run costs without any.
    """
    few, some, many = (
        (f.count, f.scan["talk-sdk"].work_s) for f in (found[0], found[1], found[-1])
    )
    early = (some[1] - few[1]) / (some[0] - few[0])
    late = (many[1] - some[1]) / (many[0] - some[0])
    if min(early, late) <= 0:
        return missing("rescan_growth", "too few records to tell from noise")
    return Row("rescan_growth", late / early, measured={
        "among_few_us": early * MICRO, "among_many_us": late * MICRO, "fewest": few[0],
        "most": many[0],
    })  # fmt: skip


def _change_rows(bench: Bench, few: _Found, many: _Found) -> Iterator[Row]:
    if few.changes is None or many.changes is None or many.status is None:
        return
    for name, floor, talk_sdk in (
        ("incremental", "floor", "talk-sdk, plan"),
        ("incremental_writes", "floor, writes", "talk-sdk, sync"),
    ):
        ours, bare = many.changes[talk_sdk], many.changes[floor]
        yield Row(name, ours.wall_s / bare.wall_s, measured={
            "talk_s": ours.wall_s, "floor_s": bare.wall_s, "talk_rss_mb": ours.rss_mb,
            "records": many.count, "changes": bench.sizes.changes, "rounds": ours.rounds,
        })  # fmt: skip
    grown = many.changes["talk-sdk, plan"].wall_s / few.changes["talk-sdk, plan"].wall_s
    yield Row("incremental_growth", grown, measured={"fewest": few.count, "most": many.count})
    status, bare = many.status["talk status"], many.status["floor, an interpreter"]
    yield Row("start_status", status.wall_s / bare.wall_s, measured={
        "talk_s": status.wall_s, "floor_s": bare.wall_s, "records": many.count,
    })  # fmt: skip


def _memory_rows(few: _Found, many: _Found) -> Iterator[Row]:
    yield Row("memory", many.first.rss_mb / many.floor.rss_mb, measured={
        "talk_mb": many.first.rss_mb, "floor_mb": many.floor.rss_mb, "records": many.count,
        "rounds": 1,
    })  # fmt: skip
    yield Row("memory_mb", many.first.rss_mb, measured={"records": many.count, "rounds": 1})
    yield Row("memory_growth", many.first.rss_mb / few.first.rss_mb, measured={
        "fewest": few.count, "most": many.count,
    })  # fmt: skip
    yield Row("store_bytes", many.store_bytes / (2 * many.count), measured={"records": many.count})
