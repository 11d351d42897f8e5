"""Plan as a stage: dirty golden records by the page, steps spooled to files in their order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection

from talk_sdk._engine.looks import keys_of
from talk_sdk._engine.plan import plan_record
from talk_sdk._engine.refs import split
from talk_sdk._engine.run import Bound, Run, Toggle
from talk_sdk._engine.spool import Spool
from talk_sdk._engine.steps import Planned, Target
from talk_sdk._store import GoldenRow, LinkRow, goldens, items, journal, links
from talk_sdk.concepts import CONCEPTS
from talk_sdk.connector import Entity
from talk_sdk.operations import Drift

__all__ = ["plan_all"]

_SKIPS = 1000  # that a plan keeps in memory; the rest is counted


def targets(
    run: Run, connection: Connection, concept: str, page: Sequence[GoldenRow]
) -> list[Target]:
    """The entities of a concept as plan sees them, for a page of golden records."""
    mapped = run.mapped(concept)
    born = None
    if any(not bound.toggle(entity).full_sync for bound, entity in mapped):
        born = _born(run, connection, page)
    return [_target(run, connection, bound, entity, born) for bound, entity in mapped]


def _born(run: Run, connection: Connection, page: Iterable[GoldenRow]) -> dict[str, float | None]:
    """When the record that each golden record began with was created, by our clock."""
    origins: dict[tuple[str, str], dict[str, str]] = {}
    for golden in page:
        system, _, rest = golden.origin.partition(".")
        entity, _, ext = rest.partition(":")
        origins.setdefault((system, entity), {})[ext] = golden.id
    found: dict[str, float | None] = {}
    for (system, entity), ids in origins.items():
        for ext, link in links.by_ext(connection, system, entity, list(ids)).items():
            skew = run.skews.get(system, 0.0)
            found[ids[ext]] = None if link.created is None else link.created - skew
    return found


def _target(
    run: Run,
    connection: Connection,
    bound: Bound,
    entity: str,
    born: Mapping[str, float | None] | None,
) -> Target:
    declared, toggle = bound.entities[entity], bound.toggle(entity)
    off = {}
    if not toggle.write:
        off["create"] = off["update"] = f"write is off for {bound.name}.{entity}"
    if not declared.create:
        off["create"] = f"the API cannot create a {entity}"
    elif not toggle.create:
        off.setdefault("create", f"create is off for {bound.name}.{entity}")
    if declared.update is None:
        off["update"] = f"the API cannot change a {entity}"
    elif not toggle.update:
        off.setdefault("update", f"update is off for {bound.name}.{entity}")
    off |= _no_removal(bound, entity, toggle)
    closed = run.left_out.get((bound.name, entity))
    stream = journal.stream(connection, bound.name, entity)
    if closed is None and not declared.derived_from and not stream.completed:
        closed = f"{bound.name}.{entity} was never read to its end"
    older: set[str] = set()
    if not toggle.full_sync and born is not None:
        since = run.at if stream.onboarded is None else stream.onboarded
        older = {ident for ident, at in born.items() if at is None or at < since}
    return Target(
        bound.name, entity, bound.mappings[entity], declared.create, declared.update is not None,
        declared.adjust, declared.derived_from is not None, _marks(declared), frozenset(older),
        off, toggle.on_delete, closed, bound.flows,
    )  # fmt: skip


def _no_removal(bound: Bound, entity: str, toggle: Toggle) -> dict[str, str]:
    """Why records are not deleted there, or not archived."""
    place = f"{bound.name}.{entity}"
    if not toggle.write:
        return dict.fromkeys(("delete", "archive"), f"write is off for {place}")
    found = {}
    if not bound.entities[entity].delete:
        found["delete"] = f"the API cannot delete a {entity}"
    elif not toggle.delete:
        found["delete"] = f"delete is off for {place}"
    if not bound.updates(entity) or "active" not in bound.mappings[entity].writable:
        found["archive"] = f"nothing can be archived in {place}"
    elif not toggle.update:
        found["archive"] = f"update is off for {place}"
    return found


def _marks(declared: Entity) -> frozenset[str]:
    return frozenset(
        name
        for names in declared.unique
        for name in ((names,) if isinstance(names, str) else names)
    )


def plan_all(run: Run, only: Iterable[str] | None = None) -> Spool:
    """Plan everything that is dirty, or some golden records."""
    spool = Spool()
    with run.store.write() as connection:
        doubts = _doubts(connection)
        refused: dict[str, dict[tuple[str, str], str]] = {}
        for (system, entity, record), basis in items.dead(connection, "out").items():
            refused.setdefault(record, {})[system, entity] = basis
    demands: set[tuple[str, str]] = set()
    try:
        for concept in reversed(list(CONCEPTS)):
            demands = _concept(run, spool, concept, doubts, refused, only, demands)
    except BaseException:
        spool.close()
        raise
    if only is None:
        run.skips, run.drift = spool.skips, spool.drift
    else:
        # Records planned once more: what is said of the others stands.
        again = {(skip.system, skip.entity, skip.record) for skip in spool.skips}
        kept = [skip for skip in run.skips if (skip.system, skip.entity, skip.record) not in again]
        run.skips, run.drift = [*kept, *spool.skips], [*run.drift, *spool.drift]
    run.tell("planned", count=sum(spool.counts.values()))
    return spool


Doubts = Mapping[str, Mapping[tuple[str, str], str]]


def _doubts(connection: Connection) -> dict[str, dict[tuple[str, str], str]]:
    found: dict[str, dict[tuple[str, str], str]] = {}
    for intent in journal.open_intents(connection):
        reason = (
            "an earlier write is in review"
            if intent.state == "review"
            else "nobody knows yet what became of an earlier write"
        )
        found.setdefault(intent.golden, {})[intent.system, intent.entity] = reason
    return found


def _concept(
    run: Run,
    spool: Spool,
    concept: str,
    doubts: Doubts,
    refused: Mapping[str, Mapping[tuple[str, str], str]],
    only: Iterable[str] | None,
    demands: set[tuple[str, str]],
) -> set[tuple[str, str]]:
    """Plan a concept; returns what it and the later ones demand of those that come before."""
    if not run.mapped(concept):
        return demands
    asked: dict[str, set[str]] = {}
    for system, golden in demands:
        asked.setdefault(golden, set()).add(system)
    with run.store.write() as connection:
        demanded = goldens.by_id(connection, asked)
    extra = {g.id: g for g in demanded.values() if g.concept == concept}
    onward = {demand for demand in demands if demand[1] not in extra}
    after = ""
    wanted = None if only is None else set(only)
    while True:
        with run.store.write() as connection:
            page = goldens.dirty_page(connection, concept, after)
        if page:
            after = page[-1].id
        rows = [g for g in page if wanted is None or g.id in wanted or g.id in extra]
        for record in rows:
            extra.pop(record.id, None)
        if not page:
            rows, extra = list(extra.values()), {}
        if rows:
            run.step("plan")
            onward |= _page(run, spool, concept, rows, doubts, refused, asked)
        if not page:
            return onward


def _page(
    run: Run,
    spool: Spool,
    concept: str,
    page: list[GoldenRow],
    doubts: Doubts,
    refused: Mapping[str, Mapping[tuple[str, str], str]],
    asked: Mapping[str, set[str]],
) -> set[tuple[str, str]]:
    demands: set[tuple[str, str]] = set()
    clean: list[str] = []
    settled: list[LinkRow] = []
    drift: list[tuple[str, Drift]] = []
    parked: dict[tuple[str, str, str], str] = {}
    healed: list[tuple[str, str, str]] = []
    with run.store.write() as connection:
        ids = [golden.id for golden in page]
        by_golden = links.by_golden(connection, ids)
        children: dict[str, list[GoldenRow]] = {}
        kids: dict[int, list[LinkRow]] = {}
        if CONCEPTS[concept].children:
            children = goldens.children_of(connection, ids)
            parents = [k.id for rows in by_golden.values() for k in rows]
            kids = links.children_of(connection, parents)
        found = _references(connection, by_golden, kids)
        aims = targets(run, connection, concept, page)
        strangers = _strangers(connection, concept, page, aims, by_golden)
        for golden in page:
            rows = by_golden.get(golden.id, [])
            frozen = {(k.system, k.entity): "its last write was overtaken; the next run merges it"
                      for k in rows if golden.id in run.stale}  # fmt: skip
            planned = plan_record(
                golden, rows, aims, lambda system, ref: found.get((system, ref)),
                children=children.get(golden.id, ()),
                kids={k.id: kids.get(k.id, ()) for k in rows},
                doubts={**strangers.get(golden.id, {}), **frozen, **doubts.get(golden.id, {})},
                refused=refused.get(golden.origin),
                demanded=frozenset(asked.get(golden.id, ())),
            )  # fmt: skip
            demands |= planned.demands
            settled += planned.settled
            drift += [(golden.id, item) for item in planned.drift]
            parked |= {(*place, golden.origin): why for place, why in planned.parked.items()}
            healed += [(*place, golden.origin) for place in planned.healed]
            _keep(spool, concept, planned)
            if not planned.steps and not planned.waits:
                clean.append(golden.id)
        links.update_links(connection, {k.id: k for k in settled}.values())
        goldens.clean(connection, clean)
        items.park(connection, run.id, run.now(), parked)
        items.clear_dead(connection, "out", healed)
        spool.drift += items.add_drift(connection, run.now(), drift)
        return _missing(run, connection, demands)


def _strangers(
    connection: Connection,
    concept: str,
    page: Iterable[GoldenRow],
    aims: Iterable[Target],
    by_golden: Mapping[str, list[LinkRow]],
) -> dict[str, dict[tuple[str, str], str]]:
    """Unlinked rows that could be a record's twin: nothing is created beside them."""
    wanted: dict[tuple[int, str], set[str]] = {}
    there = {
        golden: {(k.system, k.entity) for k in rows if k.state == "live"}
        for golden, rows in by_golden.items()
    }
    for golden in page:
        for aim in aims:
            if (aim.system, aim.entity) in there.get(golden.id, ()):
                continue
            for rank, key in keys_of(aim.mapping, golden.data).items():
                if _weak(aim, rank):
                    continue
                wanted.setdefault((rank, key), set()).add(golden.id)
    found: dict[str, dict[tuple[str, str], str]] = {}
    for rank in {rank for rank, _ in wanted}:
        values = [key for level, key in wanted if level == rank]
        for key, system, entity, ext in links.unlinked_with(connection, concept, rank, values):
            for golden_id in wanted[rank, key]:
                if (system, entity) in there.get(golden_id, ()):
                    continue
                found.setdefault(golden_id, {})[system, entity] = (
                    f"{system}.{entity}:{ext} could be the same and is not linked yet"
                )
    return found


def _weak(aim: Target, rank: int) -> bool:
    """Whether a key of this rank says nothing there, as the system has a stronger one."""
    weak = aim.mapping.concept.weak
    names = aim.mapping.keys.get(abs(rank), ())
    return bool(weak.issuperset(names)) and min(aim.mapping.keys) < abs(rank)


def _missing(
    run: Run, connection: Connection, demands: set[tuple[str, str]]
) -> set[tuple[str, str]]:
    """The demanded records that do not exist in the system yet."""
    there = links.present(connection, {golden for _, golden in demands})
    return {
        (system, golden)
        for system, golden in demands
        if not any(
            own == system and not run.systems[system].entities[entity].derived_from
            for own, entity, _ in there.get(golden, ())
            if own == system and entity in run.systems[system].entities
        )
    }


def _keep(spool: Spool, concept: str, planned: Planned) -> None:
    for step in planned.steps:
        spool.add(concept, step)
    spool.removals[concept] += any(step.kind in {"delete", "archive"} for step in planned.steps)
    room = _SKIPS - len(spool.skips)
    spool.skips += planned.skips[: max(0, room)]
    spool.left += max(0, len(planned.skips) - room)


def _references(
    connection: Connection,
    by_golden: Mapping[str, list[LinkRow]],
    kids: Mapping[int, list[LinkRow]],
) -> dict[tuple[str, str], str]:
    """What the references in the shadows of some links stand for."""
    wanted: dict[str, set[tuple[str, str]]] = {}
    rows = [k for found in (*by_golden.values(), *kids.values()) for k in found]
    for link in rows:
        for name in link.behind:
            value = link.shadow.get(name)
            if isinstance(value, str) and ":" in value:
                wanted.setdefault(link.system, set()).add(split(value))
    found = {}
    for system, refs in wanted.items():
        for (entity, ext), (golden, _) in links.goldens_of(connection, system, refs).items():
            if golden is not None:
                found[system, f"{entity}:{ext}"] = golden
    return found
