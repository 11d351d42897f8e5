"""talk.toml as values: which systems there are, and how they are to be synchronised."""

from __future__ import annotations

from talk_sdk._config.load import check_entities, load, settings
from talk_sdk._config.models import (
    Brakes,
    Config,
    Conflicts,
    Dataflow,
    Policy,
    Store,
    Sync,
    SystemConfig,
    Toggles,
    Vault,
)

__all__ = [
    "Brakes",
    "Config",
    "Conflicts",
    "Dataflow",
    "Policy",
    "Store",
    "Sync",
    "SystemConfig",
    "Toggles",
    "Vault",
    "check_entities",
    "load",
    "settings",
]
