"""The base of every wire model and of every connector's settings, and what settings often are."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

__all__ = ["CountryCode", "Settings", "TimeZone", "WebAddress", "WireModel"]


class WireModel(BaseModel):
    """A record as a system's API has it: the API's field names, unknown fields kept.

    Unknown fields are kept so that an update of the whole record never erases what the
    connector does not model. A record that does not validate becomes a dead letter.
    """

    model_config = ConfigDict(extra="allow", frozen=True, arbitrary_types_allowed=True)


class Settings(BaseModel):
    """What a connector needs to know of one account: the keys of its `[systems.NAME]` table.

    Give each field a `description` and, where there is a sensible one, a default: `talk init`
    writes them as comments. Secrets are `pydantic.SecretStr`. Unknown keys are refused.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)


def _known_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{value!r} is no time zone, write one like Europe/Oslo") from None
    return value


CountryCode = Annotated[str, StringConstraints(pattern="^[A-Z]{2}$")]
"""A setting that is a country of ISO 3166-1 alpha-2, like NO."""
TimeZone = Annotated[str, AfterValidator(_known_zone)]
"""A setting that is a time zone, like Europe/Oslo."""
WebAddress = Annotated[
    str, StringConstraints(pattern=r"^https?://([^\s/:@\[\]]+|\[[\da-fA-F:.]+\])(:\d+)?(/\S*)?$")
]
"""A setting that is the address of an API, without user and password."""
