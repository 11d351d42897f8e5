"""`talk` over real servers, from `init` to `status`."""

from __future__ import annotations

import json
import os
import signal
import time
from typing import Any


def test_from_init_to_status_as_a_person_types_it(empty: Any) -> None:
    code, out, _ = empty.run(*empty.init())
    assert (code, out.splitlines()[-1]) == (0, "Then type: talk check")
    code, out, _ = empty.run("check")
    assert (code, out.splitlines()[-1]) == (0, "All is well.")

    code, out, err = empty.run("plan")
    assert code == 0
    assert "erp.Customer" in out
    assert "read shop.Customer: " in err
    code, _, err = empty.run("sync")
    assert code == 3
    assert "Nothing has been written here before:\n  erp.Customer: " in err
    assert "`talk sync --yes` writes it" in err
    code, out, _ = empty.run("sync", "--yes")
    assert code in {0, 1}
    assert "Done. Writes: " in out

    code, out, _ = empty.run("plan")
    assert (code, out.splitlines()[-1]) == (0, "Nothing to write.")
    waiting, out, _ = empty.run("status")
    assert out.splitlines()[-1].startswith(
        "Waiting for somebody: " if waiting else "Nothing waits for anybody."
    )
    assert empty.run("sync")[0] == waiting


def test_what_programs_get_has_the_promised_shape(workspace: Any) -> None:
    checks = json.loads(workspace.quick("check", "--json").stdout)
    assert {tuple(check) for check in checks} == {("system", "name", "ok", "message")}
    plan = json.loads(workspace.quick("plan", "--json").stdout)
    assert list(plan) == [
        "digest", "count", "counts", "operations", "skips", "drift", "problems",
    ]  # fmt: skip
    assert plan["count"] == len(plan["operations"]) == sum(c["count"] for c in plan["counts"])
    assert {tuple(operation) for operation in plan["operations"]} <= {
        ("system", "entity", "kind", "record", "id", "changes", "reason")
    }
    report = json.loads(workspace.quick("sync", "--yes", "--json").stdout)
    assert list(report) == [
        "run", "outcome", "read", "written", "conflicts", "open", "problems", "skips", "drift",
        "unapproved", "seconds",
    ]  # fmt: skip
    status = json.loads(workspace.quick("status", "--json").stdout)
    assert list(status) == [
        "systems", "last_run", "links", "open", "dead_letters", "parked", "reviews", "conflicts",
        "dead_links", "dormant",
    ]  # fmt: skip
    assert status["systems"] == ["shop", "erp"]


def test_an_edit_is_shown_before_and_after_and_then_written(workspace: Any) -> None:
    workspace.quick("sync", "--yes")
    shop = workspace.servers.shop.control
    product = shop.create("products", {"title": "Krakk", "sku": "K-1", "price": "10.00"})
    workspace.quick("sync", "--yes")
    shop.edit("products", product, {"price": "12.50"})

    shown = workspace.quick("plan").stdout
    assert "unit_price: 10 → 12.5\n" in shown
    assert workspace.quick("sync").exit_code in {0, 1}
    rows = workspace.servers.erp.control.dump("products")
    assert [row["salesPriceMinor"] for row in rows if row["articleNo"] == "K-1"] == [1250]


def test_a_restored_system_is_told_again_and_a_run_is_taken_back(workspace: Any) -> None:
    shop, erp = workspace.servers.shop.control, workspace.servers.erp.control
    product = shop.create("products", {"title": "Krakk", "sku": "KRAKK-7", "price": "10.00"})
    workspace.quick("sync", "--yes")

    def prices() -> tuple[list[str], list[int]]:
        here = [str(row["price"]) for row in shop.dump("products") if row["sku"] == "KRAKK-7"]
        rows = (row for row in erp.dump("products") if row["articleNo"] == "KRAKK-7")
        return here, [row["salesPriceMinor"] for row in rows]

    assert workspace.quick("reconcile").stdout.startswith("Nothing differs: ")
    shop.tamper("products", product, {"price": "7.00"}, 7200.0)
    found = workspace.quick("reconcile")
    assert found.exit_code == 1
    assert f"shop.Product:{product} unit_price: 10 here, 7 there; repair: " in found.stdout
    assert prices() == (["7.00"], [1000])
    mended = workspace.quick("reconcile", "--repair", "--yes")
    assert mended.exit_code == 0, mended.output
    assert prices() == (["10.00"], [1000])

    shop.edit("products", product, {"price": "12.50"})
    run = json.loads(workspace.quick("sync", "--json").stdout)["run"]
    assert run in workspace.quick("undo").stdout
    assert "unit_price: 12.5 → 10" in workspace.quick("undo", run).stdout
    assert prices() == (["12.50"], [1250])
    assert "Undone. Writes: 2" in workspace.quick("undo", run, "--yes").stdout
    assert prices() == (["10.00"], [1000])


def test_a_second_run_says_who_holds_the_workspace(workspace: Any) -> None:
    control = workspace.servers.shop.control
    control.reset_counters()
    control.faults([{"kind": "latency", "seconds": 30, "path": "customers", "times": 1}])
    first = workspace.start("sync", "--yes")
    try:
        until = time.monotonic() + 30
        while not control.counters()["requests"].get("GET", {}).get("customers"):
            assert time.monotonic() < until, "the first run did not start"
            time.sleep(0.05)
        code, _, err = workspace.run("sync", "--yes")
        assert code == 3
        assert "error: Another run holds this workspace: talk sync on " in err
        assert f"process {first.pid}" in err
        assert workspace.quick("status").exit_code == 0
    finally:
        os.kill(first.pid, signal.SIGKILL)
        first.communicate()
        control.faults([])
    assert workspace.quick("plan").exit_code == 0
