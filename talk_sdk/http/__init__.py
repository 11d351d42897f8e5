"""HTTP for connectors: clients that know reads from writes, retry safely and name faults.

The only place, with `talk_sdk.testing`, that knows httpx and tenacity.
"""

from talk_sdk.http.auth import Auth, Basic, Bearer
from talk_sdk.http.client import Answer, Client, Effect, Http, Transport

__all__ = ["Answer", "Auth", "Basic", "Bearer", "Client", "Effect", "Http", "Transport"]
