"""The shape of talk.toml, section by section."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

__all__ = [
    "ASK",
    "NEWEST",
    "Brakes",
    "Config",
    "Conflicts",
    "CreationRule",
    "Dataflow",
    "Policy",
    "Store",
    "Sync",
    "SystemConfig",
    "Toggles",
    "Vault",
]

MEMORY = ("sqlite://", "sqlite:///:memory:")
STORE_URL = re.compile(r"(sqlite|postgresql)(\+\w+)?://")


OnDelete = Literal["ignore", "archive", "delete"]


class Section(BaseModel):
    """What all sections have in common: immutable, no unknown keys, no guessing of types."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Toggles(Section):
    """`[systems.NAME.entities.ENTITY]`: what may be written there; by default everything.

    `on_delete` is what a deletion elsewhere does here: nothing (`ignore`), `archive` (the record
    is made inactive), or `delete`, if `delete` is not off. Without `full_sync` only those records
    are created there that came into being after the entity took part for the first time; and what
    these refer to.
    """

    write: bool = True
    create: bool = True
    update: bool = True
    delete: bool = True
    full_sync: bool = True
    on_delete: OnDelete = "ignore"


class SystemConfig(Section):
    """`[systems.NAME]`: one account of a connector.

    `settings` is everything that is not ours, for the connector's own settings model, with
    secrets filled in; it is therefore in no representation and in no dump.
    """

    name: str
    connector: str
    settings: Mapping[str, Any] = Field(default={}, repr=False, exclude=True)
    entities: Mapping[str, Toggles] = {}


class Policy(Section):
    """Which of two edits of one property stands: that of the system that is named earlier.

    Where neither system is named, or none is at all, the newest stands; with `ask` a person says
    which, and till then each system keeps its own.
    """

    prefer: tuple[str, ...] = ()
    ask: bool = False


NEWEST = Policy()
ASK = Policy(ask=True)


class Conflicts(Section):
    """`[conflicts]`: which of two edits of one property stands.

    `properties` is by concept and property, as `customer.email` or `order.lines.quantity`.
    """

    default: Policy = NEWEST
    properties: Mapping[str, Policy] = {}

    def policy(self, concept: str, name: str) -> Policy:
        """The policy of one property; of a line its name is `lines.quantity`."""
        return self.properties.get(f"{concept}.{name}", self.default)


CreationRule = Literal["every", "when", "linked", "referenced"]


class Dataflow(Section):
    """`[[dataflow]]`: which records of one entity are created in another system, and which belong.

    Edits of records that are linked travel both ways, whatever the rule. `every` record is created
    there, or one `when` a condition holds, or one that is `referenced` by a record that goes there,
    or none: only what is there already is `linked`. A record for which `filter` does not hold is
    not created there, and one that is linked rests: nothing is written and nothing deleted till
    it holds again. Both are JMESPath expressions over the record as the source's API has it.
    """

    source: str = Field(alias="from", description="the system and entity, as `shop.Customer`")
    target: str = Field(alias="to", description="the system and entity, as `erp.Customer`")
    rule: CreationRule | None = None
    when: str | None = Field(default=None, min_length=1)
    filter: str | None = Field(default=None, min_length=1)

    @field_validator("source", "target")
    @classmethod
    def _named(cls, place: str) -> str:
        system, _, entity = place.partition(".")
        if not system or not entity:
            raise ValueError("should be a system and an entity, as in `shop.Customer`")
        return place

    @model_validator(mode="after")
    def _agree(self) -> Dataflow:
        if self.rule == "when" and self.when is None:
            raise ValueError('has rule = "when" and lacks the condition: add `when = "…"`')
        if self.when is not None and self.rule not in {None, "when"}:
            raise ValueError(f'has a condition `when`, which rule = "{self.rule}" does not ask for')
        return self

    @property
    def creation(self) -> CreationRule:
        """The rule; a condition alone means `when`."""
        return self.rule or ("every" if self.when is None else "when")


class Sync(Section):
    """`[sync]`: what takes part, and how hard to work.

    With `default` "all" every pair of entities that share a concept is synchronised, as if there
    were a dataflow `every` in both directions; with "none" only those that a `[[dataflow]]` names.
    `fresh_within` is in seconds: a record of a system without versions is read again before an
    update if our last look is older. `workers` is the number of requests in flight per system.
    `timeout` is in seconds: how long an answer may stay away.
    """

    default: Literal["all", "none"] = "all"
    fresh_within: float = Field(default=60.0, ge=0)
    workers: int = Field(default=4, ge=1, le=64)
    timeout: float = Field(default=30.0, gt=0)


class Brakes(Section):
    """`[brakes]`: how much a run may do before it asks a person.

    A run that would delete or archive more records of a concept than `deletes`, and more than
    `deletes_percent` of those that are linked, writes nothing of that concept. One that would
    create more records in an entity that has some than `creates`, and more than
    `creates_percent` of them, writes nothing there. If more records of a concept than `repairs`,
    and more than `repairs_percent` of them, differ though nobody is known to have changed them,
    `talk reconcile` repairs none of that concept.
    """

    deletes: int = Field(default=10, ge=0)
    deletes_percent: float = Field(default=5.0, ge=0, le=100)
    creates: int = Field(default=100, ge=0)
    creates_percent: float = Field(default=20.0, ge=0)
    repairs: int = Field(default=10, ge=0)
    repairs_percent: float = Field(default=5.0, ge=0, le=100)


class Store(Section):
    """`[store]`: where links and history are kept. A file name is relative to talk.toml."""

    # A URL may hold a password.
    url: Annotated[str, Field(repr=False)] = "sqlite:///talk.db"

    @field_validator("url")
    @classmethod
    def _known(cls, url: str) -> str:
        if not STORE_URL.match(url):
            raise ValueError(
                "should start with `sqlite:///` or `postgresql://`, as in `sqlite:///talk.db`"
            )
        if url == "sqlite:///":
            raise ValueError("should name a file, as in `sqlite:///talk.db`")
        return url

    def within(self, folder: Path) -> Store:
        """The same store, with the file name of a SQLite database made absolute."""
        scheme, found, name = self.url.partition(":///")
        if not self.url.startswith("sqlite") or not found or self.url in MEMORY:
            return self
        return Store(url=f"{scheme}:///{folder.absolute() / name}")


class Vault(Section):
    """`[vault]`: the file for tokens that systems renew. Its name is relative to talk.toml."""

    path: str = Field(default="talk.vault", min_length=1)

    def within(self, folder: Path) -> Vault:
        """The same vault, with the file name made absolute."""
        return Vault(path=str(folder.absolute() / self.path))


class Config(Section):
    """A whole talk.toml. The order of `systems` is the file's, and settles ties.

    Attributes:
        path: the file, None where the configuration was given as a mapping.
        systems: by name.
        conflicts: which of two edits stands.
        sync: what takes part, and how hard to work.
        dataflow: what is created where; refines `sync.default`.
        brakes: how much a run may do before it asks a person.
        store: where links and history are kept; the file name is absolute.
        vault: where tokens are kept that systems renew; the file name is absolute.
        mapping: `system.Entity` → wire path → property, False, or a table of the pair's own.
    """

    path: Path | None
    systems: Mapping[str, SystemConfig]
    conflicts: Conflicts = Conflicts()
    sync: Sync = Sync()
    dataflow: tuple[Dataflow, ...] = ()
    brakes: Brakes = Brakes()
    store: Store
    vault: Vault = Vault()
    mapping: Mapping[str, Mapping[str, Any]] = {}
