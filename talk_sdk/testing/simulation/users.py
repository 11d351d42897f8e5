"""People who work in the two systems, at any moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from decimal import Decimal
from random import Random
from typing import Any

from talk_sdk.testing.simulation.ledger import Ledger
from talk_sdk.testing.simulation.rendering import (
    COUNTRIES,
    FIELDS,
    KEYS,
    LINE_FIELDS,
    Field,
    placed,
)
from talk_sdk.testing.simulation.views import Seen, Twin, View

__all__ = ["Users"]

_LONG = " with a name that is longer than fifty characters are"
_FIXED = {
    "customers": {"kind", "number", "organisation_number", "language", "currency"},
    "products": {"barcode", "unit"},
    "orders": {"number", "invoice_number", "date", "currency"},
}
"""Fields that a system fills in itself, or that nobody changes in real life."""
_DECIMALS = {"unit_price", "cost_price", "sale_price", "shipping"}


class Users:
    """Draws what people do, does it in the systems, and takes it down."""

    def __init__(
        self, rng: Random, twins: Mapping[str, Twin], ledger: Ledger, now: Callable[[], float]
    ) -> None:
        self._rng = rng
        self._twins = twins
        self._ledger = ledger
        self._now = now
        self._made = 0
        self.counts: Counter[str] = Counter()

    @property
    def _linked(self) -> bool:
        """Whether the first run is through: before that, two stocks are two opinions."""
        return self._ledger.linked is not None

    def act(self) -> str:
        """One edit in one system; returns what it was."""
        twin = self._rng.choice(sorted(self._twins.values(), key=lambda t: t.name))
        before = twin.view()
        deeds: list[tuple[str, int, Callable[[Twin, View], bool]]] = [
            ("field", 12, self._edit),
            ("stock", 3, self._stock),
            ("line changed", 3, self._change_line),
            ("line added", 2, self._add_line),
            ("line removed", 2, self._remove_line),
            ("lines swapped", 1, self._swap_lines),
            ("customer created", 1, self._create_customer),
            ("product created", 1, self._create_product),
            ("order created", 1, self._create_order),
        ]
        name, _, deed = self._rng.choices(deeds, [weight for _, weight, _ in deeds])[0]
        if not deed(twin, before):
            return "nothing"
        moved = self._ledger.log(self._now(), twin, before, twin.view())
        what = f"edit: {name}" if moved else "edit: nothing new"
        self.counts[what] += 1
        return f"{twin.name} {name}"

    # --- fields -----------------------------------------------------------------------------------

    def _edit(self, twin: Twin, view: View) -> bool:
        kind = self._rng.choice(("customers", "customers", "products", "orders"))
        seen = self._pick(view, kind)
        if seen is None:
            return False
        changes: dict[str, Any] = {}
        for _ in range(self._rng.choice((1, 1, 2, 3))):
            each = self._rng.choice([f for f in FIELDS[kind] if f.name not in _FIXED[kind]])
            key = each.name in {"number", "email"}
            if key and (not self._linked or self._rng.random() < 0.7):
                continue
            _merge(changes, self._typed(twin, each))
        if changes:
            twin.control.edit(kind, seen.id, changes)
        return bool(changes)

    def _pick(self, view: View, kind: str) -> Seen | None:
        known = [seen for seen in view.records[kind] if not seen.tag.startswith("untagged")]
        return self._rng.choice(known) if known else None

    def _typed(self, twin: Twin, each: Field) -> dict[str, Any]:
        side = each.side(twin.connector)
        return placed(side.path, side.type_in(self._value(each.name)))

    def _value(self, name: str) -> Any:
        """A neutral value as somebody types it; texts and numbers are never the same twice."""
        self._made += 1
        rng, number = self._rng, self._made
        last = name.rpartition(".")[2]
        if last in _DECIMALS or last in {"quantity", "weight"}:
            return Decimal(number) + Decimal(rng.choice(("0", "0.5", "0.25", "0.125")))
        if last in {"discount", "tax_rate"}:
            return Decimal(number % 100) + Decimal(rng.choice(("0", "0.5")))
        special: dict[str, Callable[[], Any]] = {
            "active": lambda: rng.random() < 0.5,
            "country": lambda: rng.choice(sorted(COUNTRIES)),
            "status": lambda: rng.choice(("draft", "open", "closed", "cancelled")),
            "phone": lambda: f"+47 23 {number // 10000:02d} {number // 100 % 100:02d}"
                             f" {number % 100:02d}",
            "email": lambda: f"User{number}@example.no",
            "number": lambda: f"NEW-{number}",
        }  # fmt: skip
        special["mobile"] = special["phone"]
        if last in special:
            return special[last]()
        if last.endswith("date"):
            return f"20{27 + number // 336:02d}-{number // 28 % 12 + 1:02d}-{number % 28 + 1:02d}"
        return self._text(last, number)

    def _text(self, last: str, number: int) -> Any:
        case = self._rng.randrange(10)
        if case == 0 and last not in {"name", "number", "email"}:
            return None
        words = f"{last} {number}"
        if case == 1:
            return f"{words} Jo\u0308rg \u00c5se"
        if case == 2 and last == "name":
            return words + _LONG
        return f"  {words} " if case == 3 else words

    # --- counters ---------------------------------------------------------------------------------

    def _stock(self, twin: Twin, view: View) -> bool:
        seen = self._pick(view, "products")
        if seen is None or not self._linked:
            return False
        delta = self._rng.choice((-3, -2, -1, 1, 5, 40))
        name = KEYS[twin.connector]["products"]["stock"]
        twin.control.adjust("products", seen.id, name, delta)
        return True

    # --- lines ------------------------------------------------------------------------------------

    def _order(self, view: View, fewest: int) -> Seen | None:
        known = [seen for seen in view.records["orders"] if len(seen.lines) >= fewest]
        return self._rng.choice(known) if known else None

    def _put_lines(self, twin: Twin, order: Seen, lines: list[Any]) -> bool:
        twin.control.edit("orders", order.id, {"lines": lines})
        return True

    def _change_line(self, twin: Twin, view: View) -> bool:
        order = self._order(view, 1)
        if order is None:
            return False
        lines = [dict(seen.raw) for seen in order.lines]
        each = self._rng.choice([f for f in LINE_FIELDS if f.name not in {"sku", "tax_rate"}])
        self._rng.choice(lines).update(self._typed(twin, each))
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
        del lines[self._rng.randrange(len(lines))]
        return self._put_lines(twin, order, lines)

    def _swap_lines(self, twin: Twin, view: View) -> bool:
        order = self._order(view, 2)
        if order is None:
            return False
        lines = [dict(seen.raw) for seen in order.lines]
        self._rng.shuffle(lines)
        return self._put_lines(twin, order, lines)

    def _line(self, twin: Twin, view: View, taken: set[Any]) -> dict[str, Any]:
        self._made += 1
        places = KEYS[twin.connector]["lines"]
        line: dict[str, Any] = {places["tag"]: f"line {twin.name}/{self._made}"}
        free = [seen for seen in view.records["products"] if seen.tag not in taken]
        if free and self._rng.random() < 0.8:
            seen = self._rng.choice(free)
            number = seen.id if twin.connector == "customwebshop" else int(seen.id)
            line[places["product"]] = number
            sku = next(f for f in LINE_FIELDS if f.name == "sku").side(twin.connector).path
            line[sku] = seen.values["number"]
        for each in LINE_FIELDS:
            if each.name in {"quantity", "unit_price"}:
                line.update(self._typed(twin, each))
        return line

    # --- new records ------------------------------------------------------------------------------

    def _new(self, twin: Twin, kind: str, names: tuple[str, ...]) -> dict[str, Any]:
        self._made += 1
        record: dict[str, Any] = {KEYS[twin.connector][kind]["tag"]: f"tag {kind} {self._made}"}
        for each in FIELDS[kind]:
            if each.name in names:
                _merge(record, self._typed(twin, each))
        return record

    def _create_customer(self, twin: Twin, _view: View) -> bool:
        names = ("name", "email", "phone", "first_name", "billing_address.line1",
                 "billing_address.country")  # fmt: skip
        twin.control.create("customers", self._new(twin, "customers", names))
        return True

    def _create_product(self, twin: Twin, _view: View) -> bool:
        record = self._new(twin, "products", ("name", "number", "unit_price", "tax_rate"))
        record[KEYS[twin.connector]["products"]["stock"]] = self._rng.randrange(50)
        twin.control.create("products", record)
        return True

    def _create_order(self, twin: Twin, view: View) -> bool:
        customer = self._pick(view, "customers")
        if customer is None or not self._linked:
            return False
        record = self._new(twin, "orders", ("date", "status", "title", "shipping"))
        place = KEYS[twin.connector]["orders"]["customer"]
        record[place] = customer.id if twin.connector == "customwebshop" else int(customer.id)
        lines: list[dict[str, Any]] = []
        taken: set[Any] = set()
        for _ in range(self._rng.randrange(1, 4)):
            lines.append(self._line(twin, view, taken))
            product = lines[-1].get(KEYS[twin.connector]["lines"]["product"])
            taken.add(view.tag_of("products", product) if product is not None else None)
        twin.control.create("orders", {**record, "lines": lines})
        return True


def _merge(under: dict[str, Any], over: Mapping[str, Any]) -> None:
    for name, value in over.items():
        below = under.get(name)
        if isinstance(below, dict) and isinstance(value, dict):
            _merge(below, value)
        else:
            under[name] = value
