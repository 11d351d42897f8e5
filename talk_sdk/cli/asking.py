"""What `talk init` asks a person who gave no options: systems, names, settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from pydantic import TypeAdapter, ValidationError

from talk_sdk.cli.template import is_secret, typed, variable, wanted
from talk_sdk.errors import ConfigError

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from talk_sdk._plugins import LoadedConnector

__all__ = ["ask"]

T = TypeVar("T")
Chosen = dict[str, "LoadedConnector"]


def ask(
    connectors: Mapping[str, LoadedConnector], check_name: Callable[[str], None]
) -> tuple[Chosen, dict[str, dict[str, object]]]:
    """The systems, and the settings that they need; None where one is to be left out.

    Args:
        connectors: what is installed, by name.
        check_name: raises `ConfigError` for what cannot be a system's name.
    """
    typer.echo("Which systems do you want to keep in sync?")
    names = list(connectors)
    for number, name in enumerate(names, start=1):
        typer.echo(f"  {number}  {connectors[name].connector.label} ({name})")
    picked = _until_right("Numbers or names, with blanks between", lambda t: _picked(t, names))
    chosen: Chosen = {}
    values: dict[str, dict[str, object]] = {}
    for connector in picked:
        loaded = connectors[connector]
        typer.echo(f"\n{loaded.connector.label}")
        name = _until_right(
            "What do you call it?",
            lambda t: _name(t, chosen, check_name),
            _fresh(connector, chosen),
        )
        chosen[name] = loaded
        values[name] = {
            field.alias or key: _setting(name, field.alias or key, field)
            for key, field in loaded.connector.settings.model_fields.items()
            if wanted(field)
        }
    return chosen, values


def _until_right(question: str, read: Callable[[str], T], default: str | None = None) -> T:
    while True:
        try:
            return read(str(typer.prompt(question, default=default)).strip())
        except ConfigError as error:
            typer.echo(error.message)


def _picked(text: str, names: list[str]) -> list[str]:
    found = []
    for word in text.replace(",", " ").split():
        if word.isdecimal() and 1 <= int(word) <= len(names):
            found.append(names[int(word) - 1])
        elif word in names:
            found.append(word)
        else:
            raise ConfigError(f"`{word}` is none of them.")
    if not found:
        raise ConfigError("Choose at least one; two make a sync.")
    return found


def _fresh(connector: str, chosen: Mapping[str, Any]) -> str:
    """The connector's name, or the first of its numbered ones that is free."""
    number, name = 1, connector
    while name in chosen:
        number += 1
        name = f"{connector}{number}"
    return name


def _name(text: str, chosen: Mapping[str, Any], check: Callable[[str], None]) -> str:
    if text in chosen:
        raise ConfigError(f"Another system is called `{text}` already.")
    check(text)
    return text


def _setting(system: str, key: str, field: FieldInfo) -> object:
    """The value of one setting; of a secret only where it is to be taken from."""
    words = (field.description or key).rstrip(".")
    if is_secret(field):
        none = "" if field.is_required() else ", - for none"
        question = f"{words}\n  Environment variable that holds it{none}"
        name = _until_right(
            question, lambda text: text if none and text == "-" else _variable(text),
            variable(system, key),
        )  # fmt: skip
        return None if name == "-" else {"env": name}
    default = None if field.is_required() else ""
    return _until_right(words, lambda text: _valid(text, key, field), default)


def _variable(text: str) -> str:
    if not text.isidentifier():
        raise ConfigError(f"`{text}` cannot be the name of an environment variable.")
    return text


def _valid(text: str, key: str, field: FieldInfo) -> object:
    if not text and not field.is_required():
        return None
    value = typed(text, field)
    kind: Any = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
    try:
        TypeAdapter(kind).validate_python(value)
    except ValidationError:
        raise ConfigError(f"`{text}` does not fit {key}: {field.description}.") from None
    return value
