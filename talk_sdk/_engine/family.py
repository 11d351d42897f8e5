"""Merge of child records: the lines of an order, each by itself. Pure but for new ids.

A line that a complete parent no longer has was deleted there: an edit of its existence.
Against a concurrent edit of the line the edit wins, and the conflict is recorded (G6).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from talk_sdk._engine.kids import kid_for
from talk_sdk._engine.lines import EXISTENCE, POSITION, UNKNOWN, pair_lines, place, weave
from talk_sdk._engine.merge import ASKED, Conflict, Merged, Move, Policy, View, let_go, merge
from talk_sdk._store.rows import GoldenRow, LinkRow
from talk_sdk.mapping import CompiledChildren
from talk_sdk.operations import Scalar

__all__ = ["Family", "merge_lines"]

Translate = Callable[[str, Mapping[str, Scalar]], dict[str, Scalar]]


class Family(msgspec.Struct):
    """The lines of one golden record: golden children, and their links by parent link.

    `translate` turns a line's references into golden ids, for a system; `mint` and
    `next_link` give new ids. `fresh` and `touched` collect what has to be saved.
    """

    parent: GoldenRow
    name: str
    children: list[GoldenRow]
    links: dict[int, list[LinkRow]]
    mint: Callable[[], str]
    next_link: Callable[[], int]
    translate: Translate
    fresh: list[LinkRow] = msgspec.field(default_factory=list)
    touched: dict[int, LinkRow] = msgspec.field(default_factory=dict)
    changed: dict[str, GoldenRow] = msgspec.field(default_factory=dict)
    results: dict[str, Merged] = msgspec.field(default_factory=dict)

    def live(self) -> list[GoldenRow]:
        """The lines that exist, in their order."""
        return sorted(
            (c for c in self.children if c.state == "live"), key=lambda c: (c.position, c.id)
        )

    def kids(self, link: LinkRow) -> list[LinkRow]:
        """The lines that a parent's record had when it was last merged, in their order."""
        rows = [k for k in self.links.get(link.id, []) if k.state == "live"]
        return sorted(rows, key=lambda k: (place(k), k.id))

    def result(self, child: str) -> Merged:
        """What became of a line."""
        return self.results.setdefault(child, Merged())


def merge_lines(
    family: Family,
    views: Sequence[View],
    tables: Mapping[str, CompiledChildren],
    policy: Policy,
) -> bool:
    """Merge the lists that were read and not merged yet; True if plan has to look at them.

    `views` are the parent's links, `tables` the list's table by system.
    """
    dirty = False
    for view in sorted(views, key=lambda v: (v.order, v.link.id)):
        pending = view.link.children
        if (
            view.waits
            or not pending
            or family.name not in pending
            or view.link.system not in tables
        ):
            continue
        dirty |= _list(family, views, view, tables, policy)
        del pending[family.name]
        if not pending:
            view.link.children = None
        if not view.link.dirty:
            view.link.edit_lo = view.link.edit_hi = None
    return dirty


def _list(
    family: Family,
    views: Sequence[View],
    view: View,
    tables: Mapping[str, CompiledChildren],
    policy: Policy,
) -> bool:
    table = tables[view.link.system]
    incoming: list[tuple[str | None, dict[str, Any]]] = [
        (ident, properties) for ident, properties in (view.link.children or {})[family.name]
    ]
    kids = family.kids(view.link)
    before = [kid.golden or "" for kid in kids]
    pairs = pair_lines(incoming, [(_own_id(kid, table), kid.shadow) for kid in kids])
    new = [here for here, there in enumerate(pairs) if there is None]
    found = {here: kids[there] for here, there in enumerate(pairs) if there is not None}
    dirty = _gone(family, [k for i, k in enumerate(kids) if i not in pairs])
    found.update(_adopt(family, view, table, incoming, new))
    for here in sorted(found):
        ident, properties = incoming[here]
        dirty |= _line(family, views, view, tables, policy, found[here], ident, here, properties)
    return _reorder(family, [found[i].golden or "" for i in sorted(found)], before) or dirty


def _own_id(kid: LinkRow, table: CompiledChildren) -> str | None:
    own = kid.ext.rpartition("/")[2]
    return None if table.id is None or own.startswith(UNKNOWN) else own


def _gone(family: Family, missing: Sequence[LinkRow]) -> bool:
    by_id = {child.id: child for child in family.children}
    for kid in missing:
        child = by_id[kid.golden or ""]
        if child.state == "live" and (kid.behind or _unsettled(family, child)):
            family.result(child.id).conflicts.append(
                Conflict("existence", {kid.system: None}, "edited elsewhere and deleted here: kept")
            )
        elif child.state == "live":
            child.state = "deleted"
            family.changed[child.id] = child
            family.result(child.id).moves.append(
                Move(EXISTENCE, True, False, kid.system, "the line was deleted")
            )
        kid.state, kid.pending = "dead", {}
        let_go(kid)
        family.touched[kid.id] = kid
    return bool(missing)


def _unsettled(family: Family, child: GoldenRow) -> bool:
    """Whether a line was edited, or may have been, though nothing has been made of it yet.

    A lost answer may have left somebody's edit in it (rule D1), or a person is asked about one.
    """
    rows = (kid for found in family.links.values() for kid in found)
    return any(
        kid.golden == child.id and kid.state == "live" and (kid.found or ASKED in kid.held.values())
        for kid in rows
    )


def _adopt(
    family: Family,
    view: View,
    table: CompiledChildren,
    incoming: Sequence[tuple[str | None, Mapping[str, Scalar]]],
    new: Sequence[int],
) -> dict[int, LinkRow]:
    """New lines are lines that another system has already, or new ones."""
    link = view.link
    here, first = {kid.golden for kid in family.kids(link)}, not family.links.get(link.id)
    strangers = [child for child in family.live() if child.id not in here]
    if first:
        # At first linking a line beats none (rule G5), and is no other one than was deleted.
        strangers += [child for child in family.children if child.state == "deleted"]
    translated = [(None, family.translate(link.system, incoming[i][1])) for i in new]
    pairs = pair_lines(translated, [(None, child.data) for child in strangers])
    found = {}
    for index, there in zip(new, pairs, strict=True):
        if there is None:
            child = GoldenRow(
                family.mint(), table.mapping.concept.name, f"{family.parent.origin}/{family.name}",
                family.parent.id, len(family.children), fresh=True,
            )  # fmt: skip
            family.children.append(child)
            family.changed[child.id] = child
            if not first:
                family.result(child.id).moves.append(
                    Move(EXISTENCE, False, True, link.system, "a new line")
                )
        else:
            child = strangers[there]
        rows = family.links.setdefault(link.id, [])
        kid, fresh = kid_for(
            rows, link, family.name, table.mapping.concept.name, child.id,
            incoming[index][0], family.next_link,
        )  # fmt: skip
        if fresh:
            family.fresh.append(kid)
            rows.append(kid)
        family.touched[kid.id] = kid
        found[index] = kid
    return found


def _line(
    family: Family,
    views: Sequence[View],
    view: View,
    tables: Mapping[str, CompiledChildren],
    policy: Policy,
    kid: LinkRow,
    ident: str | None,
    where: int,
    properties: Mapping[str, Scalar],
) -> bool:
    child = next(c for c in family.children if c.id == kid.golden)
    if ident is not None:
        kid.ext = f"{view.link.ext}/{ident}"
    kid.pending = {
        name: value
        for name, value in properties.items()
        if name not in kid.shadow or kid.shadow[name] != value
    }
    kid.shadow[POSITION] = where
    kid.edit_lo, kid.edit_hi = view.link.edit_lo, view.link.edit_hi
    kid.mod_lo, kid.mod_hi, kid.seen = view.link.mod_lo, view.link.mod_hi, view.link.seen
    family.touched[kid.id] = kid
    revived = child.state == "deleted" and bool(kid.pending)
    if revived:
        child.state = "live"
        family.changed[child.id] = child
        family.result(child.id).conflicts.append(
            Conflict("existence", {kid.system: True}, "deleted elsewhere and edited here: kept")
        )
    freed = bool(let_go(kid))
    if not kid.pending:
        return revived or freed
    result = merge(child, _views_of(family, views, tables, child), policy)
    known = family.result(child.id)
    known.moves += result.moves
    known.conflicts += result.conflicts
    family.changed[child.id] = child
    return result.dirty or revived or freed


def _views_of(
    family: Family,
    views: Sequence[View],
    tables: Mapping[str, CompiledChildren],
    child: GoldenRow,
) -> list[View]:
    found = []
    for parent in views:
        system = parent.link.system
        if system not in tables:
            continue
        for kid in family.links.get(parent.link.id, []):
            if kid.golden == child.id and kid.state == "live":
                family.touched[kid.id] = kid
                pending = family.translate(system, kid.pending)
                found.append(
                    View(kid, tables[system].mapping, parent.order, pending, parent.skew,
                         parent.granularity)
                )  # fmt: skip
    return found


def _reorder(family: Family, system: list[str], before: list[str]) -> bool:
    live = family.live()
    alive = {child.id for child in live}
    known = [child.id for child in live if child.id in before or child.id not in system]
    woven = weave(known, [i for i in system if i in alive], [i for i in before if i in alive])
    places = {ident: place for place, ident in enumerate(woven)}
    changed = False
    for child in live:
        if places[child.id] != child.position:
            child.position = places[child.id]
            family.changed[child.id] = child
            changed = True
    return changed or any(ident not in before for ident in system)
