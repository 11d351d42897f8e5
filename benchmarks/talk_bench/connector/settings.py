"""What a system of the page server needs to be told in talk.toml, and the connector itself."""

from __future__ import annotations

from pydantic import Field

from talk_bench.sizes import WORKERS
from talk_sdk.connector import Connector
from talk_sdk.models import Settings, WebAddress

__all__ = ["CONNECTOR", "BenchSettings"]


class BenchSettings(Settings):
    """One system of the page server."""

    base_url: WebAddress = Field(description="Address of the system, like http://127.0.0.1:80/a")
    incremental: bool = Field(
        True, description="Whether `updated_since` is used; otherwise every read is a full one"
    )
    overlap_s: float = Field(
        5.0, ge=0, description="Seconds that a read goes back before where the last one ended"
    )


CONNECTOR = Connector("bench", "Page server", BenchSettings, workers=WORKERS)
