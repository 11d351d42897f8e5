"""Undo: the values that a run replaced are golden values again, as a person's newest edit.

What it finds is in history. A property that was edited since keeps its value; a counter goes
back by what it was moved by; what was created, archived or deleted in a system stays so, and is
named.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection

from talk_sdk._engine.lines import EXISTENCE
from talk_sdk._engine.refs import names_of
from talk_sdk._engine.removals import ACTIVE
from talk_sdk._engine.run import Run
from talk_sdk._engine.steps import ARCHIVED
from talk_sdk._engine.verdicts import PERSON, impose
from talk_sdk._store import GoldenRow, LinkRow, goldens, journal, links, past
from talk_sdk.concepts import decimal_text
from talk_sdk.errors import ConfigError, MappingError
from talk_sdk.mapping import Compiled
from talk_sdk.operations import Scalar
from talk_sdk.reports import Kept, Ran, Restored

__all__ = ["Undoing", "find_run", "undo"]

COUNTED = "counted "
"""What the words of history begin with where a counter was moved by a difference."""

_MOVES = {"undo": "undo"}
"""Kind of run → in which kind of history it has moved golden values; by default `merge`.

Of an undo nothing else is undone: what it merged on the way were the edits of others.
"""


class _Moved(msgspec.Struct, frozen=True):
    """What a run made of one golden property in all: from the first value to the last one.

    A `counted` one was moved by a difference.
    """

    before: Scalar
    after: Scalar
    counted: bool


class Undoing(msgspec.Struct):
    """What is restored, and what is not and why. `goldens` have to be written."""

    run: Ran
    restored: list[Restored] = msgspec.field(default_factory=list)
    kept: list[Kept] = msgspec.field(default_factory=list)
    goldens: set[str] = msgspec.field(default_factory=set)


def find_run(connection: Connection, name: str) -> Ran:
    """The run of this id, or of the one id that begins so.

    Raises:
        ConfigError: there is none, or there are several.
    """
    found = journal.runs(connection, beginning=name, most=2)
    if not name or not found:
        raise ConfigError(f"There is no run {name}: `talk undo` lists the last ones.")
    if len(found) > 1 and found[0].id != name:
        raise ConfigError(f"Several runs begin with {name}: `talk undo` names them whole.")
    return found[0]


def undo(run: Run, ran: Ran) -> Undoing:
    """Put back what a run has changed, where nobody has changed it since."""
    done = Undoing(ran)
    with run.store.write() as connection:
        ids = past.touched(connection, ran.id)
    for page in links.chunks(ids):
        with run.store.write() as connection:
            _page(run, connection, page, done)
    return done


def _page(run: Run, connection: Connection, ids: Sequence[str], done: Undoing) -> None:
    records = goldens.by_id(connection, ids)
    rows = links.by_golden(connection, records)
    since = past.moves_after(connection, done.run.id, ids)
    before = past.undos(connection, ids)
    moves: dict[str, list[list[Any]]] = {}
    first = len(done.restored)
    for ident, history in past.of_run(connection, done.run.id, ids).items():
        golden, own = records.get(ident), rows.get(ident, [])
        if golden is None:
            continue
        done.kept += _irrevocable(golden, own, history)
        if golden.parent is None and not any(link.state == "live" for link in own):
            done.kept.append(Kept(golden.origin, "", "it is gone from all systems"))
            continue
        for name, moved in _moved(history, _MOVES.get(done.run.kind, "merge")).items():
            if name == EXISTENCE:
                move = _line(golden, moved, done, edited=_edited(since.get(ident, ())))
            elif moved.counted and _undone(before.get(ident, ()), name, done.run.id):
                continue  # its difference was taken back already
            else:
                move = _property(run, golden, own, name, moved, done)
            if move is not None:
                moves.setdefault(ident, []).append(move)
    done.restored[first:] = _named(connection, done.restored[first:])
    changed = [records[ident] for ident in moves]
    for golden in changed:
        golden.dirty = True
        done.goldens.add(golden.parent or golden.id)
    goldens.save(connection, changed)
    links.update_links(connection, [link for g in changed for link in rows.get(g.id, ())])
    goldens.soil(connection, [golden.parent for golden in changed if golden.parent])
    journal.note(connection, run.id, run.now(), "undo", moves)


def _named(connection: Connection, found: Sequence[Restored]) -> list[Restored]:
    """The same with records that are referred to by the names that people know them by."""
    names = names_of(connection, ((each.property, each.before, each.after) for each in found))
    return [
        replace(
            each,
            before=names.get(each.before, each.before),
            after=names.get(each.after, each.after),
        )
        for each in found
    ]


def _moved(history: Iterable[tuple[str, Sequence[Any]]], of: str) -> dict[str, _Moved]:
    found: dict[str, _Moved] = {}
    for kind, (name, before, after, _system, words) in history:
        if kind != of or not name:
            continue
        first = found.get(name)
        counted = words.startswith(COUNTED) and (first is None or first.counted)
        found[name] = _Moved(before if first is None else first.before, after, counted)
    return {name: moved for name, moved in found.items() if moved.before != moved.after}


def _undone(undos: Iterable[tuple[str, Sequence[Any]]], name: str, run: str) -> bool:
    """Whether what a run made of a property was undone, and that was not undone in its turn."""
    every = list(undos)
    return any(
        move[0] == name and move[-1].endswith(_undid(run)) and not _undone(every, name, by)
        for by, move in every
    )


def _undid(run: str) -> str:
    return f"undid run {run}"


def _property(
    run: Run,
    golden: GoldenRow,
    rows: list[LinkRow],
    name: str,
    moved: _Moved,
    done: Undoing,
) -> list[Any] | None:
    """Restore one property; returns what history has to say of it, None if nothing moved."""
    words = _undid(done.run.id)
    now, value = golden.data.get(name), moved.before
    if moved.counted and now is not None:
        delta = Decimal(str(moved.before)) - Decimal(str(moved.after))
        value = decimal_text(Decimal(str(now)) + delta)
        words = f"{COUNTED}{delta:+f}, {words}"
    if value == now:
        return None
    if not moved.counted and now != moved.after:
        source = golden.source(name)
        who = "somebody" if source is None else source[0]
        done.kept.append(Kept(golden.origin, name, f"it was edited since, by {who}"))
        return None
    impose(golden, rows, name, value, run.now())
    done.restored.append(Restored(golden.origin, name, now, value))
    done.kept += _stuck(run, golden, rows, name)
    return [name, now, value, PERSON, words]


def _line(golden: GoldenRow, moved: _Moved, done: Undoing, *, edited: bool) -> list[Any] | None:
    """A line that was deleted is one of its record again, one that was added is none any more."""
    now = golden.state == "live"
    if now == moved.before:
        return None
    if now and edited:
        done.kept.append(Kept(golden.origin, EXISTENCE, "the line was edited since it was added"))
        return None
    golden.state = "live" if moved.before else "deleted"
    done.restored.append(Restored(golden.origin, EXISTENCE, now, moved.before))
    return [EXISTENCE, now, moved.before, PERSON, _undid(done.run.id)]


def _edited(since: Iterable[tuple[str, Sequence[Any]]]) -> bool:
    """Whether a line was edited; that it was taken away and put back by an undo is no edit."""
    return any(kind != "undo" or move[0] != EXISTENCE for kind, move in since)


def _stuck(run: Run, golden: GoldenRow, rows: Iterable[LinkRow], name: str) -> Iterator[Kept]:
    """Systems that keep what they say of a property, for nothing of it can be changed there."""
    for row in rows:
        bound = run.systems.get(row.system)
        mapping = run.mapping(row.system, row.entity)
        if bound is None or mapping is None or row.state != "live" or name not in row.shadow:
            continue
        if _says(mapping, golden, row, name):
            continue
        if not bound.updates(row.entity.partition(".")[0]) or name not in mapping.writable:
            yield Kept(golden.origin, name, f"{row.name} keeps it: nothing writes it there")


def _says(mapping: Compiled, golden: GoldenRow, row: LinkRow, name: str) -> bool:
    if name in mapping.concept.refs:
        return False
    try:
        return mapping.says(name, golden.data.get(name), row.shadow[name], golden.data)
    except MappingError:
        return False


def _irrevocable(
    golden: GoldenRow, rows: Sequence[LinkRow], history: Iterable[tuple[str, Sequence[Any]]]
) -> Iterator[Kept]:
    """What a run did in a system, and no edit takes back."""
    archived = {row.system for row in rows if row.held.get(ACTIVE) == ARCHIVED}
    for kind, (name, before, after, system, _words) in history:
        if kind == "create":
            reason = f"it was created in {system} as {after}, and stays: delete it there by hand"
        elif kind == "delete":
            reason = f"{before} was deleted in {system}: restore it there, and a sync takes it up"
        elif kind == "write" and name == ACTIVE and after is False and system in archived:
            reason = f"it was archived in {system}: put it to use again there"
        else:
            continue
        yield Kept(golden.origin, name, reason)
