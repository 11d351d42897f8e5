"""Judges whether systems agree and whether anything is in one of them twice."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from talk_sdk.testing.demo.sights import COLLECTIONS, INVOICE, Sight, Sights, name, who, words
from talk_sdk.testing.neutral import World

__all__ = ["Expectation", "Lacks", "Verdict", "judge"]

Lacks = Callable[[str, Sequence[Sight]], bool]
"""(collection, a record as others have it) → whether a system has no place for it."""


@dataclass(frozen=True)
class Expectation:
    """What a system must say of one record after the story, written by hand."""

    system: str
    collection: str
    id: str
    field: str
    value: Any


@dataclass
class Verdict:
    """What the judge found. `faults` are sentences for a person."""

    duplicates: int = 0
    faults: list[str] = field(default_factory=list)
    twins: list[str] = field(default_factory=list)
    compared: int = 0
    waiting: int = 0

    @property
    def agreement(self) -> bool:
        """Whether all systems say the same, and what they should."""
        return not self.faults


def judge(
    world: World,
    sights: Mapping[str, Sights],
    identities: Mapping[str, Mapping[str, Mapping[str, str | None]]],
    expectations: Iterable[Expectation],
    shop: str,
    lacks: Mapping[str, Lacks],
) -> Verdict:
    """Compare the systems with each other and with what the story expects.

    Args:
        world: what the systems were seeded from.
        sights: system → what it holds now.
        identities: system → collection → id → hidden identity, None for what came since.
        expectations: what the story's edits must have led to.
        shop: the system whose guest orders have no customer of their own.
        lacks: system → whether it has no place for a record as others have it.
    """
    verdict = Verdict()
    for collection in COLLECTIONS:
        known = _known(world, sights, identities, collection)
        found = {
            system: _by_identity(seen[collection], identities[system][collection], known)
            for system, seen in sights.items()
            if collection in seen
        }
        for system, groups in found.items():
            for rows in groups.values():
                verdict.duplicates += len(rows) - 1
                if len(rows) > 1:
                    ids = " and ".join(row.id for row in rows)
                    verdict.twins.append(f"{system} {collection} {ids} are one: {rows[0].key}")
        excused = _excused(collection, sights[shop])
        _compare(collection, found, excused, lacks, verdict)
    for item in expectations:
        row = next((s for s in sights[item.system][item.collection] if s.id == item.id), None)
        value = None if row is None else row.values[item.field]
        if value != item.value:
            verdict.faults.append(
                f"{item.system} {item.collection} {item.id}: {item.field} is {value!r},"
                f" expected {item.value!r}"
            )
    return verdict


def _known(
    world: World,
    sights: Mapping[str, Sights],
    identities: Mapping[str, Mapping[str, Mapping[str, str | None]]],
    collection: str,
) -> dict[tuple[str, ...], set[str]]:
    """Key → the hidden identities that go by it."""
    known: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for key, identity in _NATURAL[collection](world):
        known[key].add(identity)
    for system, seen in sights.items():
        for sight in seen.get(collection, ()):
            seeded = identities[system][collection].get(sight.id)
            if seeded is not None:
                for key in _goes_by(collection, sight):
                    known[key].add(seeded)
    for sight in (sight for seen in sights.values() for sight in seen.get("orders", ())):
        if collection == "orders" and (INVOICE, sight.values.get(INVOICE)) in known:
            known[sight.key] |= known[INVOICE, sight.values[INVOICE]]
    return known


def _goes_by(collection: str, sight: Sight) -> set[tuple[str, ...]]:
    """The keys of a record, and those by which a system without numbers would know it."""
    values = sight.values
    if collection == "customers":
        return {sight.key, who(None, values["email"], values["name"], values["phone"])}
    return {sight.key, (values["name"],)} if collection == "products" else {sight.key}


def _customers(world: World) -> Iterator[tuple[tuple[str, ...], str]]:
    for party in world.parties:
        # Some systems have no organisation numbers.
        for number in {party.organisation_number, None}:
            yield who(number, party.email, party.name, party.phone), party.identity
    known = {words(party.email).lower() for party in world.parties if words(party.email)}
    for deal in world.deals:
        guest = deal.guest
        if guest is not None and words(guest.email).lower() not in known:
            # A guest without address is somebody else with each order.
            person = words(guest.email).lower() or deal.identity
            yield who(None, guest.email, guest.name, guest.phone), f"guest {person}"


def _products(world: World) -> Iterator[tuple[tuple[str, ...], str]]:
    for item in world.items:
        yield (words(item.sku).lower() or name(item.name),), item.identity
        yield (name(item.name),), item.identity


def _orders(world: World) -> Iterator[tuple[tuple[str, ...], str]]:
    for deal in world.deals:
        if deal.number:
            yield (deal.number,), deal.identity


_NATURAL: Mapping[str, Callable[[World], Iterator[tuple[tuple[str, ...], str]]]] = {
    "customers": _customers,
    "products": _products,
    "orders": _orders,
}


def _by_identity(
    rows: Iterable[Sight],
    identities: Mapping[str, str | None],
    known: Mapping[tuple[str, ...], set[str]],
) -> dict[str, list[Sight]]:
    """Identity → records. What came since is who its key says; several with one key share it."""
    found: dict[str, list[Sight]] = defaultdict(list)
    late = []
    for sight in rows:
        seeded = identities.get(sight.id)
        if seeded is None:
            late.append(sight)
        else:
            found[seeded].append(sight)
    for sight in late:
        fitting = known.get(sight.key, set())
        if not fitting and "name" in sight.values:
            # A product that got its number since is known by its name.
            fitting = known.get((sight.values["name"],), set())
        candidates = sorted(fitting, key=lambda i: (len(found[i]), i))
        found[candidates[0] if candidates else "/".join(sight.key)].append(sight)
    return {identity: rows for identity, rows in found.items() if rows}


def _excused(collection: str, shop: Sights) -> dict[str, set[Any]]:
    """What need not be everywhere: guests, and orders of guests who cannot be told apart."""
    emails = Counter(s.values["email"] for s in shop["customers"] if s.values["email"])
    guests = {s.values["buyer"] for s in shop["orders"]}
    shared = {email for email, count in emails.items() if count > 1}
    if collection == "customers":
        return {"buyers": guests}
    waiting = {s.id for s in shop["orders"] if s.values["buyer"] in shared}
    return {"waiting": waiting if collection == "orders" else set()}


def _compare(
    collection: str,
    found: Mapping[str, Mapping[str, list[Sight]]],
    excused: Mapping[str, set[Any]],
    lacks: Mapping[str, Lacks],
    verdict: Verdict,
) -> None:
    everyone = sorted({identity for groups in found.values() for identity in groups})
    for identity in everyone:
        here = {system: groups.get(identity, []) for system, groups in found.items()}
        rows = [rows[0] for rows in here.values() if rows]
        missing = [
            system
            for system, there in here.items()
            if not there and not lacks[system](collection, rows)
        ]
        if missing:
            if any(row.id in excused.get("waiting", set()) for row in rows):
                verdict.waiting += 1
            elif not any(_reach(row) in excused.get("buyers", set()) for row in rows):
                places = ", ".join(missing)
                verdict.faults.append(
                    f"{collection} {'/'.join(rows[0].key)} is missing in {places}"
                )
            continue
        verdict.compared += 1
        verdict.faults += _differences(collection, {s: r[0] for s, r in here.items() if r})


def _differences(collection: str, here: Mapping[str, Sight]) -> Iterator[str]:
    """What systems that have a field say differently."""
    key = "/".join(next(iter(here.values())).key)
    for field_ in dict.fromkeys(name_ for row in here.values() for name_ in row.values):
        said = {s: row.values[field_] for s, row in here.items() if field_ in row.values}
        first, *others = said.values()
        agree = [_same(field_, first, other) for other in others]
        # Two systems that number by themselves have a number each; the others have one of them.
        if not (any(agree) if field_ == "invoice" and others else all(agree)):
            words_ = ", ".join(f"{system} {value!r}" for system, value in said.items())
            yield f"{collection} {key}: {field_} differs: {words_}"


def _reach(row: Sight) -> str:
    return str(row.values.get("email") or row.values.get("name", ""))


def _same(field_: str, one: Any, other: Any) -> bool:
    if field_ == "buyer":
        return not one or not other or one == other
    return bool(one == other)
