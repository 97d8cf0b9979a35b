"""Changes: many edits at once, staged, made, taken back."""

import sqlalchemy as sa
from alembic import op

revision = "console_0001"
down_revision = None
branch_labels = ("console",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "console_changes",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("by_key", sa.Text, nullable=False),
        sa.Column("edits", sa.LargeBinary, nullable=False),
        sa.Column("staged_at_us", sa.BigInteger, nullable=False),
        sa.Column("expires_at_us", sa.BigInteger, nullable=False),
        sa.Column("applied_at_us", sa.BigInteger),
        sa.Column("undone_at_us", sa.BigInteger),
        sa.PrimaryKeyConstraint("neighbourhood", "id", name="pk_console_changes"),
    )
