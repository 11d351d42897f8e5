"""Signing in to MemberCare: tokens for a key, and the one category of new companies."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from talk_membercare.api import MemberCare
from talk_membercare.pages import Lists
from talk_membercare.settings import MemberCareSettings
from talk_sdk.errors import ConfigError, DeniedError, MissingError, RejectedError, UnavailableError
from talk_sdk.http import Http
from talk_sdk.operations import Account, Session
from talk_sdk.rest import object_in

__all__ = ["Token", "open_membercare"]

_EARLY = timedelta(minutes=1)


class Token:
    """A token that is had for a key, and had again before it dies or when it is refused.

    Shared by all threads. The key goes in a body, never in an address.
    """

    def __init__(self, http: Http, settings: MemberCareSettings) -> None:
        """Nothing is asked for yet."""
        self._client = http.client(settings.base_url)
        self._settings = settings
        self._lock = threading.Lock()
        self._value = ""
        self._until: datetime | None = None

    def headers(self) -> dict[str, str]:
        """The header of its own in which the token stands.

        Raises:
            DeniedError: the key or the person is not accepted.
        """
        with self._lock:
            now = self._client.http.clock.now()
            if not self._value or (self._until is not None and now >= self._until):
                self._fetch(now)
            return {"token": self._value}

    def renew(self, refused: dict[str, str]) -> bool:
        """Get another token, unless another thread just has."""
        with self._lock:
            if refused.get("token") == self._value:
                self._fetch(self._client.http.clock.now())
            return True

    def _fetch(self, now: datetime) -> None:
        settings, system = self._settings, self._client.http.system
        sent = {
            "clientApiKey": settings.client_api_key.get_secret_value(),
            "personToImpersonate": settings.person,
        }
        try:
            answer = object_in(self._client.send("POST", "/token", json=sent, effect="auth"))
        except (RejectedError, MissingError) as error:
            raise DeniedError(
                f"{error.message} Check client_api_key and person of {system} in talk.toml."
            ) from None
        if not answer.get("value"):
            raise UnavailableError(f"{system}: the API gives a token without a value.")
        self._value = str(answer["value"])
        self._until = self._expiry(answer.get("expiration"), now)

    def _expiry(self, told: object, now: datetime) -> datetime | None:
        """From when on the token is not used any more; None if that cannot be told.

        The time has no zone. It is local or UTC: the earlier one that lies ahead is believed, and
        a token that dies before all the same is refused, which is an answer too.
        """
        try:
            text = datetime.fromisoformat(str(told))
        except ValueError:
            return None
        zones = (ZoneInfo(self._settings.time_zone), UTC)
        moments = [text] if text.tzinfo else [text.replace(tzinfo=zone) for zone in zones]
        ahead = [moment - _EARLY for moment in moments if moment - _EARLY > now]
        return min(ahead, default=None)


def open_membercare(settings: MemberCareSettings, http: Http) -> Session:
    """Sign in, and find the category that new companies get.

    The API does not tell whose account it is: its address does.

    Raises:
        RemoteError: MemberCare does not answer, or does not accept the key.
        ConfigError: the category is none, or one of several has to be named.
    """
    client = http.client(settings.base_url, auth=Token(http, settings))
    category = _category(http.system, Lists(client), settings.company_category)
    place = urlsplit(settings.base_url)
    account = Account(f"{place.netloc}{place.path}".rstrip("/"), place.hostname or "")
    return Session(account, MemberCare(client, settings, category))


def _category(system: str, lists: Lists, wanted: int | None) -> int:
    pages = lists.pages("/companies/companyCategories", {}, "id")
    valid = {int(row["id"]): row.get("description") for page in pages for row in page
             if row.get("valid") is not False}  # fmt: skip
    if wanted in valid:
        return int(wanted or 0)
    if wanted is None and len(valid) == 1:
        return next(iter(valid))
    names = ", ".join(f"{name}: company_category = {id_}" for id_, name in valid.items())
    if wanted is not None:
        problem = f"there is no valid category {wanted}"
    else:
        problem = "there are several categories of companies" if valid else "there is no category"
    raise ConfigError(
        f"[systems.{system}] company_category: {problem}; write one of these: {names}."
    )
