"""Statements over many rows or values, bound by the driver: a record is too small for more."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from operator import itemgetter
from typing import Any, TypeVar

from msgspec import json
from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    Connection,
    CursorResult,
    Delete,
    Dialect,
    Insert,
    Integer,
    Select,
    String,
    Text,
    TypeDecorator,
    Update,
    bindparam,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

__all__ = ["CHUNK", "THESE", "Chosen", "Many", "among", "among_given", "chunks"]

T = TypeVar("T")

CHUNK = 250


def chunks(items: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """The items in lists of at most `size`."""
    left = iter(items)
    while page := list(islice(left, size)):
        yield page


class Many:
    """An insert, update or delete that is carried out once per row."""

    def __init__(self, statement: Insert | Update | Delete, names: Sequence[str]) -> None:
        """Keep it; `names` are the keys of every row."""
        self._statement = statement
        self._names = names
        self._ready: dict[str, tuple[str, Callable[[Mapping[str, Any]], Any]]] = {}

    def execute(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Carry it out; nothing happens without rows."""
        if not rows:
            return
        name = connection.dialect.name
        if name not in self._ready:
            self._ready[name] = self._compiled(connection.dialect)
        text, bound = self._ready[name]
        connection.exec_driver_sql(text, [bound(row) for row in rows])

    def _compiled(self, dialect: Dialect) -> tuple[str, Callable[[Mapping[str, Any]], Any]]:
        compiled: Any = self._statement.compile(dialect=dialect, column_keys=list(self._names))
        return str(compiled), itemgetter(*compiled.positiontup) if compiled.positional else dict


THESE = "these"
"""The parameter of the values that `Chosen` is given."""


class Chosen:
    """A statement about the rows of which a column has one of some values, compiled once.

    Args:
        statement: one with a condition `among_given(column, THESE)`; its other parameters have
            names.
    """

    def __init__(self, statement: Select[Any] | Update | Delete) -> None:
        """Keep it."""
        self._statement = statement
        self._ready: dict[str, _Ready] = {}

    def rows(self, connection: Connection, these: Iterable[Any], **others: Any) -> Iterator[Any]:
        """What a query finds, read by the page of values."""
        for page in chunks(these):
            yield from self._execute(connection, page, others).all()

    def carry_out(self, connection: Connection, these: Iterable[Any], **others: Any) -> None:
        """Update or delete the rows."""
        for page in chunks(these):
            self._execute(connection, page, others)

    def _execute(
        self, connection: Connection, these: list[Any], others: Mapping[str, Any]
    ) -> CursorResult[Any]:
        name = connection.dialect.name
        if name not in self._ready:
            self._ready[name] = _ready(self._statement, connection.dialect)
        text, order, given = self._ready[name]
        values = {**given, **others, THESE: _bound(these, name)}
        parameters = values if order is None else tuple(values[key] for key in order)
        return connection.exec_driver_sql(text, parameters)


_Ready = tuple[str, Sequence[str] | None, Mapping[str, Any]]
"""Text, the order of its parameters if they have no names there, and those that never change."""


def _ready(statement: Select[Any] | Update | Delete, dialect: Dialect) -> _Ready:
    compiled: Any = statement.compile(dialect=dialect)
    given = {name: bind.value for name, bind in compiled.binds.items() if not bind.required}
    return str(compiled), compiled.positiontup if compiled.positional else None, given


def _bound(values: list[Any], dialect: str) -> Any:
    """Values as one parameter: JSON where there are no arrays."""
    return json.encode(values).decode() if dialect == "sqlite" else values


class _List(TypeDecorator[Any]):
    """Values as one parameter."""

    impl = Text
    cache_ok = True

    def __init__(self, kind: Integer | String) -> None:
        """Keep the type of the values."""
        super().__init__()
        self.kind = kind

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """An array where there are such."""
        return self.impl_instance if dialect.name == "sqlite" else ARRAY(self.kind)

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """JSON where there are none."""
        return _bound(value, dialect.name)


class _Among(FunctionElement[bool]):
    """A column and the values that it is to have one of.

    Its type is unknown on purpose: SQLite would be asked whether a boolean is 1, and no index
    answers that.
    """

    inherit_cache = True


@compiles(_Among, "sqlite")
def _in_json(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608 - parts of a statement


@compiles(_Among, "postgresql")
def _in_array(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{column} = ANY ({values})"


_TEXTS, _NUMBERS = _List(String()), _List(Integer())


def among(column: Column[Any], values: Collection[Any]) -> ColumnElement[bool]:
    """Whether a column has one of the values: one parameter, one text for any number of them."""
    return _Among(column, bindparam(None, list(values), type_=_list_of(column)))


def among_given(column: Column[Any], name: str) -> ColumnElement[bool]:
    """The same, with the values to be given when the statement is executed, under a name."""
    return _Among(column, bindparam(name, type_=_list_of(column)))


def _list_of(column: Column[Any]) -> _List:
    return _NUMBERS if isinstance(column.type, Integer) else _TEXTS
