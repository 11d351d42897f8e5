"""References in what is told: by the names of records, for a golden id says nothing to anybody."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec.structs import replace
from sqlalchemy import Connection

from talk_sdk._store import goldens
from talk_sdk.concepts import Concept
from talk_sdk.reports import Said

__all__ = ["named"]


def named(connection: Connection, concept: Concept, said: Iterable[Said]) -> list[Said]:
    """The same, with each record that is referred to under the name of its origin.

    What a system says is left as it is: its own id of that record.
    """
    every = list(said)
    told = [each for each in every if _refers(concept, each.property)]
    names = goldens.origins(connection, {v for each in told for v in _values(each)})
    return [_renamed(each, names) if _refers(concept, each.property) else each for each in every]


def _refers(concept: Concept, name: str) -> bool:
    """Whether a property, or one of a line such as `lines[1].product`, is a reference."""
    children, bracket, rest = name.partition("[")
    if bracket and children in concept.children:
        return rest.partition(".")[2] in concept.children[children].refs
    return name in concept.refs


def _values(said: Said) -> Iterator[str]:
    moved = (value for moment in said.moments for value in (moment.before, moment.after))
    yield from (value for value in (said.value, *moved) if isinstance(value, str))


def _renamed(said: Said, names: Mapping[str, str]) -> Said:
    def name(value: Any) -> Any:
        return names.get(value, value) if isinstance(value, str) else value

    moments = (replace(m, before=name(m.before), after=name(m.after)) for m in said.moments)
    return replace(said, value=name(said.value), moments=tuple(moments))
