"""Credentials as objects: what a request carries, and what to do when it is refused."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Protocol

from pydantic import SecretStr

__all__ = ["Auth", "Basic", "Bearer"]


class Auth(Protocol):
    """How requests are signed. Shared by all threads of an account."""

    def headers(self) -> dict[str, str]:
        """What each request carries now."""

    def renew(self, refused: dict[str, str]) -> bool:
        """Get new credentials after a 401; True if another try makes sense.

        Called with the headers that were refused, by one thread at a time: where another
        thread has already renewed, the answer is True without a request.
        """


@dataclass(frozen=True)
class Bearer:
    """A token that is valid until somebody withdraws it."""

    token: SecretStr

    def headers(self) -> dict[str, str]:
        """The Authorization header."""
        return {"Authorization": f"Bearer {self.token.get_secret_value()}"}

    def renew(self, refused: dict[str, str]) -> bool:  # noqa: ARG002 - the protocol's
        """A fixed token cannot be renewed."""
        return False


@dataclass(frozen=True)
class Basic:
    """A user with a password (RFC 7617)."""

    user: str
    password: SecretStr

    def headers(self) -> dict[str, str]:
        """The Authorization header."""
        pair = f"{self.user}:{self.password.get_secret_value()}".encode()
        return {"Authorization": "Basic " + base64.b64encode(pair).decode()}

    def renew(self, refused: dict[str, str]) -> bool:  # noqa: ARG002 - the protocol's
        """A password cannot be renewed."""
        return False
