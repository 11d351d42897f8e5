"""How results are shown: tables and lines for people, JSON for programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import typer

if TYPE_CHECKING:
    from talk_sdk.operations import Change

__all__ = ["JSON_HELP", "change_line", "counts", "print_json", "print_table", "shown"]

JSON_HELP = "Print JSON for programs."
NOTHING = "–"
LONGEST = 120

KeyT = TypeVar("KeyT", bound=tuple[str, ...])


def print_json(value: object) -> None:
    """Write a value of dataclasses, mappings and sequences as indented JSON to stdout."""
    import msgspec

    typer.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a table to stdout; nothing if there are no rows. Numbers stand on the right."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    body = [list(row) for row in rows]
    if not body:
        return
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for index, column in enumerate(columns):
        number = all(isinstance(row[index], int) for row in body)
        table.add_column(column, justify="right" if number else "left", overflow="fold")
    for row in body:
        # Text, not str: what stands in a record is no mark-up.
        table.add_row(*(Text(str(cell)) for cell in row))
    console = Console(highlight=False)
    # Off a terminal there is no edge to break lines at.
    console.print(table, width=None if console.is_terminal else console.measure(table).maximum)


def counts(found: Mapping[KeyT, int], names: Sequence[str]) -> list[dict[str, str | int]]:
    """Counts by several names, as JSON can have them: one object for each."""
    return [{**dict(zip(names, key, strict=True)), "count": count} for key, count in found.items()]


def shown(value: Any) -> str:
    """A value for a person, on one line."""
    if value is None or value == "":
        return NOTHING
    text = str(value)
    text = text if text.isprintable() else repr(text)[1:-1]
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def change_line(change: Change) -> str:
    """A property with what it is and what it will be."""
    return f"{change.property}: {shown(change.before)} → {shown(change.after)}"
