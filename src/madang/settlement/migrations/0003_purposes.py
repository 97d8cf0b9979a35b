"""What fees are called in English."""

import sqlalchemy as sa
from alembic import op

revision = "settlement_0003"
down_revision = "settlement_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "settlement_purpose",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("name_en", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "purpose", name="pk_settlement_purpose"),
    )


def downgrade() -> None:
    op.drop_table("settlement_purpose")
