"""What a connector declares of a product and of each of its entities."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from talk_sdk.models import Settings, WireModel
from talk_sdk.operations import Raw

__all__ = ["Connector", "Entity", "Stamp"]


@dataclass(frozen=True)
class Connector:
    """A product that can be connected.

    Attributes:
        name: as in talk.toml's `connector = "…"`, and the key of its entry point.
        label: for people.
        settings: what one account needs.
        workers: requests in flight at most, per account.
    """

    name: str
    label: str
    settings: type[Settings]
    workers: int = 4


@dataclass(frozen=True)
class Stamp:
    """A time in a record.

    Attributes:
        path: the field (top level).
        granularity: what the system rounds down to.
        zone: of times that are written without one.
    """

    path: str
    granularity: timedelta = timedelta(seconds=1)
    zone: str = "UTC"

    def span(self, raw: Raw) -> tuple[datetime, datetime] | None:
        """The moments between which the record was stamped; None if it does not say.

        An hour that happens twice in the night that summer time ends counts as two.

        Raises:
            ValueError: the text is no time.
        """
        text = raw.get(self.path)
        if not text:
            return None
        moment = datetime.fromisoformat(str(text))
        if moment.tzinfo is not None:
            first = moment.astimezone(UTC)
            return first, first + self.granularity
        zone = UTC if self.zone == "UTC" else ZoneInfo(self.zone)
        first = moment.replace(tzinfo=zone, fold=0).astimezone(UTC)
        last = moment.replace(tzinfo=zone, fold=1).astimezone(UTC)
        return min(first, last), max(first, last) + self.granularity


@dataclass(frozen=True)
class Entity:
    """What an API can do with one record type. Checked by the kit, believed by the engine.

    Attributes:
        model: the wire model; its name is the entity's.
        id: the field with the external id.
        version: the field with the version; two reads with one version are the same record.
        version_ordered: later versions are greater numbers, so an older listing shows itself.
        modified, created: the fields with these times.
        incremental: `talk_read` honours `since`; else each read is a full one.
        lag: how long a listing may lag behind a write; also how far look-ups may.
        create: records can be created.
        update: `patch` sends changed fields, `put` whole records, None cannot.
        delete: records can be deleted.
        adjust: properties (counters) that are written as differences.
        safe_update: a write that carries an old version is refused, so nothing is read before.
        marker: the field in which our key is kept and by which it is found; None if there is none.
        idempotency: how long the API remembers our key of a create (and an adjust).
        unique: mapped properties of which no two records there have the same value, or several
            that are unique together (a number within a customer): where there is no marker, a
            create whose answer was lost is known again by the first of them that was sent.
        whole: wire paths of groups that are written as a whole: what an update leaves alone in
            such a group goes along as fetched right before.
        reread: how often everything is read although the API reads incrementally: for changes
            that do not move the modified time, and for deletions; None if there are no such.
        find: fields by which `talk_find` looks records up, beside the marker.
        deletes: how the API shows deletions: a record that is in no `listing` any more is looked
            up and gone if it is not found, a `feed` names it among a page's tombstones, `none`
            shows nothing.
        batch: how many operations one `talk_write` takes.
        get_batch: how many ids one `talk_get` takes.
        derived_from: the entity whose reads bring these records along; they are read only.
    """

    model: type[WireModel]
    id: str = "id"
    version: str | None = None
    version_ordered: bool = False
    modified: Stamp | None = None
    created: Stamp | None = None
    incremental: bool = False
    lag: timedelta = timedelta(0)
    create: bool = True
    update: Literal["patch", "put"] | None = "patch"
    delete: bool = False
    adjust: frozenset[str] = field(default_factory=frozenset)
    safe_update: bool = False
    marker: str | None = None
    idempotency: timedelta | None = None
    unique: tuple[str | tuple[str, ...], ...] = ()
    whole: frozenset[str] = field(default_factory=frozenset)
    reread: timedelta | None = None
    find: frozenset[str] = field(default_factory=frozenset)
    deletes: Literal["none", "listing", "feed"] = "none"
    batch: int = 1
    get_batch: int = 50
    derived_from: str | None = None

    @property
    def name(self) -> str:
        """The entity's name: its model's."""
        return self.model.__name__
