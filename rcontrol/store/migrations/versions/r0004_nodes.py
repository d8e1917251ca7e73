"""The nodes; those of the configuration file are taken in at the next start."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add a table of nodes, and the names of those that were removed by hand."""
    op.create_table(
        "nodes",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("added", sa.Boolean(), nullable=False),
        sa.Column("duty", sa.Text(), nullable=False),
        sa.Column("duty_reason", sa.Text(), nullable=False),
        sa.Column("duty_since", sa.Double(), nullable=False),
        sa.Column("successor", sa.JSON()),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_nodes")),
    )
    op.add_column("farm", sa.Column("removed_nodes", sa.JSON()))
