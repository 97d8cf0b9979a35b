"""Why a line of a receipt costs what it does: its steps, where they are more than the price."""

import sqlalchemy as sa
from alembic import op

revision = "deals_0002"
down_revision = "deals_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("deals_receipt_line", sa.Column("why", sa.Text))


def downgrade() -> None:
    op.drop_column("deals_receipt_line", "why")
