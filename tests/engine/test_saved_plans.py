"""Saved plans: what a person has looked at is written, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from talk_sdk.errors import ConfigError, SafetyError
from talk_sdk.reports import Report


def save(bench: Any, file: Path) -> list[tuple[str, str]]:
    """Save a plan; its operations as (system, kind)."""
    bench.clock.advance(90)
    with bench.runner() as runner:
        return [(each.system, each.kind) for each in runner.plan(save=file)]


def apply(bench: Any, file: Path) -> Report:
    bench.clock.advance(90)
    bench.reset()
    with bench.runner() as runner:
        report: Report = runner.sync(plan=file)
    return report


def names(bench: Any, system: str) -> list[str]:
    return sorted(row["name"] for row in bench.control(system).dump("customers"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "today.plan"


@pytest.fixture
def pair(bench: Any) -> Any:
    """Two customers of the shop, one of them in the ERP, too."""
    shop = bench.control("shop")
    bench.ola = shop.create("customers", {"name": "Ola", "email": "ola@example.no"})
    bench.settle()
    bench.kari = shop.create("customers", {"name": "Kari", "email": "kari@example.no"})
    shop.edit("customers", bench.ola, {"phone": "22000001"})
    return bench


def test_a_saved_plan_is_applied_once_and_as_it_is(pair: Any, file: Path) -> None:
    assert save(pair, file) == [("erp", "create"), ("erp", "update")]
    assert names(pair, "erp") == ["Ola"]
    report = apply(pair, file)
    assert report.written == {("erp", "Customer", "create"): 1, ("erp", "Customer", "update"): 1}
    assert (report.outcome, report.unapproved) == ("done", ())
    again = apply(pair, file)
    assert (again.written, pair.writes()) == ({}, {"shop": 0, "erp": 0})


def test_what_came_since_or_is_another_now_waits_and_is_listed(pair: Any, file: Path) -> None:
    save(pair, file)
    shop = pair.control("shop")
    shop.edit("customers", pair.ola, {"phone": "22000002"})
    per = shop.create("customers", {"name": "Per", "email": "per@example.no"})
    report = apply(pair, file)
    assert report.written == {("erp", "Customer", "create"): 1}
    assert names(pair, "erp") == ["Kari", "Ola"]
    assert [(o.kind, o.record) for o in report.unapproved] == [
        ("create", f"shop.Customer:{per}"), ("update", f"shop.Customer:{pair.ola}"),
    ]  # fmt: skip
    assert report.outcome == "open"
    pair.settle()
    assert names(pair, "erp") == ["Kari", "Ola", "Per"]


def test_a_line_that_is_taken_out_of_the_file_is_not_written(pair: Any, file: Path) -> None:
    save(pair, file)
    head, *lines = file.read_text().splitlines()
    file.write_text("\n".join([head, *(line for line in lines if '"update"' in line)]))
    report = apply(pair, file)
    assert report.written == {("erp", "Customer", "update"): 1}
    assert [o.kind for o in report.unapproved] == ["create"]


def test_a_saved_plan_approves_the_first_write(bench: Any, file: Path) -> None:
    bench.control("shop").create("customers", {"name": "Ola", "email": "ola@example.no"})
    save(bench, file)
    assert apply(bench, file).written == {("erp", "Customer", "create"): 1}


def test_what_is_no_plan_of_this_workspace_stops_before_anything(pair: Any, file: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot be read: No such file"):
        apply(pair, file)
    file.write_text("{}\n")
    with pytest.raises(ConfigError, match=r"no saved plan: `talk plan --save`"):
        apply(pair, file)
    save(pair, file)
    head, *lines = file.read_text().splitlines()
    workspace = head.split('"workspace":"')[1].split('"')[0]
    file.write_text("\n".join([head.replace(workspace, "another"), *lines]))
    with pytest.raises(SafetyError, match="was made in another workspace"):
        apply(pair, file)
    assert names(pair, "erp") == ["Ola"]
