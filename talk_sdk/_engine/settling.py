"""Settle: what became of writes whose answer was lost. Look first, before anything is sent.

The rules D1 to D5. What none of them settles goes to review.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

from sqlalchemy import Connection, select

from talk_sdk._engine.absorb import absorb, external_id, look_at
from talk_sdk._engine.answers import adopted, equals
from talk_sdk._engine.applying import Sent, conclude, send
from talk_sdk._engine.collecting import bury_links, error_of, fetch
from talk_sdk._engine.lines import POSITION, pair_lines
from talk_sdk._engine.run import Bound, Run
from talk_sdk._engine.workers import Failed, Lane
from talk_sdk._store import LinkRow, goldens, items, journal, links
from talk_sdk._store import schema as db
from talk_sdk._store.journal import Intent
from talk_sdk.concepts import Counter
from talk_sdk.errors import MappingError, RejectedError, TalkError
from talk_sdk.operations import Raw

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
    for rank, names in sorted(mapping.keys.items()):
        sent = intent.operation["keys"].get(str(rank))
        for name in names:
            path = mapping.by_property[name].pair.wire
            value = intent.operation["values"].get(name)
            if sent is None or value is None or path not in entity.find:
                continue
            wire = str(mapping.put(name, value, golden.data))
            rows = _ask(run, bound, lambda p=path, w=wire: bound.find(intent.entity, p, [w]))  # type: ignore[misc]
            if rows:
                return list(rows)
    return []


def _free(connection: Connection, bound: Bound, intent: Intent, raw: Raw, slack: float) -> bool:
    """Whether a record can be what was created: not linked to another, not older."""
    ext = external_id(bound.entities[intent.entity], raw) or ""
    known = links.by_ext(connection, bound.name, intent.entity, [ext]).get(ext)
    if known is not None and known.golden not in {None, intent.golden}:
        return False
    stamp = bound.entities[intent.entity].created
    span = stamp.span(raw) if stamp else None
    return span is None or span[1].timestamp() >= intent.sent - slack


def _adopt(run: Run, connection: Connection, intent: Intent, raw: Raw) -> None:
    try:
        adopted(run, connection, intent, raw)
    except MappingError as error:
        _review(run, connection, intent, f"what was created cannot be read: {error.message}")
        return
    if _still_open(connection, intent):
        journal.settle(connection, [intent.id])
    goldens.soil(connection, [intent.golden])


def _still_open(connection: Connection, intent: Intent) -> bool:
    query = select(db.intents.c.state).where(db.intents.c.id == intent.id)
    return connection.scalar(query) == "open"


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
        conclude(run, connection, intent, outcome, set(), [])
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
    for name, value in intent.operation["values"].items():
        if name not in look.properties:
            continue
        there = look.properties[name]
        if isinstance(mapping.concept.properties[name], Counter):
            _hold(run, connection, link, name, intent)
        elif equals(mapping, name, value, there, golden.data):
            link.shadow[name] = there
            link.behind.pop(name, None)
        elif there != intent.operation["base"].get(name):
            link.shadow[name] = there
            link.found[name] = there
            link.behind.setdefault(name, 0)
    for name, lines in intent.operation["lines"].items():
        _compare_lines(connection, link, name, lines, (look.children or {}).get(name))
    links.update_links(connection, [link])


def _hold(run: Run, connection: Connection, link: LinkRow, name: str, intent: Intent) -> None:
    """Nothing proves what became of a counter: it is neither merged nor written (D2)."""
    link.held[name] = "in review"
    reason = f"{name} was being changed when the answer was lost; nothing proves whether it was"
    items.add_review(
        connection, intent.system, intent.entity, link.ext, "counter", reason, run.now(),
        {"intent": intent.operation["values"], "base": intent.operation["base"]},
    )  # fmt: skip


def _compare_lines(
    connection: Connection,
    link: LinkRow,
    name: str,
    sent: Sequence[list[object]],
    there: Sequence[list[object]] | None,
) -> None:
    """A list in doubt is written once more, unless it reads as it did before."""
    kids = [k for k in links.children_of(connection, [link.id]).get(link.id, [])
            if k.state == "live" and k.entity == f"{link.entity}.{name}"]  # fmt: skip
    kids.sort(key=lambda k: (k.shadow.get(POSITION) or 0, k.id))
    base = [{n: v for n, v in k.shadow.items() if n != POSITION} for k in kids]
    if there is None or [properties for _, properties in there] == base:
        return
    wanted = [(None, values) for _, _, values in sent]
    pairs = pair_lines([(None, row[1]) for row in there], wanted)  # type: ignore[arg-type, misc]
    if len(there) != len(sent) or None in pairs:
        return  # an edit of a person: taken in like any read, and merged
    by_id = {kid.id: kid for kid in kids}
    for row, pair in zip(there, pairs, strict=True):
        kid = by_id.get(sent[pair or 0][1])  # type: ignore[call-overload]
        if kid is not None:
            kid.shadow = {**row[1], POSITION: kid.shadow.get(POSITION)}  # type: ignore[dict-item]
    links.update_links(connection, by_id.values())
    link.found[name] = True


def _review(run: Run, connection: Connection, intent: Intent, reason: str) -> None:
    journal.to_review(connection, intent.id)
    items.add_review(
        connection, intent.system, intent.entity, intent.operation["record"], "create",
        f"the answer to its create was lost: {reason}", run.now(), {"intent": intent.id},
    )  # fmt: skip


def decide_absent(run: Run, absent: Sequence[Intent]) -> None:
    """Creates of which no trace was found, after the entity was read (rule D3).

    If no unlinked record was created there since, it never happened, and is planned again.
    """
    for intent in absent:
        place = (intent.system, intent.entity)
        if place in run.left_out:
            continue
        with run.store.write() as connection:
            if _strangers(run, connection, intent):
                _review(run, connection, intent, "a record appeared there since that may be it")
            else:
                journal.settle(connection, [intent.id])
                goldens.soil(connection, [intent.golden])


def _strangers(run: Run, connection: Connection, intent: Intent) -> bool:
    table = db.links
    query = select(table.c.created).where(
        table.c.system == intent.system,
        table.c.entity == intent.entity,
        table.c.state.in_(("new", "review")),
        table.c.golden.is_(None),
    )
    slack = _SLACK + abs(run.skews.get(intent.system, 0.0))
    return any(
        created is None or created >= intent.sent - slack for created in connection.scalars(query)
    )
