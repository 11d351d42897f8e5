"""What one account in MemberCare needs to be told in talk.toml, and the connector itself."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr

from talk_sdk.connector import Connector
from talk_sdk.models import CountryCode, Settings, TimeZone, WebAddress

__all__ = ["CONNECTOR", "MemberCareSettings"]


class MemberCareSettings(Settings):
    """One account in MemberCare."""

    base_url: WebAddress = Field(
        description="Address of the API, like https://example-rest.membercare.no/api/v1",
    )
    client_api_key: SecretStr = Field(description="The API's key, from MemberCare")
    person: str = Field(description="Account number of the person in whose name changes are made")
    company_category: int | None = Field(
        None, description="Id of the category of new companies; not needed where there is but one"
    )
    foreign_system: str = Field(
        "talk-sdk", description="Name of the foreign system under which records keep our key"
    )
    registration: Literal["norwegianCompanyNumber", "cvr", "se", "vat"] = Field(
        "norwegianCompanyNumber", description="Which registration number organisations are known by"
    )
    order_dimension: Literal["department", "dimension3", "dimension4", "dimension5"] | None = Field(
        None, description="The finance dimension of invoice lines that may hold the order's number"
    )
    line_product: str | None = Field(
        None, description="Product identification for lines without one; without it they wait"
    )
    shipping_product: str | None = Field(
        None, description="Product identification that stands for shipping; without it it waits"
    )
    vat_percent: float | None = Field(
        None, description="VAT of lines that name neither a rate nor a product of MemberCare"
    )
    currency: str = Field(
        "NOK", pattern="^[A-Z]{3}$", description="Currency of all invoices: the API tells none"
    )
    time_zone: TimeZone = Field(
        "Europe/Oslo", description="Zone of the API's times, which have none"
    )
    region: CountryCode = Field(
        "NO",
        description="Country of phone numbers without a prefix, where the record names none",
    )
    reread_h: float = Field(
        24.0,
        gt=0,
        description="Hours after which all members are read: addresses may not show as changes",
    )
    overlap_s: float = Field(
        60.0, ge=1, description="Seconds that a read goes back before where the last one ended"
    )
    lag_s: float = Field(
        0.0, ge=0, description="Seconds that a list may be behind what was just written"
    )


CONNECTOR = Connector("membercare", "MemberCare", MemberCareSettings, workers=2)
