"""Facts and readers' cursors."""

import sqlalchemy as sa
from alembic import op

from madang.db.ddl import append_only, drop_append_only

revision = "journal_0001"
down_revision = None
branch_labels = ("journal",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "journal_facts",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("actor_kind", sa.Text, nullable=False),
        sa.Column("actor_key", sa.Text, nullable=False),
        sa.Column("mandate", sa.Text),
        sa.Column("shop", sa.Text),
        sa.Column("place", sa.Text),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("cause", sa.Text),
        sa.Column("took_us", sa.BigInteger),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "seq", name="pk_journal_facts"),
        sa.UniqueConstraint("neighbourhood", "id", name="journal_facts_id"),
    )
    op.create_index("journal_facts_kind", "journal_facts", ["neighbourhood", "kind", "seq"])
    op.create_index("journal_facts_subject", "journal_facts", ["neighbourhood", "subject", "seq"])
    append_only("journal_facts")
    op.create_table(
        "journal_cursors",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("reader", sa.Text, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "reader", name="pk_journal_cursors"),
    )


def downgrade() -> None:
    op.drop_table("journal_cursors")
    drop_append_only("journal_facts")
    op.drop_table("journal_facts")
