import random
import unicodedata
from collections import defaultdict

import pytest

from talk_sdk.testing.neutral import World
from talk_sdk.testing.world import SYSTEMS, awkward_world, small_world


@pytest.fixture(scope="module")
def world() -> World:
    return awkward_world(7)


def _groups(things):
    groups = defaultdict(list)
    for thing in things:
        groups[thing.identity].append(thing)
    return [group for group in groups.values() if len(group) > 1]


def test_same_seed_gives_the_same_world(world):
    assert world == awkward_world(7)
    assert world != awkward_world(8)
    assert (len(world.parties), len(world.items), len(world.deals)) == (600, 300, 900)


def test_a_system_knows_every_identity_once(world):
    for system in SYSTEMS:
        here = world.within(system)
        for things in (here.parties, here.items, here.deals):
            identities = [thing.identity for thing in things]
            assert len(identities) == len(set(identities))


def test_a_third_exists_in_both_systems(world):
    shared = {s.identity for s in world.within(SYSTEMS[0]).parties} & {
        s.identity for s in world.within(SYSTEMS[1]).parties
    }
    everybody = {party.identity for party in world.parties}
    assert 0.25 < len(shared) / len(everybody) < 0.45


def test_twins_differ_in_case_or_blanks_only(world):
    parties, items = _groups(world.parties), _groups(world.items)
    assert parties
    assert items
    for one, other in parties:
        assert one.email != other.email
        assert one.email.lower() == other.email.lower()
    assert any(one.organisation_number != other.organisation_number for one, other in parties)
    for one, other in items:
        assert one.sku != other.sku
        assert one.sku.lower() == other.sku.lower()


def test_near_twins_are_different_things(world):
    emails, names = defaultdict(set), defaultdict(set)
    for party in world.parties:
        emails[(party.email or "").lower()].add(party.identity)
        names[party.name].add((party.identity, party.email))
    assert any(email and len(who) == 2 for email, who in emails.items())
    assert any(
        len({identity for identity, _ in who}) > 1 and len({email for _, email in who}) > 1
        for who in names.values()
    )
    skus = {item.sku for item in world.items}
    assert any(f"{sku}0" in skus for sku in skus if sku.startswith("AB-"))


def test_awkward_data_is_there(world):
    names = [party.name for party in world.parties]
    assert any(len(name) > 50 for name in names)
    assert any(name != unicodedata.normalize("NFC", name) for name in names)
    assert any("美咲" in name for name in names)
    assert any(item.price * 100 % 1 for item in world.items)
    assert {None, ""} <= {party.email for party in world.parties}
    phones = [party.phone for party in world.parties if party.phone]
    starts = ("+47 22", "22 ", "220", "0047", "(+47)")
    assert all(any(phone.startswith(start) for phone in phones) for start in starts)


def test_deals_refer_to_what_their_systems_know(world):
    for system in SYSTEMS:
        here = world.within(system)
        parties = {party.identity for party in here.parties}
        items = {item.identity for item in here.items}
        for deal in here.deals:
            assert deal.party is None or deal.party in parties
            assert {line.item for line in deal.lines} - {None} <= items


def test_guests_are_of_three_kinds_and_in_the_shop_only(world):
    guests = [deal for deal in world.deals if deal.guest]
    assert all(deal.systems == {"customwebshop"} for deal in guests)
    emails = {deal.guest.email for deal in guests}
    customers = {party.email for party in world.within("customwebshop").parties}
    assert None in emails
    assert emails & customers - {None, ""}
    assert emails - customers


@pytest.mark.parametrize("seed", range(50))
def test_small_worlds_have_their_sizes(seed):
    world = small_world(random.Random(seed), 4, 3, 2, awkward=0.5)
    assert (len(world.parties), len(world.items), len(world.deals)) == (4, 3, 2)
    assert all(deal.party or deal.systems == {"customwebshop"} for deal in world.deals)
