"""What the answer to a write makes of links: the shadow of what was written, and the rest.

The rules W1 (create), W2 (update) and W4 (adjust); and D1 for values that were found after
a doubt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection

from talk_sdk._engine.absorb import MARKER, Look, keys_of, look_at, mark
from talk_sdk._engine.lines import POSITION, pair_lines
from talk_sdk._engine.run import Bound, Run
from talk_sdk._store import GoldenRow, LinkRow, goldens, items, journal, links
from talk_sdk._store.journal import Intent
from talk_sdk.concepts import decimal_text
from talk_sdk.errors import MappingError
from talk_sdk.mapping import Compiled
from talk_sdk.operations import Raw, Scalar

__all__ = ["adopted", "created", "equals", "written"]


def created(run: Run, connection: Connection, intent: Intent, raw: Raw) -> bool:
    """A create was answered: everything in the answer is shadow, `assigned` pairs excepted.

    Returns whether the system assigned something that has to be carried on.
    """
    return _made(run, connection, intent, raw, certain=True)


def adopted(run: Run, connection: Connection, intent: Intent, raw: Raw) -> bool:
    """What a doubted create made was found: values that are not what was sent are in doubt."""
    return _made(run, connection, intent, raw, certain=False)


def _made(run: Run, connection: Connection, intent: Intent, raw: Raw, *, certain: bool) -> bool:
    bound = run.systems[intent.system]
    mapping, now = bound.mappings[intent.entity], run.now()
    look = look_at(bound, intent.entity, raw)
    golden = goldens.by_id(connection, [intent.golden])[intent.golden]
    link, fresh = _link_for(run, connection, intent, look, mapping)
    if link.golden not in {None, intent.golden}:
        items.add_review(
            connection, intent.system, intent.entity, look.ext, "create",
            f"{golden.origin} was created here, but the record is linked to another one", now,
        )  # fmt: skip
        journal.to_review(connection, intent.id)
        return False
    link.golden, link.state, link.pending, link.children = intent.golden, "live", {}, None
    link.shadow = dict(look.properties)
    link.behind, link.found = {}, {}
    if not certain:
        _doubt(link, intent.operation["values"], mapping, golden)
    assigned = _assign(link, mapping, golden, look, now)
    mark(link, look, now)
    if fresh:
        links.save(connection, [link])
    else:
        links.update_links(connection, [link])
    _new_lines(run, connection, intent, link, look, mapping, certain=certain)
    _keys(connection, link, mapping, golden, look)
    stream = journal.stream(connection, intent.system, intent.entity)
    mine = look.marker is not None and look.marker == intent.operation.get("marker")
    if mine and not stream.marker_kept:
        stream.marker_kept = True
        journal.save_stream(connection, stream)
    return assigned


def _link_for(
    run: Run, connection: Connection, intent: Intent, look: Look, mapping: Compiled
) -> tuple[LinkRow, bool]:
    known = links.by_ext(connection, intent.system, intent.entity, [look.ext])
    if look.ext in known:
        link = known[look.ext]
        items.close_reviews(connection, "match", [(link.system, link.entity, link.ext)])
        return link, False
    concept = mapping.concept.name
    return LinkRow(run.next_link(), intent.system, intent.entity, look.ext, concept), True


def _doubt(link: LinkRow, sent: Mapping[str, Scalar], mapping: Compiled, golden: GoldenRow) -> None:
    """Rule D1: what is neither what was sent nor its rendering is written once more."""
    for name, value in sent.items():
        there = link.shadow.get(name)
        if name in link.shadow and not equals(mapping, name, value, there, golden.data):
            link.found[name] = there
            link.behind[name] = 0


def equals(
    mapping: Compiled, name: str, sent: Scalar, there: Scalar, siblings: Mapping[str, Scalar]
) -> bool:
    """Whether what is there is what was sent, in the system's own words."""
    try:
        return mapping.says(name, sent, there, siblings)
    except MappingError:
        return False


def _assign(link: LinkRow, mapping: Compiled, golden: GoldenRow, look: Look, now: float) -> bool:
    """What the system assigned by itself is merged like a first value."""
    for name in mapping.assigned:
        value = look.properties.get(name)
        if value is not None and golden.data.get(name) != value:
            link.pending[name] = value
            link.shadow.pop(name, None)
    if link.pending:
        link.edit_lo, link.edit_hi = now, now
    return bool(link.pending)


def _keys(
    connection: Connection, link: LinkRow, mapping: Compiled, golden: GoldenRow, look: Look
) -> None:
    refs = {name: golden.data.get(name) for name in mapping.concept.refs}
    values = {**link.shadow, **link.pending, **refs}
    keys = keys_of(mapping, values)
    for rank in mapping.keys:
        key = mapping.key_of(rank, values)
        if key is not None:
            keys[rank] = key
    if look.marker is not None:
        keys[MARKER] = look.marker
    links.put_keys(connection, mapping.concept.name, {link.id: keys})


def _new_lines(
    run: Run,
    connection: Connection,
    intent: Intent,
    link: LinkRow,
    look: Look,
    mapping: Compiled,
    *,
    certain: bool,
) -> None:
    if look.children is None:
        return
    rest: dict[str, list[Any]] = {}
    for name, answer in look.children.items():
        sent = intent.operation["lines"].get(name, [])
        if not _store_lines(run, connection, link, name, sent, answer, mapping, []):
            rest[name] = answer
        elif not certain and _lines_differ(sent, answer, mapping.children[name].mapping):
            link.found[name] = True
    if rest or link.found:
        link.children = rest or None
        links.update_links(connection, [link])


def _lines_differ(sent: Sequence[Any], answer: Sequence[Any], mapping: Compiled) -> bool:
    for (_, _, values), (_, properties) in zip(sent, answer, strict=False):
        for name, value in values.items():
            if not equals(mapping, name, value, properties.get(name), values):
                return True
    return False


def _store_lines(
    run: Run,
    connection: Connection,
    link: LinkRow,
    name: str,
    sent: Sequence[Any],
    answer: Sequence[Any],
    mapping: Compiled,
    kids: Sequence[LinkRow],
) -> bool:
    """Take the answered lines as the shadows of those that were sent.

    Returns False if the answer is not of the lines that were sent: it is then merged like
    a list that was read.
    """
    pairs = _answered_pairs(sent, answer)
    if pairs is None:
        return False
    by_id = {kid.id: kid for kid in kids}
    keyed = mapping.children[name].id is not None
    fresh, touched = [], []
    for place, (child, ident, values) in enumerate(sent):
        own, properties = answer[pairs[place]]
        kid = by_id.pop(ident, None) if ident is not None else None
        ext = f"{link.ext}/{own if keyed and own is not None else child}"
        if kid is None:
            kid = LinkRow(
                run.next_link(), link.system, f"{link.entity}.{name}", ext,
                mapping.children[name].mapping.concept.name, child, link.id, "live",
            )  # fmt: skip
            fresh.append(kid)
        else:
            kid.ext = ext
            touched.append(kid)
        kid.shadow = {**properties, POSITION: pairs[place]}
        kid.behind = {n: r for n, r in kid.behind.items() if n not in values}
        kid.pending = {}
    for kid in by_id.values():
        kid.state, kid.pending = "dead", {}
    _free_ids(connection, link, fresh + touched, list(by_id.values()))
    links.update_links(connection, [*by_id.values(), *touched])
    links.save(connection, fresh)
    return True


def _free_ids(
    connection: Connection, link: LinkRow, rows: Sequence[LinkRow], dead: Sequence[LinkRow]
) -> None:
    """Dead links of lines give their external id back if a living line has it now."""
    taken = {kid.ext for kid in rows}
    own = {kid.id for kid in rows} | {kid.id for kid in dead}
    for kid in dead:
        if kid.ext in taken:
            kid.ext = f"{kid.ext}~{kid.id}"
    if rows:
        old = links.by_ext(connection, link.system, rows[0].entity, sorted(taken)).values()
        stale = [kid for kid in old if kid.id not in own and kid.state == "dead"]
        for kid in stale:
            kid.ext = f"{kid.ext}~{kid.id}"
        links.update_links(connection, stale)


def _answered_pairs(sent: Sequence[Any], answer: Sequence[Any]) -> list[int] | None:
    """For each line that was sent its place in the answer; None if they are not the same lines."""
    if len(sent) != len(answer):
        return None
    subjects = [values.get("product") for _, _, values in sent]
    if subjects == [properties.get("product") for _, properties in answer]:
        return list(range(len(sent)))
    pairs = pair_lines(
        [(None, values) for _, _, values in sent], [(None, properties) for _, properties in answer]
    )
    return None if None in pairs else [p for p in pairs if p is not None]


def written(run: Run, connection: Connection, intent: Intent, raw: Raw) -> None:
    """An update or adjust was answered: the shadow of what was written; the rest is pending."""
    bound = run.systems[intent.system]
    mapping, now = bound.mappings[intent.entity], run.now()
    look = look_at(bound, intent.entity, raw)
    link = links.by_id(connection, [intent.link or 0])[intent.link or 0]
    kids = links.children_of(connection, [link.id]).get(link.id, [])
    alive = [kid for kid in kids if kid.state == "live"]
    before = link.seen
    if intent.kind == "adjust":
        _adjusted(link, intent)
    else:
        _updated(run, connection, link, intent, look)
    sent = intent.operation["lines"]
    for name, lines in sent.items():
        if look.children is None or name not in look.children:
            continue
        mine = [k for k in alive if k.entity == f"{link.entity}.{name}"]
        if not _store_lines(run, connection, link, name, lines, look.children[name], mapping, mine):
            link.children = {**(link.children or {}), name: look.children[name]}
        link.found.pop(name, None)
    _rest(link, look, intent, alive, before, now)
    links.update_links(connection, [link])
    _note(run, connection, bound, intent, look)


def _adjusted(link: LinkRow, intent: Intent) -> None:
    """Rule W4: shadow moves by what was sent; what else has changed is pending."""
    for name, delta in intent.operation["deltas"].items():
        base = Decimal(str(link.shadow.get(name) or 0))
        link.shadow[name] = decimal_text(base + Decimal(str(delta)))
        link.behind.pop(name, None)


def _updated(run: Run, connection: Connection, link: LinkRow, intent: Intent, look: Look) -> None:
    for name in intent.operation["values"]:
        if name not in look.properties:
            link.behind.pop(name, None)
            continue
        value = look.properties[name]
        if name in link.found and link.found[name] != value:
            _overruled(run, connection, link, name, link.found[name], value, intent)
        link.found.pop(name, None)
        link.shadow[name] = value
        link.behind.pop(name, None)
        link.pending.pop(name, None)


def _overruled(
    run: Run,
    connection: Connection,
    link: LinkRow,
    name: str,
    found: Scalar,
    value: Scalar,
    intent: Intent,
) -> None:
    """What was found after a doubt was an edit: both values are kept, the sent one stands."""
    decision = "the value typed while a write was in doubt gave way to the one that was sent"
    items.add_conflicts(
        connection,
        [
            {
                "run": run.id, "golden": intent.golden, "origin": intent.operation["record"],
                "property": name, "at": run.now(),
                "values": {link.system: found, "sent": value}, "decision": decision,
            }
        ],
    )  # fmt: skip
    run.conflicts += 1


def _rest(
    link: LinkRow,
    look: Look,
    intent: Intent,
    kids: Sequence[LinkRow],
    before: float,
    now: float,
) -> None:
    """Properties and lists that were not written and come back different are edits (rule W2)."""
    sent = intent.operation["values"] if intent.kind == "update" else {}
    link.pending = {
        name: value
        for name, value in look.properties.items()
        if name not in sent and (name not in link.shadow or link.shadow[name] != value)
    }
    for name, lines in (look.children or {}).items():
        if name in intent.operation["lines"]:
            continue
        mine = sorted(
            (k for k in kids if k.entity == f"{link.entity}.{name}"),
            key=lambda k: (k.shadow.get(POSITION) or 0, k.id),
        )
        known = [{n: v for n, v in k.shadow.items() if n != POSITION} for k in mine]
        if [properties for _, properties in lines] != known:
            link.children = {**(link.children or {}), name: lines}
    if link.dirty:
        link.edit_lo = before if link.edit_lo is None else link.edit_lo
        link.edit_hi = look.modified[1] if look.modified else now
    mark(link, look, now)


def _note(run: Run, connection: Connection, bound: Bound, intent: Intent, look: Look) -> None:
    """History: what was sent, and what the system made of it."""
    sent = intent.operation["values"]
    moves = [
        [name, intent.operation["base"].get(name), value, bound.name,
         "written" if look.properties.get(name) == value
         else f"written, returned as {look.properties.get(name)!r}"]
        for name, value in sent.items()
    ]  # fmt: skip
    journal.note(connection, run.id, run.now(), "write", {intent.golden: moves})
