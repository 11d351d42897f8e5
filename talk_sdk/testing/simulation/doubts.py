"""Which questions to a person are in place: creates and counters that nothing can clear up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from talk_sdk.reports import Item, Status
from talk_sdk.testing.simulation.ledger import EXISTS, Ledger
from talk_sdk.testing.simulation.origins import KINDS_OF_ENTITIES
from talk_sdk.testing.simulation.policies import Policies
from talk_sdk.testing.simulation.views import Twin, View

__all__ = ["Doubts", "of_a_system"]

_KEYS = {
    "customers": ("email", "organisation_number"), "products": ("name", "number"), "orders": (),
}  # fmt: skip


class Doubts:
    """Knows for which records the engine may wait for a person, and in which systems.

    Args:
        twins: the systems.
        views: what they hold.
        ledger: what happened.
        status: what the engine lists.
        tag_at: a listed record's tag.
        policies: what is written nowhere.
    """

    def __init__(
        self,
        twins: Mapping[str, Twin],
        views: Mapping[str, View],
        ledger: Ledger,
        status: Status,
        tag_at: Callable[[Item], str | None],
        policies: Policies,
    ) -> None:
        self._policies = policies
        self._twins = twins
        self._views = views
        self._ledger = ledger
        self._tag_at = tag_at
        self._held = self._held_back(status)
        self._counters = {tag_at(item) for item in status.reviews
                          if item.reason.startswith("counter:")}  # fmt: skip

    def expected(self, item: Item) -> bool:
        """Whether a review, or what waits for it, is one that rule D3 asks for."""
        if item.reason.startswith("waits for "):
            return self._tag_at(item) in self._held[item.system]
        kind = KINDS_OF_ENTITIES.get(item.entity)
        if item.reason.startswith("counter:"):
            return kind == "products" and bool(self._lost(item.system, "stock"))
        if self.double(item) or self._foreign(item, kind) or self._stale_key(item, kind):
            return True
        about_create = item.reason.startswith(("create: the answer", "could be the record"))
        return kind is not None and about_create and self._unprovable(item.system, kind)

    def refused(self, item: Item) -> bool:
        """Whether it is a record that its system must refuse."""
        return self._twins[item.system].dialect.refuses(item.reason)

    def double(self, item: Item) -> bool:
        """Whether it is a second customer with the address of another one."""
        about = KINDS_OF_ENTITIES.get(item.entity)
        if of_a_system(item.id, self._twins) or about != "customers":
            return False
        tag = self._tag_at(item)
        records = self._views[item.system].records["customers"]
        emails = [seen.values["email"] for seen in records if seen.tag == tag]
        shared = [seen for seen in records if seen.values["email"] in emails and seen.tag != tag]
        return tag in self._ledger.doubles or bool(shared)

    def _stale_key(self, item: Item, kind: str | None) -> bool:
        """Whether a key keeps its old value where nothing is changed: it tells nobody apart."""
        changing = item.reason.endswith("is just changing at a record that has it")
        return changing and kind is not None and any(
            self._policies.changes_none(name, kind) for name in self._twins)  # fmt: skip

    def _foreign(self, item: Item, kind: str | None) -> bool:
        """Whether a system takes no such record, as somebody is told."""
        tag = self._tag_at(item)
        lacks = self._twins[item.system].dialect.lacks
        return kind is not None and any(
            seen.tag == tag and lacks(kind, seen.values, [line.values for line in seen.lines])
            for name, view in self._views.items()
            if name != item.system
            for seen in view.records[kind]
        )

    def uncounted(self, tag: str) -> bool:
        """Whether a person is asked about the stock of a product (rule D2)."""
        return tag in self._counters

    def held(self, system: str, kind: str, tag: str) -> bool:
        """Whether a record waits in a system for the answer to such a question."""
        held = self._held[system]
        if kind != "lines":
            return tag in held
        return any(
            seen.values["order"] in held
            for view in self._views.values()
            for seen in view.every()
            if seen.kind == "lines" and seen.tag == tag
        )

    def _held_back(self, status: Status) -> dict[str, set[str | None]]:
        found: dict[str, set[str | None]] = defaultdict(set)
        for item in filter(self.refused, status.dead_letters):
            found[item.system].add(self._tag_at(item))
        for item in (*status.reviews, *status.parked):
            if not item.reason.startswith(("waits for ", "counter:")) and self.expected(item):
                found[item.system].add(self._tag_at(item))
        orders = [order for view in self._views.values() for order in view.records["orders"]]
        for tags in found.values():
            tags.discard(None)
            for order in orders:
                parts = {order.values.get("customer"), *(x.values["product"] for x in order.lines)}
                if parts & tags:
                    tags.add(order.tag)
        return found

    def _unprovable(self, system: str, kind: str) -> bool:
        """A create whose answer was lost, and nothing left that proves what became of it."""
        doubts = self._lost(system, kind)
        if system in self._ledger.blind:
            return bool(doubts)
        kept = self._twins[system].dialect.kept_s
        if kept is not None:
            return any(self._next_run(at) - at > kept - 3600.0
                       or self._handed_over(system, kind, at) for at in doubts)  # fmt: skip
        made = [
            event.number
            for key, events in self._ledger.events.items()
            if key[0] == kind and key[2] == EXISTS
            for event in events
            if event.system == system and event.value
        ]
        if any(self._unproven(system, kind, at) for at in doubts):
            return bool(made)
        return bool(doubts) and any(number > 0 for number in made)

    def _handed_over(self, system: str, kind: str, at: float) -> bool:
        """Whether a key changed there meanwhile, and a record has it that a user made.

        To repeat the create could make that one twice.
        """
        until = at + (self._twins[system].dialect.kept_s or 0.0)
        events = [
            (name, event)
            for (what, _, name), events in self._ledger.events.items()
            if what == kind and name in {EXISTS, *_KEYS[kind]}
            for event in events
            if event.system == system and at <= event.time <= until
        ]
        made = any(name == EXISTS and event.value for name, event in events)
        return made and any(name != EXISTS and event.before is not None for name, event in events)

    def _unproven(self, system: str, kind: str, at: float) -> bool:
        """Whether it was not known yet, when it mattered, that markers are kept there.

        Then any record that is not linked may be the one, for the ERP does not say since when
        it has a record.
        """
        known = [time for time, *place in self._ledger.answered if place == [system, kind]]
        return not any(time < self._next_run(at) for time in known)

    def _lost(self, system: str, what: str) -> list[float]:
        """When answers to writes of this kind were lost; by a kill any may have been."""
        return [at for at, where, kind in self._ledger.doubts
                if where in {None, system} and kind in {None, what}]  # fmt: skip

    def _next_run(self, at: float) -> float:
        return next((run for run in self._ledger.runs if run > at), at)


def of_a_system(id_: str, systems: Iterable[str]) -> bool:
    """Whether a listed id is the name of a record elsewhere, like `shop.Customer:cus_000001`."""
    return ":" in id_ and id_.partition(".")[0] in systems
