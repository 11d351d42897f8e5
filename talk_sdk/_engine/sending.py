"""From a planned step to an operation with wire values, and the intent that is journaled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from talk_sdk._engine.lines import POSITION, UNKNOWN
from talk_sdk._engine.looks import keys_of, unique_keys
from talk_sdk._engine.refusals import basis
from talk_sdk._engine.run import Bound, Run
from talk_sdk._engine.steps import CHANGES, Step
from talk_sdk._store import GoldenRow, LinkRow
from talk_sdk._store.journal import Intent
from talk_sdk.errors import MappingError
from talk_sdk.mapping import Compiled
from talk_sdk.mapping.paths import getter, setter
from talk_sdk.operations import Change, Operation, Raw, Scalar

__all__ = ["Material", "Waits", "operation_of", "overlay", "prepare", "refs_in"]


class Waits(Exception):  # noqa: N818 - not a fault: the step waits for another record
    """A record that the step refers to does not exist in the system yet."""

    def __init__(self, golden: str) -> None:
        """Keep the golden record that is waited for."""
        super().__init__(golden)
        self.golden = golden


class Material(msgspec.Struct, frozen=True):
    """What a step needs to become an operation.

    `there` says, for a golden id, how the system refers to it (`Entity:id`).
    """

    golden: GoldenRow
    link: LinkRow | None
    kids: Sequence[LinkRow]
    there: Mapping[str, str]
    current: Raw | None


def refs_in(step: Step, mapping: Compiled) -> Iterable[str]:
    """The golden ids that a step refers to."""
    for name, _, after in step.changes:
        if name in mapping.concept.refs and isinstance(after, str):
            yield after
    for name, lines in step.lines.items():
        refs = mapping.children[name].mapping.concept.refs
        for line in lines:
            for ref in refs:
                if isinstance(line.values.get(ref), str):
                    yield line.values[ref]


def prepare(run: Run, bound: Bound, step: Step, material: Material) -> tuple[Intent, Raw] | None:
    """The intent of a step and the body to send, None if nothing is left to write.

    The journal has only what we write; a body that is a whole record also carries what is
    there already, and that may be more than the engine is allowed to see.

    Properties that have become pending meanwhile are left out, and whole lists and what a
    pending one depends on likewise: they are merged first (rule W2). A record that was edited
    meanwhile is not deleted.

    Raises:
        Waits: a record that it refers to does not exist there yet.
        MappingError: the system cannot say one of the values.
    """
    mapping, link = bound.mappings[step.entity], material.link
    if step.kind == "delete" and link is not None and link.dirty:
        return None
    busy = set() if link is None else _busy(mapping, link)
    changes = [c for c in step.changes if c[0] not in busy]
    lists = {} if link is not None and link.children else step.lines
    if step.kind not in {"create", "delete"} and not changes and not lists:
        return None
    values = _outward({n: after for n, _, after in changes}, mapping, material.there)
    lines = {
        name: [
            [
                x.golden,
                x.link,
                _outward(x.values, mapping.children[name].mapping, material.there),
                x.revs,
            ]
            for x in found
        ]
        for name, found in lists.items()
    }
    key = run.mint()
    entity = bound.entities[step.entity]
    marker = f"{run.store.workspace}:{step.golden}" if entity.marker else None
    operation: dict[str, Any] = {
        "record": step.record,
        "ext": step.ext,
        "reason": step.reason,
        "changes": changes,
        "values": values,
        "revs": step.revs,
        "lines": lines,
        "base": {} if link is None else {n: link.shadow.get(n) for n in values},
        "body": _body(bound, step, values, lines, material, None),
        "marker": marker if step.kind == "create" else None,
        "version": None if link is None else link.version,
        "deltas": {},
        "basis": basis(step),
    }
    if step.kind == "create":
        operation["keys"] = _keys(mapping, {name: after for name, _, after in changes})
        operation["unique"] = {str(r): k for r, k in unique_keys(entity, mapping, values).items()}
    if step.kind == "adjust" and link is not None:
        operation["deltas"] = {
            name: str(Decimal(str(after)) - Decimal(str(link.shadow.get(name) or 0)))
            for name, _, after in changes
        }
        operation["changes"] = [[n, link.shadow.get(n), after] for n, _, after in changes]
    intent = Intent(
        key, run.id, bound.name, step.entity, step.kind, step.golden, step.link, operation,
        run.now(),
    )  # fmt: skip
    if step.kind not in CHANGES or material.current is None:
        return intent, operation["body"]
    return intent, _body(bound, step, values, lines, material, material.current)


def _busy(mapping: Compiled, link: LinkRow) -> set[str]:
    """What may not be written now: an edit of it, or of what it gives its meaning, is unmerged.

    To write another country would take the province away that has just been typed.
    """
    unmerged = {name for name in link.pending if name in mapping.by_property}
    reads = {read for name in unmerged for read in mapping.by_property[name].lens.reads}
    return {*link.pending, *link.held, *reads}


def _keys(mapping: Compiled, sent: Mapping[str, Scalar]) -> dict[str, str]:
    """The keys that the record will have there: of what is sent, as the system will say it."""
    parts = {name for names in mapping.keys.values() for name in names}
    said = {name: _said(mapping, name, sent[name], sent) for name in parts if name in sent}
    keys = keys_of(mapping, said)
    for rank in mapping.composite:
        key = mapping.key_of(rank, said)
        if key is not None:
            keys[rank] = key
    return {str(rank): key for rank, key in keys.items()}


def _said(mapping: Compiled, name: str, value: Scalar, sent: Mapping[str, Scalar]) -> Scalar:
    if name in mapping.concept.refs:
        return value
    try:
        return mapping.render(name, value, sent)
    except MappingError:
        return value  # the write is refused because of it


def _outward(
    values: Mapping[str, Scalar], mapping: Compiled, there: Mapping[str, str]
) -> dict[str, Scalar]:
    """The values with references as the system names them."""
    found = dict(values)
    for name in mapping.concept.refs:
        value = found.get(name)
        if isinstance(value, str):
            if value not in there:
                raise Waits(value)
            found[name] = there[value]
    return found


def _body(
    bound: Bound,
    step: Step,
    values: Mapping[str, Scalar],
    lines: Mapping[str, Sequence[Any]],
    material: Material,
    current: Raw | None,
) -> Raw:
    mapping = bound.mappings[step.entity]
    body = mapping.outbound(values, material.golden.data)
    for name, found in lines.items():
        table = mapping.children[name]
        table.put(body, _wire_lines(name, found, mapping, material.kids, current))
    if step.kind == "create":
        return overlay(_constants(mapping), body) if mapping.constants else body
    if current is None:
        return body
    declared = bound.entities[step.entity]
    if declared.update == "put":
        return overlay(current, body)
    for path in declared.whole:
        mine, there = getter(path)(body), getter(path)(current)
        if isinstance(mine, dict) and isinstance(there, dict):
            setter(path)(body, overlay(there, mine))
    return body


def _constants(mapping: Compiled) -> Raw:
    body: Raw = {}
    for path, value in mapping.constants.items():
        *parents, last = path.split(".")
        place = body
        for name in parents:
            place = place.setdefault(name, {})
        place[last] = value
    return body


def _wire_lines(
    name: str,
    lines: Sequence[Any],
    mapping: Compiled,
    rows_there: Sequence[LinkRow],
    current: Raw | None,
) -> list[Raw]:
    """The lines as the API wants them. A line that is there keeps what we do not model."""
    table = mapping.children[name]
    kids = {kid.id: kid for kid in rows_there if kid.state == "live"}
    there = table.get(current) if current else None
    rows = there if isinstance(there, list) and len(there) == len(kids) else None
    found = []
    for _, link, values, _revs in lines:
        kid = kids.get(link) if link is not None else None
        line = table.mapping.outbound(values, values)
        if kid is not None and rows is not None:
            place = kid.shadow.get(POSITION)
            if isinstance(place, int) and place < len(rows):
                line = overlay(rows[place], line)
        own = None if kid is None else kid.ext.rpartition("/")[2]
        if own is not None and table.id is not None and not own.startswith(UNKNOWN):
            line[table.id] = own
        found.append(line)
    return found


def overlay(under: Raw, over: Raw) -> Raw:
    """One record over another, nested ones likewise; lists are replaced."""
    found = dict(under)
    for name, value in over.items():
        below = found.get(name)
        both = isinstance(value, dict) and isinstance(below, dict)
        found[name] = overlay(below, value) if both else value  # type: ignore[arg-type]
    return found


def operation_of(intent: Intent, body: Raw | None = None) -> Operation:
    """The operation that a connector is handed: the same for the same intent.

    `body` stands in for the journal's, where it is a whole record.
    """
    what = intent.operation
    kind = "update" if intent.kind == "archive" else intent.kind
    return Operation(
        intent.system, intent.entity, kind, what["record"], what["ext"],  # type: ignore[arg-type]
        tuple(Change(*change) for change in what["changes"]), what["reason"], intent.golden,
        intent.id, what["marker"], body or what["body"], what["version"],
    )  # fmt: skip
