"""What the oracle knows of a connector's systems, apart from its mappings."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from talk_sdk.testing.control import LocalControl
    from talk_sdk.testing.records import Effect
    from talk_sdk.testing.simulation.sides import Side
    from talk_sdk.testing.simulation.trace import Exchange

__all__ = ["KINDS", "WHOLE", "Dialect", "Raw"]

KINDS = ("customers", "products", "orders")
WHOLE: frozenset[str] = frozenset({"*"})
"""Of fields that a request wrote: every one."""
Raw = Mapping[str, Any]


class Dialect:
    """How the systems of one connector say things, written by hand; this one is a REST API's.

    Attributes:
        connector: its name.
        places: per kind, its collection (`in`), and where ids, tags, references and stock stand.
        sides: per kind, lines too: name of the shared model -> how it is said.
        proof: the setting and the simulator's switch of what tells what became of a create;
            none if it cannot be switched off.
        blind: whether nothing at all tells what became of a create.
        kept_s: how many seconds an idempotency key is remembered; none where there are no keys.
        makes: the kinds that its users make, edit and add lines to.
        line_ids: whether lines have ids.
        region_codes: whether subdivisions are codes of ISO 3166-2.
        graphql: whether it is spoken to in GraphQL, which fails in ways of its own.
    """

    connector: ClassVar[str]
    places: ClassVar[Mapping[str, Mapping[str, str]]]
    sides: ClassVar[Mapping[str, Mapping[str, Side]]]
    proof: ClassVar[tuple[str, str] | None] = None
    blind: ClassVar[bool] = False
    kept_s: ClassVar[float | None] = None
    makes: ClassVar[frozenset[str]] = frozenset(KINDS)
    line_ids: ClassVar[bool] = True
    region_codes: ClassVar[bool] = False
    graphql: ClassVar[bool] = False

    # --- what people see and do -------------------------------------------------------------------

    def rows(self, control: LocalControl, settings: Raw, kind: str) -> Iterator[Raw]:
        """The records of a kind, each with all that is looked at in places of its own."""
        for raw in control.dump(self.places[kind]["in"]):
            yield self.opened(kind, raw, settings)

    def edit(
        self, control: LocalControl, settings: Raw, kind: str, before: Raw, changes: dict[str, Any]
    ) -> None:
        """Change fields of an opened record, as a user does."""
        places = self.places[kind]
        wire = self.closed(kind, changes, before, settings)
        control.edit(places["in"], str(before[places["id"]]), wire)

    def create(
        self, control: LocalControl, settings: Raw, kind: str, record: dict[str, Any]
    ) -> None:
        """Make a record, as a user does."""
        control.create(self.places[kind]["in"], self.closed(kind, record, {}, settings))

    def adjust(self, control: LocalControl, before: Raw, delta: int) -> bool:
        """Move the stock of an opened product, as a sale does; whether that was possible."""
        places = self.places["products"]
        control.adjust(places["in"], str(before[places["id"]]), places["stock"], delta)
        return True

    def opened(self, _kind: str, raw: Raw, _settings: Raw) -> Raw:
        """A record with all that is looked at in places of its own."""
        return raw

    def closed(
        self, _kind: str, changes: dict[str, Any], _before: Raw, _settings: Raw
    ) -> dict[str, Any]:
        """What a user changed in an opened record, as the wire has it."""
        return changes

    def wire_id(self, id_: str) -> Any:
        """An id as the wire has it."""
        return id_

    def kind_of(self, collection: str) -> str:
        """The kind whose records a collection holds; the collection's name if it is none."""
        return next((k for k in KINDS if self.places[k]["in"] == collection), collection)

    # --- what it cannot ---------------------------------------------------------------------------

    def lacks(self, _kind: str, _values: Raw, _lines: Sequence[Raw]) -> bool:
        """Whether it takes no record with these values; for `lines`, none of such an order's."""
        return False

    def holds(self, _stock: Decimal) -> bool:
        """Whether a product can have such a stock."""
        return True

    # --- what goes over the wire ------------------------------------------------------------------

    def record_of(self, effect: Effect, _control: LocalControl) -> tuple[str, str]:
        """Kind and id of the record that something happened to."""
        return self.kind_of(effect.collection), effect.id

    def replaces(self, _exchange: Exchange) -> bool:
        """Whether a request replaces a record that has no version."""
        return False

    def overwritten(self, _exchange: Exchange, _kind: str) -> frozenset[str] | None:
        """The fields of a record that a request wrote without a look at what stood there.

        `WHOLE` if the record was replaced; None if the API refuses what is out of date.
        """
        return None

    def meant(self, exchange: Exchange) -> str:
        """The kind of a record that a write makes; else `stock` or `change`."""
        made = self.kind_of(exchange.path.rsplit("/", 1)[-1])
        return {"POST": made, "PUT": "stock"}.get(exchange.method, "change")

    def shown(self, exchange: Exchange, control: LocalControl) -> Iterator[tuple[str, str]]:
        """Kind and id of the records that an answer shows as they are at this moment."""
        body = json.loads(exchange.body)
        records = body.get("data", body.get("items", [body]))
        for kind in KINDS:
            if f"/{kind}" not in exchange.path:
                continue
            place = self.places[kind]["id"]
            current = {str(record[place]): record for record in control.dump(kind)}
            for record in records:
                id_ = str(record.get(place))
                if current.get(id_) == record:
                    yield kind, id_
