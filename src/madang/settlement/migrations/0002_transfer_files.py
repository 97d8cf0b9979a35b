"""Files of transfers that a person takes to the bank, and which payouts are in them."""

import sqlalchemy as sa
from alembic import op

revision = "settlement_0002"
down_revision = "settlement_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "settlement_transfer_file",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("made_us", sa.BigInteger, nullable=False),
        sa.Column("by_key", sa.Text, nullable=False),
        sa.Column("lines", sa.BigInteger, nullable=False),
        sa.Column("total_krw", sa.BigInteger, nullable=False),
        sa.Column("taken_us", sa.BigInteger),
        sa.Column("dropped_us", sa.BigInteger),
        sa.PrimaryKeyConstraint("neighbourhood", "id", name="pk_settlement_transfer_file"),
    )
    op.create_index("settlement_transfer_file_made", "settlement_transfer_file", ["neighbourhood", "made_us"])
    op.create_table(
        "settlement_transfer_line",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("file", sa.Uuid, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("payout", sa.Uuid, nullable=False),
        sa.Column("person", sa.Uuid, nullable=False),
        sa.Column("mark", sa.Text, nullable=False),
        sa.Column("account_since_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "file", "number", name="pk_settlement_transfer_line"),
    )
    op.create_index("settlement_transfer_line_payout", "settlement_transfer_line", ["neighbourhood", "payout"])


def downgrade() -> None:
    op.drop_table("settlement_transfer_line")
    op.drop_table("settlement_transfer_file")
