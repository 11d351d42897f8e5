"""What one ERP needs to be told in talk.toml, and the connector itself."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, field_validator

from talk_sdk.connector import Connector
from talk_sdk.models import Settings

__all__ = ["CONNECTOR", "ErpSettings"]

ADDRESS = r"^https?://([^\s/:@\[\]]+|\[[\da-fA-F:.]+\])(:\d+)?(/\S*)?$"


class ErpSettings(Settings):
    """One company in the ERP."""

    base_url: str = Field(
        pattern=ADDRESS, description="Address of the API, like https://erp.example/erp/v1"
    )
    username: str = Field(description="Name of the API's user")
    password: SecretStr = Field(description="The user's password")
    time_zone: str = Field(
        "Europe/Oslo", description="The company's time zone: the API's times are local"
    )
    language: str = Field("nb", description="The company's language: the API names countries in it")
    region: str = Field(
        "NO",
        pattern="^[A-Z]{2}$",
        description="Country of phone numbers without a prefix, where the record names none",
    )
    marker: bool = Field(
        True, description="Records keep externalReference, and can be looked up by it"
    )
    overlap_s: float = Field(
        5.0, ge=0, description="Seconds that a read goes back before where the last one ended"
    )
    lag_s: float = Field(
        0.0, ge=0, description="Seconds that a list may be behind what was just written"
    )

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"{value!r} is no time zone, write one like Europe/Oslo") from None
        return value

    @field_validator("language")
    @classmethod
    def _known_language(cls, value: str) -> str:
        from babel import Locale, UnknownLocaleError

        try:
            Locale.parse(value, sep="-")
        except (UnknownLocaleError, ValueError):
            raise ValueError(f"{value!r} is no language, write one like nb or en") from None
        return value


CONNECTOR = Connector("customerp", "Custom ERP", ErpSettings)
