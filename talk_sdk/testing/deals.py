"""The orders of a neutral world: what they refer to exists wherever they exist."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

from talk_sdk.testing import names
from talk_sdk.testing.neutral import Deal, DealLine, Delivery, Guest, Item, Party, Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from talk_sdk.testing.drawing import Draw
    from talk_sdk.testing.neutral import Thing

T = TypeVar("T", bound="Thing")

STATUSES: tuple[Status, ...] = ("open", "open", "open", "draft", "closed", "cancelled")


def draw_deals(
    draw: Draw, count: int, parties: Sequence[Party], items: Sequence[Item]
) -> tuple[Deal, ...]:
    """So many orders of those parties and items."""
    deals: list[Deal] = []
    for _ in range(count):
        where = _place(draw, parties)
        deals.append(_draw_deal(draw, where, _common(parties, where), _common(items, where)))
    return tuple(deals)


def _place(draw: Draw, parties: Sequence[Party]) -> frozenset[str]:
    """Where an order is: in several systems only if it has a number to be known by."""
    where = draw.where()
    if len(where) > 1 and not where & frozenset(draw.guests_in):
        where = frozenset(next((system,) for system in draw.systems if system in where))
    if _common(parties, where):
        return where
    if draw.guests_in:
        return frozenset(draw.guests_in[:1])
    alone = (frozenset((system,)) for system in draw.systems)
    return next((each for each in alone if _common(parties, each)), frozenset(draw.systems[:1]))


def _common(things: Sequence[T], where: frozenset[str]) -> list[T]:
    """What exists in all of these systems, twins included."""
    known: dict[str, set[str]] = {}
    for thing in things:
        known.setdefault(thing.identity, set()).update(thing.systems)
    return [thing for thing in things if where <= known[thing.identity]]


def _draw_deal(
    draw: Draw, where: frozenset[str], parties: Sequence[Party], items: Sequence[Item]
) -> Deal:
    number = draw.number()
    by_guest = where <= frozenset(draw.guests_in) and (draw.odd() or not parties)
    guest = _draw_guest(draw, number, parties) if by_guest else None
    party = None
    if guest is None and parties:
        party = draw.rng.choice(parties)
    born_with_number = any(system in draw.guests_in for system in where)
    thing = draw.thing("deal", number)
    day = thing["created"].date()
    delivery_name = party.name if party else guest.name if guest else None
    return Deal(
        **(thing | {"systems": where}),
        number=f"S-{10_000 + number}" if born_with_number else None,
        party=party.identity if party else None,
        guest=guest,
        day=day,
        due=day + timedelta(days=14) if draw.odd() else None,
        delivery=day + timedelta(days=3) if draw.odd() else None,
        currency="NOK",
        status=_status(draw, where),
        title=draw.maybe(f"Bestilling {number}"),
        note=draw.rng.choice((None, "Haster!", "Levér ved bakdøra")),
        reference=draw.rng.choice((None, f"PO {number}")),
        discount_percent=Decimal(draw.rng.choice(("0", "0", "5", "12.5"))),
        shipping_price=Decimal(draw.rng.choice(("0", "49", "99.50"))),
        billing=party.billing if party else draw.address(),
        shipping=party.shipping if party else Delivery(name=delivery_name),
        lines=tuple(_draw_line(draw, items) for _ in range(draw.rng.randrange(1, 5))),
    )


def _status(draw: Draw, where: frozenset[str]) -> Status:
    status = draw.rng.choice(STATUSES)
    return "open" if status == "cancelled" and not draw.can_cancel(where) else status


def _draw_guest(draw: Draw, number: int, parties: Sequence[Party]) -> Guest:
    """A guest with an e-mail address, with a customer's, or with none."""
    name = f"{draw.rng.choice(names.FIRST)} {draw.rng.choice(names.LAST)}"
    known = [party.email for party in parties if party.email]
    case = number % 3
    if case == 0:
        return Guest(name=name, phone=draw.phone(number))
    if case == 1 and known:
        return Guest(name=name, email=draw.rng.choice(known))
    return Guest(name=name, email=f"gjest{number}@example.com")


def _draw_line(draw: Draw, items: Sequence[Item]) -> DealLine:
    item = draw.rng.choice(items) if items and not draw.odd() else None
    return DealLine(
        item=item.identity if item else None,
        sku=item.sku if item else None,
        text=item.name if item else "Montering etter avtale",
        quantity=Decimal(draw.rng.choice(("1", "2", "3", "0.5", "12"))),
        unit_price=item.price if item else Decimal("450.00"),
        discount_percent=Decimal(draw.rng.choice(("0", "0", "10"))),
        vat_percent=item.vat_percent if item else Decimal(25),
    )
