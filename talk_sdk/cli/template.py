"""Writes a talk.toml that explains itself, from the connectors' settings models."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from types import NoneType
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel, SecretBytes, SecretStr
from pydantic_core import PydanticUndefined

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

__all__ = ["Values", "is_secret", "template", "typed", "variable", "wanted"]

Values = Mapping[str, object]

HEAD = """\
# The workspace of talk-sdk: which systems are kept in sync, and how.
# `talk check` tests it, `talk plan` shows what a sync would write, `talk sync` writes it.
"""

FOOT = """\
# What may be written to an entity; everything, unless it is said here.
# [systems.{first}.entities.Customer]
# write = true
# create = true
# update = true
# delete = true
# full_sync = true                 # false: create there only what came into being since
# on_delete = "ignore"             # a deletion elsewhere: "ignore", "archive" or "delete" it here

[conflicts]
# Two edits of one property: the newest stands, or that of the system that is named first, or you
# are asked ("ask") and say it with `talk conflicts`.
# default = "newest"
# "customer.email" = {{ prefer = ["{first}"] }}

[brakes]
# A run that would delete or archive more records of a concept, or create more in an entity that
# has some, writes nothing there until that is approved. Both a number and a percentage allow it.
# deletes = 10
# deletes_percent = 5
# creates = 100
# creates_percent = 20
# `talk reconcile` repairs no record of a concept of which more differ.
# repairs = 10
# repairs_percent = 5

# Which records of one entity are created in another; edits travel both ways, whatever the rule:
# "every", one "when" a condition holds, one "referenced" by what goes there, or none ("linked").
# [[dataflow]]
# from = "{first}.Order"
# to = "other.Order"
# rule = "when"
# when = "status == 'shipped'"     # JMESPath, over the record as the API has it
# filter = "test != `true`"        # what does not meet it rests: it is not synchronised

[sync]
# "all": every pair of entities of one kind; "none": only what a [[dataflow]] names.
# default = "all"
# Seconds after which a record is looked at again before it is updated.
# fresh_within = 60
# Requests in flight, per system.
# workers = 4
# Seconds that an answer may stay away.
# timeout = 30

# On top of the connector's own table: a field and its property, or false to drop a pair.
# [mapping."{first}.Customer"]
# field = "property"

[store]
# Links and history; a file name is relative to this file.
# url = "sqlite:///talk.db"
# On a server, with the extra [postgres]; the password also from PGPASSWORD or ~/.pgpass:
# url = "postgresql://talk@db.example/talk"

[vault]
# Tokens that systems renew (`talk login`); a file name is relative to this file.
# path = "talk.vault"
"""


def template(systems: Mapping[str, tuple[str, str, type[BaseModel], Values]]) -> str:
    """The text of a talk.toml.

    Args:
        systems: name → connector, its label, its settings model and the values that are known,
            None for what is left out; other fields are comments, secrets are read from the
            environment.
    """
    parts = [HEAD]
    for name, (connector, label, model, values) in systems.items():
        lines = [f"# {label}", f"[systems.{name}]", f"connector = {_toml(connector)}"]
        for key, field in model.model_fields.items():
            lines += ["", *_described(field), _line(name, field.alias or key, field, values)]
        parts.append("\n".join(lines) + "\n")
    return "\n".join([*parts, FOOT.format(first=next(iter(systems)))])


def variable(system: str, key: str) -> str:
    """The environment variable that a secret is taken from: `SHOP_TOKEN`."""
    return f"{system}_{key}".replace("-", "_").upper()


def typed(text: str, field: FieldInfo) -> object:
    """A value from the command line: text where the field is text, else as TOML reads it.

    `env:NAME` is taken from the environment when talk.toml is read.
    """
    if text.startswith("env:"):
        return {"env": text.removeprefix("env:")}
    if _is_text(field) or is_secret(field):
        return text
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _is_text(field: FieldInfo) -> bool:
    """Whether a setting is a text, or a text that may be missing."""
    return field.annotation is str or {*get_args(field.annotation)} == {str, NoneType}


def is_secret(field: FieldInfo) -> bool:
    """Whether a setting is to be kept out of files, logs and plans."""
    choices = (field.annotation, *get_args(field.annotation))
    return any(choice in {SecretStr, SecretBytes} for choice in choices)


def wanted(field: FieldInfo) -> bool:
    """Whether a setting is asked for: it is needed, or its connector says that it mostly is."""
    extra = field.json_schema_extra
    return field.is_required() or (isinstance(extra, dict) and bool(extra.get("ask")))


def _described(field: FieldInfo) -> list[str]:
    text = " ".join((field.description or "").split())
    need = "Needed." if field.is_required() else ""
    return [f"# {line}" for line in (text, need) if line]


def _line(system: str, key: str, field: FieldInfo, values: Values) -> str:
    if values.get(key) is not None:
        return f"{_key(key)} = {_toml(values[key])}"
    if is_secret(field):
        line = f"{_key(key)} = {_toml({'env': variable(system, key)})}"
        return line if wanted(field) and key not in values else f"# {line}"
    default = field.get_default(call_default_factory=True, validated_data={})
    if default is None or default is PydanticUndefined:
        return f"# {_key(key)} ="
    return f"# {_key(key)} = {_toml(_plain(default))}"


def _plain(value: Any) -> Any:
    """A default as JSON has it: nested models as tables."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_none=True)
    return value


def _key(key: str) -> str:
    return key if key.replace("-", "_").isidentifier() and key.isascii() else _toml(key)


def _toml(value: object) -> str:
    """A value as TOML writes it, on one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_key(str(k))} = {_toml(v)}" for k, v in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list | tuple | set | frozenset):
        return f"[{', '.join(_toml(item) for item in value)}]"
    # A basic string of TOML is a string of JSON, but for one character.
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
