"""Selling on account: a shop's terms, and what its payers may spend while their wallets cannot be asked."""

import sqlalchemy as sa
from alembic import op

revision = "payments_0001"
down_revision = None
branch_labels = ("payments",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "payments_terms",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("shop", sa.Text, nullable=False),
        sa.Column("limit_krw", sa.BigInteger, nullable=False),
        sa.Column("good_for_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "shop", name="pk_payments_terms"),
    )
    op.create_table(
        "payments_credit",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("allowance_krw", sa.BigInteger, nullable=False),
        sa.Column("as_of_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "person", name="pk_payments_credit"),
    )
