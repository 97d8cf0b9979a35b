"""Timers and the outbox."""

import sqlalchemy as sa
from alembic import op

revision = "jobs_0001"
down_revision = None
branch_labels = ("jobs",)
depends_on = None


def upgrade() -> None:
    for name in ("jobs_timers", "jobs_outbox"):
        op.create_table(
            name,
            sa.Column("neighbourhood", sa.Text, nullable=False),
            sa.Column("id", sa.Uuid, nullable=False),
            sa.Column("kind", sa.Text, nullable=False),
            sa.Column("payload", sa.Text, nullable=False),
            sa.Column("due_us", sa.BigInteger, nullable=False),
            sa.Column("next_us", sa.BigInteger),
            sa.Column("lease", sa.Text),
            sa.Column("attempts", sa.BigInteger, nullable=False),
            sa.Column("closed_at_us", sa.BigInteger),
            sa.Column("outcome", sa.Text),
            sa.Column("error", sa.Text),
            sa.PrimaryKeyConstraint("neighbourhood", "id", name=f"pk_{name}"),
        )
        op.create_index(f"{name}_next", name, ["neighbourhood", "next_us"])
        op.create_index(f"{name}_closed", name, ["neighbourhood", "closed_at_us"])


def downgrade() -> None:
    op.drop_table("jobs_outbox")
    op.drop_table("jobs_timers")
