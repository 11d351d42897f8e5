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

__all__ = ["KINDS", "UNSAID", "WHOLE", "Dialect", "Raw"]

KINDS = ("customers", "products", "orders")
WHOLE: frozenset[str] = frozenset({"*"})
"""Of fields that a request wrote: every one."""
UNSAID = "unsaid"
"""Of a reference: the record does not tell what it refers to."""
Raw = Mapping[str, Any]


class Dialect:
    """How the systems of one connector say things, written by hand; this one is a REST API's.

    Attributes:
        connector: its name.
        places: per kind, its collection (`in`), and where ids, tags, references and stock stand.
        sides: per kind, lines too: name of the shared model -> how it is said.
        kinds: those that the simulation has records of in its systems.
        settings: of each of its systems.
        noteless: whether its customers have no notes: then all systems of a seed have the tags of
            customers in their web sites, which nobody edits.
        entities: the connector's names of what has a kind -> the kind.
        proof: the setting and the simulator's switch of what tells what became of a create;
            none if nothing does, or if it cannot be switched off.
        proven: whether there is something that tells, though it cannot be switched off.
        kept_s: how many seconds an idempotency key is remembered; none where there are no keys.
        makes: the kinds that its users make, edit and add lines to.
        deletes: the kinds of records that its users delete.
        dated: whether records say since when they are there, so that an id may be given again.
        follows: kind -> what it can do about a deletion elsewhere.
        stepwise: whether a customer is made in several requests: what was cut is completed by
            changes, which must not be off then.
        filled: fields of new records that it declares to fill in itself, beside those that lag.
        late: methods of requests that may arrive after the client has given up on them, and
            overwrite nothing that was typed meanwhile: creates, and what has a version.
        unsaid: fields that the answer to a write may leave out.
        line_ids: whether lines have ids.
        timed_lines: whether a change of a line shows in the time of change of its order.
        region_codes: whether subdivisions are codes of ISO 3166-2.
        graphql: whether it is spoken to in GraphQL, which fails in ways of its own.
        bare_lists: whether its lists are one page that tells neither how long it is nor whether
            more follows: one that is cut short twice in the same way cannot be known.
    """

    connector: ClassVar[str]
    places: ClassVar[Mapping[str, Mapping[str, str]]]
    sides: ClassVar[Mapping[str, Mapping[str, Side]]]
    kinds: ClassVar[tuple[str, ...]] = KINDS
    settings: ClassVar[Mapping[str, Any]] = {}
    noteless: ClassVar[bool] = False
    entities: ClassVar[Mapping[str, str]] = {
        "Customer": "customers", "Product": "products", "Order": "orders",
    }  # fmt: skip
    proof: ClassVar[tuple[str, str] | None] = None
    proven: ClassVar[bool] = False
    kept_s: ClassVar[float | None] = None
    makes: ClassVar[frozenset[str]] = frozenset(KINDS)
    deletes: ClassVar[frozenset[str]] = frozenset()
    dated: ClassVar[bool] = False
    follows: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    stepwise: ClassVar[bool] = False
    filled: ClassVar[frozenset[str]] = frozenset()
    late: ClassVar[frozenset[str]] = frozenset()
    unsaid: ClassVar[frozenset[str]] = frozenset()
    line_ids: ClassVar[bool] = True
    timed_lines: ClassVar[bool] = True
    region_codes: ClassVar[bool] = False
    graphql: ClassVar[bool] = False
    bare_lists: ClassVar[bool] = False

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
        return next((k for k in self.kinds if self.places[k]["in"] == collection), collection)

    def place_of(self, effect: Effect, _control: LocalControl) -> tuple[str, str]:
        """Kind and id of the record that something happened to."""
        return self.kind_of(effect.collection), effect.id

    # --- what it cannot ---------------------------------------------------------------------------

    def lacks(self, _kind: str, _values: Raw, _lines: Sequence[Raw]) -> bool:
        """Whether it takes no record with these values; for `lines`, none of such an order's."""
        return False

    def holds(self, _stock: Decimal) -> bool:
        """Whether a product can have such a stock."""
        return True

    def unedited(self, _kind: str, _name: str) -> bool:
        """Whether nobody edits a field there."""
        return False

    def refuses(self, _reason: str) -> bool:
        """Whether a record may be listed as one that it refuses, for this reason."""
        return False

    # --- what goes over the wire ------------------------------------------------------------------

    def replaces(self, _exchange: Exchange) -> bool:
        """Whether a request replaces a record that has no version."""
        return False

    def overwritten(self, _exchange: Exchange, _kind: str) -> frozenset[str] | None:
        """The fields of a record that a request wrote without a look at what stood there.

        `WHOLE` if the record was replaced; None if the API refuses what is out of date.
        """
        return None

    def part(self, kind: str, _name: str) -> str:
        """Under which name the engine is shown a field of a kind; lines are shown with orders."""
        return "orders" if kind == "lines" else kind

    def erases(self, _exchange: Exchange) -> bool:
        """Whether a request took what people did since the look before it and is not there now."""
        return False

    def only_to_write(self, _look: Exchange, _then: Exchange) -> bool | None:
        """Whether the connector looked only for the sake of the write that came next.

        None if what comes after it will tell.
        """
        return False

    def belongs(self, _path: str, _place: tuple[str, str]) -> bool:
        """Whether a request is one of those that write a record and read it back.

        What somebody types there meanwhile is taken for the system's own way of saying it.
        """
        return False

    def doubtful(self, exchange: Exchange) -> bool:
        """Whether nobody knows what became of a write if this has no answer."""
        return exchange.method != "GET"

    def meant(self, exchange: Exchange) -> str | None:
        """The kind of a record that a write makes, else `stock` or `change`; none may be any."""
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
