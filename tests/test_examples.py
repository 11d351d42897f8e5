"""The example for programs: it runs, over real servers, from any thread, and is the README's."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

from talk_sdk import Runner
from talk_sdk.errors import StoreError
from talk_sdk.reports import Report
from talk_sdk.testing.serve import SimulatorProcess

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "examples" / "embed.py"
SMALL = {"parties": 8, "items": 5, "deals": 6}


@pytest.fixture
def systems() -> Iterator[dict[str, SimulatorProcess]]:
    with (
        SimulatorProcess("customwebshop", sizes=SMALL) as shop,
        SimulatorProcess("customerp", sizes=SMALL) as erp,
    ):
        yield {"shop": shop, "erp": erp}


@pytest.fixture
def workspace(tmp_path: Path, systems: dict[str, SimulatorProcess]) -> dict[str, Any]:
    return {
        "systems": {
            "shop": {
                "connector": "customwebshop", "base_url": systems["shop"].base_url + "/api",
                **systems["shop"].settings,
            },
            "erp": {
                "connector": "customerp", "base_url": systems["erp"].base_url + "/erp/v1",
                **systems["erp"].settings,
            },
        },
        "store": {"url": f"sqlite:///{tmp_path / 'talk.db'}"},
    }  # fmt: skip


@pytest.fixture
def example() -> Any:
    spec = spec_from_file_location("embed", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_example_synchronises_and_asks_before_first_writes(
    example: Any, workspace: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    report = example.keep_in_sync(workspace)

    shown = capsys.readouterr().out
    assert isinstance(report, Report)
    assert report.outcome in {"done", "open"}
    assert report.problems == ()
    assert sum(report.written.values()) > 0
    assert "create erp Customer shop.Customer:" in shown
    assert "first write into erp.Customer: {'create': " in shown
    assert example.keep_in_sync(workspace).written == {}


def test_the_example_is_a_program(workspace: dict[str, Any], tmp_path: Path) -> None:
    lines = [f"[store]\nurl = {json.dumps(workspace['store']['url'])}"]
    for name, system in workspace["systems"].items():
        lines.append(f"[systems.{name}]")
        lines += [f"{key} = {json.dumps(value)}" for key, value in system.items()]
    config = tmp_path / "talk.toml"
    config.write_text("\n".join(lines), encoding="utf-8")

    done = subprocess.run(
        [sys.executable, str(EXAMPLE), str(config)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert " writes, " in done.stdout.splitlines()[-1]


def test_the_readme_shows_the_example_itself() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    assert f"```python\n{EXAMPLE.read_text(encoding='utf-8')}```" in readme


def test_two_runners_live_in_one_process_and_work_from_other_threads(
    workspace: dict[str, Any], tmp_path: Path
) -> None:
    """Two workspaces over the same systems, side by side; neither knows of the other."""
    other = workspace | {"store": {"url": f"sqlite:///{tmp_path / 'other.db'}"}}
    writes_off = {
        name: system | {"entities": {e: {"write": False} for e in ("Customer", "Product", "Order")}}
        for name, system in workspace["systems"].items()
    }
    heard: dict[int, list[Any]] = {0: [], 1: []}
    first = Runner.from_config(workspace, on_event=heard[0].append)
    second = Runner.from_config(other | {"systems": writes_off}, on_event=heard[1].append)
    reports: dict[int, Report] = {}

    def work(number: int, runner: Runner) -> None:
        reports[number] = runner.sync(approve=True)

    threads = [threading.Thread(target=work, args=pair) for pair in enumerate((first, second))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sum(reports[0].written.values()) > 0
    assert reports[1].written == {}
    assert {event.run for event in heard[0]} == {reports[0].run}
    assert {event.run for event in heard[1]} == {reports[1].run}
    # The same runner again, from this thread.
    assert first.sync().written == {}
    first.close()
    second.close()


def test_two_runners_of_one_workspace_take_turns(workspace: dict[str, Any]) -> None:
    refused: list[str] = []

    def meddle(_event: Any) -> None:
        if not refused:
            with Runner.from_config(workspace) as second, pytest.raises(StoreError) as caught:
                second.sync(approve=True)
            refused.append(caught.value.message)

    with Runner.from_config(workspace, on_event=meddle) as first:
        first.sync(approve=True)
    assert "Another run holds this workspace: talk sync on " in refused[0]
