"""What is said to a person about a mistake in talk.toml: one sentence, with the way out."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from types import UnionType
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin

from pydantic import BaseModel

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

__all__ = ["explain", "listed", "nearest"]

Place = tuple[int | str, ...]


def listed(names: Iterable[str]) -> str:
    """Names for a sentence: `a`, `b`, `c`."""
    return ", ".join(f"`{name}`" for name in names)


def nearest(word: str, known: Collection[str]) -> str:
    """The end of a sentence about an unknown word: the one that was meant, or all there are."""
    if close := difflib.get_close_matches(word, known, n=1, cutoff=0.6):
        return f"did you mean `{close[0]}`?"
    return f"known are {listed(known)}." if known else "there are none."


def explain(error: ValidationError, table: str, model: type[BaseModel]) -> str:
    """Say what is wrong in a table of talk.toml; never with a value, which may be a secret.

    All keys that are missing from one table are named together, of other mistakes the first.
    """
    details = error.errors(include_url=False, include_input=False)
    unknown = [detail for detail in details if detail["type"] == "extra_forbidden"]
    # A misspelt key shows twice, as unknown and as missing: the first says what to do.
    first = (unknown or details)[0]
    table, key = _locate(table, first["loc"])
    if first["type"] == "extra_forbidden":
        known = _fields(model, first["loc"][:-1])
        return f"Unknown key `{key}` in [{table}]: {nearest(key, known)}"
    if first["type"] == "missing":
        return f"[{table}] lacks {_missing(details, first['loc'], model)}."
    reason = _reason(first, _fields(model, first["loc"][:-1]).get(key, ""))
    return f"`{key}` in [{table}] {reason}." if key else f"[{table}] {reason}."


def _locate(table: str, loc: Place) -> tuple[str, str]:
    """The table that a mistake is in, and its key there."""
    names = [str(part) for part in loc]
    return ".".join([table, *names[:-1]]), names[-1] if names else ""


def _missing(details: list[ErrorDetails], loc: Place, model: type[BaseModel]) -> str:
    keys = [d["loc"][-1] for d in details if d["type"] == "missing" and d["loc"][:-1] == loc[:-1]]
    descriptions = _fields(model, loc[:-1])
    words = []
    for key in map(str, keys):
        description = descriptions.get(key, "").rstrip(".")
        words.append(f"`{key}` ({description})" if description else f"`{key}`")
    return " and ".join(words)


def _reason(detail: ErrorDetails, description: str) -> str:
    if detail["type"] == "string_pattern_mismatch" and description:
        # A pattern says nothing to a person; what the field is for does.
        return f"does not have the right form ({description.rstrip('.')})"
    message = detail["msg"].removeprefix("Value error, ").rstrip(".")
    return message.replace("Input should", "should", 1)


def _fields(model: type[BaseModel], loc: Place) -> dict[str, str]:
    """The keys that a table may have, with their descriptions."""
    found: Any = model
    for part in loc:
        field = found.model_fields.get(part) if _is_model(found) else None
        found = field.annotation if field else next(iter(get_args(found)[-1:]), None)
        if get_origin(found) in {Union, UnionType}:
            found = next((choice for choice in get_args(found) if _is_model(choice)), None)
    if not _is_model(found):
        return {}
    return {
        field.alias or name: field.description or "" for name, field in found.model_fields.items()
    }


def _is_model(found: object) -> bool:
    return isinstance(found, type) and issubclass(found, BaseModel)
