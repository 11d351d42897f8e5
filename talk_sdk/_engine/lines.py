"""Which remote line is which child (rule G6), and in which order lines stand. Pure."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TypeVar

from talk_sdk._store.rows import LinkRow
from talk_sdk.operations import Scalar

__all__ = ["EXISTENCE", "POSITION", "UNKNOWN", "pair_lines", "place", "weave"]

POSITION = "#"
"""The name under which a line's place in its list is kept in its shadow."""

EXISTENCE = "existence"
"""The name under which history has that a line was added or deleted."""

UNKNOWN = "?"
"""What the external id of a line begins with while its own id is not known yet."""


def place(kid: LinkRow) -> int:
    """Where a line stood in its list when it was last read."""
    value = kid.shadow.get(POSITION)
    return value if isinstance(value, int) else 0


T = TypeVar("T", bound=Hashable)
Values = Mapping[str, Scalar]


def pair_lines(
    incoming: Sequence[tuple[str | None, Values]],
    known: Sequence[tuple[str | None, Values]],
) -> list[int | None]:
    """For each incoming line (id, properties) the index of the known line that it is.

    By stable id; a line that says exactly the same; the same product (or, where one of the
    two has none, the same description) where it is unique; the same place among the lines of
    one product. A line of another product is a new line: None.
    """
    found: list[int | None] = [None] * len(incoming)
    free = list(range(len(known)))

    def settle(here: int, there: int) -> None:
        found[here] = there
        free.remove(there)

    ids = {ident: index for index, (ident, _) in enumerate(known) if ident is not None}
    for here, (ident, _) in enumerate(incoming):
        if ident is not None and ids.get(ident) in free:
            settle(here, ids[ident])
    left = [here for here in range(len(incoming)) if found[here] is None]
    for by in (_everything, _subject, _words):
        _by(by, left, incoming, known, found, free, settle)
    return found


def _everything(values: Values) -> Hashable:
    return frozenset((name, value) for name, value in values.items()
                     if value is not None and name != POSITION)  # fmt: skip


def _subject(values: Values) -> Hashable:
    product = values.get("product")
    return ("product", product) if product is not None else ("text", values.get("description"))


def _words(values: Values) -> Hashable:
    """What is left to know a line by where only one of two systems knows its product."""
    return values.get("description")


def _apart(here: tuple[str | None, Values], there: tuple[str | None, Values]) -> bool:
    """Whether two lines cannot be one: both have an id, or each is of another product."""
    products = {line[1].get("product") for line in (here, there)} - {None}
    return len(products) > 1 or None not in (here[0], there[0])


def _by(
    form: Callable[[Values], Hashable],
    left: Sequence[int],
    incoming: Sequence[tuple[str | None, Values]],
    known: Sequence[tuple[str | None, Values]],
    found: Sequence[int | None],
    free: Sequence[int],
    settle: Callable[[int, int], None],
) -> None:
    """Pair, in their order, the lines that are alike in some form."""
    rows: dict[Hashable, list[int]] = {}
    for there in free:
        rows.setdefault(form(known[there][1]), []).append(there)
    for here in left:
        if found[here] is not None:
            continue
        said = form(incoming[here][1])
        alike = rows.get(said, []) if said is not None else []
        match = next((t for t in alike if not _apart(incoming[here], known[t])), None)
        if match is not None:
            alike.remove(match)
            settle(here, match)


def weave(golden: Sequence[T], system: Sequence[T], before: Sequence[T]) -> list[T]:
    """The order of a golden list after a system said its own.

    `system` is the system's list now, `before` the one that it had when it was last merged.
    If it moved lines, its order stands; what it does not have stays behind the line that it
    followed. Else its new lines come after the line that they follow there.
    """
    shown = set(system)
    common = [item for item in system if item in set(before)]
    moved = common != [item for item in before if item in shown]
    base, extra = (system, golden) if moved else (golden, system)
    woven = list(base)
    previous: T | None = None
    for item in extra:
        if item not in woven:
            woven.insert(0 if previous is None else woven.index(previous) + 1, item)
        previous = item
    return woven
