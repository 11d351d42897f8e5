"""What one Squarespace site needs to be told in talk.toml, and the connector itself."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, field_validator

from talk_sdk.connector import Connector
from talk_sdk.models import Settings

__all__ = ["CONNECTOR", "SiteSettings"]

ADDRESS = r"^https?://([^\s/:@\[\]]+|\[[\da-fA-F:.]+\])(:\d+)?(/\S*)?$"
Final = Literal["open", "closed"]


class SiteSettings(Settings):
    """One site, reached with an API key of its own."""

    api_key: SecretStr = Field(
        description="The API key, made under Settings > Developer tools > Developer API keys"
    )
    currency: str = Field(
        "USD", pattern="^[A-Z]{3}$", description="The store's currency: orders in another stay out"
    )
    store_page: str | None = Field(
        None, description="Id of the store page for new products, where the site has several"
    )
    products: Literal["1.0", "v2"] = Field(
        "1.0", description="Version of the Products API; v2 has services and barcodes"
    )
    tax_percent: Decimal | None = Field(
        None,
        gt=0,
        description="Percentage of tax that the store's prices include; without it they are net",
    )
    description: Literal["text", "html"] = Field(
        "text", description="What descriptions are in the other systems: plain text or HTML"
    )
    weight_unit: Literal["KILOGRAM", "POUND"] = Field(
        "KILOGRAM", description="The store's unit of weight"
    )
    import_when: tuple[Final, ...] = Field(
        ("closed",),
        min_length=1,
        description="Statuses of an order with which it is final, so that it is imported",
    )
    notify: bool = Field(
        False, description="Squarespace mails the customer when an order is fulfilled from here"
    )
    channel: str = Field(
        "talk", max_length=30, pattern=r"\S", description="Sales channel of imported orders"
    )
    order_prefix: str = Field(
        "SQ-", description="What is put before the numbers of orders that were made on the site"
    )
    time_zone: str = Field(
        "UTC", description="The site's time zone: the day of an order is its day there"
    )
    region: str = Field(
        "US",
        pattern="^[A-Z]{2}$",
        description="Country of phone numbers without a prefix, where the record names none",
    )
    overlap_s: float = Field(
        5.0, ge=0, description="Seconds that a read goes back before where the last one ended"
    )
    lag_s: float = Field(
        0.0, ge=0, description="Seconds that a list may be behind what was just written"
    )
    base_url: str = Field(
        "https://api.squarespace.com", pattern=ADDRESS, description="Address of the API"
    )

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"{value!r} is no time zone, write one like Europe/Oslo") from None
        return value


CONNECTOR = Connector("squarespace", "Squarespace", SiteSettings)
