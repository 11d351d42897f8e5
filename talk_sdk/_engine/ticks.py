"""Which links a read has shown: a bit for each, so that memory stays flat."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

__all__ = ["Ticks"]


class Ticks(msgspec.Struct, kw_only=True):
    """A set of link ids."""

    seen: bytearray = msgspec.field(default_factory=bytearray)

    def tick(self, ids: Iterable[int]) -> None:
        """Remember that these links were shown."""
        for ident in ids:
            place = ident >> 3
            if place >= len(self.seen):
                self.seen.extend(bytes(place + 1024 - len(self.seen)))
            self.seen[place] |= 1 << (ident & 7)

    def shown(self, ident: int) -> bool:
        """Whether a link was shown."""
        place = ident >> 3
        return place < len(self.seen) and bool(self.seen[place] >> (ident & 7) & 1)
