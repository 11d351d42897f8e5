"""What one webshop needs to be told in talk.toml, and the connector itself."""

from __future__ import annotations

from pydantic import Field, SecretStr

from talk_sdk.connector import Connector
from talk_sdk.models import CountryCode, Settings, WebAddress

__all__ = ["CONNECTOR", "WebshopSettings"]


class WebshopSettings(Settings):
    """One webshop."""

    base_url: WebAddress = Field(description="Address of the API, like https://shop.example/api")
    token: SecretStr = Field(description="API token")
    region: CountryCode = Field(
        "NO",
        description="Country of phone numbers without a prefix, where the record names none",
    )
    idempotency_keys: bool = Field(
        True, description="The API remembers Idempotency-Key for a day, so repeats are safe"
    )
    reread_h: float = Field(
        24.0, gt=0, description="Hours after which everything is read: deletions do not show"
    )
    overlap_s: float = Field(
        5.0, ge=0, description="Seconds that a read goes back before where the last one ended"
    )
    lag_s: float = Field(
        0.0, ge=0, description="Seconds that a list may be behind what was just written"
    )


CONNECTOR = Connector("customwebshop", "Custom webshop", WebshopSettings)
