"""vdirsyncer, the peer that syncs both ways: between two folders of cards."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from talk_bench.budgets import Row, missing
from talk_bench.children import Sample, run
from talk_bench.environments import Peer
from talk_bench.peers import installed
from talk_bench.records import CUSTOMER, customer
from talk_bench.rounds import Contestants, Medians, race
from talk_bench.serving import Server
from talk_bench.sizes import Bench
from talk_bench.workspace import Workspace

__all__ = ["two_way_peer"]

NAME = "vdirsyncer"
WORKS = ("first", "idle", "changes")


def two_way_peer(bench: Bench) -> Iterator[Row]:
    """The same records on both sides: a first time, again, and with some changes."""
    peers, reasons = installed(bench, [NAME])
    if reasons:
        for work in WORKS:
            yield missing(f"peer_{work}_{NAME}", reasons[NAME])
        return
    count = bench.sizes.two_way
    with Server({name: {CUSTOMER: (0, count)} for name in ("a", "b")}) as server:
        contestants = _talk(bench, server) | _cards(bench, peers[NAME])
        found = race(f"vdirsyncer {count:,}", contestants, bench.sizes.rounds)
    for work in WORKS:
        yield _row(work, found, peers[NAME].label, count)


def _row(work: str, found: dict[str, Medians], label: str, count: int) -> Row:
    theirs, ours = found[f"{NAME}, {work}"], found[f"talk-sdk, {work}"]
    return Row(
        f"peer_{work}_{NAME}", theirs.wall_s / ours.wall_s, note=label,
        measured={
            "peer_s": theirs.wall_s, "peer_rss_mb": theirs.rss_mb, "talk_s": ours.wall_s,
            "records": count, "rounds": ours.rounds,
        },
    )  # fmt: skip


def _talk(bench: Bench, server: Server) -> Contestants:
    workspace = Workspace(bench.folder / "cards-talk", server.url, ["a", "b"])
    rounds = iter(range(10**6))

    def first() -> Sample:
        workspace.forget()
        return workspace.sync()

    def changes() -> Sample:
        note = {"note": f"edit {next(rounds)}"}
        server.change("a", {f"a-c{number}": note for number in range(bench.sizes.changes)})
        sample = workspace.sync()
        if server.digest("a") != server.digest("b"):
            raise RuntimeError("What had changed in one system did not arrive in the other.")
        return sample

    return {
        "talk-sdk, first": first, "talk-sdk, idle": workspace.sync, "talk-sdk, changes": changes,
    }  # fmt: skip


def _cards(bench: Bench, found: Peer) -> Contestants:
    folder = bench.folder / "cards"
    # What it remembers is kept beside its configuration: each first time has one of its own.
    config = folder / "config"
    command = (found.bin / NAME, "-c", config)
    rounds = iter(range(10**6))

    def sync() -> Sample:
        sample = run([*command, "sync"], folder=folder)
        cards = _cards_in(folder / "a")
        if len(cards) != bench.sizes.two_way or cards != _cards_in(folder / "b"):
            raise RuntimeError(f"{NAME} has left two folders that differ, or lack something.")
        return sample

    def first() -> Sample:
        shutil.rmtree(folder, ignore_errors=True)
        for side in ("a", "b"):
            (folder / side).mkdir(parents=True)
            for number in range(bench.sizes.two_way):
                _write(folder / side, number, None)
        shutil.copyfile(found.files / "config", config)
        run([*command, "discover"], folder=folder)
        return sync()

    def changes() -> Sample:
        edit = f"edit {next(rounds)}"
        for number in range(bench.sizes.changes):
            _write(folder / "a", number, edit)
        return sync()

    works: dict[str, Callable[[], Sample]] = {"first": first, "idle": sync, "changes": changes}
    return {f"{NAME}, {work}": contestant for work, contestant in works.items()}


def _write(folder: Path, number: int, note: str | None) -> None:
    """A customer as a card (RFC 6350), each field a line."""
    content = customer(number) | ({} if note is None else {"note": note})
    fields = [f"X-{name.upper().replace('_', '-')}:{value}" for name, value in content.items()]
    lines = ["BEGIN:VCARD", "VERSION:4.0", f"UID:{number}", f"FN:{content['name']}", *fields]
    text = "\r\n".join([*lines, "END:VCARD", ""])
    (folder / f"{number}.vcf").write_text(text, encoding="utf-8", newline="")


def _cards_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.vcf")}
