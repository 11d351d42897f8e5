"""Reverted records: a system stands in an older state than it was in, as after a restore.

Nobody has typed these values, so they are no edits: what the golden record says stands,
and is written there once more. Lists are left as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from talk_sdk._engine.looks import Look, look_at
from talk_sdk._engine.run import Bound, Run
from talk_sdk._engine.seeing import age_of, mark
from talk_sdk._store import LinkRow, goldens, journal, links
from talk_sdk.errors import MappingError
from talk_sdk.operations import Scalar

__all__ = ["Reverted", "put_behind", "reverted"]

_WORDS = "an older state was restored there: written once more"


@dataclass(frozen=True)
class Reverted:
    """A record as it stands now; `says` has what it said last and says now, by property."""

    link: LinkRow
    look: Look
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
                found.append(Reverted(link, look, says))
        yield found


def _says(link: LinkRow, look: Look) -> dict[str, tuple[Scalar, Scalar]]:
    open_ = link.pending.keys() | link.held.keys() | link.found.keys()
    return {
        name: (link.shadow[name], value)
        for name, value in look.properties.items()
        if name in link.shadow and name not in open_ and link.shadow[name] != value
    }


def put_behind(
    run: Run, bound: Bound, entity: str, ids: Iterable[str]
) -> Iterator[tuple[str, int, str]]:
    """Take the older values for what they are; yields golden record, link and property of each."""
    for page in reverted(run, bound, entity, ids):
        with run.store.write() as connection:
            records = goldens.by_id(connection, [each.link.golden or "" for each in page])
            moves = {}
            for each in page:
                link, golden = each.link, records[each.link.golden or ""]
                for name, (_, there) in each.says.items():
                    link.shadow[name] = there
                    link.behind.setdefault(name, max(0, golden.rev(name) - 1))
                    yield golden.id, link.id, name
                mark(link, each.look, run.now())
                moves[golden.id] = [
                    [name, theirs, golden.data.get(name), bound.name, _WORDS]
                    for name, (_, theirs) in each.says.items()
                ]
            links.update_links(connection, [each.link for each in page])
            goldens.soil(connection, records)
            journal.note(connection, run.id, run.now(), "reconcile", moves)
