"""The page server as a tap of the Singer SDK: `tap.py --config FILE`.

https://sdk.meltano.com/en/latest/classes/singer_sdk.RESTStream.html
"""

from __future__ import annotations

from typing import Any

from singer_sdk import RESTStream, Tap
from singer_sdk import typing as th

FIELDS = """
    id etag created_at updated_at name account_number vat_no email first_name last_name phone mobile
    fax website note language currency address1 address2 zip city country delivery_name
    delivery_instructions
"""


class Customers(RESTStream):
    """All customers of a system."""

    name = "customers"
    path = "/Customer"
    primary_keys = ("id",)
    records_jsonpath = "$.data[*]"
    next_page_token_jsonpath = "$.next_cursor"  # noqa: S105 - a path
    schema = th.PropertiesList(
        *(th.Property(name, th.StringType) for name in FIELDS.split()),
        th.Property("is_company", th.BooleanType),
        th.Property("active", th.BooleanType),
    ).to_dict()

    @property
    def url_base(self) -> str:
        """The system's address."""
        return str(self.config["url"])

    def get_url_params(self, context: Any, next_page_token: Any) -> dict[str, Any]:  # noqa: ARG002
        """The query of a page."""
        page = {} if next_page_token is None else {"cursor": next_page_token}
        return {"limit": 200, **page}


class TapPages(Tap):
    """The tap."""

    name = "tap-pages"
    config_jsonschema = th.PropertiesList(th.Property("url", th.StringType)).to_dict()

    def discover_streams(self) -> list[Customers]:
        """Its only stream."""
        return [Customers(self)]


if __name__ == "__main__":
    TapPages.cli()
