"""Who wrote last: a mark for each neighbourhood."""

import sqlalchemy as sa
from alembic import op

revision = "db_0001"
down_revision = None
branch_labels = ("db",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "db_mark",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("mark", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", name="pk_db_mark"),
    )


def downgrade() -> None:
    op.drop_table("db_mark")
