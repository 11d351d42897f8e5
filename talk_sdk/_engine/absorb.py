"""Raw records become links: what is unchanged falls out, what differs becomes pending."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

from sqlalchemy import Connection

from talk_sdk._engine.looks import Look, external_id, fingerprint, keys_of, look_at
from talk_sdk._engine.run import Bound, Run
from talk_sdk._store import LinkRow, items, links
from talk_sdk.connector import Entity
from talk_sdk.errors import MappingError
from talk_sdk.operations import Raw

__all__ = ["Absorbed", "absorb", "mark", "see"]


@dataclass
class Absorbed:
    """What became of a page."""

    seen: list[int] = field(default_factory=list)
    changed: int = 0
    doubtful: list[str] = field(default_factory=list)


Age = Literal["older", "current", "doubtful"]


def _age(entity: Entity, link: LinkRow, look: Look, read_at: float) -> Age:
    """Whether a listed row may be older than what is known (rule C1)."""
    if entity.version_ordered and link.version is not None and look.version is not None:
        return "older" if int(look.version) < int(link.version) else "current"
    if look.modified and link.mod_lo is not None and link.mod_hi is not None:
        if look.modified[1] <= link.mod_lo:
            return "older"
        if look.modified[0] >= link.mod_hi:
            return "current"
    granularity = entity.modified.granularity if entity.modified else timedelta(0)
    reach = (granularity + entity.lag).total_seconds()
    if entity.lag and link.seen >= read_at - reach:
        return "doubtful"
    return "current"


def see(link: LinkRow, look: Look, entity: Entity, read_at: float, since: float | None) -> None:
    """Take what was read into a link: pending is recomputed, never accumulated (rule C3).

    `since` is when the stream was last known to show this row unchanged.
    """
    pending = {}
    for name, value in look.properties.items():
        if name in link.found and link.found[name] == value:
            continue
        if name not in link.shadow or link.shadow[name] != value:
            pending[name] = value
    earliest = max((t for t in (link.seen, since) if t), default=None)
    if pending or look.children is not None:
        if not link.pending or link.edit_lo is None:
            lag = entity.lag.total_seconds()
            link.edit_lo = None if earliest is None else earliest - lag
        link.edit_hi = look.modified[1] if look.modified else read_at
    link.pending = pending
    if look.children is not None:
        link.children = look.children
    mark(link, look, read_at)


def mark(link: LinkRow, look: Look, read_at: float) -> None:
    """Remember how the record looked, without judging its values."""
    link.fingerprint = look.fingerprint
    link.version = look.version
    if look.modified:
        link.mod_lo, link.mod_hi = look.modified
    link.created = link.created if look.created is None else look.created
    link.seen = read_at


def absorb(
    run: Run,
    connection: Connection,
    bound: Bound,
    entity: str,
    raws: Sequence[Raw],
    read_at: float,
    *,
    proven: bool = False,
    since: float | None = None,
) -> Absorbed:
    """Take a page of raw records into the store.

    Args:
        run: the run.
        connection: an open transaction.
        bound: the system.
        entity: the entity.
        raws: records, after the inbound plugins.
        read_at: when the request was sent.
        proven: the records were fetched by id, so they cannot be stale listings.
        since: begin of the stream's last full read, which showed every known row.
    """
    declared, seed = bound.entities[entity], bound.seeds.get(entity, 0)
    by_ext: dict[str, Raw] = {}
    for position, raw in enumerate(raws):
        ext = external_id(declared, raw) or f"?{position}"
        if ext not in by_ext or not _outdated(declared, raw, by_ext[ext]):
            by_ext[ext] = raw
    done = Absorbed()
    glimpses = links.glance(connection, bound.name, entity, list(by_ext))
    changed: dict[str, tuple[Raw, bytes]] = {}
    for ext, raw in by_ext.items():
        digest = fingerprint(raw, seed)
        known = glimpses.get(ext)
        if known is not None:
            done.seen.append(known[0])
            if known[1] == digest:
                continue
        changed[ext] = (raw, digest)
    if changed:
        _take_in(run, connection, bound, entity, changed, read_at, proven, since, done)
    return done


def _outdated(declared: Entity, raw: Raw, other: Raw) -> bool:
    """Whether another record of the same id in the same page is a later version."""
    if not declared.version_ordered or declared.version is None:
        return False
    mine, theirs = raw.get(declared.version), other.get(declared.version)
    return str(mine).isdigit() and str(theirs).isdigit() and int(str(mine)) < int(str(theirs))


def _take_in(
    run: Run,
    connection: Connection,
    bound: Bound,
    entity: str,
    changed: Mapping[str, tuple[Raw, bytes]],
    read_at: float,
    proven: bool,
    since: float | None,
    done: Absorbed,
) -> None:
    mapping, declared = bound.mappings[entity], bound.entities[entity]
    known = links.by_ext(connection, bound.name, entity, list(changed))
    looks, bad = _looks(bound, entity, changed)
    _bury(connection, bound.name, entity, looks, bad, read_at)
    fresh, moved, keys = [], [], {}
    for ext, look in looks.items():
        link = known.get(ext)
        if link is None:
            link = LinkRow(run.next_link(), bound.name, entity, ext, mapping.concept.name)
            fresh.append(link)
            done.seen.append(link.id)
        else:
            if link.state == "dead":
                _revive(link, look)
                done.seen.append(link.id)
            age: Age = "current" if proven else _age(declared, link, look, read_at)
            if age == "doubtful":
                done.doubtful.append(ext)
            if age != "current":
                continue
            moved.append(link)
        see(link, look, declared, read_at, since)
        keys[link.id] = keys_of(mapping, {**link.shadow, **link.pending})
        keys[link.id].update(look.marks)
        done.changed += 1
    _reopen(connection, moved, keys)
    links.save(connection, fresh)
    links.update_links(connection, moved)
    refs = mapping.concept.refs
    composite = {rank for rank, names in mapping.keys.items() if any(n in refs for n in names)}
    links.put_keys(connection, mapping.concept.name, keys, keep=composite)


def _reopen(
    connection: Connection, moved: Iterable[LinkRow], keys: Mapping[int, Mapping[int, str]]
) -> None:
    """A review of a row ends when the row's own key changes (rule M5)."""
    held = [link for link in moved if link.state == "review" and link.golden is None]
    before = links.keys_of(connection, [link.id for link in held])
    for link in held:
        plain = {rank: before.get(link.id, {}).get(rank) for rank in keys[link.id]}
        if plain != keys[link.id] or len(before.get(link.id, {})) < len(keys[link.id]):
            link.state = "new"
            items.close_reviews(connection, "match", [(link.system, link.entity, link.ext)])


def _revive(link: LinkRow, look: Look) -> None:
    """The id of a dead link is there again: the same record, or another one with its id."""
    if link.created is not None and look.created is not None and link.created != look.created:
        link.golden, link.shadow, link.behind = None, {}, {}
    link.state = "live" if link.golden else "new"


def _looks(
    bound: Bound, entity: str, changed: Mapping[str, tuple[Raw, bytes]]
) -> tuple[dict[str, Look], dict[tuple[str, str, str], tuple[str, Any, str]]]:
    looks, bad = {}, {}
    for ext, (raw, digest) in changed.items():
        try:
            looks[ext] = look_at(bound, entity, raw, digest)
        except MappingError as error:
            bad[bound.name, entity, ext] = (error.message, raw, digest.hex())
    return looks, bad


def _bury(
    connection: Connection,
    system: str,
    entity: str,
    looks: Mapping[str, Look],
    bad: Mapping[tuple[str, str, str], tuple[str, Any, str]],
    at: float,
) -> None:
    if bad:
        items.bury(connection, at, "in", bad)
    risen = {(system, entity, ext) for ext in looks} & items.dead(connection, "in").keys()
    items.clear_dead(connection, "in", risen)
