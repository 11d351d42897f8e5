"""What the READMEs of the plugins say of settings, capabilities and properties is what is so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from talk_sdk._plugins import LoadedConnector, load
from talk_sdk.connector import Entity
from talk_sdk.lenses import IDENTITY
from talk_sdk.mapping import FILLED, Children, Mapping, Pair

ROOT = Path(__file__).parent.parent
NAMES = sorted(path.parent.name for path in ROOT.glob("plugins/*/pyproject.toml"))


def connector(folder: str) -> LoadedConnector:
    return load(environ={}).connectors[folder.removeprefix("talk-")]


def blank(loaded: LoadedConnector) -> Any:
    """The settings with their defaults; what has none is not needed for tables."""
    return loaded.connector.settings.model_construct()


def settings_table(loaded: LoadedConnector) -> str:
    rows = ["| setting | default | what it is |", "|---|---|---|"]
    for name, field in loaded.connector.settings.model_fields.items():
        default = "needed" if field.is_required() else default_of(field.default)
        rows.append(f"| `{name}` | {default} | {field.description} |")
    return "\n".join(rows) + "\n"


def default_of(value: object) -> str:
    if value is None:
        return "–"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def entities_table(entities: list[Entity]) -> str:
    rows = [
        "| entity | read | create | update | delete | deletions | stale writes | lost creates |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for entity in entities:
        cells = [
            entity.name,
            "with " + entity.derived_from if entity.derived_from
            else read(entity) if entity.incremental else "in full",
            "yes" if entity.create else "no",
            {None: "no", "patch": "changed fields", "put": "whole records"}[entity.update]
            + "".join(f"; {name} as a difference" for name in sorted(entity.adjust)),
            "yes" if entity.delete else "no",
            {"none": "not seen", "listing": "by absence", "feed": "told"}[entity.deletes],
            "refused" if entity.safe_update else "overwritten" if entity.update else "–",
            "found by marker" if entity.marker
            else "repeated safely" if entity.idempotency
            else f"found by {known_by(entity)}, else review" if entity.unique
            else "looked up, else review" if entity.create else "–",
        ]  # fmt: skip
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def known_by(entity: Entity) -> str:
    first = entity.unique[0]
    return first if isinstance(first, str) else " and ".join(first)


def read(entity: Entity) -> str:
    if entity.reread is None:
        return "changes only"
    return f"changes, in full every {entity.reread.total_seconds() / 3600:g} h"


def property_table(mapping: Mapping) -> str:
    rows = [
        f"### {mapping.entity} ↔ {mapping.concept}", "",
        "| property | field | how |", "|---|---|---|",
    ]  # fmt: skip
    return "\n".join([*rows, *property_rows(mapping)]) + "\n"


def property_rows(mapping: Mapping) -> Iterator[str]:
    for item in mapping.rows:
        if isinstance(item, Children):
            for pair in item.pairs:
                yield row(pair, f"{item.property}[].", f"{item.wire}[].")
        else:
            yield row(item)


def row(pair: Pair, property_prefix: str = "", wire_prefix: str = "") -> str:
    wires = ", ".join(f"`{wire_prefix}{wire}`" for wire in pair.wires)
    how = [f"match {pair.match}"] if pair.match else []
    how += [] if pair.lens is IDENTITY else [f"`{pair.lens.name}`"]
    how += ["read only"] if pair.read_only else []
    how += ["when created"] if pair.on_create else []
    how += ["assigned by the system"] if pair.assigned else []
    how += ["needed"] if pair.required and pair.default is not FILLED else []
    how += [f"once {value} for good" for value in pair.final]
    how += [f"`{pair.placeholder}` where nobody knows it"] if pair.placeholder else []
    return f"| `{property_prefix}{pair.property}` | {wires} | {', '.join(how)} |".replace(
        "|  |", "| |"
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_plugins_readme_has_its_settings_and_what_its_api_can(name: str) -> None:
    readme = (ROOT / "plugins" / name / "README.md").read_text(encoding="utf-8")
    loaded = connector(name)

    assert settings_table(loaded) in readme
    assert entities_table(list(loaded.hooks.talk_entities(settings=blank(loaded)))) in readme


@pytest.mark.parametrize("name", NAMES)
def test_a_plugins_readme_has_every_property_of_its_mappings(name: str) -> None:
    readme = (ROOT / "plugins" / name / "README.md").read_text(encoding="utf-8")
    loaded = connector(name)

    for mapping in loaded.hooks.talk_mappings(settings=blank(loaded)):
        assert property_table(mapping) in readme


@pytest.mark.parametrize("name", NAMES)
def test_the_readme_links_to_each_plugin(name: str) -> None:
    assert f"(plugins/{name}/README.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
