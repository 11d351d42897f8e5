from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace

import pytest

from talk_sdk.testing.simulation import __main__ as command
from talk_sdk.testing.simulation.seed import Result, Simulation, run_seed
from talk_sdk.testing.simulation.verdicts import Listed, Verdicts


@pytest.fixture(name="quiet")
def quiet_fixture(tmp_path):
    simulation = Simulation(2, tmp_path)
    assert simulation.play().violations == []
    return simulation


def judged(simulation: Simulation) -> str:
    simulation.judge()
    return "\n".join(simulation.violations)


def test_command_runs_seeds_and_ends_with_the_count():
    call = [sys.executable, "-m", "talk_sdk.testing.simulation", "--seeds", "4", "--jobs", "2"]
    done = subprocess.run(
        call, capture_output=True, text=True, timeout=120, check=False, env=dict(os.environ)
    )
    assert done.stdout.splitlines()[-1] == "4 passed, 0 failed", done.stdout + done.stderr
    assert done.returncode == 0


@pytest.mark.parametrize("seed", [2, 4, 6])
def test_same_seed_goes_the_same_way_twice(seed):
    first, second = run_seed(seed, keep=True), run_seed(seed, keep=True)
    assert first.lines == second.lines
    assert first.digest == second.digest


def test_other_seeds_go_other_ways():
    assert run_seed(2).digest != run_seed(4).digest


def test_oracle_sees_a_value_that_one_system_lost(quiet):
    twin = quiet.twins["erp"]
    record = twin.control.dump("customers")[0]
    twin.control.edit("customers", str(record["customerId"]), {"contactLastName": "Nobody"})
    assert re.search(r"I2: customers .*last_name", judged(quiet))


def test_oracle_sees_a_value_that_nobody_typed(quiet):
    shop, erp = quiet.twins["shop"], quiet.twins["erp"]
    by_tag = {record["remark"]: record for record in erp.control.dump("customers")}
    record = shop.control.dump("customers")[0]
    there = by_tag[record["note"]]
    shop.control.edit("customers", record["id"], {"first_name": "Invented"})
    erp.control.edit("customers", str(there["customerId"]), {"contactFirstName": "Invented"})
    assert re.search(r"I4: customers .*first_name", judged(quiet))


def test_oracle_sees_a_name_that_came_back_cut(quiet):
    shop, erp = quiet.twins["shop"], quiet.twins["erp"]
    long = "A name that is quite a bit longer than fifty characters are"
    record = erp.control.dump("customers")[0]
    tag = record["remark"]
    (there,) = [r for r in shop.control.dump("customers") if r["note"] == tag]
    before = shop.view()
    shop.control.edit("customers", there["id"], {"name": long})
    quiet.ledger.log(0.0, shop, before, shop.view())
    erp.control.edit("customers", str(record["customerId"]), {"name": long})
    simulation = quiet
    assert judged(simulation) == ""
    shop.control.edit("customers", there["id"], {"name": long[:50]})
    assert re.search(r"I4: customers .*name", judged(simulation))


def test_oracle_sees_a_duplicate(quiet):
    twin = quiet.twins["shop"]
    record = twin.control.dump("products")[0]
    copy = {"title": record["title"], "description": record["description"], "sku": "COPY"}
    twin.control.create("products", copy)
    assert re.search(r"I5: products .* is 2 times in shop", judged(quiet))


def test_oracle_sees_a_lost_edit(quiet):
    shop = quiet.twins["shop"]
    record = shop.control.dump("customers")[0]
    before = shop.view()
    shop.control.edit("customers", record["id"], {"last_name": "Edited"})
    quiet.ledger.log(0.0, shop, before, shop.view())
    shop.control.edit("customers", record["id"], {"last_name": record["last_name"]})
    assert re.search(r"I3: customers .*last_name", judged(quiet))


def test_oracle_sees_a_counter_that_is_off_by_one(quiet):
    for twin, name in ((quiet.twins["shop"], "stock_quantity"), (quiet.twins["erp"], "onHand")):
        first = min(seen.tag for seen in twin.view().records["products"])
        (id_,) = [seen.id for seen in twin.view().records["products"] if seen.tag == first]
        twin.control.adjust("products", id_, name, 1)
    assert re.search(r"counter: ", judged(quiet))


def test_oracle_sees_lines_in_another_order(quiet):
    shop = quiet.twins["shop"]
    order = next(seen for seen in shop.view().records["orders"] if len(seen.lines) > 1)
    lines = [dict(line.raw) for line in order.lines]
    shop.control.edit("orders", order.id, {"lines": lines[::-1]})
    assert re.search(r"I2: orders .*: the lines stand in the order", judged(quiet))


def test_oracle_sees_a_conflict_that_the_older_edit_won(quiet):
    shop, erp = quiet.twins["shop"], quiet.twins["erp"]
    record = shop.view().records["customers"][0]
    (there,) = [r for r in erp.view().records["customers"] if r.tag == record.tag]
    for twin, seen, name, time in (
        (shop, record, "first_name", 9_000_000.0),
        (erp, there, "contactFirstName", 9_089_900.0),
    ):
        before = twin.view()
        twin.control.edit("customers", seen.id, {name: f"Typed in {twin.name}"})
        quiet.ledger.log(time, twin, before, twin.view())
    row = Listed(
        "customers", record.tag, "first_name", 9_099_000.0,
        {"shop": "Typed in shop", "erp": "Typed in erp"}, "shop wins: newest, by record time",
    )  # fmt: skip
    verdicts = Verdicts(quiet.ledger, {"shop": 0.0, "erp": 0.0})
    assert re.search(r"G4: .* was typed \+89900\.0 s after it", "\n".join(verdicts.judge([row])))
    tie = replace(row, decision="shop wins: a tie, by the order in talk.toml")
    assert re.search(r"G4: .*: no tie", "\n".join(verdicts.judge([tie])))
    right = replace(row, decision="erp wins: newest, by record time")
    assert list(verdicts.judge([right])) == []


def test_oracle_sees_a_question_that_went_away_unanswered(quiet):
    quiet.ledger.asked["tag customers 1"] = (3, "shop")
    assert "M5: nobody is asked about 'tag customers 1' any more" in judged(quiet)


def test_kinds_that_no_seed_reached_fail_a_long_run(monkeypatch, capsys):
    monkeypatch.setattr(command, "_results", lambda _: iter([Result(0, [], Counter(), "")]))
    assert command.main(["--seeds", "200"]) == 1
    assert "never reached: fault: timeout" in capsys.readouterr().out
    assert command.main(["--seeds", "199"]) == 0
