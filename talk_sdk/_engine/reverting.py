"""Reverted records: a system stands in an older state than it was in, as after a restore."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from talk_sdk._engine.looks import Look, look_at
from talk_sdk._engine.run import Bound, Run
from talk_sdk._engine.seeing import age_of
from talk_sdk._store import LinkRow, links
from talk_sdk.errors import MappingError
from talk_sdk.operations import Scalar

__all__ = ["Reverted", "reverted"]


class Reverted(msgspec.Struct, frozen=True):
    """A record as it stands now; `says` has what it said last and says now, by property."""

    link: LinkRow
    says: Mapping[str, tuple[Scalar, Scalar]]


def reverted(run: Run, bound: Bound, entity: str, ids: Iterable[str]) -> Iterator[list[Reverted]]:
    """Which of these records a look-up by id shows in an older state, in pages."""
    declared = bound.entities[entity]
    for page in links.chunks(ids, declared.get_batch):
        asked = run.now()
        raws = bound.get(entity, page)
        with run.store.write() as connection:
            rows = links.by_ext(connection, bound.name, entity, list(raws))
        found = []
        for ext, raw in raws.items():
            try:
                look = look_at(bound, entity, raw)
            except MappingError:
                continue  # it is a dead letter once a read shows it
            link = rows.get(ext)
            if link is None or age_of(declared, link, look, asked, proven=True) != "restored":
                continue
            if says := _says(link, look):
                found.append(Reverted(link, says))
        yield found


def _says(link: LinkRow, look: Look) -> dict[str, tuple[Scalar, Scalar]]:
    open_ = link.pending.keys() | link.held.keys() | link.found.keys()
    return {
        name: (link.shadow[name], value)
        for name, value in look.properties.items()
        if name in link.shadow and name not in open_ and link.shadow[name] != value
    }
