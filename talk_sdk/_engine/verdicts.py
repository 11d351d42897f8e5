"""What a person decides of conflicts, as an edit of theirs: newer than all that was typed."""

from __future__ import annotations

from sqlalchemy import Connection

from talk_sdk._engine.merge import ASKED
from talk_sdk._store import GoldenRow, LinkRow, goldens, journal, links, questions
from talk_sdk.errors import ConfigError
from talk_sdk.operations import Scalar
from talk_sdk.reports import Conflict

__all__ = ["PERSON", "impose", "take"]

PERSON = "you"
"""Who history names where a person has decided."""


def take(connection: Connection, conflict: Conflict, system: str, at: float) -> None:
    """Let the value of one system stand: the next run writes it into all others.

    Raises:
        ConfigError: the system is none of those whose values are in conflict, or the record is
            no more.
    """
    if system not in conflict.values:
        known = " and ".join(conflict.values)
        raise ConfigError(f"Conflict {conflict.id} is between {known}, not {system}.")
    golden_id, name, link = questions.about(connection, conflict.id)
    found = goldens.by_id(connection, [golden_id])
    if golden_id not in found:
        raise ConfigError(f"The record of conflict {conflict.id} is no more.")
    golden = found[golden_id]
    rows = links.by_golden(connection, [golden_id]).get(golden_id, [])
    for row in rows:
        if row.id == link and row.held.get(name) == ASKED:
            del row.held[name]
            row.shadow[name] = row.pending.pop(name)
    before = golden.data.get(name)
    impose(golden, rows, name, conflict.values[system], at)
    golden.dirty = True
    goldens.save(connection, [golden])
    links.update_links(connection, rows)
    goldens.soil(connection, [golden.parent] if golden.parent else [])
    move = [name, before, golden.data[name], PERSON, f"conflict {conflict.id}: took {system}'s"]
    journal.note(connection, "", at, "decision", {golden_id: [move]})
    questions.close(connection, conflict.id, f"{PERSON} took the value of {system}")


def impose(golden: GoldenRow, rows: list[LinkRow], name: str, value: Scalar, at: float) -> None:
    """Set a golden property as a person would: every link that has the property is behind."""
    revision = golden.rev(name)
    golden.data[name] = value
    golden.revs[name] = revision + 1
    golden.prov[name] = (PERSON, at, at, False)
    for row in rows:
        if row.state in {"live", "dormant"} and name in row.shadow:
            row.behind.setdefault(name, revision)
