"""F24: nobody has changed anything that a sync could see, and yet the sides differ.

A change whose modified time did not move, one that came to light later than the cursor looks back,
a system that was restored from a backup, a value that was damaged in our own store. A sync never
sees these; a full compare does, and mends them through the same pipeline, or tells once that it
cannot. The next compare finds nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from talk_sdk.reports import Reconciliation

Found = list[tuple[str, str, str, Any, Any]]


def reconcile(bench: Any, **parts: Any) -> Reconciliation:
    """A full compare, a minute and a half after the last thing that happened."""
    bench.clock.advance(90)
    with bench.runner() as runner:
        found: Reconciliation = runner.reconcile(approve=True, **parts)
    return found


def told(found: Reconciliation) -> Found:
    return [(d.kind, d.system, d.property, d.ours, d.theirs) for d in found.divergences]


def damage(bench: Any, table: str, column: str, before: str, after: str, where: str = "") -> None:
    """What a disk, a hand or a restored backup does to our store."""
    engine = create_engine(bench.source["store"]["url"])
    with engine.begin() as connection:
        statement = f"UPDATE {table} SET {column} = replace({column}, :before, :after) {where}"
        hit = connection.execute(text(statement), {"before": before, "after": after})
    engine.dispose()
    assert hit.rowcount


def names(bench: Any) -> list[str]:
    """What the customer is called in each system."""
    return [row["name"] for s in bench.twins for row in bench.rows(s) if row["name"] != "Per"]


def mended(bench: Any) -> Reconciliation:
    """Repair, and make sure that there is nothing left to find, or to write."""
    found = reconcile(bench, repair=True)
    assert bench.quiet() == 0
    again = reconcile(bench)
    assert (again.outcome, again.counts) == ("done", {})
    return found


@pytest.fixture
def ola(pair: Any) -> Any:
    """A customer of both systems; a later one has moved the cursors past it."""
    pair.here = pair.control("shop").create("customers", {"name": "Ola", "email": "ola@x.no"})
    pair.quiet()
    pair.there = pair.row("erp")["customerId"]
    pair.clock.advance(3600)
    pair.per = pair.control("shop").create("customers", {"name": "Per", "email": "per@x.no"})
    pair.quiet()
    assert (reconcile(pair).outcome, reconcile(pair).counts) == ("done", {})
    return pair


def test_an_edit_that_did_not_move_the_modified_time_is_found_and_carried_on(ola: Any) -> None:
    ola.control("shop").tamper("customers", ola.here, {"name": "Kari"})
    assert ola.quiet() == 0
    assert names(ola) == ["Kari", "Ola"]
    found = mended(ola)
    assert told(found) == [("missed", "shop", "name", "Ola", "Kari")]
    assert (found.outcome, found.repaired) == ("done", 1)
    assert names(ola) == ["Kari", "Kari"]


def hiding(email: str) -> Callable[[str, Any], Any]:
    """A transaction that is not committed yet: lists do not have what it changed."""

    def change(_path: str, body: Any) -> Any:
        if "data" in body:
            body["data"] = [row for row in body["data"] if row.get("email") != email]
        return body

    return change


@pytest.fixture
def late(ola: Any, between: Callable[..., None]) -> Callable[[str], None]:
    """Let the cursor pass what has just been typed, before a list shows it."""

    def commit(email: str) -> None:
        shop = ola.twins["shop"].app
        between(ola, "shop", change=hiding(email))
        ola.clock.advance(600)
        ola.control("shop").edit("customers", ola.per, {"note": "går forbi"})
        ola.quiet()
        ola.replace("shop", shop)
        assert ola.quiet() == 0

    return commit


def test_a_commit_later_than_the_overlap_is_found_and_carried_on(
    ola: Any, late: Callable[[str], None]
) -> None:
    ola.control("shop").edit("customers", ola.here, {"note": "sent ute"})
    late("ola@x.no")
    assert ola.row("erp", name="Ola")["remark"] in {None, ""}
    assert told(mended(ola)) == [("missed", "shop", "notes", None, "sent ute")]
    assert ola.row("erp", name="Ola")["remark"] == "sent ute"


def test_a_record_that_no_read_has_shown_is_found_and_created(
    ola: Any, late: Callable[[str], None]
) -> None:
    ola.control("shop").create("customers", {"name": "Kari", "email": "kari@x.no"})
    late("kari@x.no")
    assert told(mended(ola)) == [("unread", "shop", "", None, None)]
    assert sorted(names(ola)) == ["Kari", "Kari", "Ola", "Ola"]


def test_a_damaged_shadow_is_put_right_and_nothing_is_written(ola: Any) -> None:
    damage(ola, "links", "shadow", "Ola", "Oda", "WHERE system = 'erp'")
    assert ola.quiet() == 0
    ola.reset()
    assert told(mended(ola)) == [("missed", "erp", "name", "Oda", "Ola")]
    assert ola.writes() == {"shop": 0, "erp": 0}


def test_a_damaged_golden_value_is_put_right_where_all_systems_agree(ola: Any) -> None:
    damage(ola, "golden", "data", "Ola", "Oda")
    assert ola.quiet() == 0
    ola.reset()
    found = mended(ola)
    assert told(found) == [("different", "shop", "name", "Oda", "Ola")]
    assert (found.repaired, ola.writes(), names(ola)) == (1, {"shop": 0, "erp": 0}, ["Ola", "Ola"])


def test_one_system_that_differs_is_told_once_more(ola: Any) -> None:
    """Its own words, and our copy of them, were restored from a backup together."""
    ola.control("erp").tamper("customers", ola.there, {"name": "Oda"})
    damage(ola, "links", "shadow", "Ola", "Oda", "WHERE system = 'erp'")
    assert ola.quiet() == 0
    assert told(mended(ola)) == [("different", "erp", "name", "Ola", "Oda")]
    assert names(ola) == ["Ola", "Ola"]


def test_a_system_that_was_restored_from_a_backup_is_told_again(ola: Any) -> None:
    ola.control("shop").edit("customers", ola.here, {"name": "Kari"})
    ola.quiet()
    ola.control("shop").tamper("customers", ola.here, {"name": "Ola"}, age_s=7200.0)
    assert ola.quiet() == 0
    assert told(mended(ola)) == [("reverted", "shop", "name", "Kari", "Ola")]
    assert names(ola) == ["Kari", "Kari"]


def test_what_a_system_makes_of_a_value_again_is_told_once_as_drift(
    ola: Any, between: Callable[..., None]
) -> None:
    def shouting(_path: str, body: Any) -> Any:
        for record in [body, *body.get("items", [])]:
            if record.get("name") == "Ola":
                record["name"] = "OLA"
        return body

    between(ola, "erp", change=shouting)
    damage(ola, "links", "shadow", "Ola", "OLA", "WHERE system = 'erp'")
    found = reconcile(ola, repair=True)
    assert told(found) == [("different", "erp", "name", "Ola", "OLA")]
    assert [(d.system, d.property) for d in found.drift] == [("erp", "name")]
    assert (found.outcome, found.repaired) == ("open", 0)
    again = reconcile(ola, repair=True)
    assert (again.outcome, again.counts, list(again.drift)) == ("done", {}, [])
