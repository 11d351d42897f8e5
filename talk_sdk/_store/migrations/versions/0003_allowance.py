"""How many of the creates that were approved in an entity are not made yet."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the count to the streams; nothing is outstanding in those that are known."""
    op.add_column("streams", sa.Column("allowance", sa.Integer, nullable=False, server_default="0"))
