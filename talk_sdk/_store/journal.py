"""What a run has done and is about to do: intents, history, runs, streams, systems."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from msgspec import json
from sqlalchemy import Connection, delete, func, insert, select, update

from talk_sdk._store.items import moment
from talk_sdk._store.links import chunks
from talk_sdk._store.schema import history, intents, lease, streams, systems
from talk_sdk._store.schema import runs as runs_table
from talk_sdk.operations import Ran

__all__ = [
    "Intent",
    "Stream",
    "begin_run",
    "end_run",
    "history_of",
    "keep",
    "known_system",
    "last_run",
    "last_syncs",
    "last_writes",
    "moved_after",
    "moves_in",
    "note",
    "of_run",
    "open_intents",
    "record",
    "rules",
    "runs",
    "save_stream",
    "save_system",
    "set_rules",
    "settle",
    "skews",
    "stream",
    "to_review",
    "touched",
]

# A body is sent again byte for byte: its numbers stay numbers.
_ENCODER = json.Encoder(decimal_format="number")
_DECODER = json.Decoder(float_hook=Decimal)


@dataclass(slots=True)
class Intent:
    """An operation that was about to be sent. `state`: open, review or settled."""

    id: str
    run: str
    system: str
    entity: str
    kind: str
    golden: str
    link: int | None
    operation: dict[str, Any]
    sent: float
    state: str = "open"


@dataclass(slots=True)
class Stream:
    """How far an entity has been read.

    `onboarded` is when it took part for the first time, `allowance` how many of the creates that
    a person approved there are not made yet.
    """

    system: str
    entity: str
    epoch: str = ""
    cursor: str | None = None
    full_at: float | None = None
    completed: bool = False
    approved: bool = False
    marker_kept: bool = False
    onboarded: float | None = None
    allowance: int = 0


def record(connection: Connection, found: Sequence[Intent]) -> None:
    """Journal intents before they are sent."""
    if found:
        connection.execute(
            insert(intents),
            [
                {
                    "id": i.id, "run": i.run, "system": i.system, "entity": i.entity,
                    "kind": i.kind, "golden": i.golden, "link": i.link,
                    "operation": _ENCODER.encode(i.operation).decode(), "sent": i.sent,
                    "state": i.state,
                }
                for i in found
            ],
        )  # fmt: skip


def settle(connection: Connection, ids: Iterable[str]) -> None:
    """These are answered. An intent that is settled has nothing more to tell."""
    wanted = list(ids)
    if wanted:
        connection.execute(delete(intents).where(intents.c.id.in_(wanted)))


def keep(connection: Connection, intent: Intent) -> None:
    """Remember what was found out of an intent that stays open."""
    operation = _ENCODER.encode(intent.operation).decode()
    connection.execute(update(intents).where(intents.c.id == intent.id).values(operation=operation))


def to_review(connection: Connection, ident: str) -> None:
    """Nobody can tell what became of it: a person decides."""
    connection.execute(update(intents).where(intents.c.id == ident).values(state="review"))


def open_intents(connection: Connection) -> list[Intent]:
    """What was journaled and never answered, oldest first."""
    query = select(intents).where(intents.c.state != "settled").order_by(intents.c.id)
    return [
        Intent(r.id, r.run, r.system, r.entity, r.kind, r.golden, r.link,
               _DECODER.decode(r.operation), r.sent, r.state)
        for r in connection.execute(query)
    ]  # fmt: skip


def note(
    connection: Connection, run: str, at: float, kind: str, moves: Mapping[str, Sequence[Any]]
) -> None:
    """Append to history: golden id → what moved."""
    rows = [
        {"run": run, "golden": golden, "at": at, "kind": kind, "moves": json.encode(m).decode()}
        for golden, m in moves.items()
        if m
    ]
    if rows:
        connection.execute(insert(history), rows)


def history_of(connection: Connection, golden: str) -> Iterator[tuple[float, str, str, list[Any]]]:
    """(when, run, kind, [property, before, after, system, words]) of a record, oldest first."""
    query = select(history).where(history.c.golden == golden).order_by(history.c.id)
    for r in connection.execute(query):
        for move in json.decode(r.moves):
            yield r.at, r.run, r.kind, move


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
        select(runs.c.id)
        .where(runs.c.kind == "sync", runs.c.id != before)
        .order_by(runs.c.started.desc(), runs.c.id.desc())
        .limit(most)
    )
    return list(connection.scalars(query))[::-1]


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


def moved_after(connection: Connection, run: str, goldens: Iterable[str]) -> set[str]:
    """Those of the golden records of which values have moved since a run moved them."""
    found: set[str] = set()
    for page in chunks(goldens):
        mine = select(history.c.golden, func.max(history.c.id).label("last"))
        mine = mine.where(history.c.run == run, history.c.golden.in_(page))
        last = mine.group_by(history.c.golden).subquery()
        query = select(history.c.golden).join(last, last.c.golden == history.c.golden)
        moved = history.c.kind.in_(("merge", "decision", "undo"))
        found.update(connection.scalars(query.where(history.c.id > last.c.last, moved)))
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


def begin_run(connection: Connection, run: str, kind: str, at: float) -> None:
    """A run has started."""
    connection.execute(insert(runs_table).values(id=run, kind=kind, started=at))


def end_run(connection: Connection, run: str, at: float, outcome: str, summary: Any) -> None:
    """A run has ended."""
    connection.execute(
        update(runs_table)
        .where(runs_table.c.id == run)
        .values(ended=at, outcome=outcome, summary=json.encode(summary).decode())
    )


def runs(connection: Connection, *, beginning: str = "", most: int) -> list[Ran]:
    """The last runs that could write, newest first; those whose id begins so."""
    query = select(runs_table).where(runs_table.c.kind.in_(("sync", "reconcile", "undo")))
    query = query.where(runs_table.c.id.startswith(beginning, autoescape=True))
    return [
        Ran(r.id, r.kind, moment(r.started), r.outcome or "broken off",
            json.decode(r.summary or "{}").get("written", 0))
        for r in connection.execute(query.order_by(runs_table.c.id.desc()).limit(most))
    ]  # fmt: skip


def last_run(connection: Connection) -> float | None:
    """When the last sync began."""
    query = (
        select(runs_table.c.started)
        .where(runs_table.c.kind == "sync")
        .order_by(runs_table.c.id.desc())
        .limit(1)
    )
    return connection.scalar(query)


def stream(connection: Connection, system: str, entity: str) -> Stream:
    """How far an entity has been read; a new one if it never was."""
    query = select(streams).where(streams.c.system == system, streams.c.entity == entity)
    r = connection.execute(query).one_or_none()
    if r is None:
        return Stream(system, entity)
    return Stream(
        system, entity, r.epoch, r.cursor, r.full_at, bool(r.completed), bool(r.approved),
        bool(r.marker_kept), r.onboarded, r.allowance,
    )  # fmt: skip


def save_stream(connection: Connection, found: Stream) -> None:
    """Write how far an entity has been read."""
    connection.execute(
        delete(streams).where(streams.c.system == found.system, streams.c.entity == found.entity)
    )
    connection.execute(
        insert(streams).values(
            system=found.system, entity=found.entity, epoch=found.epoch, cursor=found.cursor,
            full_at=found.full_at, completed=int(found.completed), approved=int(found.approved),
            marker_kept=int(found.marker_kept), onboarded=found.onboarded,
            allowance=found.allowance,
        )
    )  # fmt: skip


def known_system(connection: Connection, name: str) -> tuple[str, str] | None:
    """(connector, account) of a system that was synchronised before."""
    r = connection.execute(select(systems).where(systems.c.name == name)).one_or_none()
    return None if r is None else (r.connector, r.account)


def save_system(
    connection: Connection, name: str, connector: str, account: str, label: str, skew: float
) -> None:
    """Remember whose account a system is, and how far its clock is from ours."""
    connection.execute(delete(systems).where(systems.c.name == name))
    connection.execute(
        insert(systems).values(
            name=name, connector=connector, account=account, account_name=label, skew=skew
        )
    )


def skews(connection: Connection) -> dict[str, float]:
    """System → seconds between its clock and ours, as last heard."""
    return {r.name: r.skew for r in connection.execute(select(systems.c.name, systems.c.skew))}


def rules(connection: Connection) -> str:
    """The digest of the rules that the last plan was made by."""
    return str(connection.scalar(select(lease.c.rules)) or "")


def set_rules(connection: Connection, digest: str) -> None:
    """Remember by which rules plans are made."""
    connection.execute(update(lease).values(rules=digest))
