"""Dataflows: which records of one entity are created in another, and which records belong. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import msgspec

from talk_sdk._store.rows import LinkRow
from talk_sdk.operations import Raw

if TYPE_CHECKING:
    from talk_sdk._engine.conditions import Condition

__all__ = ["FILTER", "WHEN", "Flow", "Flows", "Place", "outside"]

Place = tuple[str, str]
"""System and entity."""

WHEN, FILTER = "when", "filter"
"""What keeps a record from a target: the key of the condition that it does not meet."""


class Flow(msgspec.Struct, frozen=True):
    """How records of one entity reach another: the rule for creation, and which records belong."""

    rule: Literal["every", "when", "linked", "referenced"] = "every"
    when: Condition | None = None
    filter: Condition | None = None

    def bar(self, raw: Raw) -> str | None:
        """What keeps a record out; None if nothing does."""
        if self.filter is not None and not self.filter.holds(raw):
            return FILTER
        return WHEN if self.when is not None and not self.when.holds(raw) else None


EVERY = Flow()


class Flows(msgspec.Struct, frozen=True):
    """The dataflows of a workspace: what talk.toml names, and for all other pairs the default.

    `default` is None where only those pairs are synchronised that are named.
    """

    named: Mapping[tuple[Place, Place], Flow] = msgspec.field(default_factory=dict)
    default: Flow | None = EVERY

    def between(self, source: Place, target: Place) -> Flow | None:
        """The flow from one entity to another; None if there is none."""
        return self.named.get((source, target), self.default)

    def takes_part(self, place: Place) -> bool:
        """Whether an entity is in any flow."""
        return self.default is not None or any(place in pair for pair in self.named)

    def bars(self, source: Place, raw: Raw) -> dict[str, str]:
        """Target (`erp.Customer`) → what keeps a record from it."""
        found = {}
        for (begin, (system, entity)), flow in self.named.items():
            if begin == source and (why := flow.bar(raw)):
                found[f"{system}.{entity}"] = why
        return found

    def conditions(self, source: Place) -> list[tuple[str, ...]]:
        """The conditions on an entity's records: where they lead, and their texts."""
        return sorted(
            (*target, *(each.text if each else "" for each in (flow.when, flow.filter)))
            for (begin, target), flow in self.named.items()
            if begin == source and (flow.when or flow.filter)
        )

    def filtered(self, places: Iterable[Place]) -> bool:
        """Whether records of some entities can come to be outside of a filter."""
        known = set(places)
        return any(flow.filter and begin in known for (begin, _), flow in self.named.items())

    def digest(self) -> object:
        """Whatever changes when a rule does; its `repr` is the same for the same rules."""
        rules = [
            (pair, flow.rule, *(each.text if each else "" for each in (flow.when, flow.filter)))
            for pair, flow in self.named.items()
        ]
        return sorted(rules), self.default is not None

    def refusal(self, target: Place, sources: Sequence[LinkRow], *, demanded: bool) -> str | None:
        """Why no flow brings a record into a target from where it is; None if one does.

        `sources` are its links in other systems. `demanded` tells whether another record that
        goes there refers to it.
        """
        reasons = [self._refusal(link, target, demanded=demanded) for link in sources]
        return None if None in reasons or not reasons else reasons[0]

    def reason(self, target: Place, sources: Sequence[LinkRow], *, demanded: bool) -> str:
        """Why a flow brings a record into a target; nothing if none is named."""
        for link in sources:
            flow = self.named.get(((link.system, link.entity), target))
            if flow is None or self._refusal(link, target, demanded=demanded) is not None:
                continue
            way = _way(link, target)
            if flow.rule == "when" and flow.when is not None:
                return f"{way}, as {flow.when.text}"
            return f"{way}, as a record there refers to it" if flow.rule == "referenced" else way
        return ""

    def _refusal(self, link: LinkRow, target: Place, *, demanded: bool) -> str | None:
        flow = self.between((link.system, link.entity), target)
        return _refusal(flow, link, target, demanded=demanded)


def _way(link: LinkRow, target: Place) -> str:
    return f"{link.system}.{link.entity} → {target[0]}.{target[1]}"


def _refusal(flow: Flow | None, link: LinkRow, target: Place, *, demanded: bool) -> str | None:
    way = _way(link, target)
    if flow is None:
        return f"there is no dataflow {way}"
    bar = link.barred.get(".".join(target))
    if bar is not None:
        condition = flow.filter if bar == FILTER else flow.when
        return f"{way} asks for {condition.text if condition else bar}"
    if flow.rule == "linked":
        return f"{way} only links what is there already"
    if flow.rule == "referenced" and not demanded:
        return f"{way} asks for a record there that refers to it"
    return None


def outside(rows: Sequence[LinkRow], flows: Flows) -> set[int]:
    """Which links of a golden record have left it, as no dataflow joins them to the others.

    Two records belong together if there is a flow between them, and neither is filtered out of the
    flow to the other. Of what falls apart the greatest part stays; of equal parts that from which
    no record was filtered out; else that which was linked first.
    """
    parts: list[list[LinkRow]] = []
    for row in rows:
        joined = [part for part in parts if any(_belong(row, other, flows) for other in part)]
        parts = [part for part in parts if part not in joined]
        parts.append([row, *(other for part in joined for other in part)])
    if len(parts) < 2:  # noqa: PLR2004 - nothing has fallen apart
        return set()
    first = max(parts, key=_weight)
    return {row.id for part in parts if part is not first for row in part}


def _weight(part: Sequence[LinkRow]) -> tuple[int, int, int]:
    left = sum(FILTER in row.barred.values() for row in part)
    return len(part), -left, -min(row.id for row in part)


def _belong(one: LinkRow, other: LinkRow, flows: Flows) -> bool:
    if one.system == other.system:
        return True
    ways = [
        (flows.between((a.system, a.entity), (b.system, b.entity)), a, b)
        for a, b in ((one, other), (other, one))
    ]
    barred = any(a.barred.get(f"{b.system}.{b.entity}") == FILTER for _, a, b in ways)
    return not barred and any(flow is not None for flow, _, _ in ways)
