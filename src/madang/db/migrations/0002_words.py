"""What stands for the rows that change seldom: a word for each neighbourhood."""

import sqlalchemy as sa
from alembic import op

revision = "db_0002"
down_revision = "db_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "db_word",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("word", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", name="pk_db_word"),
    )


def downgrade() -> None:
    op.drop_table("db_word")
