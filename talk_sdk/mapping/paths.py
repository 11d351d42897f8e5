"""Dotted paths on the wire as functions that read and write them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from talk_sdk.lenses import UNSAID
from talk_sdk.operations import Raw

__all__ = ["Getter", "getter", "setter", "tuple_getter", "tuple_setter"]

Getter = Callable[[Raw], Any]


def getter(path: str) -> Getter:
    """What a record holds at a dotted path; `UNSAID` where it does not say."""
    head, *rest = path.split(".")
    if not rest:
        return lambda raw: raw.get(head, UNSAID)

    def get(raw: Raw) -> Any:
        value = raw.get(head, UNSAID)
        for name in rest:
            if value is None or value is UNSAID:
                return value
            value = value.get(name, UNSAID)
        return value

    return get


def tuple_getter(paths: tuple[str, ...]) -> Getter:
    """What it holds at several paths; `UNSAID` if it says none of them."""
    getters = [getter(path) for path in paths]

    def get(raw: Raw) -> Any:
        values = tuple(one(raw) for one in getters)
        if all(value is UNSAID for value in values):
            return UNSAID
        said = tuple(None if value is UNSAID else value for value in values)
        return None if all(value is None for value in said) else said

    return get


def setter(path: str) -> Callable[[Raw, Any], None]:
    """Write a value at a dotted path of a body."""
    *parents, last = path.split(".")

    def put(body: Raw, value: Any) -> None:
        for name in parents:
            body = body.setdefault(name, {})
        body[last] = value

    return put


def tuple_setter(paths: tuple[str, ...]) -> Callable[[Raw, Any], None]:
    """Write several; what is `UNSAID` is left alone."""
    setters = [setter(path) for path in paths]

    def put(body: Raw, value: Any) -> None:
        values = [value] + [UNSAID] * (len(setters) - 1) if value is None else value
        for one, part in zip(setters, values, strict=True):
            if part is not UNSAID:
                one(body, part)

    return put
