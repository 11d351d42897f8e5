"""What keeps records from a target, what they were merged into, and a state for ignored ones."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add it; a link that was dormant is one that a person has left alone."""
    op.add_column("links", sa.Column("barred", sa.Text))
    ident = sa.String().with_variant(sa.String(collation="C"), "postgresql")
    op.add_column("links", sa.Column("alias", ident))
    links = sa.table("links", sa.column("state", sa.Text))
    op.execute(sa.update(links).where(links.c.state == "dormant").values(state="ignored"))
