"""Check: what can be said of a system without reading a record."""

from __future__ import annotations

from talk_sdk._engine.binding import opening_error
from talk_sdk._engine.run import Bound
from talk_sdk.operations import Check

__all__ = ["check_system"]

_SKEWED = 30.0  # seconds between two clocks from which a check warns


def check_system(bound: Bound, known: tuple[str, str] | None) -> list[Check]:
    """One sentence for each thing that was looked at; reads no record."""
    name = bound.name
    found = [Check(name, "settings", True, "The settings are complete.")]
    try:
        session = bound.open()
    except Exception as error:  # noqa: BLE001 - whatever a connector raises is told
        found.append(Check(name, "connection", False, opening_error(error, bound).message))
        return found
    account = session.account
    found.append(Check(name, "connection", True, "Reached, and the credentials are accepted."))
    same = known is None or known == (bound.connector, account.id)
    words = f"The account is {account.name or account.id} ({account.id})"
    found.append(
        Check(
            name, "identity", same,
            f"{words}." if same else f"{words}, but this workspace was synchronised with"
            f" {(known or ('', ''))[1]}; use a new system name for another account.",
        )
    )  # fmt: skip
    found.append(_clock_check(bound))
    for entity, rights in session.permissions.items():
        found.append(Check(name, "permissions", True, f"{entity}: {rights}."))
    return found


def _clock_check(bound: Bound) -> Check:
    skew = bound.http.skew
    if skew is None:
        return Check(bound.name, "clock", True, "The system does not tell its time.")
    seconds = skew.total_seconds()
    if abs(seconds) <= _SKEWED:
        return Check(bound.name, "clock", True, f"Its clock and ours differ by {seconds:+.0f} s.")
    return Check(
        bound.name, "clock", True,
        f"Its clock and ours differ by {seconds:+.0f} s: edits that are closer together than that"
        " are a tie, which the order in talk.toml settles. Set the clock of this machine.",
    )  # fmt: skip
