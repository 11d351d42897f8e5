"""Where what a server really sends becomes the connector's wire model, and back."""

from __future__ import annotations

from typing import Protocol

from talk_sdk.operations import Raw

__all__ = ["PLAIN", "Codec", "Plain"]


class Codec(Protocol):
    """Between a server's own records and the wire model, at the edge of a connector.

    Mappings, versions and times all speak of the wire model, so a server with other field
    names needs another codec and no other table. Every record passes: pages, look-ups,
    answers to writes on the way in, bodies on the way out. Both functions are pure, leave
    their argument as it is, and keep fields that they do not know.
    """

    def decode(self, entity: str, record: Raw, /) -> Raw:
        """The wire model's record for what the server sent.

        Raises:
            UnavailableError: it is none of the server's records.
        """

    def encode(self, entity: str, body: Raw, /) -> Raw:
        """What the server takes for a body in the wire model; `body` may be a partial record."""


class Plain:
    """The codec of a server that speaks the wire model itself."""

    def decode(self, _entity: str, record: Raw, /) -> Raw:
        """The record as it is."""
        return record

    def encode(self, _entity: str, body: Raw, /) -> Raw:
        """The body as it is."""
        return body


PLAIN = Plain()
