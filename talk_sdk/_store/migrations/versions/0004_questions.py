"""Conflicts that wait for a person: whose edit it is, and whether it is settled."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add them; every conflict that is known was settled by a rule."""
    op.add_column("conflicts", sa.Column("link", sa.Integer))
    op.add_column(
        "conflicts", sa.Column("state", sa.Text, nullable=False, server_default="settled")
    )
    where = sa.text("state = 'open'")
    op.create_index(
        "conflicts_open", "conflicts", ["state"], sqlite_where=where, postgresql_where=where
    )
