"""Links and their match keys in the store: read and written by the page."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import json
from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    select,
    update,
)

from talk_sdk._store.rows import LinkRow, LinkState
from talk_sdk._store.schema import keys, links, links_dirty, links_open
from talk_sdk._store.statements import CHUNK, THESE, Chosen, Many, among, among_given, chunks
from talk_sdk._store.words import packed, unpacked

__all__ = [
    "CHUNK",
    "add_keys",
    "any_dormant",
    "by_ext",
    "by_golden",
    "by_id",
    "children_of",
    "chunks",
    "count_live",
    "counts",
    "dirty_goldens",
    "forget_looks",
    "glance",
    "goldens_of",
    "keys_of",
    "live_ids",
    "merged",
    "next_id",
    "others_with",
    "point_elsewhere",
    "present",
    "put_keys",
    "rows_in_state",
    "save",
    "unlinked",
    "unlinked_with",
    "update_links",
]


def _words(*words: str) -> list[ColumnElement[str]]:
    """As they stand in a statement: `Chosen` fills in no list but its own."""
    return [literal_column(f"'{word}'") for word in words]


_NAMES = [c.name for c in links.c]
LINES = "."
"""Stands in the entity of lines, `Order.lines`, and in no other."""
_FIXED = {"id", "system", "entity", "concept"}
_INDEXED = {"ext", "golden", "parent", "state"}
_COLUMNS = [c for c in links.c if c.name != "dirty"]
_INSERT = Many(insert(links), _NAMES)


def _update_of(names: Collection[str]) -> Many:
    query = update(links).where(links.c.id == bindparam("b_id"))
    return Many(query.values({name: bindparam(name) for name in names}), ["b_id", *names])


# A database writes the entries of an index anew wherever a column of it is set at all.
_MOVE = _update_of([name for name in _NAMES if name not in _FIXED])
_UPDATE = _update_of([name for name in _NAMES if name not in _FIXED | _INDEXED])
_OF_ENTITY = links.c.system == bindparam("system"), links.c.entity == bindparam("entity")
_BY_EXT = Chosen(select(*_COLUMNS).where(*_OF_ENTITY, among_given(links.c.ext, THESE)))
_BY_ID = Chosen(select(*_COLUMNS).where(among_given(links.c.id, THESE)))
_BY_GOLDEN = Chosen(
    select(*_COLUMNS).where(among_given(links.c.golden, THESE)).order_by(links.c.id)
)
_BY_PARENT = Chosen(
    select(*_COLUMNS).where(among_given(links.c.parent, THESE)).order_by(links.c.id)
)
_FORGET = Chosen(
    update(links)
    .where(
        links.c.system == bindparam("of_system"),
        links.c.entity == bindparam("of_entity"),
        among_given(links.c.ext, THESE),
    )
    .values(fingerprint=None)
)
_KEYS_OF = Chosen(
    select(keys.c.link, keys.c.rank, keys.c.value).where(among_given(keys.c.link, THESE))
)
_DELETE_KEYS = Chosen(delete(keys).where(among_given(keys.c.link, THESE)))
_GLANCE = Chosen(
    select(links.c.ext, links.c.id, links.c.fingerprint, links.c.state).where(
        *_OF_ENTITY, among_given(links.c.ext, THESE)
    )
)
_GOLDENS_OF = Chosen(
    select(links.c.ext, links.c.golden, links.c.state, links.c.alias).where(
        *_OF_ENTITY, among_given(links.c.ext, THESE)
    )
)
_THERE_AS = func.coalesce(links.c.alias, links.c.ext)
_PRESENT = Chosen(
    select(links.c.golden, links.c.system, links.c.entity, _THERE_AS).where(
        among_given(links.c.golden, THESE),
        links.c.state.in_(_words("live", "dormant", "alias")),
    )
)
_MERGED = Chosen(
    select(links.c.golden, links.c.system, links.c.entity, links.c.alias).where(
        among_given(links.c.golden, THESE), links.c.state == "alias"
    )
)
_UNLINKED_WITH = Chosen(
    select(keys.c.value, links.c.system, links.c.entity, links.c.ext)
    .join(links, links.c.id == keys.c.link)
    .where(
        keys.c.concept == bindparam("concept"),
        keys.c.rank == bindparam("rank"),
        among_given(keys.c.value, THESE),
        links.c.golden.is_(None),
        links.c.state.in_(_words("new", "review")),
    )
)
_INSERT_KEYS = Many(insert(keys), ["link", "rank", "concept", "value"])
_THERE = ("new", "live", "dormant", "review")


def _decode(text: str | None) -> Any:
    return json.decode(text) if text else {}


def _encode(value: Any) -> str | None:
    return json.encode(value).decode() if value else None


def _row(record: Sequence[Any]) -> LinkRow:
    (
        ident, system, entity, ext, concept, golden, parent, state, shadow, pending, behind,
        found, held, children, fingerprint, version, mod_lo, mod_hi, created, seen, edit_lo,
        edit_hi, barred, alias,
    ) = record  # fmt: skip
    return LinkRow(
        ident, system, entity, ext, concept, golden, parent, state, unpacked(shadow),
        unpacked(pending) if pending else {}, _decode(behind), _decode(found), _decode(held),
        json.decode(children) if children else None, fingerprint, version, mod_lo, mod_hi,
        created, seen, edit_lo, edit_hi, _decode(barred), alias, (ext, golden, parent, state),
    )  # fmt: skip


def _values(link: LinkRow) -> dict[str, Any]:
    return {
        "id": link.id, "system": link.system, "entity": link.entity, "ext": link.ext,
        "concept": link.concept, "golden": link.golden, "parent": link.parent,
        "state": link.state, "shadow": packed(link.shadow),
        "pending": packed(link.pending) if link.pending else None, "behind": _encode(link.behind),
        "found": _encode(link.found), "held": _encode(link.held),
        "children": None if link.children is None else json.encode(link.children).decode(),
        "fingerprint": link.fingerprint, "version": link.version, "mod_lo": link.mod_lo,
        "mod_hi": link.mod_hi, "created": link.created, "seen": link.seen,
        "edit_lo": link.edit_lo, "edit_hi": link.edit_hi, "dirty": int(link.dirty),
        "barred": _encode(link.barred), "alias": link.alias, "b_id": link.id,
    }  # fmt: skip


def next_id(connection: Connection) -> int:
    """The first id that no link has yet."""
    return int(connection.scalar(select(func.coalesce(func.max(links.c.id), 0))) or 0) + 1


def glance(
    connection: Connection, system: str, entity: str, ids: Sequence[str]
) -> dict[str, tuple[int, bytes | None, bool]]:
    """External id → (link id, fingerprint, whether the record is believed to exist).

    Enough to see what has not changed.
    """
    rows = _GLANCE.rows(connection, ids, system=system, entity=entity)
    return {ext: (link, fingerprint, state in _THERE) for ext, link, fingerprint, state in rows}


def by_ext(
    connection: Connection, system: str, entity: str, ids: Sequence[str]
) -> dict[str, LinkRow]:
    """The links of some external ids."""
    rows = _BY_EXT.rows(connection, ids, system=system, entity=entity)
    return {link.ext: link for link in map(_row, rows)}


def by_id(connection: Connection, ids: Iterable[int]) -> dict[int, LinkRow]:
    """The links with these ids."""
    return {link.id: link for link in map(_row, _BY_ID.rows(connection, ids))}


def by_golden(connection: Connection, goldens: Iterable[str]) -> dict[str, list[LinkRow]]:
    """Golden id → its links, in the order in which they were made."""
    found: dict[str, list[LinkRow]] = {}
    for record in _BY_GOLDEN.rows(connection, goldens):
        link = _row(record)
        found.setdefault(str(link.golden), []).append(link)
    return found


def children_of(connection: Connection, parents: Iterable[int]) -> dict[int, list[LinkRow]]:
    """Parent link → the links of its lines."""
    found: dict[int, list[LinkRow]] = {}
    for record in _BY_PARENT.rows(connection, parents):
        link = _row(record)
        found.setdefault(link.parent or 0, []).append(link)
    return found


def save(connection: Connection, rows: Iterable[LinkRow]) -> None:
    """Insert new links."""
    for page in chunks(rows):
        _INSERT.execute(connection, [_values(row) for row in page])


def update_links(connection: Connection, rows: Iterable[LinkRow]) -> None:
    """Write changed links."""
    for page in chunks(rows):
        stays = [row for row in page if row.indexed == row.stored]
        moves = [row for row in page if row.indexed != row.stored]
        _UPDATE.execute(connection, [_values(row) for row in stays])
        _MOVE.execute(connection, [_values(row) for row in moves])
        for row in moves:
            row.stored = row.indexed


def forget_looks(connection: Connection, system: str, entity: str, ids: Iterable[str]) -> None:
    """The next look at these records judges every value, though the record has not changed."""
    _FORGET.carry_out(connection, ids, of_system=system, of_entity=entity)


def put_keys(
    connection: Connection,
    concept: str,
    found: Mapping[int, Mapping[int, str]],
    keep: Collection[int] = (),
) -> None:
    """Replace the match keys of links: link → rank → folded key. Ranks to `keep` stay."""
    if keep:
        for page in chunks(found):
            these = among(keys.c.link, page)
            connection.execute(delete(keys).where(these, keys.c.rank.not_in(keep)))
    else:
        _DELETE_KEYS.carry_out(connection, found)
    add_keys(connection, concept, found)


def add_keys(connection: Connection, concept: str, found: Mapping[int, Mapping[int, str]]) -> None:
    """Keep the match keys of links that have none yet."""
    rows = (
        {"link": link, "rank": rank, "concept": concept, "value": value}
        for link, own in found.items()
        for rank, value in own.items()
    )
    for page in chunks(rows):
        _INSERT_KEYS.execute(connection, page)


def keys_of(connection: Connection, ids: Iterable[int]) -> dict[int, dict[int, str]]:
    """Link → rank → key."""
    found: dict[int, dict[int, str]] = {}
    for link, rank, value in _KEYS_OF.rows(connection, ids):
        found.setdefault(link, {})[rank] = value
    return found


def unlinked_with(
    connection: Connection, concept: str, rank: int, values: Iterable[str]
) -> Iterator[tuple[str, str, str, str]]:
    """(key, system, entity, external id) of unlinked rows that have one of these keys."""
    rows = _UNLINKED_WITH.rows(connection, values, concept=concept, rank=rank)
    return ((key, system, entity, ext) for key, system, entity, ext in rows)


def unlinked_of(connection: Connection, system: str, entity: str) -> list[LinkRow]:
    """The records of an entity that no golden record has yet."""
    query = select(*_COLUMNS).where(
        links.c.system == system, links.c.entity == entity, links.c.golden.is_(None),
        links.c.state.in_(("new", "review")),
    )  # fmt: skip
    return [_row(record) for record in connection.execute(query)]


def sharing(connection: Connection, concept: str, own: Mapping[int, str]) -> set[int]:
    """The links that have one of some keys."""
    found: set[int] = set()
    for rank, value in own.items():
        query = select(keys.c.link).where(
            keys.c.concept == concept, keys.c.rank == rank, keys.c.value == value
        )
        found.update(connection.scalars(query))
    return found


def others_with(connection: Connection, concept: str, rank: int, value: str, golden: str) -> bool:
    """Whether a live link of another golden record has this key."""
    query = (
        select(func.count())
        .select_from(keys)
        .join(links, links.c.id == keys.c.link)
        .where(
            keys.c.concept == concept,
            keys.c.rank == rank,
            keys.c.value == value,
            links.c.state == "live",
            links.c.golden != golden,
        )
    )
    return bool(connection.scalar(query))


def goldens_of(
    connection: Connection, system: str, refs: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], tuple[str | None, str]]:
    """(entity, external id) → (golden id, state of the link), for references of a system.

    A record that was merged into another one stands for that.
    """
    wanted: dict[str, set[str]] = {}
    for entity, ext in refs:
        wanted.setdefault(entity, set()).add(ext)
    found: dict[tuple[str, str], tuple[str | None, str]] = {}
    merged: dict[tuple[str, str], str] = {}
    for entity, ids in wanted.items():
        rows = _GOLDENS_OF.rows(connection, sorted(ids), system=system, entity=entity)
        for ext, golden, state, alias in rows:
            found[entity, ext] = (golden, state)
            if state == "alias" and alias != ext:
                merged[entity, ext] = alias
    if merged:
        there = goldens_of(connection, system, {(e, new) for (e, _), new in merged.items()})
        found |= {
            (entity, ext): there[entity, new]
            for (entity, ext), new in merged.items()
            if (entity, new) in there
        }
    return found


def point_elsewhere(connection: Connection, system: str, entity: str, old: str, new: str) -> None:
    """What was merged into one record is merged into another one with it."""
    query = update(links).where(
        links.c.system == system, links.c.entity == entity, links.c.alias == old
    )
    connection.execute(query.values(alias=new))


def present(
    connection: Connection, goldens: Iterable[str]
) -> dict[str, list[tuple[str, str, str]]]:
    """Golden id → (system, entity, external id) of its links: live, dormant, or merged away.

    The id is of the record that a merged one went into.
    """
    found: dict[str, list[tuple[str, str, str]]] = {}
    for golden, system, entity, ext in _PRESENT.rows(connection, goldens):
        found.setdefault(golden, []).append((system, entity, ext))
    return found


def merged(connection: Connection, goldens: Iterable[str]) -> dict[str, dict[str, tuple[str, str]]]:
    """System → golden id → (entity, external id) of the record that it was merged into there."""
    found: dict[str, dict[str, tuple[str, str]]] = {}
    for golden, system, entity, ext in _MERGED.rows(connection, goldens):
        found.setdefault(system, {})[golden] = entity, ext
    return found


def any_dormant(connection: Connection, concept: str) -> bool:
    """Whether a link of a concept is dormant."""
    query = select(links.c.id).where(
        links.c.concept == concept, links.c.state == "dormant", links_open
    )
    return connection.scalar(query.limit(1)) is not None


def dirty_goldens(connection: Connection, concept: str, after: str) -> list[str]:
    """A page of golden ids with a link that merge has to look at, in order of id."""
    query = (
        select(links.c.golden)
        .where(
            links.c.concept == concept,
            links_dirty,
            links.c.golden > after,
            links.c.state == "live",
        )
        .distinct()
        .order_by(links.c.golden)
        .limit(CHUNK)
    )
    return list(connection.scalars(query))


def unlinked(connection: Connection, concept: str, after: int) -> list[LinkRow]:
    """A page of links that match has to look at, in order of id."""
    query = (
        select(*_COLUMNS)
        .where(links.c.concept == concept, links.c.state == "new", links_open, links.c.id > after)
        .order_by(links.c.id)
        .limit(CHUNK)
    )
    return [_row(record) for record in connection.execute(query)]


def rows_in_state(connection: Connection, states: Sequence[str]) -> list[LinkRow]:
    """The links in some state, lines excepted."""
    query = select(*_COLUMNS).where(links.c.state.in_(states), links.c.parent.is_(None))
    return [_row(record) for record in connection.execute(query.order_by(links.c.id))]


def counts(connection: Connection, state: LinkState = "live") -> dict[tuple[str, str], int]:
    """(system, entity) → links in a state, lines excepted."""
    query = select(links.c.system, links.c.entity, func.count())
    query = query.group_by(links.c.system, links.c.entity)
    others = query.where(links_open, links.c.parent.is_(None))
    if state != "live":
        found = connection.execute(others.where(links.c.state == state)).all()
        return {(system, entity): count for system, entity, count in found}
    # Two indexes tell; to look at the state of each row takes ten times as long.
    left = {(system, entity): count for system, entity, count in connection.execute(others)}
    return {
        (system, entity): count - left.get((system, entity), 0)
        for system, entity, count in connection.execute(query).all()
        if LINES not in entity and count > left.get((system, entity), 0)
    }


def count_live(connection: Connection, system: str, entity: str) -> int:
    """How many links of an entity stand for records that we believe to exist."""
    query = select(func.count()).where(_existing(system, entity))
    return int(connection.scalar(query) or 0)


def live_ids(connection: Connection, system: str, entity: str) -> Iterator[tuple[int, str]]:
    """(link id, external id) of those, page by page."""
    after = 0
    while True:
        query = (
            select(links.c.id, links.c.ext)
            .where(_existing(system, entity), links.c.id > after)
            .order_by(links.c.id)
            .limit(5000)
        )
        page = list(connection.execute(query))
        if not page:
            return
        yield from ((row.id, row.ext) for row in page)
        after = page[-1].id


def _existing(system: str, entity: str) -> Any:
    return and_(
        links.c.system == system,
        links.c.entity == entity,
        links.c.state.in_(_THERE),
    )
