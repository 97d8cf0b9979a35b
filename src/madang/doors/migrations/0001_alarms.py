"""The sensors' alarms that are going on."""

import sqlalchemy as sa
from alembic import op

revision = "doors_0001"
down_revision = None
branch_labels = ("doors",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "doors_alarms",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("shop", sa.Text, nullable=False),
        sa.Column("device", sa.Text, nullable=False),
        sa.Column("alarm", sa.Text, nullable=False),
        sa.Column("began_at_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "shop", "device", "alarm", name="pk_doors_alarms"),
    )


def downgrade() -> None:
    op.drop_table("doors_alarms")
