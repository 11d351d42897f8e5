"""`[mapping]`: what talk.toml changes in the tables of connectors, checked as far as it can be."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import UnionType
from typing import Any

from talk_sdk._config.sentences import nearest
from talk_sdk.errors import ConfigError

__all__ = ["mapping"]

PAIR_KEYS: Mapping[str, tuple[type | UnionType, str]] = {
    "property": (str, "a property in quotes"),
    "lens": (str, "a lens in quotes, as in `truncate(50)`"),
    "match": (int, "a rank, 1 being the highest"),
    "read_only": (bool, "true or false"),
    "on_create": (bool, "true or false"),
    "assigned": (bool, "true or false"),
    "placeholder": (str | int | float | bool, "a value of the system"),
}
"""What a pair of `[mapping]` may say, and in which form."""


def mapping(tables: Mapping[str, Any], systems: Collection[str]) -> dict[str, Mapping[str, Any]]:
    """`system.Entity` → wire path → property, False, or a table of the pair's own.

    Raises:
        ConfigError: a system is unknown, or a pair has the wrong form.
    """
    for name in tables:
        system, _, entity = name.partition(".")
        if not entity:
            raise ConfigError(
                f"`{name}` in [mapping] should be a system and an entity in quotes, "
                'as in `[mapping."shop.Customer"]`.'
            )
        if system not in systems:
            raise ConfigError(
                f'[mapping."{name}"] is about an unknown system `{system}`: '
                f"{nearest(system, systems)}"
            )
        for wire, pair in _table(tables, name).items():
            _check_pair(name, wire, pair)
    return {name: dict(table) for name, table in tables.items()}


def _table(tables: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = tables[name]
    if not isinstance(found, Mapping):
        raise ConfigError(f"`mapping.{name}` should be a table, as in `[mapping.{name}]`.")
    return found


def _check_pair(name: str, wire: str, pair: object) -> None:
    place = f'`{wire}` in [mapping."{name}"]'
    if isinstance(pair, Mapping):
        for key, value in pair.items():
            if key not in PAIR_KEYS:
                raise ConfigError(f"Unknown key `{key}` of {place}: {nearest(key, PAIR_KEYS)}")
            kind, form = PAIR_KEYS[key]
            if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
                raise ConfigError(f"`{key}` of {place} should be {form}.")
        if "property" not in pair:
            raise ConfigError(f"{place} lacks `property`: the property that it is mapped to.")
    elif pair is not False and not isinstance(pair, str):
        raise ConfigError(
            f"{place} should be a property in quotes, false, or a table with a `property`."
        )
