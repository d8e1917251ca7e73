"""Where the picture of a rendered frame is; unknown of frames rendered before."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the path to every attempt."""
    op.add_column("attempts", sa.Column("picture", sa.Text()))
