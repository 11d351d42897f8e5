"""F9: time zones in cursors.

The ERP takes and gives local times without a zone. An order that was edited just now is read by the
next incremental read, also in the nights in which an hour happens twice or not at all; and a zone
that is not the company's is refused before anything is read.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from talk_sdk.errors import ConfigError


def order(bench: Any) -> tuple[str, str]:
    """An order that both have, with its number and its id in the ERP."""
    shop = bench.control("shop")
    buyer = shop.create("customers", {"name": "Ola", "email": "ola@example.no"})
    shop.create("orders", {"customer_id": buyer, "lines": []})
    bench.quiet()
    row = bench.row("erp", "orders")
    return row["shopOrderNo"], str(row["orderId"])


@pytest.mark.parametrize(
    "night",
    [datetime(2027, 10, 30, 23, 20, tzinfo=UTC), datetime(2027, 3, 27, 23, 20, tzinfo=UTC)],
    ids=["an hour twice", "an hour less"],
)
def test_an_edit_is_read_at_once_in_the_nights_in_which_clocks_change(
    pair: Any, night: datetime
) -> None:
    number, ident = order(pair)
    pair.clock.advance((night - pair.clock.now()).total_seconds())
    pair.sync(after=0)
    for turn in range(8):
        pair.control("erp").edit("orders", ident, {"remark": f"nr. {turn}"})
        pair.sync(after=20)
        assert pair.row("shop", "orders", number=number)["note"] == f"nr. {turn}"
        pair.clock.advance(30 * 60)


def test_edits_on_both_sides_of_the_repeated_hour_are_in_their_order(pair: Any) -> None:
    """The later one wins, though the ERP's clock shows an earlier time for it, or none apart."""
    number, ident = order(pair)
    night = datetime(2027, 10, 31, 0, 50, tzinfo=UTC)
    pair.clock.advance((night - pair.clock.now()).total_seconds())
    pair.sync(after=0)
    here = pair.row("shop", "orders", number=number)["id"]
    pair.control("erp").edit("orders", ident, {"remark": "02:50, sommertid"})
    pair.clock.advance(3 * 3600)
    pair.control("shop").edit("orders", here, {"note": "04:50, vintertid"})
    pair.quiet()
    assert pair.row("erp", "orders")["remark"] == "04:50, vintertid"


def test_another_zone_than_the_companys_is_refused_before_anything_is_read(pair: Any) -> None:
    pair.source["systems"]["erp"]["time_zone"] = "America/New_York"
    pair.control("erp").create("customers", {"name": "Ola"})
    report = pair.sync()
    assert report.outcome == "stopped"
    assert 'write time_zone = "Europe/Oslo"' in report.problems[0]
    assert pair.counts() == {"shop": 0, "erp": 1}
    pair.source["systems"]["erp"]["time_zone"] = "Oslo"
    with pytest.raises(ConfigError, match="time_zone"):
        pair.runner()
