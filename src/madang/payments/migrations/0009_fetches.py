"""Which days of a payment company's settlement were fetched, and what came of it."""

import sqlalchemy as sa
from alembic import op

revision = "payments_0009"
down_revision = "payments_0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "payments_fetch",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("gateway", sa.Text, nullable=False),
        sa.Column("day", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("lines", sa.BigInteger, nullable=False),
        sa.Column("matched", sa.BigInteger, nullable=False),
        sa.Column("differences", sa.BigInteger, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("tries", sa.BigInteger, nullable=False),
        sa.Column("next_us", sa.BigInteger),
        sa.Column("done_us", sa.BigInteger),
        sa.PrimaryKeyConstraint("neighbourhood", "gateway", "day", name="pk_payments_fetch"),
    )
    op.create_index("payments_fetch_state", "payments_fetch", ["neighbourhood", "state"])


def downgrade() -> None:
    op.drop_table("payments_fetch")
