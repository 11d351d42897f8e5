"""Keep the records of several business systems in sync, in every direction.

`hookimpl` marks a connector's hooks; `Runner` runs a workspace. Both are light to import:
what is heavy is loaded when it is used.
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from talk_sdk._runner import Runner
    from talk_sdk.hookspecs import hookimpl

__all__ = ["Runner", "hookimpl"]


def __getattr__(name: str) -> Any:
    """Load what is asked for, when it is asked for."""
    if name == "hookimpl":
        from talk_sdk.hookspecs import hookimpl

        return hookimpl
    if name == "Runner":
        return _loaded_runner()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _loaded_runner() -> type[Runner]:
    """Import it, without the searches for garbage that take a seventh of the time and find none."""
    searches = gc.isenabled()
    gc.disable()
    try:
        from talk_sdk._runner import Runner
    finally:
        if searches:
            gc.enable()
    return Runner
