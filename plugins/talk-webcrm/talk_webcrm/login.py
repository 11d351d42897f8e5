"""Signing in with an application token, in whichever way the system takes it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from talk_sdk.errors import DeniedError, RejectedError, UnavailableError
from talk_sdk.http import Http
from talk_sdk.operations import Account, Raw, Session
from talk_sdk.rest import object_in
from talk_webcrm.api import WebCrm
from talk_webcrm.catalogue import Catalogue
from talk_webcrm.settings import CrmSettings

__all__ = ["AppToken", "open_crm"]

_BOUNDARY = "talk-sdk-form"


class AppToken:
    """Access tokens that live an hour, from an application token that does not expire.

    Shared by all threads. A 401 is no proof that a token is dead (webCRM answers one now and then
    when it is busy), and a new login costs one request: so every 401 is one.
    """

    def __init__(self, http: Http, settings: CrmSettings) -> None:
        """Nothing is asked yet."""
        self._client = http.client(settings.base_url)
        self._system = http.system
        self._settings = settings
        self._token = ""
        self._lock = threading.Lock()
        self.account = Account("")

    def headers(self) -> dict[str, str]:
        """The Authorization header.

        Raises:
            DeniedError: the application token is not accepted.
        """
        with self._lock:
            if not self._token:
                self._login()
            return {"Authorization": f"Bearer {self._token}"}

    def renew(self, refused: dict[str, str]) -> bool:
        """Log in again, unless another thread has."""
        with self._lock:
            if refused.get("Authorization") == f"Bearer {self._token}":
                self._login()
            return True

    def _login(self) -> None:
        try:
            answer = self._client.send("POST", "/Auth/ApiLogin", effect="auth", **self._sent())
        except (DeniedError, RejectedError) as error:
            raise DeniedError(self._refusal(error.message)) from None
        told = object_in(answer)
        if told.get("IsError") or not told.get("AccessToken"):
            said = told.get("ErrorDescription") or told.get("Error") or "without a reason"
            raise DeniedError(self._refusal(str(said)))
        self._token = str(told["AccessToken"])
        self.account = _account(told)

    def _sent(self) -> dict[str, Any]:
        code = self._settings.auth_code.get_secret_value()
        forms: dict[str, Callable[[], dict[str, Any]]] = {
            "form": lambda: {"form": urlencode({"authCode": code})},
            "multipart": lambda: _multipart("authCode", code),
            "json": lambda: {"json": {"authCode": code}},
            "header": lambda: {"headers": {"authCode": code}},
        }
        return forms[self._settings.login]()

    def _refusal(self, said: str) -> str:
        return (
            f"{self._system}: webCRM does not accept the application token: {said.rstrip('.')}."
            f" Check auth_code of {self._system} in talk.toml."
        )


def _multipart(name: str, value: str) -> dict[str, Any]:
    part = f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'
    return {
        "form": f"--{_BOUNDARY}\r\n{part}\r\n--{_BOUNDARY}--\r\n",
        "headers": {"Content-Type": f"multipart/form-data; boundary={_BOUNDARY}"},
    }


def _account(told: Raw) -> Account:
    system = str(told.get("SystemId") or "")
    return Account(system, f"webCRM system {system}")


def open_crm(settings: CrmSettings, http: Http) -> Session:
    """Log in, learn whose system it is and how its products are set up.

    Raises:
        RemoteError: webCRM does not answer, or does not accept the token.
        ConfigError: the settings name a Data field that is not in use.
    """
    auth = AppToken(http, settings)
    client = http.client(settings.base_url, auth=auth)
    auth.headers()
    if not auth.account.id:
        raise UnavailableError(f"{http.system}: webCRM does not tell whose system it is.")
    catalogue = Catalogue(client, settings)
    catalogue.open(settings)
    return Session(auth.account, WebCrm(client, settings, catalogue))
