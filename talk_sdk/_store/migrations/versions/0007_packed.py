"""Records packed, and match keys without a number of their own.

A record is packed when it is written next; one that is not is read as well.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the keys anew; only SQLite numbers rows."""
    if op.get_context().dialect.name != "sqlite":
        return
    op.rename_table("keys", "numbered")
    op.drop_index("keys_value")
    names = ("link", "rank", "concept", "value")
    keys = op.create_table(
        "keys",
        sa.Column("link", sa.Integer, primary_key=True),
        sa.Column("rank", sa.Integer, primary_key=True),
        sa.Column("concept", sa.Text, nullable=False),
        sa.Column("value", sa.String, nullable=False),
        sqlite_with_rowid=False,
    )
    numbered = sa.table("numbered", *map(sa.column, names))
    op.execute(keys.insert().from_select(names, sa.select(numbered)))
    op.create_index("keys_value", "keys", ["concept", "rank", "value"])
    op.drop_table("numbered")
