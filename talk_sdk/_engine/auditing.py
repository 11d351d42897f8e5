"""Audit: every record of every system, read in full, against what the store has of it.

Nothing is taken in here. What a cursor has lost, and what is damaged in our copy, shows: values
are judged one by one, neither a modified time nor a fingerprint proves them unchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection

from talk_sdk._engine.collecting import error_of
from talk_sdk._engine.lines import POSITION, place
from talk_sdk._engine.looks import Look, external_id, look_at, makeshift_id
from talk_sdk._engine.reverting import reverted
from talk_sdk._engine.run import Bound, Run
from talk_sdk._engine.seeing import age_of
from talk_sdk._engine.tally import Place, Tally
from talk_sdk._engine.ticks import Ticks
from talk_sdk._engine.workers import Failed, Finished, Lane
from talk_sdk._store import LinkRow, goldens, items, journal, links
from talk_sdk.errors import DeniedError, MappingError, PluginError
from talk_sdk.operations import Page, Raw
from talk_sdk.reports import Divergence, DivergenceKind

__all__ = ["audit"]

_REMEDIES: Mapping[DivergenceKind, str] = {
    "missed": "it is read, and merged as an edit",
    "unread": "it is read",
    "gone": "its deletion is taken note of",
    "reverted": "what the golden record says is written there",
}


class _Reading(Ticks):
    """A read under way. `known` are dead letters, `frozen` links with an intent."""

    run: Run
    bound: Bound
    entity: str
    tally: Tally
    known: frozenset[str]
    frozen: frozenset[int]
    complete: bool = False
    began: float = 0.0

    @property
    def place(self) -> Place:
        return self.bound.name, self.entity

    @property
    def concept(self) -> str:
        return self.bound.mappings[self.entity].concept.name

    def since(self, look: Look, link: LinkRow | None) -> bool:
        """Whether a record was changed after this run has read what is new.

        Where everything is read each time, whatever has changed was changed after that.
        """
        declared = self.bound.entities[self.entity]
        if not declared.incremental:
            return link is None or look.fingerprint != link.fingerprint
        if look.modified is None:
            return False
        skew = self.run.skews.get(self.bound.name, 0.0)
        return look.modified[1] - skew >= self.run.at - declared.lag.total_seconds()

    def diverges(
        self, kind: DivergenceKind, ext: str, record: str, name: str = "", *values: Any
    ) -> Divergence:
        ours, theirs = values or (None, None)
        return Divergence(
            kind, *self.place, ext, record, name, ours, theirs, _REMEDIES[kind]
        )  # fmt: skip


def audit(run: Run, tally: Tally) -> None:
    """Compare all that the systems say with what they are known to have said.

    What cannot be read to its end is left out of the run, and of the tally.
    """
    readings = {}
    with run.store.write() as connection:
        dead = items.dead(connection, "in")
        frozen = frozenset(i.link for i in journal.open_intents(connection) if i.link)
    for bound in run.systems.values():
        for entity in bound.mappings:
            spot = (bound.name, entity)
            if bound.entities[entity].derived_from or spot in run.left_out:
                continue
            known = frozenset(ext for system, of, ext in dead if (system, of) == spot)
            readings[spot] = _Reading(run, bound, entity, tally, known, frozen, began=run.now())
    reads = {spot: partial(_pages, reading) for spot, reading in readings.items()}
    for spot, item in run.workers.stream(reads):
        reading = readings[spot]
        if isinstance(item, Failed):
            _failed(reading, item.error)
        elif isinstance(item, Finished):
            _finished(reading)
        else:
            _page(reading, *item)


def _pages(reading: _Reading) -> Iterator[tuple[float, Page]]:
    pages = reading.bound.read(reading.entity, None)
    while True:
        asked = reading.run.now()
        page = next(pages, None)
        if page is None:
            return
        yield asked, page


def _failed(reading: _Reading, error: BaseException) -> None:
    bound = reading.bound
    reason = error_of(error, bound, f"reading {reading.entity}")
    whole = isinstance(reason, DeniedError | PluginError)
    entities = list(bound.mappings) if whole else [reading.entity]
    reading.run.leave_out(bound.name, entities, reason)
    for entity in entities:
        reading.tally.leave_out((bound.name, entity))


def _page(reading: _Reading, asked: float, page: Page) -> None:
    run, bound, entity = reading.run, reading.bound, reading.entity
    declared = bound.entities[entity]
    records = bound.inbound(entity, list(page.records))
    raws = {
        external_id(declared, raw) or makeshift_id(declared, raw, position): raw
        for position, raw in enumerate(records)
    }
    reading.complete = reading.complete or page.complete
    reading.tally.compared[reading.place] += len(raws)
    with run.store.write() as connection:
        known = links.by_ext(connection, *reading.place, list(raws))
        reading.tick(link.id for link in known.values())
        older = _judge(reading, connection, raws, known, asked)
    if older:
        _older(reading, older)
    run.tell("collecting", system=bound.name, entity=entity,
             count=reading.tally.compared[reading.place])  # fmt: skip


def _judge(
    reading: _Reading,
    connection: Connection,
    raws: Mapping[str, Raw],
    known: Mapping[str, LinkRow],
    asked: float,
) -> dict[str, str]:
    """The records of a page that say what nobody has read.

    Returns those that are listed in an older state, with the names of their golden records.
    """
    older = {}
    rows = [link.id for link in known.values() if link.state == "live"]
    lined = bool(reading.bound.mappings[reading.entity].children)
    kids = links.children_of(connection, rows) if lined else {}
    ids = {link.golden for link in known.values() if link.golden is not None}
    names = goldens.origins(connection, ids)
    for ext, raw in raws.items():
        link = known.get(ext)
        record = f"{reading.bound.name}.{reading.entity}:{ext}"
        if link is not None and link.golden is not None:
            record = names.get(link.golden, record)
        try:
            look = look_at(reading.bound, reading.entity, raw)
        except MappingError:
            unknown = ext not in reading.known
            found = [reading.diverges("unread", ext, record)] if unknown else []
        else:
            if link is not None and _is_older(reading, link, look, asked):
                older[ext] = record
            found = _row(reading, look, link, asked, record, kids)
        if found:
            reading.tally.unread(reading.concept, reading.place, ext, found)
    return older


def _is_older(reading: _Reading, link: LinkRow, look: Look, asked: float) -> bool:
    if link.state != "live" or link.golden is None or link.id in reading.frozen:
        return False
    declared = reading.bound.entities[reading.entity]
    return age_of(declared, link, look, asked, proven=True) == "restored"


def _older(reading: _Reading, records: Mapping[str, str]) -> None:
    """Records that a list shows in an older state: the list may be behind, a look-up is not."""
    run, bound, entity = reading.run, reading.bound, reading.entity
    try:
        for page in reverted(run, bound, entity, records):
            for each in page:
                ext = each.link.ext
                said = [
                    reading.diverges("reverted", ext, records[ext], name, *values)
                    for name, values in each.says.items()
                ]
                reading.tally.older(reading.concept, reading.place, ext, said)
    except Exception as error:  # noqa: BLE001 - a connector's fault leaves its entity out
        _failed(reading, error)


def _row(
    reading: _Reading,
    look: Look,
    link: LinkRow | None,
    asked: float,
    record: str,
    kids: Mapping[int, Sequence[LinkRow]],
) -> list[Divergence]:
    ext = look.ext
    if reading.since(look, link) or (link is not None and _closed(reading, link, look, asked)):
        return []
    if link is None or link.state == "dead":
        return [reading.diverges("unread", ext, record)]
    known = {**link.shadow, **link.pending}
    found = [
        reading.diverges("missed", ext, record, name, known.get(name), value)
        for name, value in look.properties.items()
        if name not in link.held
        and not (name in link.found and link.found[name] == value)
        and (name not in known or known[name] != value)
    ]
    found += [
        reading.diverges("missed", ext, record, name)
        for name, lines in (look.children or {}).items()
        if link.children is None and _differ(kids.get(link.id, ()), lines)
    ]
    return found


def _closed(reading: _Reading, link: LinkRow, look: Look, asked: float) -> bool:
    """Whether nothing can be told of a record now: a write is open, or the list may be behind.

    What is listed in an older state than is known is no edit (rule C1).
    """
    if link.id in reading.frozen or link.state not in {"new", "live", "review", "dead"}:
        return True
    declared = reading.bound.entities[reading.entity]
    return age_of(declared, link, look, asked, proven=False) != "current"


def _differ(kids: Sequence[LinkRow], lines: Sequence[Any]) -> bool:
    """Whether a list reads otherwise than it was last merged."""
    alive = sorted((kid for kid in kids if kid.state == "live"), key=lambda k: (place(k), k.id))
    if any(kid.found or kid.held for kid in alive):
        return False  # a person or the next answer decides about it
    known = [{n: v for n, v in kid.shadow.items() if n != POSITION} for kid in alive]
    return [properties for _, properties in lines] != known


def _finished(reading: _Reading) -> None:
    run, bound, entity = reading.run, reading.bound, reading.entity
    if not reading.complete:
        reading.tally.leave_out(reading.place)
        run.leave_out(
            bound.name, [entity],
            f"{bound.name}: the read of {entity} ended before it was complete; it is not compared.",
        )  # fmt: skip
        return
    reading.tally.compared[reading.place] += 0
    if bound.entities[entity].deletes != "none":
        _gone(reading)
    run.tell("collected", system=bound.name, entity=entity,
             count=reading.tally.compared[reading.place])  # fmt: skip


def _gone(reading: _Reading) -> None:
    """Records that a complete read did not show, and that a look-up by id does not find."""
    run, bound, entity = reading.run, reading.bound, reading.entity
    lag = bound.entities[entity].lag.total_seconds()
    with run.store.write() as connection:
        every = links.live_ids(connection, bound.name, entity)
        absent = [ext for ident, ext in every if not reading.shown(ident)]
        rows = links.by_ext(connection, bound.name, entity, absent)
    old = [ext for ext, link in rows.items() if link.seen < reading.began - lag]

    def get(page: list[str]) -> Callable[[], Mapping[str, Raw]]:
        return lambda: bound.get(entity, page)

    size = bound.entities[entity].get_batch
    calls = ((tuple(page), get(page)) for page in links.chunks(old, size))
    for together in run.workers.results({bound.name: Lane(bound.workers, calls)}):
        for wanted, result in together:
            if isinstance(result, Failed):
                _failed(reading, result.error)
                return
            for ext in wanted:
                if ext not in result:
                    said = [reading.diverges("gone", ext, rows[ext].name)]
                    reading.tally.unread(reading.concept, reading.place, ext, said)
