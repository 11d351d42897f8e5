"""A batch on its way: what is sent, and the record as it stands there after that.

Where an answer has no record, or leaves out something that was written, the record is read back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from talk_sdk._engine.looks import external_id
from talk_sdk._engine.run import Bound
from talk_sdk._engine.sending import operation_of, overlay
from talk_sdk._store.journal import Intent
from talk_sdk.lenses import UNSAID
from talk_sdk.mapping.paths import Getter
from talk_sdk.operations import Operation, Outcome, Raw

__all__ = ["Sent", "send"]


class Sent(msgspec.Struct):
    """Intents that were handed to the connector, with its outcomes."""

    intents: list[Intent]
    outcomes: list[Outcome]


def send(bound: Bound, batch: Sequence[Intent], bodies: Mapping[str, Raw]) -> Callable[[], Sent]:
    """The call that sends a batch, and reads back what an answer does not say.

    `bodies` are those that are not what the journal has: whole records.
    """

    def call() -> Sent:
        operations = [operation_of(intent, bodies.get(intent.id)) for intent in batch]
        outcomes = list(bound.write(operations))
        for index, (intent, operation) in enumerate(zip(batch, operations, strict=True)):
            outcome = outcomes[index]
            if outcome.kind == "stored" and operation.kind != "delete":
                whole = _complete(bound, operation, outcome)
                outcomes[index] = _own(bound, operation, _told(bound, intent, whole))
        return Sent(list(batch), outcomes)

    return call


def _own(bound: Bound, operation: Operation, outcome: Outcome) -> Outcome:
    """The answer, unless it is another record's: the one that was meant was merged into it."""
    if operation.id is None or outcome.kind != "stored":
        return outcome
    ext = external_id(bound.entities[operation.entity], outcome.record or {})
    return outcome if ext in {None, operation.id} else Outcome("stale", reason="merged")


def _complete(bound: Bound, operation: Operation, outcome: Outcome) -> Outcome:
    """A stored outcome with its record, as the inbound plugins let us see it."""
    if outcome.record is not None:
        return Outcome("stored", bound.inbound(operation.entity, [outcome.record])[0])
    if operation.id is not None:
        record = bound.get(operation.entity, [operation.id]).get(operation.id)
        return Outcome("gone") if record is None else Outcome("stored", record)
    marker = bound.entities[operation.entity].marker
    if marker is None or operation.marker is None:
        return Outcome("unknown", reason="the API does not say what it created")
    found = [r for r in bound.find(operation.entity, marker, [operation.marker])
             if r.get(marker) == operation.marker]  # fmt: skip
    if len(found) == 1:
        return Outcome("stored", found[0])
    return Outcome("unknown", reason="the created record was not found by its marker")


def _told(bound: Bound, intent: Intent, outcome: Outcome) -> Outcome:
    """A stored outcome that says all that was written, if the API says it at all.

    What the answer did say stands: what is read back may have been edited since. If its version
    tells so, the write is looked at again later, like one whose answer was lost.
    """
    said = outcome.record or {}
    declared = bound.entities[intent.entity]
    ext = external_id(declared, said)
    if outcome.kind != "stored" or ext is None or _says_all(bound, intent, said):
        return outcome
    there = bound.get(intent.entity, [ext]).get(ext)
    if there is None:  # it was stored, and is gone by now: a deletion like any other
        return outcome
    version = declared.version
    if version is not None and version in said and there.get(version) != said[version]:
        return Outcome("unknown", reason="the record was changed while it was read back")
    return Outcome("stored", overlay(there, said))


def _says_all(bound: Bound, intent: Intent, record: Raw) -> bool:
    return all(get(record) is not UNSAID for get in _written(bound, intent))


def _written(bound: Bound, intent: Intent) -> Iterator[Getter]:
    """Where what was written stands."""
    mapping = bound.mappings[intent.entity]
    for name in intent.operation["values"]:
        yield mapping.by_property[name].get
    for name in intent.operation["lines"]:
        yield mapping.children[name].get
