"""Measure talk-sdk beside its floors and its peers: `nox -s bench -- --help`."""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

from talk_bench.budgets import BUDGETS, Row
from talk_bench.sizes import FULL, QUICK, TINY, Bench
from talk_bench.suite import measure
from talk_bench.tables import write

__all__ = ["main"]

EPILOG = """
Every figure is a ratio within one run: a floor is what the same machine does with nothing but the
necessary calls, and all contestants run in turn, each piece of work in a process of its own.
Progress goes to stderr, the table to stdout.

  nox -s bench                               all rows, small sizes
  nox -s bench -- --only read_typed,creates  some rows, and what is measured with them
  nox -s bench -- --full --json FILE         the budgets' own sizes, up to 1,000,000 records
  nox -s bench -- --full --write-docs        and the tables of docs/benchmarks.md and README.md

rows:
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what is asked for."""
    options = _parse(arguments)
    with tempfile.TemporaryDirectory(prefix="talk-bench-") as folder:
        bench = Bench(options.sizes, Path(folder) / "work", options.root.absolute())
        rows = measure(bench, options.only)
    print(_table(rows))  # noqa: T201 - what was asked for
    if options.write_docs:
        write(options.root, rows, options.sizes)
    if options.json:
        text = json.dumps({name: row.as_json() for name, row in rows.items()}, indent=2)
        options.json.write_text(text + "\n", encoding="utf-8")


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    rows = "\n".join(f"  {name:<24} {budget.title}" for name, budget in BUDGETS.items())
    parser = argparse.ArgumentParser(
        prog="talk_bench", description=__doc__, epilog=EPILOG + rows,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    size = parser.add_mutually_exclusive_group()
    size.add_argument(
        "--full", dest="sizes", action="store_const", const=FULL, default=QUICK,
        help="the budgets' own sizes: takes long, and several GB of memory and of disk",
    )  # fmt: skip
    size.add_argument(
        "--tiny", dest="sizes", action="store_const", const=TINY,
        help="one round of next to nothing: shows that all works, says nothing of speed",
    )  # fmt: skip
    parser.add_argument(
        "--only",
        metavar="NAME[,NAME]",
        type=_names,
        default=set(BUDGETS),
        help="just these rows, and those that are measured together with them",
    )
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the rows there")
    parser.add_argument(
        "--write-docs",
        action="store_true",
        help="write docs/benchmarks.md and the README's section",
    )
    parser.add_argument(
        "--root", metavar="DIR", type=Path, default=Path(),
        help="the clone: where peers and documents are (%(default)s)",
    )  # fmt: skip
    options = parser.parse_args(arguments)
    if options.write_docs and (options.only != set(BUDGETS) or options.sizes is TINY):
        parser.error(
            "--write-docs needs all rows, of a size that says something: leave the rest out"
        )
    return options


def _names(text: str) -> set[str]:
    names = set(text.split(","))
    if unknown := sorted(names - set(BUDGETS)):
        raise argparse.ArgumentTypeError(f"no such row: {', '.join(unknown)}; --help lists them")
    return names


def _table(rows: dict[str, Row]) -> str:
    lines = [f"{'row':<24} {'value':>10} {'budget':>8}  unit"]
    for name, row in rows.items():
        budget = row.budget
        value = "–" if row.value is None else f"{row.value:,.2f}"
        most = "–" if budget.most is None else f"{budget.most:,.2f}"
        verdict = {True: "met", False: "NOT MET", None: row.reason or row.note}[row.met]
        lines.append(f"{name:<24} {value:>10} {most:>8}  {budget.unit}  {verdict}".rstrip())
    return "\n".join(lines)


if __name__ == "__main__":
    main()
