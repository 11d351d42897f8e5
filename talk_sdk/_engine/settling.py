"""Settle: what became of writes whose answer was lost. Look first, before anything is sent.

The rules D1 to D5. What none of them settles goes to review.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, select

from talk_sdk._engine.absorb import MARKER, absorb, external_id, look_at
from talk_sdk._engine.answers import (
    Ledger,
    contradicts,
    equals,
    overruled,
    sent_keys,
    sent_marks,
)
from talk_sdk._engine.collecting import bury_links, error_of, fetch
from talk_sdk._engine.kids import line_pairs
from talk_sdk._engine.outcomes import conclude
from talk_sdk._engine.run import Bound, Run
from talk_sdk._engine.sending import Sent, send
from talk_sdk._engine.workers import Failed, Lane
from talk_sdk._store import LinkRow, goldens, items, journal, links
from talk_sdk._store import schema as db
from talk_sdk._store.journal import Intent
from talk_sdk.concepts import Counter
from talk_sdk.errors import MappingError, RejectedError, TalkError
from talk_sdk.mapping import Compiled
from talk_sdk.operations import Raw, Scalar

__all__ = ["decide_absent", "settle"]

_SLACK = 60.0  # seconds by which a created time may lie before the intent


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
                absent += _create(run, bound, intent)
            else:
                _update(run, bound, intent)
        except TalkError as error:
            run.leave_out(bound.name, [intent.entity], error_of(error, bound, "looking up"))
        run.step("settled")
    return absent


def _ask(run: Run, bound: Bound, call: Callable[[], Sequence[Raw]]) -> Sequence[Raw]:
    """The result of one look-up, made by a worker."""
    lanes = {bound.name: Lane(1, iter([("look", call)]))}
    for together in run.workers.results(lanes):
        for _, result in together:
            if isinstance(result, Failed):
                raise error_of(result.error, bound, "looking up")
            return result
    return ()


def _create(run: Run, bound: Bound, intent: Intent) -> list[Intent]:
    found, sure = _look_up(run, bound, intent)
    with run.store.write() as connection:
        slack = _SLACK + abs(run.skews.get(bound.name, 0.0))
        found = [raw for raw in found if _free(connection, bound, intent, raw, slack)]
        if len(found) == 1:
            _adopt(run, connection, intent, found[0])
            return []
        if len(found) > 1:
            _review(run, connection, intent, "several records could be what was created")
            return []
        kept = journal.stream(connection, intent.system, intent.entity).marker_kept
        if sure and kept:
            journal.settle(connection, [intent.id])  # it never happened: plan again
            return []
    if _key_alive(run, bound, intent):
        _replay(run, bound, intent)
        return []
    return [intent]


def _key_alive(run: Run, bound: Bound, intent: Intent) -> bool:
    """Whether the API still knows the intent's idempotency key."""
    lifetime = bound.entities[intent.entity].idempotency
    return lifetime is not None and run.now() - intent.sent < lifetime.total_seconds()


def _look_up(run: Run, bound: Bound, intent: Intent) -> tuple[list[Raw], bool]:
    """Records that could be what was created, and whether finding none proves anything."""
    entity = bound.entities[intent.entity]
    marker, text = entity.marker, intent.operation.get("marker")
    sure = False
    if marker is not None and text:
        try:
            rows = _ask(run, bound, lambda: bound.find(intent.entity, marker, [text]))
        except RejectedError:
            rows = ()
        else:
            sure = True
        mine = [raw for raw in rows if raw.get(marker) == text]
        if mine:
            return mine, True
    return _by_keys(run, bound, intent), sure


def _by_keys(run: Run, bound: Bound, intent: Intent) -> list[Raw]:
    mapping, entity = bound.mappings[intent.entity], bound.entities[intent.entity]
    with run.store.write() as connection:
        golden = goldens.by_id(connection, [intent.golden])[intent.golden]
        shared = _shared(connection, mapping.concept.name, intent)
    for rank, names in sorted(mapping.keys.items()):
        sent = None if rank in shared else intent.operation["keys"].get(str(rank))
        for name in names:
            path = mapping.by_property[name].pair.wire
            value = intent.operation["values"].get(name)
            if sent is None or value is None or path not in entity.find:
                continue
            wire = str(mapping.put(name, value, golden.data))
            try:
                rows = _ask(run, bound, lambda p=path, w=wire: bound.find(intent.entity, p, [w]))  # type: ignore[misc]
            except RejectedError:
                continue  # the API does not know this filter
            if rows:
                return list(rows)
    return []


def _shared(connection: Connection, concept: str, intent: Intent) -> set[int]:
    """Ranks whose key others have too: it cannot tell whose record is found."""
    sent = {int(rank): key for rank, key in intent.operation["keys"].items()}
    rivals = [
        other.operation.get("keys", {})
        for other in journal.open_intents(connection)
        if other.id != intent.id and (other.system, other.entity) == (intent.system, intent.entity)
    ]
    return {
        rank
        for rank, key in sent.items()
        if any(keys.get(str(rank)) == key for keys in rivals)
        or links.others_with(connection, concept, rank, key, intent.golden)
    }


def _free(connection: Connection, bound: Bound, intent: Intent, raw: Raw, slack: float) -> bool:
    """Whether a record can be what was created: not linked to another, not older."""
    declared = bound.entities[intent.entity]
    ext = external_id(declared, raw) or ""
    known = links.by_ext(connection, bound.name, intent.entity, [ext]).get(ext)
    if known is not None and known.golden not in {None, intent.golden}:
        return False
    try:
        span = declared.created.span(raw) if declared.created else None
        marks = look_at(bound, intent.entity, raw).marks
    except (ValueError, MappingError):
        return True  # the record does not tell when it was made, or what it is
    if contradicts(marks, {r: key for r, key in sent_marks(intent).items() if r != MARKER}):
        return False
    return span is None or span[1].timestamp() >= intent.sent - slack


def _adopt(run: Run, connection: Connection, intent: Intent, raw: Raw) -> None:
    ledger = Ledger(run, connection, (intent.system, intent.entity), [(intent, raw)])
    if ledger.unread:
        reason = f"what was created cannot be read: {ledger.unread[intent.id]}"
        _review(run, connection, intent, reason)
        return
    ledger.created(intent, certain=False)
    ledger.save()


def _replay(run: Run, bound: Bound, intent: Intent) -> None:
    """Send a create again under its idempotency key, and read what has become of it (D4)."""
    sent = _send(run, bound, intent)
    if sent is None:
        return
    outcome = sent.outcomes[0]
    with run.store.write() as connection:
        if outcome.kind in {"stale", "gone"}:
            _review(run, connection, intent, outcome.reason or "the repeated create was refused")
            return
        conclude(run, connection, [(intent, outcome)])
    ext = external_id(bound.entities[intent.entity], outcome.record or {})
    if outcome.kind == "stored" and ext is not None:
        fetch(run, bound, intent.entity, [ext])


def _send(run: Run, bound: Bound, intent: Intent) -> Sent | None:
    lanes = {bound.name: Lane(1, iter([("send", send(bound, [intent], {}))]))}
    for together in run.workers.results(lanes):
        for _, result in together:
            if isinstance(result, Failed):
                raise error_of(result.error, bound, "writing")
            return result
    return None


def _update(run: Run, bound: Bound, intent: Intent) -> None:
    ext = str(intent.operation["ext"])
    rows = _ask(run, bound, lambda: list(bound.get(intent.entity, [ext]).values()))
    if not rows:
        with run.store.write() as connection:
            bury_links(connection, bound.name, intent.entity, [ext], run.now())
            journal.settle(connection, [intent.id])
        return
    declared = bound.entities[intent.entity]
    version = None if declared.version is None else str(rows[0].get(declared.version))
    untouched = version is not None and version == intent.operation["version"]
    if intent.kind == "adjust" and not untouched and _key_alive(run, bound, intent):
        _replay(run, bound, intent)
        return
    with run.store.write() as connection:
        if not untouched:
            _compare(run, connection, bound, intent, rows[0])
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
        elif there != intent.operation["base"].get(name):
            link.shadow[name] = there
            link.found[name] = there
            link.behind.setdefault(name, 0)
    for name, lines in intent.operation["lines"].items():
        found = (look.children or {}).get(name)
        table = mapping.children[name].mapping
        conflicts += _compare_lines(run, connection, intent, link, name, lines, found, table)
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
    sent: Sequence[list[Any]],
    there: Sequence[list[Any]] | None,
    mapping: Compiled,
) -> list[dict[str, Any]]:
    """D1 for each value of each line, where the list has the lines that were sent.

    Another list is an edit of a person: it is taken in like any read, and merged.
    """
    kids = {k.id: k for k in links.children_of(connection, [link.id]).get(link.id, [])
            if k.state == "live" and k.entity == f"{link.entity}.{name}"}  # fmt: skip
    conflicts: list[dict[str, Any]] = []
    if there is None or line_pairs(sent, there) is None or len(kids) != len(sent):
        return conflicts
    for line, pair in zip(sent, line_pairs(sent, there) or (), strict=True):
        kid = kids.get(line[1])
        if kid is None:
            continue
        for prop, value in line[2].items():
            found, base = there[pair][1].get(prop), kid.shadow.get(prop)
            if found == base:
                continue
            kid.shadow[prop] = found
            if equals(mapping, prop, value, found, line[2]):
                kid.behind.pop(prop, None)
                conflicts += _given_way(run, intent, kid, prop, f"{name}.{prop}", found)
            else:
                kid.found[prop] = found
                kid.behind.setdefault(prop, 0)
    links.update_links(connection, kids.values())
    return conflicts


def _review(run: Run, connection: Connection, intent: Intent, reason: str) -> None:
    journal.to_review(connection, intent.id)
    items.add_review(
        connection, intent.system, intent.entity, intent.operation["record"], "create",
        f"the answer to its create was lost: {reason}", run.now(), {"intent": intent.id},
    )  # fmt: skip


def decide_absent(run: Run, absent: Sequence[Intent]) -> None:
    """Creates of which no look-up found a trace, after the entity was read (rule D3).

    What was read since shows the record, if there is one: by a unique property that was sent,
    or by a match key that nobody else has. If no unlinked record was created there since, or
    none that does not contradict, it never happened, and is planned again.
    """
    for intent in absent:
        if (intent.system, intent.entity) in run.left_out:
            continue
        with run.store.write() as connection:
            appeared = _appeared(run, connection, intent)
            found, proven = _claimants(run, connection, intent, appeared)
        if len(found) == 1:
            _take_back(run, intent, found[0])
            continue
        with run.store.write() as connection:
            if found:
                _review(run, connection, intent, "several records could be what was created")
            elif proven or not appeared:
                journal.settle(connection, [intent.id])
                goldens.soil(connection, [intent.golden])
            else:
                _review(run, connection, intent, "a record appeared there since that may be it")


def _appeared(run: Run, connection: Connection, intent: Intent) -> dict[int, dict[int, str]]:
    """Unlinked records that could be what was created, with their keys: link id → keys."""
    table = db.links
    query = select(table.c.id, table.c.created).where(
        table.c.system == intent.system,
        table.c.entity == intent.entity,
        table.c.state.in_(("new", "review")),
        table.c.golden.is_(None),
    )
    slack = _SLACK + abs(run.skews.get(intent.system, 0.0))
    late = [
        ident
        for ident, created in connection.execute(query)
        if created is None or created >= intent.sent - slack
    ]
    keys = links.keys_of(connection, late)
    sent = sent_keys(intent)
    return {ident: keys.get(ident, {}) for ident in late
            if not contradicts(keys.get(ident, {}), sent)}  # fmt: skip


def _claimants(
    run: Run, connection: Connection, intent: Intent, appeared: Mapping[int, Mapping[int, str]]
) -> tuple[list[str], bool]:
    """The records that are what was created, and whether finding none proves that none is.

    A server that keeps unique properties shows them in what it created.
    """
    concept = run.systems[intent.system].mappings[intent.entity].concept.name
    marks = {rank: key for rank, key in sent_marks(intent).items() if rank != MARKER}
    shared = _shared(connection, concept, intent)
    keys = {rank: key for rank, key in sent_keys(intent).items() if rank > 0 and rank not in shared}
    for rank, key in (*marks.items(), *sorted(keys.items())):
        alike = [ident for ident, own in appeared.items() if own.get(rank) == key]
        if alike:
            return [link.ext for link in links.by_id(connection, alike).values()], True
    kept = journal.stream(connection, intent.system, intent.entity).marker_kept
    return [], bool(marks) and kept


def _take_back(run: Run, intent: Intent, ext: str) -> None:
    """Link the one record that shows itself as what was created."""
    bound = run.systems[intent.system]
    try:
        rows = list(_ask(run, bound, lambda: list(bound.get(intent.entity, [ext]).values())))
    except TalkError as error:
        run.leave_out(bound.name, [intent.entity], error_of(error, bound, "looking up"))
        return
    with run.store.write() as connection:
        if rows:
            _adopt(run, connection, intent, rows[0])
        else:
            bury_links(connection, bound.name, intent.entity, [ext], run.now())
