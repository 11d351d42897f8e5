"""Dead letters that a person does not want to hear of again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the mark; nothing that is known has it."""
    op.add_column(
        "dead_letters", sa.Column("discarded", sa.Integer, nullable=False, server_default="0")
    )
