"""Kept files."""

import sqlalchemy as sa
from alembic import op

revision = "files_0001"
down_revision = None
branch_labels = ("files",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "files_kept",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("media_type", sa.Text, nullable=False),
        sa.Column("retention", sa.Text, nullable=False),
        sa.Column("kept_at_us", sa.BigInteger, nullable=False),
        sa.Column("destroy_after_us", sa.BigInteger, nullable=False),
        sa.Column("closed_at_us", sa.BigInteger),
        sa.Column("destroyed_at_us", sa.BigInteger),
        sa.PrimaryKeyConstraint("neighbourhood", "id", name="pk_files_kept"),
    )
    op.create_index("files_kept_sha256", "files_kept", ["neighbourhood", "sha256"])
    op.create_index("files_kept_destroy", "files_kept", ["neighbourhood", "destroy_after_us"])


def downgrade() -> None:
    op.drop_table("files_kept")
