"""What a gateway's settlement file and our books disagreed on, line by line, until a person or a later file ends it."""

import sqlalchemy as sa
from alembic import op

revision = "payments_0007"
down_revision = "payments_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "payments_difference",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("gateway", sa.Text, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("order_id", sa.Text, nullable=False),
        sa.Column("payment", sa.Text, nullable=False),
        sa.Column("theirs_krw", sa.BigInteger),
        sa.Column("ours_krw", sa.BigInteger),
        sa.Column("day", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("by_key", sa.Text, nullable=False),
        sa.Column("found_us", sa.BigInteger, nullable=False),
        sa.Column("changed_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "id", name="pk_payments_difference"),
    )
    op.create_index("payments_difference_state", "payments_difference", ["neighbourhood", "state", "found_us"])


def downgrade() -> None:
    op.drop_table("payments_difference")
