"""Plate noise: what plates trembled in each hour, and the moves that answers said were none."""

import sqlalchemy as sa
from alembic import op

revision = "walkout_0005"
down_revision = "walkout_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "walkout_plate_noise",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("shop", sa.Text, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("grams", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "shop", "at_us", name="pk_walkout_plate_noise"),
    )
    op.create_table(
        "walkout_contradicted",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("shop", sa.Text, nullable=False),
        sa.Column("deal", sa.Uuid, nullable=False),
        sa.Column("facing", sa.Text, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "shop", "deal", "facing", "at_us", name="pk_walkout_contradicted"),
    )
    op.create_index("walkout_contradicted_at", "walkout_contradicted", ["neighbourhood", "shop", "at_us"])


def downgrade() -> None:
    for table in ("walkout_contradicted", "walkout_plate_noise"):
        op.drop_table(table)
