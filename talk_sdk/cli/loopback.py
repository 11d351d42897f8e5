"""A page on this machine to which a browser is sent back when somebody has signed in (RFC 8252)."""

from __future__ import annotations

import html
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from talk_sdk.errors import ConfigError, DeniedError

__all__ = ["Loopback"]

HOST = "127.0.0.1"
PATH = "/callback"
_PAGE = "<!doctype html><title>talk</title><h1>{}</h1><p>You may close this page.</p>"


class Loopback:
    """Waits for one redirect.

    Args:
        port: where to listen; 0 for any free port.
    """

    def __init__(self, port: int) -> None:
        """Listen.

        Raises:
            ConfigError: the port is taken.
        """
        try:
            self._server = HTTPServer((HOST, port), _Handler)
        except OSError as error:
            raise ConfigError(
                f"Port {port} cannot be used: {error.strerror}. Name another one with `--port`,"
                " and register its address with the application."
            ) from None
        self._server.redirected = None  # type: ignore[attr-defined]

    @property
    def redirect_uri(self) -> str:
        """The page's address."""
        return f"http://{HOST}:{self._server.server_port}{PATH}"

    def wait(self, seconds: float) -> str:
        """The address that the browser was sent to.

        Raises:
            DeniedError: nobody came.
        """
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self._server.timeout = left
            self._server.handle_request()
            found: str | None = self._server.redirected  # type: ignore[attr-defined]
            if found is not None:
                return found
        raise DeniedError(f"Nobody signed in within {seconds:g} seconds; try again.")

    def close(self) -> None:
        """Stop listening."""
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    """Takes the redirect down; browsers also ask for icons."""

    timeout = 2.0
    """Seconds: browsers open connections beforehand on which they say nothing."""

    def do_GET(self) -> None:
        """Answer a request."""
        parts = urlsplit(self.path)
        said = parse_qs(parts.query)
        mine = parts.path == PATH and ("code" in said or "error" in said)
        text = "You are signed in." if "code" in said else "The sign-in was not completed."
        body = _PAGE.format(html.escape(text)).encode() if mine else b""
        self.send_response(200 if mine else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        if mine:
            server: Any = self.server
            server.redirected = f"http://{HOST}:{server.server_port}{self.path}"

    def log_message(self, *_: Any) -> None:
        """Say nothing: the address holds a code."""
