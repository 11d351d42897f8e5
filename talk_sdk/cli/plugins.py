"""`talk plugins`: what is installed, what can it do, what is broken?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from talk_sdk.cli.output import JSON_HELP, print_json, print_table
from talk_sdk.cli.wiring import wiring

if TYPE_CHECKING:
    from collections.abc import Sequence

    from talk_sdk._plugins import LoadedConnector, Plugins
    from talk_sdk.connector import Entity

__all__ = ["plugins"]


def plugins(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """List what is installed, what it can do, what is broken."""
    found = wiring(context).load_plugins()
    if as_json:
        print_json(_as_json(found))
    else:
        _print(found)


def _as_json(found: Plugins) -> dict[str, object]:
    return {
        "connectors": [
            {
                "name": loaded.name,
                "label": loaded.connector.label,
                "distribution": loaded.distribution,
                "version": loaded.version,
                "entities": {entity.name: _capabilities(entity) for entity in _entities(loaded)},
            }
            for loaded in found.connectors.values()
        ],
        "plugins": found.observers,
        "broken": found.broken,
        "disabled": sorted(found.disabled),
    }


def _print(found: Plugins) -> None:
    for loaded in found.connectors.values():
        typer.secho(f"{loaded.name}: {loaded.connector.label}", bold=True)
        typer.echo(f"  {loaded.distribution} {loaded.version}")
        entities = _entities(loaded)
        rows = [(f"  {entity.name}", ", ".join(_capabilities(entity))) for entity in entities]
        print_table(("  entity", "can"), rows)
        if not entities:
            typer.echo("  Its entities depend on its settings.\n")
    for other in found.observers:
        typer.echo(f"{other.name}: {other.distribution} {other.version}")
    for broken in found.broken:
        origin = f"{broken.distribution} {broken.version}"
        typer.echo(f"broken: {broken.name} ({origin}): {broken.error}", err=True)
    for name in sorted(found.disabled):
        typer.echo(f"turned off: {name}", err=True)
    if not (found.connectors or found.broken or found.disabled):
        typer.echo("No connector is installed: `pip install talk-NAME` installs one.")


def _entities(loaded: LoadedConnector) -> Sequence[Entity]:
    """The entities of an account with default settings; none where these are not enough."""
    blank = loaded.connector.settings.model_construct()
    try:
        entities: Sequence[Entity] = loaded.hooks.talk_entities(settings=blank)
    except Exception:  # noqa: BLE001 - a connector may need settings to tell its entities
        return ()
    return entities


def _capabilities(entity: Entity) -> list[str]:
    """What an entity's API can do, in words."""
    found = ["read"]
    found += ["read changes only"] if entity.incremental else []
    found += ["create"] if entity.create else []
    found += ["update"] if entity.update else []
    found += ["delete"] if entity.delete else []
    found += [f"adjust {name}" for name in sorted(entity.adjust)]
    found += ["show deletions"] if entity.deletes != "none" else []
    found += ["repeat creates safely"] if entity.idempotency or entity.marker else []
    found += ["refuse stale updates"] if entity.safe_update else []
    return found
