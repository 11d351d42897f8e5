"""`talk init`: write a talk.toml."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from talk_sdk.cli.wiring import USAGE, wiring
from talk_sdk.errors import ConfigError

if TYPE_CHECKING:
    from talk_sdk._plugins import LoadedConnector, Plugins

__all__ = ["init"]

SYSTEM_HELP = "A system and its connector, for example shop=customwebshop. Repeatable."
SET_HELP = (
    "A setting, for example shop.base_url=https://shop.example/api, "
    "or shop.token=env:SHOP_TOKEN. Repeatable."
)


def init(
    context: typer.Context,
    system: Annotated[
        list[str] | None, typer.Option(metavar="NAME=CONNECTOR", help=SYSTEM_HELP)
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME.KEY=VALUE", help=SET_HELP)
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that exists.")] = False,
) -> None:
    """Write a talk.toml that explains itself.

    Without options it asks for all that is needed; where there is nobody to ask, it lists what
    can be chosen.
    """
    wired = wiring(context)
    plugins = wired.load_plugins()
    asked = not system and bool(plugins.connectors) and wired.is_terminal()
    if not system and not asked:
        _print_choices(plugins)
        raise typer.Exit(USAGE)
    if wired.config.exists() and not force:
        raise ConfigError(f"{wired.config} exists: `--force` replaces it.")
    if asked:
        from talk_sdk.cli.asking import ask

        chosen, values = ask(plugins.connectors, _check_name)
    else:
        chosen, values = _given(plugins, system or [], settings or ())
    _write(wired.config, chosen, values)
    _print_next(wired.config, chosen, values)


def _check_name(name: str) -> None:
    """A system's name must be right before it stands in a line of TOML."""
    from talk_sdk._config import load

    load({"systems": {name: {"connector": "any"}}})


def _given(
    plugins: Plugins, system: Sequence[str], settings: Sequence[str]
) -> tuple[dict[str, LoadedConnector], dict[str, dict[str, object]]]:
    """What the options say."""
    chosen = {
        name: plugins.connector(connector, system=name)
        for name, connector in (_split(text, "--system NAME=CONNECTOR") for text in system)
    }
    if len(chosen) < len(system):
        raise ConfigError("Two systems have one name: give each its own `--system NAME=…`.")
    for name in chosen:
        _check_name(name)
    return chosen, _values(chosen, settings)


def _split(text: str, form: str) -> tuple[str, str]:
    key, found, value = text.partition("=")
    if not (found and key and value):
        raise ConfigError(f"`{text}` should have the form `{form}`.")
    return key.strip(), value.strip()


def _values(
    chosen: Mapping[str, LoadedConnector], settings: Sequence[str]
) -> dict[str, dict[str, object]]:
    """What `--set` says, per system, in the types of the connectors' settings."""
    from talk_sdk._config.sentences import nearest
    from talk_sdk.cli.template import typed

    values: dict[str, dict[str, object]] = {name: {} for name in chosen}
    for text in settings:
        place, value = _split(text, "--set NAME.KEY=VALUE")
        name, _, key = place.partition(".")
        if name not in chosen:
            raise ConfigError(f"`--set {place}`: unknown system, {nearest(name, chosen)}")
        model = chosen[name].connector.settings
        fields = {field.alias or own: field for own, field in model.model_fields.items()}
        if key not in fields:
            raise ConfigError(f"`--set {place}`: unknown setting, {nearest(key, fields)}")
        values[name][key] = typed(value, fields[key])
    return values


def _write(
    path: Path, chosen: Mapping[str, LoadedConnector], values: Mapping[str, Mapping[str, object]]
) -> None:
    import tomllib

    from talk_sdk._config import load
    from talk_sdk.cli.template import template

    text = template(
        {
            name: (loaded.name, loaded.connector.label, loaded.connector.settings, values[name])
            for name, loaded in chosen.items()
        }
    )
    # Checked before it is written: a file that would not load is not left behind.
    load(tomllib.loads(text), environ=_AnyVariable())
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}.") from None


class _AnyVariable(Mapping[str, str]):
    """An environment in which every variable is set, to check a file before they are."""

    def __getitem__(self, key: str) -> str:
        return key

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def _print_choices(plugins: Plugins) -> None:
    if not plugins.connectors:
        typer.echo("No connector is installed: `pip install talk-NAME` installs one.")
        return
    typer.echo("Connectors:")
    for name, loaded in plugins.connectors.items():
        typer.echo(f"  {name}: {loaded.connector.label}")
    names = list(plugins.connectors)
    first, second = names[0], names[-1]
    typer.echo(f"\nFor example: talk init --system one={first} --system two={second}")


def _print_next(
    path: Path, chosen: Mapping[str, LoadedConnector], values: Mapping[str, Mapping[str, object]]
) -> None:
    """Say what is still to be filled in and exported before the first check."""
    from talk_sdk.cli.template import is_secret, variable, wanted

    typer.echo(f"Wrote {path}.")
    for name, loaded in chosen.items():
        for key, field in loaded.connector.settings.model_fields.items():
            shown = field.alias or key
            given = values[name].get(shown)
            if given is None and shown in values[name]:
                continue
            secret = given if isinstance(given, Mapping) else {"env": variable(name, shown)}
            if is_secret(field) and (wanted(field) if given is None else given == secret):
                typer.echo(f"Then type: export {secret['env']}=…")
            elif field.is_required() and given is None:
                typer.echo(f"Then fill in: [systems.{name}] {shown}")
    typer.echo("Then type: talk check")
