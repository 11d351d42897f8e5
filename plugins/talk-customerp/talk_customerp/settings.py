"""What one ERP needs to be told in talk.toml, and the connector itself."""

from __future__ import annotations

from pydantic import Field, SecretStr, field_validator

from talk_sdk.connector import Connector
from talk_sdk.models import CountryCode, Settings, TimeZone, WebAddress

__all__ = ["CONNECTOR", "ErpSettings"]


class ErpSettings(Settings):
    """One company in the ERP."""

    base_url: WebAddress = Field(description="Address of the API, like https://erp.example/erp/v1")
    username: str = Field(description="Name of the API's user")
    password: SecretStr = Field(description="The user's password")
    time_zone: TimeZone = Field(
        "Europe/Oslo", description="The company's time zone: the API's times are local"
    )
    language: str = Field("nb", description="The company's language: the API names countries in it")
    region: CountryCode = Field(
        "NO",
        description="Country of phone numbers without a prefix, where the record names none",
    )
    marker: bool = Field(
        True, description="Records keep externalReference, and can be looked up by it"
    )
    reread_h: float = Field(
        24.0, gt=0, description="Hours after which all orders are read: deletions do not show"
    )
    overlap_s: float = Field(
        5.0, ge=0, description="Seconds that a read goes back before where the last one ended"
    )
    lag_s: float = Field(
        0.0, ge=0, description="Seconds that a list may be behind what was just written"
    )

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
