"""The links of lines inside of their parents: found, revived, stored after a write."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from talk_sdk._engine.lines import POSITION, UNKNOWN, pair_lines, place
from talk_sdk._engine.merge import let_go
from talk_sdk._engine.run import Run
from talk_sdk._store import GoldenRow, LinkRow, goldens, links
from talk_sdk.mapping import Compiled
from talk_sdk.operations import Scalar

__all__ = ["Kids", "Sent", "kid_for", "line_pairs"]

Sent = Sequence[Any]
"""A line as it was sent: golden child, link or None, values, revisions."""


def kid_for(
    rows: Sequence[LinkRow],
    link: LinkRow,
    name: str,
    concept: str,
    child: str,
    ident: str | None,
    next_id: Callable[[], int],
) -> tuple[LinkRow, bool]:
    """The link of a line that the parent has now, and whether it is a new one.

    The dead link of the same line is revived: a line that was deleted can come back.
    """
    ext = f"{link.ext}/{child if ident is None else ident}"
    for kid in rows:
        if kid.ext == ext and kid.state == "dead":
            kid.state, kid.golden = "live", child
            kid.shadow, kid.pending, kid.behind, kid.found = {}, {}, {}, {}
            return kid, False
    entity = f"{link.entity}.{name}"
    return LinkRow(next_id(), link.system, entity, ext, concept, child, link.id, "live"), True


def line_pairs(sent: Sent, answer: Sequence[Any]) -> list[int] | None:
    """For each line that was sent its place in the answer; None if they are other lines."""
    if len(sent) != len(answer):
        return None
    if all(map(_same_product, sent, answer)):
        return list(range(len(sent)))
    pairs = pair_lines(
        [(None, line[2]) for line in sent], [(None, properties) for _, properties in answer]
    )
    found = [pair for pair in pairs if pair is not None]
    return found if len(found) == len(sent) else None


def _same_product(sent: Sequence[Any], answer: Sequence[Any]) -> bool:
    """Whether an answered line is of the product that was sent, or says nothing of any."""
    product = answer[1].get("product")
    return product is None or product == sent[2].get("product")


class Kids:
    """The lines of some records: golden children, and links by parent link."""

    def __init__(
        self,
        run: Run,
        connection: Connection,
        mapping: Compiled,
        ids: Iterable[str],
        parents: Iterable[LinkRow],
    ) -> None:
        """Load them, if the entity has lines at all."""
        self._run, self._connection, self._mapping = run, connection, mapping
        self._rows: dict[int, list[LinkRow]] = {}
        self._children: dict[str, GoldenRow] = {}
        if mapping.children:
            self._rows = links.children_of(connection, [link.id for link in parents])
            for found in goldens.children_of(connection, ids).values():
                self._children.update((child.id, child) for child in found)
        self._fresh: list[LinkRow] = []
        self._touched: dict[int, LinkRow] = {}

    def live(self, link: LinkRow, name: str) -> list[LinkRow]:
        """The lines that a parent's record had when it was last merged, in their order."""
        entity = f"{link.entity}.{name}"
        rows = [k for k in self._rows.get(link.id, []) if k.entity == entity and k.state == "live"]
        return sorted(rows, key=lambda k: (place(k), k.id))

    def differ(self, link: LinkRow, name: str, lines: Sequence[Any]) -> bool:
        """Whether a list reads otherwise than it was last merged."""
        known = [
            {n: v for n, v in kid.shadow.items() if n != POSITION} for kid in self.live(link, name)
        ]
        return [properties for _, properties in lines] != known

    def store(
        self,
        link: LinkRow,
        name: str,
        sent: Sent,
        answer: Sequence[Any],
        places: Sequence[int],
    ) -> list[tuple[LinkRow, GoldenRow, tuple[Mapping[str, Scalar], Mapping[str, int]]]]:
        """Take answered lines as the shadows of those that were sent, one for one.

        Links of lines that were not sent any more are dead. What was not sent of a line that
        was there before keeps its shadow: another value is an edit (rule W2).
        """
        table = self._mapping.children[name]
        before = {kid.id: kid for kid in self.live(link, name)}
        rows = self._rows.setdefault(link.id, [])
        kept = []
        for line, (own, properties), where in zip(sent, answer, places, strict=True):
            child, ident, values, revs = line
            own = own if table.id is not None else None  # noqa: PLW2901 - lists without ids
            kid = before.pop(ident, None) if ident is not None else None
            if kid is None:
                concept = table.mapping.concept.name
                kid, fresh = kid_for(rows, link, name, concept, child, own, self._run.next_link)
                if fresh:
                    self._fresh.append(kid)
                    rows.append(kid)
            elif own is not None:
                kid.ext = f"{link.ext}/{own}"
            if own is None and table.id is not None:
                kid.ext = f"{link.ext}/{UNKNOWN}{child}"
            unsaid = {n: v for n, v in kid.shadow.items() if n in properties and n not in values}
            kid.shadow = {**properties, **unsaid, POSITION: where}
            kid.pending = {}
            self._touched[kid.id] = kid
            kept.append((kid, self._children[child], (values, revs)))
        for kid in before.values():
            kid.state, kid.pending = "dead", {}
            let_go(kid)
            self._touched[kid.id] = kid
        self._part(rows)
        return kept

    def _part(self, rows: Iterable[LinkRow]) -> None:
        """A dead link gives its external id back where a living line has it now."""
        taken = {kid.ext for kid in rows if kid.state == "live"}
        for kid in rows:
            if kid.state == "dead" and kid.ext in taken:
                kid.ext = f"{kid.ext}~{kid.id}"
                self._touched[kid.id] = kid

    def save(self) -> None:
        """Write the links; dead ones first, for they give their ids back."""
        fresh = {kid.id for kid in self._fresh}
        known = [kid for kid in self._touched.values() if kid.id not in fresh]
        known.sort(key=lambda kid: kid.state != "dead")
        links.update_links(self._connection, known)
        links.save(self._connection, self._fresh)
