"""What a seed decides before anything happens: the world, the systems, their weaknesses.

Two to five systems of all six connectors. Not in one world: MemberCare without a shop or an ERP
(it has no products and makes no customers' orders, so that little could meet), and Squarespace
with nothing but what has no products.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, TypeVar

from talk_sdk.testing.neutral import Deal, Guest, Item, Party, Thing, World
from talk_sdk.testing.simulation.dialects import DIALECTS
from talk_sdk.testing.simulation.policies import Policies, draw_policies
from talk_sdk.testing.world import small_world

__all__ = ["CONNECTORS", "Scenario", "draw", "draw_systems"]

CONNECTORS = {
    "shop": "customwebshop", "erp": "customerp", "outlet": "customwebshop", "books": "wave",
    "crm": "webcrm", "members": "membercare", "site": "squarespace",
}  # fmt: skip
"""System -> connector, of all that a seed may have."""
_SETS = (
    *[("shop", "erp")] * 4, ("shop", "outlet"), *[("shop", "erp", "outlet")] * 2,
    ("shop", "books"), ("erp", "books"), *[("shop", "erp", "books")] * 5,
    *[("shop", "crm")] * 2, ("erp", "crm"), *[("shop", "erp", "crm")] * 2,
    ("shop", "members"), *[("shop", "erp", "members")] * 2,
    ("shop", "site"), ("erp", "site"), *[("shop", "erp", "site")] * 2,
    *[("shop", "erp", "books", "crm")] * 2, ("shop", "erp", "books", "outlet"),
    ("shop", "outlet", "books", "crm"), ("erp", "books", "crm", "site"),
    ("shop", "erp", "books", "crm", "members"), ("shop", "erp", "crm", "members", "site"),
)  # fmt: skip
_SHOP = "customwebshop"
_RECORDS = 20
"""So many things there are at least."""
T = TypeVar("T", bound=Thing)


@dataclass(frozen=True)
class Scenario:
    """One seed's setting.

    Attributes:
        systems: name -> connector, in the order of talk.toml.
        world: in the systems' names.
        skews: seconds that a system's clock is ahead.
        lags: seconds by which a system's listings are behind.
        pages: records on a page of a system.
        rounds: noisy rounds before quiet is asked for.
        busy: chance of a user's edit at each request.
        faulty: chance of a plan of faults for each system and run.
        deadly: chance that a run is killed.
        late: chance that a write has its effect only after its client has given up on it.
        terse: chance that the answer to a write leaves out a field.
        picky: chance that a text is typed which one of the other systems does not take.
        without: systems that keep no idempotency keys, or no markers, though their like do.
        policies: what the workspace is told to do otherwise.
    """

    world: World
    systems: dict[str, str]
    skews: dict[str, float]
    lags: dict[str, float]
    pages: dict[str, int]
    rounds: int
    busy: float
    faulty: float
    deadly: float
    late: float = 0.0
    terse: float = 0.0
    picky: float = 0.0
    without: frozenset[str] = frozenset()
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    policies: Policies = field(default_factory=Policies)

    @property
    def blind(self) -> frozenset[str]:
        """Systems that can prove nothing of a create whose answer was lost."""
        dialects = {name: DIALECTS[connector] for name, connector in self.systems.items()}
        return self.without | {name for name, dialect in dialects.items()
                               if dialect.proof is None and not dialect.proven}  # fmt: skip

    @property
    def numbering(self) -> bool:
        """Whether people number all orders: two shops that count by themselves count alike.

        Where a system keeps only the number of an order, it goes by that.
        """
        shops = list(self.systems.values()).count(_SHOP)
        return shops > 1 or _bare(self.systems.values())

    @property
    def tags(self) -> dict[str, str]:
        """Kind -> the field whose value is the tag; none where the tag has a place of its own."""
        connectors = self.systems.values()
        found = {"orders": "number"} if _bare(connectors) else {}
        return found | ({"customers": "website"} if _noteless(connectors) else {})

    def worlds(self) -> dict[str, World]:
        """System -> what it holds at the start."""
        return {name: self.world.seen_in(name, self.systems) for name in self.systems}

    def counts(self) -> Counter[str]:
        """What it is that this seed's systems are, cannot, or do wrong."""
        counts = Counter(
            f"system: without {(DIALECTS[connector].proof or ('',))[0]}"
            for name, connector in self.systems.items()
            if name in self.without
        )
        counts["system: lags"] += sum(lag > 0 for lag in self.lags.values())
        counts["system: skewed"] += sum(skew != 0 for skew in self.skews.values())
        counts.update(f"system: {name}" for name in self.systems)
        counts[f"systems: {len(self.systems)}"] += 1
        return counts + self.policies.counts()


def _bare(connectors: Iterable[str]) -> bool:
    """Whether there is a system that keeps of an order only its number."""
    dialects = [DIALECTS[connector] for connector in connectors]
    return any("orders" in each.kinds and "lines" not in each.sides for each in dialects)


def _noteless(connectors: Iterable[str]) -> bool:
    """Whether there is a system whose customers have no notes."""
    return any(DIALECTS[connector].noteless for connector in connectors)


def draw_systems(rng: Random, installed: Iterable[str]) -> tuple[str, ...]:
    """Which systems a seed has, of installed connectors."""
    known = {name for name, connector in CONNECTORS.items() if connector in installed}
    return rng.choice([names for names in _SETS if known.issuperset(names)])


def draw(rng: Random, systems: Sequence[str], policies: Random | None = None) -> Scenario:
    """Everything that is settled before the first run.

    Args:
        rng: where it comes from.
        systems: those of the seed.
        policies: where what the workspace is told comes from; by default it is told nothing.
    """
    names = list(systems)
    world = _world(rng, {name: CONNECTORS[name] for name in names})
    rng.shuffle(names)
    connectors = {name: CONNECTORS[name] for name in names}
    lags = {name: rng.choice((0.0, 0.0, 3.0, 20.0)) for name in names}
    weak = frozenset(name for name in sorted(names) if rng.random() < 0.15)
    without = frozenset(name for name in weak if DIALECTS[connectors[name]].proof)
    settings: dict[str, dict[str, Any]] = {
        name: {"lag_s": lag, **DIALECTS[connectors[name]].settings} for name, lag in lags.items()
    }
    for name in without:
        proof = DIALECTS[connectors[name]].proof
        if proof is not None:
            settings[name][proof[0]] = False
    told = Policies() if policies is None else draw_policies(policies, connectors)
    for name, connector in connectors.items():
        entities = told.entities(name, connector)
        settings[name]["entities"] = {**settings[name].get("entities", {}), **entities}
    return Scenario(
        world,
        connectors,
        {name: _skew(rng) for name in names},
        lags,
        {name: rng.choice((1, 2, 3, 5, 100)) for name in names},
        rounds=rng.randrange(2, 5),
        busy=rng.choice((0.05, 0.1, 0.2)),
        faulty=rng.choice((0.3, 0.6, 0.9)),
        deadly=rng.choice((0.3, 0.6)),
        late=rng.choice((0.0, 0.0, 0.05)),
        terse=rng.choice((0.0, 0.0, 0.2)),
        picky=rng.choice((0.0, 0.0, 0.1)),
        without=without,
        settings=settings,
        policies=told,
    )


def _skew(rng: Random) -> float:
    size = rng.choice((0.0, 0.0, 5.0, 90.0, 3600.0))
    return round(rng.uniform(-size, size), 1)


def _world(rng: Random, connectors: dict[str, str]) -> World:
    odd = rng.choice((0.0, 0.05, 0.2))
    sizes = rng.randrange(8, 15), rng.randrange(5, 9), rng.randrange(4, 9)
    while True:
        world = _drawn(rng, sizes, connectors, odd)
        there = {thing.identity for thing in (*world.parties, *world.items, *world.deals)}
        if len(there) >= _RECORDS:
            return world
        sizes = sizes[0] + 2, sizes[1] + 1, sizes[2]


def _drawn(
    rng: Random, sizes: tuple[int, int, int], connectors: dict[str, str], odd: float
) -> World:
    world = small_world(
        rng, *sizes, systems=connectors, guests_in=("shop",), awkward=odd,
    )  # fmt: skip
    everywhere = _shared(world.parties)
    bare = _bare(connectors.values())
    noteless = _noteless(connectors.values())
    shops = {name for name, connector in connectors.items() if connector == _SHOP}
    return World(
        tuple(
            _tagged_party(party, everywhere, noteless=noteless)
            for party in _had("customers", world.parties, connectors)
        ),
        tuple(_tagged_item(item) for item in _had("products", world.items, connectors)),
        tuple(
            _tagged_deal(deal, numbered=bare)
            for deal in _had("orders", world.deals, connectors)
            if deal.systems & shops or not (bare or len(shops) > 1)
        ),
    )


def _had(kind: str, things: Iterable[T], connectors: dict[str, str]) -> Iterator[T]:
    """Things, where the simulation has such things in the systems."""
    for thing in things:
        where = [name for name in thing.systems if kind in DIALECTS[connectors[name]].kinds]
        if where:
            yield replace(thing, systems=frozenset(where))


def _shared(parties: tuple[Party, ...]) -> set[str]:
    homes: dict[str, set[str]] = {}
    for party in parties:
        homes.setdefault(party.identity, set()).update(party.systems)
    return {identity for identity, where in homes.items() if len(where) > 1}


def _tagged_party(party: Party, everywhere: set[str], *, noteless: bool) -> Party:
    """With a tag, and with a key if two systems have it: else nobody could know."""
    email = party.email
    if not email and party.organisation_number is None and party.identity in everywhere:
        email = f"{party.identity}@example.no"
    name = unicodedata.normalize("NFC", party.name)
    tag = f"tag {party.identity}"
    return replace(
        party, name=name, email=email, note=tag, website=tag if noteless else party.website
    )


def _tagged_item(item: Item) -> Item:
    return replace(item, description=f"tag {item.identity}")


def _tagged_deal(deal: Deal, *, numbered: bool) -> Deal:
    """With tags, which are numbers where that is all that a system keeps of an order.

    No product is on two lines, as lines without ids could not be told apart.
    """
    guest = deal.guest
    if guest is not None:
        email = f"{deal.identity}@guests.example" if guest.email else None
        guest = Guest(name=f"Guest {deal.identity}", email=email, phone=guest.phone)
    lines, items = [], set()
    for index, line in enumerate(deal.lines):
        twice = line.item in items
        items.add(line.item)
        lines.append(
            replace(
                line,
                text=f"line {deal.identity}/{index}",
                item=None if twice else line.item,
                sku=None if twice else line.sku,
            )
        )
    number = deal.number
    if numbered or (number is None and "outlet" in deal.systems):
        number = f"O-{deal.identity}"
    return replace(
        deal, number=number, guest=guest, note=f"tag {deal.identity}", lines=tuple(lines)
    )
