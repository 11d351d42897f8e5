"""What a look at a record does to its link: how old it is, what of it is new. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from talk_sdk._engine.looks import Look
from talk_sdk._engine.merge import let_go
from talk_sdk._store.rows import LinkRow
from talk_sdk.connector import Entity
from talk_sdk.operations import Scalar

__all__ = ["Age", "age_of", "handed_on", "mark", "put_back", "see"]

Age = Literal["older", "current", "doubtful", "restored"]


def age_of(entity: Entity, link: LinkRow, look: Look, read_at: float, *, proven: bool) -> Age:
    """Whether a row may be older than what is known (rule C1); `proven` ones were looked up by id.

    A row whose record is proven gone comes from a list that lags, or is there again. A record that
    is older even though nothing lags any more was put back, as from a backup.
    """
    granularity = entity.modified.granularity if entity.modified else timedelta(0)
    reach = (granularity + entity.lag).total_seconds()
    late = bool(entity.lag) and link.seen >= read_at - reach
    if link.state != "dead":
        age = _by_itself(entity, link, look)
        if age == "older" and not late:
            return "restored" if proven else "doubtful"
        if age is not None:
            return age
    return "doubtful" if late and not proven else "current"


def handed_on(entity: Entity, link: LinkRow, look: Look) -> bool:
    """Whether a record that was not seen to be gone has given its id to one that is newer."""
    if link.golden is None or link.state == "dead" or entity.derived_from:
        return False
    if look.created is None or link.created is None or entity.created is None:
        return False
    return look.created - link.created > entity.created.granularity.total_seconds()


def _by_itself(entity: Entity, link: LinkRow, look: Look) -> Literal["older", "current"] | None:
    """What versions or modified times tell; None if they tell nothing."""
    if entity.version_ordered and link.version is not None and look.version is not None:
        return "older" if int(look.version) < int(link.version) else "current"
    if look.modified and link.mod_lo is not None and link.mod_hi is not None:
        if look.modified[1] <= link.mod_lo:
            return "older"
        if look.modified[0] >= link.mod_hi:
            return "current"
    return None


def put_back(link: LinkRow, look: Look, read_at: float) -> None:
    """Take in a record that was put back: nobody has typed what it says, so it is no edit.

    What the golden record says stands, and is written there once more. An edit that nobody had
    merged yet, as of a record at rest, is gone where it was made (rule C3).
    """
    link.pending = {n: v for n, v in link.pending.items() if n not in look.properties}
    let_go(link)
    for name, value in look.properties.items():
        if name in link.shadow and link.shadow[name] != value:
            link.shadow[name] = value
            link.behind.setdefault(name, 0)
    if look.children is not None:
        link.children, link.edit_lo, link.edit_hi = look.children, None, read_at
        if look.modified:
            link.edit_hi = look.modified[1]
    mark(link, look, read_at)


def see(link: LinkRow, look: Look, entity: Entity, read_at: float, since: float | None) -> bool:
    """Take what was read into a link: pending is recomputed, never accumulated (rule C3).

    `since` is when the stream was last known to show this row unchanged. True if an edit was
    taken back that a person was asked about.
    """
    before, link.pending = link.pending, _differing(link, look.properties)
    freed = let_go(link)
    earliest = max((t for t in (link.seen, since) if t), default=None)
    if link.pending or look.children is not None:
        if not before or link.edit_lo is None:
            lag = entity.lag.total_seconds()
            link.edit_lo = None if earliest is None else earliest - lag
        link.edit_hi = look.modified[1] if look.modified else read_at
    if look.children is not None:
        link.children = look.children
    mark(link, look, read_at)
    return bool(freed)


def _differing(link: LinkRow, said: dict[str, Scalar]) -> dict[str, Scalar]:
    """What a record says that neither the shadow nor a doubted write accounts for."""
    if not link.shadow and not link.found:
        return dict(said)
    return {
        name: value
        for name, value in said.items()
        if not (name in link.found and link.found[name] == value)
        and (name not in link.shadow or link.shadow[name] != value)
    }


def mark(link: LinkRow, look: Look, read_at: float) -> None:
    """Remember how the record looked, without judging its values."""
    link.fingerprint = look.fingerprint
    link.version = look.version
    if look.modified:
        link.mod_lo, link.mod_hi = look.modified
    link.created = link.created if look.created is None else look.created
    link.barred = look.barred
    link.seen = read_at
