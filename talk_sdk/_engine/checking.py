"""Check: what can be said of a system without reading a record."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel

from talk_sdk._engine.binding import opening_error
from talk_sdk._engine.run import Bound
from talk_sdk.operations import Check

__all__ = ["check_system"]

_SKEWED = 30.0  # seconds between two clocks from which a check warns


def check_system(bound: Bound, known: tuple[str, str] | None) -> list[Check]:
    """One sentence for each thing that was looked at; reads no record."""
    name = bound.name
    found = [Check(name, "settings", True, "The settings are complete."), *_conditions(bound)]
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


def _conditions(bound: Bound) -> Iterator[Check]:
    """Conditions of dataflows that look at fields which nobody has declared."""
    for ((system, entity), target), flow in bound.flows.named.items():
        for condition in (flow.when, flow.filter):
            if system != bound.name or condition is None:
                continue
            unknown = condition.fields - set(_fields(bound.entities[entity].model))
            if unknown:
                words = ", ".join(sorted(unknown))
                yield Check(
                    bound.name, "dataflow", True,
                    f"{entity} → {'.'.join(target)} asks for {condition.text}, and a {entity} is"
                    f" not known to have {words}: right only if that is a field of your own.",
                )  # fmt: skip


def _fields(annotation: Any) -> Iterator[str]:
    """The names of all fields of a wire model, and of the models in it."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for name, field in annotation.model_fields.items():
            yield field.alias or name
            yield from _fields(field.annotation)
    for part in get_args(annotation):
        yield from _fields(part)


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
