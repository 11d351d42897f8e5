"""The fields of the shared model, and how the systems that have them say them.

Each field has a neutral value: what a person means by it. A system shows another one's value if
it says what that value looks like there.
"""

from __future__ import annotations

from collections.abc import Mapping

from talk_sdk.testing.simulation.dialects import DIALECTS, KINDS
from talk_sdk.testing.simulation.sides import Field

__all__ = ["FIELDS", "LINE_FIELDS"]

_OFTEN_THE_SAME = {"active", "country", "kind", "status"}


def _fields(kind: str) -> tuple[Field, ...]:
    sides = {connector: dialect.sides.get(kind, {}) for connector, dialect in DIALECTS.items()}
    names = dict.fromkeys(name for own in sides.values() for name in own)
    return tuple(
        Field(
            name,
            {connector: own[name] for connector, own in sides.items() if name in own},
            exact=name.rpartition(".")[2] not in _OFTEN_THE_SAME,
        )
        for name in names
    )


FIELDS: Mapping[str, tuple[Field, ...]] = {kind: _fields(kind) for kind in KINDS}
"""Per kind, what systems have; texts that are tags are left out."""

LINE_FIELDS = _fields("lines")
