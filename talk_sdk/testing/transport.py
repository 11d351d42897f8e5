"""A twin inside this process: httpx requests go straight to its application, on any clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from talk_sdk.testing.faults import DELAY_HEADER, TRANSPORT_HEADER

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

    from talk_sdk.clock import Clock

DEFAULT_TIMEOUT_S = 30.0


class WsgiTransport(httpx.BaseTransport):
    """An httpx transport onto a twin's application, which carries out the faults it reports.

    Dropped connections become `httpx.RemoteProtocolError`, time-outs and delays beyond the
    client's own read time-out `httpx.ReadTimeout`, after the application has run; delays are slept
    on the clock.

    Args:
        app: The twin's application.
        clock: What waits; a virtual clock moves on, the machine's own really waits.
    """

    def __init__(self, app: WSGIApplication, clock: Clock) -> None:
        self._inner = httpx.WSGITransport(app=app)
        self._clock = clock

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request.

        Raises:
            httpx.RemoteProtocolError: The connection was dropped without an answer.
            httpx.ReadTimeout: The answer did not come in time.
        """
        response = self._inner.handle_request(request)
        ending = response.headers.pop(TRANSPORT_HEADER, None)
        delay = float(response.headers.pop(DELAY_HEADER, "0"))
        patience = request.extensions.get("timeout", {}).get("read") or DEFAULT_TIMEOUT_S
        if ending == "timeout" or delay > patience:
            self._clock.sleep(patience)
            raise httpx.ReadTimeout("the answer did not come in time", request=request)
        self._clock.sleep(delay)
        if ending == "drop":
            message = "Server disconnected without sending a response."
            raise httpx.RemoteProtocolError(message, request=request)
        return response
