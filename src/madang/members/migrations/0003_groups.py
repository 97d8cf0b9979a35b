"""Groups that people belong to."""

import sqlalchemy as sa
from alembic import op

revision = "members_0003"
down_revision = "members_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "members_groups",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("person", sa.Uuid, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("joined_at_us", sa.BigInteger, nullable=False),
        sa.Column("closed_at_us", sa.BigInteger),
        sa.PrimaryKeyConstraint("neighbourhood", "person", "name", "joined_at_us", name="pk_members_groups"),
    )


def downgrade() -> None:
    op.drop_table("members_groups")
