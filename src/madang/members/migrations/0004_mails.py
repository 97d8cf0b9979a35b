"""Mails people are told by: what was to be sent to whom, and what became of it."""

import sqlalchemy as sa
from alembic import op

revision = "members_0004"
down_revision = "members_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "members_mails",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("person", sa.Uuid, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("about", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("made_us", sa.BigInteger, nullable=False),
        sa.Column("ended_us", sa.BigInteger),
        sa.PrimaryKeyConstraint("neighbourhood", "id", name="pk_members_mails"),
    )
    op.create_index("members_mails_made", "members_mails", ["neighbourhood", "made_us"])
    op.create_index("members_mails_person", "members_mails", ["neighbourhood", "person"])
