"""The shape of talk.toml, section by section."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

__all__ = [
    "ASK",
    "NEWEST",
    "Brakes",
    "Config",
    "Conflicts",
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


class Sync(Section):
    """`[sync]`: how hard to work.

    `fresh_within` is in seconds: a record of a system without versions is read again before an
    update if our last look is older. `workers` is the number of requests in flight per system.
    `timeout` is in seconds: how long an answer may stay away.
    """

    fresh_within: float = Field(default=60.0, ge=0)
    workers: int = Field(default=4, ge=1, le=64)
    timeout: float = Field(default=30.0, gt=0)


class Brakes(Section):
    """`[brakes]`: how much a run may do before it asks a person.

    A run that would delete or archive more records of a concept than `deletes`, and more than
    `deletes_percent` of those that are linked, writes nothing of that concept. One that would
    create more records in an entity that has some than `creates`, and more than
    `creates_percent` of them, writes nothing there.
    """

    deletes: int = Field(default=10, ge=0)
    deletes_percent: float = Field(default=5.0, ge=0, le=100)
    creates: int = Field(default=100, ge=0)
    creates_percent: float = Field(default=20.0, ge=0)


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
        sync: how hard to work.
        brakes: how much a run may do before it asks a person.
        store: where links and history are kept; the file name is absolute.
        vault: where tokens are kept that systems renew; the file name is absolute.
        mapping: `system.Entity` → wire path → property, False, or a table of the pair's own.
    """

    path: Path | None
    systems: Mapping[str, SystemConfig]
    conflicts: Conflicts = Conflicts()
    sync: Sync = Sync()
    brakes: Brakes = Brakes()
    store: Store
    vault: Vault = Vault()
    mapping: Mapping[str, Mapping[str, Any]] = {}
