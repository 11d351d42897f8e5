"""What the workspace is told to do otherwise: whose edit stands, and what is not written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from talk_sdk.testing.simulation.dialects import DIALECTS
from talk_sdk.testing.simulation.fields import FIELDS, LINE_FIELDS

__all__ = ["Policies", "Rule", "draw_policies"]

Rule = str | tuple[str, ...]
"""`newest`, `ask`, or the systems that are preferred, the first of them first."""
_CONCEPTS = {"customers": "customer", "products": "product", "orders": "order"}
_UNCHANGED: Mapping[str, Rule] = {"product.stock": "newest"}
"""Counters are added up: nobody is asked about one."""
_DELETING = 0.2
"""In so many seeds people delete records."""
_ALONG = {"customers": ("orders",), "products": ("orders",), "orders": ()}
"""Where no record of a kind is made, none can be that needs one."""


@dataclass(frozen=True)
class Policies:
    """Of one seed.

    Attributes:
        default: which edit of two stands.
        rules: concept and property -> which edit of two stands, where that is another one.
        off: system and kind -> the toggles that are off.
        prompt: chance that a question about two edits is answered before the next run.
        last: chance that one is answered at all.
        deletes: whether people delete records.
        on_delete: system and kind -> what a deletion elsewhere does there, if anything.
        tight: whether no deletion is followed without approval.
    """

    default: Rule = "newest"
    rules: Mapping[str, Rule] = field(default_factory=dict)
    off: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    prompt: float = 0.5
    last: float = 1.0
    deletes: bool = False
    on_delete: Mapping[tuple[str, str], str] = field(default_factory=dict)
    tight: bool = False

    @property
    def conflicts(self) -> dict[str, Any]:
        """`[conflicts]` of talk.toml."""
        rules = {"default": self.default, **self.rules}
        said = {name: rule if isinstance(rule, str) else {"prefer": list(rule)}
                for name, rule in rules.items()}  # fmt: skip
        return {**said, **_UNCHANGED}

    @property
    def brakes(self) -> dict[str, Any]:
        """`[brakes]` of talk.toml."""
        return {"deletes": 0, "deletes_percent": 0.0} if self.tight else {}

    def entities(self, system: str, connector: str) -> dict[str, dict[str, Any]]:
        """`[systems.NAME.entities]` of talk.toml."""
        found: dict[str, dict[str, Any]] = {}
        for entity, kind in DIALECTS[connector].entities.items():
            if entity != "Guest":
                said: dict[str, Any] = dict.fromkeys(
                    sorted(self.off.get((system, kind), ())), False
                )
                if (system, kind) in self.on_delete:
                    said["on_delete"] = self.on_delete[system, kind]
                found[entity] = said
        return {entity: said for entity, said in found.items() if said}

    def rule(self, kind: str, name: str) -> Rule:
        """Which of two edits of a field stands."""
        return {**self.rules, **_UNCHANGED}.get(_property(kind, name), self.default)

    def makes_none(self, system: str, kind: str) -> bool:
        """Whether no record of a kind is made in a system; of a line, no order is changed."""
        return self._is_off(system, kind, "create")

    def changes_none(self, system: str, kind: str) -> bool:
        """Whether no record of a kind is changed in a system."""
        return self._is_off(system, kind, "update")

    def _is_off(self, system: str, kind: str, what: str) -> bool:
        off = self.off.get((system, "orders" if kind == "lines" else kind), frozenset())
        return bool(off & {what, "write"})

    def counts(self) -> Counter[str]:
        """What it is that this seed's workspace is told."""
        counts = Counter(f"toggle: {name} off" for names in self.off.values() for name in names)
        told = {self.default, *self.rules.values()}
        counts.update(f"on_delete: {what}" for what in self.on_delete.values())
        counts["brake: tight"] += self.tight
        counts.update(f"policy: {rule if isinstance(rule, str) else 'prefer'}" for rule in told)
        return counts


def draw_policies(rng: Random, systems: Mapping[str, str]) -> Policies:
    """Most workspaces are told little."""
    names = sorted(systems)
    rules = {}
    if rng.random() < 0.5:
        every = [_property(kind, f.name) for kind in FIELDS for f in FIELDS[kind]]
        every += [_property("lines", f.name) for f in LINE_FIELDS]
        rules = {name: _rule(rng, names) for name in rng.sample(sorted(every), 8)}
    deletes = rng.random() < _DELETING
    return Policies(
        deletes=deletes,
        on_delete=_follows(rng, systems) if deletes else {},
        tight=deletes and rng.random() < 0.3,
        default=_rule(rng, names) if rng.random() < 0.4 else "newest",
        rules=rules,
        off=_toggles(rng, systems) if not deletes and rng.random() < 0.3 else {},
        prompt=rng.choice((0.0, 0.5, 1.0)),
        last=rng.choice((0.6, 1.0)),
    )


def _follows(rng: Random, systems: Mapping[str, str]) -> dict[tuple[str, str], str]:
    found = {}
    for name in sorted(systems):
        for kind, choices in DIALECTS[systems[name]].follows.items():
            what = rng.choice(("ignore", *choices))
            if what != "ignore":
                found[name, kind] = what
    return found


def _rule(rng: Random, systems: list[str]) -> Rule:
    preferred = tuple(rng.sample(systems, rng.randrange(1, len(systems) + 1)))
    return rng.choice(("newest", "ask", preferred))


def _toggles(rng: Random, systems: Mapping[str, str]) -> dict[tuple[str, str], frozenset[str]]:
    system = rng.choice(sorted(systems))
    kinds = set(DIALECTS[systems[system]].entities.values())
    steps = DIALECTS[systems[system]].stepwise
    kind = rng.choice(sorted(kinds))
    what = rng.choice(("write", "create") if steps else ("write", "create", "update"))
    found = {(system, kind): frozenset((what,))}
    if what != "update":
        found |= {(system, more): frozenset(("write",)) for more in _ALONG[kind] if more in kinds}
    return found


def _property(kind: str, name: str) -> str:
    if kind == "lines":
        return f"order.lines.{name}"
    return f"{_CONCEPTS[kind]}.{name}"
