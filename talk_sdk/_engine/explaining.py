"""Why a record says what it says: who typed it, what decided, where it went and where not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import Connection

from talk_sdk._engine.lines import EXISTENCE, place
from talk_sdk._engine.naming import named
from talk_sdk._engine.run import Bound
from talk_sdk._store import GoldenRow, LinkRow, goldens, items, journal, letters, links
from talk_sdk.concepts import CONCEPTS
from talk_sdk.errors import ConfigError
from talk_sdk.reports import Moment, Place, Said, Why

__all__ = ["explain_record"]


_AWAY: Mapping[str, str] = {
    "dead": "gone from its system",
    "alias": "merged there into another record",
    "dormant": "rests: no dataflow joins it to the others",
}
"""Why a record takes no part, by the state of its link."""


def explain_record(
    connection: Connection,
    systems: Mapping[str, Bound],
    where: tuple[str, str, str],
    name: str | None = None,
) -> Why:
    """Everything that is known of a record, or of one of its properties.

    Raises:
        ConfigError: there is no such record, or no such property.
    """
    system, entity, ext = where
    link = links.by_ext(connection, system, entity, [ext]).get(ext)
    if link is None:
        raise ConfigError(_unknown(connection, systems, where))
    if link.golden is None:
        return Why(link.name, "", _unlinked(connection, link), ())
    golden = goldens.by_id(connection, [link.golden])[link.golden]
    rows = links.by_golden(connection, [golden.id])[golden.id]
    said = list(_of_record(connection, systems, golden, rows))
    for children in CONCEPTS[golden.concept].children:
        said += _of_lines(connection, systems, golden, rows, children)
    if name is not None:
        wanted = [each for each in said if each.property == name or each.property.startswith(name)]
        if not wanted:
            known = ", ".join(sorted({each.property for each in said})) or "none"
            raise ConfigError(f"{link.name} has no property {name}: known are {known}.")
        said = wanted
    said = named(connection, CONCEPTS[golden.concept], said)
    return Why(link.name, golden.origin, _state(golden, rows), tuple(said))


def _unknown(
    connection: Connection, systems: Mapping[str, Bound], where: tuple[str, str, str]
) -> str:
    system, entity, ext = where
    if system not in systems:
        return f"There is no system {system}: known are {', '.join(systems)}."
    if entity not in systems[system].mappings:
        return f"{system} has no {entity}: known are {', '.join(systems[system].mappings)}."
    for found in letters.listed(connection, [f"{system}.{entity}:{ext}"]):
        return f"{found.name} could not be read: {found.reason}"
    return f"No run has seen {system}.{entity}:{ext}: `talk sync` reads what there is."


def _unlinked(connection: Connection, link: LinkRow) -> str:
    """Why a record has been read and is linked with none."""
    spot = (link.system, link.entity, link.ext)
    for item in (*items.listed_parked(connection), *items.listed_reviews(connection)):
        if (item.system, item.entity, item.id) == spot:
            return f"not linked: {item.reason}"
    words = {"ignored": "left alone", "alias": f"merged there into {link.alias}"}
    return f"not linked: {words.get(link.state, link.state)}"


def _state(golden: GoldenRow, rows: Sequence[LinkRow]) -> str:
    if golden.state == "deleted":
        gone = sorted({row.name for row in rows if row.state == "dead"})
        return f"deleted: {', '.join(gone)}"
    return "linked"


def _of_record(
    connection: Connection,
    systems: Mapping[str, Bound],
    golden: GoldenRow,
    rows: Sequence[LinkRow],
) -> Iterator[Said]:
    history = _history(connection, golden.id)
    drift = items.drift_of(connection, golden.id)
    places = _elsewhere(connection, systems, golden, rows)
    for name in sorted({*golden.data, *history} - {""}):
        found = [_place(row, systems, name, golden, drift) for row in rows]
        yield _said(golden, name, history, [p for p in found if p] + places)
    if "" in history:
        yield Said("", None, "", None, tuple(history[""]), ())


def _of_lines(
    connection: Connection,
    systems: Mapping[str, Bound],
    golden: GoldenRow,
    rows: Sequence[LinkRow],
    children: str,
) -> Iterator[Said]:
    lines = goldens.children_of(connection, [golden.id]).get(golden.id, [])
    kids = links.children_of(connection, [row.id for row in rows])
    every = [kid for found in kids.values() for kid in found]
    alive = sorted((c for c in lines if c.state == "live"), key=lambda c: (c.position, c.id))
    for number, line in enumerate(alive, 1):
        own = sorted((k for k in every if k.golden == line.id), key=place)
        history = _history(connection, line.id)
        for name in sorted({*line.data, *history} - {""}):
            found = [_place(kid, systems, name, line, {}) for kid in own if kid.state == "live"]
            said = _said(line, name, history, [p for p in found if p])
            yield Said(f"{children}[{number}].{name}", said.value, said.source, said.since,
                       said.moments, said.places)  # fmt: skip


def _said(
    golden: GoldenRow, name: str, history: Mapping[str, list[Moment]], places: Sequence[Place]
) -> Said:
    source = golden.source(name)
    who = "" if source is None else str(source[0])
    since = None if source is None else items.moment(source[2])
    value = golden.state == "live" if name == EXISTENCE else golden.data.get(name)
    return Said(name, value, who, since, tuple(history.get(name, ())), tuple(places))


def _history(connection: Connection, golden: str) -> dict[str, list[Moment]]:
    found: dict[str, list[Moment]] = {}
    for at, run, kind, (name, before, after, system, words) in journal.history_of(
        connection, golden
    ):
        found.setdefault(name, []).append(
            Moment(items.moment(at), run, kind, system, before, after, words)
        )
    return found


def _place(
    row: LinkRow,
    systems: Mapping[str, Bound],
    name: str,
    golden: GoldenRow,
    drift: Mapping[tuple[str, str, str], str],
) -> Place | None:
    """What a system says of a property, and why it says no other thing; None if it has none."""
    bound = systems.get(row.system)
    entity, _, children = row.entity.partition(".")
    mapping = None if bound is None else bound.mappings.get(entity)
    if mapping is not None and children:
        mapping = mapping.children[children].mapping
    if mapping is None or name not in mapping.by_property:
        return None
    shown = row.pending.get(name, row.shadow.get(name))
    return Place(row.system, row.entity, row.ext, shown, _why(row, name, golden, drift))


def _why(
    row: LinkRow, name: str, golden: GoldenRow, drift: Mapping[tuple[str, str, str], str]
) -> str:
    if row.state in _AWAY:
        return _AWAY[row.state]
    if name in row.held:
        return row.held[name]
    if name in row.pending:
        return "edited, merged by the next sync"
    reason = drift.get((row.system, row.entity, name))
    if reason is not None:
        return f"drift: {reason}"
    if row.behind.get(name, golden.rev(name)) != golden.rev(name):
        return "written by the next sync"
    return "up to date"


def _elsewhere(
    connection: Connection,
    systems: Mapping[str, Bound],
    golden: GoldenRow,
    rows: Sequence[LinkRow],
) -> list[Place]:
    """The entities that could have the record and do not, with the reason."""
    here = {(row.system, row.entity) for row in rows}
    waits: dict[tuple[str, str], str] = {
        (item.system, item.entity): item.reason
        for item in (*items.listed_parked(connection), *items.listed_dead(connection))
        if item.id == golden.origin
    }
    found = []
    for bound in systems.values():
        for entity, mapping in bound.mappings.items():
            declared, spot = bound.entities[entity], (bound.name, entity)
            if mapping.concept.name != golden.concept or spot in here or declared.derived_from:
                continue
            why = waits.get(spot) or _no_create(bound, entity) or _no_flow(bound, entity, rows)
            found.append(Place(*spot, "", None, why or "not there"))
    return found


def _no_flow(bound: Bound, entity: str, rows: Sequence[LinkRow]) -> str | None:
    sources = [row for row in rows if row.state == "live" and row.system != bound.name]
    return bound.flows.refusal((bound.name, entity), sources, demanded=False)


def _no_create(bound: Bound, entity: str) -> str:
    toggle = bound.toggle(entity)
    if not bound.entities[entity].create:
        return f"the API cannot create a {entity}"
    if not (toggle.write and toggle.create):
        return f"{'create' if toggle.write else 'write'} is off for {bound.name}.{entity}"
    return ""
