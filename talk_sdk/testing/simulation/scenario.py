"""What a seed decides before anything happens: the world, the systems, their weaknesses."""

from __future__ import annotations

import unicodedata
from collections import Counter
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from talk_sdk.testing.neutral import Deal, Guest, Item, Party, World
from talk_sdk.testing.world import small_world

__all__ = ["CONNECTORS", "Scenario", "draw"]

CONNECTORS = {"shop": "customwebshop", "erp": "customerp"}


@dataclass(frozen=True)
class Scenario:
    """One seed's setting.

    Attributes:
        systems: name -> connector, in the order of talk.toml.
        skews: seconds that a system's clock is ahead.
        lags: seconds by which a system's listings are behind.
        pages: records on a page of a system.
        rounds: noisy rounds before quiet is asked for.
        busy: chance of a user's edit at each request.
        faulty: chance of a plan of faults for each system and run.
        deadly: chance that a run is killed.
        blind: systems without idempotency keys, or without markers.
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
    blind: frozenset[str] = frozenset()
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)

    def counts(self) -> Counter[str]:
        """What it is that this seed's systems cannot, or do wrong."""
        counts = Counter(
            f"system: keeps no {'markers' if name == 'erp' else 'keys'}" for name in self.blind
        )
        counts["system: lags"] += sum(lag > 0 for lag in self.lags.values())
        counts["system: skewed"] += sum(skew != 0 for skew in self.skews.values())
        return counts


def draw(rng: Random) -> Scenario:
    """Everything that is settled before the first run."""
    world = _world(rng)
    names = list(CONNECTORS)
    rng.shuffle(names)
    lags = {name: rng.choice((0.0, 0.0, 3.0, 20.0)) for name in names}
    blind = frozenset(name for name in sorted(names) if rng.random() < 0.15)
    settings: dict[str, dict[str, Any]] = {name: {"lag_s": lag} for name, lag in lags.items()}
    for name in blind:
        settings[name]["marker" if name == "erp" else "idempotency_keys"] = False
    return Scenario(
        world,
        {name: CONNECTORS[name] for name in names},
        {name: _skew(rng) for name in names},
        lags,
        {name: rng.choice((1, 2, 3, 5, 100)) for name in names},
        rounds=rng.randrange(2, 6),
        busy=rng.choice((0.0, 0.05, 0.1, 0.2)),
        faulty=rng.choice((0.0, 0.6, 0.9)),
        deadly=rng.choice((0.0, 0.3, 0.6)),
        blind=blind,
        settings=settings,
    )


def _skew(rng: Random) -> float:
    size = rng.choice((0.0, 0.0, 5.0, 90.0, 3600.0))
    return round(rng.uniform(-size, size), 1)


def _world(rng: Random) -> World:
    odd = rng.choice((0.0, 0.05, 0.2))
    world = small_world(
        rng, rng.randrange(6, 15), rng.randrange(4, 9), rng.randrange(3, 9), awkward=odd
    )
    everywhere = _shared(world.parties)
    return World(
        tuple(_tagged_party(party, everywhere) for party in world.parties),
        tuple(_tagged_item(item) for item in world.items),
        tuple(_tagged_deal(deal) for deal in world.deals),
    )


def _shared(parties: tuple[Party, ...]) -> set[str]:
    homes: dict[str, set[str]] = {}
    for party in parties:
        homes.setdefault(party.identity, set()).update(party.systems)
    return {identity for identity, where in homes.items() if len(where) > 1}


def _tagged_party(party: Party, everywhere: set[str]) -> Party:
    """With a tag, and with a key if two systems have it: else nobody could know."""
    email = party.email
    if not email and party.organisation_number is None and party.identity in everywhere:
        email = f"{party.identity}@example.no"
    name = unicodedata.normalize("NFC", party.name)
    return replace(party, name=name, email=email, note=f"tag {party.identity}")


def _tagged_item(item: Item) -> Item:
    return replace(item, description=f"tag {item.identity}")


def _tagged_deal(deal: Deal) -> Deal:
    """With tags; no product is on two lines, as lines without ids could not be told apart."""
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
    return replace(deal, guest=guest, note=f"tag {deal.identity}", lines=tuple(lines))
