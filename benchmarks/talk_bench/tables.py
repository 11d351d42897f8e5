"""The tables of docs/benchmarks.md and README.md, made of what was measured."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Mapping
from pathlib import Path

from talk_bench.budgets import Row
from talk_bench.sizes import FULL, Sizes

__all__ = ["BEGIN", "END", "page", "section", "write"]

BEGIN, END = "<!-- how-fast: begin -->", "<!-- how-fast: end -->"
"""Between them is the section of README.md that the benchmark writes."""
PEER = "peer_"
SHORT = (
    "read_typed", "read_first", "rescan", "creates", "creates_50ms", "incremental",
    "two_way_first", "two_way_idle", "memory_mb", "store_bytes", "start_help",
)  # fmt: skip
"""The rows that README.md shows, beside the peers'."""
UNITS = (("_per_s", "/s"), ("_us", " µs"), ("_mb", " MB"), ("_s", " s"))
OTHERS_DO = {
    "read_dlt": "loads into files one way; detects no change, keeps no links",
    "read_singer": "writes messages to its output; stores nothing",
    "read_airbyte": "writes messages to its output; stores nothing",
    "pipe_dlt": "no links: a second run creates all again, a killed one what was in flight",
    "pipe_singer": "no links: a second run, also after a killed one, creates all again",
    "first_vdirsyncer": "files instead of HTTP, whole cards instead of properties, ids shared",
    "idle_vdirsyncer": "files instead of HTTP, and it looks at every file",
    "changes_vdirsyncer": "files instead of HTTP, whole cards instead of properties",
}
"""What is not comparable, peer by peer, in a line each."""
INTRO = """\
# How fast it is

Written by `nox -s bench -- {option}--write-docs`; do not edit it.

Every figure is a ratio within one run on one machine. A floor is what the same machine does, on the
same server and the same records, with nothing but the necessary calls: httpx, orjson, pydantic,
sqlite3, a bare interpreter. All contestants of a row run in turn, A B C, A B C, each piece of work
in a process of its own; what is shown is the median of the rounds. A time counts only if the
destination's count and the hash of its content are right. Records have 26 fields and some 830
bytes, 200 a page. Seconds and megabytes are of this run alone:
{machine}.
"""
SMALL = """
These are the quick sizes: what a run costs without any record weighs more in them than in the
budgets' own, which `--full` measures.
"""
CEILING = """
The page server itself gives {read:,.0f} records a second and takes {create:,.0f}: it is not what is
measured.
"""
WHY = """
[profiles.md](profiles.md) shows where the time goes, and why a budget is not met.
"""
PEERS = """
## Peers

A value over 1 means that talk-sdk takes less time. Reading is the work without the imports, all
else whole processes.

"""


def write(root: Path, rows: Mapping[str, Row], sizes: Sizes) -> None:
    """Write the page, and the section between the markers of the README.

    Raises:
        RuntimeError: the README has no such markers.
    """
    readme = root / "README.md"
    text = readme.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise RuntimeError(f"{readme} has to have one line {BEGIN} and one line {END}.")
    head, rest = text.split(BEGIN)
    tail = rest.split(END)[1]
    readme.write_text(f"{head}{BEGIN}\n{section(rows, sizes)}{END}{tail}", encoding="utf-8")
    docs = root / "docs" / "benchmarks.md"
    docs.parent.mkdir(exist_ok=True)
    docs.write_text(page(rows, sizes), encoding="utf-8")


def page(rows: Mapping[str, Row], sizes: Sizes) -> str:
    """The whole of docs/benchmarks.md."""
    option = "" if sizes.name == "quick" else f"--{sizes.name} "
    text = INTRO.format(option=option, machine=_machine(sizes))
    text += SMALL if sizes is not FULL else ""
    read, create = rows["server_read"].value, rows["server_create"].value
    if read and create:
        text += CEILING.format(read=read, create=create)
    own = [row for name, row in rows.items() if not name.startswith((PEER, "server_"))]
    text += "\n## Budgets\n\n" + _table(
        ("what", "value", "budget", "met", "measured"),
        ((r.budget.title, _value(r), _budget(r), _met(r), _measured(r)) for r in own),
    )
    text += WHY
    peers = [(name, row) for name, row in rows.items() if name.startswith(PEER)]
    return text + PEERS + _table(
        ("what", "value", "peer", "measured", "not comparable"),
        (
            (r.budget.title, _value(r), r.note or "–", _measured(r), OTHERS_DO[n[len(PEER) :]])
            for n, r in peers
        ),
    )  # fmt: skip


def section(rows: Mapping[str, Row], sizes: Sizes) -> str:
    """The README's section: the budgets that matter most, and the peers."""
    budgets = _table(
        ("what", "value", "budget", "met"),
        ((r.budget.title, _value(r), _budget(r), _met(r)) for r in (rows[n] for n in SHORT)),
    )
    peers = _table(
        ("peer, on the same server and records", "value", "not comparable"),
        (
            (f"{r.budget.title} ({r.note or 'not measured'})", _value(r), OTHERS_DO[n[len(PEER) :]])
            for n, r in rows.items()
            if n.startswith(PEER)
        ),
    )
    return (
        "## How fast\n\n"
        "A floor is what the same machine does with nothing but the necessary calls (httpx,\n"
        "orjson, sqlite3), in the same run. A peer's value over 1 means that talk-sdk takes less\n"
        f"time. Measured with the {sizes.name} sizes; `nox -s bench` measures again, and\n"
        "[docs/benchmarks.md](docs/benchmarks.md) tells how and has all rows.\n\n"
        f"{budgets}\n{peers}"
    )


def _table(heads: Iterable[str], lines: Iterable[Iterable[str]]) -> str:
    heads = list(heads)
    shown = [heads, ["---"] * len(heads), *map(list, lines)]
    return "".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |\n" for line in shown)


def _value(row: Row) -> str:
    if row.value is None:
        return f"– ({row.reason})"
    return f"{_number(row.value)} {row.budget.unit}"


def _budget(row: Row) -> str:
    return "–" if row.budget.most is None else f"≤ {_number(row.budget.most)}"


def _met(row: Row) -> str:
    return {True: "yes", False: "**no**", None: "–"}[row.met]


def _measured(row: Row) -> str:
    return ", ".join(map(_named, row.measured.items())) or "–"


def _named(item: tuple[str, float]) -> str:
    name, value = item
    for ending, unit in UNITS:
        if name.endswith(ending):
            return f"{name.removesuffix(ending).replace('_', ' ')} {_number(value)}{unit}"
    return f"{name.replace('_', ' ')} {value:,.0f}"


def _number(value: float) -> str:
    """Three digits that count, and no more."""
    if value == 0 or abs(value) >= 100:  # noqa: PLR2004 - three digits
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _machine(sizes: Sizes) -> str:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    system = f"{platform.system()} on {platform.machine()}"
    return f"{sizes.name} sizes, Python {platform.python_version()}, {system}, {cores} cores"
