"""`python -m talk_sdk.testing.simulation --seeds 200`."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor

from talk_sdk.testing.simulation.dying import STEPS
from talk_sdk.testing.simulation.enough import COUNTS
from talk_sdk.testing.simulation.scenario import CONNECTORS
from talk_sdk.testing.simulation.seed import Result, run_seed
from talk_sdk.testing.simulation.ways import WAYS

ENOUGH = 200
"""So many seeds have to reach everything below."""
REACHED = (
    *(f"edit: {what}" for what in (
        "a question answered", "customer created", "field", "field, by two", "id given again",
        "key handed over", "line added", "mended",
        "line changed", "line removed", "line, by two", "lines swapped", "order created",
        "out of sight", "product created", "record deleted", "stock", "taken back",
        "twin", "twin let go",
    )),
    *(f"fault: {what}" for what in (
        "drop_after", "drop_before", "graphql_error", "late effect", "malformed", "rate_limit",
        "repeated_page",
        "server_error", "short_page", "timeout",
    )),
    *(f"storm: {what}" for what in ("rate_limit", "server_error")),
    *(f"killed at: {step}" for step in STEPS),
    *(f"decision: {what}" for what in (
        "a tie, by the order in talk.toml", "deleted elsewhere and edited here: kept",
        "edited elsewhere and deleted here: kept", "newest, by record time",
        "preferred", "you are asked", "you took a value",
        "the value typed while a write was in doubt gave way to the one that was sent",
    )),
    *(f"judged: {what}" for what in (
        "a tie", "a twin in review", "a value that waits for a person", "by record time",
    )),
    *(f"system: {what}" for what in (
        "books", "crm", "erp", "lags", "members", "outlet", "shop", "site", "skewed",
        "without idempotency_keys", "without marker",
    )),
    "system: does not say all that it has written",
    *(f"systems: {count}" for count in (2, 3, 4, 5)),
    "cannot be in books", "cannot be in members", "cannot be in site",
    *(f"way: {way}" for way in WAYS),
    *(f"policy: {what}" for what in ("ask", "newest", "prefer")),
    *(f"toggle: {what} off" for what in ("create", "update", "write")),
    *(f"on_delete: {what}" for what in ("archive", "delete")),
    "brake: tight", "followed: a deletion", "hints", "not written, as it is off",
    "pages drift under a read", "parked", "plan: operations that had changed",
    "plan: with operations", "refused by its system",
    "conflicts listed", "lost, but listed as a conflict", "review", "run: done", "run: stopped",
    COUNTS,
)  # fmt: skip
"""A kind that no seed reaches is one that is not tested."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run seeds, tell which failed; 1 if any did."""
    options = _parsed(arguments)
    began = time.perf_counter()
    counts: Counter[str] = Counter()
    failed = 0
    for result in _results(options):
        counts += result.counts
        failed += bool(result.violations)
        if options.verbose:
            _say("\n".join(result.lines))
        if result.violations:
            _tell(result, options.systems)
    for name, count in sorted(counts.items()):
        _say(f"{count:8d}  {name}")
    _say(f"{time.perf_counter() - began:.1f} s")
    enough = options.seeds >= ENOUGH and not options.systems
    missed = [name for name in REACHED if not counts[name]] if enough else []
    for name in missed:
        _say(f"never reached: {name}")
    _say(f"{options.seeds - failed} passed, {failed} failed")
    return 1 if failed or missed else 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m talk_sdk.testing.simulation")
    parser.add_argument("--seeds", type=int, default=200, help="how many")
    parser.add_argument("--start", type=int, default=0, help="the first one")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--verbose", action="store_true", help="print the traces")
    parser.add_argument(
        "--twice", type=int, default=1, metavar="N",
        help="run every Nth seed twice and compare the traces; by default all, 0 for none",
    )  # fmt: skip
    parser.add_argument(
        "--systems", type=lambda names: tuple(names.split(",")), default=(), metavar="NAME,...",
        help=f"those of every seed, of {', '.join(CONNECTORS)}; by default each seed draws its own",
    )  # fmt: skip
    return parser.parse_args(arguments)


def _results(options: argparse.Namespace) -> Iterator[Result]:
    seeds = range(options.start, options.start + options.seeds)
    work = [
        (seed, bool(options.twice) and seed % options.twice == 0, options.verbose, options.systems)
        for seed in seeds
    ]
    if options.jobs < 2 or options.seeds < 2:
        yield from map(run_seed, *zip(*work, strict=True))
        return
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(options.jobs, mp_context=spawned) as pool:
        yield from pool.map(run_seed, *zip(*work, strict=True), chunksize=2)


def _tell(result: Result, systems: Sequence[str]) -> None:
    _say(f"seed {result.seed} failed:")
    for violation in result.violations:
        _say(f"  {violation}")
    chosen = f" --systems {','.join(systems)}" if systems else ""
    _say(
        f"  python -m talk_sdk.testing.simulation --seeds 1 --start {result.seed}{chosen} --verbose"
    )


if __name__ == "__main__":
    sys.exit(main())
