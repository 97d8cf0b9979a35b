"""Rates, tariffs, taxes and refusals as dated rows; sessions of experiences; the neighbours' view."""

import sqlalchemy as sa
from alembic import op

from madang.db.ddl import append_only, drop_append_only

revision = "storefront_0003"
down_revision = "storefront_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "storefront_abroad",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("sheet", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("from_us", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("set_at_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "sheet", "key", "from_us", name="pk_storefront_abroad"),
    )
    op.create_table(
        "storefront_session",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("sku", sa.Text, nullable=False),
        sa.Column("listing", sa.Text, nullable=False),
        sa.Column("shop", sa.Text, nullable=False),
        sa.Column("from_us", sa.BigInteger, nullable=False),
        sa.Column("until_us", sa.BigInteger, nullable=False),
        sa.Column("places", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "sku", name="pk_storefront_session"),
    )
    op.create_index("storefront_session_listing", "storefront_session", ["neighbourhood", "listing", "from_us"])
    op.create_table(
        "storefront_neighbours",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("listing", sa.Text, nullable=False),
        sa.Column("bought", sa.BigInteger, nullable=False),
        sa.Column("again", sa.BigInteger, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "listing", name="pk_storefront_neighbours"),
    )
    append_only("storefront_abroad")


def downgrade() -> None:
    drop_append_only("storefront_abroad")
    op.drop_table("storefront_neighbours")
    op.drop_table("storefront_session")
    op.drop_table("storefront_abroad")
