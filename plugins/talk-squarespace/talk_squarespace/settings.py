"""What one Squarespace site needs to be told in talk.toml, and the connector itself."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import Field, SecretStr

from talk_sdk.connector import Connector
from talk_sdk.models import CountryCode, Settings, TimeZone, WebAddress

__all__ = ["CONNECTOR", "SiteSettings"]

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
    time_zone: TimeZone = Field(
        "UTC", description="The site's time zone: the day of an order is its day there"
    )
    region: CountryCode = Field(
        "US",
        description="Country of phone numbers without a prefix, where the record names none",
    )
    overlap_s: float = Field(
        5.0, ge=0, description="Seconds that a read goes back before where the last one ended"
    )
    lag_s: float = Field(
        0.0, ge=0, description="Seconds that a list may be behind what was just written"
    )
    base_url: WebAddress = Field("https://api.squarespace.com", description="Address of the API")


CONNECTOR = Connector("squarespace", "Squarespace", SiteSettings)
