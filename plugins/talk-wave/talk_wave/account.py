"""Signing in to Wave, and making sure that the business is the one that is meant."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from typing import Any

from talk_sdk.errors import ConfigError, DeniedError, RemoteError, UnfitError
from talk_sdk.http import Auth, Bearer, Http, OAuth2, OAuthApp, Vault
from talk_sdk.operations import Account, Raw, Session
from talk_sdk.rest import GraphQL
from talk_wave import documents
from talk_wave.api import Wave, meaning
from talk_wave.listing import listed
from talk_wave.settings import WaveSettings

__all__ = ["oauth_app", "open_wave"]

SCOPES = (
    "account:read", "business:read", "customer:read", "customer:write", "invoice:read",
    "invoice:write", "offline_access", "product:read", "product:write", "sales_tax:read",
    "user:read",
)  # fmt: skip
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_WORDS = {"Customer": "customer", "Product": "product", "Invoice": "invoice"}


def oauth_app(settings: WaveSettings) -> OAuthApp | None:
    """Who we are to Wave's sign-in; None with a full access token, which needs none."""
    if settings.client_id is None or settings.client_secret is None:
        return None
    return OAuthApp(
        f"{settings.oauth_url}/authorize/", f"{settings.oauth_url}/token/",
        settings.client_id, settings.client_secret, SCOPES,
    )  # fmt: skip


def open_wave(settings: WaveSettings, http: Http, vault: Vault) -> Session:
    """Sign in, and look at the business and at what the settings name in it.

    Raises:
        RemoteError: Wave does not answer, or does not accept the token.
        ConfigError: it is another business, one that is not synchronised, or it lacks what the
            settings name; says what to write.
    """
    app = oauth_app(settings)
    if app is not None:
        auth: Auth = OAuth2(http, app, vault)
    elif settings.access_token is not None:
        auth = Bearer(settings.access_token)
    else:
        raise ConfigError(f"[systems.{http.system}] needs an access_token or a client_id.")
    gql = GraphQL(http, settings.base_url, auth, meaning)
    business = _business(gql, settings)
    granted = {} if app is None else vault.read()
    _check_business(http.system, settings, business, granted.get("businessId"))
    account = Account(str(business["id"]), str(business.get("name") or ""))
    try:
        income = _income_account(http.system, settings, business)
        _check_products(gql, settings, business)
    except ConfigError as error:
        raise UnfitError(error.message, (account.id, account.name)) from None
    return Session(account, Wave(gql, account.id, income, settings), _rights(granted))


def _check_products(gql: GraphQL, settings: WaveSettings, business: Raw) -> None:
    for name, alias in (("line_product", "line"), ("shipping_product", "shipping")):
        wanted = getattr(settings, name)
        if wanted is not None and business.get(alias) is None:
            system = gql.http.system
            raise ConfigError(_unknown_product(gql, system, business["id"], name, wanted))


def _business(gql: GraphQL, settings: WaveSettings) -> Raw:
    variables = {
        "business": _global_id(settings.business_id),
        "account": settings.income_account or "",
        "line": settings.line_product or "",
        "shipping": settings.shipping_product or "",
        "hasAccount": settings.income_account is not None,
        "hasLine": settings.line_product is not None,
        "hasShipping": settings.shipping_product is not None,
    }
    found: Raw | None = gql.execute(documents.OPEN, variables, absent={"NOT_FOUND"})["business"]
    if found is None:
        what = f"business {settings.business_id!r}" if settings.business_id else "a business"
        raise ConfigError(
            f"[systems.{gql.http.system}] business_id: the token gives no access to {what}."
        )
    return found


def _global_id(value: str | None) -> str | None:
    """The business's id; a bare UUID, as it stands in the addresses of Wave's pages, will do."""
    if value is None or not _UUID.fullmatch(value):
        return value
    return base64.b64encode(f"Business:{value.lower()}".encode()).decode()


def _check_business(system: str, settings: WaveSettings, found: Raw, granted: str | None) -> None:
    place = f"[systems.{system}] business_id"
    name = f"{found.get('name')!r} ({found['id']})"
    if settings.business_id is not None and found["id"] != _global_id(settings.business_id):
        raise ConfigError(f"{place}: Wave answers for {name} instead.")
    if granted is not None and _global_id(granted) != found["id"]:
        raise ConfigError(
            f"{place}: the sign-in was for another business than {name}: type"
            f" `talk login {system}` and choose that one."
        )
    if found.get("isPersonal"):
        raise ConfigError(f"{place}: {name} is a personal account, name a business.")
    if found.get("isClassicInvoicing"):
        raise ConfigError(
            f"{place}: {name} still uses Wave's old invoicing, which the API cannot reach."
        )


def _income_account(system: str, settings: WaveSettings, business: Raw) -> str | None:
    """Where sales of new products are booked; the only account of its kind, if none is named."""
    place = f"[systems.{system}] income_account"
    if settings.income_account is not None:
        found = business.get("account")
        if found is None or found.get("isArchived"):
            raise ConfigError(
                f"{place}: the business has no account {settings.income_account!r}; leave the"
                " setting out to see those that it has."
            )
        return str(found["id"])
    nodes = [edge["node"] for edge in (business.get("accounts") or {}).get("edges") or ()]
    if len(nodes) == 1:
        return str(nodes[0]["id"])
    if not nodes:
        raise ConfigError(f"{place}: the business has no income account, add one in Wave.")
    several = "; ".join(f'{node["name"]}: income_account = "{node["id"]}"' for node in nodes)
    raise ConfigError(f"{place}: the business has several, write one of these: {several}.")


def _unknown_product(gql: GraphQL, system: str, business: str, name: str, wanted: str) -> str:
    """What to write instead: people know products by their names."""
    text = f"[systems.{system}] {name}: the business has no product {wanted!r}"
    try:
        for node in _product_names(gql, business):
            if str(node["name"]).casefold() == wanted.casefold():
                return f'{text}; of that name it has one, write {name} = "{node["id"]}".'
    except DeniedError:
        raise
    except RemoteError:
        pass
    return f"{text}, neither by id nor by name."


def _product_names(gql: GraphQL, business: str) -> Iterator[dict[str, Any]]:
    page, more = 1, True
    while more:
        variables = {"business": business, "page": page, "size": 200}
        found = gql.execute(documents.PRODUCT_NAMES, variables)["business"]["products"]
        records, more, _ = listed(found)
        yield from records
        page += 1


def _rights(granted: Any) -> dict[str, str]:
    """What the sign-in allows, for `talk check`; nothing is known of a full access token."""
    scopes = [scope.partition(":") for scope in str(granted.get("scope") or "").split()]
    found = {
        entity: " and ".join(r for r in ("read", "write") if (word, ":", r) in scopes
                             or (word, ":", "*") in scopes)
        for entity, word in _WORDS.items()
    }  # fmt: skip
    return {entity: rights for entity, rights in found.items() if rights}
