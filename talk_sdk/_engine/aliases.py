"""Merges in the source: records that are found under another id than the one asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection

from talk_sdk._engine.looks import external_id, look_at
from talk_sdk._engine.run import Bound, Run
from talk_sdk._store import LinkRow, goldens, items, links
from talk_sdk.errors import MappingError
from talk_sdk.operations import Raw

__all__ = ["close_settled", "follow"]

KIND = "merge"
"""The kind of the question that a merge leads to."""


def follow(
    run: Run, connection: Connection, bound: Bound, entity: str, found: Mapping[str, Raw]
) -> set[str]:
    """Let links go where a system has merged their records; returns the ids that are others now.

    A record that goes on under an id that nobody knew stays what it was, and has that id. One that
    went into a record which is linked by itself is an alias of it: it is made anew nowhere, and is
    no deletion. Where other systems still have both, a person is told.

    Args:
        run: the run.
        connection: an open transaction.
        bound: the system.
        entity: the entity.
        found: records by the id that was asked for.
    """
    declared = bound.entities[entity]
    own = {ext: external_id(declared, raw) for ext, raw in found.items()}
    moved = {ext: new for ext, new in own.items() if new is not None and new != ext}
    for ext, new in _likest_first(connection, bound, entity, found, moved):
        rows = links.by_ext(connection, bound.name, entity, [ext, new])
        links.point_elsewhere(connection, bound.name, entity, ext, new)
        link, survivor = rows.get(ext), rows.get(new)
        if link is None:
            concept = bound.mappings[entity].concept.name
            links.save(connection, [_alias(run, bound.name, entity, ext, concept, new)])
        elif link.golden is not None and (survivor is None or survivor.golden is None):
            _rename(run, connection, link, survivor, new)
        else:
            _merged(run, connection, link, new)
    return set(moved)


def _likest_first(
    connection: Connection,
    bound: Bound,
    entity: str,
    found: Mapping[str, Raw],
    moved: Mapping[str, str],
) -> list[tuple[str, str]]:
    """Of several that became one, the one that says most of the same goes on as that."""
    rows = links.by_ext(connection, bound.name, entity, list(moved))
    alike = {}
    for ext, row in rows.items():
        try:
            says = look_at(bound, entity, found[ext]).properties
        except MappingError:
            continue  # it becomes a dead letter when it is taken in
        alike[ext] = sum(row.shadow.get(name) == value for name, value in says.items())
    return sorted(moved.items(), key=lambda pair: -alike.get(pair[0], 0))


def _alias(run: Run, system: str, entity: str, ext: str, concept: str, new: str) -> LinkRow:
    return LinkRow(run.next_link(), system, entity, ext, concept, state="alias", alias=new)


def _rename(
    run: Run, connection: Connection, link: LinkRow, survivor: LinkRow | None, new: str
) -> None:
    """The record goes on under another id; whoever still names the old one is led there."""
    old = link.ext
    if survivor is None:
        survivor = _alias(run, link.system, link.entity, f"{old}~", link.concept, new)
        links.save(connection, [survivor])
    else:
        place = (link.system, link.entity, survivor.ext)
        items.close_reviews(connection, "match", [place])
        survivor.ext = f"{old}~"
        _empty(survivor, new)
        links.update_links(connection, [survivor])
        links.put_keys(connection, link.concept, {survivor.id: {}})
    # Nothing that is known of the old record's times says anything of the other one's.
    link.ext, link.fingerprint, link.version = new, None, None
    link.created = link.mod_lo = link.mod_hi = None
    links.update_links(connection, [link])
    survivor.ext = old
    links.update_links(connection, [survivor])
    goldens.soil(connection, [link.golden] if link.golden else [])


def _merged(run: Run, connection: Connection, link: LinkRow, new: str) -> None:
    if link.state in {"alias", "dead"}:
        return
    _empty(link, new)
    links.update_links(connection, [link])
    links.put_keys(connection, link.concept, {link.id: {}})
    others = _elsewhere(connection, link)
    if not others:
        return
    goldens.soil(connection, [link.golden] if link.golden else [])
    reason = (
        f"{link.system} has merged {link.ext} into {new}, and {' and '.join(others)} still"
        " stands for the first: merge it there too, or ignore this and they stay two"
    )
    place = (link.system, link.entity, link.ext)
    items.add_review(connection, *place, KIND, reason, run.now())


def _empty(link: LinkRow, new: str) -> None:
    link.state, link.alias, link.pending, link.children = "alias", new, {}, None


def _elsewhere(connection: Connection, link: LinkRow) -> list[str]:
    """The records that the other systems have for what was merged away here."""
    if link.golden is None:
        return []
    return _there(links.by_golden(connection, [link.golden]).get(link.golden, []))


def _there(rows: Iterable[LinkRow]) -> list[str]:
    return [row.name for row in rows if row.state in {"live", "dormant"}]


def close_settled(connection: Connection) -> None:
    """Questions about merges that have been followed everywhere are none any more."""
    asked: dict[tuple[str, str], list[str]] = {}
    for review in items.open_reviews(connection):
        if review.kind == KIND:
            asked.setdefault((review.system, review.entity), []).append(review.record)
    for place, records in asked.items():
        merged = {
            ext: link.golden
            for ext, link in links.by_ext(connection, *place, records).items()
            if link.state == "alias" and link.golden is not None
        }
        rows = links.by_golden(connection, set(merged.values()))
        still = {ext for ext, golden in merged.items() if _there(rows.get(golden, []))}
        settled = [(*place, ext) for ext in records if ext not in still]
        items.close_reviews(connection, KIND, settled)
