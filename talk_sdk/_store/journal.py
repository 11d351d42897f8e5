"""What a run has done and is about to do: intents, history, runs, streams, systems."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import json
from sqlalchemy import Connection, bindparam, delete, insert, select, update

from talk_sdk._store.items import moment
from talk_sdk._store.schema import history, intents, lease, streams, systems
from talk_sdk._store.schema import runs as runs_table
from talk_sdk._store.statements import THESE, Chosen, Many, among_given
from talk_sdk.reports import Ran

__all__ = [
    "Intent",
    "Stream",
    "begin_run",
    "end_run",
    "history_of",
    "keep",
    "known_system",
    "last_run",
    "note",
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
]

# A body is sent again byte for byte: its numbers stay numbers.
_ENCODER = json.Encoder(decimal_format="number")
_DECODER = json.Decoder(float_hook=Decimal)


class Intent(msgspec.Struct):
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


class Stream(msgspec.Struct):
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


_RECORD = Many(insert(intents), [c.name for c in intents.c])
_SETTLE = Chosen(delete(intents).where(among_given(intents.c.id, THESE)))
_NOTE = Many(insert(history), ["run", "golden", "at", "kind", "moves"])


def record(connection: Connection, found: Sequence[Intent]) -> None:
    """Journal intents before they are sent."""
    _RECORD.execute(
        connection,
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
    _SETTLE.carry_out(connection, ids)


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
    _NOTE.execute(connection, rows)


def history_of(connection: Connection, golden: str) -> Iterator[tuple[float, str, str, list[Any]]]:
    """(when, run, kind, [property, before, after, system, words]) of a record, oldest first."""
    query = select(history).where(history.c.golden == golden).order_by(history.c.id)
    for r in connection.execute(query):
        for move in json.decode(r.moves):
            yield r.at, r.run, r.kind, move


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


_FORGET_STREAM = Many(
    delete(streams).where(
        streams.c.system == bindparam("system"), streams.c.entity == bindparam("entity")
    ),
    ["system", "entity"],
)
_SAVE_STREAM = Many(insert(streams), [c.name for c in streams.c])


def save_stream(connection: Connection, found: Stream) -> None:
    """Write how far an entity has been read."""
    row = {
        "system": found.system, "entity": found.entity, "epoch": found.epoch,
        "cursor": found.cursor, "full_at": found.full_at, "completed": int(found.completed),
        "approved": int(found.approved), "marker_kept": int(found.marker_kept),
        "onboarded": found.onboarded, "allowance": found.allowance,
    }  # fmt: skip
    _FORGET_STREAM.execute(connection, [row])
    _SAVE_STREAM.execute(connection, [row])


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
