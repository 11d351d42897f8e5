"""Verify: whether what systems say is what the golden record says, and who is right. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from talk_sdk._store.rows import GoldenRow, LinkRow
from talk_sdk.concepts import Counter
from talk_sdk.errors import MappingError
from talk_sdk.mapping import Compiled
from talk_sdk.operations import Scalar

__all__ = ["Known", "Verdict", "Witness", "kept_as", "verify"]


class Witness(msgspec.Struct, frozen=True):
    """A link as what it says is verified.

    `said` is its shadow, with references as golden ids (one that stands for no golden record is
    left out), `writable` what an update may write there. What a link says that is not `open`
    cannot be told now: its entity could not be read, or a write of it is under way.
    """

    link: LinkRow
    mapping: Compiled
    said: Mapping[str, Scalar]
    writable: frozenset[str]
    open: bool = True

    def settled(self, name: str) -> bool:
        """Whether nothing is on its way that explains a difference."""
        link = self.link
        return not any(name in each for each in (link.pending, link.held, link.behind, link.found))

    def says(self, name: str, value: Scalar, siblings: Mapping[str, Scalar]) -> bool:
        """Whether it says a value, in its system's own words."""
        said, mapping = self.said[name], self.mapping
        try:  # a counter is compared as the system can hold it
            if value is not None and isinstance(mapping.concept.properties[name], Counter):
                value = mapping.render(name, value, siblings)
            return mapping.says(name, value, said, siblings)
        except MappingError:
            return False

    def can_say(self, name: str, value: Scalar, siblings: Mapping[str, Scalar]) -> bool:
        """Whether the system has words for a value at all."""
        if value is None or name in self.mapping.concept.refs:
            return True
        try:
            return self.mapping.render(name, value, siblings) is not None
        except MappingError:
            return False


class Verdict(msgspec.Struct, frozen=True):
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


class Known(Protocol):
    """What was told of differences when they were found."""

    def kept(self, golden: GoldenRow, each: Witness, name: str, value: Scalar) -> bool:
        """Whether a link is known to say this value of a property otherwise."""

    def drifts(self, golden: GoldenRow, link: LinkRow, name: str) -> bool:
        """Whether anything was told of a property that a system cannot hold."""


def verify(golden: GoldenRow, witnesses: Sequence[Witness], told: Known) -> Iterator[Verdict]:
    """What differs, though nothing is on its way that would mend it."""
    for name, ours in golden.data.items():
        saying = [each for each in witnesses if name in each.said]
        if not all(each.open and name not in each.mapping.concept.unmerged for each in saying):
            continue
        odd = [each for each in saying if each.settled(name)
               and not _agrees(golden, each, name, ours, told)]  # fmt: skip
        wrong = [each for each in odd if _ought_to(golden, each, name, told)]
        if not wrong:
            continue
        truth = _agreed(golden, name, odd, told) if len(odd) == len(saying) else None
        if truth is not None:
            yield Verdict(golden, truth, name, ours, truth.said[name], alone=True)
        else:
            for each in wrong:
                yield Verdict(golden, each, name, ours, each.said[name], alone=False)


def _ought_to(golden: GoldenRow, each: Witness, name: str, told: Known) -> bool:
    """Whether a system is to say a value: it can, and was told it or has said it first.

    What it computes by itself, and was given when the record was created there, is its own.
    """
    if not each.can_say(name, golden.data[name], golden.data):
        return not told.drifts(golden, each.link, name)
    source = golden.source(name)
    return name in each.writable or (source is not None and source[0] == each.link.system)


def _agrees(golden: GoldenRow, each: Witness, name: str, value: Scalar, told: Known) -> bool:
    return each.says(name, value, golden.data) or told.kept(golden, each, name, value)


def _agreed(golden: GoldenRow, name: str, saying: Sequence[Witness], told: Known) -> Witness | None:
    """Whose value all say, each in its own words; None if they differ."""
    for each in saying:
        value = each.said[name]
        if all(_agrees(golden, other, name, value, told) for other in saying):
            return each
    return None


def kept_as(value: Any, said: Any) -> str:
    """Why a property reads otherwise: the system makes it so. Names both, so that it is exact."""
    return f"{value!r} is kept there as {said!r}"
