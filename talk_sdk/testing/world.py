"""Generators of neutral worlds: the same seed gives the same world, for every system alike."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

from talk_sdk.testing import names
from talk_sdk.testing.deals import draw_deals
from talk_sdk.testing.drawing import Draw
from talk_sdk.testing.neutral import Company, Delivery, Item, Party, Person, World

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")

SYSTEMS = ("customwebshop", "customerp", "wave", "webcrm", "membercare", "squarespace")
"""The connectors whose systems can be seeded."""
TWO = SYSTEMS[:2]


def awkward_world(
    seed: int,
    parties: int = 600,
    items: int = 300,
    deals: int = 900,
    *,
    systems: Sequence[str] | Mapping[str, str] = TWO,
    guests_in: Sequence[str] = ("customwebshop",),
) -> World:
    """A world as real accounts are: partly overlapping, written differently, with near-twins.

    Args:
        seed: The same seed and sizes give the same world.
        parties: How many customers, twins counted once for each system.
        items: How many products.
        deals: How many orders.
        systems: Connector names, or names of systems with the connector of each. A third of
            everything exists in all of them at the start, the rest in one each; of three or more
            systems some things are in two.
        guests_in: Those whose orders may lack a customer, and that number orders for the others.
    """
    rng = random.Random(seed)
    return _draw(rng, (parties, items, deals), systems, guests_in, awkward=0.25)


def small_world(
    rng: random.Random,
    parties: int = 6,
    items: int = 5,
    deals: int = 4,
    *,
    systems: Sequence[str] | Mapping[str, str] = TWO,
    guests_in: Sequence[str] = ("customwebshop",),
    awkward: float = 0.1,
) -> World:
    """A world for one seed of a simulation; `awkward` is the share of odd cases, 0 for none."""
    return _draw(rng, (parties, items, deals), systems, guests_in, awkward)


def _draw(
    rng: random.Random,
    sizes: tuple[int, int, int],
    systems: Sequence[str] | Mapping[str, str],
    guests_in: Sequence[str],
    awkward: float,
) -> World:
    connectors = {name: name for name in systems}
    if isinstance(systems, Mapping):
        connectors = dict(systems)
    guests = tuple(system for system in guests_in if system in connectors)
    draw = Draw(rng, tuple(connectors), guests, awkward, connectors)
    parties = _fill(draw, sizes[0], _draw_party, (_twin_parties, _namesakes, _shared_email))
    items = _fill(draw, sizes[1], _draw_item, (_twin_items, _near_skus))
    return World(tuple(parties), tuple(items), draw_deals(draw, sizes[2], parties, items))


def _fill(
    draw: Draw,
    count: int,
    plain: Callable[[Draw], T],
    odd: Sequence[Callable[[Draw], list[T]]],
) -> list[T]:
    """Draw so many things; the odd groups take turns, so that a large world has them all."""
    things: list[T] = []
    turn = 0
    while len(things) < count:
        group = [plain(draw)]
        if draw.odd():
            group = odd[turn % len(odd)](draw)
            turn += 1
        if len(things) + len(group) <= count:
            things += group
        else:
            things.append(plain(draw))
    return things


def _draw_party(draw: Draw) -> Party:
    number = draw.number()
    first, last = draw.rng.choice(names.FIRST), draw.rng.choice(names.LAST)
    kind: type[Party] = draw.rng.choice((Person, Company))
    name = f"{first} {last}"
    if kind is Company:
        name = f"{last} {draw.rng.choice(names.TRADES)} {number} {draw.rng.choice(names.FORMS)}"
    if draw.odd():
        name += names.LONG
    billing = draw.address()
    thing = draw.thing("party", number)
    email = f"post{number}@example.no"
    said = draw.maybe(email)
    unnumbered = kind is Person or draw.by_email(thing["systems"])
    if unnumbered and len(thing["systems"]) > 1:
        said = email  # without any key nobody could tell that two records are one party
    return kind(
        **thing,
        name=name,
        organisation_number=str(910_000_000 + number) if kind is Company else None,
        first_name=first,
        last_name=last,
        email=said,
        phone=draw.maybe(draw.phone(number)),
        mobile=draw.phone(500_000 + number) if draw.odd() else None,
        website=f"https://www.firma{number}.example" if kind is Company else None,
        note=draw.rng.choice((None, None, "Ring før levering.\nKode 1234", " ")),
        language=draw.rng.choice((None, "nb", "sv", "en")),
        currency=draw.rng.choice((None, "NOK", "EUR")),
        billing=billing,
        shipping=Delivery(
            name=name,
            line1=billing.line1,
            postal_code=billing.postal_code,
            city=billing.city,
            country=billing.country,
        ),
    )


def _apart(draw: Draw) -> tuple[frozenset[str], frozenset[str]]:
    """Two systems, each alone."""
    first, second = draw.rng.sample(draw.systems, 2)
    return frozenset((first,)), frozenset((second,))


def _twin_parties(draw: Draw) -> list[Party]:
    """One customer whom two systems write differently: they must match."""
    party = _draw_party(draw)
    here, there = _apart(draw)
    one = replace(party, systems=here, email=f"kunde-{party.identity}@example.no")
    other = replace(one, systems=there, email=f"Kunde-{party.identity}@Example.NO")
    if one.organisation_number is not None:
        digits = one.organisation_number
        spaced = f"NO {digits[:3]} {digits[3:6]} {digits[6:]} MVA"
        other = replace(other, organisation_number=spaced)
    return [one, other]


def _namesakes(draw: Draw) -> list[Party]:
    """Two persons of one name with different addresses: they must not match."""
    here, there = _apart(draw)
    one, other = _draw_party(draw), _draw_party(draw)
    return [
        _as_person(one, f"a-{one.identity}@example.no", here),
        replace(
            _as_person(one, f"b-{one.identity}@example.no", there),
            identity=other.identity,
            phone=other.phone,
            billing=other.billing,
        ),
    ]


def _shared_email(draw: Draw) -> list[Party]:
    """Two persons of one system with one e-mail address, as married people have."""
    here, _ = _apart(draw)
    one, other = _draw_party(draw), _draw_party(draw)
    email = f"familien-{one.identity}@example.no"
    return [_as_person(one, email, here), _as_person(other, email, here)]


def _as_person(party: Party, email: str, systems: frozenset[str]) -> Person:
    return Person(
        identity=party.identity,
        systems=systems,
        created=party.created,
        modified=party.modified,
        name=f"{party.first_name} {party.last_name}",
        first_name=party.first_name,
        last_name=party.last_name,
        email=email,
        phone=party.phone,
        billing=party.billing,
    )


def _draw_item(draw: Draw) -> Item:
    number = draw.number()
    price = Decimal(draw.rng.choice(names.PRICES))
    name = f"{draw.rng.choice(names.THINGS)} nr. {number}"
    thing = draw.thing("item", number)
    return Item(
        **thing,
        sku=f"SKU-{number:05d}",
        barcode=f"70{number:011d}" if draw.odd() else None,
        name=_item_name(draw, name + names.LONG if draw.odd() else name, thing["systems"]),
        description=draw.rng.choice((None, "", "God kvalitet — «best i test».\nTåler vann.")),
        price=price,
        cost=price / 2 if draw.odd() else None,
        sale_price=Decimal("9.995") if draw.odd() else None,
        vat_percent=draw.rng.choice((Decimal(25), Decimal(15), Decimal(0))),
        unit=draw.rng.choice((None, "stk", "kg", "m")),
        stock=draw.rng.randrange(200),
        weight_kg=Decimal(draw.rng.randrange(1, 9_000)) / 1000 if draw.odd() else None,
        active=not draw.odd(),
    )


def _item_name(draw: Draw, name: str, where: frozenset[str]) -> str:
    """Short enough for everybody where products are told apart by their names."""
    return name.removesuffix(names.LONG) if draw.without_numbers(where) else name


def _twin_items(draw: Draw) -> list[Item]:
    """One product whose number two systems write in another case: they must match."""
    item = _draw_item(draw)
    here, there = _apart(draw)
    name = _item_name(draw, item.name, here | there)
    one = replace(item, systems=here, sku=f"TW-{item.identity}", name=name)
    return [one, replace(one, systems=there, sku=f"tw-{item.identity}")]


def _near_skus(draw: Draw) -> list[Item]:
    """Two products whose numbers begin alike: they must not match."""
    here, there = _apart(draw)
    one, other = _draw_item(draw), _draw_item(draw)
    stem = f"AB-{other.identity.removeprefix('item-')}"
    return [replace(one, systems=here, sku=stem), replace(other, systems=there, sku=f"{stem}0")]
