"""What one business in Wave needs to be told in talk.toml, and the connector itself."""

from __future__ import annotations

from typing import Self

from pydantic import Field, SecretStr, model_validator

from talk_sdk.connector import Connector
from talk_sdk.models import CountryCode, Settings, WebAddress

__all__ = ["CONNECTOR", "WaveSettings"]


class WaveSettings(Settings):
    """One business in Wave, reached with a full access token or as an OAuth application."""

    business_id: str | None = Field(
        None,
        description="The business's id; not needed where the sign-in is for one business only",
        json_schema_extra={"ask": True},
    )
    access_token: SecretStr | None = Field(
        None,
        description="A full access token; or sign in with client_id and `talk login`",
        json_schema_extra={"ask": True},
    )
    client_id: str | None = Field(None, description="The OAuth application's client id")
    client_secret: SecretStr | None = Field(
        None, description="The OAuth application's client secret"
    )
    income_account: str | None = Field(
        None, description="Id of the account that sales of new products are booked on"
    )
    line_product: str | None = Field(
        None, description="Id of the product for order lines without one; without it they wait"
    )
    shipping_product: str | None = Field(
        None, description="Id of the product that stands for shipping; without it it waits"
    )
    region: CountryCode = Field(
        "NO",
        description="Country of phone numbers without a prefix, where the record names none",
    )
    reread_h: float = Field(
        24.0,
        gt=0,
        description="Hours after which everything is read: payments and deletions do not show",
    )
    overlap_s: float = Field(
        60.0, ge=0, description="Seconds that a read goes back before where the last one ended"
    )
    lag_s: float = Field(
        0.0, ge=0, description="Seconds that a list may be behind what was just written"
    )
    base_url: WebAddress = Field(
        "https://gql.waveapps.com/graphql/public",
        description="Address of the API",
    )
    oauth_url: WebAddress = Field(
        "https://api.waveapps.com/oauth2", description="Address of the sign-in"
    )

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        app = self.client_id is not None and self.client_secret is not None
        if (self.access_token is None) == (not app):
            raise ValueError("needs either access_token, or client_id and client_secret")
        return self


CONNECTOR = Connector("wave", "Wave Accounting", WaveSettings, workers=2)
