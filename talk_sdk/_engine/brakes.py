"""Brakes: a run that would delete or create more than is usual asks before it writes."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from sqlalchemy import Connection

from talk_sdk._config import Brakes
from talk_sdk._engine.run import Run
from talk_sdk._engine.spool import Spool
from talk_sdk._store import goldens, journal, links

__all__ = ["Approved", "brake", "used"]

Place = tuple[str, str]


class Approved(msgspec.Struct, frozen=True):
    """What a person has approved.

    `deletes` is how many records of a concept may be deleted or archived, `creates` how many may
    be created in an entity.
    """

    deletes: int = 0
    creates: int = 0


def brake(run: Run, spool: Spool, limits: Brakes, approved: Approved) -> list[str]:
    """Close what a plan would delete or create too much of; returns what there is to say.

    Nothing is written of a concept of which too much would be deleted, and nothing in an entity
    in which too much would be created.
    """
    with run.store.write() as connection:
        said = _deletes(run, connection, spool, limits, approved.deletes)
        return said + _creates(run, connection, spool, limits, approved.creates)


def _deletes(
    run: Run, connection: Connection, spool: Spool, limits: Brakes, approved: int
) -> list[str]:
    said = []
    for concept, more in spool.removals.items():
        run.removals[concept] += more
        count = run.removals[concept]
        if count <= max(limits.deletes, approved):
            continue
        known = goldens.count(connection, concept)
        most = max(limits.deletes, int(known * limits.deletes_percent / 100))
        if count <= most:
            continue
        said.append(
            f"{count} of {known} {concept} records would be deleted or archived, and without"
            f" approval it is {most} at most: no {concept} is written. `talk plan` lists them; if"
            f" they are right, run `talk sync --approve-deletes {count}`."
        )
        run.braked |= {(bound.name, entity) for bound, entity in run.mapped(concept)}
    return said


def _creates(
    run: Run, connection: Connection, spool: Spool, limits: Brakes, approved: int
) -> list[str]:
    said: list[str] = []
    there: Mapping[Place, int] | None = None
    for (system, entity), count in _planned(spool).items():
        stream = journal.stream(connection, system, entity)
        if count <= approved:
            stream.allowance = count
            journal.save_stream(connection, stream)
        if not stream.approved or count - stream.allowance <= limits.creates:
            continue
        there = links.counts(connection) if there is None else there
        known = there.get((system, entity), 0)
        most = max(limits.creates, int(known * limits.creates_percent / 100))
        if count - stream.allowance <= most:
            continue
        said.append(
            f"{count} records would be created in {system}.{entity}, which has {known}, and without"
            f" approval it is {most} at most: nothing is written there."
            f"{_stranger(run)} `talk plan` lists them; if they are right, run"
            f" `talk sync --approve-creates {count}`."
        )
        run.braked.add((system, entity))
    return said


def _planned(spool: Spool) -> dict[Place, int]:
    return {(s, e): count for (s, e, kind), count in spool.counts.items() if kind == "create"}


def _stranger(run: Run) -> str:
    """Two engines that feed each other grow without end."""
    marked = next((f"{s}.{e}:{ext}" for (s, e), ext in run.strangers.items()), None)
    if marked is None:
        return ""
    return f" Another workspace writes here, too: its mark is on {marked}."


def used(run: Run) -> None:
    """The creates that were made are allowed no more."""
    with run.store.write() as connection:
        for (system, entity, kind), count in run.written.items():
            stream = journal.stream(connection, system, entity)
            if kind == "create" and stream.allowance:
                stream.allowance = max(0, stream.allowance - count)
                journal.save_stream(connection, stream)
