"""How a job's frames get to their places; jobs of version 0.1 may be fenced as well."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the option to every job."""
    op.add_column("jobs", sa.Column("publish", sa.Text(), server_default="fenced", nullable=False))
