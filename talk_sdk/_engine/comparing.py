"""Compare: what the systems have said against what the golden records say, page by page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection

from talk_sdk._engine.refs import REFERENCES, known, names_of
from talk_sdk._engine.run import Run
from talk_sdk._engine.tally import Tally
from talk_sdk._engine.verify import Verdict, Witness, kept_as, verify
from talk_sdk._store import GoldenRow, LinkRow, goldens, items, journal, links, past
from talk_sdk.concepts import CONCEPTS
from talk_sdk.operations import Scalar
from talk_sdk.reports import Divergence

__all__ = ["Different", "Told", "compare", "differences"]

_WRITTEN = "what the golden record says is written there"
_CORRECTED = "our own copy is corrected, for all systems agree; nothing is written"


class Different(msgspec.Struct):
    """What differs of one golden record: its properties and its lines', and lists as a whole."""

    golden: GoldenRow
    verdicts: list[Verdict] = msgspec.field(default_factory=list)
    lists: list[tuple[LinkRow, str]] = msgspec.field(default_factory=list)


def compare(run: Run, tally: Tally) -> None:
    """Compare every golden record with its links; what no read has shown yet is no part of it."""
    for concept in CONCEPTS:
        if not run.mapped(concept):
            continue
        after = ""
        while True:
            with run.store.write() as connection:
                page = goldens.page(connection, concept, after)
                for golden, said in _page(run, connection, page, tally):
                    tally.different(concept, golden, said)
            if not page:
                break
            after = page[-1].id


def _page(
    run: Run, connection: Connection, page: Sequence[GoldenRow], tally: Tally
) -> Iterator[tuple[str, list[Divergence]]]:
    """Golden id → what is to be told of it; who is referred to goes by the name people know."""
    every = {
        found.golden.id: [each for each in _said(found) if not _unread(tally, each)]
        for found in differences(run, connection, page)
    }
    told = [each for said in every.values() for each in said]
    names = names_of(connection, ((each.property, each.ours, each.theirs) for each in told))
    for golden, said in every.items():
        if said:
            yield (
                golden,
                [
                    replace(
                        each,
                        ours=names.get(each.ours, each.ours),
                        theirs=names.get(each.theirs, each.theirs),
                    )
                    for each in said
                ],
            )


def _unread(tally: Tally, each: Divergence) -> bool:
    """Whether the system says another value by now: then this one is out of date."""
    entity, _, children = each.entity.partition(".")
    ext = each.id.rpartition("/")[0] if children else each.id
    says = tally.reread.get((each.system, entity), {}).get(ext, {})
    return (children or each.property) in says


def _said(found: Different) -> list[Divergence]:
    said = [
        Divergence(
            "different", each.witness.link.system, each.witness.link.entity,
            each.witness.link.ext, each.golden.origin, each.name, each.ours, each.theirs,
            _CORRECTED if each.alone else _WRITTEN,
        )
        for each in found.verdicts
    ]  # fmt: skip
    return said + [
        Divergence(
            "different", link.system, link.entity, link.ext, found.golden.origin, name, None, None,
            _WRITTEN,
        )
        for link, name in found.lists
    ]  # fmt: skip


def differences(
    run: Run,
    connection: Connection,
    page: Sequence[GoldenRow],
    known_by: type[Told] | None = None,
) -> Iterator[Different]:
    """What differs of some golden records, those excepted of which nothing does.

    `known_by` says what is known to differ; by default what is explained in any way.
    """
    live = [golden for golden in page if golden.state == "live"]
    by_golden = links.by_golden(connection, [golden.id for golden in live])
    frozen = {i.link for i in journal.open_intents(connection)}
    rows = {
        golden.id: [k for k in by_golden.get(golden.id, ()) if _takes_part(run, k)]
        for golden in live
    }
    kids, children = _families(connection, rows)
    lines = {child.id: child for found in children.values() for child in found}
    every = [k for found in (*rows.values(), *kids.values()) for k in found]
    refs = _References(run, connection, every, [*live, *lines.values()])
    told = (known_by or Explained)(connection, [*live, *lines.values()])
    for golden in live:
        found = Different(golden)
        own = [_witness(run, golden, link, refs, frozen) for link in rows[golden.id]]
        found.verdicts += verify(golden, own, told)
        alive = [c for c in children.get(golden.id, ()) if c.state == "live"]
        for child in alive:
            theirs = [
                replace(_witness(run, child, kid, refs, frozen), open=each.open)
                for each in own
                for kid in kids.get(each.link.id, ())
                if kid.golden == child.id and kid.state == "live"
                if kid.entity.partition(".")[2] in each.mapping.children
            ]
            found.verdicts += verify(child, theirs, told)
        for each in own:
            found.lists += _lists(each, {c.id for c in alive}, kids, told, golden)
        if found.verdicts or found.lists:
            yield found


def _takes_part(run: Run, link: LinkRow) -> bool:
    """Whether a link says anything of its own: what a derived record says is said elsewhere."""
    if link.state != "live" or run.mapping(link.system, link.entity) is None:
        return False
    return run.systems[link.system].entities[link.entity].derived_from is None


def _families(
    connection: Connection, rows: Mapping[str, Sequence[LinkRow]]
) -> tuple[dict[int, list[LinkRow]], dict[str, list[GoldenRow]]]:
    lined = {ident: k for ident, k in rows.items() if any(CONCEPTS[x.concept].children for x in k)}
    if not lined:
        return {}, {}
    parents = [link.id for found in lined.values() for link in found if link.children is None]
    return links.children_of(connection, parents), goldens.children_of(connection, lined)


class _References:
    """What references stand for in their system.

    One to a record that others were merged into stands for each of them.
    """

    def __init__(
        self,
        run: Run,
        connection: Connection,
        rows: Iterable[LinkRow],
        records: Iterable[GoldenRow],
    ) -> None:
        """Load those of some links and of their golden records."""
        self._known = known(run, connection, rows)
        ours = {
            value
            for golden in records
            for name, value in golden.data.items()
            if name in REFERENCES and isinstance(value, str)
        }
        self._merged: set[tuple[str, str, str]] = set()
        for system, found in links.merged(connection, ours).items():
            there = links.goldens_of(connection, system, found.values())
            self._merged |= {
                (system, golden, there[ref][0] or "")
                for golden, ref in found.items()
                if ref in there
            }

    def meant(self, link: LinkRow, ref: str, ours: Scalar) -> str | None:
        """The golden record that a link's reference stands for: ours, if it may be that."""
        golden = self._known.get((link.system, ref))
        return str(ours) if (link.system, ours, golden) in self._merged else golden


def _witness(
    run: Run, owner: GoldenRow, link: LinkRow, refs: _References, frozen: set[int | None]
) -> Witness:
    entity, _, children = link.entity.partition(".")
    bound = run.systems[link.system]
    declared, mapping = bound.entities[entity], bound.mappings[entity]
    writable = mapping.writable if declared.update else frozenset[str]()
    if children:
        table = mapping.children[children]
        mapping = table.mapping
        writable = mapping.writable if declared.update and not table.on_create else frozenset()
    said: dict[str, Scalar] = {}
    for name, value in link.shadow.items():
        if name not in mapping.by_property:
            continue
        if name not in mapping.concept.refs or value is None:
            said[name] = value
        elif (meant := refs.meant(link, str(value), owner.data.get(name))) is not None:
            said[name] = meant
    read = (link.system, link.entity) not in run.left_out
    return Witness(link, mapping, said, writable, read and link.id not in frozen)


def _lists(
    each: Witness,
    alive: set[str],
    kids: Mapping[int, Sequence[LinkRow]],
    told: Told,
    golden: GoldenRow,
) -> Iterator[tuple[LinkRow, str]]:
    """Lists that have other lines than the golden record has."""
    link = each.link
    if told.waits(golden, link):
        return
    for name, table in each.mapping.children.items():
        if not each.open or link.children is not None or table.on_create:
            continue
        there = {kid.golden for kid in kids.get(link.id, ()) if kid.state == "live"}
        if there != alive and not told.drifts(golden, link, name):
            yield link, name


class Told:
    """What is known to read otherwise because that was told when it was found.

    Drift, and records that are parked or were refused.
    """

    def __init__(self, connection: Connection, records: Sequence[GoldenRow]) -> None:
        """Load what is known of some golden records."""
        self._connection, self._ids = connection, [golden.id for golden in records]
        self._drift = items.drifts_of(connection, self._ids)
        self._held_up = items.held_up(connection, {golden.origin for golden in records})

    def waits(self, golden: GoldenRow, link: LinkRow) -> bool:
        """Whether nothing of a record is written in a system now, as one knows."""
        return (link.system, link.entity, golden.origin) in self._held_up

    def kept(self, golden: GoldenRow, each: Witness, name: str, value: Scalar) -> bool:
        """Whether it is known that a system keeps this value as what it says."""
        told = self._drift.get((golden.id, each.link.system, each.link.entity, name))
        return told == kept_as(value, each.said[name])

    def drifts(self, golden: GoldenRow, link: LinkRow, name: str) -> bool:
        """Whether anything was told of a property, or of a list, that a system cannot hold."""
        return (golden.id, link.system, link.entity, name) in self._drift


class Explained(Told):
    """The same, and what a system made of a value when it was written."""

    @cached_property
    def _written(self) -> Mapping[tuple[str, str, str], tuple[object, str]]:
        # History is long, and mostly nothing has to be explained.
        return past.last_writes(self._connection, self._ids)

    def kept(self, golden: GoldenRow, each: Witness, name: str, value: Scalar) -> bool:
        """Whether a system has made of this value what it says."""
        if super().kept(golden, each, name, value):
            return True
        sent, words = self._written.get((golden.id, each.link.system, name), (None, ""))
        return sent == value and words == f"written, returned as {each.link.shadow[name]!r}"
