"""Plant faults in the engine, one by one, and see that the tests named for each catch it.

`python tests/mutants/run.py [NAME ...]`, with everything installed that tests need: by default all
of `patches/`. A patch begins with what it breaks and how that shows, the cheapest first:

    # Fault: One sentence.
    # Caught by: tests/engine/test_values.py::test_x
    # Caught by: simulation --seeds 1 --start 17 --systems shop,erp

Each is applied to a copy of the tree, never to the tree itself. A fault is caught if tests fail, or
a seed does; a copy that cannot even be imported proves nothing. The same tests have to pass in a
copy without any fault.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PATCHES = Path(__file__).parent / "patches"
COPIED = ("talk_sdk", "tests")
SIMULATION = "simulation "
FAILING = re.compile(r"^(?:FAILED|ERROR) (\S+)|^(seed \d+) failed:", re.MULTILINE)


@dataclass(frozen=True)
class Mutant:
    """A fault to plant: its patch, what it breaks, and the checks that catch it."""

    patch: Path
    fault: str
    checks: tuple[str, ...]

    @property
    def name(self) -> str:
        """The patch's name."""
        return self.patch.stem


@dataclass(frozen=True)
class Verdict:
    """What became of checks: those that failed, and what was wrong with the checks themselves."""

    caught: tuple[str, ...] = ()
    trouble: str = ""


def read(patch: Path) -> Mutant:
    """A patch with its header.

    Raises:
        SystemExit: the header lacks the fault, or what catches it.
    """
    head = patch.read_text(encoding="utf-8").partition("\n--- ")[0]
    faults = re.findall(r"^# Fault: (.+)$", head, re.MULTILINE)
    checks = re.findall(r"^# Caught by: (.+)$", head, re.MULTILINE)
    if len(faults) != 1 or not checks:
        raise SystemExit(
            f"{patch.name}: the header needs one `# Fault: …` and at least one `# Caught by: …`."
        )
    return Mutant(patch, faults[0], tuple(checks))


@contextmanager
def tree() -> Iterator[Path]:
    """A copy of the package and its tests, without compiled files."""
    with tempfile.TemporaryDirectory(prefix="talk-mutant-") as name:
        folder = Path(name)
        for part in COPIED:
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / part, folder / part, ignore=ignored)
        shutil.copy(ROOT / "pyproject.toml", folder)
        yield folder


def applied(patch: Path, folder: Path) -> str:
    """Apply a patch to a copy; why it does not apply, if it does not."""
    done = subprocess.run(
        ["git", "apply", str(patch)], cwd=folder, capture_output=True, text=True, check=False,
        # The folder is no repository, nor part of one that may happen to be above it.
        env={**os.environ, "GIT_CEILING_DIRECTORIES": str(folder.parent)},
    )  # fmt: skip
    return done.stderr.strip()


def judge(checks: Sequence[str], folder: Path) -> Verdict:
    """Run checks against a copy until one fails."""
    for check in checks:
        if check.startswith(SIMULATION):
            words = ["talk_sdk.testing.simulation", "--jobs", "1", "--twice", "0"]
            words += shlex.split(check.removeprefix(SIMULATION))
        else:
            words = ["pytest", "-q", "--tb=no", "-p", "no:cacheprovider", *shlex.split(check)]
        done = subprocess.run(
            [sys.executable, "-m", *words], cwd=folder, capture_output=True, text=True,
            check=False, env={**os.environ, "PYTHONPATH": str(folder)},
        )  # fmt: skip
        failed = tuple(test or seed for test, seed in FAILING.findall(done.stdout))
        if done.returncode not in {0, 1} or (done.returncode == 1 and not failed):
            return Verdict(trouble=f"`{check}` did not run: {(done.stdout + done.stderr)[-400:]}")
        if failed:
            return Verdict(failed)
    return Verdict()


def plant(mutant: Mutant) -> Verdict:
    """What a fault does to its checks."""
    with tree() as folder:
        if reason := applied(mutant.patch, folder):
            return Verdict(trouble=f"the patch does not apply any more: {reason}")
        return judge(mutant.checks, folder)


def sound(mutants: Sequence[Mutant]) -> str:
    """Why checks prove nothing: they fail without any fault. Empty if they pass."""
    checks = dict.fromkeys(check for mutant in mutants for check in mutant.checks)
    tests = [check for check in checks if not check.startswith(SIMULATION)]
    seeds = [check for check in checks if check.startswith(SIMULATION)]
    with tree() as folder:
        together = [" ".join(tests)] if tests else []
        verdict = judge([*together, *seeds], folder)
    return verdict.trouble or ", ".join(verdict.caught)


def tell(mutant: Mutant, verdict: Verdict) -> None:
    """Say what became of a fault."""
    sys.stdout.write(f"{mutant.name}: {mutant.fault}\n")
    for line in verdict.caught:
        sys.stdout.write(f"    caught by {line}\n")
    if verdict.trouble:
        sys.stdout.write(f"    {verdict.trouble}\n")
    elif not verdict.caught:
        sys.stdout.write("    SURVIVED\n")
    sys.stdout.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """Plant faults; 1 if one survived, or could not be planted."""
    parser = argparse.ArgumentParser(prog="tests/mutants/run.py")
    parser.add_argument("names", nargs="*", metavar="NAME", help="patches; by default all")
    parser.add_argument("--jobs", type=int, default=2, help="faults at a time")
    parser.add_argument("--list", action="store_true", help="only show them")
    options = parser.parse_args(arguments)
    known = {path.stem: read(path) for path in sorted(PATCHES.glob("*.patch"))}
    if unknown := sorted({*options.names} - known.keys()):
        parser.error(f"there is no patch {', '.join(unknown)} in {PATCHES}")
    mutants = [known[name] for name in options.names or known]
    if options.list:
        sys.stdout.writelines(f"{mutant.name}: {mutant.fault}\n" for mutant in mutants)
        return 0
    began = time.perf_counter()
    if broken := sound(mutants):
        sys.stdout.write(f"These fail without any fault, so they prove nothing: {broken}\n")
        return 1
    with ThreadPoolExecutor(options.jobs) as pool:
        verdicts = []
        for mutant, verdict in zip(mutants, pool.map(plant, mutants), strict=True):
            tell(mutant, verdict)
            verdicts.append(verdict)
    caught = sum(bool(verdict.caught) for verdict in verdicts)
    sys.stdout.write(f"{time.perf_counter() - began:.0f} s\n")
    sys.stdout.write(f"{caught} caught, {len(mutants) - caught} survived\n")
    return 0 if caught == len(mutants) else 1


if __name__ == "__main__":
    sys.exit(main())
