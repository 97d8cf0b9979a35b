"""What left circulation without being spent, by programme and month."""

import sqlalchemy as sa
from alembic import op

revision = "vouchers_0003"
down_revision = "vouchers_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "voucher_gone",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("programme", sa.Text, nullable=False),
        sa.Column("month", sa.Text, nullable=False),
        sa.Column("krw", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "programme", "month", name="pk_voucher_gone"),
    )


def downgrade() -> None:
    op.drop_table("voucher_gone")
