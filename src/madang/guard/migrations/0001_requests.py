"""Answered requests."""

import sqlalchemy as sa
from alembic import op

revision = "guard_0001"
down_revision = None
branch_labels = ("guard",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "guard_requests",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("body_hash", sa.LargeBinary, nullable=False),
        sa.Column("status", sa.BigInteger, nullable=False),
        sa.Column("media_type", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("location", sa.Text),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "actor", "key", name="pk_guard_requests"),
    )
    op.create_index("guard_requests_at", "guard_requests", ["neighbourhood", "at_us"])


def downgrade() -> None:
    op.drop_table("guard_requests")
