"""Conditions of dataflows: JMESPath over a record as its API has it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import jmespath
from jmespath.exceptions import ArityError, JMESPathError, UnknownFunctionError

from talk_sdk.errors import ConfigError
from talk_sdk.operations import Raw

__all__ = ["Condition"]

_EMPTY: tuple[Any, ...] = ("", [], {})
_WORDS = {"true", "false", "null"}


class Condition:
    """A JMESPath expression over a record as the API has it.

    A record to which the expression cannot be applied, as the length of what is not there, does
    not meet it.
    """

    def __init__(self, text: str) -> None:
        """Compile it.

        Raises:
            ConfigError: it is no JMESPath expression, or one that can only be a slip.
        """
        self.text = text
        try:
            self._compiled = jmespath.compile(text)
        except JMESPathError as error:
            reason = str(error).splitlines()[0].rstrip(":")
            raise ConfigError(f"`{text}` is no JMESPath expression: {reason}.") from None
        self._refuse_slips()
        try:
            self._compiled.search({})
        except (UnknownFunctionError, ArityError) as error:
            raise ConfigError(f"`{text}` is no JMESPath expression: {error}.") from None
        except JMESPathError:
            pass  # An empty record has not what a function asks for.

    def _refuse_slips(self) -> None:
        """A text in double quotes, and `true` without backticks, are names of fields."""
        for name in self.fields:
            if name in _WORDS:
                raise ConfigError(f"`{self.text}` means a field {name}: write it as `{name}`"
                                  " in backticks.")  # fmt: skip
            if f'"{name}"' in self.text and name.isidentifier():
                raise ConfigError(f"`{self.text}` means a field {name}: write a text as '{name}'.")

    @property
    def fields(self) -> set[str]:
        """The names of all fields that it looks at."""
        return set(_fields(self._compiled.parsed))

    def holds(self, raw: Raw) -> bool:
        """Whether a record meets it: all is true but null, false, and what is empty."""
        try:
            found = self._compiled.search(_plain(raw))
        except JMESPathError:
            return False
        return found is not None and found is not False and found not in _EMPTY


def _fields(node: Mapping[str, Any]) -> Iterator[str]:
    if node["type"] == "field":
        yield node["value"]
    for child in node["children"]:
        if isinstance(child, Mapping):
            yield from _fields(child)


def _plain(value: Any) -> Any:
    """As JMESPath knows values: it has one kind of number."""
    match value:
        case Mapping():
            return {name: _plain(each) for name, each in value.items()}
        case list():
            return [_plain(each) for each in value]
        case Decimal():
            return float(value)
    return value
