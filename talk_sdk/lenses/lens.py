"""The lens itself: a two-way function for one pair of a mapping."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["IDENTITY", "UNSAID", "Lens"]


UNSAID: Any = type("Unsaid", (), {"__repr__": lambda _self: "UNSAID"})()
"""What a path holds that a record does not say, and what `put` leaves unwritten."""


def _same(value: Any) -> Any:
    return value


@dataclass(frozen=True)
class Lens:
    """A two-way function for one pair of a mapping.

    Attributes:
        name: how documents and errors call it.
        get: wire value (and the siblings named in `reads`) → value.
        put: value (and those siblings) → wire value.
        reads: properties of the same record that both functions are given, in canonical
            form, None where empty or not said: a gross price needs the tax rate.
        alike: whether what was read is another form of a value, beside the one that
            `get(put(value))` shows; None if there is no other.
    """

    name: str
    get: Callable[..., Any] = _same
    put: Callable[..., Any] = _same
    reads: tuple[str, ...] = ()
    alike: Callable[[Any, Any], bool] | None = None


IDENTITY = Lens("identity")
