"""The base of every wire model and of every connector's settings."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

__all__ = ["Settings", "WireModel"]


class WireModel(BaseModel):
    """A record as a system's API has it: the API's field names, unknown fields kept.

    Unknown fields are kept so that an update of the whole record never erases what the
    connector does not model. A record that does not validate becomes a dead letter.
    """

    model_config = ConfigDict(extra="allow", frozen=True, arbitrary_types_allowed=True)


class Settings(BaseModel):
    """What a connector needs to know of one account: the keys of its `[systems.NAME]` table.

    Give each field a `description` and, where there is a sensible one, a default: `talk init`
    writes them as comments. Secrets are `pydantic.SecretStr`. Unknown keys are refused.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
