"""For which visits and orders, and by whom always, a cash receipt was asked, and what was told."""

import sqlalchemy as sa
from alembic import op

revision = "storefront_0005"
down_revision = "storefront_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "storefront_cash_wish",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("about", sa.Uuid, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("masked", sa.Text, nullable=False),
        sa.Column("business", sa.BigInteger, nullable=False),
        sa.Column("asked_us", sa.BigInteger, nullable=False),
        sa.Column("told", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "about", name="pk_storefront_cash_wish"),
    )


def downgrade() -> None:
    op.drop_table("storefront_cash_wish")
