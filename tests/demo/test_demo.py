"""The demo: what it shows is judged without the engine, and the judge cannot be fooled."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from talk_sdk.cli import build
from talk_sdk.testing.demo import play
from talk_sdk.testing.demo.judge import Verdict


class SmallStage(play.Stage):
    """A stage with few records, so that a test is quick."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, parties=40, items=30, deals=40)


class SmallFullStage(play.FullStage):
    """The same for all systems."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, parties=50, items=40, deals=70)


def perform(tmp_path: Path, *options: str) -> tuple[int, dict[str, object], str]:
    target = tmp_path / "report.json"
    result = CliRunner().invoke(build(), ["demo", "--report", str(target), *options])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result.exit_code, json.loads(target.read_text()), result.output


def test_the_systems_agree_and_the_third_run_looks_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(play, "Stage", SmallStage)
    code, report, output = perform(tmp_path)
    assert (code, report["agreement"], report["duplicates"]) == (0, True, 0)
    runs = report["runs"]
    assert isinstance(runs, list)
    assert [run["name"] for run in runs] == ["first", "edits", "idle"]
    assert all(count > 0 for count in runs[0]["writes"].values())
    assert all(count > 0 for count in runs[1]["writes"].values())
    assert runs[2]["writes"] == {"shop": 0, "erp": 0, "books": 0}
    assert all(sum(found.values()) >= 3 for found in runs[2]["reads"].values())
    assert "They agree." in output


def test_a_record_altered_and_a_twin_added_behind_the_engines_back_are_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = play.Play.verdict

    def tampered(self: play.Play) -> Verdict:
        erp = self.stage.controls["erp"]
        rows = erp.dump("products")
        erp.edit("products", str(rows[0]["productId"]), {"salesPriceMinor": 123})
        customer = next(row for row in erp.dump("customers") if row["email"])
        twin = {"name": customer["name"], "email": customer["email"], "orgNo": customer["orgNo"]}
        erp.create("customers", twin)
        return honest(self)

    monkeypatch.setattr(play, "Stage", SmallStage)
    monkeypatch.setattr(play.Play, "verdict", tampered)
    code, report, output = perform(tmp_path)
    assert code != 0
    assert (report["agreement"], report["duplicates"]) == (False, 1)
    assert "They do not agree." in output


def test_a_record_altered_in_wave_and_one_missing_there_are_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = play.Play.verdict
    verdicts: list[Verdict] = []
    touched: list[str] = []

    def tampered(self: play.Play) -> Verdict:
        books = self.stage.controls["books"]
        verdicts.append(honest(self))
        invoices = [row for row in books.dump("invoices") if row["poNumber"]]
        invoice = min(invoices, key=lambda row: str(row["poNumber"]))
        books.edit("invoices", invoice["id"], {"memo": "Nobody wrote this"})
        unused = {row["customer"]["id"] for row in books.dump("invoices")}
        customers = [r for r in books.dump("customers") if r["email"] and r["id"] not in unused]
        customer = min(customers, key=lambda row: str(row["email"]))
        touched.extend([invoice["id"], invoice["poNumber"], customer["id"], "is missing in books"])
        books.delete("customers", customer["id"])
        verdicts.append(honest(self))
        return verdicts[-1]

    monkeypatch.setattr(play, "Stage", SmallStage)
    monkeypatch.setattr(play.Play, "verdict", tampered)
    code, report, _ = perform(tmp_path)
    assert code != 0
    assert (report["agreement"], report["duplicates"]) == (False, 0)
    before, after = verdicts
    assert before.faults == []
    assert any("note differs" in fault for fault in after.faults)
    assert any("is missing in books" in fault for fault in after.faults)
    # More is said of them if they are among those that people edited in the demo.
    assert all(any(name in fault for name in touched) for fault in after.faults)


def test_without_wave_a_shop_and_an_erp_play_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = {connector: name for connector, name in play.NAMES.items() if connector != "wave"}
    monkeypatch.setattr(play, "Stage", SmallStage)
    monkeypatch.setattr(SmallStage, "cast", two)
    code, report, output = perform(tmp_path)
    assert (code, report["agreement"], report["duplicates"]) == (0, True, 0)
    runs = report["runs"]
    assert isinstance(runs, list)
    assert runs[2]["writes"] == {"shop": 0, "erp": 0}
    assert "books" not in output


def test_with_all_six_systems_agree_on_what_each_can_hold_and_the_judge_sees_what_is_altered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = play.Play.verdict
    after: list[Verdict] = []

    def then_tampered(self: play.Play) -> Verdict:
        verdict = honest(self)
        _tamper(self.stage.controls)
        after.append(honest(self))
        return verdict

    monkeypatch.setattr(play, "FullStage", SmallFullStage)
    monkeypatch.setattr(play.Play, "verdict", then_tampered)
    code, report, output = perform(tmp_path, "--all")
    assert (code, report["agreement"], report["duplicates"]) == (0, True, 0), report["faults"]
    runs = report["runs"]
    assert isinstance(runs, list)
    for run in runs[:2]:
        assert set(run["writes"]) == set(play.ALL_NAMES.values())
        assert all(run["writes"].values()), run["name"]
    assert runs[2]["writes"] == dict.fromkeys(play.ALL_NAMES.values(), 0)
    for words in ("a conflict among three", "is that of", "sells 3 of the same product",
                  "takes another line out of it", "and changes a third line"):  # fmt: skip
        assert words in " ".join(output.split())

    (tampered,) = after
    assert tampered.duplicates == 1
    for words in ("crm 'Nobody wrote this'", "members 'nobody@example.no'", "is missing in crm",
                  "site '0.07'"):  # fmt: skip
        assert any(words in fault for fault in tampered.faults), (words, tampered.faults)


def _tamper(controls: Mapping[str, Any]) -> None:
    """Alter a record in webCRM, MemberCare and Squarespace each; add one, take one away."""
    crm, members, site = (controls[name] for name in ("crm", "members", "site"))
    order = next(row for row in crm.dump("opportunities") if row["OpportunityNumber"])
    crm.edit("opportunities", str(order["OpportunityId"]), {"OpportunityNote": "Nobody wrote this"})
    item = crm.dump("linked_data")[0]
    crm.delete("linked_data", str(item["QuotationLineLinkedDataItemId"]))
    company = members.dump("companies")[0]
    twin = next(row for row in members.dump("companies") if row["contacts"])
    mail = {"type": 1, "value": "nobody@example.no"}
    members.edit("companies", company["debtorAccountNumber"],
                 {"contacts": [*company["contacts"], mail]})  # fmt: skip
    members.create("companies", {
        "companyName": twin["companyName"], "category": twin["category"], "financeType": 1,
        "contacts": [{"type": c["type"], "value": c["value"]} for c in twin["contacts"]],
    })  # fmt: skip
    product = site.dump("products")[-1]  # not the one that webCRM has lost
    variant = product["variants"][0]
    price = {"currency": "NOK", "value": "0.07"}
    pricing = {**variant["pricing"], "basePrice": price}
    site.edit("products", product["id"], {"variants": [{**variant, "pricing": pricing}]})
