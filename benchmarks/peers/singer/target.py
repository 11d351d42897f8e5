"""The page server as a target of the Singer SDK: `tap.py … | target.py --config FILE`.

https://sdk.meltano.com/en/latest/classes/singer_sdk.RecordSink.html
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import httpx
from singer_sdk import RecordSink, Target
from singer_sdk import typing as th

FRAME = {"id", "etag", "created_at", "updated_at"}


class Customers(RecordSink):
    """Creates each record."""

    @cached_property
    def client(self) -> httpx.Client:
        """The connections."""
        return httpx.Client(verify=False)  # noqa: S501 - plain HTTP on loopback

    def process_record(self, record: dict[str, Any], context: dict[str, Any]) -> None:  # noqa: ARG002
        """Create one record."""
        content = {k: v for k, v in record.items() if k not in FRAME and not k.startswith("_sdc")}
        self.client.post(f"{self.config['url']}/Customer", json=content).raise_for_status()


class TargetPages(Target):
    """The target."""

    name = "target-pages"
    default_sink_class = Customers
    config_jsonschema = th.PropertiesList(th.Property("url", th.StringType)).to_dict()


if __name__ == "__main__":
    TargetPages.cli()
