"""What somebody did, found by their key."""

from alembic import op

revision = "journal_0002"
down_revision = "journal_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("journal_facts_actor", "journal_facts", ["neighbourhood", "actor_key", "seq"])


def downgrade() -> None:
    op.drop_index("journal_facts_actor", "journal_facts")
