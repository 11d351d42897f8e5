"""Writing: what is planned is braked, approved and applied, till nothing follows from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from talk_sdk._config import Brakes
from talk_sdk._engine.applying import apply
from talk_sdk._engine.approving import Approval, only_approved
from talk_sdk._engine.brakes import Approved, brake
from talk_sdk._engine.merging import merge_all
from talk_sdk._engine.planning import plan_all
from talk_sdk._engine.run import Run
from talk_sdk._engine.spool import Spool
from talk_sdk._store import items, journal

__all__ = ["Approve", "unpark", "write", "write_saved"]

Approve = bool | Callable[[Mapping[tuple[str, str], Mapping[str, int]]], bool]
"""Whether entities that were never written may be: yes, no, or who to ask with the counts:
(system, entity) → kind → how many."""

_PASSES = 5
"""How often a run plans: what a system assigns is carried on at once, and may lead to more."""


def write(
    run: Run,
    limits: Brakes,
    approve: Approve,
    approved: Approved,
    only: Iterable[str] | None = None,
) -> None:
    """Plan and apply, everything or some golden records.

    What systems assigned to new records is carried on at once.
    """
    wanted = None if only is None else set(only)
    for _ in range(_PASSES):
        spool = plan_all(run, wanted)
        try:
            run.problems += brake(run, spool, limits, approved)
            if not _approved(run, spool, approve):
                return
            assigned = apply(run, spool) - run.stale
        finally:
            spool.close()
        if not assigned:
            return
        wanted = assigned
        merge_all(run, wanted)


def write_saved(run: Run, approval: Approval) -> None:
    """Apply what a person has approved and is still the same."""
    everything = plan_all(run)
    try:
        spool, run.unapproved = only_approved(run, everything, approval)
        try:
            _approved(run, spool, approve=True)
            apply(run, spool)
        finally:
            spool.close()
    finally:
        everything.close()


def unpark(run: Run) -> None:
    """Nothing waits that a run did not park, provided that it has planned everything."""
    with run.store.write() as connection:
        items.unpark_stale(connection, run.id, run.left_out)


def _approved(run: Run, spool: Spool, approve: Approve) -> bool:
    first: dict[tuple[str, str], dict[str, int]] = {}
    with run.store.write() as connection:
        for (system, entity, kind), count in spool.counts.items():
            place = (system, entity)
            if place not in run.braked and not journal.stream(connection, *place).approved:
                first.setdefault((system, entity), {})[kind] = count
    if not first:
        return True
    if not (approve if isinstance(approve, bool) else approve(first)):
        places = ", ".join(f"{system}.{entity}" for system, entity in sorted(first))
        run.problems.append(
            f"Nothing was written: the first write into {places} has to be approved."
        )
        return False
    with run.store.write() as connection:
        for (system, entity), kinds in first.items():
            stream = journal.stream(connection, system, entity)
            stream.approved, stream.allowance = True, kinds.get("create", 0)
            journal.save_stream(connection, stream)
    return True
