"""What a neighbourhood's server says prices know people by, at a shop below it."""

import sqlalchemy as sa
from alembic import op

revision = "members_0008"
down_revision = "members_0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "members_tags",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("person", sa.Uuid, nullable=False),
        sa.Column("tag", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "person", "tag", name="pk_members_tags"),
    )


def downgrade() -> None:
    op.drop_table("members_tags")
