"""What became of operations: links, shadows, dead letters and doubts, stored together."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from talk_sdk._engine.answers import Ledger
from talk_sdk._engine.collecting import bury_links
from talk_sdk._engine.refusals import joined, lifted, written
from talk_sdk._engine.run import Run
from talk_sdk._store import items, journal
from talk_sdk._store.journal import Intent
from talk_sdk.operations import Outcome, Raw

__all__ = ["conclude"]


def conclude(
    run: Run, connection: Connection, answers: Sequence[tuple[Intent, Outcome]]
) -> set[str]:
    """Store outcomes: links, shadows, dead letters, doubts.

    Returns the golden records to which a system assigned something.
    """
    assigned: set[str] = set()
    stored: dict[tuple[str, str], list[tuple[Intent, Raw]]] = {}
    for intent, outcome in answers:
        if outcome.kind == "stored" and intent.kind == "delete":
            _deleted(run, connection, intent)
        elif outcome.kind == "stored":
            place = (intent.system, intent.entity)
            stored.setdefault(place, []).append((intent, outcome.record or {}))
        else:
            _not_stored(run, connection, intent, outcome)
    for place, found in stored.items():
        assigned |= _stored(run, connection, place, found)
    return assigned


def _not_stored(run: Run, connection: Connection, intent: Intent, outcome: Outcome) -> None:
    place = (intent.system, intent.entity, intent.operation["record"])
    if outcome.kind == "unknown":
        _tell_refused(run, place, f"in doubt: {outcome.reason}")
        return
    journal.settle(connection, [intent.id])
    if outcome.kind == "refused":
        before = items.dead(connection, "out", [place]).get(place, "")
        basis = joined(before, intent.operation["basis"])
        items.bury(connection, run.now(), "out", {place: (outcome.reason, None, basis)})
        _tell_refused(run, place, outcome.reason)
    elif outcome.kind == "gone":
        ext = intent.operation["ext"]
        bury_links(connection, intent.system, intent.entity, [ext], run.now())
    elif outcome.kind == "stale":
        run.stale.add(intent.golden)


def _deleted(run: Run, connection: Connection, intent: Intent) -> None:
    system, entity, what = intent.system, intent.entity, intent.operation
    bury_links(connection, system, entity, [what["ext"]], run.now())
    journal.settle(connection, [intent.id])
    move = ["", what["ext"], None, system, what["reason"]]
    journal.note(connection, run.id, run.now(), "delete", {intent.golden: [move]})
    items.clear_dead(connection, "out", [(system, entity, what["record"])])
    run.written[system, entity, intent.kind] += 1
    run.tell("written", system=system, entity=entity, record=what["record"], message=intent.kind)


def _tell_refused(run: Run, place: tuple[str, str, str], reason: str) -> None:
    system, entity, record = place
    run.tell("refused", system=system, entity=entity, record=record, message=reason)


def _stored(
    run: Run,
    connection: Connection,
    place: tuple[str, str],
    answers: Sequence[tuple[Intent, Raw]],
) -> set[str]:
    ledger = Ledger(run, connection, place, answers)
    raws = {intent.id: raw for intent, raw in answers}
    done: list[tuple[str, str, str]] = []
    heard: list[Intent] = []
    for intent, _ in answers:
        record = (*place, intent.operation["record"])
        if intent.id in ledger.unread:
            # Done there, but not understood here: the intent stays open and is looked up.
            reason = ledger.unread[intent.id]
            items.bury(connection, run.now(), "in", {record: (reason, raws[intent.id], "")})
            continue
        if ledger.another(intent):
            journal.settle(connection, [intent.id])
            run.stale.add(intent.golden)
            _tell_refused(run, record, "its id has been given to another record")
            continue
        if intent.kind == "create":
            ledger.created(intent)
        else:
            ledger.written(intent)
        run.written[*place, intent.kind] += 1
        done.append(record)
        heard.append(intent)
        run.tell("written", system=place[0], entity=place[1], record=record[2],
                 message=intent.kind)  # fmt: skip
    ledger.save()
    _lift(connection, heard, done)
    items.unpark(connection, done)
    return ledger.assigned


def _lift(
    connection: Connection, intents: Sequence[Intent], places: Sequence[tuple[str, str, str]]
) -> None:
    """What went through is refused no more; what else was refused of the records stays so."""
    known = items.dead(connection, "out", places)
    left = {
        place: lifted(known[place], written(intent.operation))
        for intent, place in zip(intents, places, strict=True)
        if place in known
    }
    items.clear_dead(connection, "out", [place for place, basis in left.items() if not basis])
    items.rebase_dead(connection, {place: basis for place, basis in left.items() if basis})
