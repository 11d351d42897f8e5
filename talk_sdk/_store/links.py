"""Links and their match keys in the store: read and written by the page."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from msgspec import json
from sqlalchemy import Connection, and_, bindparam, delete, func, insert, select, update

from talk_sdk._store.rows import LinkRow, LinkState
from talk_sdk._store.schema import keys, links, links_dirty, links_open
from talk_sdk._store.statements import Many, among, among_given
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

T = TypeVar("T")

CHUNK = 500

_NAMES = [c.name for c in links.c]
_FIXED = {"id", "system", "entity", "concept"}
_COLUMNS = [c for c in links.c if c.name != "dirty"]
_INSERT = Many(insert(links), _NAMES)
_UPDATE = Many(
    update(links)
    .where(links.c.id == bindparam("b_id"))
    .values({name: bindparam(name) for name in _NAMES if name not in _FIXED}),
    ["b_id", *(name for name in _NAMES if name not in _FIXED)],
)
_INSERT_KEYS = Many(insert(keys), ["link", "rank", "concept", "value"])
_THERE = ("new", "live", "dormant", "review")


def chunks(items: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """The items in lists of at most `size`."""
    page: list[T] = []
    for item in items:
        page.append(item)
        if len(page) == size:
            yield page
            page = []
    if page:
        yield page


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
        created, seen, edit_lo, edit_hi, _decode(barred), alias,
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


_GLANCE = select(links.c.ext, links.c.id, links.c.fingerprint, links.c.state).where(
    links.c.system == bindparam("system"),
    links.c.entity == bindparam("entity"),
    among_given(links.c.ext, "ids"),
)


def glance(
    connection: Connection, system: str, entity: str, ids: Sequence[str]
) -> dict[str, tuple[int, bytes | None, bool]]:
    """External id → (link id, fingerprint, whether the record is believed to exist).

    Enough to see what has not changed.
    """
    found: dict[str, tuple[int, bytes | None, bool]] = {}
    for page in chunks(ids):
        place = {"system": system, "entity": entity, "ids": page}
        for ext, link, fingerprint, state in connection.execute(_GLANCE, place).all():
            found[ext] = link, fingerprint, state in _THERE
    return found


def by_ext(
    connection: Connection, system: str, entity: str, ids: Sequence[str]
) -> dict[str, LinkRow]:
    """The links of some external ids."""
    found: dict[str, LinkRow] = {}
    for page in chunks(ids):
        query = select(*_COLUMNS).where(
            links.c.system == system, links.c.entity == entity, among(links.c.ext, page)
        )
        for record in connection.execute(query):
            found[record.ext] = _row(record)
    return found


def by_id(connection: Connection, ids: Iterable[int]) -> dict[int, LinkRow]:
    """The links with these ids."""
    found: dict[int, LinkRow] = {}
    for page in chunks(ids):
        for record in connection.execute(select(*_COLUMNS).where(among(links.c.id, page))):
            found[record.id] = _row(record)
    return found


def by_golden(connection: Connection, goldens: Iterable[str]) -> dict[str, list[LinkRow]]:
    """Golden id → its links, in the order in which they were made."""
    found: dict[str, list[LinkRow]] = {}
    for page in chunks(goldens):
        query = select(*_COLUMNS).where(among(links.c.golden, page)).order_by(links.c.id)
        for record in connection.execute(query):
            found.setdefault(record.golden, []).append(_row(record))
    return found


def children_of(connection: Connection, parents: Iterable[int]) -> dict[int, list[LinkRow]]:
    """Parent link → the links of its lines."""
    found: dict[int, list[LinkRow]] = {}
    for page in chunks(parents):
        query = select(*_COLUMNS).where(among(links.c.parent, page)).order_by(links.c.id)
        for record in connection.execute(query):
            found.setdefault(record.parent, []).append(_row(record))
    return found


def save(connection: Connection, rows: Iterable[LinkRow]) -> None:
    """Insert new links."""
    for page in chunks(rows):
        _INSERT.execute(connection, [_values(row) for row in page])


def update_links(connection: Connection, rows: Iterable[LinkRow]) -> None:
    """Write changed links."""
    for page in chunks(rows):
        _UPDATE.execute(connection, [_values(row) for row in page])


def forget_looks(connection: Connection, system: str, entity: str, ids: Iterable[str]) -> None:
    """The next look at these records judges every value, though the record has not changed."""
    for page in chunks(ids):
        place = (
            links.c.system == system,
            links.c.entity == entity,
            among(links.c.ext, page),
        )
        connection.execute(update(links).where(*place).values(fingerprint=None))


def put_keys(
    connection: Connection,
    concept: str,
    found: Mapping[int, Mapping[int, str]],
    keep: Collection[int] = (),
) -> None:
    """Replace the match keys of links: link → rank → folded key. Ranks to `keep` stay."""
    for page in chunks(found):
        connection.execute(delete(keys).where(among(keys.c.link, page), keys.c.rank.not_in(keep)))
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
    for page in chunks(ids):
        query = select(keys.c.link, keys.c.rank, keys.c.value).where(among(keys.c.link, page))
        for link, rank, value in connection.execute(query):
            found.setdefault(link, {})[rank] = value
    return found


def unlinked_with(
    connection: Connection, concept: str, rank: int, values: Iterable[str]
) -> Iterator[tuple[str, str, str, str]]:
    """(key, system, entity, external id) of unlinked rows that have one of these keys."""
    for page in chunks(values):
        query = (
            select(keys.c.value, links.c.system, links.c.entity, links.c.ext)
            .join(links, links.c.id == keys.c.link)
            .where(
                keys.c.concept == concept,
                keys.c.rank == rank,
                among(keys.c.value, page),
            )
            .where(links.c.golden.is_(None), links.c.state.in_(("new", "review")))
        )
        yield from ((r.value, r.system, r.entity, r.ext) for r in connection.execute(query))


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
        for page in chunks(sorted(ids)):
            query = select(links.c.ext, links.c.golden, links.c.state, links.c.alias).where(
                links.c.system == system,
                links.c.entity == entity,
                among(links.c.ext, page),
            )
            for ext, golden, state, alias in connection.execute(query):
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
    for page in chunks(goldens):
        ext = func.coalesce(links.c.alias, links.c.ext)
        query = select(links.c.golden, links.c.system, links.c.entity, ext).where(
            among(links.c.golden, page), links.c.state.in_(("live", "dormant", "alias"))
        )
        for golden, system, entity, ext in connection.execute(query):
            found.setdefault(golden, []).append((system, entity, ext))
    return found


def merged(connection: Connection, goldens: Iterable[str]) -> dict[str, dict[str, tuple[str, str]]]:
    """System → golden id → (entity, external id) of the record that it was merged into there."""
    found: dict[str, dict[str, tuple[str, str]]] = {}
    for page in chunks(goldens):
        query = select(links.c.golden, links.c.system, links.c.entity, links.c.alias).where(
            among(links.c.golden, page), links.c.state == "alias"
        )
        for golden, system, entity, ext in connection.execute(query):
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
    """(system, entity) → links in a state."""
    query = (
        select(links.c.system, links.c.entity, func.count())
        .where(links.c.state == state, links.c.parent.is_(None))
        .group_by(links.c.system, links.c.entity)
    )
    return {(system, entity): count for system, entity, count in connection.execute(query)}


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
