"""Reconcile: a full compare of everything that is linked, and a repair through the pipeline.

Nothing here writes to a system: what differs is made pending or behind, and is merged, planned
and applied like any other edit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection

from talk_sdk._config import Brakes
from talk_sdk._engine.auditing import audit
from talk_sdk._engine.collecting import fetch
from talk_sdk._engine.comparing import Different, Told, compare, differences
from talk_sdk._engine.run import Run
from talk_sdk._engine.stages import match_and_merge
from talk_sdk._engine.tally import Place, Says, Tally, limits_of
from talk_sdk._engine.verify import Verdict, kept_as
from talk_sdk._store import GoldenRow, LinkRow, goldens, items, journal, links
from talk_sdk.concepts import CONCEPTS
from talk_sdk.operations import Drift, Plan
from talk_sdk.reports import Reconciliation, Report

__all__ = ["Mended", "left_over", "mend", "reconciled", "survey"]

Outcome = Literal["done", "open", "stopped"]

_NO_READ = "no read had shown it: a full compare did"
_RESTORED = "an older state was restored there: what it said before is written once more"
_NOBODY = "differs, though nobody is known to have changed it: written once more"
_ALONE = "our copy was wrong: every system says this"


class Mended(msgspec.Struct):
    """What is to be written: golden id → (link, property) that a repair has put behind."""

    behind: dict[str, set[tuple[int, str]]] = msgspec.field(default_factory=dict)


def survey(run: Run, brakes: Brakes, approved: int) -> Tally:
    """Compare everything: the systems with what they have said, that with the golden records.

    Changes nothing. What has to be said of it is among the run's problems.
    """
    with run.store.write() as connection:
        tally = Tally(limits_of(connection, brakes, approved))
    audit(run, tally)
    compare(run, tally)
    run.problems += tally.braked()
    return tally


def mend(run: Run, tally: Tally) -> Mended:
    """Take in what was missed, merge, and put the systems behind that say something else."""
    mended = Mended()
    for place, said in tally.reread.items():
        _read_again(run, place, said, _NO_READ)
    for place, said in tally.reverted.items():
        for link in _read_again(run, place, said, _RESTORED):
            mended.behind.setdefault(link.golden or "", set()).update(
                (link.id, name) for name in said[link.ext]
            )
    match_and_merge(run)
    for ids in tally.goldens.values():
        for page in links.chunks(ids):
            with run.store.write() as connection:
                rows = list(goldens.by_id(connection, page).values())
                _mark(run, connection, list(differences(run, connection, rows)), mended)
    return mended


def _read_again(run: Run, place: Place, records: Mapping[str, Says], why: str) -> Iterable[LinkRow]:
    """Judge every value of some records, though a look-up may show what was seen before."""
    with run.store.write() as connection:
        found = links.by_ext(connection, *place, list(records))
        links.forget_looks(connection, *place, records)
        _note(run, connection, records, found, why)
    fetch(run, run.systems[place[0]], place[1], list(records))
    return found.values()


def _note(
    run: Run,
    connection: Connection,
    records: Mapping[str, Says],
    found: Mapping[str, LinkRow],
    why: str,
) -> None:
    moves = {
        link.golden: [
            [name, ours, theirs, link.system, why] for name, (ours, theirs) in records[ext].items()
        ]
        for ext, link in found.items()
        if link.golden is not None
    }
    journal.note(connection, run.id, run.now(), "reconcile", moves)


def _mark(run: Run, connection: Connection, found: Sequence[Different], mended: Mended) -> None:
    changed: dict[str, GoldenRow] = {}
    rows: dict[int, LinkRow] = {}
    moves: dict[str, list[Any]] = {}
    for each in found:
        for verdict in each.verdicts:
            golden, link, name = verdict.golden, verdict.witness.link, verdict.name
            move: list[Any] = [name, verdict.theirs, verdict.ours, link.system, _NOBODY]
            if verdict.alone:
                golden.data[name] = verdict.theirs
                move = [name, verdict.ours, verdict.theirs, link.system, _ALONE]
            else:
                link.behind[name] = max(0, golden.rev(name) - 1)
                rows[link.id] = link
                mended.behind.setdefault(each.golden.id, set()).add((link.id, name))
                each.golden.dirty = True
            changed[golden.id] = golden
            moves.setdefault(golden.id, []).append(move)
        for link, name in each.lists:
            mended.behind.setdefault(each.golden.id, set()).add((link.id, name))
            each.golden.dirty = True
        changed[each.golden.id] = each.golden
    goldens.save(connection, changed.values())
    links.update_links(connection, rows.values())
    journal.note(connection, run.id, run.now(), "reconcile", moves)


def reconciled(
    run: Run,
    tally: Tally,
    *,
    plan: Plan | None = None,
    report: Report | None = None,
    drift: Sequence[Drift] = (),
    left: int = 0,
) -> Reconciliation:
    """What a comparison has found, and what a repair has made of it.

    Args:
        run: the run.
        tally: what differs.
        plan: what a repair would write, where there was none.
        report: what the repair wrote.
        drift: what it could not mend.
        left: of how many records.
    """
    braked = sum(tally.records(concept) for concept in CONCEPTS if tally.over(concept))
    rest = tally.differing() if report is None else braked + left
    outcome: Outcome = "stopped" if run.problems else "open" if rest else "done"
    return Reconciliation(
        run.id, outcome, dict(tally.compared), dict(tally.counts), tuple(tally.listed),
        tally.differing() - rest, tuple(drift), tuple(run.problems), plan, report,
        run.now() - run.at,
    )  # fmt: skip


def left_over(run: Run, mended: Mended) -> tuple[list[Drift], int]:
    """What a repair could not mend: the drift, which is told once; how many records are left.

    A system that makes the same of a value once more has its own way with it.
    """
    drift: list[Drift] = []
    left: set[str] = set()
    for page in links.chunks(mended.behind):
        with run.store.write() as connection:
            rows = goldens.by_id(connection, page)
            found: list[tuple[str, Drift]] = []
            for each in differences(run, connection, list(rows.values()), Told):
                ours = mended.behind[each.golden.id]
                stays = list(_stays(each, ours))
                left |= {each.golden.id} if stays else set()
                found += stays
            drift += items.add_drift(connection, run.now(), found)
            left |= _unwritten(connection, page, mended)
    return drift, len(left)


def _stays(each: Different, ours: set[tuple[int, str]]) -> Iterable[tuple[str, Drift]]:
    for verdict in each.verdicts:
        link = verdict.witness.link
        if (link.id, verdict.name) in ours:
            yield verdict.golden.id, _drift(verdict)
    for link, name in each.lists:
        if (link.id, name) in ours:
            reason = "its lines stay other ones, whatever is written"
            yield each.golden.id, Drift(link.system, link.entity, each.golden.origin, name, reason)


def _drift(verdict: Verdict) -> Drift:
    link, golden = verdict.witness.link, verdict.golden
    reason = kept_as(golden.data.get(verdict.name), verdict.theirs)
    return Drift(link.system, link.entity, golden.origin, verdict.name, reason)


def _unwritten(connection: Connection, page: Sequence[str], mended: Mended) -> set[str]:
    """Records that a system could not be told, or was not: refused, vetoed, not approved."""
    wanted = {ident for golden in page for ident, _ in mended.behind[golden]}
    rows = links.by_id(connection, wanted)
    return {
        golden
        for golden in page
        for ident, name in mended.behind[golden]
        if ident in rows and name in rows[ident].behind
    }
