"""Whose a product is: goods that one shop added are that shop's, the others the neighbourhood's."""

import sqlalchemy as sa
from alembic import op

revision = "catalog_0009"
down_revision = "catalog_0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "catalog_owner",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("product", sa.Text, nullable=False),
        sa.Column("shop", sa.Text, nullable=False),
        sa.Column("since_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "product", name="pk_catalog_owner"),
    )
    op.create_index("catalog_owner_shop", "catalog_owner", ["neighbourhood", "shop"])


def downgrade() -> None:
    op.drop_table("catalog_owner")
