"""Lenses for days where the system has moments."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from talk_sdk.lenses.lens import Lens

__all__ = ["day"]


def day(zone: str, said: Callable[[datetime], str] = datetime.isoformat) -> Lens:
    """The day on which a moment lies in a time zone; written as its first second there.

    A moment without a zone is read as UTC. `said` is how the API wants the (aware) moment written.
    """
    there = ZoneInfo(zone)

    def get(wire: Any) -> date:
        moment = datetime.fromisoformat(str(wire))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(there).date()

    return Lens(f"day({zone})", get, lambda value: said(datetime.combine(value, time(), there)))
