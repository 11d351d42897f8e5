"""How results are shown: tables and lines for people, JSON for programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import typer

if TYPE_CHECKING:
    from talk_sdk.operations import Change

__all__ = [
    "JSON_HELP",
    "change_lines",
    "counts",
    "print_counts",
    "print_json",
    "print_table",
    "shown",
]

JSON_HELP = "Print JSON for programs."
NOTHING = "–"
LONGEST = 120
UNBOUNDED = 10_000

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
    if not console.is_terminal:
        # There is no edge to break lines at.
        console = Console(highlight=False, width=UNBOUNDED)
    console.print(table)


def print_counts(rows: Mapping[tuple[str, str], Mapping[str, int]], columns: Sequence[str]) -> None:
    """Write a table of counts to stdout: a row per system and entity, a column per kind."""
    known = dict.fromkeys([*columns, *(kind for found in rows.values() for kind in found)])
    kinds = [kind for kind in known if any(found.get(kind) for found in rows.values())]
    print_table(
        ("entity", *kinds),
        [
            (f"{system}.{entity}", *(found.get(kind, 0) for kind in kinds))
            for (system, entity), found in sorted(rows.items())
        ],
    )


def counts(found: Mapping[KeyT, int], names: Sequence[str]) -> list[dict[str, str | int]]:
    """Counts by several names, as JSON can have them: one object for each."""
    return [{**dict(zip(names, key, strict=True)), "count": count} for key, count in found.items()]


def shown(value: Any, longest: int = LONGEST) -> str:
    """A value for a person, on one line."""
    if value is None or value in ("", []):
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = _line(value) if isinstance(value, Mapping) else str(value)
    text = text if text.isprintable() else repr(text)[1:-1]
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def change_lines(change: Change) -> list[str]:
    """A property with what it is and what it will be; of a list, only the lines that differ."""
    before, after = change.before, change.after
    if not (isinstance(before, list) or isinstance(after, list)):
        return [f"{change.property}: {shown(before)} → {shown(after)}"]
    old, new = list(before or ()), list(after or ())
    gone = [line for line in old if line not in new]
    come = [line for line in new if line not in old]
    return [
        f"{change.property}: {len(old)} → {len(new)}",
        *(f"  - {shown(line)}" for line in gone),
        *(f"  + {shown(line)}" for line in come),
    ]


def _line(line: Mapping[str, Any]) -> str:
    """One line of an order: what it says, in the order of the table."""
    said = (f"{name} {shown(value)}" for name, value in line.items() if value is not None)
    return ", ".join(said)
