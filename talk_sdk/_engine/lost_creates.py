"""Creates whose answer was lost: which record is theirs, or that there is none (rule D3).

By marker, by a unique property, by a match key that nobody else has; never by a second try.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, select

from talk_sdk._engine.answers import Ledger, contradicts, sent_keys, sent_marks
from talk_sdk._engine.collecting import bury_links, error_of
from talk_sdk._engine.doubts import ask, key_alive, replay, to_review
from talk_sdk._engine.looks import MARKER, external_id, look_at
from talk_sdk._engine.run import Bound, Run
from talk_sdk._store import goldens, journal, links
from talk_sdk._store import schema as db
from talk_sdk._store.journal import Intent
from talk_sdk.errors import MappingError, RejectedError, TalkError
from talk_sdk.operations import Raw

__all__ = ["decide_absent", "look_for"]

_SLACK = 60.0  # seconds by which a created time may lie before the intent
_AT_ONCE = 1.0  # seconds between the two times of a record that nobody has edited


def look_for(run: Run, bound: Bound, intent: Intent) -> list[Intent]:
    """Link what a create has made, or what a look-up shows of it; else the intent comes back."""
    found, sure = _look_up(run, bound, intent)
    with run.store.write() as connection:
        slack = _SLACK + abs(run.skews.get(bound.name, 0.0))
        found = [raw for raw in found if _free(connection, bound, intent, raw, slack)]
        if len(found) == 1:
            _adopt(run, connection, intent, found[0])
            return []
        if len(found) > 1:
            to_review(run, connection, intent, "several records could be what was created")
            return []
        kept = journal.stream(connection, intent.system, intent.entity).marker_kept
        if sure and kept:
            journal.settle(connection, [intent.id])  # it never happened: plan again
            return []
    if key_alive(run, bound, intent):
        replay(run, bound, intent)
        return []
    return [intent]


def _look_up(run: Run, bound: Bound, intent: Intent) -> tuple[list[Raw], bool]:
    """Records that could be what was created, and whether finding none proves anything."""
    entity = bound.entities[intent.entity]
    marker, text = entity.marker, intent.operation.get("marker")
    sure = False
    if marker is not None and text:
        try:
            rows = ask(run, bound, lambda: bound.find(intent.entity, marker, [text]))
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
                rows = ask(run, bound, lambda p=path, w=wire: bound.find(intent.entity, p, [w]))  # type: ignore[misc]
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
        to_review(run, connection, intent, reason)
        return
    ledger.created(intent, certain=False)
    ledger.save()


def decide_absent(run: Run, absent: Sequence[Intent]) -> None:
    """Creates of which no look-up found a trace, after the entity was read (rule D3).

    What was read since shows the record, if there is one: by a unique property that was sent,
    or by a match key that nobody else has. If no unlinked record was created there since that
    could be it, it never happened, and is planned again. A record that differs in a key could
    be it if it was edited since it was created, and so could one from which the key is gone.
    """
    for intent in absent:
        if (intent.system, intent.entity) in run.left_out:
            continue
        with run.store.write() as connection:
            appeared = _appeared(run, connection, intent)
            found = _claimants(run, connection, intent, appeared)
        if len(found) == 1:
            _take_back(run, intent, found[0])
            continue
        with run.store.write() as connection:
            if found:
                to_review(run, connection, intent, "several records could be what was created")
            elif not appeared:
                journal.settle(connection, [intent.id])
                goldens.soil(connection, [intent.golden])
            else:
                to_review(run, connection, intent, "a record appeared there since that may be it")


def _appeared(run: Run, connection: Connection, intent: Intent) -> dict[int, dict[int, str]]:
    """Unlinked records that could be what was created, with their keys: link id → keys."""
    table = db.links
    query = select(table.c.id, table.c.created, table.c.mod_lo).where(
        table.c.system == intent.system,
        table.c.entity == intent.entity,
        table.c.state.in_(("new", "review")),
        table.c.golden.is_(None),
    )
    slack = _SLACK + abs(run.skews.get(intent.system, 0.0))
    late = {
        ident: _edited(created, modified)
        for ident, created, modified in connection.execute(query)
        if created is None or created >= intent.sent - slack
    }
    keys = links.keys_of(connection, [*late])
    sent = sent_keys(intent)
    return {ident: keys.get(ident, {}) for ident, edited in late.items()
            if edited or not contradicts(keys.get(ident, {}), sent)}  # fmt: skip


def _edited(created: float | None, modified: float | None) -> bool:
    """Whether a record shows that it was edited since it was created."""
    return created is not None and modified is not None and modified - created > _AT_ONCE


def _claimants(
    run: Run, connection: Connection, intent: Intent, appeared: Mapping[int, Mapping[int, str]]
) -> list[str]:
    """The records that show themselves as what was created."""
    concept = run.systems[intent.system].mappings[intent.entity].concept.name
    marks = {rank: key for rank, key in sent_marks(intent).items() if rank != MARKER}
    shared = _shared(connection, concept, intent)
    keys = {rank: key for rank, key in sent_keys(intent).items() if rank > 0 and rank not in shared}
    for rank, key in (*marks.items(), *sorted(keys.items())):
        alike = [ident for ident, own in appeared.items() if own.get(rank) == key]
        if alike:
            return [link.ext for link in links.by_id(connection, alike).values()]
    return []


def _take_back(run: Run, intent: Intent, ext: str) -> None:
    """Link the one record that shows itself as what was created."""
    bound = run.systems[intent.system]
    try:
        rows = list(ask(run, bound, lambda: list(bound.get(intent.entity, [ext]).values())))
    except TalkError as error:
        run.leave_out(bound.name, [intent.entity], error_of(error, bound, "looking up"))
        return
    with run.store.write() as connection:
        if rows:
            _adopt(run, connection, intent, rows[0])
        else:
            bury_links(connection, bound.name, intent.entity, [ext], run.now())
