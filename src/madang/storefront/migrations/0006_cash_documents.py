"""Which number each cash receipt was for, so that the tax office's file can name it whole."""

import sqlalchemy as sa
from alembic import op

revision = "storefront_0006"
down_revision = "storefront_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "storefront_cash_document",
        sa.Column("neighbourhood", sa.Text, nullable=False),
        sa.Column("document", sa.Uuid, nullable=False),
        sa.Column("person", sa.Uuid, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("made_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("neighbourhood", "document", name="pk_storefront_cash_document"),
    )
    op.create_index(
        "storefront_cash_document_person", "storefront_cash_document", ["neighbourhood", "person", "made_us"]
    )


def downgrade() -> None:
    op.drop_table("storefront_cash_document")
