"""Statements over many rows or values, bound by the driver: a record is too small for more."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from operator import itemgetter
from typing import Any

from msgspec import json
from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    Connection,
    Dialect,
    Insert,
    Integer,
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

__all__ = ["Many", "among", "among_given"]


class Many:
    """An insert or update that is carried out once per row."""

    def __init__(self, statement: Insert | Update, names: Sequence[str]) -> None:
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
        return json.encode(value).decode() if dialect.name == "sqlite" else value


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
