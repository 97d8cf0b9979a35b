"""What a payment company gave back though nobody here had asked it to, until it is explained."""

import sqlalchemy as sa
from alembic import op

revision = "payments_0008"
down_revision = "payments_0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "payments_unasked",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("order_id", sa.Text, nullable=False),
        sa.Column("payment", sa.Uuid, nullable=False),
        sa.Column("gateway", sa.Text, nullable=False),
        sa.Column("transaction_key", sa.Text, nullable=False),
        sa.Column("amount_krw", sa.BigInteger, nullable=False),
        sa.Column("settled_krw", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("clearing", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("changed_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "id", name="pk_payments_unasked"),
    )
    op.create_index("payments_unasked_order", "payments_unasked", ["neighbourhood", "order_id", "at_us"])
    op.create_index("payments_unasked_state", "payments_unasked", ["neighbourhood", "state", "at_us", "id"])


def downgrade() -> None:
    op.drop_table("payments_unasked")
