"""Looks: a raw record as far as the engine understands it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from json import dumps
from typing import Any

import msgspec
import xxhash
from pydantic import ValidationError

from talk_sdk._engine.run import Bound
from talk_sdk.connector import Entity, Stamp
from talk_sdk.errors import MappingError
from talk_sdk.mapping import Compiled, Line
from talk_sdk.operations import Raw, Scalar

__all__ = [
    "MARKER",
    "UNIQUE",
    "Look",
    "external_id",
    "fingerprint",
    "keys_of",
    "look_at",
    "makeshift_id",
    "unique_keys",
]

MARKER = 0
"""The rank under which a record's marker is kept among its keys; no criterion has it."""

UNIQUE = -100
"""The rank of the first unique property among a record's keys; the next one is below."""

LONGEST = 500
"""Characters of an id: an index of PostgreSQL has room for 2,700 bytes, and four make one."""

_UNKEEPABLE = re.compile(r"[\0\ud800-\udfff]")  # NUL, and halves of characters
_QUOTES = "'\""
_WHOLE = 16  # bytes of the digest of a record that can be encoded
_ENCODER = msgspec.json.Encoder(order="deterministic")


class Look(msgspec.Struct):
    """A raw record as far as the engine understands it."""

    ext: str
    properties: dict[str, Scalar]
    children: dict[str, list[Any]] | None
    fingerprint: bytes
    version: str | None
    modified: tuple[float, float] | None
    created: float | None
    marks: Mapping[int, str] = msgspec.field(default_factory=dict)
    barred: dict[str, str] = msgspec.field(default_factory=dict)


def external_id(entity: Entity, raw: Raw) -> str | None:
    """The record's id as text; None if it has none, or one that no store can keep."""
    text = _text(raw.get(entity.id))
    return text if text and _keepable(text) else None


def makeshift_id(entity: Entity, raw: Raw, position: int) -> str:
    """What a record is called that has no id, or none that can be kept: so it can be listed."""
    text = ascii(_text(raw.get(entity.id)) or position)
    return f"?{text.strip(_QUOTES)[:LONGEST]}"


def _keepable(text: str) -> bool:
    return len(text) <= LONGEST and not _UNKEEPABLE.search(text)


def fingerprint(raw: Raw, seed: int) -> bytes:
    """A digest of the raw record; a short one if that holds half a character.

    The seed changes with the mapping, so that a new table sees every record again.
    """
    try:
        return xxhash.xxh3_128_digest(_ENCODER.encode(raw), seed)
    except UnicodeEncodeError:  # it becomes a dead letter, and is looked at again if it changes
        return xxhash.xxh3_64_digest(dumps(raw, sort_keys=True, default=str).encode(), seed)


def look_at(bound: Bound, entity: str, raw: Raw, digest: bytes | None = None) -> Look:
    """Validate and map a raw record.

    Raises:
        MappingError: it does not validate, or a value does not fit its property.
    """
    declared = bound.entities[entity]
    mapping = bound.mappings[entity]
    ext = external_id(declared, raw)
    if ext is None:
        raise MappingError(_nameless(declared, raw))
    digest = digest or fingerprint(raw, bound.seeds.get(entity, 0))
    if len(digest) < _WHOLE:
        _refuse_halves(raw)
    try:
        declared.model.model_validate(raw)
        modified = _span(declared.modified, raw)
        created = _span(declared.created, raw)
    except ValidationError as error:
        raise MappingError(_first(error)) from None
    except ValueError as error:
        raise MappingError(f"A time of the record cannot be read: {error}") from None
    version = None if declared.version is None else _text(raw.get(declared.version))
    if declared.version_ordered and version is not None and not version.isdigit():
        raise MappingError(f"{declared.version} = {version!r} is no version number.")
    if version is not None and not _keepable(version):
        raise MappingError(
            f"{declared.version} = {version[:80]!r} is a version that no store can keep."
        )
    children = {name: [_line(line) for line in found] for name, found in _lines(mapping, raw)}
    properties = mapping.inbound(raw)
    marks = unique_keys(declared, mapping, properties)
    marker = None if declared.marker is None else _text(raw.get(declared.marker)) or None
    if marker is not None and _keepable(marker):
        marks[MARKER] = marker
    return Look(
        ext,
        properties,
        children or None,
        digest,
        version,
        modified,
        created[0] if created else None,
        marks,
        bound.flows.bars((bound.name, entity), raw),
    )


def _lines(mapping: Compiled, raw: Raw) -> Iterable[tuple[str, Sequence[Line]]]:
    return mapping.lines(raw).items() if mapping.children else ()


def _line(line: Line) -> list[Any]:
    if line.id is not None and not _keepable(line.id):
        raise MappingError(f"A line has the id {line.id[:80]!r}, which no store can keep.")
    return [line.id, line.properties]


def _nameless(declared: Entity, raw: Raw) -> str:
    ext = _text(raw.get(declared.id))
    if not ext:
        return f"The record has no {declared.id!r}."
    return f"{declared.id} = {ext[:80]!r} is an id that no store can keep."


def _refuse_halves(raw: Raw) -> None:
    """Text that was cut between the two halves of a character cannot be stored or sent."""
    for name, value in raw.items():
        try:
            _ENCODER.encode(value)
        except UnicodeEncodeError:
            raise MappingError(f"{name} holds half a character: {str(value)[:80]!r}.") from None


def unique_keys(
    declared: Entity, mapping: Compiled, values: Mapping[str, Scalar]
) -> dict[int, str]:
    """What tells a record apart in its own system where there is no marker (`Entity.unique`)."""
    found = {}
    for place, names in enumerate(declared.unique):
        key = mapping.folded((names,) if isinstance(names, str) else names, values)
        if key is not None:
            found[UNIQUE - place] = key
    return found


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _span(stamp: Stamp | None, raw: Raw) -> tuple[float, float] | None:
    span: tuple[datetime, datetime] | None = stamp.span(raw) if stamp else None
    return None if span is None else (span[0].timestamp(), span[1].timestamp())


def _first(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return f"{where} = {first.get('input')!r}: {first['msg']}{more}"


def keys_of(mapping: Compiled, values: Mapping[str, Scalar]) -> dict[int, str]:
    """Rank → folded key, for the ranks that need no reference translated.

    Of the others the part without references, under the negative rank: it matches nothing,
    but shows which records could be the same.
    """
    found = {}
    for rank, names in mapping.plain_keys.items():
        key = mapping.folded(names, values)
        if key is not None:
            found[rank] = key
    return found
