"""What an operator sets for a shop after it has opened: dated rows."""

import sqlalchemy as sa
from alembic import op

revision = "walkout_0006"
down_revision = "walkout_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "walkout_rules",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("shop", sa.Text, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("from_us", sa.BigInteger, nullable=False),
        sa.Column("by_kind", sa.Text, nullable=False),
        sa.Column("by_key", sa.Text, nullable=False),
        sa.Column("rules", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "shop", "number", name="pk_walkout_rules"),
    )


def downgrade() -> None:
    op.drop_table("walkout_rules")
