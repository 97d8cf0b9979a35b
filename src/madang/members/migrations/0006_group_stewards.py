"""Stewards of groups, and invitations into them."""

import sqlalchemy as sa
from alembic import op

revision = "members_0006"
down_revision = "members_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("members_groups", sa.Column("role", sa.Text, nullable=False, server_default="member"))
    op.create_index("members_groups_name", "members_groups", ["neighbourhood", "name"])
    op.create_table(
        "members_group_invites",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("by_key", sa.Text, nullable=False),
        sa.Column("made_at_us", sa.BigInteger, nullable=False),
        sa.Column("expires_at_us", sa.BigInteger, nullable=False),
        sa.Column("closed_at_us", sa.BigInteger),
        sa.PrimaryKeyConstraint("neighbourhood", "id", name="pk_members_group_invites"),
    )
    op.create_index("members_group_invites_digest", "members_group_invites", ["neighbourhood", "digest"], unique=True)


def downgrade() -> None:
    op.drop_table("members_group_invites")
    op.drop_index("members_groups_name", "members_groups")
    op.drop_column("members_groups", "role")
