import random
import unicodedata
from collections import defaultdict

import pytest

from talk_sdk.testing.neutral import Company, Person, World
from talk_sdk.testing.world import SYSTEMS, TWO, awkward_world, small_world


@pytest.fixture(scope="module")
def world() -> World:
    return awkward_world(7)


@pytest.fixture(scope="module", name="three")
def three_fixture() -> World:
    return awkward_world(7, systems=SYSTEMS[:3])


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
    for system in TWO:
        here = world.within(system)
        for things in (here.parties, here.items, here.deals):
            identities = [thing.identity for thing in things]
            assert len(identities) == len(set(identities))


def test_a_third_exists_in_both_systems(world):
    shared = {s.identity for s in world.within(TWO[0]).parties} & {
        s.identity for s in world.within(TWO[1]).parties
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
    for system in TWO:
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


def test_of_three_systems_some_things_are_in_all_some_in_two_most_in_one(three):
    for things in (three.parties, three.items, three.deals):
        assert {len(thing.systems) for thing in things} == {1, 2, 3}
    for system in SYSTEMS[:3]:
        assert len(three.within(system).parties) > 200


def test_what_is_in_several_systems_can_be_known_by_what_all_of_them_have(three):
    homes: dict[str, set[str]] = defaultdict(set)
    for thing in (*three.parties, *three.items, *three.deals):
        homes[thing.identity] |= thing.systems
    shared = [identity for identity, where in homes.items() if len(where) > 1 and "wave" in where]
    assert all(p.email for p in three.parties if p.identity in shared)
    names = defaultdict(set)
    for item in three.items:
        names[item.name].add(item.identity)
        assert item.identity not in shared or len(item.name) <= 50
    assert all(len(identities) == 1 for identities in names.values())
    assert all(deal.number for deal in three.deals if len(deal.systems) > 1)


def test_buyers_whom_a_site_shares_with_others_have_an_address_to_be_known_by():
    world = awkward_world(3, 120, 10, 10, systems=("customwebshop", "customerp", "squarespace"))
    shared = [p for p in world.parties if "squarespace" in p.systems and len(p.systems) > 1]
    assert {type(party) for party in shared} == {Person, Company}
    assert all(party.email for party in shared)


def test_no_order_in_wave_is_cancelled_or_of_a_guest(three):
    here = three.within("wave").deals
    assert here
    assert all(deal.status != "cancelled" and deal.party for deal in here)
    assert any(deal.status == "cancelled" for deal in three.deals)


@pytest.mark.parametrize("seed", range(20))
def test_worlds_of_any_systems_can_be_drawn(seed):
    for systems in (("customerp", "wave"), ("wave", "customwebshop"), SYSTEMS):
        world = small_world(random.Random(seed), 6, 4, 3, systems=systems, awkward=0.5)
        assert all(deal.party or "customwebshop" in deal.systems for deal in world.deals)
        assert {system for party in world.parties for system in party.systems} <= set(systems)


def test_named_systems_of_one_connector_are_told_apart():
    connectors = {"north": "customwebshop", "south": "customwebshop"}
    world = small_world(random.Random(1), 9, 5, 5, systems=connectors, guests_in=("north",))
    north, south = (world.seen_in(name, connectors) for name in connectors)
    assert {p.identity for p in north.parties} != {p.identity for p in south.parties}
    assert north.within("customwebshop") == north
    assert south.within("customwebshop") == south
