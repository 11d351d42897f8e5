"""Planned steps in files, and how people see them: references by the names of records."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import IO, Any

import msgspec
import xxhash
from sqlalchemy import Connection

from talk_sdk._engine.refs import split
from talk_sdk._engine.run import Run
from talk_sdk._engine.steps import Step
from talk_sdk._store import goldens, links
from talk_sdk.concepts import CONCEPTS
from talk_sdk.operations import Change, Drift, Operation, OperationKind, Skip

__all__ = ["Spool", "digest", "fingerprint", "operations"]

_STAGES = ("create", "late", "update", "archive", "adjust")


class Spool(msgspec.Struct):
    """Planned steps in files: a file per stage of sending, so that memory stays flat.

    `removals` counts, by concept, the records that are to be deleted or archived somewhere.
    """

    files: dict[tuple[str, str], dict[str, IO[bytes]]] = msgspec.field(default_factory=dict)
    counts: Counter[tuple[str, str, str]] = msgspec.field(default_factory=Counter)
    skips: list[Skip] = msgspec.field(default_factory=list)
    drift: list[Drift] = msgspec.field(default_factory=list)
    left: int = 0
    removals: Counter[str] = msgspec.field(default_factory=Counter)

    def add(self, concept: str, step: Step) -> None:
        """Append a step."""
        files = self.files.setdefault((concept, step.stage), {})
        if step.system not in files:
            files[step.system] = tempfile.TemporaryFile(prefix="talk-plan-")  # noqa: SIM115 - closed by close
        files[step.system].write(msgspec.json.encode(step) + b"\n")
        self.counts[step.system, step.entity, step.kind] += 1

    def stages(self) -> list[tuple[str, str]]:
        """(concept, stage) in the order of sending: what is referred to first, creates first.

        Deletes come last of all, of what refers to others first.
        """
        wanted = [(concept, kind) for concept in CONCEPTS for kind in _STAGES]
        wanted += [(concept, "delete") for concept in reversed(list(CONCEPTS))]
        return [stage for stage in wanted if stage in self.files]

    def systems(self, stage: tuple[str, str]) -> list[str]:
        """The systems that a stage writes."""
        return list(self.files[stage])

    def steps(self, stage: tuple[str, str], system: str) -> Iterator[Step]:
        """The steps of a stage for a system, in the order in which they were planned."""
        decoder = msgspec.json.Decoder(Step)
        spool, position = self.files[stage][system], 0
        while True:
            spool.seek(position)
            line = spool.readline()
            if not line:
                return
            position = spool.tell()
            yield decoder.decode(line)

    def close(self) -> None:
        """Give the files back."""
        for files in self.files.values():
            for spool in files.values():
                spool.close()
        self.files.clear()


def operations(run: Run, spool: Spool) -> Iterator[Operation]:
    """The steps as people see them: references by the names of the records."""
    for stage in spool.stages():
        for system in spool.systems(stage):
            for page in links.chunks(spool.steps(stage, system)):
                with run.store.write() as connection:
                    names = goldens.origins(connection, _refs_in(run, page))
                    names |= _theirs(connection, system, _befores(run, page))
                for step in page:
                    yield shown(run, step, names)


def _refs_in(run: Run, page: Iterable[Step]) -> set[str]:
    found: set[str] = set()
    for step in page:
        mapping = run.systems[step.system].mappings[step.entity]
        for name, before, after in step.changes:
            if name in mapping.concept.refs:
                found |= {v for v in (before, after) if isinstance(v, str)}
        for name, lists in step.shown.items():
            refs = mapping.children[name].mapping.concept.refs
            for line in lists[1]:
                found |= {line[r] for r in refs if isinstance(line.get(r), str)}
    return found


def _befores(run: Run, page: Iterable[Step]) -> set[str]:
    """References of the lines that a system has now, in its own words: `Product:8`."""
    found: set[str] = set()
    for step in page:
        mapping = run.systems[step.system].mappings[step.entity]
        for name, (before, _) in step.shown.items():
            refs = mapping.children[name].mapping.concept.refs
            values = (line.get(ref) for line in before for ref in refs)
            found |= {v for v in values if isinstance(v, str) and ":" in v}
    return found


def _theirs(connection: Connection, system: str, refs: set[str]) -> dict[str, str]:
    """A system's own references → the names that people know these records by."""
    found = links.goldens_of(connection, system, map(split, refs))
    ids = {f"{entity}:{ext}": golden for (entity, ext), (golden, _) in found.items() if golden}
    names = goldens.origins(connection, set(ids.values()))
    return {ref: names[golden] for ref, golden in ids.items() if golden in names}


def shown(run: Run, step: Step, names: Mapping[str, str]) -> Operation:
    """A step as an operation without wire values."""
    mapping = run.systems[step.system].mappings[step.entity]
    changes = [
        Change(
            name,
            names.get(before, before) if name in mapping.concept.refs else before,
            names.get(after, after) if name in mapping.concept.refs else after,
        )
        for name, before, after in step.changes
    ]
    for name, (before, after) in step.shown.items():
        refs = mapping.children[name].mapping.concept.refs
        old, new = (
            [{p: names.get(v, v) if p in refs else v for p, v in line.items()} for line in lines]
            for lines in (before, after)
        )
        changes.append(Change(name, old, new))
    kind: OperationKind = step.kind  # type: ignore[assignment]
    return Operation(
        step.system, step.entity, kind, step.record, step.ext, tuple(changes), step.reason,
        step.golden,
    )  # fmt: skip


def fingerprint(operation: Operation) -> int:
    """What tells an operation from all others: without minted ids, the same in a later run."""
    changes = [[c.property, c.before, c.after] for c in operation.changes]
    place = [operation.system, operation.entity, operation.kind, operation.record]
    text: Any = [*place, operation.id, changes]
    return xxhash.xxh3_128_intdigest(msgspec.json.encode(text, order="deterministic"))


def digest(found: Iterable[Operation]) -> str:
    """A digest of operations that does not depend on minted ids or their order."""
    total = sum(map(fingerprint, found))
    return f"{total % 2**128:032x}"
