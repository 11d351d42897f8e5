"""What check, plan, sync and status show, and the exit codes they end with."""

from __future__ import annotations

import json
from typing import Any

import pytest

from talk_sdk.operations import Change, Check, Drift, Skip
from talk_sdk.reports import Moment, Place, Said, Why


def test_check_is_well_when_every_check_is(talk: Any) -> None:
    talk.answers["check"] = [Check("shop", "reachable", ok=True, message="in 12 ms")]

    done = talk("check")
    assert done.exit_code == 0
    assert "reachable" in done.stdout
    assert "All is well." in done.stdout


def test_check_names_what_failed(talk: Any) -> None:
    talk.answers["check"] = [
        Check("shop", "reachable", ok=True, message="in 12 ms"),
        Check("books", "authenticated", ok=False, message="the token has [expired]"),
    ]

    done = talk("check")
    assert done.exit_code == 3
    assert "FAILED" in done.stdout
    assert "the token has [expired]" in done.stdout
    assert "1 of 2 checks failed." in done.stdout


def test_check_as_json_has_every_check(talk: Any) -> None:
    talk.answers["check"] = [Check("shop", "clock", ok=False, message="9 s behind")]

    done = talk("check", "--json")
    assert done.exit_code == 3
    assert json.loads(done.stdout) == [
        {"system": "shop", "name": "clock", "ok": False, "message": "9 s behind"}
    ]


def test_plan_counts_and_lists_what_would_be_written(talk: Any, make: Any) -> None:
    create = make["operation"](2, kind="create", id=None, changes=(Change("name", None, "[b]Eva"),))
    talk.answers["plan"] = make["plan"](make["operation"](1), create)

    done = talk("plan")
    assert done.exit_code == 0
    assert "books.Customer\n" in done.stdout
    assert "update shop.Customer:1 (id B1): changed in shop" in done.stdout
    assert "email: old@x.example → new@x.example" in done.stdout
    assert "create shop.Customer:2: changed in shop" in done.stdout
    assert "      name: [b]Eva\n" in done.stdout
    assert "Writes planned: 2 (digest d1g)." in done.stdout


def test_plan_groups_operations_by_system_and_entity(talk: Any, make: Any) -> None:
    order = {"entity": "Order", "system": "shop"}
    talk.answers["plan"] = make["plan"](
        make["operation"](1), make["operation"](2, **order), make["operation"](3)
    )

    lines = talk("plan").stdout.splitlines()
    heads = [line for line in lines if line in {"books.Customer", "shop.Order"}]
    assert heads == ["books.Customer", "shop.Order"]


def test_plan_lists_a_few_of_each_entity_and_kind(talk: Any, make: Any) -> None:
    creates = [make["operation"](n, kind="create", id=None, changes=()) for n in range(60)]
    last = make["operation"](99, entity="Order")
    talk.answers["plan"] = make["plan"](*creates, last)

    default, ten, everything = (
        talk("plan"),
        talk("plan", "--limit", "10"),
        talk("plan", "--limit", "0"),
    )
    assert default.stdout.count("changed in shop") == 5 + 1
    assert "… and 55 more to create: `talk plan --limit 0` lists all." in default.stdout
    assert ten.stdout.count("changed in shop") == 10 + 1
    assert everything.stdout.count("changed in shop") == 60 + 1
    assert "more to create" not in everything.stdout


def test_plan_shows_only_the_lines_of_an_order_that_differ(talk: Any, make: Any) -> None:
    kept, old, new = {"sku": "A", "quantity": "1"}, {"sku": "B", "note": None}, {"sku": "C"}
    change = Change("lines", [kept, old], [kept, new])
    talk.answers["plan"] = make["plan"](make["operation"](1, changes=(change,)))

    shown = talk("plan").stdout
    assert "lines: 2 → 2\n        - sku B\n        + sku C\n" in shown
    assert "sku A" not in shown


def test_plan_shortens_long_values_and_keeps_them_on_one_line(talk: Any, make: Any) -> None:
    change = Change("notes", "one\ntwo", "x" * 500)
    talk.answers["plan"] = make["plan"](make["operation"](1, changes=(change,)))

    (line,) = [line for line in talk("plan").stdout.splitlines() if "notes" in line]
    assert line.strip().startswith("notes: one\\ntwo → xxx")
    assert len(line) < 200


def test_plan_tells_one_cause_of_many_skips_once(talk: Any, make: Any) -> None:
    talk.answers["plan"] = make["plan"](
        skips=[Skip("books", "Customer", f"shop.Customer:{n}", "write is off") for n in range(9)]
    )

    assert "skipped: books.Customer shop.Customer:0 and 8 more: write is off" in talk("plan").stdout


def test_plan_does_not_tell_the_problem_of_a_system_again_for_its_records(
    talk: Any, make: Any
) -> None:
    down = "books: GET /x failed."
    talk.answers["plan"] = make["plan"](
        skips=[Skip("books", "Customer", "shop.Customer:1", down)], problems=[down]
    )

    done = talk("plan")
    assert "skipped: books.Customer shop.Customer:1: books is left out\n" in done.stdout
    assert done.output.count(down) == 1


def test_plan_as_json_has_operations_skips_and_drift(talk: Any, make: Any) -> None:
    talk.answers["plan"] = make["plan"](
        make["operation"](1),
        skips=[Skip("books", "Customer", "shop.Customer:9", "write is off")],
        drift=[Drift("books", "Customer", "shop.Customer:1", "fax", "no such field")],
    )

    found = json.loads(talk("plan", "--json").stdout)
    assert found["digest"] == "d1g"
    assert found["counts"] == [
        {"system": "books", "entity": "Customer", "kind": "update", "count": 1}
    ]
    assert found["operations"] == [
        {
            "system": "books",
            "entity": "Customer",
            "kind": "update",
            "record": "shop.Customer:1",
            "id": "B1",
            "changes": [{"property": "email", "before": "old@x.example", "after": "new@x.example"}],
            "reason": "changed in shop",
        }
    ]
    assert found["skips"][0]["reason"] == "write is off"
    assert found["drift"][0]["property"] == "fax"


def test_an_empty_plan_says_so(talk: Any, make: Any) -> None:
    talk.answers["plan"] = make["plan"]()

    done = talk("plan")
    assert (done.exit_code, done.stdout) == (0, "Nothing to write.\n")


def test_a_plan_without_a_system_that_is_down_is_no_success(talk: Any, make: Any) -> None:
    talk.answers["plan"] = make["plan"](problems=["System shop is down."])

    done = talk("plan")
    assert done.exit_code == 3
    assert "problem: System shop is down." in done.stderr


@pytest.mark.parametrize(("outcome", "code"), [("done", 0), ("open", 1), ("stopped", 3)])
def test_sync_ends_with_the_code_of_its_outcome(
    talk: Any, make: Any, outcome: str, code: int
) -> None:
    talk.answers["sync"] = make["report"](outcome=outcome)

    assert talk("sync").exit_code == code


def test_sync_sums_up_what_it_did(talk: Any, make: Any) -> None:
    talk.answers["sync"] = make["report"](
        outcome="open", conflicts=2, open={"parked": 3}, problems=["System crm is down."]
    )

    done = talk("sync")
    assert "books.Customer" in done.stdout
    assert "Conflicts settled: 2." in done.stdout
    assert "Waiting for somebody: 3 parked." in done.stdout
    assert "Done. Writes: 7, in 1.2 s (run r1)." in done.stdout
    assert "problem: System crm is down." in done.stderr


def test_sync_as_json_keeps_stdout_for_the_report(talk: Any, make: Any) -> None:
    talk.answers["sync"] = make["report"]()
    talk.events = [make["event"]("collected", system="shop", entity="Customer", count=12)]

    done = talk("sync", "--json")
    found = json.loads(done.stdout)
    assert found["written"] == [
        {"system": "books", "entity": "Customer", "kind": "create", "count": 7}
    ]
    assert done.stderr == "read shop.Customer: 12\n"


def test_bars_are_not_drawn_again_after_the_question(talk: Any, make: Any) -> None:
    talk.answers["sync"], talk.terminal, talk.first = make["report"](), True, FIRST
    talk.events = [make["event"]("collected", system="shop", entity="Customer", count=12)]

    assert talk("sync", typed="y\n").stderr.count("reading") == 1


def test_a_name_is_said_once_in_what_went_wrong(talk: Any, make: Any) -> None:
    talk.answers["sync"] = make["report"]()
    talk.events = [make["event"]("left_out", system="crm", message="crm: GET /x failed.")]

    assert talk("sync").stderr == "left out: crm: GET /x failed.\n"


FIRST = {("books", "Customer"): {"create": 7, "update": 1}}


def test_the_first_write_is_asked_about_with_its_counts(talk: Any, make: Any) -> None:
    talk.answers["sync"], talk.first, talk.terminal = make["report"](), FIRST, True

    done = talk("sync", typed="y\n")
    assert talk.runner.approved == [True]
    assert "books.Customer: 7 create, 1 update" in done.stderr
    assert done.exit_code == 0


@pytest.mark.parametrize("typed", ["n\n", "\n", ""])
def test_without_a_yes_nothing_is_approved(talk: Any, make: Any, typed: str) -> None:
    talk.answers["sync"], talk.first, talk.terminal = make["report"](written={}), FIRST, True

    done = talk("sync", typed=typed)
    assert talk.runner.approved == [False]
    assert done.exit_code == 3
    assert "Not written: you said no" in done.stderr


def test_without_a_terminal_the_first_write_needs_the_option(talk: Any, make: Any) -> None:
    talk.answers["sync"], talk.first = make["report"](written={}), FIRST

    done = talk("sync", typed="y\n")
    assert talk.runner.approved == [False]
    assert done.exit_code == 3
    assert "`talk sync --yes` writes it" in done.stderr


def test_with_yes_nobody_is_asked(talk: Any, make: Any) -> None:
    talk.answers["sync"], talk.first = make["report"](), FIRST

    done = talk("sync", "--yes")
    assert talk.runner.approved == [True]
    assert done.exit_code == 0


def test_more_than_the_brakes_allow_is_approved_by_number(talk: Any, make: Any) -> None:
    talk.answers["sync"] = make["report"]()

    talk("sync")
    assert talk.runner.brakes == (0, 0)
    talk("sync", "--approve-deletes", "61", "--approve-creates", "300")
    assert talk.runner.brakes == (61, 300)


def test_a_compare_shows_what_differs_and_what_a_repair_would_do(talk: Any, make: Any) -> None:
    talk.answers["reconcile"] = make["reconciliation"]()

    done = talk("reconcile")
    assert talk.answers["repair"][0] is False
    assert done.exit_code == 1
    assert "erp.Customer" in done.stdout
    assert "says what no read has shown" in done.stdout
    assert (
        "erp.Customer:7, known as shop.Customer:17 email: a@b.no here, c@d.no there; repair: it is"
        " read, and merged as an edit." in done.stdout
    )
    assert "23 records compared" in done.stdout
    assert "1 in books to be written" in done.stdout


def test_a_repair_is_told_what_it_may_do_and_tells_what_is_left(talk: Any, make: Any) -> None:
    drift = Drift("erp", "Customer", "shop.Customer:17", "email", "'a' is kept there as 'b'")
    talk.answers["reconcile"] = make["reconciliation"](
        plan=None, report=make["report"](), repaired=3, drift=(drift,), problems=("too many",),
        outcome="stopped",
    )  # fmt: skip

    done = talk("reconcile", "--repair", "--yes", "--approve-repairs", "40")
    assert talk.answers["repair"] == (True, True, 40)
    assert done.exit_code == 3
    assert done.stderr == "problem: too many\n"
    assert "drift: erp.Customer email of shop.Customer:17: 'a' is kept there as 'b'" in done.stdout
    assert "3 records repaired" in done.stdout


def test_a_compare_that_finds_nothing_says_so(talk: Any, make: Any) -> None:
    talk.answers["reconcile"] = make["reconciliation"](counts={}, divergences=(), outcome="done")

    done = talk("reconcile")
    assert (done.exit_code, done.stdout.split(":")[0]) == (0, "Nothing differs")
    found = json.loads(talk("reconcile", "--json").stdout)
    assert (found["counts"], found["outcome"], found["report"]) == ([], "done", None)
    assert {each["system"] for each in found["compared"]} == {"shop", "erp"}


def test_the_last_runs_are_listed_for_an_undo(talk: Any, make: Any) -> None:
    talk.answers["runs"] = [make["ran"](4), make["ran"](3)]

    done = talk("undo")
    assert done.exit_code == 0
    assert done.stdout.index("01a2-4") < done.stdout.index("01a2-3")
    assert [each["written"] for each in json.loads(talk("undo", "--json").stdout)] == [4, 3]
    talk.answers["runs"] = []
    assert talk("undo").stdout == "No run has written anything yet.\n"


@pytest.mark.parametrize(("terminal", "typed"), [(False, "y\n"), (True, "n\n"), (True, "")])
def test_an_undo_is_shown_and_not_done_without_a_yes(
    talk: Any, make: Any, terminal: bool, typed: str
) -> None:
    talk.answers["plan_undo"], talk.terminal = make["undone"](), terminal

    done = talk("undo", "01a2", typed=typed)
    assert (talk.answers["planned"], "undid" in talk.answers) == ("01a2", False)
    assert "shop.Customer:17 email: c@d.no → a@b.no" in done.stdout
    assert "not undone: shop.Customer:17 name: it was edited since, by erp" in done.stdout
    assert "Writes planned: 1 in books." in done.stdout
    assert done.exit_code == 0
    assert json.loads(talk("undo", "01a2", "--json").stdout)["kept"][0]["property"] == "name"


@pytest.mark.parametrize(
    ("arguments", "typed", "run"), [(["--yes"], "", "01a2"), ([], "y\n", "01a2-3")]
)
def test_an_undo_is_done_with_a_yes(
    talk: Any, make: Any, arguments: list[str], typed: str, run: str
) -> None:
    talk.answers["plan_undo"], talk.terminal = make["undone"](), True
    talk.answers["undo"] = make["undone"](plan=None, report=make["report"]())

    done = talk("undo", "01a2", *arguments, typed=typed)
    assert talk.answers["undid"] == (run, True)
    assert "Undone. Writes: 7" in done.stdout
    assert done.exit_code == 0


def test_where_nothing_is_to_be_undone_nobody_is_asked(talk: Any, make: Any) -> None:
    talk.answers["plan_undo"], talk.terminal = make["undone"](restored=(), kept=()), True

    done = talk("undo", "01a2", typed="y\n")
    assert "There is nothing to undo." in done.stdout
    assert ("undid" in talk.answers, done.exit_code) == (False, 0)


def test_conflicts_are_shown_with_both_values(talk: Any, make: Any) -> None:
    talk.box.found = [make["conflict"](1), make["conflict"](2, waits=False)]

    done = talk("conflicts")
    assert done.exit_code == 1
    assert "shop: a@b.no; erp: c@d.no" in done.stdout
    assert [row["open"] for row in json.loads(talk("conflicts", "--json").stdout)] == [True, False]


@pytest.mark.parametrize(
    ("arguments", "chosen"),
    [(["2"], [2]), (["--of", "customer.email"], [1]), (["--every"], [1, 2])],
)
def test_conflicts_are_settled_by_number_by_property_or_all(
    talk: Any, make: Any, arguments: list[str], chosen: list[int]
) -> None:
    talk.box.found = [
        make["conflict"](1),
        make["conflict"](2, "customer.name"),
        make["conflict"](3, waits=False),
    ]

    done = talk("conflicts", *arguments, "--take", "erp")
    assert talk.box.taken == [(chosen, "erp")]
    assert f"Settled: {len(chosen)}" in done.stdout


@pytest.mark.parametrize("arguments", [["2"], ["--every"], ["--take", "shop"]])
def test_half_an_answer_settles_nothing(talk: Any, make: Any, arguments: list[str]) -> None:
    talk.box.found = [make["conflict"](2)]

    assert talk("conflicts", *arguments).exit_code == 2
    assert talk.box.taken == []


def test_questions_are_shown_with_both_sides_and_how_to_answer(talk: Any, make: Any) -> None:
    talk.box.asked = [make["review"](3)]

    done = talk("review")
    assert done.exit_code == 1
    wanted = [
        "3: shop.Customer 17",
        "several have this email",
        "email: ola@example.no",
        "could be erp.Customer:7 (linked)",
        "--link RECORD, --new, --ignore",
    ]
    for words in wanted:
        assert words in done.stdout
    assert json.loads(talk("review", "--json").stdout)[0]["candidates"][0]["linked"] is True


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        (["3", "--link", "erp.Customer:7"], (3, "link", "erp.Customer:7")),
        (["3", "--new"], (3, "new", "")),
        (["3", "--again"], (3, "again", "")),
    ],
)
def test_a_question_is_answered(talk: Any, make: Any, arguments: list[str], answer: Any) -> None:
    talk.box.asked = [make["review"](3)]

    done = talk("review", *arguments)
    assert talk.box.answered == [answer]
    assert (done.exit_code, "Settled." in done.stdout) == (0, True)


@pytest.mark.parametrize("arguments", [["3"], ["--new"], ["3", "--new", "--ignore"]])
def test_no_answer_or_two_are_none(talk: Any, make: Any, arguments: list[str]) -> None:
    talk.box.asked = [make["review"](3)]

    assert talk("review", *arguments).exit_code == 2
    assert talk.box.answered == []


def test_a_wrong_link_is_taken_apart(talk: Any) -> None:
    assert "Unlinked erp.Customer:7" in talk("review", "--unlink", "erp.Customer:7").stdout
    assert talk.box.unlinked == ["erp.Customer:7"]


def test_failed_records_are_shown_with_reason_and_on_demand_as_they_came(
    talk: Any, make: Any
) -> None:
    talk.box.letters = [make["failure"](n) for n in range(25)]

    done = talk("failed")
    assert done.exit_code == 1
    for words in ("shop.Customer:7", "could not be read: no currency", "3 times", "… and 5 more"):
        assert words in done.stdout
    assert "no@address" not in done.stdout
    assert "email: [no@address" in talk("failed", "--raw").stdout
    assert len(json.loads(talk("failed", "--json").stdout)) == 25


@pytest.mark.parametrize(
    ("arguments", "act"),
    [
        (["shop.Customer:1", "--retry"], ("retry", ["shop.Customer:1"])),
        (["--every", "--discard"], ("discard", ["shop.Customer:1", "shop.Customer:2"])),
    ],
)
def test_failed_records_are_tried_again_or_discarded(
    talk: Any, make: Any, arguments: list[str], act: Any
) -> None:
    talk.box.letters = [make["failure"](1), make["failure"](2)]

    talk("failed", *arguments)
    assert talk.box.acts == [act]


@pytest.mark.parametrize(
    "arguments", [["--retry"], ["shop.Customer:1"], ["--every", "--retry", "--discard"]]
)
def test_half_an_order_about_failed_records_does_nothing(
    talk: Any, make: Any, arguments: list[str]
) -> None:
    talk.box.letters = [make["failure"](1)]

    assert talk("failed", *arguments).exit_code == 2
    assert talk.box.acts == []


def test_a_property_is_told_with_its_history_and_what_each_system_has(talk: Any, make: Any) -> None:
    at = make["event"]("merged").at
    moment = Moment(at, "r1", "merge", "erp", "Ola", "[Kari]", "conflict: newest, by record time")
    places = (Place("shop", "Customer", "17", "Kari", "up to date"),
              Place("books", "Customer", "", None, "create is off for books.Customer"))  # fmt: skip
    said = Said("name", "[Kari]", "erp", at, (moment,), places)
    talk.answers["why"] = Why("shop.Customer:17", "erp.Customer:3", "linked", (said,))

    done = talk("why", "shop", "Customer", "17", "name")
    assert talk.answers["asked"] == ("shop", "Customer", "17", "name")
    wanted = [
        "shop.Customer:17, known as erp.Customer:3: linked",
        "name: [Kari] (said by erp, 2026-03-01 12:00)",
        "shop.Customer:17 has Kari: up to date",
        "books.Customer has –: create is off for books.Customer",
        "merge erp: Ola → [Kari], conflict: newest, by record time",
    ]
    assert [words for words in wanted if words not in done.stdout] == []
    assert "up to date" not in talk("why", "shop", "Customer", "17").stdout
    shown = json.loads(talk("why", "shop", "Customer", "17", "--json").stdout)
    assert shown["properties"][0]["moments"][0]["kind"] == "merge"


def test_a_plan_is_saved_and_what_it_does_not_have_is_listed(talk: Any, make: Any) -> None:
    talk.answers["plan"] = make["plan"](make["operation"](1))
    talk.answers["sync"] = make["report"](outcome="open", unapproved=[make["operation"](2)])

    talk("plan", "--save", "today.plan")
    assert str(talk.answers["saved"]) == "today.plan"
    done = talk("sync", "--plan", "today.plan")
    assert (str(talk.answers["plan file"]), done.exit_code) == ("today.plan", 1)
    assert "not in the plan: books.Customer" in done.stdout


def test_a_log_gets_a_line_for_each_stage_and_each_trouble(talk: Any, make: Any) -> None:
    talk.answers["sync"] = make["report"]()
    here = {"system": "shop", "entity": "Customer"}
    talk.events = [
        make["event"]("run_started"),
        make["event"]("collecting", **here, count=6),
        make["event"]("collected", **here, count=12),
        make["event"]("left_out", system="crm", message="it is down"),
        make["event"]("planned", count=7),
        make["event"]("refused", **here, record="books.Customer:1", message="no country"),
    ]

    assert talk("sync").stderr.splitlines() == [
        "read shop.Customer: 12",
        "left out: crm: it is down",
        "planned 7",
        "refused: shop.Customer books.Customer:1: no country",
    ]


def test_a_terminal_gets_bars_and_still_sees_trouble(talk: Any, make: Any) -> None:
    talk.answers["sync"], talk.terminal = make["report"](), True
    here = {"system": "shop", "entity": "Customer"}
    talk.events = [
        make["event"]("collecting", **here, count=6),
        make["event"]("collected", **here, count=12),
        make["event"]("left_out", system="crm", message="it is [down]"),
        make["event"]("applying", **here, count=1, total=7),
        make["event"]("applying", system="crm", entity="Order", count=4, total=7),
    ]

    shown = talk("sync").stderr
    assert "reading shop.Customer" in shown
    assert "12/12" in shown
    assert shown.count("writing") == 1
    assert "4/7" in shown
    assert "left out: crm: it is [down]" in shown


def test_status_is_quiet_when_nothing_waits(talk: Any, make: Any) -> None:
    talk.answers["status"] = make["status"](conflicts=[make["item"](1)])

    done = talk("status")
    assert done.exit_code == 0
    assert "Last run: 2026-03-01 12:00:00 UTC." in done.stdout
    assert "Conflicts" in done.stdout
    assert "Nothing waits for anybody." in done.stdout


def test_status_lists_what_waits_and_why(talk: Any, make: Any) -> None:
    talk.answers["status"] = make["status"](dead_letters=[make["item"](n) for n in range(25)])

    done = talk("status")
    assert done.exit_code == 1
    assert "no country [code] 3" in done.stdout
    assert "… and 5 more" in done.stdout
    assert "Waiting for somebody: 25 dead letters." in done.stdout


def test_status_as_json_has_all(talk: Any, make: Any) -> None:
    talk.answers["status"] = make["status"](
        parked=[make["item"](n) for n in range(25)], last_run=None
    )

    done = talk("status", "--json")
    found = json.loads(done.stdout)
    assert done.exit_code == 1
    assert len(found["parked"]) == 25
    assert found["links"] == [{"system": "shop", "entity": "Customer", "count": 12}]
    assert found["open"] == {"parked": 25}
    assert found["last_run"] is None
