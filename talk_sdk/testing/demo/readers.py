"""How the demo's judge reads each system: over plain HTTP, as anybody could."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx

from talk_sdk.testing.demo.books import COLLECTIONS_OF_BOOKS, books_pages, books_sights
from talk_sdk.testing.demo.sights import (
    COLLECTIONS,
    Row,
    Sight,
    Sights,
    erp_pages,
    erp_sights,
    shop_pages,
    shop_sights,
)

__all__ = ["NAMED", "READERS", "look"]

Settings = Mapping[str, Any]
Pages = Callable[[httpx.Client, str, Settings], Iterator[Row]]
Understand = Callable[[Mapping[str, list[Row]], Settings], Mapping[str, list[Sight]]]

READERS: Mapping[str, tuple[str, Pages, Understand]] = {
    "customwebshop": ("/api", shop_pages, shop_sights),
    "customerp": ("/erp/v1", erp_pages, erp_sights),
    "wave": ("/graphql/public", books_pages, books_sights),
}
"""Connector → base path, how its pages are read, how its records are understood."""

NAMED: Mapping[str, Mapping[str, str]] = {"wave": COLLECTIONS_OF_BOOKS}
"""Connector → what it calls a collection otherwise."""


def look(connector: str, base_url: str, settings: Settings) -> Sights:
    """Read everything that a system holds."""
    path, pages, understand = READERS[connector]
    headers, auth = {}, None
    token = settings.get("token") or settings.get("access_token")
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    else:
        auth = (str(settings["username"]), str(settings["password"]))
    with httpx.Client(
        base_url=base_url + path,
        headers=headers,
        auth=auth,
        trust_env=False,
        verify=False,  # noqa: S501 - loopback without TLS
    ) as http:
        return understand({c: list(pages(http, c, settings)) for c in COLLECTIONS}, settings)
