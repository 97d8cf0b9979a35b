"""What labels, carriers and customs ask of a SKU; listings that are offered to the world are found by an index."""

import sqlalchemy as sa
from alembic import op

revision = "catalog_0005"
down_revision = "catalog_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "catalog_particulars",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("sku", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("set_at_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "sku", name="pk_catalog_particulars"),
    )
    op.add_column("catalog_listing", sa.Column("abroad", sa.BigInteger, nullable=False, server_default="0"))
    op.create_index("catalog_listing_abroad", "catalog_listing", ["neighbourhood", "abroad"])


def downgrade() -> None:
    op.drop_index("catalog_listing_abroad", "catalog_listing")
    op.drop_column("catalog_listing", "abroad")
    op.drop_table("catalog_particulars")
