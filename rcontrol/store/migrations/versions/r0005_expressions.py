"""Which of the frames from its first to its last a job has; of older jobs, all."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the expression to every job."""
    op.add_column("jobs", sa.Column("expression", sa.Text()))
