"""What shops say of themselves and on which terms they sell, as dated rows."""

import sqlalchemy as sa
from alembic import op

revision = "storefront_0002"
down_revision = "storefront_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "storefront_setting",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("shop", sa.Text, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("from_us", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("by_key", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "shop", "what", "from_us", name="pk_storefront_setting"),
    )


def downgrade() -> None:
    op.drop_table("storefront_setting")
