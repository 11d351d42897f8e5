"""From where an incremental read starts: before its cursor, and sure to miss nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from talk_sdk.operations import Raw

__all__ = ["moment_in", "since_local", "since_utc"]


def moment_in(record: Raw, field: str) -> datetime | None:
    """A time of a record, in UTC if it has a zone, else local as it stands; without zone.

    None if there is none that can be read: that is the record's own fault, and no reason for
    the others not to be read.
    """
    try:
        moment = datetime.fromisoformat(str(record.get(field)))
    except ValueError:
        return None
    return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)


def since_utc(cursor: str, overlap: timedelta) -> str:
    """The cursor less the overlap, for an API that takes times in UTC.

    >>> since_utc("2026-11-01T10:00:00Z", timedelta(seconds=5))
    '2026-11-01T09:59:55Z'

    Raises:
        ValueError: the cursor is no time.
    """
    moment = datetime.fromisoformat(cursor)
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    start = (aware - overlap).astimezone(UTC).replace(tzinfo=None)
    return start.isoformat() + "Z"


def since_local(cursor: str, overlap: timedelta, zone: str) -> str:
    """The same for an API that takes local times without zone.

    In the night that summer time ends an hour happens twice, and a server may mean either by
    such a time, or compare texts. So a start never lies in that hour, but before it. A start
    in the hour that a night in spring lacks would be read as an hour later: the overlap is
    subtracted from the moment, not from the text.

    >>> since_local("2026-11-01T11:00:00", timedelta(seconds=5), "Europe/Oslo")
    '2026-11-01T10:59:55'
    >>> since_local("2026-10-25T02:50:00", timedelta(seconds=5), "Europe/Oslo")
    '2026-10-25T01:49:55'
    >>> since_local("2027-03-28T03:00:02", timedelta(seconds=5), "Europe/Oslo")
    '2027-03-28T01:59:57'

    Raises:
        ValueError: the cursor is no local time.
    """
    local, there = datetime.fromisoformat(cursor), ZoneInfo(zone)
    if local.tzinfo is not None:
        raise ValueError(f"{cursor!r} is no local time: it has a zone")
    moment = min(local.replace(tzinfo=there, fold=fold).astimezone(UTC) for fold in (0, 1))
    moment -= overlap
    while _twice(start := moment.astimezone(there)):
        moment -= timedelta(hours=1)
    return start.replace(tzinfo=None).isoformat()


def _twice(local: datetime) -> bool:
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
