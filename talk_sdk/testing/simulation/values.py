"""Values as somebody types them; texts and numbers are never the same twice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from random import Random
from typing import Any

from talk_sdk.testing.simulation.sides import Field, placed
from talk_sdk.testing.simulation.turns import COUNTRIES, REGIONS
from talk_sdk.testing.simulation.views import Seen, Twin

__all__ = ["FIXED", "Typist", "mark", "merge_into"]

_LONG = " with a name that is longer than fifty characters are"
FIXED = {
    "customers": {"kind", "number", "organisation_number", "language", "currency"},
    "products": {"barcode", "unit"},
    "orders": {"number", "invoice_number", "date", "currency"},
}
"""Fields that a system fills in itself, or that nobody changes in real life."""
_DECIMALS = {"unit_price", "cost_price", "sale_price", "shipping"}
_ANY_TEXT = {"name", "title", "reference", "first_name", "last_name", "line1", "city"}


def mark(system: str) -> str:
    """A text that a system takes from its own users at most."""
    return f"\u00a7{system}"


class Typist:
    """Draws values.

    Args:
        rng: where they come from.
        systems: all of them.
        regions: whether subdivisions are those that there really are.
        picky: chance that one of the other systems does not take a text.
    """

    def __init__(
        self, rng: Random, systems: Iterable[str], *, regions: bool = False, picky: float = 0.0
    ) -> None:
        self._rng = rng
        self._systems = sorted(systems)
        self._regions = regions
        self.picky = picky
        self.made = 0

    def typed(self, twin: Twin, each: Field, seen: Seen | None = None) -> dict[str, Any]:
        """A new value for a field of a record, as a record that has only that."""
        side = each.side(twin.connector)
        if self._regions and each.name.endswith(".subdivision"):
            country = seen.values.get(each.name.replace("subdivision", "country")) if seen else None
            return placed(side.path, self._region(country, codes=twin.dialect.region_codes))
        value = self._value(each.name)
        if each.name.rpartition(".")[2] in _ANY_TEXT and isinstance(value, str):
            value = self._marked(twin, value)
        return placed(side.path, side.type_in(value))

    def _marked(self, twin: Twin, text: str) -> str:
        if not self.picky or self._rng.random() >= self.picky:
            return text
        others = [name for name in self._systems if name != twin.name]
        return f"{mark(self._rng.choice(others))} {text.strip()}"

    def _region(self, country: Any, *, codes: bool) -> str | None:
        """A subdivision; where codes are asked for, one of the country, or none."""
        known = REGIONS.get(country, {})
        if codes:
            return self._rng.choice([None, *known])
        foreign = [name for names in REGIONS.values() for pair in names.items() for name in pair]
        return self._rng.choice([None, *known, *known.values(), self._rng.choice(foreign)])

    def _value(self, name: str) -> Any:
        """A neutral value as somebody types it; texts and numbers are never the same twice."""
        self.made += 1
        rng, number = self._rng, self.made
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
        special["mobile"] = special["fax"] = special["phone"]
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


def merge_into(under: dict[str, Any], over: Mapping[str, Any]) -> None:
    """Put a nested record over another."""
    for name, value in over.items():
        below = under.get(name)
        if isinstance(below, dict) and isinstance(value, dict):
            merge_into(below, value)
        else:
            under[name] = value
