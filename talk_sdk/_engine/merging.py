"""Merge as a stage: golden records with pending edits, page by page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

from sqlalchemy import Connection

from talk_sdk._engine.family import Family, merge_lines
from talk_sdk._engine.flips import freeze
from talk_sdk._engine.looks import keys_of
from talk_sdk._engine.matching import match_concept
from talk_sdk._engine.merge import Merged, View, merge
from talk_sdk._engine.refs import Known, known, refers, translate, unresolved
from talk_sdk._engine.removals import overrules
from talk_sdk._engine.run import Run
from talk_sdk._store import GoldenRow, LinkRow, goldens, items, journal, links, questions
from talk_sdk.concepts import CONCEPTS
from talk_sdk.mapping import Compiled

__all__ = ["merge_all"]


def merge_all(run: Run, only: Iterable[str] | None = None) -> None:
    """Merge all pending edits, or those of some golden records."""
    with run.store.write() as connection:
        run.frozen = {
            f"{i.system}.{i.entity}:{i.link}" for i in journal.open_intents(connection) if i.link
        }
        refused = {record for _, _, record in items.dead(connection, "out")}
    wanted = None if only is None else set(only)
    for concept in CONCEPTS:
        after = ""
        while True:
            with run.store.write() as connection:
                page = links.dirty_goldens(connection, concept, after)
            if not page:
                break
            after = page[-1]
            run.step("merge")
            ids = page if wanted is None else [g for g in page if g in wanted]
            _page(run, concept, ids, refused)
    run.tell("merged")


def _page(run: Run, concept: str, ids: Sequence[str], refused: AbstractSet[str]) -> None:
    with run.store.write() as connection:
        by_golden = links.by_golden(connection, ids)
    rows = [link for found in by_golden.values() for link in found if link.dirty]
    blocked = _blocked(run, rows) if refers(concept) else {}
    with run.store.write() as connection:
        records = goldens.by_id(connection, ids)
        free = [link for link in rows if link.id not in blocked]
        found = known(run, connection, free) if refers(concept) else {}
        families = _families(run, connection, concept, records, by_golden, found)
        followed = any(b.toggle(e).on_delete != "ignore" for b, e in run.mapped(concept))
        freeze(run, connection, free)
        sides = {(bound.name, entity) for bound, entity in run.mapped(concept)
                 if not bound.entities[entity].derived_from}  # fmt: skip
        sights: dict[tuple[str, str], _Sight | None] = {}
        results: dict[str, Merged] = {}
        for ident, golden in records.items():
            views = _views(run, by_golden.get(ident, []), sights, blocked, found)
            kept = overrules(golden, by_golden.get(ident, []), views)
            result = merge(golden, views, run.policy(concept))
            result.conflicts += kept if followed else []
            for family in families.get(ident, []):
                tables = _tables(views, family.name)
                result.dirty |= merge_lines(family, views, tables, run.policy(concept, family.name))
            if golden.dirty or result.dirty:
                rows = by_golden.get(ident, [])
                golden.dirty = golden.origin in refused or not _in_step(golden, rows, sides)
            results[ident] = result
        _save(run, connection, records, by_golden, families, results)
        _save_keys(run, connection, concept, records, by_golden, results)


def _in_step(
    golden: GoldenRow, rows: Sequence[LinkRow], sides: AbstractSet[tuple[str, str]]
) -> bool:
    """Whether every side has the record and all that it says, so that plan need not look."""
    if CONCEPTS[golden.concept].children or golden.state != "live":
        return False
    if any(link.behind or link.held or link.found or link.dirty for link in rows):
        return False
    return sides <= {(link.system, link.entity) for link in rows if link.state == "live"}


def _blocked(run: Run, rows: list[LinkRow]) -> dict[int, str]:
    """Rows that wait for a record which they refer to."""
    blocked, fetched = unresolved(run, rows)
    for concept in sorted(fetched, key=list(CONCEPTS).index):
        match_concept(run, concept)
    if fetched:
        blocked, _ = unresolved(run, rows)
    if blocked:
        names = {(k.system, k.entity, k.ext): blocked[k.id] for k in rows if k.id in blocked}
        with run.store.write() as connection:
            items.park(connection, run.id, run.now(), names)
    return blocked


class _Sight(NamedTuple):
    """What the links of one entity have in common, as merge sees them."""

    mapping: Compiled
    order: int
    skew: float
    granularity: float
    derived: bool


def _sight(run: Run, system: str, entity: str) -> _Sight | None:
    mapping = run.mapping(system, entity)
    if mapping is None:
        return None
    declared = run.systems[system].entities[entity]
    return _Sight(
        mapping,
        run.order(system),
        abs(run.skews.get(system, 0.0)) + 1.0,
        declared.modified.granularity.total_seconds() if declared.modified else 0.0,
        declared.derived_from is not None,
    )


def _views(
    run: Run,
    rows: Iterable[LinkRow],
    sights: dict[tuple[str, str], _Sight | None],
    blocked: Mapping[int, str],
    found: Known,
) -> list[View]:
    """The links that take part; `sights` are filled with what is met."""
    views = []
    for link in rows:
        place = (link.system, link.entity)
        if place not in sights:
            sights[place] = _sight(run, *place)
        sight = sights[place]
        if link.state not in {"live", "dormant"} or sight is None:
            continue
        waits = (
            link.state == "dormant"
            or link.id in blocked
            or f"{link.system}.{link.entity}:{link.id}" in run.frozen
        )
        views.append(
            View(
                link,
                sight.mapping,
                sight.order,
                {} if waits else translate(sight.mapping, link.system, link.pending, found),
                sight.skew,
                sight.granularity,
                sight.derived,
                waits,
            )
        )
    return views


def _tables(views: Iterable[View], name: str) -> dict[str, Any]:
    return {v.link.system: v.mapping.children[name] for v in views if name in v.mapping.children}


def _families(
    run: Run,
    connection: Connection,
    concept: str,
    records: Mapping[str, GoldenRow],
    by_golden: Mapping[str, list[LinkRow]],
    found: Known,
) -> dict[str, list[Family]]:
    lists = CONCEPTS[concept].children
    if not lists:
        return {}
    children = goldens.children_of(connection, records)
    parents = [link.id for rows in by_golden.values() for link in rows]
    kids = links.children_of(connection, parents)
    refs = {name: kind.refs for name, kind in lists.items()}

    def translator(name: str) -> Any:
        def turn(system: str, values: Mapping[str, Any]) -> dict[str, Any]:
            return {
                p: found.get((system, v), v) if p in refs[name] and v is not None else v
                for p, v in values.items()
            }

        return turn

    return {
        ident: [
            Family(
                golden, name, children.get(ident, []),
                {link.id: kids.get(link.id, []) for link in by_golden.get(ident, [])},
                run.mint, run.next_link, translator(name),
            )
            for name in lists
        ]
        for ident, golden in records.items()
    }  # fmt: skip


def _save(
    run: Run,
    connection: Connection,
    records: Mapping[str, GoldenRow],
    by_golden: Mapping[str, list[LinkRow]],
    families: Mapping[str, list[Family]],
    results: Mapping[str, Merged],
) -> None:
    goldens.save(connection, records.values())
    links.update_links(connection, [link for rows in by_golden.values() for link in rows])
    moves: dict[str, list[Any]] = {}
    conflicts: list[dict[str, Any]] = []
    every = [(records[ident], result) for ident, result in results.items()]
    for found in families.values():
        for family in found:
            goldens.save(connection, family.changed.values())
            links.save(connection, family.fresh)
            fresh = {kid.id for kid in family.fresh}
            links.update_links(
                connection, [k for k in family.touched.values() if k.id not in fresh]
            )
            by_id = {child.id: child for child in family.children}
            every += [(by_id[ident], result) for ident, result in family.results.items()]
    for golden, result in every:
        moves[golden.id] = [
            [m.property, m.before, m.after, m.system, m.decision] for m in result.moves
        ]
        conflicts += [
            {
                "run": run.id, "golden": golden.id, "origin": golden.origin,
                "property": c.property, "at": run.now(), "values": c.values,
                "decision": c.decision, "link": c.link,
            }
            for c in result.conflicts
        ]  # fmt: skip
    journal.note(connection, run.id, run.now(), "merge", moves)
    settled = [row for row in conflicts if row["link"] is None]
    items.add_conflicts(connection, settled)
    run.conflicts += len(settled)
    questions.ask(connection, [row for row in conflicts if row["link"] is not None])


def _save_keys(
    run: Run,
    connection: Connection,
    concept: str,
    records: Mapping[str, GoldenRow],
    by_golden: Mapping[str, list[LinkRow]],
    results: Mapping[str, Merged],
) -> None:
    """Composite keys of rows whose parts have moved: references are known only now."""
    tables = {
        (bound.name, entity): bound.mappings[entity]
        for bound, entity in run.mapped(concept)
        if bound.mappings[entity].composite
    }
    for ident, result in results.items() if tables else ():
        moved = {*result.first, *(move.property for move in result.moves)}
        for link in by_golden.get(ident, []):
            mapping = tables.get((link.system, link.entity))
            if mapping is None or link.state != "live":
                continue
            ranks = [rank for rank in mapping.composite if moved.intersection(mapping.keys[rank])]
            if not ranks:
                continue
            refs = {name: records[ident].data.get(name) for name in mapping.concept.refs}
            values = {**link.shadow, **link.pending, **refs}
            keys = keys_of(mapping, values)
            for rank in ranks:
                key = mapping.key_of(rank, values)
                if key is not None:
                    keys[rank] = key
            links.put_keys(connection, mapping.concept.name, {link.id: keys})
