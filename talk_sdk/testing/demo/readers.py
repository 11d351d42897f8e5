"""How the demo's judge reads each system: over plain HTTP, as anybody could."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from talk_sdk.testing.demo.books import (
    COLLECTIONS_OF_BOOKS,
    books_lacks,
    books_pages,
    books_sights,
)
from talk_sdk.testing.demo.crm import COLLECTIONS_OF_CRM, crm_pages, crm_sights, sign_in_crm
from talk_sdk.testing.demo.judge import Lacks
from talk_sdk.testing.demo.members import (
    COLLECTIONS_OF_MEMBERS,
    members_lacks,
    members_pages,
    members_sights,
    sign_in_members,
)
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
from talk_sdk.testing.demo.site import sign_in_site, site_lacks, site_pages, site_sights

__all__ = ["READERS", "Reader", "look"]

Settings = Mapping[str, Any]
Pages = Callable[[httpx.Client, str, Settings], Iterator[Row]]
Understand = Callable[[Mapping[str, list[Row]], Settings], Mapping[str, list[Sight]]]
SignIn = Callable[[httpx.Client, Settings], None]


def _sign_in(http: httpx.Client, settings: Settings) -> None:
    """With a token that never dies, else with a name and a password."""
    token = settings.get("token") or settings.get("access_token")
    if token is not None:
        http.headers["Authorization"] = f"Bearer {token}"
    else:
        http.auth = httpx.BasicAuth(str(settings["username"]), str(settings["password"]))


def _has_all(_collection: str, _elsewhere: Sequence[Sight]) -> bool:
    return False


@dataclass(frozen=True)
class Reader:
    """How the system of a connector is read.

    Attributes:
        base: its base path.
        pages: reads a collection to its end.
        understand: makes sights of what was read; a collection that is left out, and a value
            that is, the system cannot hold.
        sign_in: what has to be done before the first request.
        named: what it calls a collection otherwise.
        lacks: whether it has no place for a record.
        fixed: collections in which nothing that stands there is ever changed from outside.
    """

    base: str
    pages: Pages
    understand: Understand
    sign_in: SignIn = _sign_in
    named: Mapping[str, str] = field(default_factory=dict)
    lacks: Lacks = _has_all
    fixed: frozenset[str] = frozenset()


READERS: Mapping[str, Reader] = {
    "customwebshop": Reader("/api", shop_pages, shop_sights),
    "customerp": Reader("/erp/v1", erp_pages, erp_sights),
    "wave": Reader(
        "/graphql/public", books_pages, books_sights,
        named=COLLECTIONS_OF_BOOKS, lacks=books_lacks,
    ),
    "webcrm": Reader("", crm_pages, crm_sights, sign_in_crm, COLLECTIONS_OF_CRM),
    "membercare": Reader(
        "/api/v1", members_pages, members_sights, sign_in_members, COLLECTIONS_OF_MEMBERS,
        members_lacks, frozenset({"products", "orders"}),
    ),
    "squarespace": Reader(
        "", site_pages, site_sights, sign_in_site,
        lacks=site_lacks, fixed=frozenset({"orders"}),
    ),
}  # fmt: skip


def look(connector: str, base_url: str, settings: Settings) -> Sights:
    """Read everything that a system holds."""
    reader = READERS[connector]
    with httpx.Client(
        base_url=base_url + reader.base,
        trust_env=False,
        verify=False,  # noqa: S501 - loopback without TLS
    ) as http:
        reader.sign_in(http, settings)
        rows = {c: list(reader.pages(http, c, settings)) for c in COLLECTIONS}
        return reader.understand(rows, settings)
