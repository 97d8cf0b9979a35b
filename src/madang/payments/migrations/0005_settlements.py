"""What gateways have settled, line by line."""

import sqlalchemy as sa
from alembic import op

from madang.db.ddl import append_only

revision = "payments_0005"
down_revision = "payments_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "payments_settlement",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("gateway", sa.Text, nullable=False),
        sa.Column("gateway_key", sa.Text, nullable=False),
        sa.Column("transaction_key", sa.Text, nullable=False),
        sa.Column("amount_krw", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("fee_krw", sa.BigInteger, nullable=False),
        sa.Column("payout_krw", sa.BigInteger, nullable=False),
        sa.Column("sold", sa.Text, nullable=False),
        sa.Column("paid_out", sa.Text, nullable=False),
        sa.Column("ours", sa.Text, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint(
            "neighbourhood", "gateway", "gateway_key", "transaction_key", "amount_krw", name="pk_payments_settlement"
        ),
    )
    append_only("payments_settlement")
