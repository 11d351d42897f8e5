"""What the stages of one run share: the systems at work, the store, time, and the tally."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any, Literal

import msgspec

from talk_sdk._engine.flows import Flows
from talk_sdk._engine.merge import NEWEST, Policy, Rule
from talk_sdk._engine.workers import Workers
from talk_sdk._store import Store
from talk_sdk.clock import Clock
from talk_sdk.connector import Entity
from talk_sdk.errors import PluginError, TalkError
from talk_sdk.events import Event, EventKind
from talk_sdk.http import Http, Vault
from talk_sdk.mapping import Compiled
from talk_sdk.operations import Drift, Operation, Outcome, Page, Raw, Session, Skip

__all__ = ["Bound", "Run", "Toggle"]


class Toggle(msgspec.Struct, frozen=True):
    """What may be done to an entity of a system."""

    write: bool = True
    create: bool = True
    update: bool = True
    full_sync: bool = True
    delete: bool = True
    on_delete: Literal["ignore", "archive", "delete"] = "ignore"


class Bound(msgspec.Struct):
    """A system at work: its connector's hooks, tables and open session.

    `flows` are those of the whole workspace.
    """

    name: str
    order: int
    connector: str
    version: str
    hooks: Any
    settings: Any
    entities: Mapping[str, Entity]
    mappings: Mapping[str, Compiled]
    toggles: Mapping[str, Toggle]
    http: Http
    vault: Vault
    workers: int
    flows: Flows = msgspec.field(default_factory=Flows)
    session: Session | None = None
    epoch: Mapping[str, str] = msgspec.field(default_factory=dict)
    seeds: Mapping[str, int] = msgspec.field(default_factory=dict)

    def open(self) -> Session:
        """The connector's `talk_open`."""
        session: Session = self.hooks.talk_open(
            settings=self.settings, http=self.http, vault=self.vault
        )
        return session

    def toggle(self, entity: str) -> Toggle:
        """The toggles of an entity."""
        return self.toggles.get(entity, Toggle())

    def updates(self, entity: str) -> bool:
        """Whether records of an entity are changed at all."""
        toggle = self.toggle(entity)
        return self.entities[entity].update is not None and toggle.write and toggle.update

    def read(self, entity: str, since: str | None) -> Iterator[Page]:
        """The connector's `talk_read`."""
        pages: Iterator[Page] = self.hooks.talk_read(
            session=self.session, entity=entity, since=since
        )
        return pages

    def inbound(self, entity: str, records: Sequence[Raw]) -> Sequence[Raw]:
        """The records as the plugins let the engine see them."""
        seen: Sequence[Raw] = self.hooks.talk_inbound(
            system=self.name, entity=entity, records=records
        )
        if len(seen) != len(records):
            raise PluginError(
                f"A talk_inbound plugin returned {len(seen)} records for {len(records)} of"
                f" {self.name}.{entity}; it must return one for each."
            )
        return seen

    def get(self, entity: str, ids: Sequence[str]) -> dict[str, Raw]:
        """The connector's `talk_get`, through the inbound plugins; absent ids are left out."""
        return {ext: seen for ext, (_, seen) in self.look(entity, ids).items()}

    def look(self, entity: str, ids: Sequence[str]) -> dict[str, tuple[Raw, Raw]]:
        """As `get`, with each record as the API has it beside what the engine may see.

        What the API has is only ever sent back to it, in a write of the whole record.
        """
        found: Mapping[str, Raw] = self.hooks.talk_get(session=self.session, entity=entity, ids=ids)
        seen = self.inbound(entity, deepcopy(list(found.values())))
        return {ext: (found[ext], raw) for ext, raw in zip(found, seen, strict=True)}

    def find(self, entity: str, key: str, values: Sequence[str]) -> Sequence[Raw]:
        """The connector's `talk_find`, through the inbound plugins."""
        found: Sequence[Raw] = self.hooks.talk_find(
            session=self.session, entity=entity, key=key, values=values
        )
        return self.inbound(entity, found)

    def write(self, operations: Sequence[Operation]) -> Sequence[Outcome]:
        """The connector's `talk_write`."""
        outcomes: Sequence[Outcome] = self.hooks.talk_write(
            session=self.session, operations=operations
        )
        if len(outcomes) != len(operations):
            raise PluginError(
                f"The connector {self.connector} answered {len(outcomes)} outcomes for"
                f" {len(operations)} operations; it must answer one for each."
            )
        return outcomes

    def derived(self, concept: str) -> list[str]:
        """The read-only entities of a concept that come along with others."""
        return [
            name
            for name, mapping in self.mappings.items()
            if mapping.concept.name == concept and self.entities[name].derived_from
        ]


class Run(msgspec.Struct):
    """One execution. `left_out` names what takes no part, with the reason.

    `rules` says, for a concept and a property, which of two edits of it stands. `gaps` are the
    entities whose list has left out records that are there. Nothing is written in what is
    `braked`: too much would be deleted or created; `removals` counts, by concept, the records that
    were to be deleted or archived. `strangers` has, by system and entity, a record with the mark of
    another workspace.
    """

    id: str
    at: float
    store: Store
    systems: Mapping[str, Bound]
    clock: Clock
    mint: Callable[[], str]
    workers: Workers
    observe: Callable[[Event], None]
    fresh_within: float = 60.0
    step: Callable[[str], None] = lambda _name: None
    rules: Callable[[str, str], Rule] = lambda _concept, _name: NEWEST
    left_out: dict[tuple[str, str], str] = msgspec.field(default_factory=dict)
    reads: Counter[tuple[str, str]] = msgspec.field(default_factory=Counter)
    written: Counter[tuple[str, str, str]] = msgspec.field(default_factory=Counter)
    conflicts: int = 0
    frozen: set[str] = msgspec.field(default_factory=set)
    stale: set[str] = msgspec.field(default_factory=set)
    skips: list[Skip] = msgspec.field(default_factory=list)
    drift: list[Drift] = msgspec.field(default_factory=list)
    problems: list[str] = msgspec.field(default_factory=list)
    unapproved: list[Operation] = msgspec.field(default_factory=list)
    skews: dict[str, float] = msgspec.field(default_factory=dict)
    gaps: set[tuple[str, str]] = msgspec.field(default_factory=set)
    braked: set[tuple[str, str]] = msgspec.field(default_factory=set)
    removals: Counter[str] = msgspec.field(default_factory=Counter)
    strangers: dict[tuple[str, str], str] = msgspec.field(default_factory=dict)
    links: int = 1

    def now(self) -> float:
        """Seconds since 1970."""
        return self.clock.now().timestamp()

    def next_link(self) -> int:
        """An id for a new link."""
        self.links += 1
        return self.links - 1

    def tell(self, kind: EventKind, **details: Any) -> None:
        """Report what happened."""
        self.observe(Event(kind, self.id, self.clock.now(), **details))

    def leave_out(self, system: str, entities: Iterable[str], error: TalkError | str) -> None:
        """Let entities of a system take no further part, and say so once."""
        reason = error if isinstance(error, str) else error.message
        for entity in entities:
            self.left_out.setdefault((system, entity), reason)
        if reason not in self.problems:
            self.problems.append(reason)
            self.tell("left_out", system=system, message=reason)

    @property
    def flows(self) -> Flows:
        """The dataflows between all systems."""
        return next(iter(self.systems.values())).flows

    def policy(self, concept: str, children: str = "") -> Policy:
        """Which of two edits stands, by property of a concept or of its child records."""
        prefix = f"{children}." if children else ""
        return lambda name: self.rules(concept, prefix + name)

    def mapped(self, concept: str) -> list[tuple[Bound, str]]:
        """(system, entity) of each mapping to a concept, in the order of talk.toml."""
        return [
            (bound, entity)
            for bound in self.systems.values()
            for entity, mapping in bound.mappings.items()
            if mapping.concept.name == concept
        ]

    def mapping(self, system: str, entity: str) -> Compiled | None:
        """The table of an entity or of its lines (`Order.lines`); None if it is gone."""
        bound = self.systems.get(system)
        if bound is None:
            return None
        mapping = bound.mappings.get(entity)
        if mapping is not None:
            return mapping
        name, _, children = entity.partition(".")
        mapping = bound.mappings.get(name)
        if mapping is None or not children:
            return mapping
        inner = mapping.children.get(children)
        return None if inner is None else inner.mapping

    def order(self, system: str) -> int:
        """The place of a system in talk.toml; systems that left it come last."""
        bound = self.systems.get(system)
        return len(self.systems) if bound is None else bound.order
