"""The page that a browser is sent to after the sign-in."""

from __future__ import annotations

import socket
import threading
import urllib.request

from talk_sdk.cli.loopback import HOST, Loopback


def test_a_connection_that_says_nothing_does_not_hold_up_the_sign_in() -> None:
    page = Loopback(0)
    port = int(page.redirect_uri.split(":")[2].split("/")[0])
    found: list[str] = []
    waiting = threading.Thread(target=lambda: found.append(page.wait(30)), daemon=True)
    try:
        with socket.create_connection((HOST, port)):
            waiting.start()
            address = f"{page.redirect_uri}?code=x&state=y"
            with urllib.request.urlopen(address, timeout=20) as answer:
                assert answer.status == 200
            waiting.join(20)
        assert found == [address]
    finally:
        page.close()
