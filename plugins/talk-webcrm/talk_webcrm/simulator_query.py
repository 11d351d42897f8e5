"""`/Queries`: the SQL that clients of webCRM were seen to use, over the twin's records.

    SELECT * | column, … FROM Table [JOIN Table ON (a = b)] [WHERE …] [ORDER BY column [ASC|DESC]]

with AND, OR, brackets, `=` and `>=`. Texts compare without regard to case, times as moments; an
enumeration is compared by its number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from talk_sdk.testing.service import RefusedError
from talk_webcrm.simulator_tables import ENTITY_TYPES, PERSON_STATUS

__all__ = ["query"]

Row = dict[str, Any]
Test = Callable[[Mapping[str, Any]], bool]
Tables = Callable[[str], Sequence[Row]]
"""A table's name → its rows; raises `RefusedError` for one that there is not."""

_TOKEN = re.compile(r"\s*(?:('(?:[^']|'')*')|(-?\d+(?:\.\d+)?)|([A-Za-z_][\w.]*)|(>=|[=(),*]))")
_ENUMS = {"PersonStatus": PERSON_STATUS, "LinkedDataItemEntityType": ENTITY_TYPES}


def query(script: str, tables: Tables) -> list[Row]:
    """The rows that a script asks for, with the raw columns that real answers have beside.

    Raises:
        RefusedError: the script cannot be read, or names what there is not.
    """
    return _Reader(_tokens(script)).select(tables)


def _tokens(script: str) -> list[str]:
    found, place, text = [], 0, script.strip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise _unreadable(text[place : place + 20])
        found.append(match[0].strip())
        place = match.end()
    return found


def _unreadable(what: str) -> RefusedError:
    return RefusedError(400, "QueryException", f"Incorrect syntax near '{what}'.")


@dataclass
class _Reader:
    """Reads a script from left to right."""

    tokens: list[str]
    place: int = 0

    def select(self, tables: Tables) -> list[Row]:
        self._expect("SELECT")
        columns = self._columns()
        self._expect("FROM")
        rows = list(tables(self._next()))
        if self._accept("JOIN"):
            rows = self._join(rows, tables(self._next()))
        known = set().union(*(row.keys() for row in rows[:1]))
        if self._accept("WHERE"):
            test = self._either(known)
            rows = [row for row in rows if test(row)]
        if self._accept("ORDER"):
            self._expect("BY")
            name = self._column(known)
            down = self._accept("DESC") or not (self._accept("ASC") or True)
            rows.sort(key=lambda row: _sortable(row[name]), reverse=down)
        if self.place < len(self.tokens):
            raise _unreadable(self.tokens[self.place])
        return [
            {"RowNumber": number, "o_lastUpdatedById": 1, **_of(row, columns)}
            for number, row in enumerate(rows, 1)
        ]

    def _columns(self) -> list[str] | None:
        if self._accept("*"):
            return None
        found = [self._next()]
        while self._accept(","):
            found.append(self._next())
        return found

    def _join(self, rows: list[Row], others: Sequence[Row]) -> list[Row]:
        self._expect("ON")
        self._expect("(")
        left = self._next().rpartition(".")[2]
        self._expect("=")
        right = self._next().rpartition(".")[2]
        self._expect(")")
        by_key = {str(other.get(right)): other for other in others}
        if rows and left not in rows[0]:
            raise _unreadable(left)
        return [{**by_key[k], **row} for row in rows if (k := str(row[left])) in by_key]

    def _either(self, known: set[str]) -> Test:
        tests = [self._both(known)]
        while self._accept("OR"):
            tests.append(self._both(known))
        return lambda row: any(test(row) for test in tests)

    def _both(self, known: set[str]) -> Test:
        tests = [self._one(known)]
        while self._accept("AND"):
            tests.append(self._one(known))
        return lambda row: all(test(row) for test in tests)

    def _one(self, known: set[str]) -> Test:
        if self._accept("("):
            test = self._either(known)
            self._expect(")")
            return test
        name = self._column(known)
        sign, value = self._next(), self._value()
        if sign == "=":
            return lambda row: _comparable(name, row[name]) == _comparable(name, value)
        if sign == ">=":
            return lambda row: bool(_comparable(name, row[name]) >= _comparable(name, value))
        raise _unreadable(sign)

    def _column(self, known: set[str]) -> str:
        name = self._next().rpartition(".")[2]
        if known and name not in known:
            raise RefusedError(400, "QueryException", f"Invalid column name '{name}'.")
        return name

    def _value(self) -> Any:
        token = self._next()
        if token.startswith("'"):
            return token[1:-1].replace("''", "'")
        return Decimal(token)

    def _next(self) -> str:
        if self.place >= len(self.tokens):
            raise _unreadable("the end")
        self.place += 1
        return self.tokens[self.place - 1]

    def _accept(self, word: str) -> bool:
        here = self.tokens[self.place].upper() if self.place < len(self.tokens) else ""
        self.place += here == word
        return here == word

    def _expect(self, word: str) -> None:
        if not self._accept(word):
            raise _unreadable(self.tokens[self.place] if self.tokens[self.place :] else "the end")


def _of(row: Row, columns: list[str] | None) -> Row:
    if columns is None:
        return row
    missing = next((name for name in columns if name not in row), None)
    if missing is not None:
        raise RefusedError(400, "QueryException", f"Invalid column name '{missing}'.")
    return {name: row[name] for name in columns}


def _comparable(name: str, value: Any) -> Any:
    """A value so that two of one column can be compared; what cannot be is refused."""
    if name in _ENUMS and isinstance(value, str):
        return Decimal(_ENUMS[name].index(value))
    if name.endswith(("At", "Date", "DateTime")):
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            raise RefusedError(400, "QueryException", f"'{value}' is no date.") from None
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return aware if aware.year == 1 else aware.astimezone(UTC)
    if isinstance(value, int | float | Decimal):
        return Decimal(str(value))
    return str(value or "").casefold()


def _sortable(value: Any) -> Any:
    try:
        return (0, datetime.fromisoformat(str(value)).timestamp())
    except (ValueError, OverflowError):
        return (1, value if isinstance(value, int | Decimal) else str(value))
