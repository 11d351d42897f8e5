"""People who work in the systems, at any moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from talk_sdk.testing.simulation.deleting import Deleting
from talk_sdk.testing.simulation.fields import FIELDS, LINE_FIELDS
from talk_sdk.testing.simulation.ledger import Ledger
from talk_sdk.testing.simulation.meetings import Meetings
from talk_sdk.testing.simulation.sides import Field, at, placed
from talk_sdk.testing.simulation.values import FIXED, Typist, mark, merge_into
from talk_sdk.testing.simulation.views import Seen, Twin, View

__all__ = ["Users"]

_HOT = 0.5


class Users:
    """Draws what people do, does it in the systems, and takes it down."""

    def __init__(
        self,
        rng: Random,
        twins: Mapping[str, Twin],
        ledger: Ledger,
        now: Callable[[], float],
        *,
        numbering: bool = False,
        deleting: bool = False,
        picky: float = 0.0,
    ) -> None:
        """Take the systems.

        With `numbering`, people number new orders themselves; with `deleting`, they delete;
        `picky` is the chance that they type what another system does not take.
        """
        self._numbering = numbering
        self._rng = rng
        self._twins = twins
        self._ledger = ledger
        self._now = now
        coded = any(twin.dialect.region_codes for twin in twins.values())
        self._typist = Typist(rng, twins, regions=coded, picky=picky)
        self.live = False
        self.counts: Counter[str] = Counter()
        self._deleting = Deleting(rng, twins, ledger) if deleting else None
        self._meetings = Meetings(rng, self._typist, twins, ledger)

    def moved_keys(self) -> bool:
        """Whether keys have changed hands since this was asked last."""
        moved, self._meetings.moved = self._meetings.moved, False
        return moved

    @property
    def _linked(self) -> bool:
        """Whether the first run is through: before that, two stocks are two opinions."""
        return self._ledger.linked is not None

    def act(self) -> str:
        """One edit in one system; returns what it was."""
        twin = self._rng.choice(sorted(self._twins.values(), key=lambda t: t.name))
        before = twin.view()
        meetings = self._meetings
        meetings.live = self.live
        deeds: list[tuple[str, int, Callable[[Twin, View], bool]]] = [
            ("field", 10, self._edit),
            ("field, by two", 6, meetings.rival),
            ("line, by two", 3, meetings.rival_line),
            ("key handed over", 2, meetings.hand_over),
            ("twin", 2, meetings.twin),
            ("twin let go", 4, meetings.let_go),
            ("taken back", 3, meetings.take_back),
            ("stock", 5, self._stock),
            ("line changed", 3, self._change_line),
            ("line added", 2, self._add_line),
            ("line removed", 2, self._remove_line),
            ("lines swapped", 1, self._swap_lines),
            ("customer created", 1, self._create_customer),
            ("product created", 1, self._create_product),
            ("order created", 1, self._create_order),
        ]
        if self._deleting is not None:
            deeds.append(("record deleted", 3, self._deleting.delete))
            deeds.append(("id given again", 3, self._give_again))
        name, _, deed = self._rng.choices(deeds, [weight for _, weight, _ in deeds])[0]
        if not deed(twin, before.without(self._ledger.in_hand.get(twin.name, ()))):
            return "nothing"
        moved = self._ledger.log(self._now(), twin, before, twin.view())
        moved = moved or name == "lines swapped"
        what = f"edit: {name}" if moved else "edit: nothing new"
        self.counts[what] += 1
        if self.live and name in {"record deleted", "customer created", "product created"}:
            self.counts["pages drift under a read"] += 1
        return f"{twin.name} {name}"

    def mend(self) -> list[str]:
        """Type something else wherever a text stands that some system does not take."""
        self._typist.picky = 0.0
        mended = []
        for twin in self._twins.values():
            before = twin.view()
            for kind, records in before.records.items():
                for seen in records:
                    changes = self._mended(twin, kind, seen)
                    if changes:
                        twin.edit(seen, changes)
                        mended.append(f"{twin.name} {kind} {seen.id}")
            self._ledger.log(self._now(), twin, before, twin.view())
        self.counts["edit: mended"] += len(mended)
        return mended

    def _mended(self, twin: Twin, kind: str, seen: Seen) -> dict[str, Any]:
        changes: dict[str, Any] = {}
        for each in FIELDS[kind]:
            value = seen.values.get(each.name) if twin.has(each) else None
            if isinstance(value, str) and any(
                mark(name) in value.casefold() for name in self._twins
            ):
                merge_into(changes, self._typist.typed(twin, each, seen))
        return changes

    # --- fields -----------------------------------------------------------------------------------

    def _edit(self, twin: Twin, view: View) -> bool:
        kind = self._rng.choice(("customers", "customers", "products", "orders"))
        seen = self._pick(twin, view, kind)
        open_fields = self._open_fields(twin, kind)
        if seen is None or not open_fields:
            return False
        changes: dict[str, Any] = {}
        edited = []
        for _ in range(self._rng.choice((1, 1, 2, 3))):
            each = self._rng.choice(open_fields)
            if each.name in self._keys(kind) and (not self._linked or self._rng.random() < 0.7):
                continue
            merge_into(changes, self._typist.typed(twin, each, seen))
            edited.append(each)
        if changes:
            twin.edit(seen, changes)
            self._meetings.remember(twin, kind, seen, tuple(edited))
        return bool(changes)

    def _open_fields(self, twin: Twin, kind: str) -> list[Field]:
        """What people change, and what another system has too."""
        others = [other for other in self._twins.values() if other.name != twin.name]
        return [
            each
            for each in FIELDS[kind]
            if each.name not in FIXED[kind]
            and kind in twin.dialect.makes
            and each.name != twin.tags.get(kind)
            and twin.has(each)
            and not twin.dialect.unedited(kind, each.name)
            and any(other.has(each) for other in others)
        ]

    def _keys(self, kind: str) -> set[str]:
        """What records are told apart by: of no use to anybody if it is changed too soon."""
        having = [twin for twin in self._twins.values() if kind in twin.dialect.kinds]
        by_name = kind == "products" and any(
            "number" not in twin.dialect.sides[kind] for twin in having
        )
        return {"number", "email"} | ({"name"} if by_name else set())

    def _pick(self, twin: Twin, view: View, kind: str) -> Seen | None:
        """A record; most likely one that was changed lately, by whom ever."""
        known = [seen for seen in view.records[kind] if not seen.tag.startswith("untagged")]
        lately = {id_ for _, system, where, id_ in self._ledger.touched[-12:]
                  if (system, where) == (twin.name, kind)}  # fmt: skip
        hot = [seen for seen in known if seen.id in lately]
        if hot and self._rng.random() < _HOT:
            return self._rng.choice(hot)
        return self._rng.choice(known) if known else None

    # --- counters ---------------------------------------------------------------------------------

    def _stock(self, twin: Twin, view: View) -> bool:
        seen = self._pick(twin, view, "products")
        if seen is None or not self._linked or "stock" not in twin.dialect.places["products"]:
            return False
        delta = self._rng.choice((-3, -2, -1, 1, 5, 40))
        return twin.adjust(seen, delta)

    # --- lines ------------------------------------------------------------------------------------

    def _order(self, view: View, fewest: int) -> Seen | None:
        known = [seen for seen in view.records["orders"] if len(seen.lines) >= fewest]
        if "orders" not in view.makes:
            return None
        return self._rng.choice(known) if known else None

    def _put_lines(self, twin: Twin, order: Seen, lines: list[Any]) -> bool:
        twin.edit(order, {"lines": lines})
        return True

    def _change_line(self, twin: Twin, view: View) -> bool:
        order = self._order(view, 1)
        if order is None:
            return False
        lines = [dict(seen.raw) for seen in order.lines]
        typed = [f for f in LINE_FIELDS if f.name not in {"sku", "tax_rate"} and twin.has(f)]
        each = self._rng.choice(typed)
        index = self._rng.randrange(len(lines))
        lines[index].update(self._typist.typed(twin, each))
        self._meetings.line = (twin.name, order.tag, order.lines[index].tag)
        return self._put_lines(twin, order, lines)

    def _add_line(self, twin: Twin, view: View) -> bool:
        order = self._order(view, 0)
        if order is None:
            return False
        lines = [dict(seen.raw) for seen in order.lines]
        line = self._line(twin, view, {seen.values["product"] for seen in order.lines})
        lines.insert(self._rng.randrange(len(lines) + 1), line)
        return self._put_lines(twin, order, lines)

    def _remove_line(self, twin: Twin, view: View) -> bool:
        order = self._order(view, 1)
        if order is None:
            return False
        lines = [dict(seen.raw) for seen in order.lines]
        index = self._rng.randrange(len(lines))
        self._meetings.line = (twin.name, order.tag, order.lines[index].tag)
        del lines[index]
        return self._put_lines(twin, order, lines)

    def _swap_lines(self, twin: Twin, view: View) -> bool:
        order = self._order(view, 2)
        if order is None:
            return False
        lines = [dict(seen.raw) for seen in order.lines]
        self._rng.shuffle(lines)
        return self._put_lines(twin, order, lines)

    def _line(self, twin: Twin, view: View, taken: set[Any]) -> dict[str, Any]:
        self._typist.made += 1
        places = twin.dialect.places["lines"]
        line: dict[str, Any] = {places["tag"]: f"line {twin.name}/{self._typist.made}"}
        free = [seen for seen in view.records["products"] if seen.tag not in taken
                and self._ledger.deletion("products", seen.tag) is None]  # fmt: skip
        if free and self._rng.random() < 0.8:
            seen = self._rng.choice(free)
            merge_into(line, placed(places["product"], twin.dialect.wire_id(seen.id)))
            sku = next(f for f in LINE_FIELDS if f.name == "sku")
            if twin.has(sku):
                line[sku.side(twin.connector).path] = seen.values["number"]
        for each in LINE_FIELDS:
            if each.name in {"quantity", "unit_price"}:
                line.update(self._typist.typed(twin, each))
        return line

    # --- new records ------------------------------------------------------------------------------

    def _new(self, twin: Twin, kind: str, names: tuple[str, ...]) -> dict[str, Any]:
        self._typist.made += 1
        record = placed(twin.tag_path(kind), f"tag {kind} {self._typist.made}")
        for each in FIELDS[kind]:
            if each.name in names and twin.has(each) and not twin.dialect.unedited(kind, each.name):
                merge_into(record, self._typist.typed(twin, each))
        return record

    def _create_customer(self, twin: Twin, _view: View) -> bool:
        if "customers" not in twin.dialect.makes:
            return False
        names = ("name", "email", "phone", "first_name", "billing_address.line1",
                 "billing_address.country")  # fmt: skip
        twin.create("customers", self._new(twin, "customers", names))
        return True

    def _give_again(self, twin: Twin, view: View) -> bool:
        create = {
            "customers": lambda: self._create_customer(twin, view),
            "products": lambda: self._create_product(twin, view),
        }
        return self._deleting is not None and self._deleting.give_again(twin, create)

    def _create_product(self, twin: Twin, _view: View) -> bool:
        if "products" not in twin.dialect.kinds:
            return False
        record = self._new(twin, "products", ("name", "number", "unit_price", "tax_rate"))
        stock = self._rng.randrange(50)
        if "stock" in twin.dialect.places["products"]:
            record[twin.dialect.places["products"]["stock"]] = stock
        twin.create("products", record)
        return True

    def _create_order(self, twin: Twin, view: View) -> bool:
        if "orders" not in twin.dialect.kinds:
            return False
        customer = self._pick(twin, view, "customers")
        if customer is None or not self._linked or customer.tag in self._ledger.doubles:
            return False
        if self._ledger.deletion("customers", customer.tag) is not None:
            return False
        names = ("date", "status", "title", "shipping", *(["number"] if self._numbering else []))
        record = self._new(twin, "orders", names)
        place = twin.dialect.places["orders"]["customer"]
        merge_into(record, placed(place, twin.dialect.wire_id(customer.id)))
        lines: list[dict[str, Any]] = []
        taken: set[Any] = set()
        for _ in range(self._rng.randrange(1, 4)):
            lines.append(self._line(twin, view, taken))
            product = at(lines[-1], twin.dialect.places["lines"]["product"])
            taken.add(view.tag_of("products", product) if product is not None else None)
        twin.create("orders", {**record, "lines": lines})
        return True
