"""The benchmark at its smallest: it measures, it believes nothing unchecked, it shows all rows."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("talk_bench", reason="`nox -s tests` installs it")

from talk_bench.budgets import BUDGETS, Row, missing
from talk_bench.children import run
from talk_bench.environments import peer
from talk_bench.records import CUSTOMER
from talk_bench.serving import Server
from talk_bench.sizes import QUICK
from talk_bench.tables import BEGIN, END, write
from talk_bench.writing import arrived

ONLY = ("read_first", "creates", "two_way_idle", "incremental", "order_lines", "start_imports")
TOGETHER = {
    "read_typed", "creates_50ms", "two_way_first", "three_systems", "incremental_writes",
    "incremental_growth", "rescan", "memory", "memory_mb", "memory_growth", "store_bytes",
    "start_help", "start_status", *ONLY,
}  # fmt: skip


def benchmark(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "talk_bench", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_it_measures_the_engine_and_writes_a_row_for_every_budget(tmp_path: Path) -> None:
    file = tmp_path / "rows.json"
    done = benchmark(tmp_path, "--tiny", "--only", ",".join(ONLY), "--json", str(file))

    assert done.returncode == 0, done.stderr
    rows: dict[str, dict[str, Any]] = json.loads(file.read_text())
    assert list(rows) == list(BUDGETS)
    without = {name: row["reason"] for name, row in rows.items() if row["value"] is None}
    # So few records may take no measurable time.
    assert set(rows) - set(without) - {"rescan_growth"} == TOGETHER, without
    assert all(
        row["value"] > 0 for name, row in rows.items() if name in TOGETHER - {"start_imports"}
    )
    assert rows["start_imports"]["value"] == 0
    for name, row in rows.items():
        asked = BUDGETS[name]
        assert (row["budget"], row["unit"]) == (asked.most, asked.unit)
        known = row["value"] is not None and asked.most is not None
        assert row["met"] is (row["value"] <= asked.most if known else None)
    assert all(name in done.stdout for name in BUDGETS)


def test_a_time_counts_only_if_everything_has_arrived(tmp_path: Path) -> None:
    seeds = {"a": {CUSTOMER: (0, 3)}, "b": {CUSTOMER: (0, 2)}, "c": {CUSTOMER: (0, 3)}}
    sample = run([sys.executable, "-c", "pass"], folder=tmp_path)
    with Server(seeds) as server:
        assert arrived(server, sample, target="c") is sample
        with pytest.raises(RuntimeError, match="not everything arrived"):
            arrived(server, sample, target="b")
        server.change("c", {"c-c1": {"note": "another word"}})
        with pytest.raises(RuntimeError, match="not everything arrived"):
            arrived(server, sample, target="c")


def test_work_that_fails_is_no_time(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="the disk is full"):
        run([sys.executable, "-c", "raise SystemExit('the disk is full')"], folder=tmp_path)


def test_a_peer_that_cannot_be_installed_says_why(tmp_path: Path) -> None:
    files = tmp_path / "benchmarks" / "peers" / "lost"
    files.mkdir(parents=True)
    (files / "requirements.txt").write_text("./no-such-folder\n")

    with pytest.raises(RuntimeError, match=r"^\./no-such-folder could not be installed: .*folder"):
        peer(tmp_path, "lost")


def test_a_row_that_does_not_exist_is_refused_by_name(tmp_path: Path) -> None:
    done = benchmark(tmp_path, "--only", "creates,craetes")

    assert done.returncode == 2
    assert done.stderr.endswith("no such row: craetes; --help lists them\n")


def test_documents_say_what_was_measured_and_leave_the_rest_of_the_readme(tmp_path: Path) -> None:
    rows = {name: missing(name, "not asked for") for name in BUDGETS}
    rows["creates"] = Row("creates", 2.5, measured={"talk_per_s": 400.0, "records": 1000})
    rows["peer_pipe_dlt"] = Row("peer_pipe_dlt", 0.5, note="dlt 9.8")
    readme = tmp_path / "README.md"
    readme.write_text(f"# Before\n\n{BEGIN}\nold\n{END}\n\n## After\n")

    write(tmp_path, rows, QUICK)

    text, page = readme.read_text(), (tmp_path / "docs" / "benchmarks.md").read_text()
    assert text.startswith(f"# Before\n\n{BEGIN}\n## How fast\n")
    assert text.endswith(f"{END}\n\n## After\n")
    assert "\nold\n" not in text
    line = f"| {BUDGETS['creates'].title} | 2.5 × floor | ≤ 1.16 | **no** |"
    assert line in text
    assert f"{line} talk 400/s, records 1,000 |" in page
    assert "| 0.5 × talk-sdk | dlt 9.8 |" in page
    own = [budget.title for name, budget in BUDGETS.items() if not name.startswith("server_")]
    assert [title for title in own if f"| {title} |" not in page] == []
