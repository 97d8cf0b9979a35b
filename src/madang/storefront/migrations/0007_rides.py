"""Orders that riders of the neighbourhood bring."""

import sqlalchemy as sa
from alembic import op

revision = "storefront_0007"
down_revision = "storefront_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "storefront_ride",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("order", sa.Uuid, nullable=False),
        sa.Column("shop", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("rider", sa.Text),
        sa.Column("how", sa.Text, nullable=False),
        sa.Column("asked_at_us", sa.BigInteger, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("times", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "order", name="pk_storefront_ride"),
    )
    op.create_index("storefront_ride_state", "storefront_ride", ["neighbourhood", "state", "asked_at_us"])
    op.create_index("storefront_ride_rider", "storefront_ride", ["neighbourhood", "rider", "at_us"])


def downgrade() -> None:
    op.drop_table("storefront_ride")
