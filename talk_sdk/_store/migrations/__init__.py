"""Alembic, run from inside: a store is brought to the newest revision when it is opened."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from talk_sdk._store.locks import alone
from talk_sdk.errors import StoreError

__all__ = ["upgrade"]


def upgrade(connection: Connection, found: str, name: str) -> None:
    """Bring the store behind the connection from revision `found` to the newest.

    Raises:
        StoreError: the revision is unknown: a newer version of talk-sdk wrote the store.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found not in known:
        raise StoreError(
            f"The store {name} was written by a newer talk-sdk (revision {found});"
            " install that version, or name another [store] url."
        )
    config.attributes["connection"] = connection
    with connection.begin():
        alone(connection)
        if connection.scalar(text("SELECT version_num FROM alembic_version")) == found:
            command.upgrade(config, "head")
