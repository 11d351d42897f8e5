"""The faults of `nox -s mutants` can still be planted, and what catches them is still there."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PATCHES = sorted((Path(__file__).parent / "patches").glob("*.patch"))


@pytest.mark.parametrize("patch", PATCHES, ids=lambda path: path.stem)
def test_fault_can_still_be_planted(patch: Path) -> None:
    done = subprocess.run(
        ["git", "apply", "--check", str(patch)], cwd=ROOT, capture_output=True, text=True,
        check=False, env={**os.environ, "GIT_CEILING_DIRECTORIES": str(ROOT.parent)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("patch", PATCHES, ids=lambda path: path.stem)
def test_fault_says_what_it_is_and_what_catches_it(patch: Path) -> None:
    first, *rest = patch.read_text(encoding="utf-8").splitlines()
    assert re.fullmatch(r"# Fault: .+\.", first)
    checks = [line for line in rest if line.startswith("# Caught by: ")]
    assert checks
    for file, test in re.findall(r"(tests/\S+?\.py)::(\w+)", " ".join(checks)):
        assert f"def {test}(" in (ROOT / file).read_text(encoding="utf-8"), f"{file} has no {test}"
