"""Merge: what the edits of several systems make of a golden record. Pure, per property.

Each golden property has a revision; each link has it, or knows the older one that it has.
An edit at the newest revision is taken; one from behind is concurrent: equal values
converge, others are a conflict that the policy settles. The rules G1 to G5 live here.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Literal, NamedTuple

import msgspec

from talk_sdk._store.rows import GoldenRow, LinkRow, Provenance
from talk_sdk.concepts import Counter, decimal_text
from talk_sdk.errors import MappingError
from talk_sdk.mapping import Compiled
from talk_sdk.operations import Scalar

__all__ = [
    "ASKED",
    "NEWEST",
    "Conflict",
    "Merged",
    "Move",
    "Policy",
    "Rule",
    "View",
    "let_go",
    "merge",
    "newest",
    "take",
]

FIRST = "first value"
"""The decision about a value where there was none."""

ASKED = "two edits of it: you are asked which stands"
"""Why a property is held in a link whose edit waits for a person."""


class Rule(msgspec.Struct, frozen=True):
    """Which of two edits stands: of the system that stands earlier in `prefer`, else the newest.

    With `ask` a person says which.
    """

    prefer: Sequence[str] = ()
    ask: bool = False


Policy = Callable[[str], Rule]
"""Property → the rule by which conflicts of it are settled."""

NEWEST = Rule()


def _newest(_name: str) -> Rule:
    return NEWEST


class View(msgspec.Struct):
    """A link as merge sees it: its table, its place in talk.toml, its clock.

    `pending` is the link's, with references as golden ids; `skew` is how far the system's
    clock may be from ours, in seconds, `granularity` that of its modified times. A link that
    `waits` is merged in a later run, and falls behind what the others say till then. What a
    `derived` record says (a guest's details in an order) never overrules a record of its own.
    """

    link: LinkRow
    mapping: Compiled
    order: int
    pending: dict[str, Scalar]
    skew: float = 0.0
    granularity: float = 0.0
    derived: bool = False
    waits: bool = False

    @property
    def label(self) -> str:
        """How provenance and conflicts name it."""
        return f"{self.link.system}.{self.link.entity}" if self.derived else self.link.system

    @property
    def said(self) -> Provenance:
        """Who says the pending values, and when."""
        link = self.link
        latest = link.edit_hi if link.edit_hi is not None else link.seen
        return (self.label, link.edit_lo, latest, link.mod_hi is not None)


class Move(NamedTuple):
    """A golden property that changed."""

    property: str
    before: Scalar
    after: Scalar
    system: str
    decision: str


class Conflict(NamedTuple):
    """Two edits of one property on one base: all values, and what was decided.

    `link` is that of the value that waits, where a person is asked which stands.
    """

    property: str
    values: Mapping[str, Scalar]
    decision: str
    link: int | None = None


class Merged(msgspec.Struct):
    """What became of a golden record. `dirty`: plan has to look at it.

    `first` has what nobody had said before, which is no move. `policy` settles conflicts of a
    property.
    """

    first: dict[str, Scalar] = {}
    moves: list[Move] = []
    conflicts: list[Conflict] = []
    dirty: bool = False
    coarseness: float = 0.0
    policy: Policy = _newest


def merge(golden: GoldenRow, views: Sequence[View], policy: Policy = _newest) -> Merged:
    """Merge the pending edits of all links, in the order of talk.toml (rule G1).

    Changes the golden record and the links; what is held stays pending.
    """
    merged = Merged(
        coarseness=max((view.granularity for view in views), default=0.0), policy=policy
    )
    for view in sorted(views, key=lambda v: (v.derived, v.order, v.link.id)):
        if _nobody_said_anything(golden, views):
            _take_all(golden, view, merged)
        else:
            _take_each(golden, views, view, merged)
        if not view.link.dirty:
            view.link.edit_lo = view.link.edit_hi = None
    return merged


def _nobody_said_anything(golden: GoldenRow, views: Sequence[View]) -> bool:
    return not (
        golden.data or golden.revs or golden.prov
        or any(v.link.shadow or v.link.behind or v.link.held for v in views)
    )  # fmt: skip


def _take_all(golden: GoldenRow, view: View, merged: Merged) -> None:
    """Whoever is the first to say anything is right: no property has to be looked at."""
    unmerged = view.mapping.concept.unmerged
    said = _into_shadow(view, [name for name in view.pending if name in view.mapping.by_property])
    golden.data = {
        name: value for name, value in said.items() if value is not None and name not in unmerged
    }
    if golden.data:
        golden.prov[""] = view.said
        merged.first = dict(golden.data)
        merged.dirty = True


def _into_shadow(view: View, names: Sequence[str]) -> Mapping[str, Scalar]:
    """Take what these properties say as merged; returns it."""
    link, pending = view.link, view.link.pending
    if len(names) == len(pending):
        link.shadow, link.pending = {**link.shadow, **pending}, {}
        return view.pending
    for name in names:
        link.shadow[name] = pending.pop(name)
    return {name: view.pending[name] for name in names}


def _take_each(golden: GoldenRow, views: Sequence[View], view: View, merged: Merged) -> None:
    _into_shadow(view, _agreed(golden, view))
    for name in list(view.link.pending):
        if name not in view.mapping.by_property or name not in view.pending:
            continue
        if view.link.held.get(name) == ASKED:
            _ask_on(golden, views, view, name, merged)
        elif name not in view.link.held:
            _property(golden, views, view, name, merged)
        if name not in view.link.held:
            view.link.pending.pop(name, None)


def _agreed(golden: GoldenRow, view: View) -> list[str]:
    """What a system says for the first time, and is known already."""
    known, table, shadow, held = (
        golden.data, view.mapping.by_property, view.link.shadow, view.link.held,
    )  # fmt: skip
    return [
        name
        for name, value in view.pending.items()
        if known.get(name) == value and name in table and name not in shadow and name not in held
    ]


def _property(
    golden: GoldenRow, views: Sequence[View], view: View, name: str, merged: Merged
) -> None:
    link, value = view.link, view.pending[name]
    if name in view.mapping.concept.unmerged:
        link.shadow[name] = link.pending[name]
        return
    kind = view.mapping.concept.properties[name]
    ours = golden.data.get(name)
    if name not in link.shadow:
        _first_time(golden, views, view, name, merged)
    elif isinstance(kind, Counter) and None not in (value, ours, link.shadow[name]):
        _count(golden, views, view, name, merged)
    elif _says(view, name, ours, value, golden):
        link.shadow[name] = link.pending[name]
        link.behind.pop(name, None)
    elif _current(link, golden, name) and not _overruled(views, view, name):
        take(golden, views, view, name, "edited", merged)
    else:
        _settle(golden, views, view, name, merged)


def _first_time(
    golden: GoldenRow, views: Sequence[View], view: View, name: str, merged: Merged
) -> None:
    """First linking is per property: a value beats an empty one (rule G5)."""
    link, value = view.link, view.pending[name]
    ours = golden.data.get(name)
    cleared = name in golden.data and ours is None
    if value == ours or _says(view, name, ours, value, golden):
        link.shadow[name] = link.pending[name]
    elif value is None:
        link.shadow[name] = None
        link.behind[name] = 0
        merged.dirty = True
    elif ours is None and not cleared:
        take(golden, views, view, name, FIRST, merged)
    elif ours is not None and name in view.mapping.assigned:
        # It numbers by itself, and keeps its number: two such systems share no number space.
        link.shadow[name] = link.pending[name]
        link.behind[name] = golden.rev(name)
        merged.dirty = True
    else:
        link.behind.setdefault(name, 0)
        _settle(golden, views, view, name, merged)


def _current(link: LinkRow, golden: GoldenRow, name: str) -> bool:
    """Whether the link is at the newest revision, or has a number of its own beside it."""
    return link.behind.get(name, golden.rev(name)) == golden.rev(name)


def _says(view: View, name: str, value: Scalar, read: Scalar, golden: GoldenRow) -> bool:
    """Whether what a system says is the value, in its own words."""
    if name not in view.mapping.by_property:
        return False
    try:
        return view.mapping.says(name, value, read, ChainMap(view.pending, golden.data))
    except MappingError:
        return False


def take(
    golden: GoldenRow,
    views: Iterable[View],
    view: View,
    name: str,
    decision: str,
    merged: Merged,
) -> None:
    """The value becomes the golden one; every other link that has the property is behind."""
    before, revision = golden.data.get(name), golden.rev(name)
    golden.data[name] = view.pending[name]
    _raise(golden, name, revision, view.said)
    for other in views:
        # A line may be deleted by who cannot say what was edited in it: that is concurrent, too.
        unsayable = golden.parent is not None and name not in other.mapping.by_property
        if other is not view and (unsayable or name in other.link.shadow):
            other.link.behind.setdefault(name, revision)
    view.link.shadow[name] = view.link.pending[name]
    view.link.behind.pop(name, None)
    _look_at_dependent(golden, view, name)
    if decision == FIRST:
        merged.first[name] = golden.data[name]
    else:
        merged.moves.append(Move(name, before, golden.data[name], view.label, decision))
    merged.dirty = True


def _look_at_dependent(golden: GoldenRow, view: View, name: str) -> None:
    """What a system could not say beside the old value it may be able to say beside the new one."""
    for other in view.mapping.readers.get(name, ()):
        known = golden.data.get(other) is not None and other in view.link.shadow
        if known and other not in view.pending:
            view.link.behind.setdefault(other, golden.rev(other))


def _raise(golden: GoldenRow, name: str, revision: int, said: Provenance) -> None:
    if revision + 1 > 1:
        golden.revs[name] = revision + 1
    if "" not in golden.prov:
        golden.prov[""] = said
    elif tuple(golden.prov[""]) == said:
        golden.prov.pop(name, None)
    else:
        golden.prov[name] = said


def _count(golden: GoldenRow, views: Sequence[View], view: View, name: str, merged: Merged) -> None:
    """A counter adds both changes; a link that is behind stays behind (rule G3)."""
    link = view.link
    delta = Decimal(str(view.pending[name])) - Decimal(str(link.shadow[name]))
    before, revision = golden.data[name], golden.rev(name)
    golden.data[name] = decimal_text(Decimal(str(before)) + delta)
    _raise(golden, name, revision, view.said)
    for other in views:
        if other is not view and name in other.link.shadow:
            other.link.behind.setdefault(name, revision)
    link.shadow[name] = link.pending[name]
    merged.moves.append(Move(name, before, golden.data[name], link.system, f"counted {delta:+f}"))
    merged.dirty = True


def _settle(
    golden: GoldenRow, views: Sequence[View], view: View, name: str, merged: Merged
) -> None:
    """Two edits on one base. A finer form of the same value is no conflict."""
    if _refines(golden, views, view, name):
        take(golden, views, view, name, "same value, in full", merged)
        return
    theirs = golden.source(name)
    rival = theirs[0] if theirs else "?"
    rivals = {v.label: v for v in views}
    rule = merged.policy(name)
    verdict = _verdict(rivals.get(rival), view)
    if verdict is None and rule.ask:
        _ask(golden, view, name, rival, merged)
        return
    winner, why = (
        verdict
        or _preferred(rule.prefer, view.link.system, rival.partition(".")[0])
        or newest(
            view.said,
            theirs,
            view.skew + (rivals[rival].skew if rival in rivals else 0.0) + merged.coarseness,
            view.order,
            rivals[rival].order if rival in rivals else -1,
        )
    )
    mine, values = _both(golden, view, name, rival)
    kept = mine if winner == "new" else rival
    merged.conflicts.append(Conflict(name, values, f"{kept} wins: {why}"))
    if winner == "new":
        take(golden, views, view, name, f"conflict: {why}", merged)
        return
    # The loser's link keeps its old revision, so that it is overwritten (rule G2).
    view.link.shadow[name] = view.link.pending[name]
    view.link.behind.setdefault(name, 0)
    merged.dirty = True


def _both(golden: GoldenRow, view: View, name: str, rival: str) -> tuple[str, dict[str, Scalar]]:
    """How the value that was typed second is called, and both values by who typed them."""
    mine = view.label if view.label != rival else f"{rival} (later)"
    return mine, {rival: golden.data.get(name), mine: view.pending[name]}


def _ask(golden: GoldenRow, view: View, name: str, rival: str, merged: Merged) -> None:
    """A person says which edit stands; till then the later system keeps its own."""
    _, values = _both(golden, view, name, rival)
    view.link.held[name] = ASKED
    merged.conflicts.append(Conflict(name, values, "you are asked", view.link.id))


def _ask_on(
    golden: GoldenRow, views: Sequence[View], view: View, name: str, merged: Merged
) -> None:
    """What waits for a person: the values may have moved, or have become one."""
    same = _says(view, name, golden.data.get(name), view.pending[name], golden)
    if same or not merged.policy(name).ask:
        del view.link.held[name]
        _property(golden, views, view, name, merged)
        return
    theirs = golden.source(name)
    _ask(golden, view, name, theirs[0] if theirs else "?", merged)


def _overruled(views: Iterable[View], view: View, name: str) -> bool:
    """Whether a record of its own says what this derived one says."""
    return view.derived and any(not other.derived and name in other.link.shadow for other in views)


def _verdict(rival: View | None, view: View) -> tuple[Literal["new", "old"], str] | None:
    """A record of its own overrules a derived one, whichever is newer."""
    if view.derived and (rival is None or not rival.derived):
        return "old", "a derived record never overrules one of its own"
    if rival is not None and rival.derived and not view.derived:
        return "new", "a derived record never overrules one of its own"
    return None


def _preferred(
    systems: Sequence[str], mine: str, theirs: str
) -> tuple[Literal["new", "old"], str] | None:
    """The edit of the system that is named earlier; None if neither is, or both are one."""
    places = {name: place for place, name in enumerate(reversed(systems), start=1)}
    new, old = places.get(mine, 0), places.get(theirs, 0)
    if new == old:
        return None
    winner = mine if new > old else theirs
    return ("new" if new > old else "old"), f"{winner} is preferred"


def _refines(golden: GoldenRow, views: Sequence[View], view: View, name: str) -> bool:
    """Whether the golden value is only how its own system says what this one says in full."""
    value = view.pending[name]
    source = golden.source(name)
    if value is None or source is None or name in view.mapping.concept.refs:
        return False
    for other in views:
        if other is view or other.label != source[0] or name in other.link.behind:
            continue
        shown = other.link.shadow.get(name)
        if shown == golden.data.get(name) and _says(other, name, value, shown, golden):
            return True
    return False


def let_go(link: LinkRow) -> list[str]:
    """Edits that waited for a person and were taken back are no question any more."""
    if not link.held:
        return []
    found = [n for n, why in link.held.items() if why == ASKED and n not in link.pending]
    for name in found:
        del link.held[name]
    return found


def newest(
    new: Provenance,
    old: Provenance | None,
    tolerance: float,
    new_order: int,
    old_order: int,
) -> tuple[Literal["new", "old"], str]:
    """Which of two edits is the later one (rule G4).

    Record times decide where both sides have them and they differ by more than the
    tolerance; else the spans in which the edits were made, where they do not overlap; else
    it is a tie, which the order of talk.toml settles.
    """
    if old is None:
        return "new", "nobody else is known to have said it"
    _, new_lo, new_hi, new_timed = new
    _, old_lo, old_hi, old_timed = old
    if new_timed and old_timed:
        if abs(new_hi - old_hi) > tolerance:
            return ("new" if new_hi > old_hi else "old"), "newest, by record time"
    elif new_lo is not None and new_lo >= old_hi + tolerance:
        return "new", "newest, seen unchanged after the other edit"
    elif old_lo is not None and old_lo >= new_hi + tolerance:
        return "old", "newest, seen unchanged after the other edit"
    return ("new" if new_order < old_order else "old"), "a tie, by the order in talk.toml"
