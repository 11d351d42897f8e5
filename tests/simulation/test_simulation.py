from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from talk_sdk.testing.simulation import __main__ as command
from talk_sdk.testing.simulation.dialects import DIALECTS
from talk_sdk.testing.simulation.enough import lacking
from talk_sdk.testing.simulation.fields import FIELDS
from talk_sdk.testing.simulation.ledger import Ledger
from talk_sdk.testing.simulation.policies import Policies, draw_policies
from talk_sdk.testing.simulation.scenario import CONNECTORS, draw, draw_systems
from talk_sdk.testing.simulation.seed import Result, Simulation, run_seed
from talk_sdk.testing.simulation.sides import Field, placed
from talk_sdk.testing.simulation.verdicts import Listed, Verdicts
from talk_sdk.testing.simulation.views import Seen, Twin

TWO = ("shop", "erp")
TAGS = {
    connector: {kind: places["tag"] for kind, places in dialect.places.items()}
    for connector, dialect in DIALECTS.items()
}
MEMBERS = ("shop", "erp", "members")
SETS = [TWO, ("shop", "erp", "books"), ("shop", "erp", "crm"), ("shop", "erp", "outlet"), MEMBERS]


@pytest.fixture(name="quiet", params=SETS[:3], ids="-".join)
def quiet_fixture(request, tmp_path):
    simulation = Simulation(2, tmp_path, request.param)
    assert simulation.play().violations == []
    return simulation


def judged(simulation: Simulation) -> str:
    simulation.violations.clear()
    simulation.judge()
    return "\n".join(simulation.violations)


def field_of(kind: str, name: str) -> Field:
    return next(each for each in FIELDS[kind] if each.name == name)


def everywhere(simulation: Simulation, kind: str) -> dict[str, Seen]:
    """One record of a kind that every system has."""
    return all_everywhere(simulation, kind)[0]


def all_everywhere(simulation: Simulation, kind: str, lines: int = 0) -> list[dict[str, Seen]]:
    """The records of a kind that every system has, with at least so many lines."""
    found: dict[str, dict[str, Seen]] = {}
    for twin in simulation.twins.values():
        for seen in twin.view().records[kind]:
            if not seen.tag.startswith("untagged") and len(seen.lines) >= lines:
                found.setdefault(seen.tag, {})[twin.name] = seen
    return [each for _, each in sorted(found.items()) if len(each) == len(simulation.twins)]


def put(twin: Twin, seen: Seen, name: str, value: str | None) -> None:
    """A value behind everybody's back: the ledger does not know of it."""
    side = field_of(seen.kind, name).side(twin.connector)
    twin.edit(seen, placed(side.path, side.type_in(value)))


def typed(simulation: Simulation, twin: Twin, seen: Seen, name: str, value: str) -> None:
    """A value that a user typed."""
    before = twin.view()
    put(twin, seen, name, value)
    simulation.ledger.log(simulation.bench.clock.monotonic(), twin, before, twin.view())


@pytest.mark.parametrize("systems", [[], ["--systems", "shop,erp"]])
def test_command_runs_seeds_and_ends_with_the_count(systems):
    call = [sys.executable, "-m", "talk_sdk.testing.simulation", "--seeds", "4", "--jobs", "2"]
    done = subprocess.run(
        [*call, *systems], capture_output=True, text=True, timeout=120, check=False,
        env=dict(os.environ),
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "4 passed, 0 failed", done.stdout + done.stderr
    assert done.returncode == 0


@pytest.mark.parametrize("systems", SETS, ids="-".join)
def test_same_seed_goes_the_same_way_twice(systems):
    first = run_seed(2, keep=True, systems=systems)
    second = run_seed(2, keep=True, systems=systems)
    assert first.lines == second.lines
    assert first.digest == second.digest


def test_order_that_says_no_lines_yet_gets_them_though_somebody_edits_it():
    assert run_seed(51, systems=("erp", "crm")).violations == []


def test_other_seeds_go_other_ways():
    assert run_seed(2).digest != run_seed(4).digest


def test_seeds_have_systems_of_installed_connectors_in_any_order():
    connectors = set(CONNECTORS.values())
    drawn = {draw_systems(Random(seed), connectors) for seed in range(200)}
    assert {len(names) for names in drawn} == {2, 3, 4, 5}
    assert {name for names in drawn for name in names} == set(CONNECTORS)
    without = {draw_systems(Random(seed), connectors - {"wave"}) for seed in range(200)}
    assert not any("books" in names for names in without)
    orders = {tuple(draw(Random(seed), drawn.copy().pop()).systems) for seed in range(20)}
    assert len(orders) > 1


def test_two_systems_of_one_connector_hold_what_is_theirs():
    scenario = draw(Random(5), ("shop", "erp", "outlet"))
    worlds = scenario.worlds()
    shop, outlet = ({p.identity for p in worlds[name].parties} for name in ("shop", "outlet"))
    assert shop - outlet
    assert outlet - shop
    assert all(deal.number for deal in scenario.world.deals)


def test_oracle_sees_a_value_that_one_system_lost(quiet):
    for twin in quiet.twins.values():
        seen = everywhere(quiet, "customers")[twin.name]
        put(twin, seen, "last_name", "Nobody")
        assert re.search(r"I2: customers .*last_name", judged(quiet))
        put(twin, seen, "last_name", seen.values["last_name"])
        assert judged(quiet) == ""


def test_oracle_sees_what_becomes_of_customers_without_notes(tmp_path):
    simulation = Simulation(2, tmp_path, MEMBERS)
    assert simulation.play().violations == []
    for name in ("name", "phone"):
        for twin in simulation.twins.values():
            seen = everywhere(simulation, "customers")[twin.name]
            put(twin, seen, name, "999 88 777")
            assert re.search(rf"I2: customers .*{name}", judged(simulation))
            put(twin, seen, name, seen.values[name])
            assert judged(simulation) == ""
    members = simulation.twins["members"]
    seen = everywhere(simulation, "customers")["members"]
    typed(simulation, members, seen, "email", "edited@example.no")
    put(members, seen, "email", seen.values["email"])
    assert re.search(r"I3: customers .*email.*edited@example.no", judged(simulation))
    copy = placed(members.tag_path("customers"), seen.tag)
    members.create("customers", {"companyName": "Copy", **copy})
    assert re.search(r"I5: customers .* is 2 times in members", judged(simulation))


def test_oracle_sees_a_value_that_nobody_typed(quiet):
    for name, seen in everywhere(quiet, "customers").items():
        put(quiet.twins[name], seen, "first_name", "Invented")
    assert re.search(r"I4: customers .*first_name", judged(quiet))


def test_oracle_sees_a_name_that_came_back_cut(quiet):
    long = "A name that is quite a bit longer than fifty characters are"
    group = everywhere(quiet, "customers")
    shop = quiet.twins["shop"]
    typed(quiet, shop, group["shop"], "name", long)
    for name, seen in group.items():
        put(quiet.twins[name], seen, "name", long)
    assert judged(quiet) == ""
    for name, seen in group.items():
        put(quiet.twins[name], seen, "name", long[:50])
    assert re.search(r"I4: customers .*name", judged(quiet))


def test_oracle_sees_a_duplicate(quiet):
    for twin in quiet.twins.values():
        record = everywhere(quiet, "products")[twin.name]
        side = field_of("products", "name").side(twin.connector)
        copy = placed(side.path, "Copy")
        price = {"unitPrice": "1"} if twin.connector == "wave" else {}
        twin.create("products", {**copy, **price, TAGS[twin.connector]["products"]: record.tag})
        assert re.search(rf"I5: products .* is 2 times in {twin.name}", judged(quiet))


def test_oracle_sees_a_lost_edit(quiet):
    for twin in quiet.twins.values():
        seen = everywhere(quiet, "customers")[twin.name]
        typed(quiet, twin, seen, "last_name", f"Edited in {twin.name}")
        put(twin, seen, "last_name", seen.values["last_name"])
        assert re.search(rf"I3: customers .*last_name.*Edited in {twin.name}", judged(quiet))


def test_oracle_sees_a_counter_that_is_off_by_one(quiet):
    counters = {"customwebshop": "stock_quantity", "customerp": "onHand"}
    for name, seen in everywhere(quiet, "products").items():
        twin = quiet.twins[name]
        if twin.connector in counters:
            twin.control.adjust("products", seen.id, counters[twin.connector], 1)
    assert re.search(r"counter: ", judged(quiet))


def test_oracle_sees_lines_in_another_order(quiet):
    """But for orders of which a line was put in the place of another one."""
    seen = set()
    for group in all_everywhere(quiet, "orders", lines=2):
        for name, order in group.items():
            twin = quiet.twins[name]
            lines = [dict(line.raw) for line in order.lines]
            twin.edit(order, {"lines": lines[::-1]})
            if re.search(rf"I2: orders '{order.tag}': the lines stand in the order", judged(quiet)):
                seen.add(name)
            twin.edit(order, {"lines": lines})
    assert seen == quiet.twins.keys()


def test_oracle_sees_a_record_that_is_not_everywhere(quiet):
    for name, seen in everywhere(quiet, "customers").items():
        twin = quiet.twins[name]
        place = TAGS[twin.connector]["customers"]
        twin.edit(seen, {place: "tag of nobody"})
        found = judged(quiet)
        assert "nobody made customers 'tag of nobody'" in found
        assert re.search(rf"I2: customers '{seen.tag}' is in (?!.*{name}\b)", found)
        twin.edit(seen, {place: seen.tag})


def test_oracle_sees_a_conflict_that_the_older_edit_won(quiet):
    group = everywhere(quiet, "customers")
    for name, time in (("shop", 9_000_000.0), ("erp", 9_089_900.0)):
        twin = quiet.twins[name]
        before = twin.view()
        put(twin, group[name], "first_name", f"Typed in {name}")
        quiet.ledger.log(time, twin, before, twin.view())
    row = Listed(
        "customers", group["shop"].tag, "first_name", 9_099_000.0,
        {"shop": "Typed in shop", "erp": "Typed in erp"}, "shop wins: newest, by record time",
    )  # fmt: skip
    clocks = dict.fromkeys(quiet.twins, 0.0)
    verdicts = Verdicts(quiet.ledger, clocks, quiet.twins, Policies())
    assert re.search(r"G4: .* was typed \+89900\.0 s after it", "\n".join(verdicts.judge([row])))
    tie = replace(row, decision="shop wins: a tie, by the order in talk.toml")
    assert re.search(r"G4: .*: no tie", "\n".join(verdicts.judge([tie])))
    right = replace(row, decision="erp wins: newest, by record time")
    assert list(verdicts.judge([right])) == []


@pytest.mark.parametrize(
    ("rule", "decision"),
    [
        (("erp", "shop"), "shop wins: newest, by record time"),
        (("erp", "shop"), "shop wins: shop is preferred"),
        ("ask", "shop wins: a tie, by the order in talk.toml"),
        ("newest", "shop wins: shop is preferred"),
    ],
)
def test_oracle_sees_what_was_decided_against_the_policy(quiet, rule, decision):
    row = Listed("customers", "tag x", "first_name", 9.0, {"shop": "A", "erp": "B"}, decision)
    clocks = dict.fromkeys(quiet.twins, 0.0)
    told = Verdicts(
        quiet.ledger, clocks, quiet.twins, Policies(rules={"customer.first_name": rule})
    )
    assert re.search(r"policy: customers 'tag x': first_name", "\n".join(told.judge([row])))


def test_oracle_lets_a_deletion_stand_and_nothing_else_go(quiet):
    seen = next(each for each in quiet.twins["shop"].view().records["customers"]
                if each.tag not in {o.values["customer"] for o in
                                    quiet.twins["shop"].view().records["orders"]})  # fmt: skip
    before = quiet.twins["shop"].view()
    quiet.twins["shop"].control.delete("customers", seen.id)
    quiet.ledger.log(9e6, quiet.twins["shop"], before, quiet.twins["shop"].view())
    assert judged(quiet) == ""
    erp = quiet.twins["erp"]
    there = next(each for each in erp.view().records["customers"] if each.tag == seen.tag)
    quiet.ledger.homes[seen.tag].add("erp")
    erp.control.delete("customers", there.id)
    assert re.search(r"I6: customers .* is gone from erp", judged(quiet))
    record = {"name": "Back", TAGS["customwebshop"]["customers"]: seen.tag}
    quiet.twins["shop"].create("customers", record)
    assert re.search(r"I6: customers .* was made anew in shop", judged(quiet))


def test_oracle_sees_a_write_where_that_is_off(tmp_path):
    simulation = Simulation(2, tmp_path, TWO)
    off = simulation.scenario.policies.off
    assert isinstance(off, dict)
    off["erp", "customers"] = frozenset({"write"})
    assert any("customers" in each and "in erp, and that is off" in each
               for each in simulation.play().violations)  # fmt: skip


def test_seed_goes_on_until_it_counts():
    result = run_seed(2)
    assert (result.violations, result.counts["seeds that count"]) == ([], 1)
    short = Counter({"edit: field": 29, "edit: nothing new": 4, "fault: timeout": 5})
    assert lacking(2, Ledger(), short) == {"records": 20, "edits": 1, "restarts": 1}


def test_seeds_are_told_all_that_a_workspace_can_be_told():
    systems = {name: CONNECTORS[name] for name in ("shop", "erp", "site")}
    told = [draw_policies(Random(seed), systems) for seed in range(300)]
    counts = sum((each.counts() for each in told), Counter())
    assert {"policy: ask", "policy: prefer", "toggle: write off", "toggle: create off",
            "toggle: update off", "on_delete: archive", "on_delete: delete",
            "brake: tight"} <= counts.keys()  # fmt: skip


def test_oracle_sees_a_question_that_went_away_unanswered(quiet):
    quiet.ledger.asked["tag customers 1"] = (3.0, "shop")
    assert "M5: nobody is asked about 'tag customers 1' any more" in judged(quiet)


def test_kinds_that_no_seed_reached_fail_a_long_run(monkeypatch, capsys):
    monkeypatch.setattr(command, "_results", lambda _: iter([Result(0, [], Counter(), "")]))
    assert command.main(["--seeds", "200"]) == 1
    assert "never reached: fault: timeout" in capsys.readouterr().out
    assert command.main(["--seeds", "199"]) == 0
    assert command.main(["--seeds", "200", "--systems", "shop,erp"]) == 0
