"""What the settling of creates and of updates shares: asking, sending again, asking a person."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import Connection

from talk_sdk._engine.collecting import error_of, fetch
from talk_sdk._engine.exchange import Sent, send
from talk_sdk._engine.looks import external_id
from talk_sdk._engine.outcomes import conclude
from talk_sdk._engine.run import Bound, Run
from talk_sdk._engine.workers import Failed, Lane
from talk_sdk._store import items, journal
from talk_sdk._store.journal import Intent
from talk_sdk.operations import Raw

__all__ = ["ask", "key_alive", "replay", "to_review"]


def ask(run: Run, bound: Bound, call: Callable[[], Sequence[Raw]]) -> Sequence[Raw]:
    """The result of one look-up, made by a worker."""
    lanes = {bound.name: Lane(1, iter([("look", call)]))}
    for together in run.workers.results(lanes):
        for _, result in together:
            if isinstance(result, Failed):
                raise error_of(result.error, bound, "looking up")
            return result
    return ()


def key_alive(run: Run, bound: Bound, intent: Intent) -> bool:
    """Whether the API still knows the intent's idempotency key."""
    lifetime = bound.entities[intent.entity].idempotency
    return lifetime is not None and run.now() - intent.sent < lifetime.total_seconds()


def replay(run: Run, bound: Bound, intent: Intent) -> None:
    """Send a create again under its idempotency key, and read what has become of it (D4)."""
    sent = _send(run, bound, intent)
    if sent is None:
        return
    outcome = sent.outcomes[0]
    if outcome.kind == "unsent":
        # That it was not repeated says nothing of the first time.
        run.leave_out(bound.name, [intent.entity], outcome.reason)
        return
    with run.store.write() as connection:
        if outcome.kind in {"stale", "gone"}:
            to_review(run, connection, intent, outcome.reason or "the repeated create was refused")
            return
        conclude(run, connection, [(intent, outcome)])
    ext = external_id(bound.entities[intent.entity], outcome.record or {})
    if outcome.kind == "stored" and ext is not None:
        fetch(run, bound, intent.entity, [ext])


def _send(run: Run, bound: Bound, intent: Intent) -> Sent | None:
    run.store.check_lease()
    lanes = {bound.name: Lane(1, iter([("send", send(bound, [intent], {}))]))}
    for together in run.workers.results(lanes):
        for _, result in together:
            if isinstance(result, Failed):
                raise error_of(result.error, bound, "writing")
            return result
    return None


def to_review(run: Run, connection: Connection, intent: Intent, reason: str) -> None:
    journal.to_review(connection, intent.id)
    items.add_review(
        connection, intent.system, intent.entity, intent.operation["record"], "create",
        f"the answer to its create was lost: {reason}", run.now(), {"intent": intent.id},
    )  # fmt: skip
