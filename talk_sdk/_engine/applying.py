"""Apply: the only writer. Each operation is journaled, sent, and its answer stored."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec
from sqlalchemy import Connection

from talk_sdk._engine.absorb import absorb
from talk_sdk._engine.aliases import follow
from talk_sdk._engine.collecting import bury_links, error_of, fetch
from talk_sdk._engine.exchange import Sent, send
from talk_sdk._engine.outcomes import conclude
from talk_sdk._engine.run import Bound, Run
from talk_sdk._engine.sending import Material, Waits, operation_of, prepare, refs_in
from talk_sdk._engine.spool import Spool
from talk_sdk._engine.steps import CHANGES, Step
from talk_sdk._engine.workers import Failed, Lane
from talk_sdk._store import LinkRow, goldens, items, journal, links
from talk_sdk._store.journal import Intent
from talk_sdk.connector import Entity
from talk_sdk.errors import DeniedError, MappingError, SafetyError
from talk_sdk.mapping import Compiled
from talk_sdk.operations import Outcome, Raw

__all__ = ["apply"]

# Answers are stored in one transaction that came within so many seconds, or that are so many: a
# crash leaves no more of them in doubt.
_TOGETHER_S = 0.25
_TOGETHER = 64
_DOUBTS = 3  # writes in a row without an answer, after which a system is left alone


class _Work(msgspec.Struct):
    """What one stage of sending shares."""

    run: Run
    total: int
    done: int = 0
    doubts: dict[str, int] = msgspec.field(default_factory=dict)
    assigned: set[str] = msgspec.field(default_factory=set)
    waiting: set[str] = msgspec.field(default_factory=set)
    refused: set[str] = msgspec.field(default_factory=set)
    stale: list[tuple[str, str, str]] = msgspec.field(default_factory=list)
    answers: list[tuple[Intent, Outcome]] = msgspec.field(default_factory=list)
    stored_at: float = 0.0

    def due(self) -> bool:
        """Whether the answers that are kept have to be stored now."""
        waited = self.run.clock.monotonic() - self.stored_at
        return len(self.answers) >= _TOGETHER or waited >= _TOGETHER_S

    def taken(self) -> list[tuple[Intent, Outcome]]:
        """The answers that are kept, to be stored now."""
        answers, self.answers = self.answers, []
        self.stored_at = self.run.clock.monotonic()
        return answers


def apply(run: Run, spool: Spool) -> set[str]:
    """Carry the plan out; returns golden records that are to be planned again at once.

    Those are the ones to which a system assigned something, those that waited for them, and
    those of which a system may take another part.
    """
    work = _Work(run, sum(spool.counts.values()))
    for stage in spool.stages():
        lanes = {
            system: Lane(
                run.systems[system].workers,
                _calls(work, spool, stage, system),
                lambda intents: _still(run, intents),
                _ahead(run.systems[system], stage[0]),
            )
            for system in spool.systems(stage)
        }
        for together in run.workers.results(lanes):
            if together:
                run.step("answered")
            elif work.due():
                _store(work)
            for intents, result in together:
                _take(work, list(intents), result)
        _store(work)
        _look_again(work)
    return work.refused | (work.assigned | work.waiting if work.assigned else set())


_Call = tuple[tuple[Intent, ...], Callable[[], Sent]]


def _calls(work: _Work, spool: Spool, stage: tuple[str, str], system: str) -> Iterator[_Call]:
    """The calls of one system in one stage; each batch is journaled before it is sent."""
    bound = work.run.systems[system]
    by_entity: dict[str, list[Step]] = {}
    size = max(8, 4 * bound.workers)
    for step in spool.steps(stage, system):
        page = by_entity.setdefault(step.entity, [])
        page.append(step)
        if len(page) == size:
            yield from _batches(work, bound, step.entity, page)
            by_entity[step.entity] = []
    for entity, page in by_entity.items():
        yield from _batches(work, bound, entity, page)


def _batches(work: _Work, bound: Bound, entity: str, steps: list[Step]) -> Iterator[_Call]:
    run = work.run
    if (bound.name, entity) in run.left_out or (bound.name, entity) in run.braked or not steps:
        return
    current = _current(run, bound, entity, steps)
    if (bound.name, entity) in run.left_out:
        return
    with run.store.write() as connection:
        _conclude(work, connection, work.taken())
        ready = _ready(work, connection, bound, entity, steps, current)
        intents = [intent for intent, _ in ready]
        bodies = {intent.id: body for intent, body in ready}
        journal.record(connection, intents)
    run.step("journaled")
    for batch in links.chunks(intents, bound.entities[entity].batch):
        yield tuple(batch), send(bound, batch, bodies)


def _ahead(bound: Bound, concept: str) -> int:
    """As many operations as there are places: what is ready was looked at before it has to wait."""
    sizes = [bound.entities[name].batch for name, mapping in bound.mappings.items()
             if mapping.concept.name == concept]  # fmt: skip
    return max(1, bound.workers // max(sizes, default=1))


def _still(run: Run, intents: Sequence[Intent]) -> bool:
    """Whether a batch may be sent: what was journaled may have waited long for a free place."""
    first = intents[0]
    if (first.system, first.entity) in run.left_out:
        with run.store.write() as connection:
            journal.settle(connection, [intent.id for intent in intents])
        return False
    run.store.check_lease()
    return True


def _needs_look(run: Run, declared: Entity, mapping: Compiled, step: Step, link: LinkRow) -> bool:
    if step.kind == "delete" or _carries_more(declared, mapping, step):
        return True
    if declared.safe_update or step.kind == "adjust":
        return False
    return bool(step.lines) or run.now() - link.seen > run.fresh_within


def _carries_more(declared: Entity, mapping: Compiled, step: Step) -> bool:
    """Whether the step's body has to hold what the system has now beside our changes."""
    if step.kind not in CHANGES:
        return False
    if declared.update == "put":
        return True
    return any(
        path == group or path.startswith(group + ".")
        for group in declared.whole
        for path in _paths(mapping, step)
    )


def _paths(mapping: Compiled, step: Step) -> Iterator[str]:
    for name, _, _ in step.changes:
        yield from mapping.by_property[name].pair.wires
    for name in step.lines:
        yield mapping.children[name].wire


def _current(run: Run, bound: Bound, entity: str, steps: Sequence[Step]) -> dict[str, Raw]:
    """Fetch what has to be looked at right before it is written; what differs is pending."""
    declared = bound.entities[entity]
    wanted = [s for s in steps if s.link is not None]
    if not wanted:
        return {}
    with run.store.write() as connection:
        rows = links.by_id(connection, [s.link for s in wanted if s.link is not None])
    mapping = bound.mappings[entity]
    ids = sorted({s.ext for s in wanted if s.ext is not None and s.link in rows
                  and _needs_look(run, declared, mapping, s, rows[s.link])})  # fmt: skip
    found: dict[str, Raw] = {}

    def look(page: list[str]) -> Callable[[], tuple[float, dict[str, tuple[Raw, Raw]]]]:
        return lambda: (run.now(), bound.look(entity, page))

    calls = ((tuple(page), look(page)) for page in links.chunks(ids, declared.get_batch))
    for together in run.workers.results({bound.name: Lane(bound.workers, calls)}):
        for page, result in together:
            if isinstance(result, Failed):
                reason = error_of(result.error, bound, f"looking up {entity}")
                run.leave_out(bound.name, [entity], reason)
                continue
            asked, records = result
            with run.store.write() as connection:
                seen = [visible for _, visible in records.values()]
                named = {ext: visible for ext, (_, visible) in records.items()}
                others = follow(run, connection, bound, entity, named)
                absorb(run, connection, bound, entity, seen, asked, proven=True)
                gone = [ext for ext in page if ext not in records]
                bury_links(connection, bound.name, entity, gone, asked)
            found.update((e, whole) for e, (whole, _) in records.items() if e not in others)
    return found


def _ready(
    work: _Work,
    connection: Connection,
    bound: Bound,
    entity: str,
    steps: Sequence[Step],
    current: Mapping[str, Raw],
) -> list[tuple[Intent, Raw]]:
    run, mapping = work.run, bound.mappings[entity]
    records = goldens.by_id(connection, [s.golden for s in steps])
    rows = links.by_id(connection, [s.link for s in steps if s.link is not None])
    kids = links.children_of(connection, rows) if mapping.children else {}
    there = _there(connection, bound, {g for s in steps for g in refs_in(s, mapping)})
    ready = []
    waits: dict[tuple[str, str, str], str] = {}
    for step in steps:
        if step.late and step.golden in work.assigned:
            # It is planned again with what was assigned.
            continue
        link = None if step.link is None else rows.get(step.link)
        if step.link is not None and (link is None or link.state != "live"):
            continue
        if _carries_more(bound.entities[entity], mapping, step) and step.ext not in current:
            continue
        material = Material(
            records[step.golden], link, kids.get(step.link or 0, ()), there,
            current.get(step.ext or ""),
        )  # fmt: skip
        try:
            prepared = prepare(run, bound, step, material)
        except Waits as reason:
            waits[bound.name, entity, step.record] = reason.golden
            work.waiting.add(step.golden)
            continue
        except MappingError as error:
            _refuse(work, connection, bound.name, entity, step.record, error.message, "")
            continue
        if prepared is not None:
            ready.append(prepared)
    names = goldens.origins(connection, set(waits.values()))
    items.park(
        connection, run.id, run.now(),
        {
            place: f"waits for {names.get(golden, golden)}, which {bound.name} does not have"
            for place, golden in waits.items()
        },
    )  # fmt: skip
    return _unvetoed(work, connection, bound, entity, ready)


def _there(connection: Connection, bound: Bound, wanted: set[str]) -> dict[str, str]:
    """Golden id → `Entity:id`, for the records that the system has."""
    found = {}
    for golden, places in links.present(connection, wanted).items():
        for system, entity, ext in places:
            declared = bound.entities.get(entity)
            if system == bound.name and declared is not None and not declared.derived_from:
                found[golden] = f"{entity}:{ext}"
    return found


def _unvetoed(
    work: _Work,
    connection: Connection,
    bound: Bound,
    entity: str,
    ready: list[tuple[Intent, Raw]],
) -> list[tuple[Intent, Raw]]:
    hook = bound.hooks.talk_veto
    if not ready or not hook.get_hookimpls():
        return ready
    operations = [operation_of(intent) for intent, _ in ready]
    reasons: dict[int, str] = {}
    for vetoes in hook(system=bound.name, entity=entity, operations=operations):
        reasons.update(vetoes or {})
    for index, reason in reasons.items():
        record = operations[index].record
        _refuse(work, connection, bound.name, entity, record, f"vetoed: {reason}", "")
    return [item for index, item in enumerate(ready) if index not in reasons]


def _take(work: _Work, intents: list[Intent], result: Sent | Failed) -> None:
    """Keep what became of a batch, to be stored with others."""
    if isinstance(result, Failed):
        _batch_failed(work, intents, result.error)
        return
    for intent, outcome in zip(intents, result.outcomes, strict=True):
        work.done += 1
        work.answers.append((intent, outcome))
        unanswered = outcome.kind in {"unknown", "unsent"}
        work.doubts[intent.system] = work.doubts.get(intent.system, 0) + 1 if unanswered else 0
        if outcome.kind == "unsent" or work.doubts[intent.system] >= _DOUBTS:
            _give_up(work.run, intent.system, outcome.reason)
    first = intents[0]
    work.run.tell("applying", system=first.system, entity=first.entity, count=work.done,
                  total=work.total)  # fmt: skip


def _store(work: _Work) -> None:
    """Store the answers that came since, in one transaction."""
    answers = work.taken()
    if not answers:
        return
    with work.run.store.write() as connection:
        _conclude(work, connection, answers)
    work.run.step("answer stored")


def _conclude(
    work: _Work, connection: Connection, answers: Sequence[tuple[Intent, Outcome]]
) -> None:
    work.assigned |= conclude(work.run, connection, answers)
    work.refused |= {
        intent.golden
        for intent, outcome in answers
        if outcome.kind == "refused" and intent.kind == "update"
    }
    work.stale += [
        (intent.system, intent.entity, intent.operation["ext"])
        for intent, outcome in answers
        if outcome.kind == "stale"
    ]


def _give_up(run: Run, system: str, reason: str) -> None:
    run.leave_out(
        system, run.systems[system].mappings,
        f"{reason or system + ' does not answer'} The rest for {system} waits for the next run.",
    )  # fmt: skip


def _batch_failed(work: _Work, intents: list[Intent], error: BaseException) -> None:
    bound = work.run.systems[intents[0].system]
    if isinstance(error, SafetyError):
        raise error
    reason = error_of(error, bound, "writing")
    if isinstance(reason, DeniedError):
        work.answers += [(i, Outcome("unsent", reason=reason.message)) for i in intents]
    work.run.leave_out(bound.name, bound.mappings, reason)


def _refuse(
    work: _Work,
    connection: Connection,
    system: str,
    entity: str,
    record: str,
    reason: str,
    basis: str,
) -> None:
    place = (system, entity, record)
    items.bury(connection, work.run.now(), "out", {place: (reason, None, basis)})
    work.run.tell("refused", system=system, entity=entity, record=record, message=reason)


def _look_again(work: _Work) -> None:
    """Records that somebody else wrote first are read; the next run merges them."""
    run, stale = work.run, work.stale
    work.stale = []
    by_entity: dict[tuple[str, str], list[str]] = {}
    for system, entity, ext in stale:
        if ext is not None:
            by_entity.setdefault((system, entity), []).append(ext)
    for (system, entity), ids in by_entity.items():
        fetch(run, run.systems[system], entity, ids)
