"""For whom goods are sold: a maker's, another merchant's."""

import sqlalchemy as sa
from alembic import op

revision = "catalog_0010"
down_revision = "catalog_0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "catalog_seller",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("sku", sa.Text, nullable=False),
        sa.Column("seller", sa.Text, nullable=False),
        sa.Column("set_at_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "sku", name="pk_catalog_seller"),
    )
    op.create_index("catalog_seller_of", "catalog_seller", ["neighbourhood", "seller"])


def downgrade() -> None:
    op.drop_table("catalog_seller")
