"""What a person puts right by hand: records linked by mistake, and deletions that were one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from talk_sdk._engine.lines import POSITION, place
from talk_sdk._engine.reviewing import Desk
from talk_sdk._engine.verdicts import PERSON
from talk_sdk._store import GoldenRow, LinkRow, goldens, journal, links
from talk_sdk.errors import ConfigError

__all__ = ["anew", "unlink"]


def unlink(desk: Desk, record: str) -> None:
    """Take a record away from those that it is linked with: it is one of its own.

    What it says is its own from then on; the others keep what they have.

    Raises:
        ConfigError: it is no linked record, or is linked with no other.
    """
    place, _, ext = record.partition(":")
    system, _, entity = place.partition(".")
    link = links.by_ext(desk.connection, system, entity, [ext]).get(ext)
    if link is None or link.golden is None or link.state != "live":
        raise ConfigError(f"{record} is no linked record: name one as shop.Customer:17.")
    rows = links.by_golden(desk.connection, [link.golden])[link.golden]
    if sum(row.state == "live" for row in rows) < 2:  # noqa: PLR2004
        raise ConfigError(f"{record} is linked with no other record.")
    before = link.golden
    golden = GoldenRow(desk.mint(), link.concept, link.name, fresh=True)
    goldens.save(desk.connection, [golden])
    link.pending = {**link.shadow, **link.pending}
    link.golden, link.shadow, link.behind, link.held, link.found = golden.id, {}, {}, {}, {}
    kids = links.children_of(desk.connection, [link.id]).get(link.id, [])
    link.children = link.children or _lists(kids)
    for kid in kids:
        kid.state = "dead"
    links.update_links(desk.connection, [link, *kids])
    goldens.soil(desk.connection, [before, golden.id])
    note = {before: [["", None, None, PERSON, f"unlinked {link.name}"]]}
    journal.note(desk.connection, "", desk.at, "decision", note)


def _lists(kids: Iterable[LinkRow]) -> dict[str, list[Any]] | None:
    """The lines of a record as if they had just been read."""
    found: dict[str, list[Any]] = {}
    for kid in sorted((k for k in kids if k.state == "live"), key=place):
        says = {name: value for name, value in kid.shadow.items() if name != POSITION}
        own = kid.ext.rpartition("/")[2]
        found.setdefault(kid.entity.partition(".")[2], []).append([own, says])
    return found or None


def anew(desk: Desk, record: str) -> None:
    """Let a record that was deleted in a system, or merged away there, be created there again.

    Raises:
        ConfigError: it is no deleted record, or no other system has it any more.
    """
    place, _, ext = record.partition(":")
    system, _, entity = place.partition(".")
    link = links.by_ext(desk.connection, system, entity, [ext]).get(ext)
    if link is None or link.golden is None or link.state not in {"dead", "alias"}:
        raise ConfigError(f"{record} is no deleted record: `talk status` lists dead links.")
    rows = links.by_golden(desk.connection, [link.golden])[link.golden]
    if not any(row.state == "live" for row in rows):
        raise ConfigError(f"No other system has {record} any more: there is nothing to make it of.")
    golden, link.golden = link.golden, None
    links.update_links(desk.connection, [link])
    goldens.revive(desk.connection, [golden])
    goldens.soil(desk.connection, [golden])
    note = {golden: [["", None, None, PERSON, f"{link.name} is to be made anew"]]}
    journal.note(desk.connection, "", desk.at, "decision", note)
