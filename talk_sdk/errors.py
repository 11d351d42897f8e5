"""Errors, grouped by what the caller should do about them.

    TalkError
     ├── ConfigError        correct talk.toml, an option or the environment
     │    └── UnfitError    a setting does not fit the account that was opened
     ├── PluginError        install, update or repair a plugin
     ├── MappingError       one record cannot be mapped: it becomes a dead letter
     ├── StoreError         the store is newer, locked or cannot be written
     ├── SafetyError        stopped on purpose, before harm was done
     └── RemoteError        a system's API answered with a fault
          ├── UnavailableError   try again later
          ├── DeniedError        credentials or rights are wrong: leave the system alone
          ├── RejectedError      this request is wrong: skip the record
          ├── MissingError       the record is gone
          └── StaleError         somebody else wrote first: read, then plan again

Every message is one sentence or two: what happened, where, and the way out.
"""

from __future__ import annotations

__all__ = [
    "ConfigError",
    "DeniedError",
    "MappingError",
    "MissingError",
    "PluginError",
    "RejectedError",
    "RemoteError",
    "SafetyError",
    "StaleError",
    "StoreError",
    "TalkError",
    "UnavailableError",
    "UnfitError",
]


class TalkError(Exception):
    """The root of everything that talk-sdk raises on purpose."""

    def __init__(self, message: str) -> None:
        """Keep the sentence that a person will read."""
        super().__init__(message)
        self.message = message


class ConfigError(TalkError):
    """The configuration is wrong; the message names the place and the right form."""


class UnfitError(ConfigError):
    """A setting does not fit the account, which was opened and identified all the same.

    Attributes:
        account: its id and name, as the session would have had them.
    """

    def __init__(self, message: str, account: tuple[str, str]) -> None:
        """Keep the sentence, and whose account it is about."""
        super().__init__(message)
        self.account = account


class PluginError(TalkError):
    """A plugin is missing, broken or breaks a promise of its hooks."""


class MappingError(TalkError):
    """A value does not fit the property that it is mapped to."""


class StoreError(TalkError):
    """The store cannot be used: newer than this version, in use, or not writable."""


class SafetyError(TalkError):
    """Refused on purpose: going on could have done harm."""


class RemoteError(TalkError):
    """A system's API answered with a fault, or not at all."""


class UnavailableError(RemoteError):
    """The system could not be reached or could not answer; trying later can help.

    `reached` tells whether the request may have had its effect: False only where it is
    certain that the system never took it (connection refused, HTTP 429).
    `retry_after` is in seconds, None where the system did not say.
    """

    def __init__(
        self, message: str, *, reached: bool = True, retry_after: float | None = None
    ) -> None:
        """Keep what a retry needs to know beside the message."""
        super().__init__(message)
        self.reached = reached
        self.retry_after = retry_after


class DeniedError(RemoteError):
    """The system does not accept the credentials, or they lack a right."""


class RejectedError(RemoteError):
    """The system refused this request for good; sending it again cannot help."""


class MissingError(RemoteError):
    """The addressed record does not exist: HTTP 404 or 410, or what the API says instead."""


class StaleError(RemoteError):
    """The record has changed since it was read: HTTP 412, or 409 for a version."""
