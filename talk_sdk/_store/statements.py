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
    Update,
    bindparam,
    func,
    select,
)

__all__ = ["Many", "among"]


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


def among(
    connection: Connection, column: Column[Any], values: Collection[Any]
) -> ColumnElement[bool]:
    """Whether a column has one of the values: one parameter, one text for any number of them."""
    if connection.dialect.name == "sqlite":
        each = func.json_each(json.encode(list(values)).decode()).table_valued("value")
        return column.in_(select(each.c.value))
    kind = Integer() if isinstance(column.type, Integer) else String()
    return column == func.any(bindparam(None, list(values), type_=ARRAY(kind)))
