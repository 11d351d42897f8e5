"""What the engine's names of records mean to a person."""

from __future__ import annotations

from collections.abc import Mapping

from talk_sdk.testing.simulation.dialects import DIALECTS
from talk_sdk.testing.simulation.views import View

__all__ = ["KINDS_OF_ENTITIES", "named"]

KINDS_OF_ENTITIES = {
    entity: kind for dialect in DIALECTS.values() for entity, kind in dialect.entities.items()
}


def named(origin: str, views: Mapping[str, View]) -> tuple[str, str | None]:
    """Kind and tag of what the engine calls `shop.Customer:cus_000001`.

    A line goes by its order's tag: lines have no names of their own.
    """
    system, _, rest = origin.partition(".")
    entity, _, id_ = rest.partition(":")
    if "/lines" in id_:
        return "lines", named(origin.removesuffix("/lines"), views)[1]
    kind = KINDS_OF_ENTITIES[entity]
    if entity == "Guest":
        orders = views[system].records["orders"]
        return kind, next((o.values["customer"] for o in orders if o.id == id_), None)
    return kind, views[system].tag_of(kind, id_)
