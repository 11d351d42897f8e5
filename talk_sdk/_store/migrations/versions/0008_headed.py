"""Records as lists of values under the codes of their properties.

A record is packed so when it is written next; one that is not is read as well. The tables stay as
they are: what an older version cannot read, it is not to open.
"""

from __future__ import annotations

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Change nothing but the number."""
