"""Requests of merchants to be paid in mutual credit."""

import sqlalchemy as sa
from alembic import op

revision = "vouchers_0002"
down_revision = "vouchers_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "voucher_credit_request",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("programme", sa.Text, nullable=False),
        sa.Column("payee", sa.Text, nullable=False),
        sa.Column("payer", sa.Text, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("made_us", sa.BigInteger, nullable=False),
        sa.Column("ended_us", sa.BigInteger),
        sa.PrimaryKeyConstraint("neighbourhood", "id", name="pk_voucher_credit_request"),
    )
    for side in ("payer", "payee"):
        op.create_index(
            f"voucher_credit_request_{side}", "voucher_credit_request", ["neighbourhood", "programme", side, "made_us"]
        )


def downgrade() -> None:
    op.drop_table("voucher_credit_request")
