"""The page server as a REST API source of dlt."""

from __future__ import annotations

from typing import Any

from dlt.sources.rest_api import rest_api_source

__all__ = ["customers"]


def customers(url: str) -> Any:
    """All customers of a system."""
    return rest_api_source({
        "client": {
            "base_url": f"{url}/",
            "paginator": {
                "type": "cursor", "cursor_path": "next_cursor", "cursor_param": "cursor",
            },
        },
        "resources": [{
            "name": "customers",
            "endpoint": {
                "path": "Customer", "params": {"limit": 200}, "data_selector": "data",
            },
        }],
    })  # fmt: skip
