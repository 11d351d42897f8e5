"""Flips: properties that two systems keep changing back are frozen, and a person is told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection

from talk_sdk._engine.run import Run
from talk_sdk._store import LinkRow, items, past
from talk_sdk.operations import Scalar

__all__ = ["FROZEN", "KIND", "freeze"]

FROZEN = "frozen: it went back and forth"
"""Why a property is held in a link."""

KIND = "flip"
"""The kind of the question that it leads to."""

ROUNDS = 3
"""Runs in a row in which the value came back, after which it is no coincidence."""

ENDLESS = 2 * ROUNDS
"""The same, where each time it is another value."""


class _Move(msgspec.Struct, frozen=True):
    """An edit that was taken, in which run."""

    run: str
    system: str
    after: Scalar


class _Past(msgspec.Struct):
    """What happened to a property in the last runs: edits that were taken, and writes."""

    moves: list[_Move] = msgspec.field(default_factory=list)
    written: set[tuple[str, str]] = msgspec.field(default_factory=set)


def freeze(run: Run, connection: Connection, rows: Iterable[LinkRow]) -> None:
    """Hold what flips: an edit by the system that was just written, for rounds on end.

    People edit one after the other, too; nobody's edits follow each of our writes.
    """
    suspects = [(link, name) for link in rows for name in _edited(run, link)]
    if not suspects:
        return
    runs = past.last_syncs(connection, run.id, ENDLESS)
    if len(runs) < ROUNDS:
        return
    found = _past(connection, {link.golden or "" for link, _ in suspects}, runs)
    for link, name in suspects:
        known = found.get((link.golden or "", name))
        if known is not None and _flips(known, link.system, link.pending[name], runs):
            link.held[name] = FROZEN
            _ask(run, connection, link, name, known)


def _edited(run: Run, link: LinkRow) -> list[str]:
    said_before = link.pending.keys() & link.shadow.keys()
    mapping = run.mapping(link.system, link.entity) if said_before else None
    if mapping is None:
        return []
    counted = {*mapping.concept.counters, *mapping.concept.refs}
    return [name for name in said_before if name not in link.held and name not in counted]


def _past(
    connection: Connection, golden: Iterable[str], runs: Sequence[str]
) -> dict[tuple[str, str], _Past]:
    found: dict[tuple[str, str], _Past] = {}
    for ident, run, kind, move in past.moves_in(connection, golden, runs):
        name, _, after, system, _ = move
        seen = found.setdefault((ident, name), _Past())
        if kind == "merge":
            seen.moves.append(_Move(run, system, after))
        elif kind == "write":
            seen.written.add((run, system))
    return found


def _flips(seen: _Past, system: str, value: Any, runs: Sequence[str]) -> bool:
    """Whether the edit goes on what the runs before it have seen; `runs` are oldest first."""
    last = seen.moves[-ENDLESS:]
    rounds = 0
    for move, run in zip(reversed(last), reversed(runs), strict=False):
        if move.run != run or (run, system) not in seen.written or move.system == system:
            break
        rounds, system = rounds + 1, move.system
    values = {value, *(move.after for move in last[-ROUNDS:])}
    return rounds >= ENDLESS or (rounds >= ROUNDS and len(values) <= 2)  # noqa: PLR2004 - to and fro


def _ask(run: Run, connection: Connection, link: LinkRow, name: str, seen: _Past) -> None:
    others = sorted({move.system for move in seen.moves} - {link.system})
    reason = (
        f"{name} goes back and forth between {link.system} and {' and '.join(others)}: each changes"
        f" what the other one says. It is frozen in {link.system}; end it there, or take the pair"
        " out of one of the mappings"
    )
    place = (link.system, link.entity, link.ext)
    items.add_review(connection, *place, KIND, reason, run.now(), {"property": name})
