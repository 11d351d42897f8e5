"""Users of three systems who make records and edit them, and what has to stand everywhere then.

Each property of a record is edited in one system only, so that there is never a doubt which edit
stands: the last one. Records carry a tag that nobody edits; it is their hidden identity.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any

from talk_sdk.testing.control import Control

__all__ = ["CONNECTORS", "LISTED", "Users"]

CONNECTORS = {"shop": "customwebshop", "erp": "customerp", "books": "wave"}
"""System → connector."""

Paths = Mapping[str, str]

_COLLECTIONS = {
    "shop": {"customer": "customers", "product": "products", "order": "orders"},
    "erp": {"customer": "customers", "product": "products", "order": "orders"},
    "books": {"customer": "customers", "product": "products", "order": "invoices"},
}
_IDS = {
    "shop": dict.fromkeys(("customer", "product", "order"), "id"),
    "erp": {"customer": "customerId", "product": "productId", "order": "orderId"},
    "books": dict.fromkeys(("customer", "product", "order"), "id"),
}
_TAGS: Mapping[str, Paths] = {
    "shop": {"customer": "note", "product": "title", "order": "note"},
    "erp": {"customer": "remark", "product": "description", "order": "remark"},
    "books": {"customer": "internalNotes", "product": "name", "order": "memo"},
}
_FIELDS: Mapping[str, Mapping[str, Paths]] = {
    "customer": {
        "name": {"shop": "name", "erp": "name", "books": "name"},
        "city": {"shop": "billing.city", "erp": "invoiceAddress.town", "books": "address.city"},
    },
    "product": {
        "price": {"shop": "price", "erp": "salesPriceMinor", "books": "unitPrice"},
    },
    "order": {
        "due": {"shop": "due_date", "erp": "dueDate", "books": "dueDate"},
    },
}
_PROPERTIES = {"name": "name", "city": "billing_address.city", "price": "unit_price",
               "due": "due_date"}  # fmt: skip
LISTED = "listed"
"""An edit that gave way to another one, and stands in the list of conflicts with it."""
_MAKERS = ("shop", "erp")
"""Systems in which records are made; in all they are edited."""

Row = dict[str, Any]


@dataclass
class _Thing:
    """A record as the users know it: where each property is edited, and what was typed last."""

    kind: str
    tag: str
    born: str
    typed: dict[str, tuple[str, str]] = field(default_factory=dict)


class Users:
    """Everybody who works in the systems, and the memory of all that they did."""

    def __init__(self, controls: Mapping[str, Control], rng: Random) -> None:
        """Nothing has happened yet."""
        self._controls, self._rng = controls, rng
        self._things: dict[str, _Thing] = {}
        self.edits: Counter[str] = Counter()

    def act(self) -> None:
        """One of them does something."""
        done = self._rng.random() < 0.6 and self._edit()
        if not done:
            self._make()

    # --- making -----------------------------------------------------------------------------------

    def _make(self) -> None:
        system = self._rng.choice(_MAKERS)
        kinds = ["customer", "product"]
        kinds += ["order"] * bool(self._ids(system, "customer"))
        kind = self._rng.choice(kinds)
        tag = f"{kind}-{len(self._things) + 1}"
        record = getattr(self, f"_{kind}_in_{system}")(tag)
        self._controls[system].create(_COLLECTIONS[system][kind], record, tag)
        self._things[tag] = _Thing(kind, tag, system)
        self.edits[f"{kind} made"] += 1

    def _customer_in_shop(self, tag: str) -> Row:
        return {"name": f"Name {tag}", "email": f"{tag}@example.no", "note": tag}

    def _customer_in_erp(self, tag: str) -> Row:
        return {"name": f"Name {tag}", "email": f"{tag}@example.no", "remark": tag}

    def _product_in_shop(self, tag: str) -> Row:
        return {"sku": tag, "title": tag, "price": "10.00"}

    def _product_in_erp(self, tag: str) -> Row:
        return {"articleNo": tag, "description": tag, "salesPriceMinor": 1000}

    def _order_in_shop(self, tag: str) -> Row:
        buyer = self._rng.choice(self._ids("shop", "customer"))
        line = {"text": f"Work {tag}", "quantity": "2", "unit_price": "12.50"}
        return {"customer_id": buyer, "currency": "NOK", "note": tag, "lines": [line]}

    def _order_in_erp(self, tag: str) -> Row:
        buyer = int(self._rng.choice(self._ids("erp", "customer")))
        line = {"text": f"Work {tag}", "qty": 2, "unitPriceMinor": 1250}
        return {"customerId": buyer, "remark": tag, "lines": [line]}

    # --- editing ----------------------------------------------------------------------------------

    def _edit(self) -> bool:
        """A property of a record that is there, in the system in which it is edited."""
        things = list(self._things.values())
        self._rng.shuffle(things)
        for thing in things[:5]:
            name = self._rng.choice(list(_FIELDS[thing.kind]))
            known = thing.typed.get(name)
            system = known[0] if known else self._rng.choice(list(_FIELDS[thing.kind][name]))
            rows = [row for row in self._rows(system, thing.kind) if row[0] == thing.tag]
            if len(rows) == 1:
                self._type(system, thing, name, rows[0][1])
                return True
        return False

    def _type(self, system: str, thing: _Thing, name: str, row: Row) -> None:
        number = sum(self.edits.values())
        wanted = {
            "name": f"Name {number}", "city": f"City {number}", "price": str(100 + number),
            "due": f"2027-{1 + number % 12:02d}-{1 + number // 12 % 28:02d}",
        }[name]  # fmt: skip
        path = _FIELDS[thing.kind][name][system]
        value: Any = int(wanted) * 100 if path == "salesPriceMinor" else wanted
        first, _, rest = path.partition(".")
        change = {first: {**(row.get(first) or {}), rest: value}} if rest else {first: value}
        ident = str(row[_IDS[system][thing.kind]])
        self._controls[system].edit(_COLLECTIONS[system][thing.kind], ident, change)
        self.remember(thing.tag, name, system, wanted)

    def remember(self, tag: str, name: str, system: str, value: str) -> None:
        """Something was typed: it has to stand everywhere in the end."""
        thing = self._things[tag]
        thing.typed[name] = (system, value)
        self.edits[f"{thing.kind} {name}"] += 1

    def _rows(self, system: str, kind: str) -> Iterator[tuple[str, Row]]:
        """(tag, record) of everything that users or we have made."""
        for row in self._controls[system].dump(_COLLECTIONS[system][kind]):
            tag = row.get(_TAGS[system][kind])
            if isinstance(tag, str) and tag.startswith(f"{kind}-"):
                yield tag, row

    def _ids(self, system: str, kind: str) -> list[str]:
        return [str(row[_IDS[system][kind]]) for _, row in self._rows(system, kind)]

    # --- judging ----------------------------------------------------------------------------------

    def judge(self, conflicts: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
        """What is wrong at quiet: (`duplicate`, `lost edit` or `disagreement`, which and where).

        `conflicts` is the list of them: an edit that stands there is not lost, but `listed`.
        """
        listed = {(each["property"], str(v)) for each in conflicts for v in each["values"].values()}
        for kind in _FIELDS:
            found = {system: list(self._rows(system, kind)) for system in CONNECTORS}
            for system, rows in found.items():
                for tag, count in Counter(tag for tag, _ in rows).items():
                    if count > 1:
                        yield "duplicate", f"{tag} is {count} times in {system}"
            known = {system: dict(rows) for system, rows in found.items()}
            for thing in self._things.values():
                if thing.kind == kind:
                    yield from _faults(thing, known, listed)


def _faults(
    thing: _Thing, known: Mapping[str, Mapping[str, Row]], listed: set[tuple[str, str]]
) -> Iterator[tuple[str, str]]:
    missing = [system for system, rows in known.items() if thing.tag not in rows]
    if missing:
        yield "disagreement", f"{thing.tag} is not in {' and '.join(missing)}"
    there = {system: rows[thing.tag] for system, rows in known.items() if thing.tag in rows}
    for name, paths in _FIELDS[thing.kind].items():
        said = {system: _said(row, paths[system]) for system, row in there.items()}
        system, wanted = thing.typed.get(name, ("", None))
        if len({*said.values()}) > 1 and (wanted is not None or name != "due"):
            # Wave fills in a due date of its own, which is nobody's.
            yield "disagreement", f"{thing.tag} {name}: {said}"
        elif wanted is not None and any(value != wanted for value in said.values()):
            kind = LISTED if (_PROPERTIES[name], wanted) in listed else "lost edit"
            yield kind, f"{thing.tag} {name}: {wanted!r} was typed in {system}, and is {said}"


def _said(row: Row, path: str) -> str | None:
    value: Any = row
    for name in path.split("."):
        value = (value or {}).get(name)
    if path in {"price", "unitPrice"}:
        return str(int(Decimal(str(value))))
    if path == "salesPriceMinor":
        return str(int(value) // 100)
    return None if value is None else str(value)
