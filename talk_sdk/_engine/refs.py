"""References between records: which golden record an `Entity:id` of a system stands for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from talk_sdk._engine.collecting import fetch
from talk_sdk._engine.run import Run
from talk_sdk._store import LinkRow, goldens, items, links
from talk_sdk.concepts import CONCEPTS
from talk_sdk.mapping import Compiled
from talk_sdk.operations import Scalar

__all__ = [
    "REFERENCES",
    "Known",
    "composite_keys",
    "known",
    "names_of",
    "refers",
    "refs_of",
    "split",
    "translate",
    "unresolved",
]

REFERENCES = frozenset(
    name
    for concept in CONCEPTS.values()
    for kind in (concept, *concept.children.values())
    for name in kind.refs
)
"""The properties, of whatever concept, whose values are golden ids."""

Known = Mapping[tuple[str, str], str]
"""(system, `Entity:id`) → golden id."""


def refers(concept: str) -> bool:
    """Whether records of a concept, or their lines, refer to others."""
    found = CONCEPTS[concept]
    return bool(found.refs) or any(child.refs for child in found.children.values())


def split(ref: str) -> tuple[str, str]:
    """`Customer:17` → entity and external id."""
    entity, _, ext = ref.partition(":")
    return entity, ext


def names_of(
    connection: Connection, values: Iterable[tuple[str, Scalar, Scalar]]
) -> Mapping[Any, str]:
    """Golden id → the name that people know it by, for (property, value, value) of references."""
    ids = {v for name, *both in values if name in REFERENCES for v in both if isinstance(v, str)}
    return goldens.origins(connection, ids)


def refs_of(run: Run, link: LinkRow) -> Iterator[str]:
    """Every reference of a record and its lines, as last read."""
    mapping = run.mapping(link.system, link.entity)
    if mapping is None:
        return
    if mapping.concept.refs:
        yield from _values(mapping, {**link.shadow, **link.pending})
    for name, rows in (link.children or {}).items():
        for _, properties in rows:
            yield from _values(mapping.children[name].mapping, properties)


def _values(mapping: Compiled, values: Mapping[str, Scalar]) -> Iterator[str]:
    for name in mapping.concept.refs:
        value = values.get(name)
        if isinstance(value, str):
            yield value


def known(run: Run, connection: Connection, rows: Iterable[LinkRow]) -> dict[tuple[str, str], str]:
    """The golden ids of all references of some rows that have one."""
    wanted: dict[str, set[tuple[str, str]]] = {}
    for link in rows:
        for ref in refs_of(run, link):
            wanted.setdefault(link.system, set()).add(split(ref))
    found = {}
    for system, refs in wanted.items():
        for (entity, ext), (golden, _) in links.goldens_of(connection, system, refs).items():
            if golden is not None:
                found[system, f"{entity}:{ext}"] = golden
    return found


def translate(
    mapping: Compiled, system: str, values: Mapping[str, Scalar], found: Known
) -> dict[str, Scalar]:
    """The values with references as golden ids. Only for rows without unresolved ones."""
    turned = dict(values)
    for name in mapping.concept.refs:
        value = turned.get(name)
        if isinstance(value, str):
            turned[name] = found[system, value]
    return turned


def composite_keys(run: Run, connection: Connection, concept: str, rows: Sequence[LinkRow]) -> None:
    """Store the keys that need references translated, for rows without unresolved ones."""
    found = known(run, connection, rows)
    keys = links.keys_of(connection, [link.id for link in rows])
    for link in rows:
        mapping = run.mapping(link.system, link.entity)
        plain = {**link.shadow, **link.pending}
        if mapping is None or any(
            (link.system, ref) not in found for ref in _values(mapping, plain)
        ):
            continue
        values = translate(mapping, link.system, plain, found)
        for rank in mapping.composite:
            key = mapping.key_of(rank, values)
            if key is not None:
                keys.setdefault(link.id, {})[rank] = key
    links.put_keys(connection, concept, keys)


def unresolved(run: Run, rows: list[LinkRow]) -> tuple[dict[int, str], set[str]]:
    """Rows that refer to records that have no golden record: link id → the reason.

    What was never read is fetched first; the concepts of what came in are returned too,
    for they have to be matched before the rows are looked at again.
    """
    with run.store.write() as connection:
        missing, blocked = _missing(run, connection, rows)
    fetched: set[str] = set()
    for (system, entity), ids in missing.items():
        bound = run.systems.get(system)
        if bound is None or bound.session is None or (system, entity) in run.left_out:
            continue
        if entity not in bound.mappings or bound.entities[entity].derived_from:
            continue
        if fetch(run, bound, entity, sorted(ids)):
            fetched.add(bound.mappings[entity].concept.name)
    return blocked, fetched


def _missing(
    run: Run, connection: Connection, rows: list[LinkRow]
) -> tuple[dict[tuple[str, str], set[str]], dict[int, str]]:
    by_system: dict[str, dict[tuple[str, str], list[int]]] = {}
    for link in rows:
        for ref in refs_of(run, link):
            by_system.setdefault(link.system, {}).setdefault(split(ref), []).append(link.id)
    missing: dict[tuple[str, str], set[str]] = {}
    blocked: dict[int, str] = {}
    dead = items.dead(connection, "in")
    for system, refs in by_system.items():
        found = links.goldens_of(connection, system, refs)
        for (entity, ext), waiting in refs.items():
            golden, state = found.get((entity, ext), (None, ""))
            if golden is not None:
                continue
            name = f"{system}.{entity}:{ext}"
            if not state and (system, entity, ext) not in dead:
                missing.setdefault((system, entity), set()).add(ext)
            why = {"review": "which is in review", "": "which is not to be had"}.get(
                state, "which has no golden record yet"
            )
            if not run.systems[system].flows.takes_part((system, entity)):
                why = f"and there is no dataflow of {system}.{entity}"
            for ident in waiting:
                blocked.setdefault(ident, f"waits for {name}, {why}")
    return missing, blocked
