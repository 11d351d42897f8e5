"""The running state of a world's generator, and the small things that it draws."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from talk_sdk.testing import names
from talk_sdk.testing.neutral import Address

BEGINNING = datetime(2025, 1, 6, 8, 0, tzinfo=UTC)
"""When the first thing of a world was created: long before any clock that tests use."""
WITHOUT_NUMBERS = frozenset({"wave"})
"""Connectors whose systems have neither organisation numbers nor product numbers."""
BY_EMAIL = WITHOUT_NUMBERS | {"squarespace"}
"""Connectors whose systems know who buys by an e-mail address alone."""
WITHOUT_CANCELLED = frozenset({"wave"})
"""Connectors whose systems have no cancelled orders."""


@dataclass
class Draw:
    """A generator's running state: its randomness, and a number for whatever must be unique."""

    rng: random.Random
    systems: tuple[str, ...]
    guests_in: tuple[str, ...]
    awkward: float
    connectors: Mapping[str, str]
    _number: int = field(default=0)

    def number(self) -> int:
        """A number that was not given before."""
        self._number += 1
        return self._number

    def odd(self) -> bool:
        """Whether this one is to be an odd case."""
        return self.rng.random() < self.awkward

    def maybe(self, value: str) -> str | None:
        """The value; of odd cases nothing, or an empty text."""
        return self.rng.choice((None, "")) if self.odd() else value

    def where(self) -> frozenset[str]:
        """All systems in one of three cases, else one of them, or two of more than two."""
        if self.rng.randrange(3) == 0:
            return frozenset(self.systems)
        if len(self.systems) > 2 and self.rng.randrange(4) == 0:
            return frozenset(self.rng.sample(self.systems, 2))
        return frozenset((self.rng.choice(self.systems),))

    def without_numbers(self, where: frozenset[str]) -> bool:
        """Whether it is in several systems, and one of them has no numbers to know it by."""
        return len(where) > 1 and bool(self._known(where) & WITHOUT_NUMBERS)

    def by_email(self, where: frozenset[str]) -> bool:
        """Whether it is in several systems, and one of them knows buyers by e-mail alone."""
        return len(where) > 1 and bool(self._known(where) & BY_EMAIL)

    def _known(self, where: frozenset[str]) -> set[str]:
        return {self.connectors[system] for system in where}

    def can_cancel(self, where: frozenset[str]) -> bool:
        """Whether an order can be a cancelled one in all of these systems."""
        return not self._known(where) & WITHOUT_CANCELLED

    def thing(self, kind: str, number: int) -> dict[str, Any]:
        """Identity, systems and times of a new thing."""
        created = BEGINNING + timedelta(seconds=number * 601 + self.rng.randrange(600))
        modified = created + timedelta(seconds=self.rng.randrange(86_400 * 20))
        return {
            "identity": f"{kind}-{number}",
            "systems": self.where(),
            "created": created,
            "modified": modified,
        }

    def phone(self, number: int) -> str:
        """A phone number in one of five ways of writing it."""
        digits = (number // 10_000 % 100, number // 100 % 100, number % 100)
        return self.rng.choice(names.PHONES).format(*digits)

    def address(self) -> Address:
        """An address, sometimes without this or that."""
        postal_code, city, country = self.rng.choice(names.PLACES)
        street = f"{self.rng.choice(names.STREETS)} {self.rng.randrange(1, 200)}"
        return Address(
            line1=street,
            line2=self.rng.choice((None, None, "2. etg.", "c/o Lund")),
            postal_code=self.maybe(postal_code),
            city=city,
            country=country,
        )
