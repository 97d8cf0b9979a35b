"""Who asks to keep a shared issuer alone."""

import sqlalchemy as sa
from alembic import op

revision = "vouchers_0004"
down_revision = "vouchers_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "voucher_keeping",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("issuer", sa.Text, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("asked_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "issuer", name="pk_voucher_keeping"),
    )


def downgrade() -> None:
    op.drop_table("voucher_keeping")
