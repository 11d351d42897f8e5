"""How a system says a field, and when two systems say the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from talk_sdk.testing.simulation.turns import Turn, same, text

__all__ = ["Field", "Side", "addresses", "at", "placed", "plain"]

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Side:
    """How one system says a field.

    Attributes:
        path: where.
        read: how it reads.
        type_in: how a user types it.
        cut: what another system's value becomes there.
        near: the same, where that depends on the other values of the record there.
        lags: whether it may say one value although the others say another one, as nobody can
            write that there.
        default: what it says of a record of which nobody said anything.
        assigns: whether it gives a new record a value that nobody typed.
    """

    path: str
    read: Turn = same
    type_in: Turn = same
    cut: Turn = same
    near: Callable[[Any, Values], Any] | None = None
    lags: Callable[[Any, Any], bool] | None = None
    default: Any = None
    assigns: bool = False

    def becomes(self, value: Any, beside: Values) -> Any:
        """What another system's value is there, in a record with these values."""
        return self.cut(value) if self.near is None else self.near(value, beside)

    def shows(self, value: Any, shown: Any, beside: Values) -> bool:
        """Whether what the system says is another system's value."""
        if self.becomes(value, beside) == shown:
            return True
        return self.lags is not None and self.lags(value, shown)


@dataclass(frozen=True)
class Field:
    """A field under the shared model's name, in the systems that have it.

    Attributes:
        sides: connector -> how its systems say it.
        exact: its values are never the same twice unless somebody means it.
    """

    name: str
    sides: Mapping[str, Side]
    exact: bool = True

    def side(self, connector: str) -> Side:
        """The field in a system of this connector, which has it."""
        return self.sides[connector]


def at(record: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path."""
    value: Any = record
    for name in path.split("."):
        value = (value or {}).get(name)
    return value


def placed(path: str, value: Any) -> dict[str, Any]:
    """A record that has only this value."""
    first, _, rest = path.partition(".")
    return {first: placed(rest, value) if rest else value}


def plain(read: Turn = text, **paths: str) -> dict[str, Side]:
    """Sides that are read alike and typed as they are: name -> path."""
    return {name: Side(path, read) for name, path in paths.items()}


def addresses(parts: Mapping[str, Side], **places: str) -> dict[str, Side]:
    """The sides of addresses: part -> how it is said within one, address -> its path."""
    return {
        f"{address}.{part}": replace(side, path=f"{path}.{side.path}")
        for address, path in places.items()
        for part, side in parts.items()
    }
