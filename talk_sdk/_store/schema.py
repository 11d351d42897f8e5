"""The tables. JSON is kept as text; times are seconds since 1970 in UTC.

What a record says (`data`, `shadow`, `pending`) is packed as in `words`.
"""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Connection,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    event,
    literal_column,
    text,
)

__all__ = [
    "REVISION",
    "conflicts",
    "dead_letters",
    "drift",
    "golden",
    "golden_dirty",
    "history",
    "intents",
    "keys",
    "lease",
    "links",
    "links_dirty",
    "links_open",
    "metadata",
    "parked",
    "reviews",
    "runs",
    "streams",
    "systems",
]

REVISION = "0008"
"""The newest migration: what this version of talk-sdk reads and writes."""

metadata = MetaData()

# External ids compare byte by byte on every database.
_ID = String().with_variant(String(collation="C"), "postgresql")

systems = Table(
    "systems",
    metadata,
    Column("name", _ID, primary_key=True),
    Column("connector", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("account_name", Text, nullable=False, server_default=""),
    Column("skew", Float, nullable=False, server_default="0"),
)

streams = Table(
    "streams",
    metadata,
    Column("system", _ID, primary_key=True),
    Column("entity", _ID, primary_key=True),
    Column("epoch", Text, nullable=False, server_default=""),
    Column("cursor", Text),
    Column("full_at", Float),  # begin of the last full read that was complete
    Column("completed", Integer, nullable=False, server_default="0"),
    Column("approved", Integer, nullable=False, server_default="0"),
    Column("marker_kept", Integer, nullable=False, server_default="0"),
    Column("onboarded", Float),  # when the entity took part for the first time
    # creates that were approved there and are not made yet
    Column("allowance", Integer, nullable=False, server_default="0"),
)

golden = Table(
    "golden",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("concept", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("parent", _ID),
    Column("position", Integer, nullable=False, server_default="0"),
    Column("data", Text, nullable=False, server_default="{}"),
    Column("revs", Text, nullable=False, server_default="{}"),
    Column("prov", Text, nullable=False, server_default="{}"),
    Column("state", Text, nullable=False, server_default="live"),
    Column("dirty", Integer, nullable=False, server_default="1"),
    Index("golden_parent", "parent", sqlite_where=text("parent IS NOT NULL")),
    Index("golden_dirty", "concept", "id", sqlite_where=text("dirty = 1")),
)  # fmt: skip

links = Table(
    "links",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("system", _ID, nullable=False),
    Column("entity", _ID, nullable=False),
    Column("ext", _ID, nullable=False),
    Column("concept", Text, nullable=False),
    Column("golden", _ID),
    Column("parent", Integer),
    Column("state", Text, nullable=False),
    Column("shadow", Text, nullable=False, server_default="{}"),
    Column("pending", Text),
    Column("behind", Text),
    Column("found", Text),
    Column("held", Text),
    Column("children", Text),
    Column("fingerprint", LargeBinary),
    Column("version", Text),
    Column("mod_lo", Float),
    Column("mod_hi", Float),
    Column("created", Float),
    Column("seen", Float, nullable=False, server_default="0"),
    Column("edit_lo", Float),
    Column("edit_hi", Float),
    Column("dirty", Integer, nullable=False, server_default="0"),
    Column("barred", Text),
    Column("alias", _ID),
    UniqueConstraint("system", "entity", "ext", name="links_external"),
    Index("links_golden", "golden"),
    Index("links_parent", "parent", sqlite_where=text("parent IS NOT NULL")),
    Index("links_dirty", "concept", "golden", sqlite_where=text("dirty = 1")),
    Index("links_open", "concept", "state", sqlite_where=text("state <> 'live'")),
)  # fmt: skip


@event.listens_for(metadata, "before_create")
def _some_rows_everywhere(metadata: MetaData, connection: Connection, **_options: object) -> None:
    """Let PostgreSQL too index some rows only; naming it above would import its dialect."""
    if connection.dialect.name != "postgresql":
        return
    for index in (index for table in metadata.tables.values() for index in table.indexes):
        index.dialect_options["postgresql"]["where"] = index.dialect_options["sqlite"]["where"]


# SQLite uses an index of some rows only where a query says so in the index's own words.
links_dirty = links.c.dirty == literal_column("1")
links_open = links.c.state != literal_column("'live'")
golden_dirty = golden.c.dirty == literal_column("1")

keys = Table(
    "keys",
    metadata,
    Column("link", Integer, primary_key=True),
    Column("rank", Integer, primary_key=True),
    Column("concept", Text, nullable=False),
    Column("value", _ID, nullable=False),
    Index("keys_value", "concept", "rank", "value"),
    sqlite_with_rowid=False,
)

intents = Table(
    "intents",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("run", _ID, nullable=False),
    Column("system", _ID, nullable=False),
    Column("entity", _ID, nullable=False),
    Column("kind", Text, nullable=False),
    Column("golden", _ID, nullable=False),
    Column("link", Integer),
    Column("operation", Text, nullable=False),
    Column("sent", Float, nullable=False),
    Column("state", Text, nullable=False),
    Index("intents_open", "state", sqlite_where=text("state <> 'settled'")),
    Index("intents_golden", "golden"),
)  # fmt: skip

parked = Table(
    "parked",
    metadata,
    Column("system", _ID, primary_key=True),
    Column("entity", _ID, primary_key=True),
    Column("record", _ID, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("since", Float, nullable=False),
    Column("run", _ID, nullable=False),
)

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("system", _ID, primary_key=True),
    Column("entity", _ID, primary_key=True),
    Column("record", _ID, primary_key=True),
    Column("direction", Text, primary_key=True),  # in | out
    Column("reason", Text, nullable=False),
    Column("raw", Text),
    Column("first", Float, nullable=False),
    Column("last", Float, nullable=False),
    Column("times", Integer, nullable=False),
    Column("basis", Text, nullable=False, server_default=""),
    # a person has seen it and does not want to hear of it again, as long as it is the same
    Column("discarded", Integer, nullable=False, server_default="0"),
)

conflicts = Table(
    "conflicts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run", _ID, nullable=False),
    Column("golden", _ID, nullable=False),
    Column("origin", Text, nullable=False),
    Column("property", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("values", Text, nullable=False),
    Column("decision", Text, nullable=False),
    # the link whose edit waits for a person; none where a rule has settled it
    Column("link", Integer),
    Column("state", Text, nullable=False, server_default="settled"),  # open | settled
    Index("conflicts_open", "state", sqlite_where=text("state = 'open'")),
)  # fmt: skip

reviews = Table(
    "reviews",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("system", _ID, nullable=False),
    Column("entity", _ID, nullable=False),
    Column("record", _ID, nullable=False),
    Column("kind", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("data", Text, nullable=False, server_default="{}"),
    Column("since", Float, nullable=False),
    Column("state", Text, nullable=False, server_default="open"),
    Index("reviews_record", "system", "entity", "record"),
)

drift = Table(
    "drift",
    metadata,
    Column("system", _ID, primary_key=True),
    Column("entity", _ID, primary_key=True),
    Column("golden", _ID, primary_key=True),
    Column("property", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("since", Float, nullable=False),
)

history = Table(
    "history",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run", _ID, nullable=False),
    Column("golden", _ID, nullable=False),
    Column("at", Float, nullable=False),
    Column("kind", Text, nullable=False),  # merge | write
    Column("moves", Text, nullable=False),
    Index("history_golden", "golden"),
)

runs = Table(
    "runs",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("started", Float, nullable=False),
    Column("ended", Float),
    Column("outcome", Text),
    Column("summary", Text),
)

lease = Table(
    "lease",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("workspace", Text, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("owner", Text, nullable=False),
    Column("rules", Text, nullable=False, server_default=""),
)
