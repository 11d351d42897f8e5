"""Claims: which unlinked records could be what a create made whose answer was lost.

The rules D3 (such a record is asked about, and no second one is made) and M6 (until then it
waits, and does not become a golden record of its own).
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, select

from talk_sdk._engine.looks import MARKER, UNIQUE
from talk_sdk._engine.refs import composite_keys
from talk_sdk._engine.run import Run
from talk_sdk._store import LinkRow, links
from talk_sdk._store import schema as db
from talk_sdk._store.journal import Intent

__all__ = ["SLACK", "claims", "contradicts", "sent_keys", "sent_marks"]

SLACK = 60.0
"""Seconds by which a created time may lie before the intent."""
_EFFECT = 3600.0  # seconds after the intent in which a create takes effect, if it does
_AT_ONCE = 1.0  # seconds between the two times of a record that nobody has edited


def sent_keys(intent: Intent) -> dict[int, str]:
    """Rank → key of what a create sent, its marks included."""
    sent = {int(rank): key for rank, key in intent.operation.get("keys", {}).items()}
    return sent | sent_marks(intent)


def sent_marks(intent: Intent) -> dict[int, str]:
    """Rank → what tells the created record apart: its marker, or its unique properties."""
    sent = {int(rank): key for rank, key in intent.operation.get("unique", {}).items()}
    marker = intent.operation.get("marker")
    if marker:
        sent[MARKER] = marker
    return sent


def contradicts(own: Mapping[int, str], sent: Mapping[int, str]) -> bool:
    """Whether a record's keys show that it is not what was sent."""
    return any(own[rank] != key for rank, key in sent.items() if rank in own)


def claims(run: Run, connection: Connection, intent: Intent) -> dict[int, dict[int, str]]:
    """Link id → keys of the unlinked records that could be what was created.

    They were created after the intent and no key speaks against it. A key that differs speaks
    against a record only if no stronger one is what was sent, and if nobody has edited it since
    it was created.
    """
    table = db.links
    query = select(table.c.id).where(
        table.c.system == intent.system,
        table.c.entity == intent.entity,
        table.c.state.in_(("new", "review")),
        table.c.golden.is_(None),
    )
    slack = SLACK + abs(run.skews.get(intent.system, 0.0))
    rows = links.by_id(connection, connection.scalars(query)).values()
    late = {link.id: _edited(link) for link in rows if _in_time(link, intent, slack)}
    concept = run.systems[intent.system].mappings[intent.entity].concept.name
    composite_keys(run, connection, concept, [link for link in rows if link.id in late])
    keys = links.keys_of(connection, [*late])
    sent = sent_keys(intent)
    found = {ident: keys.get(ident, {}) for ident in late}
    return {ident: own for ident, own in found.items()
            if late[ident] or not _speaks_against(own, sent)}  # fmt: skip


def _speaks_against(own: Mapping[int, str], sent: Mapping[int, str]) -> bool:
    """Whether the strongest key that both have is another one: marks, then match keys by rank."""
    both = own.keys() & sent.keys()
    strongest = min(both, key=lambda rank: (UNIQUE < rank != MARKER, abs(rank), -rank),
                    default=None)  # fmt: skip
    return strongest is not None and own[strongest] != sent[strongest]


def _in_time(link: LinkRow, intent: Intent, slack: float) -> bool:
    if link.created is None:
        return True
    return intent.sent - slack <= link.created <= intent.sent + slack + _EFFECT


def _edited(link: LinkRow) -> bool:
    """Whether a record shows that it was edited since it was created."""
    times = link.created, link.mod_lo
    return None not in times and link.mod_lo - link.created > _AT_ONCE  # type: ignore[operator]
