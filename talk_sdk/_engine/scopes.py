"""Scopes as a stage: links that no dataflow joins to the others any more rest, and come back."""

from __future__ import annotations

from talk_sdk._engine.flows import outside
from talk_sdk._engine.run import Run
from talk_sdk._store import LinkRow, goldens, links
from talk_sdk.concepts import CONCEPTS

__all__ = ["rest_and_wake"]


def rest_and_wake(run: Run) -> None:
    """Let links rest that have left their golden record, and wake those that belong again.

    A resting link is dormant: it is neither written nor deleted, what its users type waits, and
    it falls behind what the others say. A deletion in the others is none of it, neither while it
    rests nor when it is back.
    """
    for concept in CONCEPTS:
        places = [(bound.name, entity) for bound, entity in run.mapped(concept)]
        with run.store.write() as connection:
            asleep = links.any_dormant(connection, concept)
        if asleep or run.flows.default is None or run.flows.filtered(places):
            _concept(run, concept)


def _concept(run: Run, concept: str) -> None:
    after = ""
    while True:
        with run.store.write() as connection:
            page = goldens.dirty_page(connection, concept, after)
            if not page:
                return
            after = page[-1].id
            changed: list[LinkRow] = []
            for rows in links.by_golden(connection, [golden.id for golden in page]).values():
                changed += _changed(run, rows)
            links.update_links(connection, changed)
            goldens.revive(
                connection, [k.golden for k in changed if k.golden and k.state == "live"]
            )


def _changed(run: Run, rows: list[LinkRow]) -> list[LinkRow]:
    """The links of a golden record that go to rest or wake.

    Nobody wakes for being the last: those that are gone elsewhere still count for that.
    """
    known = [row for row in rows if run.mapping(row.system, row.entity) is not None]
    there = [row for row in known if row.state in {"live", "dormant"}]
    left = outside(there, run.flows)
    asleep = {row.id for row in there if row.state == "dormant"}
    if asleep - left:
        left |= asleep & outside(known, run.flows)
    changed = []
    for row in there:
        state, row.state = row.state, "dormant" if row.id in left else "live"
        if row.state != state:
            changed.append(row)
    return changed
