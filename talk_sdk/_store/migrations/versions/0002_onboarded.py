"""When an entity took part for the first time, so that what is older can be told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the moment to the streams; those that are known begin with the next run."""
    op.add_column("streams", sa.Column("onboarded", sa.Float))
