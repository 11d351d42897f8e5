"""F17: an id is given to another record.

Somebody deletes record 7, and the next new record is 7 again. The old link is dead, and the new
record is one of its own: nothing of it is written into what was linked to the old one. Only the
same record, put back from the bin, takes up its link.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

DAY = 25 * 3600.0
IDS = {"shop": "id", "erp": "customerId"}


@pytest.fixture
def bench(pair: Any) -> Any:
    for name in ("Ola", "Kari"):
        record = {"name": name, "email": f"{name.lower()}@example.no"}
        pair.control("shop").create("customers", record)
    pair.quiet()
    return pair


def reuse(bench: Any, system: str, name: str, new: dict[str, Any]) -> None:
    control, ident = bench.control(system), str(bench.row(system, name=name)[IDS[system]])
    control.recycle("customers", ident)
    assert control.create("customers", new) == ident


def names(bench: Any) -> tuple[list[str], list[str]]:
    return tuple(sorted(row["name"] for row in bench.rows(s)) for s in IDS)  # type: ignore[return-value]


@pytest.mark.parametrize("system", IDS)
def test_a_new_record_with_the_id_of_one_that_is_gone_is_one_of_its_own(
    bench: Any, system: str
) -> None:
    control, ident = bench.control(system), str(bench.row(system, name="Ola")[IDS[system]])
    control.delete("customers", ident)
    bench.sync(after=DAY)
    control.recycle("customers", ident)
    assert control.create("customers", {"name": "Per", "email": "per@example.no"}) == ident
    bench.quiet()
    assert names(bench)[list(IDS).index(system)] == ["Kari", "Per"]
    assert names(bench)[1 - list(IDS).index(system)] == ["Kari", "Ola", "Per"]


def test_where_times_of_creation_are_told_it_need_not_have_been_seen_to_be_gone(
    bench: Any,
) -> None:
    """Deleted and given away between two reads: the time of its creation shows it."""
    shop, ident = bench.control("shop"), bench.row("shop", name="Ola")["id"]
    shop.delete("customers", ident)
    shop.recycle("customers", ident)
    assert shop.create("customers", {"name": "Per", "email": "per@example.no"}) == ident
    bench.quiet()
    assert names(bench) == (["Kari", "Per"], ["Kari", "Ola", "Per"])


def test_the_same_record_out_of_the_bin_takes_up_its_link(
    make: Callable[..., Any], follow: Mapping[str, Any]
) -> None:
    bench = make("shop", "outlet")
    ident = bench.control("shop").create("customers", {"name": "Ola", "email": "ola@example.no"})
    bench.quiet()
    bench.control("shop").delete("customers", ident)
    bench.sync(after=DAY)
    assert len(bench.status().dead_links) == 1
    bench.control("shop").restore("customers", ident)
    other = bench.row("outlet")["id"]
    bench.control("outlet").edit("customers", other, {"note": "fortsatt den samme"})
    bench.sync(after=DAY)
    bench.quiet()
    assert bench.counts() == {"shop": 1, "outlet": 1}
    assert bench.row("shop")["note"] == "fortsatt den samme"
    assert not bench.status().dead_links
