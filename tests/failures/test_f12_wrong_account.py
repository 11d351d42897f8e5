"""F12: the wrong account after a new sign-in.

The credentials are good, the account is another one. The run stops before a single record is read
and compared: nothing is written anywhere, nothing counts as deleted, and the old account is taken
up again as if nothing had happened.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from talk_sdk.errors import SafetyError


def another(path: str, body: Any) -> Any:
    """A second company: other books, and nobody in them."""
    if path.endswith("/company"):
        return {**body, "companyId": 90126, "name": "Nordlys Eiendom AS"}
    return {**body, "items": [], "total": 0}


def test_a_run_stops_before_anything_of_another_account_is_read(
    pair: Any, between: Callable[..., None]
) -> None:
    for number in range(3):
        record = {"name": f"Kunde {number}", "email": f"k{number}@example.no"}
        pair.control("shop").create("customers", record)
    pair.quiet()
    ident = pair.row("shop", name="Kunde 1")["id"]
    pair.control("shop").edit("customers", ident, {"note": "til de riktige bøkene"})
    twin = pair.twins["erp"]
    between(pair, "erp", change=another)
    pair.reset()
    with pytest.raises(SafetyError, match=r"erp is another account now.*'90126'.*'90125'"):
        pair.sync()
    with pytest.raises(SafetyError), pair.runner() as runner:
        runner.plan()
    assert pair.writes() == {"shop": 0, "erp": 0}
    assert pair.control("shop").counters()["reads"].get("customers", 0) == 0

    pair.twins["erp"] = twin
    pair.quiet()
    assert pair.row("erp", name="Kunde 1")["remark"] == "til de riktige bøkene"
    assert not pair.status().dead_links


def test_a_first_sign_in_may_be_to_any_account(pair: Any, between: Callable[..., None]) -> None:
    between(pair, "erp", change=lambda path, body: {**body, "companyId": 7} if path.endswith(
        "/company") else body)  # fmt: skip
    pair.control("shop").create("customers", {"name": "Ola", "email": "ola@example.no"})
    pair.quiet()
    assert pair.counts() == {"shop": 1, "erp": 1}
