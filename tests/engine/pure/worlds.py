"""One thing in two to five systems, as pure values: read, merge, plan, and each step assumed done.

Nothing here does I/O: a system is a dictionary, a way of changing what is written to it, and the
table of its mapping. Users edit between the rounds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any

from talk_sdk._engine.looks import Look
from talk_sdk._engine.merge import Merged, Rule, View, merge
from talk_sdk._engine.plan import plan_record
from talk_sdk._engine.removals import overrules
from talk_sdk._engine.seeing import see
from talk_sdk._engine.steps import ARCHIVED, Planned, Step, Target
from talk_sdk._store.rows import GoldenRow, LinkRow
from talk_sdk.connector import Entity
from talk_sdk.lenses import truncate
from talk_sdk.mapping import Compiled, Pair, compile_mapping
from talk_sdk.mapping import Mapping as Table
from talk_sdk.models import WireModel

__all__ = ["NAMES", "Edit", "Played", "Side", "play"]

NAMES = ("name", "description", "unit", "unit_price", "stock", "active")
"""Properties that users edit."""
BASE = {"number": "A-1", "name": "Stol", "description": "base", "unit": "each", "unit_price": "10",
        "stock": "5", "active": True}  # fmt: skip
ROUND = 100.0
"""Seconds between two rounds."""
MOST = 4
"""Rounds that write after the last edit."""

Normaliser = Callable[[Any], Any]


def _rounded(value: Any) -> Any:
    return str(Decimal(str(value)).quantize(Decimal("0.1")).normalize() + 0)


NORMALISERS: Mapping[str, Mapping[str, Normaliser]] = {
    "plain": {},
    "upper": {"name": lambda text: text and text.upper()},
    "strip": {"description": lambda text: text and text.strip()[:6]},
    "round": {"unit_price": lambda number: number and _rounded(number)},
    "zero": {"unit": lambda text: text or None},
}


class Item(WireModel):
    """A record of any of the systems."""

    id: str


@dataclass
class Side:
    """A system, with its one record of the thing if it has one.

    `times` tells whether it stamps its records, and `ext` is None where it has no record.
    """

    name: str
    order: int
    mapping: Compiled
    target: Target
    normalise: Mapping[str, Normaliser]
    times: bool
    record: dict[str, Any] | None = None
    link: LinkRow | None = None
    modified: float = 0.0

    def keep(self, name: str, wire: Any) -> None:
        """Hold a wire value, in the system's own way."""
        assert self.record is not None
        change = self.normalise.get(name)
        self.record[name] = change(wire) if change else wire

    def says(self) -> dict[str, Any]:
        """What it says, as canonical values."""
        return self.mapping.inbound(self.record or {})


@dataclass(frozen=True)
class Edit:
    """What a user typed, as the system shows it then."""

    side: str
    name: str
    value: Any
    round: int


@dataclass
class Played:
    """What a world came to: how often each decision was made, and everything to judge it by."""

    sides: list[Side]
    golden: GoldenRow
    edits: list[Edit] = field(default_factory=list)
    counted: Decimal = Decimal(0)
    merged: list[Merged] = field(default_factory=list)
    planned: list[Planned] = field(default_factory=list)
    reached: Counter[str] = field(default_factory=Counter)
    quiet_after: int = 0
    deleted: bool = False

    @property
    def conflicts(self) -> list[Any]:
        """All that were recorded."""
        return [conflict for each in self.merged for conflict in each.conflicts]


def _mapping(rng: Random) -> Compiled:
    cut = rng.choice((4, 9, 50))
    flags = {
        "description": rng.choice(({}, {}, {"read_only": True}, {"on_create": True})),
        "unit": rng.choice(({}, {}, {"required": "a unit has to be named"}, {"final": ("box",)})),
        "name": {"lens": truncate(cut)},
    }
    pairs = [Pair("number", "number", match=1)]
    pairs += [Pair(name, name, **flags.get(name, {})) for name in NAMES]
    return compile_mapping(Table(Item, "product", *pairs))


def _side(rng: Random, order: int) -> Side:
    name = "abcde"[order]
    mapping = _mapping(rng)
    off = {}
    if rng.random() < 0.25:
        off[rng.choice(("create", "update", "delete"))] = "it is off"
    policy: Any = rng.choice(("ignore", "delete", "archive"))
    target = Target(
        name, "Item", mapping, creates=True, updates=True,
        adjust=frozenset({"stock"}) if rng.random() < 0.5 else frozenset(),
        off=off, on_delete=policy,
    )  # fmt: skip
    normalise = NORMALISERS[rng.choice(list(NORMALISERS))]
    return Side(name, order, mapping, target, normalise, rng.random() < 0.5)


def play(rng: Random, *, shuffle: Random, noisy: int = 3) -> Played:
    """A world perturbed in each of its systems, edited for some rounds, and let come to rest.

    What `rng` draws is the world and what users do; `shuffle` only in which order the engine meets
    the systems and does its steps.
    """
    sides = [_side(rng, order) for order in range(rng.randint(2, 5))]
    rules = {name: rng.choice((Rule(), Rule(), Rule(prefer=("b",)), Rule(ask=True)))
             for name in NAMES}  # fmt: skip
    played = Played(sides, GoldenRow("g", "product", "a.Item:1", fresh=True))
    for side in sides:
        if side.order == 0 or rng.random() < 0.6:
            _begin(rng, side, played)
    for number in range(noisy):
        _round(played, rules, shuffle, number)
        _edit(rng, played, number)
    played.quiet_after = noisy
    for number in range(noisy, noisy + 3 * MOST):
        if _round(played, rules, shuffle, number):
            played.quiet_after = number + 1
    return played


def _begin(rng: Random, side: Side, played: Played) -> None:
    """The record as it is before the first run: mostly the same as elsewhere."""
    side.record = {"id": "1"}
    side.link = LinkRow(side.order, side.name, "Item", "1", "product", "g", state="live")
    for name, value in BASE.items():
        if name == "number":
            side.record[name] = value
            continue
        typed = value
        if name != "stock" and rng.random() < 0.15:
            typed = _typed(rng, name)
        side.keep(name, typed)


def _typed(rng: Random, name: str) -> Any:
    if name == "active":
        return rng.choice((True, False))
    if name == "unit_price":
        return rng.choice(("11.05", "12", "13.15"))
    if name == "unit":
        return rng.choice(("box", "pair", None))
    return rng.choice(
        (f"{name} {rng.randint(1, 99)}", f" {name} ", None if name != "name" else "x")
    )


def _edit(rng: Random, played: Played, number: int) -> None:
    """What users do between two rounds."""
    here = [side for side in played.sides if side.record is not None]
    for side in here:
        if len(here) > 1 and rng.random() < 0.08:
            side.record = None
            played.deleted = True
            continue
        for name in NAMES:
            if rng.random() > 0.2 or side.record is None:
                continue
            before = side.says().get(name)
            if name == "stock":
                delta = rng.randint(-3, 3)
                side.record["stock"] = str(Decimal(str(side.record["stock"] or 0)) + delta)
                played.counted += delta
            else:
                side.keep(name, _typed(rng, name))
            side.modified = number * ROUND + rng.uniform(1, ROUND - 1)
            after = side.says().get(name)
            if after != before and name != "stock":
                played.edits.append(Edit(side.name, name, after, number))


# --- the engine's rounds ------------------------------------------------------------------------


def _round(played: Played, rules: Mapping[str, Rule], shuffle: Random, number: int) -> bool:
    """Read, merge, plan, and do every step; whether there was any."""
    now = number * ROUND + ROUND
    order = list(played.sides)
    shuffle.shuffle(order)
    for side in order:
        _read(side, played, now)
    golden = played.golden
    rows = [side.link for side in order if side.link is not None]
    views = [_view(side) for side in order if side.link is not None and side.link.state == "live"]
    merged = Merged()
    kept = overrules(golden, rows, views)
    merged = merge(golden, views, lambda name: rules.get(name, Rule()))
    merged.conflicts += kept
    played.merged.append(merged)
    planned = plan_record(
        golden, rows, [side.target for side in played.sides], lambda _system, _ref: None
    )
    played.planned.append(planned)
    _count(played, merged, planned)
    steps = list(planned.steps)
    shuffle.shuffle(steps)
    for step in steps:
        _do(next(s for s in played.sides if s.name == step.system), step, golden, now)
    return bool(steps)


def _read(side: Side, played: Played, now: float) -> None:
    link = side.link
    if link is None:
        return
    if side.record is None:
        if link.state == "live":
            link.state, link.pending = "dead", {}
            played.golden.state = "deleted"
        return
    modified = (side.modified, side.modified + 1) if side.times else None
    look = Look("1", side.says(), None, b"", None, modified, None)
    see(link, look, Entity(Item), now, now - ROUND)


def _view(side: Side) -> View:
    assert side.link is not None
    return View(side.link, side.mapping, side.order, dict(side.link.pending), 1.0, 1.0)


def _do(side: Side, step: Step, golden: GoldenRow, now: float) -> None:
    """The step is done, and its answer stored (rules W1, W2, W4)."""
    if step.kind == "delete":
        assert side.link is not None
        side.record, side.link.state = None, "dead"
        return
    if step.kind == "create":
        side.record = {"id": "1", "number": "A-1", **dict.fromkeys(NAMES)}
        side.link = LinkRow(side.order, side.name, "Item", "1", "product", "g", state="live")
    link = side.link
    assert link is not None
    assert side.record is not None
    for name, before, after in step.changes:
        if step.kind == "adjust":
            delta = Decimal(str(after)) - Decimal(str(before or 0))
            side.record[name] = str(Decimal(str(side.record[name] or 0)) + delta)
        else:
            side.keep(name, side.mapping.put(name, after, golden.data))
        link.behind.pop(name, None)
    side.modified = now
    said = side.says()
    link.shadow |= said if step.kind == "create" else {n: said[n] for n, *_ in step.changes}
    link.seen = now
    if step.kind == "archive":
        link.held["active"] = ARCHIVED


# --- counting -----------------------------------------------------------------------------------


def _count(played: Played, merged: Merged, planned: Planned) -> None:
    played.reached["merge: first value"] += len(merged.first)
    for move in merged.moves:
        played.reached[f"merge: {_short(move.decision)}"] += 1
    for conflict in merged.conflicts:
        played.reached[f"conflict: {_short(conflict.decision)}"] += 1
    for step in planned.steps:
        played.reached[f"step: {step.kind}"] += 1
    for skip in planned.skips:
        played.reached[f"skip: {_short(skip.reason)}"] += 1
    for drift in planned.drift:
        played.reached[f"drift: {_short(drift.reason)}"] += 1


def _short(reason: str) -> str:
    """A reason without the names and values in it."""
    if "cannot hold" in reason:
        return "the system cannot hold it"
    for word in ("counted", "deleted in", "the API keeps it at"):
        if reason.startswith(word):
            return word
    winner, found, why = reason.partition(" wins: ")
    text = why if found else winner
    return (
        "a system is preferred"
        if text.endswith("is preferred")
        else text.removeprefix("conflict: ")
    )


def finals(sides: Sequence[Side], golden: GoldenRow) -> dict[str, Any]:
    """Everything that is to be the same whatever the order was."""
    return {side.name: side.record for side in sides} | {"golden": dict(golden.data)}
