"""Edits that meet: of one thing in several systems, and of keys that change hands."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from talk_sdk.testing.simulation.fields import FIELDS, LINE_FIELDS
from talk_sdk.testing.simulation.ledger import Ledger
from talk_sdk.testing.simulation.sides import Field, at, placed
from talk_sdk.testing.simulation.values import Typist, merge_into
from talk_sdk.testing.simulation.views import Seen, Twin, View

__all__ = ["Meetings"]


class Meetings:
    """Draws deeds that have to do with an earlier one.

    Attributes:
        live: a run is under way; its listings may be torn by what happens now.
        moved: a key has changed hands.
        edited: system, kind, tag and fields of the last edit of a record.
        line: system, order's tag and line's tag of the last edit of a line.
    """

    def __init__(
        self, rng: Random, typist: Typist, twins: Mapping[str, Twin], ledger: Ledger
    ) -> None:
        self._rng = rng
        self._typist = typist
        self._twins = twins
        self._ledger = ledger
        self.live = False
        self.moved = False
        self.edited: tuple[str, str, str, tuple[Field, ...]] | None = None
        self.line: tuple[str, str, str] | None = None
        self._before: tuple[str, str, str, dict[str, Any]] | None = None

    def remember(self, twin: Twin, kind: str, seen: Seen, fields: tuple[Field, ...]) -> None:
        """Take down an edit that others may have to do with later."""
        self.edited = (twin.name, kind, seen.tag, fields)
        before: dict[str, Any] = {}
        for each in fields:
            path = each.side(twin.connector).path
            merge_into(before, placed(path, at(seen.raw, path)))
        self._before = (twin.name, kind, seen.id, before)

    def take_back(self, twin: Twin, view: View) -> bool:
        """What stood there before the last edit."""
        if self._before is None or self._before[0] != twin.name:
            return False
        _, kind, id_, before = self._before
        seen = next((each for each in view.records[kind] if each.id == id_), None)
        if seen is None:
            return False
        self._before = None
        twin.edit(seen, before)
        return True

    def rival(self, twin: Twin, view: View) -> bool:
        """The same fields of the same thing, in another system."""
        if self.edited is None or self.edited[0] == twin.name:
            return False
        _, kind, tag, fields = self.edited
        seen = _of_tag(view.records[kind], tag)
        if seen is None or kind not in view.makes:
            return False
        changes: dict[str, Any] = {}
        unedited = twin.dialect.unedited
        fields = tuple(f for f in fields if twin.has(f) and not unedited(kind, f.name))
        for each in fields:
            merge_into(changes, self._typist.typed(twin, each, seen))
        if not changes:
            return False
        twin.edit(seen, changes)
        self.remember(twin, kind, seen, fields)
        return True

    def rival_line(self, twin: Twin, view: View) -> bool:
        """The line that was changed or removed in another system."""
        if self.line is None or self.line[0] == twin.name:
            return False
        _, tag, text = self.line
        order = _of_tag(view.records["orders"], tag)
        line = None if order is None else _of_tag(order.lines, text)
        if order is None or line is None:
            return False
        index = order.lines.index(line)
        lines = [dict(seen.raw) for seen in order.lines]
        if self._rng.random() < 0.3:
            del lines[index]
        else:
            names = ("quantity", "unit_price", "discount")
            each = self._rng.choice([f for f in LINE_FIELDS if f.name in names and twin.has(f)])
            lines[index].update(self._typist.typed(twin, each))
        self.line = (twin.name, tag, text)
        twin.edit(order, {"lines": lines})
        return True

    # --- keys -------------------------------------------------------------------------------------

    def hand_over(self, twin: Twin, view: View) -> bool:
        """A customer gets another address, and a new one has its old one."""
        seen = self._settled(twin, view)
        if seen is None:
            return False
        twin.edit(seen, self._typist.typed(twin, _email()))
        twin.create("customers", self._customer(twin, _address(twin, seen)))
        self.moved = True
        return True

    def twin(self, twin: Twin, view: View) -> bool:
        """A second customer with an address that a first one has."""
        seen = self._settled(twin, view)
        if seen is None:
            return False
        made = self._customer(twin, _address(twin, seen))
        self._ledger.doubles[at(made, twin.tag_path("customers"))] = seen.tag
        twin.create("customers", made)
        self.moved = True
        return True

    def let_go(self, twin: Twin, view: View) -> bool:
        """The first of two such customers gets another address, and the second is edited."""
        tags = [tag for tag in self._ledger.doubles if _of_tag(view.records["customers"], tag)]
        if not tags or self.live:
            return False
        tag = self._rng.choice(tags)
        first = _of_tag(view.records["customers"], self._ledger.doubles[tag])
        second = _of_tag(view.records["customers"], tag)
        if first is None or second is None:
            return False
        twin.edit(first, self._typist.typed(twin, _email()))
        phone = next(f for f in FIELDS["customers"] if f.name == "phone")
        twin.edit(second, self._typist.typed(twin, phone))
        self.moved = True
        return True

    def _settled(self, twin: Twin, view: View) -> Seen | None:
        """A customer that all systems have, with an address that is nobody else's."""
        if self.live or self._ledger.linked is None:
            return None
        others = [t.view() for t in self._twins.values()
                  if t.name != twin.name and "customers" in t.dialect.sides]  # fmt: skip
        doubles = {*self._ledger.doubles, *self._ledger.doubles.values()}
        known = [
            seen
            for seen in view.records["customers"]
            if seen.values["email"] and seen.tag not in doubles
            and _holders(view, seen) == [seen.tag]
            and all(_holders(other, seen) == [seen.tag] for other in others)
        ]  # fmt: skip
        return self._rng.choice(known) if known else None

    def _customer(self, twin: Twin, email: Any) -> dict[str, Any]:
        self._typist.made += 1
        tag = f"tag customers {self._typist.made}"
        record = placed(twin.tag_path("customers"), tag)
        merge_into(record, placed(_email().side(twin.connector).path, email))
        for each in FIELDS["customers"]:
            if each.name in {"name", "first_name"} and twin.has(each):
                merge_into(record, self._typist.typed(twin, each))
        return record


def _email() -> Field:
    return next(each for each in FIELDS["customers"] if each.name == "email")


def _address(twin: Twin, seen: Seen) -> Any:
    return at(seen.raw, _email().side(twin.connector).path)


def _holders(view: View, seen: Seen) -> list[str]:
    email = seen.values["email"]
    return [each.tag for each in view.records["customers"] if each.values["email"] == email]


def _of_tag(records: list[Seen], tag: str) -> Seen | None:
    return next((seen for seen in records if seen.tag == tag), None)
