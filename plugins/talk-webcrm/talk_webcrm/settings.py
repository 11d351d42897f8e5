"""What one webCRM system needs to be told in talk.toml, and the connector itself."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from talk_sdk.connector import Connector
from talk_sdk.models import CountryCode, Settings, TimeZone, WebAddress

__all__ = ["CONNECTOR", "CrmSettings"]

Status = Literal["draft", "open", "closed", "cancelled"]


class CrmSettings(Settings):
    """One webCRM system, reached with an application token."""

    auth_code: SecretStr = Field(
        description="The application token, made under Configuration > Integration > API"
    )
    login: Literal["form", "multipart", "json", "header"] = Field(
        "form", description="How the application token is sent to log in"
    )
    marker: int = Field(
        15,
        ge=1,
        le=15,
        description="Number of the custom field (Custom1-15) that is ours on organisations,"
        " persons and opportunities: our key stands there",
    )
    products: Literal["catalogue", "registered"] = Field(
        "catalogue",
        description="Where products are: in the catalogue of quotation lines, or registered on"
        " product_organisation",
    )
    item_number: int = Field(
        4, ge=1, le=9, description="Number of the Data field that has the item's number"
    )
    item_name: int = Field(
        1, ge=1, le=9, description="Number of the Data field that has the item's name"
    )
    item_unit: int | None = Field(
        None,
        ge=1,
        le=9,
        description="Number of the Data field that has the item's unit, if one has",
    )
    product_organisation: int | None = Field(
        None, description="Id of the organisation on which products are registered"
    )
    product_number: int = Field(
        1,
        ge=1,
        le=15,
        description="Number of the custom field that has a registered product's number",
    )
    product_name: int = Field(
        2,
        ge=1,
        le=15,
        description="Number of the custom field that has a registered product's name",
    )
    vat_codes: Mapping[str, Decimal] = Field(
        {}, description="VAT code of a product = its percentage, where the code is not the number"
    )
    levels: Mapping[str, Status] = Field(
        {},
        description="Level of an opportunity = draft, open, closed or cancelled; without it the"
        " status of orders is not synchronised",
    )
    currencies: Mapping[str, str] = Field(
        {}, description="Name or symbol of a currency here = its ISO code, where it is not the code"
    )
    active_status: str | None = Field(
        None, description="OrganisationStatus of a customer that is made active again"
    )
    archived_status: str | None = Field(
        None, description="OrganisationStatus that stands for archived; without it none is archived"
    )
    time_zone: TimeZone = Field(
        "Europe/Copenhagen", description="The company's time zone: the day of an order is its day"
    )
    language: str = Field("nb", description="The company's language: countries are named in it")
    region: CountryCode = Field(
        "NO",
        description="Country of phone numbers without a prefix, where the record names none",
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
    base_url: WebAddress = Field("https://api.webcrm.com", description="Address of the API")

    @field_validator("language")
    @classmethod
    def _known_language(cls, value: str) -> str:
        from babel import Locale, UnknownLocaleError

        try:
            Locale.parse(value, sep="-")
        except (UnknownLocaleError, ValueError):
            raise ValueError(f"{value!r} is no language, write one like nb or en") from None
        return value

    @field_validator("levels")
    @classmethod
    def _numbered_levels(cls, value: Mapping[str, Status]) -> Mapping[str, Status]:
        if not all(level.isdecimal() for level in value):
            raise ValueError('levels are numbers in quotes, write levels = { "1" = "draft" }')
        return value

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.products == "registered" and self.product_organisation is None:
            raise ValueError("registered products need product_organisation")
        if len({self.item_number, self.item_name, self.item_unit}) < 3:  # noqa: PLR2004
            raise ValueError("item_number, item_name and item_unit must be different Data fields")
        if self.archived_status is not None and self.archived_status == self.active_status:
            raise ValueError("active_status and archived_status must differ")
        return self


CONNECTOR = Connector("webcrm", "webCRM", CrmSettings, workers=1)
"""Parallel calls are answered with closed connections and stray 401: one request at a time."""
