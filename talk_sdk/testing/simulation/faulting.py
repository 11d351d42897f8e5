"""Which faults hit which requests of a run."""

from __future__ import annotations

from random import Random

import msgspec

from talk_sdk.testing.faults import Fault, FaultKind
from talk_sdk.testing.simulation.dialects import Dialect

__all__ = ["STORM", "draw_faults", "sure_fault"]

_KINDS: tuple[FaultKind, ...] = (
    "drop_before", "drop_after", "timeout", "rate_limit", "server_error", "malformed",
    "short_page", "repeated_page",
)  # fmt: skip
_ANSWERS_LOST: tuple[FaultKind, ...] = ("drop_after", "timeout", "malformed")
_ANY = 0.6
_WRITES = ("POST", "PUT", "PATCH")
_STORMS: tuple[FaultKind, ...] = ("rate_limit", "server_error")
STORM = 15
"""So many requests in a row that are refused are a storm."""


def draw_faults(rng: Random, dialect: Dialect) -> list[Fault]:
    """A few faults, most of them for single requests, some for a stretch of them.

    Args:
        rng: where they come from.
        dialect: of the system, which may have faults of its own, or cannot have some.
    """
    if rng.random() < 0.1:
        return [_storm(rng)]
    said: tuple[FaultKind, ...] = ("graphql_error",) if dialect.graphql else ()
    faults = [_fault(rng, said) for _ in range(rng.randrange(1, 5))]
    return [*filter(None, map(_once, faults))] if dialect.bare_lists else faults


def sure_fault(rng: Random) -> Fault:
    """One that hits for certain, if there are requests at all."""
    return Fault(kind="server_error", method="GET", nth=tuple(range(2, rng.randrange(4, 9))))


def _storm(rng: Random) -> Fault:
    """A system that refuses everything for a while."""
    first = rng.randrange(1, 15)
    return Fault(
        kind=rng.choice(_STORMS),
        nth=tuple(range(first, first + rng.choice((STORM, 30, 60)))),
        seconds=float(rng.choice((1, 5, 40))),
        status=rng.choice((500, 502, 503)),
    )


def _once(fault: Fault) -> Fault | None:
    """Of a list that is cut short once, another look tells."""
    if fault.kind == "repeated_page":
        return None
    if fault.kind != "short_page" or not isinstance(fault.nth, tuple):
        return fault
    return msgspec.structs.replace(fault, nth=fault.nth[:1])


def _fault(rng: Random, said: tuple[FaultKind, ...]) -> Fault:
    kind = rng.choice((*_KINDS, *said) if rng.random() < _ANY else (*_ANSWERS_LOST, *said))
    method = rng.choice(("*", "GET", *_WRITES, *_WRITES))
    if kind in {"short_page", "repeated_page"}:
        method = "GET"
    most = 8 if method in _WRITES else 30
    first = rng.randrange(1, most)
    length = rng.choice((1, 1, 2, 6, 6))
    return Fault(
        kind=kind,
        method=method,
        nth=tuple(range(first, first + length)),
        seconds=float(rng.choice((1, 5, 40, 90))),
        status=rng.choice((500, 502, 503)),
        effect=rng.random() < 0.5,
    )
