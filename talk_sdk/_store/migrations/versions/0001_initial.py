"""The first layout of the store."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

ID = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    """Create all tables."""
    _systems()
    _golden()
    _links()
    _keys()
    _journal()
    _waiting()
    _questions()


def _systems() -> None:
    """Accounts, and how far each entity has been read."""
    op.create_table(
        "systems",
        sa.Column("name", ID, primary_key=True),
        sa.Column("connector", sa.Text, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("account_name", sa.Text, nullable=False, server_default=""),
        sa.Column("skew", sa.Float, nullable=False, server_default="0"),
    )
    op.create_table(
        "streams",
        sa.Column("system", ID, primary_key=True),
        sa.Column("entity", ID, primary_key=True),
        sa.Column("epoch", sa.Text, nullable=False, server_default=""),
        sa.Column("cursor", sa.Text),
        sa.Column("full_at", sa.Float),
        sa.Column("completed", sa.Integer, nullable=False, server_default="0"),
        sa.Column("approved", sa.Integer, nullable=False, server_default="0"),
        sa.Column("marker_kept", sa.Integer, nullable=False, server_default="0"),
    )
    op.create_table(
        "runs",
        sa.Column("id", ID, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("started", sa.Float, nullable=False),
        sa.Column("ended", sa.Float),
        sa.Column("outcome", sa.Text),
        sa.Column("summary", sa.Text),
    )
    op.create_table(
        "lease",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("workspace", sa.Text, nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("rules", sa.Text, nullable=False, server_default=""),
    )


def _golden() -> None:
    """The merged records."""
    op.create_table(
        "golden",
        sa.Column("id", ID, primary_key=True),
        sa.Column("concept", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("parent", ID),
        sa.Column("position", sa.Integer, nullable=False, server_default="0"),
        sa.Column("data", sa.Text, nullable=False, server_default="{}"),
        sa.Column("revs", sa.Text, nullable=False, server_default="{}"),
        sa.Column("prov", sa.Text, nullable=False, server_default="{}"),
        sa.Column("state", sa.Text, nullable=False, server_default="live"),
        sa.Column("dirty", sa.Integer, nullable=False, server_default="1"),
    )
    _partial("golden_dirty", "golden", ["concept", "id"], "dirty = 1")
    _partial("golden_parent", "golden", ["parent"], "parent IS NOT NULL")


def _links() -> None:
    """What each system holds."""
    op.create_table(
        "links",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("system", ID, nullable=False),
        sa.Column("entity", ID, nullable=False),
        sa.Column("ext", ID, nullable=False),
        sa.Column("concept", sa.Text, nullable=False),
        sa.Column("golden", ID),
        sa.Column("parent", sa.Integer),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("shadow", sa.Text, nullable=False, server_default="{}"),
        sa.Column("pending", sa.Text),
        sa.Column("behind", sa.Text),
        sa.Column("found", sa.Text),
        sa.Column("held", sa.Text),
        sa.Column("children", sa.Text),
        sa.Column("fingerprint", sa.LargeBinary),
        sa.Column("version", sa.Text),
        sa.Column("mod_lo", sa.Float),
        sa.Column("mod_hi", sa.Float),
        sa.Column("created", sa.Float),
        sa.Column("seen", sa.Float, nullable=False, server_default="0"),
        sa.Column("edit_lo", sa.Float),
        sa.Column("edit_hi", sa.Float),
        sa.Column("dirty", sa.Integer, nullable=False, server_default="0"),
        sa.UniqueConstraint("system", "entity", "ext", name="links_external"),
    )
    _partial("links_dirty", "links", ["concept", "golden"], "dirty = 1")
    op.create_index("links_golden", "links", ["golden"])
    _partial("links_open", "links", ["concept", "state"], "state <> 'live'")
    _partial("links_parent", "links", ["parent"], "parent IS NOT NULL")


def _keys() -> None:
    """By what records are matched."""
    op.create_table(
        "keys",
        sa.Column("link", sa.Integer, primary_key=True),
        sa.Column("rank", sa.Integer, primary_key=True),
        sa.Column("concept", sa.Text, nullable=False),
        sa.Column("value", ID, nullable=False),
    )
    op.create_index("keys_value", "keys", ["concept", "rank", "value"])


def _journal() -> None:
    """What was sent, and what moved."""
    op.create_table(
        "intents",
        sa.Column("id", ID, primary_key=True),
        sa.Column("run", ID, nullable=False),
        sa.Column("system", ID, nullable=False),
        sa.Column("entity", ID, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("golden", ID, nullable=False),
        sa.Column("link", sa.Integer),
        sa.Column("operation", sa.Text, nullable=False),
        sa.Column("sent", sa.Float, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
    )
    op.create_index("intents_golden", "intents", ["golden"])
    _partial("intents_open", "intents", ["state"], "state <> 'settled'")
    op.create_table(
        "history",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("run", ID, nullable=False),
        sa.Column("golden", ID, nullable=False),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("moves", sa.Text, nullable=False),
    )
    op.create_index("history_golden", "history", ["golden"])


def _waiting() -> None:
    """What waits for another record or cannot be processed."""
    op.create_table(
        "parked",
        sa.Column("system", ID, primary_key=True),
        sa.Column("entity", ID, primary_key=True),
        sa.Column("record", ID, primary_key=True),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("since", sa.Float, nullable=False),
        sa.Column("run", ID, nullable=False),
    )
    op.create_table(
        "dead_letters",
        sa.Column("system", ID, primary_key=True),
        sa.Column("entity", ID, primary_key=True),
        sa.Column("record", ID, primary_key=True),
        sa.Column("direction", sa.Text, primary_key=True),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("raw", sa.Text),
        sa.Column("first", sa.Float, nullable=False),
        sa.Column("last", sa.Float, nullable=False),
        sa.Column("times", sa.Integer, nullable=False),
        sa.Column("basis", sa.Text, nullable=False, server_default=""),
    )


def _questions() -> None:
    """What a person is told or asked."""
    op.create_table(
        "conflicts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("run", ID, nullable=False),
        sa.Column("golden", ID, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("property", sa.Text, nullable=False),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("values", sa.Text, nullable=False),
        sa.Column("decision", sa.Text, nullable=False),
    )
    op.create_table(
        "reviews",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("system", ID, nullable=False),
        sa.Column("entity", ID, nullable=False),
        sa.Column("record", ID, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("data", sa.Text, nullable=False, server_default="{}"),
        sa.Column("since", sa.Float, nullable=False),
        sa.Column("state", sa.Text, nullable=False, server_default="open"),
    )
    op.create_index("reviews_record", "reviews", ["system", "entity", "record"])
    op.create_table(
        "drift",
        sa.Column("system", ID, primary_key=True),
        sa.Column("entity", ID, primary_key=True),
        sa.Column("golden", ID, primary_key=True),
        sa.Column("property", sa.Text, primary_key=True),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("since", sa.Float, nullable=False),
    )


def _partial(name: str, table: str, columns: Sequence[str], where: str) -> None:
    """Create an index of some rows only."""
    rows = sa.text(where)
    op.create_index(name, table, columns, sqlite_where=rows, postgresql_where=rows)
