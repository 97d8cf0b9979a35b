"""Who was seen to be an adult, by whom."""

import sqlalchemy as sa
from alembic import op

revision = "members_0007"
down_revision = "members_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "members_adults",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("person", sa.Uuid, nullable=False),
        sa.Column("seen_at_us", sa.BigInteger, nullable=False),
        sa.Column("shop", sa.Text, nullable=False),
        sa.Column("by_key", sa.Text, nullable=False),
        sa.Column("closed_at_us", sa.BigInteger),
        sa.PrimaryKeyConstraint("neighbourhood", "person", "seen_at_us", name="pk_members_adults"),
    )
    op.create_index("members_adults_seen", "members_adults", ["neighbourhood", "seen_at_us"])


def downgrade() -> None:
    op.drop_table("members_adults")
