"""Field tables: what a system accepts for each field, what it makes of it, and how that is said.

A table is written once per record type of a twin. It validates and renders what is written, and
yields the JSON schema for the twin's OpenAPI document, so that the two cannot differ.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Values = dict[str, Any]


class InvalidError(Exception):
    """A value that the system does not take."""

    def __init__(self, field_name: str, problem: str) -> None:
        super().__init__(f"{field_name}: {problem}")
        self.field = field_name
        self.problem = problem


@dataclass(frozen=True)
class Field:
    """One field: its JSON schema and what the system does to a value before it keeps it.

    Attributes:
        clean: Value as sent -> value as kept; raises `ValueError` with the problem.
        writable: `never` means that the API ignores what is sent; users may write it.
        table: The fields of a nested object, or of each element if `many`.
        key: The field by which an element of a list is known again.
        optional: A nested object that may be null as a whole.
    """

    name: str
    schema: Mapping[str, Any]
    clean: Callable[[Any], Any]
    required: bool = False
    writable: Literal["always", "create", "never"] = "always"
    default: Any = None
    table: Table | None = None
    many: bool = False
    key: str | None = None
    optional: bool = False


@dataclass(frozen=True)
class Table:
    """The fields of a record or of a nested object."""

    fields: tuple[Field, ...]
    _names: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_names", frozenset(each.name for each in self.fields))

    def accept(
        self,
        changes: Mapping[str, Any],
        current: Mapping[str, Any] | None,
        *,
        whole: bool,
        by_user: bool,
    ) -> Values:
        """The record that results if `changes` are written over `current`; neither is touched.

        Args:
            changes: Field -> value; unknown fields are ignored, as real servers do.
            current: The record as kept, or none for a new one.
            whole: Fields that `changes` leaves out are cleared instead of kept.
            by_user: Fields that are read-only in the API are taken, too.

        Raises:
            InvalidError: A value is not taken, or a required one is missing.
        """
        values: Values = {}
        for each in self.fields:
            kept = each.default if current is None else current.get(each.name)
            locked = each.writable == "never" or (each.writable == "create" and current is not None)
            if locked and not by_user:
                values[each.name] = kept
            elif each.name in changes:
                values[each.name] = _accept_one(each, changes[each.name], kept, whole, by_user)
            else:
                values[each.name] = _empty(each) if whole or current is None else kept
            if each.required and values[each.name] in (None, ""):
                raise InvalidError(each.name, "is required")
        return values

    def json_schema(self) -> dict[str, Any]:
        """The JSON schema (2020-12) of the object."""
        properties = {each.name: _field_schema(each) for each in self.fields}
        schema: dict[str, Any] = {"type": "object", "properties": properties}
        required = [each.name for each in self.fields if each.required]
        if required:
            schema["required"] = required
        return schema


def _empty(each: Field) -> Any:
    if each.many:
        return []
    if each.table is not None and not each.optional:
        return each.table.accept({}, None, whole=True, by_user=True)
    return each.default


def _accept_one(each: Field, raw: Any, kept: Any, whole: bool, by_user: bool) -> Any:
    if raw is None:
        return _empty(each)
    try:
        if each.table is None:
            return each.clean(raw)
        if each.many:
            return _accept_list(each, raw, kept or [], by_user)
        _expect_object(raw)
        return each.table.accept(raw, kept, whole=whole, by_user=by_user)
    except ValueError as error:
        raise InvalidError(each.name, str(error)) from None
    except InvalidError as error:
        raise InvalidError(f"{each.name}.{error.field}", error.problem) from None


def _expect_object(raw: Any) -> None:
    if not isinstance(raw, dict):
        raise ValueError("must be an object")  # noqa: TRY004 - the same answer for all


def _accept_list(each: Field, raw: Any, kept: Sequence[Values], by_user: bool) -> list[Values]:
    if not isinstance(raw, list) or not all(isinstance(item, dict) for item in raw):
        raise ValueError("must be a list of objects")
    assert each.table is not None
    if each.key is None:
        return [each.table.accept(item, None, whole=True, by_user=by_user) for item in raw]
    known = {item[each.key]: item for item in kept}
    result = []
    for item in raw:
        key = item.get(each.key)
        if key is not None and key not in known:
            raise InvalidError(each.key, f"unknown: {key}")
        before = known.get(key)
        accepted = each.table.accept(item, before, whole=before is None, by_user=by_user)
        result.append({**accepted, each.key: key})
    return result


def _field_schema(each: Field) -> dict[str, Any]:
    schema = dict(each.schema)
    if each.table is not None:
        nested = each.table.json_schema()
        schema = {"type": "array", "items": nested} if each.many else nested
    if (
        not each.required
        and not each.many
        and "type" in schema
        and (each.table is None or each.optional)
    ):
        schema["type"] = [schema["type"], "null"]
        if "enum" in schema:
            schema["enum"] = [*schema["enum"], None]
    if each.writable == "never":
        schema["readOnly"] = True
    if each.default is not None and not each.many:
        schema["default"] = each.default
    return schema
