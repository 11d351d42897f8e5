"""HTTP for connectors: clients that know reads from writes, retry safely and name faults.

The only place, with `talk_sdk.testing`, that knows httpx and tenacity.
"""

from talk_sdk.http.auth import Auth, Basic, Bearer
from talk_sdk.http.client import Answer, Client, Effect, Fault, Http, Transport
from talk_sdk.http.oauth import OAuth2, OAuthApp
from talk_sdk.http.vault import MemoryVault, Vault

__all__ = [
    "Answer",
    "Auth",
    "Basic",
    "Bearer",
    "Client",
    "Effect",
    "Fault",
    "Http",
    "MemoryVault",
    "OAuth2",
    "OAuthApp",
    "Transport",
    "Vault",
]
