"""What the oracle lets pass, and why: each case as narrow as the rules have it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path

from talk_sdk.operations import Item, Status
from talk_sdk.testing.simulation.ledger import EXISTS, Event, Key, Ledger
from talk_sdk.testing.simulation.verdicts import Listed, alike, listed
from talk_sdk.testing.simulation.views import Twin, View

__all__ = ["Excuses"]

_KINDS = {"Customer": "customers", "Product": "products", "Order": "orders", "Guest": "customers"}
_KEYS_KEPT_S = 86_400.0
"""How long the shop remembers an idempotency key."""
_ByField = dict[tuple[str, str], list[Listed]]


class Excuses:
    """Knows what the engine has listed for people, and in which cases a list is enough."""

    def __init__(
        self,
        twins: Mapping[str, Twin],
        views: Mapping[str, View],
        ledger: Ledger,
        store: Path,
        status: Status,
    ) -> None:
        self._twins = twins
        self._views = views
        self._ledger = ledger
        self.conflicts = listed(store, self._named)
        self._conflicts: _ByField = defaultdict(list)
        for each in self.conflicts:
            self._conflicts[each.kind, each.name].append(each)
        self.counts: Counter[str] = Counter({"conflicts listed": len(self.conflicts)})
        self._held = self._held_back(status)
        self._counters = {self.tag_at(item) for item in status.reviews
                          if item.reason.startswith("counter:")}  # fmt: skip

    # --- edits that are not there -----------------------------------------------------------------

    def allow(self, key: Key, event: Event) -> bool:
        """Whether the last edit of a field may be missing from the final values."""
        if event.number == 0:
            return True
        cases = (
            ("lost, but listed as a conflict", self._in_conflicts),
            ("excused: two lines of one product, listed", self._mixed_line),
            ("excused: line removed later, see its existence", self._removed_later),
            ("excused: empty at first linking", self._empty_at_linking),
            ("excused: changed and changed back unseen", self._flip),
            ("excused: put back while a write was in doubt", self._put_back),
        )
        for name, case in cases:
            if case(key, event):
                self.counts[name] += 1
                return True
        return False

    def mixed(self, tag: str) -> bool:
        """Whether two new lines of one product were taken for one, which the list then says."""
        texts = self._conflicts.get(("lines", "description"), [])
        return any(tag in each.values.values() for each in texts)

    def _mixed_line(self, key: Key, _event: Event) -> bool:
        return key[0] == "lines" and self.mixed(key[1])

    def _removed_later(self, key: Key, event: Event) -> bool:
        """The line was removed by the same hands: then only its existence is in question."""
        existence = self._ledger.events.get((key[0], key[1], EXISTS), [])
        return key[2] != EXISTS and any(
            not e.value and e.system == event.system and e.number > event.number and not e.erased
            for e in existence
        )

    def _empty_at_linking(self, key: Key, event: Event) -> bool:
        """A value beats an empty one where two records meet for the first time (rule G5)."""
        empty = event.value is None or (key[2] == EXISTS and not event.value)
        linked = self._ledger.linked
        shared = len(self._ledger.homes[key[1]]) > 1
        return empty and shared and (linked is None or event.number <= linked)

    def _flip(self, key: Key, event: Event) -> bool:
        """Changed and changed back before anybody looked: nothing had happened."""
        collection = "orders" if key[0] == "lines" else key[0]
        looks = self._ledger.looks.get((event.system, collection, event.record), [])
        own = [e for e in self._ledger.events[key] if e.system == event.system]
        for earlier in own[: own.index(event)]:
            seen = any(earlier.number <= number < event.number for number in looks)
            if earlier.before == event.value and not seen:
                return True
        return False

    def _put_back(self, key: Key, event: Event) -> bool:
        """What a doubted write changed was put back: that reads as if it had not happened (D1)."""
        own = [e for e in self._ledger.events[key] if e.system == event.system]
        earlier = own[: own.index(event)]
        removed = not earlier and key[2] == EXISTS and not event.value
        if not removed and (not earlier or earlier[-1].value != event.value):
            return False
        since = self._ledger.events[key][0].time if removed else earlier[-1].time
        return any(
            where in {None, event.system} and since <= at <= event.time
            for at, where, _ in self._ledger.doubts
        )

    def kept(self, key: Key, event: Event) -> bool:
        """Whether the conflict list says of a line's order that its existence was in question."""
        return self._in_conflicts((key[0], key[1], EXISTS), event)

    def _in_conflicts(self, key: Key, event: Event) -> bool:
        kind, tag, name = key
        if kind == "lines":
            tag = self._views[event.system].tag_of("orders", event.record) or tag
        return any(
            each.tag in {None, tag}
            and (name == EXISTS or any(alike(v, event.value, name) for v in each.values.values()))
            for each in self._conflicts.get((kind, name), [])
        )

    def _named(self, origin: str) -> tuple[str, str | None]:
        """Kind and tag of what the engine calls `shop.Customer:cus_000001`."""
        # A line goes by its order's tag: lines have no names of their own.
        system, _, rest = origin.partition(".")
        entity, _, id_ = rest.partition(":")
        if "/lines" in id_:
            return "lines", self._named(origin.removesuffix("/lines"))[1]
        kind = _KINDS[entity]
        if entity == "Guest":
            orders = self._views[system].records["orders"]
            return kind, next((o.values["customer"] for o in orders if o.id == id_), None)
        return kind, self._views[system].tag_of(kind, id_)

    # --- creates that nothing can clear up --------------------------------------------------------

    def doubted(self, item: Item) -> bool:
        """Whether a review, or what waits for it, is one that rule D3 asks for."""
        if item.reason.startswith("waits for "):
            return self.tag_at(item) in self._held
        kind = _KINDS.get(item.entity)
        if item.reason.startswith("counter:"):
            return kind == "products" and bool(self._lost(item.system, "stock"))
        if self.double(item):
            return True
        about_create = item.reason.startswith(("create: the answer", "could be the record"))
        return kind is not None and about_create and self._unprovable(item.system, kind)

    def double(self, item: Item) -> bool:
        """Whether it is a second customer with the address of another one."""
        if ":" in item.id or _KINDS.get(item.entity) != "customers":
            return False
        tag = self.tag_at(item)
        records = self._views[item.system].records["customers"]
        emails = [seen.values["email"] for seen in records if seen.tag == tag]
        shared = [seen for seen in records if seen.values["email"] in emails and seen.tag != tag]
        return tag in self._ledger.doubles or bool(shared)

    def uncounted(self, tag: str) -> bool:
        """Whether a person is asked about the stock of a product (rule D2)."""
        return tag in self._counters

    def held(self, kind: str, tag: str) -> bool:
        """Whether a record waits for the answer to such a question."""
        if kind != "lines":
            return tag in self._held
        return any(
            seen.values["order"] in self._held
            for view in self._views.values()
            for seen in view.every()
            if seen.kind == "lines" and seen.tag == tag
        )

    def _held_back(self, status: Status) -> set[str | None]:
        found: set[str | None] = set()
        for item in status.reviews:
            if self.doubted_create(item):
                found.add(self.tag_at(item))
        for item in status.parked:
            if self.doubted_create(item):
                found.add(self.tag_at(item))
        for view in self._views.values():
            for order in view.records["orders"]:
                parts = {order.values["customer"], *(x.values["product"] for x in order.lines)}
                if parts & (found - {None}):
                    found.add(order.tag)
        return found - {None}

    def doubted_create(self, item: Item) -> bool:
        """Whether an item is a create in doubt, or a record that may be its twin."""
        return not item.reason.startswith(("waits for ", "counter:")) and self.doubted(item)

    def tag_at(self, item: Item) -> str | None:
        """The tag of a listed record: by its own id, or by its origin's name."""
        if ":" in item.id:
            return self._named(item.id)[1]
        return self._named(f"{item.system}.{item.entity}:{item.id}")[1]

    def _unprovable(self, system: str, kind: str) -> bool:
        """A create whose answer was lost, and nothing left that proves what became of it."""
        doubts = self._lost(system, kind)
        if system in self._ledger.blind:
            return bool(doubts)
        if self._twins[system].connector == "customwebshop":
            return any(self._next_run(at) - at > _KEYS_KEPT_S - 3600.0 for at in doubts)
        made = any(
            event.number > 0 and event.system == system and event.value
            for key, events in self._ledger.events.items()
            if key[0] == kind and key[2] == EXISTS
            for event in events
        )
        return bool(doubts) and made

    def _lost(self, system: str, what: str) -> list[float]:
        """When answers to writes of this kind were lost; by a kill any may have been."""
        return [at for at, where, kind in self._ledger.doubts
                if where in {None, system} and kind in {None, what}]  # fmt: skip

    def _next_run(self, at: float) -> float:
        return next((run for run in self._ledger.runs if run > at), at)
