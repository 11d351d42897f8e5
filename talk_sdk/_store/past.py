"""What history tells: of one run, of what was written last, of what was undone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from msgspec import json
from sqlalchemy import Connection, func, select

from talk_sdk._store.links import chunks
from talk_sdk._store.schema import history
from talk_sdk._store.schema import runs as known_runs

__all__ = [
    "last_syncs",
    "last_writes",
    "moves_after",
    "moves_in",
    "of_run",
    "touched",
    "undos",
]


def touched(connection: Connection, run: str) -> list[str]:
    """The golden records of which a run has told history something."""
    query = select(history.c.golden).where(history.c.run == run).distinct()
    return list(connection.scalars(query.order_by(history.c.golden)))


def of_run(
    connection: Connection, run: str, goldens: Iterable[str]
) -> dict[str, list[tuple[str, list[Any]]]]:
    """Golden id → (kind, [property, before, after, system, words]) of one run, oldest first."""
    found: dict[str, list[tuple[str, list[Any]]]] = {}
    for page in chunks(goldens):
        wanted = history.c.run == run, history.c.golden.in_(page)
        for r in connection.execute(select(history).where(*wanted).order_by(history.c.id)):
            found.setdefault(r.golden, []).extend((r.kind, move) for move in json.decode(r.moves))
    return found


def undos(connection: Connection, goldens: Iterable[str]) -> dict[str, list[tuple[str, list[Any]]]]:
    """Golden id → (run, [property, before, after, who, words]) of what was undone, oldest first."""
    found: dict[str, list[tuple[str, list[Any]]]] = {}
    for page in chunks(goldens):
        wanted = history.c.kind == "undo", history.c.golden.in_(page)
        for r in connection.execute(select(history).where(*wanted).order_by(history.c.id)):
            found.setdefault(r.golden, []).extend((r.run, move) for move in json.decode(r.moves))
    return found


def moves_after(
    connection: Connection, run: str, goldens: Iterable[str]
) -> dict[str, list[tuple[str, list[Any]]]]:
    """Golden id → (kind, [property, before, after, who, words]) of values moved since a run."""
    found: dict[str, list[tuple[str, list[Any]]]] = {}
    for page in chunks(goldens):
        mine = select(history.c.golden, func.max(history.c.id).label("last"))
        mine = mine.where(history.c.run == run, history.c.golden.in_(page))
        last = mine.group_by(history.c.golden).subquery()
        query = select(history).join(last, last.c.golden == history.c.golden)
        moved = history.c.kind.in_(("merge", "decision", "undo"))
        for r in connection.execute(query.where(history.c.id > last.c.last, moved)):
            found.setdefault(r.golden, []).extend((r.kind, move) for move in json.decode(r.moves))
    return found


def last_writes(
    connection: Connection, goldens: Iterable[str]
) -> dict[tuple[str, str, str], tuple[Any, str]]:
    """(golden id, system, property) → what was sent there last, and what became of it."""
    found: dict[tuple[str, str, str], tuple[Any, str]] = {}
    for page in chunks(goldens):
        wrote = history.c.golden.in_(page), history.c.kind == "write"
        for r in connection.execute(select(history).where(*wrote).order_by(history.c.id)):
            for name, _, after, system, words in json.decode(r.moves):
                found[r.golden, system, name] = (after, words)
    return found


def moves_in(
    connection: Connection, golden: Iterable[str], runs: Sequence[str]
) -> Iterator[tuple[str, str, str, list[Any]]]:
    """(golden id, run, kind, [property, before, after, system, words]) in some runs, in order."""
    for page in chunks(sorted(golden)):
        query = select(history).where(history.c.golden.in_(page), history.c.run.in_(runs))
        for r in connection.execute(query.order_by(history.c.id)):
            for move in json.decode(r.moves):
                yield r.golden, r.run, r.kind, move


def last_syncs(connection: Connection, before: str, most: int) -> list[str]:
    """The ids of the last runs that could write, without the present one; oldest first."""
    query = (
        select(known_runs.c.id)
        .where(known_runs.c.kind == "sync", known_runs.c.id != before)
        .order_by(known_runs.c.started.desc(), known_runs.c.id.desc())
        .limit(most)
    )
    return list(connection.scalars(query))[::-1]
