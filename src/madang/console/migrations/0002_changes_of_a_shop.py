"""A change is of a shop's people, or of the neighbourhood's ('')."""

import sqlalchemy as sa
from alembic import op

revision = "console_0002"
down_revision = "console_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("console_changes", sa.Column("shop", sa.Text, nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("console_changes", "shop")
