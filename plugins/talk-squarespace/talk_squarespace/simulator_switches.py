"""What no source settles of Squarespace's API: one switch each, the stricter behaviour the default.

A connector that works with the defaults and with each switch the other way round works with either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["SWITCHES"]

SWITCHES: Mapping[str, bool | float] = {
    # --- reading --------------------------------------------------------------------------------
    # Rows of a page.
    "page": 50.0,
    # Lists begin with what changed last; else with what changed first.
    "newest_first": True,
    # `modifiedAfter` and `modifiedBefore` let in what changed at these moments.
    "inclusive": False,
    # The last page has a `nextPageCursor`, too.
    "cursor_at_end": True,
    # A stock that moves moves its product's `modifiedOn`.
    "stock_touches": False,
    # An item with unlimited stock shows the last known number; else none.
    "unlimited_quantity": True,
    # `salePrice` of what is not on sale mirrors the base price; else it is "0.00".
    "sale_mirrors": False,
    # Lists with no data are null; else [].
    "null_lists": True,
    # --- writing --------------------------------------------------------------------------------
    # A description is written anew by the sanitiser; else only what is unsafe goes.
    "rewrites_html": True,
    # `shippingMeasurements` are replaced as a whole; else what is left out stays.
    "measurements_whole": True,
    # A slug that is taken is called URL_SLUG_IN_USE; else URL_SLUG_UNAVAILABLE.
    "slug_in_use": False,
    # An import must have a `subtotal`, and it must be the sum over the lines.
    "subtotal_checked": True,
    # A fulfilment needs `shipments`, which may be empty.
    "shipments_needed": True,
    # Requests a minute; over that nothing is answered for a minute.
    "per_minute": 300.0,
    # Imported orders an hour.
    "imports_per_hour": 100.0,
}
"""Name -> default."""
