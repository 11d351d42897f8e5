"""Creates whose answer was lost: which record is theirs, or that there is none (rule D3).

By marker, by a unique property, by a match key that nobody else has; never by a second try.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from talk_sdk._engine.absorb import absorb
from talk_sdk._engine.answers import Ledger, equals
from talk_sdk._engine.claims import SLACK, claims, contradicts, sent_keys, sent_marks
from talk_sdk._engine.collecting import bury_links, error_of
from talk_sdk._engine.doubts import ask, key_alive, replay, to_review
from talk_sdk._engine.kids import line_pairs
from talk_sdk._engine.looks import MARKER, external_id, look_at
from talk_sdk._engine.run import Bound, Run
from talk_sdk._store import LinkRow, goldens, journal, links
from talk_sdk._store.journal import Intent
from talk_sdk.errors import MappingError, RejectedError, SafetyError, StoreError, TalkError
from talk_sdk.mapping import Compiled
from talk_sdk.operations import Raw

__all__ = ["decide_absent", "look_for"]

_MANY = 6
"""Values of a record that are as good as a key, all together."""
_PATIENCE = 3
"""Reads with gaps in a row, after which a person is asked."""


def look_for(run: Run, bound: Bound, intent: Intent) -> list[Intent]:
    """Link what a marker shows to be what was created; else the intent comes back, mostly.

    A record that is found by a match key may as well be a user's: it is taken in, to be decided
    about together with what else has appeared there.
    """
    mine, sure = _by_marker(run, bound, intent)
    with run.store.write() as connection:
        mine = [raw for raw in mine if _free(run, connection, bound, intent, raw)]
        if len(mine) == 1:
            _adopt(run, connection, intent, mine[0])
            return []
        if len(mine) > 1:
            to_review(run, connection, intent, "several records could be what was created")
            return []
    alike = _by_keys(run, bound, intent)
    with run.store.write() as connection:
        alike = [raw for raw in alike if _free(run, connection, bound, intent, raw)]
        kept = journal.stream(connection, intent.system, intent.entity).marker_kept
        if alike:
            absorb(run, connection, bound, intent.entity, alike, run.now(), proven=True)
        elif sure and kept:
            journal.settle(connection, [intent.id])  # it never happened: plan again
            return []
    if not alike and key_alive(run, bound, intent):
        replay(run, bound, intent)
        return []
    return [intent]


def _by_marker(run: Run, bound: Bound, intent: Intent) -> tuple[list[Raw], bool]:
    """Records that have the create's marker, and whether the API answered the question."""
    marker, text = bound.entities[intent.entity].marker, intent.operation.get("marker")
    if marker is None or not text:
        return [], False
    try:
        rows = ask(run, bound, lambda: bound.find(intent.entity, marker, [text]))
    except RejectedError:
        return [], False
    return [raw for raw in rows if raw.get(marker) == text], True


def _by_keys(run: Run, bound: Bound, intent: Intent) -> list[Raw]:
    """Records that have the strongest of the create's keys that can be asked for."""
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


def _free(run: Run, connection: Connection, bound: Bound, intent: Intent, raw: Raw) -> bool:
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
    slack = SLACK + abs(run.skews.get(bound.name, 0.0))
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
    or by a match key that nobody else has. Where nothing has such a key, an idempotency key
    that is still known tells. Else, if no unlinked record was created there since that could
    be it, it never happened, and is planned again. A record that differs in a key could be it
    if it was edited since it was created, and so could one from which the key is gone. A list
    that leaves out what is there proves nothing.
    """
    for intent in absent:
        if (intent.system, intent.entity) in run.left_out:
            continue
        bound = run.systems[intent.system]
        try:
            _decide(run, bound, intent)
        except (SafetyError, StoreError):
            raise
        except TalkError as error:
            run.leave_out(bound.name, [intent.entity], error_of(error, bound, "looking up"))


def _decide(run: Run, bound: Bound, intent: Intent) -> None:
    with run.store.write() as connection:
        appeared = claims(run, connection, intent)
        found = _claimants(run, connection, intent, appeared)
    if len(found) == 1:
        _take_back(run, bound, intent, found[0])
        return
    if not found and key_alive(run, bound, intent):
        replay(run, bound, intent)
        return
    with run.store.write() as connection:
        if found:
            to_review(run, connection, intent, "several records could be what was created")
        elif appeared:
            to_review(run, connection, intent, "a record appeared there since that may be it")
        elif (intent.system, intent.entity) in run.gaps:
            _wait(run, connection, intent)
        else:
            journal.settle(connection, [intent.id])
            goldens.soil(connection, [intent.golden])


def _wait(run: Run, connection: Connection, intent: Intent) -> None:
    """The list has gaps, and the record may be in one: a whole read tells, or a person does."""
    intent.operation["waited"] = intent.operation.get("waited", 0) + 1
    if intent.operation["waited"] >= _PATIENCE:
        to_review(run, connection, intent, "no list of the system's has all of its records")
        return
    journal.keep(connection, intent)
    stream = journal.stream(connection, intent.system, intent.entity)
    stream.cursor = None
    journal.save_stream(connection, stream)


def _claimants(
    run: Run, connection: Connection, intent: Intent, appeared: Mapping[int, Mapping[int, str]]
) -> list[str]:
    """The records that show themselves as what was created.

    By a unique property for certain; by a match key unless a record that lost the key by an
    edit is more like what was sent. What has no key of its own, but says much, by all of that.
    """
    mapping = run.systems[intent.system].mappings[intent.entity]
    marks = {rank: key for rank, key in sent_marks(intent).items() if rank != MARKER}
    shared = _shared(connection, mapping.concept.name, intent)
    keys = {rank: key for rank, key in sent_keys(intent).items() if rank > 0 and rank not in shared}
    rows = links.by_id(connection, appeared)
    for rank, key in (*marks.items(), *sorted(keys.items())):
        alike = [rows[ident] for ident, own in appeared.items() if own.get(rank) == key]
        if alike and rank not in marks:
            enough = max(_likeness(mapping, intent, link) for link in alike)
            alike += [
                rows[ident]
                for ident, own in appeared.items()
                if contradicts(own, keys) and _likeness(mapping, intent, rows[ident]) > enough
            ]
        if alike:
            return [link.ext for link in alike]
    if marks or keys or not _telling(intent):
        return []
    return [link.ext for link in rows.values() if _says_all(mapping, intent, link)]


def _telling(intent: Intent) -> bool:
    """Whether what was sent is so much that hardly another record says all of it."""
    values = [value for value in intent.operation["values"].values() if value is not None]
    return len(values) >= _MANY or any(intent.operation["lines"].values())


def _says_all(mapping: Compiled, intent: Intent, link: LinkRow) -> bool:
    """Whether a record says everything that was sent, line by line."""
    if _likeness(mapping, intent, link) < len(intent.operation["values"]):
        return False
    for name, sent in intent.operation["lines"].items():
        there = (link.children or {}).get(name) or []
        table = mapping.children[name].mapping
        if line_pairs(sent, there) != list(range(len(sent))):
            return False
        for (_, _, values, _), (_, own) in zip(sent, there, strict=True):
            if not all(equals(table, n, values[n], own.get(n), values) for n in values):
                return False
    return True


def _likeness(mapping: Compiled, intent: Intent, link: LinkRow) -> int:
    """How many of the values that were sent a record has."""
    sent, there = intent.operation["values"], {**link.shadow, **link.pending}
    return sum(equals(mapping, name, sent[name], there.get(name), sent) for name in sent)


def _take_back(run: Run, bound: Bound, intent: Intent, ext: str) -> None:
    """Link the one record that shows itself as what was created."""
    rows = list(ask(run, bound, lambda: list(bound.get(intent.entity, [ext]).values())))
    with run.store.write() as connection:
        if rows:
            _adopt(run, connection, intent, rows[0])
        else:
            bury_links(connection, bound.name, intent.entity, [ext], run.now())
