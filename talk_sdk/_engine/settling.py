"""Settle: what became of writes whose answer was lost. Look first, before anything is sent.

The rules D1 to D5. What none of them settles goes to review.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection

from talk_sdk._engine.absorb import absorb
from talk_sdk._engine.aliases import follow
from talk_sdk._engine.answers import equals, overruled
from talk_sdk._engine.collecting import bury_links, error_of
from talk_sdk._engine.doubts import ask, key_alive, replay
from talk_sdk._engine.kids import Kids, line_pairs
from talk_sdk._engine.looks import external_id, look_at
from talk_sdk._engine.lost_creates import look_for
from talk_sdk._engine.run import Bound, Run
from talk_sdk._store import LinkRow, goldens, items, journal, links
from talk_sdk._store.journal import Intent
from talk_sdk.concepts import Counter
from talk_sdk.errors import MappingError, SafetyError, StoreError, TalkError
from talk_sdk.mapping import Compiled
from talk_sdk.operations import Raw, Scalar

__all__ = ["settle"]


def settle(run: Run) -> list[Intent]:
    """Settle what can be settled by a look; returns creates of which no trace was found.

    Those are decided after the entity has been read completely, by `decide_absent`.
    """
    with run.store.write() as connection:
        doubts = [i for i in journal.open_intents(connection) if i.state == "open"]
    doubts = [i for i in doubts if i.system in run.systems
              and i.entity in run.systems[i.system].mappings
              and (i.system, i.entity) not in run.left_out]  # fmt: skip
    if not doubts:
        return []
    lag = max(run.systems[i.system].entities[i.entity].lag for i in doubts)
    if lag > timedelta(0):
        run.clock.sleep(lag.total_seconds())
    absent = []
    for intent in doubts:
        if (intent.system, intent.entity) in run.left_out:
            continue
        bound = run.systems[intent.system]
        run.step("settle")
        try:
            if intent.kind == "create":
                absent += look_for(run, bound, intent)
            else:
                _update(run, bound, intent)
        except (SafetyError, StoreError):
            raise
        except TalkError as error:
            run.leave_out(bound.name, [intent.entity], error_of(error, bound, "looking up"))
        run.step("settled")
    return absent


def _update(run: Run, bound: Bound, intent: Intent) -> None:
    ext = str(intent.operation["ext"])
    rows = ask(run, bound, lambda: list(bound.get(intent.entity, [ext]).values()))
    if rows and external_id(bound.entities[intent.entity], rows[0]) != ext:
        _merged_away(run, bound, intent, rows)
        return
    if not rows:
        with run.store.write() as connection:
            bury_links(connection, bound.name, intent.entity, [ext], run.now())
            journal.settle(connection, [intent.id])
        return
    declared = bound.entities[intent.entity]
    version = None if declared.version is None else str(rows[0].get(declared.version))
    untouched = version is not None and version == intent.operation["version"]
    if intent.kind == "adjust" and not untouched and key_alive(run, bound, intent):
        replay(run, bound, intent)
        return
    with run.store.write() as connection:
        if not untouched:
            _compare(run, connection, bound, intent, rows[0])
        journal.settle(connection, [intent.id])
        goldens.soil(connection, [intent.golden])
        absorb(run, connection, bound, intent.entity, rows, run.now(), proven=True)


def _merged_away(run: Run, bound: Bound, intent: Intent, rows: Sequence[Raw]) -> None:
    """Whatever became of the write, the record is another one now."""
    with run.store.write() as connection:
        follow(run, connection, bound, intent.entity, {str(intent.operation["ext"]): rows[0]})
        journal.settle(connection, [intent.id])
        goldens.soil(connection, [intent.golden])
        absorb(run, connection, bound, intent.entity, rows, run.now(), proven=True)


def _compare(run: Run, connection: Connection, bound: Bound, intent: Intent, raw: Raw) -> None:
    """Rule D1 for each written property, D2 for counters."""
    mapping = bound.mappings[intent.entity]
    link = links.by_id(connection, [intent.link or 0])[intent.link or 0]
    try:
        look = look_at(bound, intent.entity, raw)
    except MappingError:
        return  # it becomes a dead letter when it is taken in
    golden = goldens.by_id(connection, [intent.golden])[intent.golden]
    conflicts: list[dict[str, Any]] = []
    for name, value in intent.operation["values"].items():
        if name not in look.properties:
            continue
        there = look.properties[name]
        if isinstance(mapping.concept.properties[name], Counter):
            _hold(run, connection, link, name, intent)
        elif equals(mapping, name, value, there, golden.data):
            link.shadow[name] = there
            conflicts += _given_way(run, intent, link, name, name, there)
            if golden.rev(name) == intent.operation["revs"].get(name):
                link.behind.pop(name, None)
        elif there in mapping.by_property[name].pair.final:
            continue  # nothing that is written can tell, as nothing can be: it is an edit
        elif there != intent.operation["base"].get(name):
            link.shadow[name] = there
            link.found[name] = there
            link.behind.setdefault(name, 0)
    for name in intent.operation["lines"]:
        found = (look.children or {}).get(name)
        conflicts += _compare_lines(run, connection, intent, link, name, found, mapping)
    links.update_links(connection, [link])
    items.add_conflicts(connection, conflicts)
    run.conflicts += len(conflicts)


def _given_way(
    run: Run, intent: Intent, link: LinkRow, name: str, shown: str, there: Scalar
) -> list[dict[str, Any]]:
    """What an earlier doubt had found was an edit, for now the sent value is there (D1)."""
    found = link.found.pop(name, there)
    return [] if found == there else [overruled(run, intent, shown, found, there)]


def _hold(run: Run, connection: Connection, link: LinkRow, name: str, intent: Intent) -> None:
    """Nothing proves what became of a counter: it is neither merged nor written (D2)."""
    link.held[name] = "in review"
    reason = f"{name} was being changed when the answer was lost; nothing proves whether it was"
    items.add_review(
        connection, intent.system, intent.entity, link.ext, "counter", reason, run.now(),
        {"intent": intent.operation["values"], "base": intent.operation["base"]},
    )  # fmt: skip


def _compare_lines(
    run: Run,
    connection: Connection,
    intent: Intent,
    link: LinkRow,
    name: str,
    there: Sequence[list[Any]] | None,
    parent: Compiled,
) -> list[dict[str, Any]]:
    """D1 for each value of each line, where the list has the lines that were sent.

    Another list is an edit of a person: it is taken in like any read, and merged.
    """
    sent = intent.operation["lines"][name]
    pairs = None if there is None else line_pairs(sent, there)
    if there is None or pairs is None:
        return []
    mapping = parent.children[name].mapping
    kids = Kids(run, connection, parent, [intent.golden], [link])
    before = kids.live(link, name)
    known = {kid.ext: kid.id for kid in before}
    own = [f"{link.ext}/{there[place][0]}" for place in pairs]
    if any(known.get(ext, line[1]) != line[1] for ext, line in zip(own, sent, strict=True)):
        return []  # a line that was to be another one stands there still
    base = {kid.id: kid.shadow for kid in before}
    conflicts: list[dict[str, Any]] = []
    for kid, _, (values, _) in kids.store(link, name, sent, [there[p] for p in pairs], pairs):
        for prop, value in values.items():
            found = kid.shadow.get(prop)
            if kid.id in base and found == base[kid.id].get(prop):
                continue
            if equals(mapping, prop, value, found, values):
                kid.behind.pop(prop, None)
                conflicts += _given_way(run, intent, kid, prop, f"{name}.{prop}", found)
            else:
                kid.found[prop] = found
                kid.behind.setdefault(prop, 0)
    kids.save()
    return conflicts
