"""Installed plugins that watch, mask and veto, with the real engine."""

from __future__ import annotations

import importlib.metadata
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from talk_sdk._plugins import PLUGINS, load

AUDIT = """
    from pathlib import Path
    from talk_sdk import hookimpl

    @hookimpl(wrapper=True)
    def talk_write(session, operations):
        outcomes = yield
        with Path({log!r}).open("a") as file:
            for operation, outcome in zip(operations, outcomes):
                print(operation.system, operation.entity, operation.kind, outcome.kind, file=file)
        return outcomes
"""

MASK = """
    from talk_sdk import hookimpl

    @hookimpl(wrapper=True)
    def talk_inbound(system, entity, records):
        records = yield
        for record in records:
            record.pop("phone", None)
            record.get("invoiceAddress", {{}}).pop("street1", None)
        return records
"""

VETO = """
    from talk_sdk import hookimpl

    @hookimpl
    def talk_veto(system, entity, operations):
        return {{
            index: "nobody is called Kari"
            for index, operation in enumerate(operations)
            if any(change.after == "Kari" for change in operation.changes)
        }}
"""

OBSERVER = """
    from talk_sdk import hookimpl

    @hookimpl
    def talk_event(event):
        raise RuntimeError("the observer is broken")
"""


@pytest.fixture
def install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[..., Any]
) -> Callable[..., Any]:
    """Install a plugin distribution and make a bench that has it."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))

    def build(name: str, code: str, **names: object) -> Any:
        module = f"talk_{name}_{abs(hash(tmp_path))}"
        text = textwrap.dedent(code).format(**names)
        (site / f"{module}.py").write_text(text, encoding="utf-8")
        info = site / f"talk_{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: talk-{name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[{PLUGINS}]\n{name} = {module}\n")
        ours = [
            point
            for dist in importlib.metadata.distributions(path=[str(site)])
            for point in dist.entry_points
        ]
        connectors = importlib.metadata.entry_points(group="talk_sdk.connectors")
        plugins = load([*connectors, *ours])
        assert not plugins.broken
        return make(plugins=plugins)

    return build


def people(bench: Any) -> None:
    for name in ("Ola", "Kari", "Per"):
        email = f"{name.lower()}@example.no"
        bench.control("shop").create("customers", {"name": name, "email": email})


def test_an_audit_sees_every_write_with_its_outcome(install: Any, tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    bench = install("audit", AUDIT, log=str(log))
    people(bench)
    bench.settle()
    lines = log.read_text().splitlines()
    assert lines.count("erp Customer create stored") == 3


def test_a_masked_property_reaches_no_store_and_no_system_and_erases_nothing(
    install: Any, database: Any
) -> None:
    bench = install("mask", MASK)
    phone, street = "+4791234567", "Hemmelig gate 1"
    erp, shop = bench.control("erp"), bench.control("shop")
    there = erp.create(
        "customers",
        {
            "name": "Ola", "email": "ola@example.no", "phone": phone,
            "invoiceAddress": {"street1": street, "town": "Oslo"},
        },
    )  # fmt: skip
    bench.settle()
    (here,) = shop.dump("customers")
    assert here["phone"] is None
    assert here["billing"]["city"] == "Oslo"
    shop.edit("customers", here["id"], {"note": "ny", "phone": "+4798765432"})
    bench.settle()
    record = bench.erp("customers", customerId=there)
    assert (record["remark"], record["phone"]) == ("ny", phone)
    assert record["invoiceAddress"]["street1"] == street
    assert shop.dump("customers")[0]["phone"] == "+4798765432"
    for secret in (phone, street, "98765432"):
        assert secret not in database.dump()
    assert "Oslo" in database.dump()


def test_a_veto_keeps_one_write_of_a_batch_and_says_why(install: Any) -> None:
    bench = install("veto", VETO)
    people(bench)
    bench.sync()
    assert {c["name"] for c in bench.control("erp").dump("customers")} == {"Ola", "Per"}
    with bench.runner() as runner:
        (letter,) = runner.status().dead_letters
    assert "vetoed: nobody is called Kari" in letter.reason


def test_an_observer_that_raises_is_reported_and_stops_nothing(install: Any) -> None:
    bench = install("observer", OBSERVER)
    people(bench)
    report = bench.sync()
    assert report.outcome == "done"
    assert len(bench.control("erp").dump("customers")) == 3
    assert any("the observer is broken" in problem for problem in report.problems)
