"""What was read stays read, until what it means has changed."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest

from talk_sdk._store import Store, journal
from talk_sdk.testing.faults import Fault


def people(bench: Any, count: int = 3) -> None:
    for number in range(count):
        bench.control("shop").create(
            "customers",
            {"name": f"Kunde {number}", "email": f"k{number}@example.no", "newsletter": True},
        )


def reads(bench: Any) -> int:
    return int(bench.sync().read["shop", "Customer"])


def test_an_incremental_read_asks_only_for_what_changed(bench: Any) -> None:
    people(bench)
    bench.settle()
    bench.clock.advance(3600)
    bench.control("shop").edit("customers", "cus_000001", {"note": "ny"})
    assert reads(bench) == 3  # all three were written in the second of the cursor
    assert reads(bench) == 1
    assert bench.erp("customers", email="k0@example.no")["remark"] == "ny"


def test_a_changed_mapping_reads_everything_again_and_carries_old_values(bench: Any) -> None:
    people(bench)
    bench.settle()
    bench.clock.advance(3600)
    ident = "cus_000001"
    bench.source["mapping"] = {"shop.Customer": {"note": False}}
    bench.control("shop").edit("customers", ident, {"note": "skjult"})
    bench.settle()
    assert bench.erp("customers", email="k0@example.no")["remark"] in {None, ""}
    bench.clock.advance(3600)
    bench.source["mapping"] = {}
    assert reads(bench) == 3
    bench.settle()
    assert bench.erp("customers", email="k0@example.no")["remark"] == "skjult"


def test_a_pair_of_talk_toml_carries_a_custom_field(bench: Any) -> None:
    bench.source["mapping"] = {
        "shop.Customer": {"note": {"property": "notes", "lens": "truncate(5)"}},
    }
    people(bench, 1)
    bench.settle()
    (there,) = bench.control("erp").dump("customers")
    bench.control("erp").edit("customers", there["customerId"], {"remark": "mer enn fem"})
    bench.settle()
    assert bench.shop("customers", email="k0@example.no")["note"] == "mer e"
    assert bench.erp("customers", email="k0@example.no")["remark"] == "mer enn fem"


def test_a_store_that_was_lost_makes_no_duplicates(bench: Any, database: Any) -> None:
    people(bench)
    bench.control("shop").create("products", {"sku": "S-1", "title": "Stol"})
    bench.settle()
    database.lose()
    bench.settle()
    assert len(bench.control("erp").dump("customers")) == 3
    assert len(bench.control("shop").dump("customers")) == 3
    assert len(bench.control("erp").dump("products")) == 1


def test_a_restored_older_store_makes_no_duplicates_and_loses_no_edit(
    bench: Any, database: Any
) -> None:
    people(bench, 2)
    bench.settle()
    before = database.copy()
    people_after = bench.control("shop").create("customers", {"name": "Ny", "email": "n@x.no"})
    bench.control("shop").edit("customers", "cus_000001", {"note": "etter"})
    bench.settle()
    database.restore(before)
    bench.settle()
    assert people_after
    assert len(bench.control("erp").dump("customers")) == 3
    assert bench.erp("customers", email="k0@example.no")["remark"] == "etter"


@pytest.mark.parametrize("cursor", ["garbage", "12345", ""])
def test_a_cursor_that_no_server_takes_costs_one_full_read(
    bench: Any, database: Any, cursor: str
) -> None:
    people(bench)
    bench.settle()
    with closing(Store(database.url, workspace="w")) as store, store.write() as connection:
        stream = journal.stream(connection, "shop", "Customer")
        stream.cursor = cursor
        journal.save_stream(connection, stream)
    bench.control("shop").edit("customers", "cus_000001", {"note": "ny"})
    report = bench.sync()
    assert (report.problems, report.read["shop", "Customer"]) == ((), 3)
    assert bench.erp("customers", email="k0@example.no")["remark"] == "ny"
    bench.clock.advance(3600)
    bench.control("shop").edit("customers", "cus_000002", {"note": "ny"})
    bench.sync()
    assert reads(bench) == 1


def test_a_read_that_fails_for_another_reason_is_not_begun_anew(bench: Any) -> None:
    people(bench)
    bench.settle()
    bench.faults["shop"].plan([Fault(kind="server_error", path="customers", status=400, times=2)])
    bench.reset()
    report = bench.sync()
    assert len(report.problems) == 1
    assert bench.control("shop").counters()["requests"]["GET"]["customers"] == 2
