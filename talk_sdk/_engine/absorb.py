"""Raw records become links: what is unchanged falls out, what differs becomes pending."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection

from talk_sdk._engine.looks import (
    MARKER,
    Look,
    external_id,
    fingerprint,
    keys_of,
    look_at,
    makeshift_id,
)
from talk_sdk._engine.merge import let_go
from talk_sdk._engine.run import Bound, Run
from talk_sdk._engine.seeing import Age, age_of, handed_on, put_back, see
from talk_sdk._store import LinkRow, goldens, items, links
from talk_sdk.connector import Entity
from talk_sdk.errors import MappingError
from talk_sdk.operations import Raw

__all__ = ["Absorbed", "absorb", "entomb"]


_NEVER_SEEN = 0, None, False


class _Sight(msgspec.Struct, frozen=True):
    """When a page was asked for, and what that proves; see `absorb`."""

    read_at: float
    since: float | None
    proven: bool


class Absorbed(msgspec.Struct):
    """What became of a page."""

    seen: list[int] = msgspec.field(default_factory=list)
    changed: int = 0
    doubtful: list[str] = msgspec.field(default_factory=list)


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
        ext = external_id(declared, raw) or makeshift_id(declared, raw, position)
        if ext not in by_ext or not _outdated(declared, raw, by_ext[ext]):
            by_ext[ext] = raw
    done = Absorbed()
    glimpses = links.glance(connection, bound.name, entity, list(by_ext))
    changed: dict[str, tuple[Raw, bytes]] = {}
    for ext, raw in by_ext.items():
        digest = fingerprint(raw, seed)
        link, last, there = glimpses.get(ext, _NEVER_SEEN)
        if there:
            done.seen.append(link)
            if last == digest:
                continue
        changed[ext] = (raw, digest)
    if changed:
        known = links.by_ext(connection, bound.name, entity, [e for e in changed if e in glimpses])
        looks, bad = _looks(bound, entity, changed)
        _bury(connection, bound.name, entity, looks, bad, read_at)
        sight = _Sight(read_at, since, proven)
        _take_in(run, connection, bound, entity, looks, known, sight, done)
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
    looks: Mapping[str, Look],
    known: Mapping[str, LinkRow],
    sight: _Sight,
    done: Absorbed,
) -> None:
    mapping, declared, read_at = bound.mappings[entity], bound.entities[entity], sight.read_at
    gone = [k for k in known.values() if k.ext in looks and handed_on(declared, k, looks[k.ext])]
    entomb(connection, gone, read_at)
    before = links.keys_of(connection, [k.id for k in known.values() if k.state == "dead"])
    rows, keys = _Rows(), {}
    for ext, look in looks.items():
        link = known.get(ext)
        age: Age = "current"
        if link is not None:
            age = age_of(declared, link, look, read_at, proven=sight.proven)
        if age == "doubtful":
            done.doubtful.append(ext)
        if age in {"doubtful", "older"}:
            continue
        if link is not None and link.state in {"alias", "dead"}:
            own = keys_of(mapping, look.properties)
            link = rows.met_again(link, look, before.get(link.id, {}), own)
        if link is None:
            link = LinkRow(run.next_link(), bound.name, entity, ext, mapping.concept.name)
            rows.fresh.append(link)
        else:
            rows.moved.append(link)
        done.seen.append(link.id)
        _notice(run, bound.name, entity, look.marks.get(MARKER), ext)
        barred = link.barred
        if age == "restored":
            freed = rows.put_back(link, look, read_at)
        else:
            freed = see(link, look, declared, read_at, sight.since)
        if link.golden is not None and (freed or link.barred != barred):
            rows.soiled.append(link.golden)
        keys[link.id] = keys_of(mapping, {**link.shadow, **link.pending})
        keys[link.id].update(look.marks)
        done.changed += 1
    _reopen(connection, rows.moved, keys)
    rows.save(connection)
    refs = mapping.concept.refs
    composite = {rank for rank, names in mapping.keys.items() if any(n in refs for n in names)}
    links.add_keys(connection, mapping.concept.name, {k.id: keys.pop(k.id) for k in rows.fresh})
    links.put_keys(connection, mapping.concept.name, keys, keep=composite)


_MARK = re.compile("([0-9a-f-]{12,36}):[0-9a-f-]{12,36}")


def _notice(run: Run, system: str, entity: str, mark: str | None, ext: str) -> None:
    """Another engine may be at work on the same system: its mark tells."""
    found = _MARK.fullmatch(mark) if mark else None
    if found and found[1] != run.store.workspace:
        run.strangers.setdefault((system, entity), ext)


class _Rows(msgspec.Struct):
    """The links of a page: new ones, known ones, and tombstones whose id is in use again.

    `restored` were put back from a backup, `soiled` are golden records that wait for a person no
    more, or that may go elsewhere now.
    """

    fresh: list[LinkRow] = msgspec.field(default_factory=list)
    moved: list[LinkRow] = msgspec.field(default_factory=list)
    replaced: list[LinkRow] = msgspec.field(default_factory=list)
    risen: list[LinkRow] = msgspec.field(default_factory=list)
    restored: list[LinkRow] = msgspec.field(default_factory=list)
    soiled: list[str] = msgspec.field(default_factory=list)

    def met_again(
        self, link: LinkRow, look: Look, before: Mapping[int, str], keys: Mapping[int, str]
    ) -> LinkRow | None:
        """The link of a record that was gone; None if another record has its id now."""
        if link.state == "alias":  # it stands for itself again
            link.state, link.alias = "live" if link.golden else "new", None
            return link
        if _another(link, look, before, keys):
            link.ext = f"{link.ext}~{link.id}"
            self.replaced.append(link)
            return None
        link.state = "live" if link.golden else "new"
        self.risen.append(link)
        return link

    def put_back(self, link: LinkRow, look: Look, read_at: float) -> bool:
        """Take in a record that is older than it was; plan has to look at it: True."""
        put_back(link, look, read_at)
        self.restored.append(link)
        return True

    def save(self, connection: Connection) -> None:
        """Write them; tombstones first, for they give their ids back."""
        links.update_links(connection, self.replaced)
        goldens.revive(connection, [link.golden for link in self.risen if link.golden])
        goldens.soil(connection, self.soiled)
        links.save(connection, self.fresh)
        links.update_links(connection, self.moved)
        _fall_behind(connection, self.restored)


def _fall_behind(connection: Connection, restored: Iterable[LinkRow]) -> None:
    """The lines of records that were put back are to be written once more, too."""
    lined = [link.id for link in restored if link.children is not None]
    found = links.children_of(connection, lined).values()
    kids = [kid for own in found for kid in own]
    for kid in kids:
        kid.behind = dict.fromkeys(kid.shadow, 0) | kid.behind
    links.update_links(connection, kids)


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


def _another(link: LinkRow, look: Look, before: Mapping[int, str], keys: Mapping[int, str]) -> bool:
    """Whether the id of a dead link has been given to another record.

    The time of its creation tells, or, where the API has none, its match keys do.
    """
    if link.created is not None and look.created is not None:
        return link.created != look.created
    shared = before.keys() & keys.keys()
    return bool(shared) and all(before[rank] != keys[rank] for rank in shared)


def entomb(connection: Connection, gone: Sequence[LinkRow], at: float) -> None:
    """Links whose records are gone are tombstones, and plan has to look at them.

    A record that no dataflow joins to the others any more is gone for its system alone.
    """
    golden = [link.golden for link in gone if link.golden is not None and link.state != "dormant"]
    for link in gone:
        link.state, link.seen, link.pending, link.children = "dead", at, {}, None
        let_go(link)
    links.update_links(connection, gone)
    goldens.delete(connection, golden)


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
    items.clear_dead(connection, "in", items.dead_of(connection, "in", system, entity, looks))
