"""Verify: whether what systems say is what the golden record says, and who is right. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from talk_sdk._store.rows import GoldenRow, LinkRow
from talk_sdk.concepts import Counter
from talk_sdk.errors import MappingError
from talk_sdk.mapping import Compiled
from talk_sdk.operations import Scalar

__all__ = ["Verdict", "Witness", "kept_as", "verify"]


@dataclass(frozen=True, slots=True)
class Witness:
    """A link as what it says is verified.

    `said` is its shadow, with references as golden ids (one that stands for no golden record is
    left out). What a link says that is not `open` cannot be told now: its entity could not be
    read, or a write of it is under way.
    """

    link: LinkRow
    mapping: Compiled
    said: Mapping[str, Scalar]
    open: bool = True

    def settled(self, name: str) -> bool:
        """Whether nothing is on its way that explains a difference."""
        link = self.link
        return not any(name in each for each in (link.pending, link.held, link.behind, link.found))

    def says(self, name: str, value: Scalar, siblings: Mapping[str, Scalar]) -> bool:
        """Whether it says a value, in its system's own words."""
        said, mapping = self.said[name], self.mapping
        try:
            if value is not None and isinstance(mapping.concept.properties[name], Counter):
                value = mapping.render(name, value, siblings)
            return mapping.says(name, value, said, siblings)
        except MappingError:
            return False


@dataclass(frozen=True, slots=True)
class Verdict:
    """A property that a link says otherwise than its golden record.

    `alone`: all that have the property agree among each other, so that it is our copy that is
    wrong, and `theirs` that is right.
    """

    golden: GoldenRow
    witness: Witness
    name: str
    ours: Scalar
    theirs: Scalar
    alone: bool


Explained = Callable[[GoldenRow, Witness, str, Scalar], bool]
"""Whether it is known, and was told, that a link says this value of a property otherwise."""


def verify(
    golden: GoldenRow, witnesses: Sequence[Witness], explained: Explained
) -> Iterator[Verdict]:
    """What differs, though nothing is on its way that would mend it."""
    for name, ours in golden.data.items():
        saying = [each for each in witnesses if name in each.said]
        if not all(each.open and name not in each.mapping.concept.unmerged for each in saying):
            continue
        odd = [
            each
            for each in saying
            if each.settled(name) and not _agrees(golden, each, name, ours, explained)
        ]
        truth = None
        if odd and len(odd) == len(saying):
            truth = _agreed(golden, name, saying, explained)
        if truth is not None:
            yield Verdict(golden, truth, name, ours, truth.said[name], alone=True)
        else:
            for each in odd:
                yield Verdict(golden, each, name, ours, each.said[name], alone=False)


def _agrees(
    golden: GoldenRow, each: Witness, name: str, value: Scalar, explained: Explained
) -> bool:
    return each.says(name, value, golden.data) or explained(golden, each, name, value)


def _agreed(
    golden: GoldenRow, name: str, saying: Sequence[Witness], explained: Explained
) -> Witness | None:
    """Whose value all say, each in its own words; None if they differ."""
    for each in saying:
        value = each.said[name]
        if all(_agrees(golden, other, name, value, explained) for other in saying):
            return each
    return None


def kept_as(value: Any, said: Any) -> str:
    """Why a property reads otherwise: the system makes it so. Names both, so that it is exact."""
    return f"{value!r} is kept there as {said!r}"
