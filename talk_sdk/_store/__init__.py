"""What a workspace knows, in one database: SQLite by default, PostgreSQL by URL."""

from talk_sdk._store.rows import GoldenRow, LinkRow, LinkState, Provenance
from talk_sdk._store.store import Store

__all__ = ["GoldenRow", "LinkRow", "LinkState", "Provenance", "Store"]
