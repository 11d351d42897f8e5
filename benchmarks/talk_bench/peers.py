"""Peers that read, and that create A → B: each on the same server with the same records."""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from talk_bench.budgets import Row, missing
from talk_bench.children import Sample, python, run
from talk_bench.environments import Peer, peer
from talk_bench.records import CUSTOMER, customer, digest
from talk_bench.rounds import race, say
from talk_bench.serving import Server
from talk_bench.sizes import WORKERS, Bench
from talk_bench.workspace import Workspace
from talk_bench.writing import arrived

__all__ = ["installed", "piping", "reading_peers"]

MICRO = 1e6
READERS = ("dlt", "singer", "airbyte")
PIPES = ("dlt", "singer")
TALK = "talk-sdk"
CATALOG = {
    "streams": [
        {
            "stream": {
                "name": "customers",
                "json_schema": {},
                "supported_sync_modes": ["full_refresh"],
            },
            "sync_mode": "full_refresh",
            "destination_sync_mode": "append",
        }
    ]
}


def installed(bench: Bench, names: Iterable[str]) -> tuple[dict[str, Peer], dict[str, str]]:
    """Those peers that can be installed, and why the others cannot."""
    found, reasons = {}, {}
    for name in names:
        try:
            found[name] = peer(bench.root, name)
        except RuntimeError as error:
            reasons[name] = str(error)
            say(str(error))
    return found, reasons


def reading_peers(bench: Bench) -> Iterator[Row]:
    """One system, read to its end; what came out is checked after every round."""
    peers, reasons = installed(bench, READERS)
    count, folder = bench.sizes.read, bench.folder / "peers"
    with Server({"a": {CUSTOMER: (0, count)}}) as server:
        url, content = f"{server.url}/a", server.digest("a")

        def reader(name: str) -> Callable[[], Sample]:
            def read() -> Sample:
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir(parents=True)
                sample = run(_command(peers[name], name, url, folder), folder=folder)
                came = digest(_records(folder))
                if came != content:
                    raise RuntimeError(f"{name} has read {came}, not {content}.")
                return sample

            return read

        contestants = {name: reader(name) for name in peers}
        contestants[TALK] = lambda: python("work", "read", bench.folder, url=url)
        found = race(f"peers read {count:,}", contestants, bench.sizes.rounds)
    for name in READERS:
        if name in reasons:
            yield missing(f"peer_read_{name}", reasons[name])
            continue
        yield Row(
            f"peer_read_{name}", found[name].work_s / found[TALK].work_s, note=peers[name].label,
            measured={
                "peer_us": found[name].work_s / count * MICRO, "peer_wall_s": found[name].wall_s,
                "peer_rss_mb": found[name].rss_mb, "talk_us": found[TALK].work_s / count * MICRO,
                "records": count, "rounds": found[name].rounds,
            },
        )  # fmt: skip


def _command(found: Peer, name: str, url: str, folder: Path) -> list[str | Path]:
    config, catalog = folder / "config.json", folder / "catalog.json"
    config.write_text(json.dumps({"url": url}), encoding="utf-8")
    catalog.write_text(json.dumps(CATALOG), encoding="utf-8")
    arguments: dict[str, list[str | Path]] = {
        "dlt": [url, folder],
        "singer": [config, folder / "messages.jsonl"],
        "airbyte": [config, catalog, folder / "messages.jsonl"],
    }
    return [found.python, found.files / "read.py", *arguments[name]]


def _records(folder: Path) -> Iterator[dict[str, Any]]:
    """What a peer has read: in messages, or in dlt's files, which leave empty fields out."""
    messages = folder / "messages.jsonl"
    fields = customer(0)
    for file in [messages] if messages.exists() else folder.glob("out/bench/customers/*.jsonl"):
        with file.open(encoding="utf-8") as lines:
            for line in lines:
                said = json.loads(line)
                if file == messages and said["type"] != "RECORD":
                    continue
                record = said["record"] if file == messages else said
                record = record.get("data", record)
                yield {name: record.get(name) for name in fields}


def piping(bench: Bench) -> Iterator[Row]:
    """Creating A → B as the peers' documentation has it, no latency."""
    peers, reasons = installed(bench, PIPES)
    count, folder = bench.sizes.creates_peers, bench.folder / "peers"
    with Server({"a": {CUSTOMER: (0, count)}, "b": {}}) as server:
        a, b = f"{server.url}/a", f"{server.url}/b"

        def fresh() -> None:
            server.clear("b")
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)

        def dlt(items: int) -> Sample:
            fresh()
            program = peers["dlt"].files / "pipe.py"
            command = (peers["dlt"].python, program, a, b, folder)
            split = {"NORMALIZE__DATA_WRITER__FILE_MAX_ITEMS": str(items)}
            return arrived(server, run(command, folder=folder, environ=split))

        def singer() -> Sample:
            fresh()
            return arrived(
                server, run(_tap_and_target(peers["singer"], a, b, folder), folder=folder)
            )

        def talk_sdk() -> Sample:
            fresh()
            return arrived(server, Workspace(bench.folder / "pipe", server.url, ["a", "b"]).sync())

        contestants: dict[str, Callable[[], Sample]] = {TALK: talk_sdk}
        if "dlt" in peers:
            contestants["dlt"] = lambda: dlt(count)
            contestants["dlt, tuned"] = lambda: dlt(max(1, count // WORKERS))
        if "singer" in peers:
            contestants["singer"] = singer
        found = race(f"peers create {count:,}", contestants, bench.sizes.rounds)
    for name in PIPES:
        if name in reasons:
            yield missing(f"peer_pipe_{name}", reasons[name])
            continue
        tuned = {"tuned_s": found["dlt, tuned"].wall_s} if name == "dlt" else {}
        yield Row(
            f"peer_pipe_{name}", found[name].wall_s / found[TALK].wall_s, note=peers[name].label,
            measured={
                "peer_s": found[name].wall_s, "peer_rss_mb": found[name].rss_mb, **tuned,
                "talk_s": found[TALK].wall_s, "records": count, "rounds": found[name].rounds,
            },
        )  # fmt: skip


def _tap_and_target(found: Peer, a: str, b: str, folder: Path) -> list[str]:
    """`tap --config … | target --config …`, as a shell has it."""
    ends = []
    for program, url in (("tap.py", a), ("target.py", b)):
        config = folder / f"{program}.json"
        config.write_text(json.dumps({"url": url}), encoding="utf-8")
        words = map(str, (found.python, found.files / program, "--config", config))
        ends.append(shlex.join(words))
    return ["/bin/bash", "-o", "pipefail", "-c", " | ".join(ends)]
