"""Collect: read every entity of every system, page by page, into links with pending edits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from msgspec.structs import replace
from sqlalchemy import Connection

from talk_sdk._engine.absorb import Absorbed, absorb, entomb
from talk_sdk._engine.aliases import follow
from talk_sdk._engine.run import Bound, Run
from talk_sdk._engine.ticks import Ticks
from talk_sdk._engine.workers import Failed, Finished, Lane
from talk_sdk._store import journal, links
from talk_sdk.connector import Entity
from talk_sdk.errors import ConfigError, DeniedError, PluginError, RejectedError, TalkError
from talk_sdk.operations import Page, Raw

__all__ = ["bury_links", "collect", "collect_hinted", "collect_new", "error_of", "fetch"]

_IDLE = 16
"""Pages without a change after which it is stored how far a read has come: a commit takes as long
as all else that such a page needs, and one that is read again does no harm."""


class _Reading(Ticks):
    """A read under way."""

    bound: Bound
    entity: str
    stream: journal.Stream
    began: float
    full: bool
    complete: bool = False
    begun: bool = False
    stored: journal.Stream | None = None
    idle: int = 0  # pages without a change since the stream was stored


def collect(run: Run) -> None:
    """Read what has changed in every system that takes part."""
    _collect(run, _in_full)


def collect_new(run: Run) -> None:
    """Read what the cursors lead to, though it may be time to read everything."""
    _collect(run, _needs_all)


def _collect(run: Run, in_full: Callable[[Run, Entity, journal.Stream], bool]) -> None:
    readings = {}
    with run.store.write() as connection:
        for bound in run.systems.values():
            for entity in bound.mappings:
                if bound.entities[entity].derived_from or (bound.name, entity) in run.left_out:
                    continue
                readings[bound.name, entity] = _begin(run, connection, bound, entity, in_full)
    again = _read(run, readings)
    if again:
        _read(run, again)


_Readings = dict[tuple[str, str], _Reading]


def _read(run: Run, readings: _Readings) -> _Readings:
    """Carry reads out; returns those that have to begin anew, as their cursor was not taken."""
    again: _Readings = {}
    reads = {key: _reader(run, reading) for key, reading in readings.items()}
    for key, item in run.workers.stream(reads):
        reading = readings[key]
        if isinstance(item, Failed):
            if _cursor_refused(reading, item.error):
                again[key] = _in_full_instead(run, reading)
            else:
                _failed(run, reading, item.error)
        elif isinstance(item, Finished):
            _finished(run, reading)
        else:
            _page(run, reading, *item)
    return again


def _cursor_refused(reading: _Reading, error: BaseException) -> bool:
    """Whether a read can have failed for where it was to begin: its very first request did.

    A cursor that is damaged, or that another server has given, would fail for ever.
    """
    wrong = isinstance(error, RejectedError) or not isinstance(error, TalkError)
    return wrong and not reading.full and not reading.begun


def _in_full_instead(run: Run, reading: _Reading) -> _Reading:
    stream = reading.stream
    stream.cursor = stream.full_at = None
    with run.store.write() as connection:
        journal.save_stream(connection, stream)
    return _Reading(reading.bound, reading.entity, stream, run.now(), full=True)


def collect_hinted(run: Run, hints: Iterable[tuple[str, str, str]]) -> None:
    """Read the records that somebody says have changed, and no others.

    A hint is only a hint: what it says is looked up, however late and often it comes.

    Raises:
        ConfigError: a hint is about what is not synchronised.
    """
    wanted: dict[tuple[str, str], dict[str, None]] = {}
    for system, entity, ident in hints:
        bound = run.systems.get(system)
        if bound is None or entity not in bound.mappings or bound.entities[entity].derived_from:
            raise ConfigError(
                f"A hint about {system}.{entity}:{ident}, and no {system}.{entity} is read: see the"
                " dataflows and systems of talk.toml."
            )
        wanted.setdefault((system, entity), {})[ident] = None
    for (system, entity), ids in wanted.items():
        if (system, entity) in run.left_out:
            continue
        found = fetch(run, run.systems[system], entity, list(ids))
        run.reads[system, entity] += len(found)
        run.tell("collected", system=system, entity=entity, count=len(found))


def _begin(
    run: Run,
    connection: Connection,
    bound: Bound,
    entity: str,
    in_full: Callable[[Run, Entity, journal.Stream], bool],
) -> _Reading:
    stream = journal.stream(connection, bound.name, entity)
    if stream.epoch != bound.epoch[entity]:
        # Another account, filter, mapping or version: what the cursor left out may differ.
        stream.epoch, stream.cursor = bound.epoch[entity], None
        stream.completed, stream.full_at = False, None
    if stream.onboarded is None:
        stream.onboarded = run.at
    return _Reading(bound, entity, stream, run.now(), in_full(run, bound.entities[entity], stream))


def _needs_all(_run: Run, declared: Entity, stream: journal.Stream) -> bool:
    """Whether there is no cursor to go on from."""
    return stream.cursor is None or not declared.incremental


def _in_full(run: Run, declared: Entity, stream: journal.Stream) -> bool:
    """Whether everything has to be read; some changes do not show in an incremental read."""
    if _needs_all(run, declared, stream):
        return True
    if declared.reread is None:
        return False
    return stream.full_at is None or run.now() - stream.full_at >= declared.reread.total_seconds()


def _reader(run: Run, reading: _Reading) -> Callable[[], Iterator[tuple[float, Page]]]:
    since = None if reading.full else reading.stream.cursor

    def read() -> Iterator[tuple[float, Page]]:
        pages = reading.bound.read(reading.entity, since)
        while True:
            asked = run.now()
            page = next(pages, None)
            if page is None:
                return
            yield asked, page

    return read


def error_of(error: BaseException, bound: Bound, what: str) -> TalkError:
    """The error as one that a person can read; a connector's bug is named as such."""
    if isinstance(error, TalkError):
        return error
    return PluginError(
        f"The connector {bound.connector} failed while {what} of {bound.name}:"
        f" {type(error).__name__}: {error}. This is a fault of the connector; the system is"
        " left out of this run."
    )


def _failed(run: Run, reading: _Reading, error: BaseException) -> None:
    bound = reading.bound
    reason = error_of(error, bound, f"reading {reading.entity}")
    whole = isinstance(reason, DeniedError | PluginError)
    run.leave_out(bound.name, bound.mappings if whole else _with_derived(reading), reason)


def _with_derived(reading: _Reading) -> list[str]:
    return [
        reading.entity,
        *(n for n, e in reading.bound.entities.items() if e.derived_from == reading.entity),
    ]


def _page(run: Run, reading: _Reading, asked: float, page: Page) -> None:
    bound, entity = reading.bound, reading.entity
    reading.begun = True
    run.step("page")
    with run.store.write() as connection:
        done = _records(run, connection, reading, entity, page.records, asked)
        derived = [_records(run, connection, reading, name, raws, asked)
                   for name, raws in page.derived.items()]  # fmt: skip
        doubtful = done.doubtful
        for ext in page.tombstones:
            bury_links(connection, bound.name, entity, [ext], asked)
        if page.cursor is not None and not doubtful:
            reading.stream.cursor = page.cursor
        reading.complete = reading.complete or page.complete
        if page.complete:
            reading.stream.completed = True
            reading.stream.full_at = reading.began if reading.full else reading.stream.full_at
        changed = page.tombstones or any(each.changed for each in (done, *derived))
        reading.idle = 0 if changed else reading.idle + 1
        if not doubtful and (changed or page.complete or reading.idle == _IDLE):
            _store_stream(connection, reading)
    if doubtful:
        fetch(run, bound, entity, doubtful)
        with run.store.write() as connection:
            reading.stream.cursor = page.cursor or reading.stream.cursor
            _store_stream(connection, reading)
    run.step("page stored")
    run.reads[bound.name, entity] += len(page.records)
    run.tell("collecting", system=bound.name, entity=entity, count=run.reads[bound.name, entity])


def _store_stream(connection: Connection, reading: _Reading) -> None:
    """Remember how far the read has come; most pages of a read without cursors say nothing new."""
    reading.idle = 0
    if reading.stream != reading.stored:
        journal.save_stream(connection, reading.stream)
        reading.stored = replace(reading.stream)


def _records(
    run: Run,
    connection: Connection,
    reading: _Reading,
    entity: str,
    raws: object,
    asked: float,
) -> Absorbed:
    bound = reading.bound
    if entity not in bound.mappings or not raws:
        return Absorbed()
    records = bound.inbound(entity, list(raws))  # type: ignore[call-overload]
    since = reading.stream.full_at if reading.full else None
    done = absorb(run, connection, bound, entity, records, asked, since=since)
    if entity == reading.entity:
        reading.tick(done.seen)
    return done


def _finished(run: Run, reading: _Reading) -> None:
    bound, entity = reading.bound, reading.entity
    if not reading.complete:
        run.leave_out(
            bound.name,
            _with_derived(reading),
            f"{bound.name}: the read of {entity} ended before it was complete;"
            " the next run starts where this one was stored.",
        )
        return
    if reading.full and bound.entities[entity].deletes == "listing":
        _missing(run, reading)
    run.tell("collected", system=bound.name, entity=entity, count=run.reads[bound.name, entity])


def _missing(run: Run, reading: _Reading) -> None:
    """Links that a complete full read did not show: gone, if a look-up by id proves it.

    A list that leaves out what is there proves nothing of what nobody knows yet.
    """
    bound, entity = reading.bound, reading.entity
    lag = bound.entities[entity].lag.total_seconds()
    shown = sum(byte.bit_count() for byte in reading.seen)
    with run.store.write() as connection:
        known = links.count_live(connection, bound.name, entity)
        absent = (
            []
            if shown >= known
            else [
                ext
                for ident, ext in links.live_ids(connection, bound.name, entity)
                if not reading.shown(ident)
            ]
        )
        rows = links.by_ext(connection, bound.name, entity, absent)
        old = {ext for ext, link in rows.items() if link.seen < reading.began - lag}
    if absent and fetch(run, bound, entity, absent) & old:
        run.gaps.add((bound.name, entity))


def fetch(run: Run, bound: Bound, entity: str, ids: list[str]) -> set[str]:
    """Read records by id and take them in; links of proven absent ones are dead.

    Returns the ids that were found. A fault leaves the entity out of the run.
    """
    found: set[str] = set()
    size = bound.entities[entity].get_batch

    def get(page: list[str]) -> Callable[[], tuple[float, dict[str, Raw]]]:
        return lambda: (run.now(), bound.get(entity, page))

    calls = ((tuple(page), get(page)) for page in links.chunks(ids, size))
    for together in run.workers.results({bound.name: Lane(bound.workers, calls)}):
        for wanted, result in together:
            if isinstance(result, Failed):
                reason = error_of(result.error, bound, f"looking up {entity}")
                run.leave_out(bound.name, [entity], reason)
                continue
            asked, records = result
            with run.store.write() as connection:
                follow(run, connection, bound, entity, records)
                absorb(run, connection, bound, entity, list(records.values()), asked, proven=True)
                absent = [ext for ext in wanted if ext not in records]
                bury_links(connection, bound.name, entity, absent, asked)
            found.update(records)
            run.step("fetched")
    return found


def bury_links(connection: Connection, system: str, entity: str, ids: list[str], at: float) -> None:
    """The records are proven gone: their links are tombstones, and plan has to look at them."""
    known = links.by_ext(connection, system, entity, ids).values()
    entomb(connection, [link for link in known if link.state not in {"dead", "alias"}], at)
